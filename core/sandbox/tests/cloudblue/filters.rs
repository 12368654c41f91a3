//! Every construct of the query language over the wire, and every filter that the contract names.

use crate::connect::*;
use serde_json::{Value, json};

/// Asserts that two queries select the same, which is something but not everything.
#[track_caller]
fn same(connect: &Connect, one: &str, other: &str) {
    let (one_ids, all) = (connect.ids(one), connect.ids("ne(status,x)").len());
    assert_eq!(one_ids, connect.ids(other), "{one} / {other}");
    assert!(!one_ids.is_empty() && one_ids.len() < all, "{one} selects {} of {all}", one_ids.len());
}

#[test]
fn each_way_to_say_a_thing_says_the_same() {
    let connect = start();
    let plain = "eq(status,approved)&eq(type,change)";
    for query in [
        "status=approved&type=change",
        "status=eq=approved&type=eq=change",
        "status=approved,type=change",
        "and(status=approved,type=change)",
        "(status=approved&type=change)",
        "(status=approved,type=change)",
        "((status=approved)&(type=change))",
        "status=\"approved\"&type='change'",
        "in(status,(approved))&in(type,(change,nonsense))",
        "status=approved&not(type=ne=change)",
        "status=approved&not((ne(type,change)))",
        "like(status,appro*)&ilike(type,*HANG*)",
    ] {
        same(&connect, plain, query);
    }
    let either = "or(eq(status,failed),eq(status,revoked))";
    for query in ["(status=failed|status=revoked)", "(status=failed;status=revoked)", "in(status,(revoked,failed))"] {
        same(&connect, either, query);
    }
    assert_eq!(connect.ids("status=failed,status=revoked"), [] as [&str; 0], "a comma is an and");
    // `&` binds closer than `|`.
    same(&connect, "(status=failed|status=approved&type=change)", "or(status=failed,and(status=approved,type=change))");
    same(&connect, "out(status,(pending,approved,draft))", "ne(status,pending)&ne(status,approved)&ne(status,draft)");
}

#[test]
fn values_are_decoded_once_and_quotes_protect() {
    let connect = start();
    let name = "Alp & Sons, (Ltd) |; 50% + more";
    let mut body = purchase("quoted-1");
    body["asset"]["params"][0]["value"] = name.into();
    body["asset"]["external_id"] = "quoted it's=1".into();
    let made = id(&connect.post("/requests", &body).expect(201));
    assert_eq!(connect.ids(&format!("asset.params.value=\"{name}\"")), [made.as_str()]);
    assert_eq!(connect.ids("asset.external_id=\"quoted it's=1\""), [made.as_str()]);
    let raw = |query: &str| connect.get(&format!("/requests?{query}"));
    // Encoding does not protect: `%26` outside quotes separates, `%2526` is decoded once only.
    assert_eq!(raw("eq(asset.external_id,x%26y)").status, 400);
    assert_eq!(raw("asset.external_id=a%26type=cancel").expect(200), json!([]));
    assert_eq!(raw("asset.external_id=%22x%2526y%22").expect(200), json!([]));
    // `+` is no space.
    assert_eq!(raw("asset.external_id=%22quoted+it's=1%22").expect(200), json!([]));
    assert_eq!(raw("asset.external_id=%22quoted%20it's=1%22").expect(200)[0]["id"], made.as_str());
}

