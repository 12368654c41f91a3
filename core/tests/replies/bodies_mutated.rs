//! Replies that differ from the samples: every value survives, or the error says where (fault matrix B4).

use crate::support;

use crate::support::detail;
use crate::support::fake::{Canned, FakeSend, Play};
use crate::support::samples::{Sample, samples};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};
use tenantry::{Code, Error};

/// Cases per operation; more by PROPTEST_CASES. The replies of systems that share their readers meet fewer.
const CASES: u32 = 400;
const LIGHT_CASES: u32 = 60;

fn cases(sample: &Sample) -> u32 {
    let usual = if sample.light() { LIGHT_CASES } else { CASES };
    std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Every operation whose reply is JSON, and is read once: to wait is to read until a field says so.
fn in_json() -> impl Iterator<Item = Sample> {
    samples().into_iter().filter(|sample| !sample.is_text() && sample.direct())
}

fn said(sample: &Sample, body: &str) -> Result<String, Error> {
    let canned = Canned::new(200, sample.wrap(body)).with("content-type", "application/json");
    let fake = FakeSend::playing(sample, Play::Reply(canned));
    support::clock::StepClock::default().drive(sample.invoke(&fake.client()))
}

/// What stands for a number that no `Value` can hold, until the body is written.
const RAW: [(&str, &str); 6] = [
    ("@big@", "9007199254740993"),
    ("@bigger@", "123456789012345678901234567890"),
    ("@ten@", "10.10"),
    ("@minus@", "-0.0"),
    ("@exponent@", "1E400"),
    ("@escaped@", "\"\\u0041\\/\\u00e9\""),
];

fn written(value: &Value) -> String {
    RAW.iter().fold(value.to_string(), |text, (mark, raw)| text.replace(&format!("\"{mark}\""), raw))
}

/// Pointers to every value below `value`.
fn pointers(value: &Value) -> Vec<String> {
    fn walk(value: &Value, at: &str, found: &mut Vec<String>) {
        let below: Vec<(String, &Value)> = match value {
            Value::Object(object) => object.iter().map(|(key, value)| (key.clone(), value)).collect(),
            Value::Array(array) => array.iter().enumerate().map(|(n, value)| (n.to_string(), value)).collect(),
            _ => return,
        };
        for (key, value) in below {
            let at = format!("{at}/{key}");
            walk(value, &at, found);
            found.push(at);
        }
    }
    let mut found = Vec::new();
    walk(value, "", &mut found);
    found
}

/// What a value may turn into.
fn other(value: &Value, kind: usize) -> Value {
    let fixed = [
        Value::Null,
        json!(""),
        json!(0),
        json!(1),
        json!(-1),
        json!(1.5),
        json!(true),
        json!(false),
        json!("0"),
        json!("1"),
        json!("3"),
        json!([]),
        json!({}),
        json!([null]),
        json!({"": null}),
        json!("a-word-nobody-knows"),
        json!("2018-04-10T10:03:09.0+02:00"),
        json!("10/04/2018"),
        json!(u64::MAX),
        json!(i64::MIN),
        json!("\u{0}\u{1f600}\u{202e}"),
        json!("x".repeat(5_000)),
    ];
    match kind.checked_sub(fixed.len()) {
        None => fixed[kind].clone(),
        Some(kind) if kind < RAW.len() => json!(RAW[kind].0),
        Some(_) => match value {
            // Text for numbers and numbers for text, as servers do.
            Value::Number(number) => json!(number.to_string()),
            Value::String(text) => text.parse::<u64>().map_or_else(|_| json!([text]), |number| json!(number)),
            value => json!({"wrapped": value}),
        },
    }
}

const KINDS: usize = 22 + RAW.len() + 1;

#[derive(Debug, Clone)]
enum Mutation {
    Turn(Index, usize),
    Remove(Index),
    Add(Index, String, usize),
    Double(Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        4 => (any::<Index>(), 0..KINDS).prop_map(|(at, kind)| Mutation::Turn(at, kind)),
        2 => any::<Index>().prop_map(Mutation::Remove),
        2 => (any::<Index>(), "[a-z_]{0,12}", 0..KINDS).prop_map(|(at, key, kind)| Mutation::Add(at, key, kind)),
        1 => any::<Index>().prop_map(Mutation::Double),
    ]
}

fn mutate(reply: &mut Value, mutation: &Mutation) {
    let found = pointers(reply);
    if found.is_empty() {
        return;
    }
    match mutation {
        Mutation::Turn(at, kind) => {
            let place = reply.pointer_mut(at.get::<String>(&found)).unwrap();
            *place = other(place, *kind);
        }
        Mutation::Remove(at) => {
            let (parent, key) = at.get::<String>(&found).rsplit_once('/').unwrap();
            match reply.pointer_mut(parent).unwrap() {
                Value::Object(object) => drop(object.remove(key)),
                Value::Array(array) => drop(array.remove(key.parse().unwrap())),
                _ => {}
            }
        }
        Mutation::Add(at, key, kind) => {
            if let Value::Object(object) = reply.pointer_mut(at.get::<String>(&found)).unwrap() {
                object.insert(format!("extra_{key}"), other(&Value::Null, *kind));
            }
        }
        Mutation::Double(at) => {
            if let Value::Array(array) = reply.pointer_mut(at.get::<String>(&found)).unwrap() {
                array.extend(array.clone());
            }
        }
    }
}

#[test]
fn b4_a_mutated_reply_comes_back_untouched_or_as_an_error_with_its_place() {
    for sample in in_json() {
        let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(cases(&sample)) });
        let strategy = prop::collection::vec(mutation(), 1..4);
        let run = runner.run(&strategy, |mutations| {
            let mut reply = sample.reply.clone();
            mutations.iter().for_each(|mutation| mutate(&mut reply, mutation));
            let body = written(&reply);
            match said(&sample, &body) {
                Ok(text) if sample.fetches() => drop(serde_json::from_str::<Value>(&text).unwrap()),
                Ok(text) => prop_assert_eq!(text, sample.given(&body)),
                Err(error) => {
                    if error.code() == Code::UnexpectedContent && sample.reshapes() {
                        // A page that leads elsewhere is refused whole.
                        return Ok(());
                    }
                    prop_assert_eq!(error.code(), sample.lost(Code::Decode), "{}", error);
                    let placed = detail(&error, "path").is_string() || detail(&error, "byte").is_u64();
                    let placed = placed || sample.fetches();
                    prop_assert!(placed, "{:?}", error);
                }
            }
            Ok::<(), TestCaseError>(())
        });
        run.unwrap_or_else(|failure| panic!("{}: {failure}", sample.name()));
    }
}

