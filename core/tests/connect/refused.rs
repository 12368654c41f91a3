//! Arguments that no server would take: refused by their names before anything is sent.

use crate::support::client::Client;
use crate::support::fake::{Canned, FakeSend, Play};
use crate::support::{detail, options, secret, shown};
use serde_json::{Value, json};
use tenantry::cloudblue::{Approve, Fail, Query, R, Schedule};
use tenantry::ops;
use tenantry::{Code, Error, Outcome};

/// Calls an operation at a server that would take anything: what came of it, and how much was sent.
async fn called(name: &str, arguments: &Value) -> (Result<String, Error>, usize) {
    let fake = FakeSend::new(|_| Play::Reply(Canned::json(200, &json!({"id": "PR-1", "status": "approved"}))));
    let Client { cloudblue, .. } = fake.client();
    let mut result = cloudblue.invoke(name, &arguments.to_string(), options(json!({}))).await;
    if name.ends_with(".list") || name.ends_with("s.requests") || name.ends_with(".messages") {
        let door = ops::Client::CloudBlue(cloudblue);
        result = match door.list(name, &arguments.to_string(), "", false) {
            Ok(pages) => {
                pages.next_page().await.map(|page| page.map(|page| page.json().into_owned()).unwrap_or_default())
            }
            Err(error) => Err(error),
        };
    }
    (result, fake.sent())
}

async fn refused(name: &str, arguments: Value, field: &str) -> Error {
    let (result, sent) = called(name, &arguments).await;
    let case = format!("{name} {arguments:.200}");
    let error = match result {
        Err(error) => error,
        Ok(reply) => panic!("{case} was taken: {reply}"),
    };
    let codes = [Code::Validation, Code::InvalidId];
    assert!(codes.contains(&error.code()), "{case}: {error:?}");
    assert_eq!((error.outcome(), sent), (Some(Outcome::NotSent), 0), "{case}: {error:?}");
    assert_eq!(detail(&error, "field"), field, "{case}: {error:?}");
    assert!(error.to_string().contains(field), "{case}: {error}");
    assert_eq!((error.report().operation.as_deref(), error.report().retryable), (Some(name), false), "{case}");
    assert_eq!(error.report().system.as_deref(), Some("cloudblue"), "{case}");
    error
}

#[tokio::test]
async fn an_approval_takes_exactly_one_of_template_and_tile() {
    let name = "cloudblue.requests.approve";
    for arguments in [
        json!({"id": "PR-1"}),
        json!({"id": "PR-1", "template_id": null}),
        json!({"id": "PR-1", "template_id": ""}),
        json!({"id": "PR-1", "template_id": "  "}),
        json!({"id": "PR-1", "activation_tile": "\n\t"}),
        json!({"id": "PR-1", "template_id": "", "activation_tile": ""}),
        json!({"id": "PR-1", "effective_date": "2026-01-01T00:00:00Z"}),
        json!({"id": "PR-1", "template_id": "TL-1", "activation_tile": "# Ready"}),
    ] {
        let error = refused(name, arguments, "template_id").await;
        assert!(error.to_string().contains("activation_tile"), "{error}");
    }
    // One that is filled counts, one that is empty does not.
    for arguments in [
        json!({"id": "PR-1", "template_id": "TL-1"}),
        json!({"id": "PR-1", "activation_tile": "# Ready"}),
        json!({"id": "PR-1", "template_id": "TL-1", "activation_tile": null}),
    ] {
        assert!(called(name, &arguments).await.0.is_ok(), "{arguments}");
    }
}

#[tokio::test]
async fn only_the_one_of_template_and_tile_that_is_filled_is_sent() {
    let fake = FakeSend::new(|_| Play::Reply(Canned::json(200, &json!({"id": "PR-1", "status": "approved"}))));
    let mut approve = Approve::template("TL-1");
    approve.activation_tile = Some(" ".to_owned());
    fake.client().cloudblue.requests().approve("PR-1", approve).await.unwrap();
    let body: Value = serde_json::from_slice(&fake.seen()[0].body).unwrap();
    assert_eq!(body, json!({"template_id": "TL-1"}));
}

#[tokio::test]
async fn an_empty_text_where_one_is_due_is_refused() {
    for empty in ["", " ", "\n", "\u{a0}", "\t \r\n"] {
        refused("cloudblue.requests.fail", json!({"id": "PR-1", "reason": empty}), "reason").await;
        refused("cloudblue.requests.revoke", json!({"id": "PR-1", "reason": empty}), "reason").await;
        refused("cloudblue.requests.schedule", json!({"id": "PR-1", "planned_date": empty}), "planned_date").await;
        refused("cloudblue.conversations.post_message", json!({"id": "CO-1", "text": empty}), "text").await;
        let errors = json!({"id": "PR-1", "errors": {"email": empty}});
        refused("cloudblue.requests.inquire", errors, "errors.email").await;
    }
    refused("cloudblue.requests.inquire", json!({"id": "PR-1", "errors": {"": "x"}}), "errors.").await;
}

