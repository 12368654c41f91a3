//! Pages and `Content-Range` to the letter (contract, 1.3), the default filter, the order, and `select`.

use crate::connect::*;
use serde_json::{Value, json};

fn queue(requests: u64) -> Connect {
    let connect = start();
    let order = json!({
        "requests": requests, "status": "pending", "type": "purchase", "product_id": "PRD-1", "clear": true,
        "created_spread_ms": 600_000,
    });
    assert_eq!(connect.generate(order).unwrap(), json!({"requests": requests, "assets": requests}));
    connect
}

#[test]
fn the_range_tells_first_last_and_total() {
    let connect = queue(25);
    for (query, rows, range) in [
        ("", 25, "items 0-24/25"),
        ("limit=10", 10, "items 0-9/25"),
        ("limit=10&offset=20", 5, "items 20-24/25"),
        ("limit=1&offset=24", 1, "items 24-24/25"),
        // Past the end the header speaks of a row that is not there.
        ("limit=10&offset=25", 0, "items 25-25/25"),
        ("limit=10&offset=99", 0, "items 99-99/25"),
        ("limit=0", 0, "items 0-0/25"),
        ("limit=0&offset=7", 0, "items 0-0/25"),
        ("status=approved", 0, "items 0-0/0"),
        ("status=approved&limit=0", 0, "items 0-0/0"),
        ("status=approved&offset=3", 0, "items 3-3/0"),
        // What is no number is as if it was not there.
        ("limit=x&offset=y", 25, "items 0-24/25"),
        ("limit=-1&offset=-1", 25, "items 0-24/25"),
        ("limit=\"10\"", 25, "items 0-24/25"),
        ("eq(limit,3)", 3, "items 0-2/25"),
        ("limit=eq=3,eq(status,pending)", 3, "items 0-2/25"),
    ] {
        let (got, header) = connect.list("/requests", query);
        assert_eq!((got.len(), header.as_str()), (rows, range), "{query}");
    }
    for query in ["limit=1&limit=2", "offset=1&offset=1", "gt(limit,1)", "limit=ne=5"] {
        assert!(connect.refusal("/requests", query).contains("Limit and offset"), "{query}");
    }
}

#[test]
fn a_page_is_never_longer_than_the_cap_and_nobody_says_so() {
    let connect = queue(1100);
    for query in ["", "limit=1000", "limit=5000", "limit=100000"] {
        let (rows, range) = connect.list("/requests", query);
        assert_eq!((rows.len(), range.as_str()), (1000, "items 0-999/1100"), "{query}");
    }
    assert_eq!(connect.list("/requests", "offset=1000").1, "items 1000-1099/1100");
    assert_eq!(connect.cloudblue(json!({"page_cap": 50})).unwrap()["page_cap"], 50);
    for query in ["", "limit=100"] {
        assert_eq!(connect.list("/requests", query).1, "items 0-49/1100", "{query}");
    }
    assert_eq!(connect.list("/requests", "limit=20").1, "items 0-19/1100");
    assert_eq!(connect.list("/assets", "").1, "items 0-49/1100");
}

#[test]
fn only_pending_requests_are_listed_unless_the_query_speaks_of_the_status() {
    let connect = start();
    let words = |query: &str| -> Vec<String> {
        let (rows, _) = connect.list("/requests", query);
        let mut words: Vec<String> = rows.iter().map(|row| row["status"].as_str().unwrap().to_owned()).collect();
        words.sort();
        words.dedup();
        words
    };
    assert_eq!(words(""), ["pending"]);
    assert_eq!(words("product_id=PRD-2&asset.status=processing"), ["pending"]);
    assert_eq!(words("status=approved"), ["approved"]);
    assert_eq!(words("or(status=approved,type=cancel)"), ["approved", "pending"]);
    assert_eq!(words("ne(status,pending)").len(), 8);
    assert_eq!(words("not(in(status,(pending,draft)))").len(), 7);
    assert_eq!(words("in(status,(failed,revoked))"), ["failed", "revoked"]);
    assert_eq!(words("like(status,*ing)"), ["inquiring", "pending", "revoking"]);
    assert_eq!(words("status=nonsense"), [] as [&str; 0]);
}

fn created(row: &Value) -> (String, String) {
    (row["created"].as_str().unwrap().to_owned(), id(row))
}

#[test]
fn the_oldest_come_first_and_ties_go_by_id() {
    let connect = start();
    let (rows, _) = connect.list("/requests", "");
    let instants: Vec<_> = rows.iter().map(created).collect();
    // Their texts differ in form (some have a fraction), so they are compared as instants by the query itself.
    let mut by_id_in_ties = 0;
    for pair in instants.windows(2) {
        let later = connect.ids(&format!("ge(created,\"{}\")&ge(created,\"{}\")", pair[0].0, pair[1].0));
        assert!(later.contains(&pair[1].1), "{pair:?}");
        if pair[0].0 == pair[1].0 {
            assert!(pair[0].1 < pair[1].1, "{pair:?}");
            by_id_in_ties += 1;
        }
    }
    assert!(by_id_in_ties >= 10, "the seed has ties");
    let expected = ids(&rows);
    assert_eq!(connect.ids("ordering(created)"), expected);
    assert_eq!(connect.ids("ordering(+created)&limit=5"), expected[..5]);
    let reversed: Vec<String> = expected.iter().rev().cloned().collect();
    assert_eq!(connect.ids("ordering(-created)"), reversed);
    assert_eq!(connect.ids("ordering(-created)&limit=5&offset=2"), reversed[2..7]);
    assert_eq!(connect.ids("ordering(-created)&product_id=PRD-1&limit=3").len(), 3);
}

