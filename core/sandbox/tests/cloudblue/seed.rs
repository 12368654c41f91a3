//! What every fresh sandbox promises to hold, and what can be generated.

use std::collections::{BTreeMap, BTreeSet};

use crate::connect::*;
use serde_json::{Value, json};

fn all(connect: &Connect) -> Vec<Value> {
    connect.list("/requests", "ne(status,x)").0
}

/// How often each value of a key occurs.
fn counts(rows: &[Value], path: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts.entry(row.pointer(path).unwrap_or(&Value::Null).to_string()).or_insert(0) += 1;
    }
    counts
}

#[test]
fn the_line_tells_how_to_reach_it() {
    let connect = start();
    let line = connect.line();
    assert_eq!(line["cloudblue"]["base_url"], format!("{}/public/v1", connect.url()));
    assert_eq!(line["cloudblue"].as_object().unwrap().len(), 2);
}

#[test]
fn the_seed_has_a_queue_and_each_status_and_each_type() {
    let connect = start();
    let (queue, _) = connect.list("/requests", "product_id=PRD-1&type=purchase");
    assert!(queue.len() >= 60, "{}", queue.len());
    let empty = queue.iter().filter(|request| param(request, "email")["value"] == "").count();
    assert!(empty >= 5 && empty < queue.len() / 2, "{empty}");
    let instants: BTreeSet<&str> = queue.iter().map(|request| request["created"].as_str().unwrap()).collect();
    assert!(instants.len() > 40 && instants.len() < queue.len() - 10, "{}", instants.len());
    let with_fraction = instants.iter().filter(|instant| instant.contains('.')).count();
    assert!(with_fraction > 0 && with_fraction < instants.len(), "both forms of dates");
    assert!(instants.iter().all(|instant| *instant < "2026-01-01"), "all of the past");

    let all = all(&connect);
    assert_eq!(counts(&all, "/status").len(), 9);
    assert_eq!(counts(&all, "/type").len(), 8);
    assert_eq!(counts(&all, "/asset/product/id").len(), 2);
    let changes = connect.list("/requests", "type=change&asset.status=processing").0;
    assert_eq!(changes.len(), 1);
    let both = connect.list("/requests", &format!("asset.id={}", id(&changes[0]["asset"]))).0;
    let kinds: Vec<&str> = both.iter().map(|request| request["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["purchase", "change"]);
    assert!(both[0]["created"].as_str() < both[1]["created"].as_str());
    for request in &all {
        let asset = connect.asset(&id(&request["asset"]));
        assert_eq!(asset["status"], request["asset"]["status"]);
    }
    // Nothing of it moves by itself within an hour.
    let before = counts(&all, "/status");
    connect.advance(3_600_000).unwrap();
    assert_eq!(counts(&self::all(&connect), "/status"), before);
}

#[test]
fn the_seed_is_the_same_everywhere_and_after_a_reset() {
    let (one, other) = (start(), start());
    let rows = all(&one);
    assert_eq!(rows, all(&other));
    one.act(&id(&one.one("pending")), "approve", &json!({"template_id": "TL-1"})).expect(200);
    one.generate(json!({"requests": 10})).unwrap();
    assert_ne!(all(&one), rows);
    one.reset();
    assert_eq!(all(&one), rows);
}

#[test]
fn the_same_order_makes_the_same_requests() {
    let order = json!({"requests": 200, "seed": 7, "clear": true});
    let connects = [start(), start()];
    let rows = connects.each_ref().map(|connect| {
        assert_eq!(connect.generate(order.clone()).unwrap(), json!({"requests": 200, "assets": 160}));
        all(connect)
    });
    assert_eq!(rows[0], rows[1]);
    connects[1].generate(json!({"requests": 200, "seed": 8, "clear": true})).unwrap();
    assert_ne!(rows[0], all(&connects[1]));
}

#[test]
fn generated_requests_are_as_ordered() {
    let connect = start();
    let seeded = all(&connect).len();
    connect
        .generate(json!({"requests": 30, "product_id": "PRD-2", "status": "failed", "type": "cancel", "assets": 10}))
        .unwrap();
    assert_eq!(all(&connect).len(), seeded + 30, "without `clear` they come on top");
    let mut order = json!({"requests": 30, "product_id": "PRD-2", "status": "failed", "type": "cancel", "assets": 10});
    order["clear"] = true.into();
    connect.generate(order).unwrap();
    let rows = all(&connect);
    assert_eq!((counts(&rows, "/status").len(), counts(&rows, "/type").len()), (1, 1));
    assert_eq!((&rows[0]["status"], &rows[0]["type"]), (&json!("failed"), &json!("cancel")));
    let per_asset = counts(&rows, "/asset/id");
    assert_eq!((per_asset.len(), per_asset.values().all(|n| *n == 3)), (10, true));

    connect.generate(json!({"requests": 50, "created_spread_ms": 0, "clear": true})).unwrap();
    assert_eq!(counts(&all(&connect), "/created").len(), 1, "all at one instant");
    connect
        .generate(json!({"requests": 50, "status": "pending", "created_spread_ms": 490_000, "clear": true}))
        .unwrap();
    assert_eq!(counts(&all(&connect), "/created").len(), 50);
    // The requests of one asset come in the order in which they were made.
    connect
        .generate(json!({"requests": 90, "status": "pending", "assets": 30, "created_spread_ms": 0, "clear": true}))
        .unwrap();
    let of_one = connect.list("/requests", &format!("asset.id={}", id(&connect.one("pending")["asset"]))).0;
    assert_eq!(of_one.iter().map(|request| request["type"].as_str().unwrap()).next(), Some("purchase"));
    for (wrong, key) in [
        (json!({"requests": 1, "sed": 1}), "sed"),
        (json!({"requests": 1, "product_id": "PRD-9"}), "product_id"),
        (json!({"requests": 1, "status": "x"}), "status"),
        (json!({"requests": 1, "type": "x"}), "type"),
        (json!({"requests": 1, "assets": 0}), "assets"),
        (json!({"requests": 9_000_000}), "requests"),
        (json!({}), "requests"),
    ] {
        assert!(connect.generate(wrong).unwrap_err().to_string().contains(key), "{key}");
    }
    assert_eq!(connect.generate(json!({"requests": 0, "clear": true})).unwrap(), json!({"requests": 0, "assets": 0}));
    assert_eq!(connect.list("/requests", "").1, "items 0-0/0");
}

/// Which of the forms that the vendor sends a value has.
fn form(value: Option<&Value>) -> &'static str {
    match value {
        None => "absent",
        Some(Value::Null) => "null",
        Some(Value::String(text)) if text.is_empty() => "\"\"",
        Some(Value::String(_)) => "text",
        Some(Value::Number(_)) => "number",
        Some(Value::Array(list)) if list.is_empty() => "[]",
        Some(Value::Array(list)) if list[0].is_string() => "[text]",
        Some(Value::Array(_)) => "[object]",
        Some(Value::Object(object)) if object.is_empty() => "{}",
        Some(Value::Object(_)) => "object",
        Some(Value::Bool(_)) => "bool",
    }
}

#[test]
fn generated_requests_have_all_the_oddities_of_real_ones() {
    let connect = start();
    connect.generate(json!({"requests": 1000, "clear": true})).unwrap();
    let rows = all(&connect);
    assert_eq!((counts(&rows, "/status").len(), counts(&rows, "/type").len()), (9, 7));
    let forms = |values: Vec<Option<&Value>>| -> Vec<&str> {
        values.into_iter().map(form).collect::<BTreeSet<_>>().into_iter().collect()
    };
    let at = |path: &str| forms(rows.iter().map(|row| row.pointer(path)).collect());
    assert_eq!(at("/asset/external_id"), ["number", "text"]);
    assert_eq!(at("/assignee"), ["\"\"", "null", "object", "text"]);
    assert_eq!(at("/asset/tiers/tier2"), ["absent", "null", "object", "{}"]);
    assert_eq!(at("/asset/tiers/tier1"), ["absent", "object", "{}"]);
    assert_eq!(at("/asset/tiers/customer/marketplace"), ["absent", "object"], "both nestings");
    assert_eq!(at("/asset/tiers/customer/contact_info/state"), ["\"\"", "null", "text"]);
    assert_eq!(at("/asset/tiers/customer/contact_info/address_line2"), ["\"\"", "null"]);
    assert_eq!(at("/asset/tiers/tier1/contact_info"), ["absent", "object"], "some tiers are an id only");
    assert_eq!(at("/effective_date"), ["null", "text"]);
    let params: Vec<&Value> = rows.iter().flat_map(|row| row["asset"]["params"].as_array().unwrap()).collect();
    let of = |key: &str| forms(params.iter().map(|param| param.get(key)).collect());
    assert_eq!(of("value"), ["\"\"", "null", "text"]);
    assert_eq!(of("value_choices"), ["\"\"", "[]", "[object]", "[text]"]);
    assert_eq!(of("structured_value"), ["[object]", "absent", "object"]);
    let types: BTreeSet<&str> = params.iter().map(|param| param["type"].as_str().unwrap()).collect();
    assert_eq!(types.len(), 12, "{types:?}");
    let lines = rows.iter().flat_map(|row| row["asset"]["items"].as_array().unwrap());
    let quantities: BTreeSet<&str> =
        lines.flat_map(|line| [&line["quantity"], &line["old_quantity"]]).map(|text| text.as_str().unwrap()).collect();
    for quantity in ["3", "unlimited", "-1", "", "0"] {
        assert!(quantities.contains(quantity), "{quantities:?}");
    }
    let fractions = rows.iter().filter(|row| row["created"].as_str().unwrap().contains('.')).count();
    assert!(fractions > 0 && fractions < rows.len());
}

#[test]
fn ten_thousand_requests_are_served_page_by_page() {
    let connect = start();
    let order = json!({"requests": 10_000, "status": "pending", "type": "purchase", "clear": true});
    assert_eq!(connect.generate(order).unwrap(), json!({"requests": 10_000, "assets": 10_000}));
    assert_eq!(connect.list("/requests", "status=pending&limit=0").1, "items 0-0/10000");
    let (rows, range) = connect.list("/requests", "status=pending&ordering(created)&limit=10&offset=9990");
    assert_eq!((rows.len(), range.as_str()), (10, "items 9990-9999/10000"));
    let from = rows[3]["created"].as_str().unwrap();
    let (tail, range) =
        connect.list("/requests", &format!("status=pending&ge(created,{from})&ordering(created)&limit=100"));
    assert_eq!((ids(&tail), range.as_str()), (ids(&rows[3..]), "items 0-6/7"));
}