#[test]
fn instants_compare_as_instants() {
    let connect = start();
    let (rows, _) = connect.list("/requests", "");
    let middle = rows[rows.len() / 2]["created"].as_str().unwrap();
    let spelled =
        [middle.to_owned(), middle.replace("+00:00", "Z"), middle.replace("+00:00", ""), format!("\"{middle}\"")];
    let [before, until, from, after, at, not_at] =
        ["lt", "le", "ge", "gt", "eq", "ne"].map(|word| connect.ids(&format!("{word}(created,{middle})")).len());
    assert_eq!((before + from, until + after, not_at + at), (rows.len(), rows.len(), rows.len()));
    assert_eq!((until - before, from - after), (at, at));
    assert!(before > 0 && after > 0 && at > 0);
    for text in &spelled {
        assert_eq!(connect.ids(&format!("created=ge={text}")).len(), from, "{text}");
        assert_eq!(connect.ids(&format!("in(created,({text},2000-01-01))")).len(), at, "{text}");
        assert_eq!(connect.ids(&format!("out(created,({text}))")).len(), not_at, "{text}");
    }
    // The same clock time two hours further east was two hours ago.
    let east = connect.ids(&format!("ge(created,{})", middle.replace("+00:00", "+02:00"))).len();
    assert!(east > from, "{east} {from}");
    assert_eq!(connect.ids("gt(created,2030-01-01)"), [] as [&str; 0]);
    assert_eq!(connect.ids("gt(created,2030-01-01)&lt(created,2020-01-01)"), [] as [&str; 0]);
    assert_eq!(connect.ids("gt(updated,2020-01-01T00:00:00+00:00)").len(), rows.len());
    for bad in ["yesterday", "2020-13-01", "12", "empty()", "null()"] {
        connect.refusal("/requests", &format!("created={bad}"));
    }
}

#[test]
fn what_is_no_query_or_no_filter_is_refused() {
    let connect = start();
    for query in [
        "(",
        "a",
        "a=",
        "=a",
        "status=pending&",
        "&status=pending",
        "status=pending&&type=change",
        "a|b",
        "status=a|status=b",
        "(status=a|status=b;status=c)",
        "and(status=a)",
        "or(status=a)",
        "in(status,())",
        "in(status,a)",
        "eq(status)",
        "eq(status,a,b)",
        "eq(status, a)",
        "status=a(b)",
        "not(and(status=a,type=b))",
        "not(or(status=a,type=b))",
        "not(status=a&type=b)",
        "range(created,1,2)",
        "gte(created,1)",
        "status=\"a",
        "status='a\"",
        "status=a/b",
        "eq(status,a))",
        "status=t",
        "t=1",
    ] {
        let error = connect.refusal("/requests", query);
        assert!(error.starts_with("Bad filter query"), "{query}: {error}");
    }
    for (query, about) in [
        ("nothing=1", "`nothing` is unknown"),
        ("status=pending&asset.nothing=1", "`asset.nothing` is unknown"),
        ("asset.params=t(id=email,value=x)", "`asset.params` is unknown"),
        ("id=t(status=a)", "Bad filter value"),
        ("gt(status,a)", "no lookup `gt`"),
        ("like(asset.params.value,*a*)", "no lookup `like`"),
        ("ne(asset.status,active)", "no lookup `ne`"),
        ("in(asset.status,(active))", "no lookup `in`"),
        ("like(asset.connection.provider.id,a)", "no lookup `like`"),
        ("out(assignee,(a))", "no lookup `out`"),
        ("like(created,2020*)", "no lookup `like`"),
        ("type=null()", "no lookup `null`"),
        ("gt(sli.days,x)", "Bad filter value"),
        ("like(id,a**b)", "two stars"),
        ("search=ne=a", "Bad search filter"),
    ] {
        let error = connect.refusal("/requests", query);
        assert!(error.contains(about), "{query}: {error}");
    }
    for query in ["ge(created,2020-01-01)", "eq(updated,2020-01-01)", "external_id__x=1"] {
        connect.refusal("/assets", query);
    }
    let asset = id(&connect.list("/assets", "limit=1").0[0]);
    assert_eq!(connect.get(&format!("/assets/{asset}/requests?status=pending")).status, 400);
}

