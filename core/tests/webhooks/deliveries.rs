//! Deliveries twice, out of order, at once and a day later (fault matrix D3): one key for equal ones, another for others.

use std::collections::BTreeMap;

use crate::marketplaces::{marketplace, random};
use proptest::prelude::*;
use serde_json::{Value, json};
use tenantry::maestrano::Marketplace;
use tenantry::maestrano::webhooks::{self, Order, Request};

fn configured(name: &str) -> Marketplace {
    let path = |path: &str| format!("/{name}{path}");
    marketplace(&json!({
        "marketplace": name,
        "app": {
            "host": "https://app.example",
            "synchronization_start_path": path("/start"),
            "synchronization_toggle_path": path("/toggle"),
            "synchronization_status_path": path("/status/:cld-uid"),
        },
        "api": { "id": "app", "key": random(), "host": "https://api.example", "base": "/api/v1/" },
        "sso": { "init_path": "/i", "consume_path": "/c", "idp": "https://idp.example" },
        "webhooks": {
            "account": { "group_path": path("/groups/:id"), "group_user_path": path("/groups/:group_id/users/:id") },
            "connec": { "notification_path": path("/connec") },
        },
    }))
}

/// Everything that two marketplaces tell about two groups and two users, no two the same.
fn told(marketplaces: &[Marketplace]) -> Vec<Request> {
    let mut orders = Vec::new();
    for group in ["cld-1", "cld-2"] {
        for kind in ["group_deleted", "synchronization_start", "synchronization_toggle", "synchronization_status"] {
            orders.push(json!({ "type": kind, "group_id": group }));
        }
        orders.push(json!({ "type": "synchronization_start", "group_id": group, "opts": { "full": true, "n": 1 } }));
        for user in ["usr-1", "usr-2"] {
            orders.push(json!({ "type": "group_user_removed", "group_id": group, "user_id": user }));
        }
        for name in ["A", "B"] {
            let person = json!({ "group_id": group, "name": name, "tags": ["x", "y"] });
            orders.push(json!({ "type": "connec_notification", "entities": { "people": [person], "a": [] } }));
        }
    }
    // Ids that would run together if nothing stood between them.
    for (group, user) in [("a", "bc"), ("ab", "c")] {
        orders.push(json!({ "type": "group_user_removed", "group_id": group, "user_id": user }));
    }
    let signed = marketplaces.iter().flat_map(|marketplace| {
        let sign = |order: &Value| webhooks::request(marketplace, &Order::from_json(&order.to_string()).unwrap());
        orders.iter().map(move |order| sign(order).unwrap().request).collect::<Vec<_>>()
    });
    signed.collect()
}

/// The request as another client library would write it.
fn rewritten(request: &Request, way: u8) -> Request {
    let mut request = request.clone();
    if way & 1 != 0 && !request.path.contains('?') {
        request.path = request.path.replace('-', "%2D") + "/";
    }
    if way & 2 != 0
        && let Ok(body) = serde_json::from_slice::<Value>(&request.body)
    {
        request.body = backwards(&body).into();
    }
    if way & 4 != 0 {
        request.headers.reverse();
        request.headers.iter_mut().for_each(|(name, _)| *name = name.to_uppercase());
    }
    request
}

/// The JSON with blanks, and the members of its objects in the other order.
fn backwards(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<_> =
                members.iter().rev().map(|(name, value)| format!("{} : {}", json!(name), backwards(value))).collect();
            format!("{{ {} }}", members.join(" ,\n"))
        }
        Value::Array(items) => format!("[ {} ]", items.iter().map(backwards).collect::<Vec<_>>().join(" , ")),
        _ => value.to_string(),
    }
}

fn key(marketplaces: &[Marketplace], request: &Request) -> String {
    webhooks::unwrap(marketplaces, request).unwrap().dedupe_key
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

proptest! {
    #![proptest_config(cases(10_000))]

    #[test]
    fn d3_keys_are_equal_exactly_for_equal_deliveries(
        deliveries in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..8), 2..12),
    ) {
        thread_local! {
            static WORLD: (Vec<Marketplace>, Vec<Request>) = {
                let marketplaces = vec![configured("maestrano"), configured("some-telco")];
                let told = told(&marketplaces);
                (marketplaces, told)
            };
        }
        WORLD.with(|(marketplaces, told)| {
            let (mut keys, mut facts) = (BTreeMap::new(), BTreeMap::new());
            for (fact, way) in deliveries {
                let fact = fact.index(told.len());
                let key = key(marketplaces, &rewritten(&told[fact], way));
                prop_assert_eq!(*facts.entry(key.clone()).or_insert(fact), fact, "two facts have one key");
                prop_assert_eq!(keys.entry(fact).or_insert_with(|| key.clone()), &key, "one fact has two keys");
            }
            Ok(())
        })?;
    }
}

#[test]
fn d3_keys_do_not_depend_on_which_thread_or_which_order_or_what_else_is_configured() {
    let marketplaces = vec![configured("maestrano"), configured("some-telco")];
    let told = told(&marketplaces);
    let expected: Vec<_> = told.iter().map(|request| key(&marketplaces, request)).collect();
    let unique: std::collections::BTreeSet<_> = expected.iter().collect();
    assert_eq!(unique.len(), told.len());
    std::thread::scope(|scope| {
        for turn in 0..8 {
            let (told, marketplaces, expected) = (&told, &marketplaces, &expected);
            scope.spawn(move || {
                for place in (0..told.len()).map(|place| (place * 5 + turn) % told.len()) {
                    assert_eq!(key(marketplaces, &told[place]), expected[place]);
                }
            });
        }
    });
    // A day later, with new keys and one marketplace more.
    let later = vec![configured("third"), configured("some-telco"), configured("maestrano")];
    let told = self::told(&[configured("maestrano"), configured("some-telco")]);
    for (request, expected) in told.iter().zip(expected) {
        let mut request = request.clone();
        for marketplace in &later {
            let order = Order::from_json(r#"{"type": "group_deleted", "group_id": "x"}"#).unwrap();
            request.headers = webhooks::request(marketplace, &order).unwrap().request.headers;
            if let Ok(unwrapped) = webhooks::unwrap(&later, &request) {
                assert_eq!(unwrapped.dedupe_key, expected);
            }
        }
    }
}
