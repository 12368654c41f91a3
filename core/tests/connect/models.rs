//! Requests and assets in every shape that the wire has: nothing is lost, and what is odd is read (fault matrix B4, B5).

use crate::support::clock::StepClock;
use crate::support::fake::{Canned, FakeSend, Play};
use crate::support::requests::{asset, request_2020, request_v37};
use crate::support::samples::{Sample, samples};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};
use tenantry::cloudblue::{Asset, ListRequests, Request};
use tenantry::ops::Lossless;
use tenantry::{Code, Error};

/// Cases per shape; more by PROPTEST_CASES.
const CASES: u32 = 2_000;

fn config(cases: u32) -> Config {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(cases);
    Config { failure_persistence: None, ..Config::with_cases(cases) }
}

fn read(body: &str) -> Result<Lossless<Request>, Error> {
    let canned = Canned::new(200, body).with("content-type", "application/json");
    let fake = FakeSend::new(move |_| Play::Reply(canned.clone()));
    let client = fake.client().cloudblue;
    StepClock::default().drive(client.requests().get("PR-1"))
}

#[test]
fn the_shape_of_2020_is_read_and_its_tiers_are_found_inside_the_customer() {
    let body = request_2020().to_string();
    let request = read(&body).unwrap();
    assert_eq!(request.raw(), body);
    let asset = request.asset.as_ref().unwrap();
    let names = ["customer", "tier1", "tier2"].map(|name| asset.tier(name).unwrap().id.as_deref());
    assert_eq!(names, [Some("CS-9861-7949-8492"), Some("RS-9861-7949-8492"), Some("RS-9861-7949-8493")]);
    assert_eq!(asset.tier("customer").unwrap().account_name.as_deref(), Some("string"));
    assert!(asset.tier("customer").unwrap().marketplace.is_some() && asset.tier("tier3").is_none());
    let item = &asset.items.as_ref().unwrap()[0];
    assert!(item.is_new() && !item.is_changed() && !item.is_removed());
    let param = asset.param("PM-9861-7949-8492-0001").unwrap();
    assert_eq!((param.value.as_deref(), &param.value_choices), (Some("daniel.lark@example.com"), &Some(json!(""))));
}

#[test]
fn the_shape_of_today_is_read_with_its_oddities() {
    let body = request_v37("PR-1", "pending").to_string();
    let request = read(&body).unwrap();
    assert_eq!(request.raw(), body);
    let asset = request.asset.as_ref().unwrap();
    assert_eq!(asset.external_id.as_ref().unwrap().to_string(), "9876543210");
    assert_eq!(asset.tier("tier1").unwrap().id.as_deref(), Some("TA-2"));
    assert!(asset.tier("tier2").is_none(), "an empty object is nobody");
    let items = asset.items.as_ref().unwrap();
    assert!(items[0].is_new() && !items[1].is_changed(), "unlimited is unlimited, in both of its spellings");
    assert_eq!(asset.param("office").unwrap().structured_value, Some(json!({"city": "Erdek", "state": null})));
    assert_eq!(asset.param("migration_info").unwrap().structured_value, Some(json!([1, "2", null])));
}

#[test]
fn every_form_of_every_odd_field_is_read() {
    let forms: [(&str, &[Value]); 9] = [
        ("/assignee", &[json!(""), json!("ann"), json!({"id": "UR-1", "name": "A", "email": "a@b"}), json!(null)]),
        ("/asset/external_id", &[json!("x"), json!(12), json!(null), json!("")]),
        ("/asset/tiers/tier1", &[json!({}), json!(null), json!({"id": "TA-1"})]),
        ("/asset/tiers", &[json!(null), json!({}), json!([])]),
        (
            "/asset/items/0/quantity",
            &[json!("3"), json!("unlimited"), json!("-1"), json!(""), json!(3), json!(0.5), json!(null)],
        ),
        ("/asset/params/0/value", &[json!(null), json!(""), json!("{\"a\": 1}")]),
        ("/asset/params/0/value_choices", &[json!(""), json!([]), json!(["a"]), json!([{"value": "a", "label": "A"}])]),
        ("/asset/params/0/structured_value", &[json!({"a": true}), json!([1]), json!(null), json!("")]),
        ("/created", &[json!("2018-06-04T13:19:10+00:00"), json!("2018-06-04T13:19:10.102670+02:00"), json!(null)]),
    ];
    for (pointer, values) in forms {
        for value in values {
            let mut body = request_v37("PR-1", "pending");
            *body.pointer_mut(pointer).unwrap() = value.clone();
            let request = read(&body.to_string()).unwrap_or_else(|error| panic!("{pointer} {value}: {error}"));
            assert_eq!(serde_json::from_str::<Value>(request.raw()).unwrap(), body, "{pointer} {value}");
            assert!(request.asset.is_some(), "{pointer} {value}: one odd field costs no other");
        }
    }
}