#[test]
fn other_orders_sort_by_each_field_in_turn() {
    let connect = start();
    let key = |row: &Value| {
        (row["asset"]["product"]["name"].as_str().unwrap().to_owned(), row["updated"].as_str().unwrap().to_owned())
    };
    let (rows, _) = connect.list("/requests", "ne(status,x)&ordering(-asset.product.name,updated)");
    let names: Vec<_> = rows.iter().map(key).collect();
    assert!(
        names
            .windows(2)
            .all(|pair| pair[0].0 > pair[1].0 || pair[0].0 == pair[1].0 && pair[0].1[..19] <= pair[1].1[..19]),
        "{names:?}"
    );
    assert_ne!(names[0].0, names[names.len() - 1].0);
    let (page, range) =
        connect.list("/requests", "ne(status,x)&ordering(-asset.product.name,updated)&limit=7&offset=5");
    assert_eq!(ids(&page), ids(&rows[5..12]));
    assert_eq!(range, format!("items 5-11/{}", rows.len()));
    assert_eq!(connect.ids("ordering()"), connect.ids(""));
    for query in [
        "ordering(id)",
        "ordering(nothing)",
        "ordering(created)&ordering(updated)",
        "ordering(created,updated,status,sli.days,sli.zone,asset.product.name)",
    ] {
        assert!(connect.refusal("/requests", query).contains("Bad ordering filter"), "{query}");
    }
}

#[test]
fn pages_by_key_pass_no_request_and_repeat_none() {
    let connect = start();
    let order =
        json!({"requests": 300, "status": "pending", "type": "purchase", "clear": true, "created_spread_ms": 40});
    connect.generate(order).unwrap();
    let (mut seen, mut from) = (Vec::new(), "2000-01-01T00:00:00".to_owned());
    loop {
        let (rows, _) =
            connect.list("/requests", &format!("eq(status,pending)&ge(created,{from})&ordering(created)&limit=20"));
        let new: Vec<&Value> = rows.iter().filter(|row| !seen.contains(&id(row))).collect();
        if new.is_empty() {
            break;
        }
        from = rows[rows.len() - 1]["created"].as_str().unwrap().to_owned();
        seen.extend(new.into_iter().map(id));
    }
    assert_eq!(seen.len(), 300);
    assert_eq!(seen, connect.ids("limit=1000"));
}

#[test]
fn select_leaves_out_and_shows_what_is_hidden() {
    let connect = start();
    let first = |query: &str| {
        connect.list("/requests", &format!("status=approved&product_id=PRD-1&limit=1&{query}")).0.remove(0)
    };
    let whole = first("select()");
    for path in [
        "/activation_key",
        "/template",
        "/asset/items",
        "/asset/configuration",
        "/asset/params",
        "/asset/tiers/customer",
    ] {
        assert!(!whole.pointer(path).unwrap_or(&Value::Null).is_null(), "{path}");
    }
    let less = first("select(-activation_key,-template,-asset.items,-asset.configuration)");
    for path in ["/activation_key", "/template", "/asset/items", "/asset/configuration"] {
        assert_eq!(less.pointer(path), None, "{path}");
    }
    assert!(less.pointer("/asset/params/0/id").is_some());
    assert_eq!(first("select(-asset)").get("asset"), None);
    // These are not left out by their writers but taken out of the finished page.
    let deep = first("select(-asset.product.name,-asset.params.value,-note)");
    assert_eq!((deep.pointer("/asset/product/name"), deep.get("note")), (None, None));
    assert_eq!(
        (deep.pointer("/asset/product/id"), deep.pointer("/asset/params/0/value")),
        (Some(&json!("PRD-1")), None)
    );
    assert!(deep.pointer("/asset/params/0/id").is_some());

    assert_eq!(whole.pointer("/asset/product/capabilities"), None);
    assert!(first("select(asset.product.capabilities)").pointer("/asset/product/capabilities").unwrap().is_object());
    assert!(first("select(+asset.product.capabilities,-template)").get("template").is_none());
    assert!(connect.refusal("/requests", "select(-nothing)").contains("Bad select filter: nothing"));
    assert!(connect.refusal("/requests", "select(asset.items,-asset.items)").contains("incompatible"));
    assert!(connect.refusal("/requests", "select(asset.product.capabilities,-asset.product)").contains("incompatible"));
}

#[test]
fn assets_hide_their_template_and_pending_request_until_asked() {
    let connect = start();
    let (assets, _) = connect.list("/assets", "status=processing&limit=1");
    let (hidden, id) = (["template", "pending_request"], id(&assets[0]));
    assert!(hidden.iter().all(|key| assets[0].get(key).is_none()));
    let one = |query: &str| connect.list("/assets", &format!("id={id}&{query}")).0.remove(0);
    assert_eq!(one("select(template)")["template"], Value::Null);
    let shown = one("select(pending_request)");
    assert_eq!(
        (&shown["pending_request"]["status"], shown["pending_request"].get("template")),
        (&json!("pending"), None)
    );
    assert_eq!(one("select(pending_request.template)")["pending_request"].get("template"), Some(&Value::Null));
    assert_eq!(one("select(-items,-configuration)").get("items"), None);
    // One asset is shown whole.
    let whole = connect.asset(&id);
    assert!(hidden.iter().all(|key| whole.get(key).is_some()));
    assert_eq!(whole["pending_request"]["type"], "purchase");
}