/// A filter for each path, with a value that a certain request has.
fn filters(row: &Value) -> Vec<(&'static str, String)> {
    let at =
        |path: &str| row.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("{path} of {row}")).to_owned();
    let asset = |path: &str| at(&format!("/asset/{path}"));
    let mut filters = vec![
        ("id", at("/id")),
        ("type", at("/type")),
        ("assignee", at("/assignee/id")),
        ("assignee.email", at("/assignee/email")),
        ("assignee__email", at("/assignee/email")),
        ("template.id", at("/template/id")),
        ("sli.days", row["sli"]["days"].to_string()),
        ("sli.zone", row["sli"]["zone"].to_string()),
        ("asset.status", asset("status")),
        ("asset.external_uid", asset("external_uid")),
        ("asset.account_id", asset("tiers/customer/id")),
        ("asset.tiers.customer.name", asset("tiers/customer/name")),
        ("asset.params.id", "email".to_owned()),
        ("asset.params.value", param(row, "email")["value"].as_str().unwrap().to_owned()),
        ("contract__id__exact", asset("contract/id")),
    ];
    for (path, names) in [
        ("id", &["asset_id", "asset.id", "asset__id"][..]),
        ("product/id", &["product_id", "asset.product.id", "asset__product__id"]),
        ("product/name", &["asset.product.name", "asset__product__name"]),
        ("external_id", &["asset.external_id", "asset.external.id"]),
        ("connection/id", &["asset.connection.id"]),
        (
            "connection/type",
            &[
                "asset.connection.type",
                "asset__connection__type",
                "asset.connection.environment",
                "asset__connection__environment",
            ],
        ),
        ("connection/hub/id", &["asset.connection.hub.id", "asset__connection__hub__id"]),
        ("connection/hub/name", &["asset.connection.hub.name", "asset__connection__hub__name"]),
        ("connection/provider/id", &["asset.connection.provider.id", "asset__connection__provider__id"]),
        ("connection/provider/name", &["asset.connection.provider.name", "asset__connection__provider__name"]),
        ("connection/vendor/id", &["asset.connection.vendor.id", "asset__connection__vendor__id"]),
        ("connection/vendor/name", &["asset.connection.vendor.name", "asset__connection__vendor__name"]),
        ("contract/id", &["asset.contract.id", "contract.id", "contract__id"]),
        ("marketplace/id", &["asset.marketplace.id", "marketplace.id"]),
        ("marketplace/name", &["asset.marketplace.name", "marketplace.name", "marketplace__name"]),
        ("tiers/customer/id", &["asset.tiers.customer.id", "asset__tiers__customer__id"]),
        ("tiers/tier1/id", &["asset.tiers.tier1.id", "asset__tiers__tier1__id", "asset.tier1_id"]),
        ("tiers/tier2/id", &["asset.tiers.tier2.id", "asset__tiers__tier2__id", "asset.tier2_id", "asset.tiers.tier2"]),
    ] {
        filters.extend(names.iter().map(|name| (*name, asset(path))));
    }
    filters
}

#[test]
fn every_filter_of_requests_finds_by_what_the_request_shows() {
    let connect = start();
    let mut body = purchase("every-filter");
    body["asset"]["tiers"]["tier2"] = json!({"name": "Second", "id": "TA-0-2"});
    let made = id(&connect.post("/requests", &body).expect(201));
    connect.act(&made, "assign", &json!({"email": "vera@example.com"})).expect(200);
    connect.act(&made, "approve", &json!({"template_id": "TL-1"})).expect(200);
    let row = connect.request(&made);
    for (name, value) in filters(&row) {
        let found = connect.ids(&format!("ne(status,x)&{name}=\"{value}\""));
        assert!(found.contains(&made), "{name}={value}");
        let missed = if name.starts_with("sli") { "99" } else { "\"of nobody\"" };
        assert_eq!(connect.ids(&format!("ne(status,x)&{name}={missed}")), [] as [&str; 0], "{name}");
    }
}

#[test]
fn nothing_is_null_and_empty_is_empty() {
    let connect = start();
    let all = connect.list("/requests", "ne(status,x)").0;
    let count = |test: &dyn Fn(&Value) -> bool| all.iter().filter(|row| test(row)).count();
    let ids = |query: &str| connect.ids(&format!("ne(status,x)&{query}")).len();
    let none = count(&|row| row["template"].is_null());
    assert_eq!((ids("template.id=null()"), ids("ne(template.id,null())")), (none, all.len() - none));
    assert_eq!(ids("in(template.id,(null(),TL-1))"), none + count(&|row| row["template"]["id"] == "TL-1"));
    assert_eq!(ids("assignee=null()"), count(&|row| row["assignee"].is_null() || row["assignee"] == ""));
    // Quoted it is a text like any other.
    assert_eq!(ids("template.id=\"null()\""), 0);
    // A word that means null.
    assert_eq!(ids("asset.connection.hub.id=HB-0000-0000"), 0);
    let no_tier2 = count(&|row| {
        let tiers = &row["asset"]["tiers"];
        tiers.pointer("/tier2/id").is_none() && tiers.pointer("/customer/tier2/id").is_none()
    });
    assert_eq!(ids("asset.tiers.tier2.id=null()"), no_tier2);
    let empty = count(&|row| row["asset"]["params"].as_array().unwrap().iter().any(|param| param["value"] == ""));
    assert_eq!(ids("asset.params.value=empty()"), empty);
    assert!(none > 0 && no_tier2 > 0 && empty > 0);
}