/// Pointers to every value below `value`.
fn pointers(value: &Value) -> Vec<String> {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(object) => object.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(array) => array.iter().enumerate().map(|(n, value)| (n.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    for (key, value) in below {
        let deeper = pointers(value);
        found.push(format!("/{key}"));
        found.extend(deeper.into_iter().map(|pointer| format!("/{key}{pointer}")));
    }
    found
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(json!(u64::MAX)),
        ".{0,8}".prop_map(Value::from),
        Just(json!("unlimited")),
        Just(json!("-1")),
        Just(json!("2025-05-30T10:00:00")),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{0,6}", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Every reading that a helper offers; none may panic.
fn look_at(asset: &Asset) {
    for item in asset.items.iter().flatten() {
        let _ = (item.is_new(), item.is_changed(), item.is_removed(), item.quantity_value(), item.old_quantity_value());
        assert!([item.is_new(), item.is_changed(), item.is_removed()].iter().filter(|is| **is).count() <= 1);
    }
    for name in ["customer", "tier1", "tier2", "", "customer.tier1"] {
        let _ = asset.tier(name);
    }
    for param in asset.params.iter().flatten() {
        let _ = asset.param(param.id.as_deref().unwrap_or_default());
    }
}

#[test]
fn b4_a_mutated_request_loses_nothing_and_costs_no_other_field() {
    for shape in [request_2020(), request_v37("PR-1", "pending")] {
        let places = pointers(&shape);
        let mutations = prop::collection::vec((any::<Index>(), any_json(), any::<bool>()), 1..6);
        let run = TestRunner::new(config(CASES)).run(&mutations, |mutations| {
            let mut body = shape.clone();
            for (at, value, remove) in mutations {
                let (parent, key) = at.get(&places).rsplit_once('/').unwrap();
                match body.pointer_mut(parent) {
                    Some(Value::Object(object)) if remove => drop(object.remove(key)),
                    Some(Value::Object(object)) => drop(object.insert(key.to_owned(), value)),
                    Some(Value::Array(array)) => array.push(value),
                    _ => {}
                }
            }
            let text = body.to_string();
            match read(&text) {
                Ok(request) => {
                    prop_assert_eq!(request.raw(), &text);
                    prop_assert!(body["id"].is_string());
                    prop_assert_eq!(request.status.as_deref(), body["status"].as_str());
                    // An asset is one by its id. Where a list stands in its place, its elements are read as its fields.
                    if !body["asset"].is_array() {
                        prop_assert_eq!(request.asset.is_some(), body["asset"]["id"].is_string());
                    }
                    request.asset.as_ref().inspect(|asset| look_at(asset));
                }
                Err(error) => {
                    prop_assert!(!body["id"].is_string(), "{error}");
                    prop_assert_eq!(error.code(), Code::Decode);
                }
            }
            Ok::<(), TestCaseError>(())
        });
        run.unwrap_or_else(|failure| panic!("{failure}"));
    }
}

#[test]
fn b4_each_row_of_a_list_keeps_its_own_text() {
    let mut odd = request_2020();
    odd["extra"] = json!({"n": 1e300, "big": u64::MAX});
    let rows = [request_v37("PR-1", "pending"), odd, request_v37("PR-2", "a-new-word")];
    let body = format!("[{}]", rows.iter().map(Value::to_string).collect::<Vec<_>>().join(" ,\n"));
    let fake = FakeSend::new(move |_| Play::Reply(Canned::new(200, body.clone()).with("content-range", "items 0-2/3")));
    let client = fake.client().cloudblue;
    let list = client.requests().list(ListRequests::any().prefetch(false).order_by("-created"));
    let read = StepClock::default().drive(list.to_list()).unwrap();
    assert_eq!(
        read.iter().map(Lossless::raw).collect::<Vec<_>>(),
        rows.iter().map(Value::to_string).collect::<Vec<_>>()
    );
    assert_eq!(read[2].status.as_deref(), Some("a-new-word"));
    assert_eq!(fake.sent(), 1);
}

#[test]
fn b4_a_row_without_its_id_is_an_error_that_names_the_row_and_the_field() {
    for (row, word) in [(json!({"status": "pending"}), "id"), (json!({"id": null}), "id"), (json!({"id": 7}), "id")] {
        let body = json!([request_v37("PR-1", "pending"), row]).to_string();
        let fake = FakeSend::new(move |_| Play::Reply(Canned::new(200, body.clone())));
        let client = fake.client().cloudblue;
        let list = client.requests().list(ListRequests::any().prefetch(false));
        let error = StepClock::default().drive(list.to_list()).unwrap_err();
        assert_eq!(error.code(), Code::Decode, "{row}: {error}");
        let text = error.to_string();
        assert!(text.contains("[1]") && text.contains(word), "{row}: {text}");
    }
}

#[test]
fn b4_an_asset_is_read_as_its_request_shows_it() {
    let body = asset().to_string();
    let canned = Canned::new(200, body.clone());
    let fake = FakeSend::new(move |_| Play::Reply(canned.clone()));
    let asset = StepClock::default().drive(fake.client().cloudblue.assets().get("AS-1")).unwrap();
    assert_eq!((asset.raw(), asset.status.as_deref()), (&*body, Some("processing")));
    look_at(&asset);
}

#[test]
fn b5_any_bytes_are_a_reply_or_an_error_and_never_a_panic() {
    let started = |sample: &Sample| {
        let body = sample.body().into_bytes();
        (any::<Index>(), prop::collection::vec(any::<u8>(), 0..40)).prop_map(move |(at, more)| {
            let mut bytes = body[..at.index(body.len())].to_vec();
            bytes.extend(more);
            bytes
        })
    };
    for sample in samples().into_iter().filter(|sample| !sample.polls()) {
        let bytes = prop_oneof![prop::collection::vec(any::<u8>(), 0..200), started(&sample)];
        let run = TestRunner::new(config(100)).run(&bytes, |bytes| {
            let fake = FakeSend::playing(&sample, Play::Reply(Canned::new(200, bytes)));
            if let Err(error) = StepClock::default().drive(sample.invoke(&fake.client())) {
                let unread = [Code::Decode, Code::UnexpectedContent].map(|code| sample.lost(code));
                prop_assert!(unread.contains(&error.code()), "{:?}", error);
            }
            Ok::<(), TestCaseError>(())
        });
        run.unwrap_or_else(|failure| panic!("{}: {failure}", sample.name()));
    }
}