#[tokio::test]
async fn arguments_that_do_not_go_together_are_refused() {
    let change = json!([{"id": "email", "value": "a"}]);
    for (name, arguments, field) in [
        ("inquire", json!({"template_id": "TL-2", "activation_tile": "x"}), "template_id"),
        ("update", json!({}), "params"),
        ("update", json!({"params": []}), "params"),
        ("update", json!({"params": [{"id": ""}]}), "params[0].id"),
        ("update", json!({"params": [{"id": "a"}, {"id": "b"}, {"id": "a"}]}), "params[2].id"),
        ("pend", json!({"code": "123"}), "params"),
        ("pend", json!({"params": change}), "code"),
        ("assign", json!({}), "user_id"),
        ("assign", json!({"user_id": "UR-1", "email": "a@example.com"}), "user_id"),
        ("assign", json!({"user_id": "", "email": " "}), "user_id"),
    ] {
        let mut arguments = arguments;
        arguments["id"] = json!("PR-1");
        refused(&format!("cloudblue.requests.{name}"), arguments, field).await;
    }
}

#[tokio::test]
async fn an_argument_that_nobody_knows_or_of_another_kind_is_refused_by_its_name() {
    for (name, arguments, field) in [
        ("requests.approve", json!({"id": "PR-1", "template": "TL-1"}), "template"),
        ("requests.approve", json!({"id": "PR-1", "template_id": 7}), "template_id"),
        ("requests.fail", json!({"id": "PR-1", "reason": null}), "reason"),
        ("requests.update", json!({"id": "PR-1", "params": [{"id": "a", "valu": "b"}]}), "params[0].valu"),
        ("requests.update", json!({"id": "PR-1", "params": [{"id": "a", "value": 7}]}), "params[0].value"),
        ("requests.wait", json!({"id": "PR-1", "max_wait_ms": -1}), "max_wait_ms"),
        ("requests.list", json!({"limit": 5}), "limit"),
        ("requests.list", json!({"page_size": "5"}), "page_size"),
        ("requests.list", json!({"order_by": "created"}), "order_by"),
    ] {
        refused(&format!("cloudblue.{name}"), arguments, field).await;
    }
}

#[tokio::test]
async fn an_id_with_a_slash_is_refused_wherever_one_goes_into_a_path() {
    for id in ["PR-1/approve", "/", "..", "PR-1?x", "PR 1", "", "ü"] {
        for name in ["get", "approve", "fail", "inquire", "pend", "wait", "set_param_values", "render"] {
            let mut arguments = json!({"id": id});
            match name {
                "approve" => arguments["template_id"] = json!("TL-1"),
                "fail" => arguments["reason"] = json!("x"),
                "set_param_values" => arguments["values"] = json!({}),
                _ => {}
            }
            let error = refused(&format!("cloudblue.requests.{name}"), arguments, "id").await;
            assert_eq!(error.code(), Code::InvalidId, "{name} {id}");
        }
        for name in ["assets.requests", "templates.list", "conversations.messages"] {
            refused(&format!("cloudblue.{name}"), json!({"ids": [id]}), "ids[0]").await;
        }
    }
}

#[tokio::test]
async fn a_typed_method_refuses_the_same() {
    let fake = FakeSend::new(|_| Play::Reply(Canned::json(200, &json!({"id": "PR-1"}))));
    let client = fake.client().cloudblue;
    let requests = client.requests();
    let errors = [
        requests.approve("PR-1/x", Approve::template("TL-1")).await.unwrap_err(),
        requests.approve("PR-1", Approve::template("")).await.unwrap_err(),
        requests.fail("PR-1", Fail::new("  ")).await.unwrap_err(),
        requests.schedule("PR-1", Schedule::new("")).await.unwrap_err(),
        requests.get("..").await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error.code(), Code::Validation | Code::InvalidId), "{error:?}");
        assert_eq!((error.outcome(), fake.sent()), (Some(Outcome::NotSent), 0), "{error:?}");
    }
}

