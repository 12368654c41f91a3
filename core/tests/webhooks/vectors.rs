//! Webhooks as the shared vectors say, through the door that other languages use.

use std::collections::BTreeMap;

use crate::marketplaces::{Credentials, marketplace};
use serde::Deserialize;
use serde_json::{Value, json};
use tenantry::maestrano::{Marketplace, webhooks};
use tenantry::{Code, Result};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    #[serde(rename = "about")]
    _about: Vec<String>,
    marketplaces: Vec<Value>,
    cases: Vec<Case>,
    orders: Vec<Order>,
    replies: Vec<Reply>,
    masks: Vec<[String; 3]>,
    unmasks: Vec<[String; 2]>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    request: Value,
    event: Option<Value>,
    #[serde(default)]
    text_holds: Vec<String>,
    dedupe_key: Option<String>,
    same_key_as: Option<String>,
    refused: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    name: String,
    order: Value,
    request: Option<Value>,
    event: Option<Value>,
    refused: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reply {
    arguments: Value,
    reply: Value,
}

struct World {
    vectors: Vectors,
    credentials: Credentials,
    marketplaces: Vec<Marketplace>,
}

fn world() -> World {
    let mut file: Value = serde_json::from_str(include_str!("../../../tests/vectors/maestrano_webhooks.json")).unwrap();
    let mut credentials = Credentials::default();
    for configuration in file["marketplaces"].as_array().unwrap() {
        let placeholder = configuration["api"]["id"].as_str().unwrap();
        credentials.add(placeholder.strip_prefix('$').unwrap().strip_suffix(".id").unwrap());
    }
    credentials.fill(&mut file);
    let vectors: Vectors = serde_json::from_value(file).unwrap();
    let marketplaces = vectors.marketplaces.iter().map(marketplace).collect();
    World { vectors, credentials, marketplaces }
}

impl World {
    fn local(&self, name: &str, arguments: &Value) -> Result<String> {
        webhooks::local(name, &self.marketplaces.iter().collect::<Vec<_>>(), &arguments.to_string())
    }

    /// No secret, in whatever form, in what is shown.
    fn check_silence(&self, name: &str, shown: &str) {
        for secret in self.credentials.secrets() {
            for half in secret.split(':') {
                assert!(!shown.contains(half), "{name}: {shown}");
            }
        }
    }
}

/// An object asks only for the keys it names; anything else is equal.
fn check(name: &str, expected: &Value, found: &Value) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (key, value) in expected {
                check(name, value, found.get(key).unwrap_or_else(|| panic!("{name}: no {key} in {found:?}")));
            }
        }
        (Value::Array(expected), Value::Array(found)) => {
            assert_eq!(expected.len(), found.len(), "{name}");
            expected.iter().zip(found).for_each(|(expected, found)| check(name, expected, found));
        }
        _ => assert_eq!(expected, found, "{name}"),
    }
}

#[test]
fn every_request_is_taken_or_refused_as_the_vectors_say() {
    let world = world();
    let mut keys = BTreeMap::new();
    for case in &world.vectors.cases {
        let name = &case.name;
        let mut request = case.request.clone();
        if let Some(spaces) = request.as_object_mut().unwrap().remove("body_spaces") {
            request["body"] = " ".repeat(spaces.as_u64().unwrap().try_into().unwrap()).into();
        }
        match (world.local("unwrap", &request), &case.event, &case.refused) {
            (Ok(text), Some(event), None) => {
                let found: Value = serde_json::from_str(&text).unwrap();
                check(name, event, &found);
                for part in &case.text_holds {
                    assert!(text.contains(part), "{name}: no {part} in {text}");
                }
                let key = found["dedupe_key"].as_str().unwrap().to_owned();
                if let Some(expected) = &case.dedupe_key {
                    assert_eq!(key, *expected, "{name}");
                }
                match &case.same_key_as {
                    Some(other) => assert_eq!(keys.get(&key), Some(&other), "{name}"),
                    None => assert_eq!(keys.insert(key, name), None, "{name}"),
                }
                world.check_silence(name, &text);
            }
            (Err(error), None, Some(refused)) => {
                assert_eq!(error.code(), Code::Webhook, "{name}: {error}");
                assert_eq!(json!(error.report().details), *refused, "{name}: {error}");
                world.check_silence(name, &format!("{error} {error:?} {}", json!(error)));
            }
            (found, ..) => panic!("{name}: {found:?}"),
        }
    }
}

