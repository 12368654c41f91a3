//! One call of every operation of CloudBlue Connect: arguments that the sandbox accepts, and a reply.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tenantry::Result;
use tenantry::cloudblue::Client;
use tenantry::page::Pages;
use tenantry::time::{Random as _, SystemRandom};

use super::requests::{asset, request_v37};
use super::secret;

/// What the arguments refer to.
#[derive(Debug, Clone)]
pub struct ConnectIds {
    /// A request for each verb, in a status from which the verb leads on.
    pub requests: BTreeMap<&'static str, String>,
    pub asset: String,
    pub product: String,
    pub conversation: String,
}

/// From which status each verb leads on; the others do not mind.
pub const VERBS: [(&str, &str); 19] = [
    ("get", "approved"),
    ("update", "pending"),
    ("approve", "pending"),
    ("fail", "pending"),
    ("inquire", "pending"),
    ("pend", "inquiring"),
    ("schedule", "pending"),
    ("revoke", "scheduled"),
    ("confirm", "revoking"),
    ("purchase", "draft"),
    ("submit", "draft"),
    ("validate", "draft"),
    ("assign", "pending"),
    ("unassign", "pending"),
    ("render", "approved"),
    ("set_param_values", "pending"),
    ("wait", "approved"),
    ("list", "pending"),
    ("create", "pending"),
];

/// Where a verb leads to, in a reply of no server.
const TARGETS: [(&str, &str); 8] = [
    ("approve", "approved"),
    ("fail", "failed"),
    ("inquire", "inquiring"),
    ("pend", "pending"),
    ("schedule", "scheduled"),
    ("revoke", "revoking"),
    ("confirm", "revoked"),
    ("purchase", "pending"),
];

pub fn from_status(verb: &str) -> &'static str {
    VERBS.iter().find(|(known, _)| *known == verb).map_or("pending", |(_, status)| status)
}

pub fn target(verb: &str) -> Option<&'static str> {
    TARGETS.iter().find(|(known, _)| *known == verb).map(|(_, status)| *status)
}

impl Default for ConnectIds {
    fn default() -> Self {
        Self {
            requests: VERBS.iter().map(|(verb, _)| (*verb, "PR-0000-0000-0000-001".to_owned())).collect(),
            asset: "AS-0000-0000-0001".to_owned(),
            product: "PRD-1".to_owned(),
            conversation: "CO-000-000-001".to_owned(),
        }
    }
}

fn create() -> Value {
    let customer = json!({
        "name": "Coco Co.", "external_id": "C-1",
        "contact_info": {"address_line1": "Calle 1", "city": "Madrid", "country": "es", "postal_code": "28001"},
    });
    json!({
        "type": "purchase",
        "asset": {
            "external_id": SystemRandom.uuid(), "product": {"id": "PRD-1"}, "connection": {"id": "CT-0000-0000-0001"},
            "items": [{"id": "PRD-1-0001", "quantity": "3"}],
            "params": [{"id": "company_name", "value": "Coco Co."}, {"id": "email", "value": secret()}],
            "tiers": {"customer": customer},
        },
        "marketplace": {"id": "MP-00001"},
    })
}

fn message() -> Value {
    json!({
        "id": "ME-000-000-000-001", "conversation": "CO-000-000-001", "text": "hello", "type": "message",
        "created": "2025-05-30T10:00:00+00:00", "creator": {"id": "UR-1"}, "account": {"id": "VA-1", "name": "V"},
        "events": {"created": {"at": "2025-05-30T10:00:00+00:00"}},
    })
}

fn conversation() -> Value {
    json!({
        "id": "CO-000-000-001", "instance_id": "PR-1", "topic": "x", "type": "request", "status": "open",
        "created": "2025-05-30T10:00:00+00:00", "accounts": [{"id": "VA-1"}], "events": {},
    })
}

/// Rows of one list page, whose ids differ and whose keys are in order.
fn rows(row: &Value) -> Value {
    let mut second = row.clone();
    if row.get("id").is_some() {
        second["id"] = json!(format!("{}-2", row["id"].as_str().unwrap()));
    }
    json!([row, second])
}

