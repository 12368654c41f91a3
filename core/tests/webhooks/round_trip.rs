//! What one side signs, the other side reads: over random marketplaces, ids and entities.

use std::sync::LazyLock;

use crate::marketplaces::{marketplace, random};
use proptest::prelude::*;
use serde_json::{Value, json};
use tenantry::maestrano::Marketplace;
use tenantry::maestrano::webhooks::{self, Order, Request, mask_user};

/// What stands before the first placeholder of a path, in the path of the app, and behind it.
fn written() -> impl Strategy<Value = (String, String, String)> {
    let base = prop_oneof![Just(""), Just("/"), Just("/base"), Just("/a/b/")];
    let start = "(/[a-zé%:=& -]{1,8}){0,3}".prop_map(|text| {
        // Literals of a template: no placeholder, no half of an escape, no step that a URL leaves out.
        text.replace('%', "%25").replace("/:", "/x:")
    });
    let end = prop_oneof![Just(""), Just("/"), Just("/end"), Just("?q=a%20b"), Just("/?q=%26&r=")];
    (base.prop_map(str::to_owned), start, end.prop_map(str::to_owned))
}

fn configured((base, start, end): &(String, String, String), name: &str, id: &str, key: &str) -> Marketplace {
    marketplace(&json!({
        "marketplace": name,
        "app": {
            "host": format!("https://app.example{base}"),
            "synchronization_start_path": format!("{start}/start{end}"),
            "synchronization_toggle_path": format!("{start}/syncs/toggle{end}"),
            "synchronization_status_path": format!("{start}/syncs/:cld-uid{end}"),
        },
        "api": { "id": id, "key": key, "host": "https://api.example", "base": "/api/v1/" },
        "sso": { "init_path": "/i", "consume_path": "/c", "idp": "https://idp.example" },
        "webhooks": {
            "account": {
                "group_path": format!("{start}/groups/:id{end}"),
                "group_user_path": format!("{start}/groups/:group_id/users/:id{end}"),
            },
            "connec": { "notification_path": format!("{start}/connec{end}") },
        },
    }))
}

fn id() -> impl Strategy<Value = String> {
    "[A-Za-z0-9_~:@+-][A-Za-z0-9._~:@+-]{0,30}"
}

/// JSON as text, with numbers that no double holds.
fn raw_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        "-?[1-9][0-9]{0,30}(\\.[0-9]{1,20})?".prop_map(|text| text),
        any::<String>().prop_map(|text| json!(text).to_string()),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let items = prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(", ")));
        let members = prop::collection::vec((any::<String>(), inner), 0..4).prop_map(|members| {
            let members: Vec<_> = members.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
            format!("{{{}}}", members.join(" ,"))
        });
        prop_oneof![items, members]
    })
}

/// Entities of a few resources and groups: the resource, the group, and what else the entity holds.
fn entities() -> impl Strategy<Value = Vec<(String, Option<String>, String)>> {
    let resource = prop_oneof![Just("people"), Just("organizations"), Just("líst")].prop_map(str::to_owned);
    let group = prop::option::of(prop_oneof![Just("cld-1"), Just("cld-2"), Just("cld-3")].prop_map(str::to_owned));
    prop::collection::vec((resource, group, raw_json()), 0..12)
}