#[test]
fn b4_a_required_field_that_is_missing_or_null_is_named_by_its_path() {
    for sample in in_json() {
        for path in sample.required {
            let pointer = format!("/{}", path.replace("].", "/").replace(['[', ']'], ""));
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            let mut missing = sample.reply.clone();
            missing.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key).unwrap();
            let error = said(&sample, &missing.to_string()).unwrap_err();
            assert_eq!(error.code(), sample.lost(Code::Decode), "{} {path}", sample.name());
            assert!(error.to_string().contains(&format!("missing field `{key}`")), "{error}");
            let place = path.rsplit_once('.').map_or(".", |(place, _)| place);
            assert_eq!(detail(&error, "path"), place, "{} {path}", sample.name());

            let mut null = sample.reply.clone();
            *null.pointer_mut(&pointer).unwrap() = Value::Null;
            let error = said(&sample, &null.to_string()).unwrap_err();
            assert_eq!(
                (error.code(), detail(&error, "path")),
                (sample.lost(Code::Decode), &json!(path)),
                "{}",
                sample.name()
            );
        }
    }
}

#[test]
fn b4_every_field_that_is_not_required_may_be_missing_or_null() {
    // What a marketplace may be without, and that the others work on, is `marketplaces.rs`'s.
    for sample in in_json().filter(|sample| !sample.fetches()) {
        let required: Vec<String> = sample
            .required
            .iter()
            .map(|path| format!("/{}", path.replace("].", "/").replace(['[', ']'], "")))
            .collect();
        for pointer in pointers(&sample.reply) {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            let in_list = key.parse::<usize>().is_ok();
            if required.contains(&pointer) || in_list {
                continue;
            }
            let mut missing = sample.reply.clone();
            missing.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key).unwrap();
            let mut null = sample.reply.clone();
            *null.pointer_mut(&pointer).unwrap() = Value::Null;
            for reply in [missing, null] {
                let text = said(&sample, &reply.to_string());
                assert_eq!(
                    text.unwrap_or_else(|error| panic!("{} {pointer}: {error}", sample.name())),
                    sample.given(&reply.to_string())
                );
            }
        }
    }
}

#[test]
fn b4_an_id_is_a_number_or_text_and_an_unknown_word_is_a_word() {
    for sample in in_json() {
        for pointer in pointers(&sample.reply) {
            let key = pointer.rsplit('/').next().unwrap();
            let others: &[Value] = match key {
                "id" | "client_id" | "user_id" | "meta_id" | "job_id" if !sample.light() => {
                    &[json!(7), json!("7"), json!("a-b"), json!(9_007_199_254_740_993_u64)]
                }
                "status" if sample.reply.pointer(&pointer).unwrap().is_string() => {
                    &[json!(""), json!("on_the_way"), json!("ÜBER")]
                }
                "type" if sample.connect() => &[json!(""), json!("renewal"), json!("ÜBER")],
                // Text, an integer, or null: the wire has all of them.
                "external_id" | "quantity" | "old_quantity" | "assignee" => {
                    &[json!(""), json!("unlimited"), json!(-1), json!(1.5), json!(9_007_199_254_740_993_u64), json!({})]
                }
                _ => continue,
            };
            for other in others {
                let mut reply = sample.reply.clone();
                *reply.pointer_mut(&pointer).unwrap() = other.clone();
                let text = said(&sample, &reply.to_string());
                assert_eq!(
                    text.unwrap_or_else(|error| panic!("{} {pointer}: {error}", sample.name())),
                    sample.given(&reply.to_string())
                );
            }
        }
    }
}