#[tokio::test]
async fn the_wrong_number_of_ids_of_a_list_is_refused() {
    for (name, ids) in [
        ("cloudblue.assets.requests", json!([])),
        ("cloudblue.assets.requests", json!(["AS-1", "AS-2"])),
        ("cloudblue.requests.list", json!(["PR-1"])),
    ] {
        refused(name, json!({"ids": ids}), "ids").await;
    }
}

#[tokio::test]
async fn what_pages_a_list_is_the_lists_own() {
    let list = "cloudblue.requests.list";
    for (keyword, hint) in [("limit", "page_size"), ("offset", "max_items"), ("ordering", "order_by")] {
        let error = refused(list, json!({"filters": {keyword: 5}}), keyword).await;
        assert!(error.report().hint.as_deref().unwrap().contains(hint), "{error:?}");
    }
    let error = refused(list, json!({"page_size": 0}), "page_size").await;
    assert!(error.report().hint.as_deref().unwrap().contains("count"), "{error:?}");
    for text in ["limit=5", "eq(a,b)&offset=10", "ordering(-created)", "select(-asset)"] {
        refused(list, json!({"query": {"raw": text}}), "query").await;
    }
    for field in ["limit", "offset"] {
        let error = refused(list, json!({"query": {"test": {"field": field, "op": "eq", "value": 5}}}), field).await;
        assert!(error.report().hint.as_deref().unwrap().contains("page_size"), "{error:?}");
    }
}

#[tokio::test]
async fn a_filter_or_a_comparison_that_the_list_does_not_have_is_refused_with_a_hint() {
    let list = "cloudblue.requests.list";
    for (keyword, value, hint) in [
        ("stauts", json!("pending"), "R("),
        ("product", json!("PRD-1"), "R("),
        ("created__gte", json!("2026-01-01"), "ge"),
        ("created__lte", json!("2026-01-01"), "le"),
        ("created__range", json!(["a", "b"]), "R("),
        ("created", json!({"gte": "2026-01-01"}), "ge"),
        ("created", json!({"between": "2026-01-01"}), "eq, ne"),
        ("asset__status__ne", json!("active"), "R("),
        ("connection__id", json!("CT-1"), "asset__connection__id"),
    ] {
        let error = refused(list, json!({"filters": {keyword: value}}), keyword).await;
        assert!(error.report().hint.as_deref().unwrap_or_default().contains(hint), "{keyword}: {error:?}");
    }
    for (status, field) in [(json!(7), "status"), (json!({"in": ["pending"]}), "status"), (json!(true), "status")] {
        refused(list, json!({"status": status}), field).await;
    }
}

#[tokio::test]
async fn p3_a_value_that_the_language_cannot_say_is_refused_and_not_shown() {
    let hidden = secret();
    let both = format!("{hidden} \"both' quotes");
    for arguments in [
        json!({"filters": {"id": both}}),
        json!({"filters": {"id": ["PR-1", both]}}),
        json!({"filters": {"id": {"like": both}}}),
        json!({"query": {"test": {"field": "id", "op": "eq", "value": both}}}),
        json!({"query": {"not": {"test": {"field": "id", "op": "in", "value": [both]}}}}),
    ] {
        let error = refused("cloudblue.requests.list", arguments, "id").await;
        assert!(!shown(&error).contains(&hidden), "{error:?}");
    }
    refused("cloudblue.requests.list", json!({"search": both}), "search").await;
    refused("cloudblue.requests.list", json!({"status": both}), "status").await;
    for value in [json!(null), json!({"a": 1})] {
        refused(
            "cloudblue.requests.list",
            json!({"query": {"test": {"field": "id", "op": "eq", "value": value}}}),
            "id",
        )
        .await;
    }
    for field in ["", "a b", "a)", "a,b", "1a", "a&b", "eq", "ü", "a/b"] {
        let query = json!({"query": {"test": {"field": field, "op": "eq", "value": "x"}}});
        refused("cloudblue.requests.list", query, "query").await;
        refused("cloudblue.requests.list", json!({"order_by": [field]}), "order_by").await;
        refused("cloudblue.requests.list", json!({"select": [format!("-{field}")]}), "select").await;
    }
}

#[test]
fn p3_a_query_that_cannot_be_said_says_why() {
    let refused = |query: Query, word: &str| {
        let error = query.to_rql().unwrap_err();
        assert!(error.code() == Code::Validation && error.to_string().contains(word), "{word}: {error}");
    };
    refused(!Query::raw("eq(a,b)"), "negated");
    refused(Query::raw("eq(a,b)") | R("c").eq("d"), "and-ed");
    refused(R("a").one_of(Vec::<String>::new()), "selects nothing");
    refused(R("a").eq(json!(["x"])), "one_of");
}