fn entity((_, group, value): &(String, Option<String>, String)) -> String {
    match group {
        Some(group) => format!(r#"{{"value": {value}, "group_id": "{group}"}}"#),
        None => format!(r#"{{"value": {value}}}"#),
    }
}

/// The body in which each resource comes once, in the order in which it first appears.
fn body(entities: &[(String, Option<String>, String)]) -> String {
    let mut lists: Vec<(&str, Vec<String>)> = Vec::new();
    for each in entities {
        let place = lists.iter().position(|(name, _)| *name == each.0).unwrap_or_else(|| {
            lists.push((&each.0, Vec::new()));
            lists.len() - 1
        });
        lists[place].1.push(entity(each));
    }
    let lists: Vec<_> = lists.iter().map(|(name, list)| format!("{}:[{}]", json!(name), list.join(","))).collect();
    format!("{{{}}}", lists.join(","))
}

fn order(kind: &str, fields: &[(&str, String)]) -> Order {
    let fields: String = fields.iter().map(|(name, value)| format!(r#", "{name}": {value}"#)).collect();
    Order::from_json(&format!(r#"{{"type": "{kind}"{fields}}}"#)).unwrap()
}

fn quoted(text: &str) -> String {
    json!(text).to_string()
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn what_a_marketplace_signs_is_read_as_what_was_ordered(
        written in written(),
        [group, user, app] in [id(), id(), id()],
        key in "[ -~é]{0,20}",
        masked in any::<bool>(),
        entities in entities(),
        opts in raw_json(),
    ) {
        let key = format!("{}{key}", random());
        let one = configured(&written, "one", &app, &key);
        let other = configured(&written, "other", &app, &random());
        let user = user.split('.').next().unwrap().to_owned();
        let sent_user = if masked { mask_user(&user, &group) } else { user.clone() };
        let (in_group, of_user) = (("group_id", quoted(&group)), ("user_id", quoted(&sent_user)));
        let opts = format!(r#"{{"x": {opts}}}"#);
        let orders = [
            order("group_deleted", std::slice::from_ref(&in_group)),
            order("group_user_removed", &[in_group.clone(), of_user]),
            order("connec_notification", &[("entities", body(&entities))]),
            order("synchronization_start", &[in_group.clone(), ("opts", opts.clone())]),
            order("synchronization_toggle", std::slice::from_ref(&in_group)),
            order("synchronization_status", std::slice::from_ref(&in_group)),
        ];
        for order in orders {
            let signed = webhooks::request(&one, &order).unwrap();
            let unwrapped = webhooks::unwrap([&other, &one], &signed.request).unwrap();
            prop_assert_eq!(&unwrapped.marketplace, "one");
            let text = serde_json::to_string(&unwrapped).unwrap();
            let event: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&event["type"], &json!(order.kind));
            if let Some(group) = &order.group_id {
                prop_assert_eq!(&event["group_id"], group.as_str());
            }
            if order.user_id.is_some() {
                prop_assert_eq!(&event["user_id"], &json!(user));
                prop_assert_eq!(&event["virtual_user_id"], &json!(mask_user(&user, &group)));
            }
            if order.opts.is_some() {
                prop_assert!(text.contains(&opts), "{} not in {}", opts, text);
            }

            // The same from one who has not the key: nothing, and with another key neither.
            let mut wrong = signed.request.clone();
            wrong.headers = webhooks::request(&other, &order).unwrap().request.headers;
            prop_assert_eq!(webhooks::unwrap([&other, &one], &wrong).unwrap().marketplace, "other");
            let error = webhooks::unwrap([&one], &wrong).unwrap_err();
            prop_assert_eq!(&error.report().details["reason"], "wrong_credentials");
        }
    }

    #[test]
    fn a_notification_is_split_by_group_and_nothing_is_lost_or_reordered(entities in entities()) {
        let one = configured(&Default::default(), "one", "app", &random());
        let signed = webhooks::request(&one, &order("connec_notification", &[("entities", body(&entities))])).unwrap();
        let webhooks::Event::ConnecNotification { groups } = webhooks::unwrap([&one], &signed.request).unwrap().event else {
            panic!("another event");
        };
        let mut seen = 0;
        for (place, group) in groups.iter().enumerate() {
            let id = group.group_id.as_ref().map(|id| id.as_str().to_owned());
            prop_assert!(groups[..place].iter().all(|other| other.group_id != group.group_id), "one group, once");
            for (resource, found) in group.entities.iter() {
                let own = entities.iter().filter(|(name, of, _)| name == resource && *of == id).map(entity);
                let own: Vec<_> = own.collect();
                prop_assert_eq!(found.iter().map(|raw| raw.get().to_owned()).collect::<Vec<_>>(), own);
                prop_assert!(!found.is_empty());
                seen += found.len();
            }
        }
        prop_assert_eq!(seen, entities.len());
    }
}

fn known() -> &'static Marketplace {
    static KNOWN: LazyLock<Marketplace> = LazyLock::new(|| configured(&Default::default(), "one", "app", &random()));
    &KNOWN
}

fn arbitrary_header() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "Basic [A-Za-z0-9+/]{0,24}={0,2}", Just("Basic OjpB".to_owned())]
}

proptest! {
    #![proptest_config(cases(20_000))]

    #[test]
    fn nobody_without_the_key_gets_in_and_nothing_panics(
        method in prop_oneof![Just("DELETE".to_owned()), Just("POST".to_owned()), any::<String>()],
        path in prop_oneof![Just("/connec".to_owned()), "/groups/[ -~]{0,12}", any::<String>()],
        header in arbitrary_header(),
        body in any::<Vec<u8>>(),
    ) {
        let one = known();
        let request = Request::new(method, path, [("Authorization", header)], body);
        let error = webhooks::unwrap([one], &request).unwrap_err();
        prop_assert_eq!(error.code(), tenantry::Code::Webhook);
        let status = error.report().details["reply"]["status"].as_u64();
        prop_assert!(matches!(status, Some(401 | 404 | 405)), "{:?}", status);
    }
}

proptest! {
    #![proptest_config(cases(20_000))]

    #[test]
    fn a_sender_with_the_key_may_send_any_body_and_nothing_panics(
        body in prop_oneof![any::<Vec<u8>>(), raw_json().prop_map(String::into_bytes)],
        kind in prop_oneof![Just("connec_notification"), Just("synchronization_start"), Just("synchronization_toggle")],
    ) {
        let one = known();
        let fields = match kind {
            "connec_notification" => [("entities", "{}".to_owned())],
            _ => [("group_id", quoted("cld-1"))],
        };
        let mut request = webhooks::request(one, &order(kind, &fields)).unwrap().request;
        request.body = body.into();
        if let Err(error) = webhooks::unwrap([one], &request) {
            prop_assert_eq!(&error.report().details["reason"], "invalid_body");
        }
    }
}