#[test]
fn an_integer_external_id_is_found_by_its_digits() {
    let connect = start();
    let (rows, _) = connect.list("/requests", "");
    let number = rows.iter().find(|row| row["asset"]["external_id"].is_number()).unwrap();
    let found = connect.ids(&format!("asset.external_id={}", number["asset"]["external_id"]));
    assert!(found.contains(&id(number)));
}

#[test]
fn assets_are_filtered_ordered_and_searched() {
    let connect = start();
    let (all, range) = connect.list("/assets", "");
    assert_eq!(range, format!("items 0-{}/{}", all.len() - 1, all.len()));
    let sample = all
        .iter()
        .find(|asset| asset["external_id"].is_string() && asset.pointer("/tiers/tier1/id").is_some())
        .unwrap();
    let at = |path: &str| sample.pointer(path).and_then(Value::as_str).unwrap().to_owned();
    for (name, path) in [
        ("id", "/id"),
        ("status", "/status"),
        ("external_id", "/external_id"),
        ("external_uid", "/external_uid"),
        ("product.id", "/product/id"),
        ("product.name", "/product/name"),
        ("product.title", "/product/name"),
        ("connection.id", "/connection/id"),
        ("connection.type", "/connection/type"),
        ("connection.provider.id", "/connection/provider/id"),
        ("connection.provider.name", "/connection/provider/name"),
        ("connection.vendor.id", "/connection/vendor/id"),
        ("connection.vendor.name", "/connection/vendor/name"),
        ("connection.hub.id", "/connection/hub/id"),
        ("connection.hub.name", "/connection/hub/name"),
        ("hub.id", "/connection/hub/id"),
        ("hub.name", "/connection/hub/name"),
        ("contract.id", "/contract/id"),
        ("marketplace.id", "/marketplace/id"),
        ("marketplace.name", "/marketplace/name"),
        ("params.id", "/params/0/id"),
        ("tiers.customer.id", "/tiers/customer/id"),
        ("tiers.customer.name", "/tiers/customer/name"),
        ("tiers.customer.external_uid", "/tiers/customer/external_uid"),
        ("tiers.tier1.id", "/tiers/tier1/id"),
    ] {
        for query in [format!("{name}=\"{}\"", at(path)), format!("like({name},\"*{}\")", at(path))] {
            assert!(ids(&connect.list("/assets", &query).0).contains(&id(sample)), "{query}");
        }
    }
    // Of parameters it is enough that one matches, and `ne` means that none does.
    let email = param(sample, "email")["value"].as_str().unwrap();
    assert_eq!(ids(&connect.list("/assets", &format!("params.value={email}")).0), [id(sample)]);
    assert_eq!(connect.list("/assets", &format!("ne(params.value,{email})")).0.len(), all.len() - 1);
    let found = connect.list("/assets", &format!("search={}", &at("/id")[3..])).0;
    assert_eq!(ids(&found), [id(sample)]);
    assert_eq!(
        connect.list("/assets", "search=\"coco mail\"").0.len(),
        connect.list("/assets", "product.id=PRD-2").0.len()
    );
    let down = connect.list("/assets", "ordering(-created)").0;
    assert_eq!(down[0]["events"]["created"]["at"], all[all.len() - 1]["events"]["created"]["at"]);
    let created = at("/events/created/at");
    let (before, after) = (
        connect.list("/assets", &format!("lt(created,{created})")).0,
        connect.list("/assets", &format!("gt(created,{created})")).0,
    );
    assert!(before.len() + after.len() < all.len() && !before.is_empty() && !after.is_empty());
    assert_eq!(
        connect.list("/requests", "search=whatever").0.len(),
        connect.list("/requests", "").0.len(),
        "nothing to search in"
    );
}