#[test]
fn every_order_becomes_the_request_and_that_the_event_that_the_vectors_say() {
    let world = world();
    for order in &world.vectors.orders {
        let name = &order.name;
        match (world.local("request", &order.order), &order.request, &order.refused) {
            (Ok(text), Some(expected), None) => {
                let mut signed: Value = serde_json::from_str(&text).unwrap();
                check(name, expected, &signed);
                signed.as_object_mut().unwrap().remove("url");
                let unwrapped = serde_json::from_str(&world.local("unwrap", &signed).unwrap()).unwrap();
                check(name, order.event.as_ref().unwrap(), &unwrapped);
            }
            (Err(error), None, Some(refused)) => {
                let field = error.report().details.get("field");
                assert_eq!((&json!(error.code()), field), (&refused["code"], refused.get("field")), "{name}: {error}");
            }
            (found, ..) => panic!("{name}: {found:?}"),
        }
    }
}

#[test]
fn replies_and_masks_are_as_the_vectors_say() {
    let world = world();
    for Reply { arguments, reply } in &world.vectors.replies {
        let found: Value = serde_json::from_str(&world.local("reply", arguments).unwrap()).unwrap();
        assert_eq!(found, *reply, "{arguments}");
    }
    for [user, group, masked] in &world.vectors.masks {
        let arguments = json!({ "user_id": user, "group_id": group });
        assert_eq!(world.local("mask_user", &arguments).unwrap(), json!(masked).to_string());
    }
    for [masked, user] in &world.vectors.unmasks {
        assert_eq!(world.local("unmask_user", &json!({ "user_id": masked })).unwrap(), json!(user).to_string());
    }
}

#[test]
fn what_is_no_argument_is_refused_by_its_name() {
    let world = world();
    let request = |more: Value| {
        let mut request = json!({ "method": "GET", "path": "/", "headers": [] });
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        request
    };
    for (arguments, field) in [
        (request(json!({ "max_body_bytes": webhooks::MAX_BODY_BYTES + 1 })), "max_body_bytes"),
        (request(json!({ "max_body_bytes": -1 })), "max_body_bytes"),
        (request(json!({ "body": "", "body_base64": "" })), "body_base64"),
        (request(json!({ "body_base64": "*" })), "body_base64"),
        (request(json!({ "headers": [["a"]] })), "headers[0]"),
        (request(json!({ "bodies": "" })), "bodies"),
    ] {
        let error = world.local("unwrap", &arguments).unwrap_err();
        assert_eq!((error.code(), &error.report().details["field"]), (Code::Validation, &json!(field)), "{error}");
    }
    assert_eq!(world.local("open", &json!({})).unwrap_err().code(), Code::Validation);
}

#[test]
fn a_key_that_was_not_read_yet_or_is_empty_lets_nobody_in() {
    let mut configuration = world().vectors.marketplaces[0].clone();
    let request = |password: &str| {
        let header = format!("Basic {}", {
            use base64::Engine as _;
            base64::engine::general_purpose::STANDARD.encode(format!("app:{password}"))
        });
        webhooks::Request::new("DELETE", "/maestrano/account/groups/1/maestrano-dev", [("authorization", header)], "")
    };
    configuration["api"]["id"] = "app".into();
    configuration["api"]["key"] = json!({ "env": "TENANTRY_NO_SUCH_VARIABLE" });
    let unread = marketplace(&configuration);
    assert_eq!(webhooks::unwrap([&unread], &request("")).unwrap_err().code(), Code::Config);
    configuration["api"]["key"] = "".into();
    let empty = marketplace(&configuration);
    let error = webhooks::unwrap([&empty], &request("")).unwrap_err();
    assert_eq!(error.report().details["reason"], "wrong_credentials");
}