/// Arguments, reply and required fields. An operation without a row here has no test of its faults.
pub fn row(name: &str, ids: &ConnectIds) -> (Value, Value, &'static [&'static str]) {
    let verb = name.rsplit('.').next().unwrap();
    let id = ids.requests.get(verb).cloned().unwrap_or_default();
    let request = request_v37(&id, target(verb).unwrap_or(from_status(verb)));
    let of = |key: &str, value: Value| json!({"id": id, key: value});
    let page = |ids: Value| json!({"ids": ids, "prefetch": false, "page_size": 50});
    // A change may be answered with anything, so nothing of it is required.
    match name.strip_prefix("cloudblue.").unwrap_or(name) {
        "requests.list" => (page(json!([])), rows(&request), &[]),
        "requests.create" => (create(), request, &["id"]),
        "requests.get" => (json!({"id": id}), request, &["id"]),
        "requests.update" => (of("params", json!([{"id": "email", "value": secret()}])), request, &[]),
        "requests.approve" => (of("template_id", json!("TL-1")), request, &[]),
        "requests.fail" | "requests.revoke" => (of("reason", json!("no such customer")), request, &[]),
        "requests.schedule" => (of("planned_date", json!("2030-01-01T00:00:00+00:00")), request, &[]),
        "requests.inquire" | "requests.pend" | "requests.confirm" | "requests.purchase" | "requests.submit"
        | "requests.unassign" => (json!({"id": id}), request, &[]),
        "requests.validate" => {
            let office = json!({"city": secret()});
            (of("params", json!([{"id": "office", "structured_value": office}])), request, &[])
        }
        "requests.assign" => (of("user_id", json!("UR-000-000-007")), request, &[]),
        // Nothing that differs: it reads, and is done.
        "requests.set_param_values" => (of("values", json!({})), request, &["id"]),
        "requests.wait" => (json!({"id": id}), request, &["id"]),
        "requests.render" => (json!({"id": id}), json!("# Ready\n\nYour *drive* is <ready>.\n"), &[]),
        "assets.render" => (json!({"id": ids.asset}), json!("# Ready\n"), &[]),
        "assets.list" => (page(json!([])), rows(&asset()), &[]),
        "assets.get" => (json!({"id": ids.asset}), asset(), &["id"]),
        "assets.requests" => (
            page(json!([ids.asset])),
            rows(&json!({"id": "PR-1", "type": "purchase", "status": "approved", "events": {}, "assignee": ""})),
            &[],
        ),
        "assets.usage_aggregates" => (
            page(json!([ids.asset])),
            json!([{"asset": {"id": ids.asset}, "item": {"id": "SKU-1"}, "value": "10.5", "period": {"from": null}}]),
            &[],
        ),
        "templates.list" => (
            page(json!([ids.product])),
            rows(&json!({"id": "TL-1", "name": "x", "scope": "asset", "type": "fulfillment", "body": "# {{x}}"})),
            &[],
        ),
        "conversations.list" => (page(json!([])), rows(&conversation()), &[]),
        "conversations.get" => (json!({"id": ids.conversation}), conversation(), &["id"]),
        "conversations.messages" => (page(json!([ids.conversation])), rows(&message()), &[]),
        "conversations.post_message" => {
            (json!({"id": ids.conversation, "text": "hello", "type": "message"}), message(), &["id"])
        }
        other => panic!("{other} has no sample: add one, so that the fault matrix covers it"),
    }
}

/// The pages of the list `name`; `None` when Rust's types cannot say its arguments.
pub fn pages(client: &Client, name: &str, arguments: &Value) -> Option<Result<Pages>> {
    macro_rules! pages {
        ($($known:literal: $resource:ident.$method:ident;)*) => {
            match name {
                $($known => client.$resource().$method(serde_json::from_value(arguments.clone()).ok()?).pages(),)*
                other => panic!("{other} is no list that the tests know"),
            }
        };
    }
    Some(pages! {
        "cloudblue.requests.list": requests.list;
        "cloudblue.assets.list": assets.list;
        "cloudblue.assets.requests": assets.requests;
        "cloudblue.assets.usage_aggregates": assets.usage_aggregates;
        "cloudblue.templates.list": templates.list;
        "cloudblue.conversations.list": conversations.list;
        "cloudblue.conversations.messages": conversations.messages;
    })
}
