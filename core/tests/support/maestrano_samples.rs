//! One call of every operation of Maestrano: arguments that the sandbox accepts, and a reply as the contract has it.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Value, json};
use tenantry::maestrano;
use tenantry::ops::{Auth, Kind};
use tenantry::retry::Safety;
use tenantry::time::{Random as _, SystemRandom};

use super::samples::Row;
use super::secret;

/// What the arguments refer to.
#[derive(Debug, Clone)]
pub struct MaestranoIds {
    /// A bill that came to an end, and one that did not.
    pub ended_bill: String,
    pub bill: String,
    pub recurring_bill: String,
    pub person: String,
    /// The token of a session of `usr-1`.
    pub session: String,
}

impl Default for MaestranoIds {
    fn default() -> Self {
        Self {
            ended_bill: "bill-502".to_owned(),
            bill: "bill-501".to_owned(),
            recurring_bill: "rbill-504".to_owned(),
            person: "8a4b6c1e-aaaa-4bbb-8ccc-0123456789ab".to_owned(),
            session: secret(),
        }
    }
}

/// What stands before the data of a reply.
pub const WRAPPING: &str = r#"{"success":true,"errors":{},"data":"#;

const CONNEC: &str = "application/vnd.api+json";

const fn by_hand(name: &'static str, method: &'static str, path: &'static str, safety: Safety) -> Row {
    Row { name, method, path, safety, auth: Auth::Basic, kind: Kind::Composed, accept: "application/json" }
}

const fn connec(name: &'static str, method: &'static str, path: &'static str, safety: Safety) -> Row {
    Row { accept: CONNEC, ..by_hand(name, method, path, safety) }
}

/// What has no row in the table: its methods are written by hand in each language.
const BY_HAND: [Row; 8] = [
    by_hand("maestrano.client.ping", "GET", "/ping", Safety::Safe),
    by_hand("maestrano.marketplaces.refresh", "GET", "/api/config/v1/marketplaces", Safety::Safe),
    connec("maestrano.connec.get", "GET", "/{group_id}/{resource}/{id}", Safety::Safe),
    connec("maestrano.connec.page", "GET", "/{group_id}/{resource}", Safety::Safe),
    connec("maestrano.connec.post", "POST", "/{group_id}/{resource}", Safety::Once),
    connec("maestrano.connec.put", "PUT", "/{group_id}/{resource}/{id}", Safety::Idempotent),
    connec("maestrano.connec.batch", "POST", "/batch", Safety::Once),
    connec("maestrano.connec.report", "GET", "/api/reports/{group_id}/{name}", Safety::Safe),
];

/// Under which names their requests are told.
const TOLD: [(&str, &str); 5] = [
    ("maestrano.marketplaces.refresh", "maestrano.marketplaces.fetch"),
    ("maestrano.connec.page", "maestrano.connec.list"),
    ("maestrano.connec.post", "maestrano.connec.create"),
    ("maestrano.connec.put", "maestrano.connec.update"),
    ("maestrano.bills.wait", "maestrano.bills.get"),
];

/// Every operation.
pub fn rows() -> impl Iterator<Item = Row> {
    maestrano::operations().filter(|operation| operation.kind != Kind::Local).map(Row::from).chain(BY_HAND)
}

/// The operation whose request is sent first.
pub fn first(name: &str) -> Option<Row> {
    let told = TOLD.iter().find(|(known, _)| *known == name)?.1;
    let row = rows().find(|row| row.name == name)?;
    Some(Row { name: told, ..row })
}

/// What the paths of its service begin with.
pub fn prefix(name: &str) -> &'static str {
    match name.strip_prefix("maestrano.") {
        None | Some("marketplaces.refresh" | "connec.batch" | "connec.report") => "",
        Some(name) if name.starts_with("connec.") => "/api/v2",
        Some(_) => "/api/v1",
    }
}

/// Whether the caller is given something that is made of the reply.
pub fn reshapes(name: &str) -> bool {
    let made = ["connec.page", "connec.batch", "sessions.check", "marketplaces.refresh"];
    name.strip_prefix("maestrano.").is_some_and(|name| made.contains(&name))
}

/// What the caller is given of a reply that can be read.
pub fn given(name: &str, arguments: &Value, body: &str) -> String {
    let fields: BTreeMap<String, &RawValue> = serde_json::from_str(body).unwrap();
    let text = |name: &str| fields.get(name).map_or("null", |raw| raw.get());
    match name {
        "maestrano.connec.page" => {
            #[derive(serde::Deserialize)]
            struct Pagination {
                #[serde(default)]
                next: Option<String>,
            }
            let pagination: Option<Pagination> = serde_json::from_str(text("pagination")).unwrap();
            let next = pagination.and_then(|pagination| pagination.next).filter(|next| !next.is_empty());
            let items = text(arguments["resource"].as_str().unwrap());
            format!(r#"{{"items":{items},"next":{}}}"#, json!(next))
        }
        "maestrano.connec.batch" => {
            let results: Vec<&RawValue> = serde_json::from_str(text("results")).unwrap();
            format!("[{}]", results.iter().map(|raw| raw.get()).collect::<Vec<_>>().join(","))
        }
        "maestrano.sessions.check" => {
            json!({"valid": fields["valid"], "recheck": fields.get("recheck"), "checked": true}).to_string()
        }
        _ => {
            let change = r#"{"type":"added","marketplace":"some-telco"}"#;
            format!(r#"{{"names":["some-telco"],"changes":[{change}],"stale":false,"error":null}}"#)
        }
    }
}

/// The configuration of a marketplace all of whose services are at `url`.
pub fn marketplace(url: &str, id: &str, key: &str) -> Value {
    json!({
        "marketplace": "some-telco", "nid": "app", "environment": "app-uat", "app": {"host": "https://app.example.com"},
        "api": {"id": id, "key": key, "host": url, "base": "/api/v1/"},
        "sso": {
            "idm": null, "init_path": "/init?marketplace=some-telco", "consume_path": "/consume", "idp": url,
            "x509_fingerprint": "86:1e:2e", "x509_certificate": "(...)",
        },
        "connec": {"host": url, "base_path": "/api/v2", "timeout": 30},
        "webhooks": {
            "account": {"group_path": "/groups/:id", "group_user_path": "/groups/:group_id/users/:id"},
            "connec": {"external_ids": true, "initialization_path": null, "notification_path": "", "subscriptions": {}},
        },
    })
}

fn group() -> Value {
    json!({
        "object": "account_group", "id": "cld-4", "created_at": "2014-05-21T04:04:53Z", "updated_at": "2014-05-21",
        "has_credit_card": true, "status": "running", "name": "Coco Co. & Sons", "email": "cld-4@example.com",
        "free_trial_end_at": "0000-01-01T00:00:00Z", "currency": "USD", "timezone": "America/Los_Angeles",
        "country": "US", "city": "Erdek", "main_accounting": null, "metadata": {"pull_disabled": false, "x": [1.5]},
        "nobody_knows_it": {"deep": [null, 10]},
    })
}

fn user() -> Value {
    json!({
        "object": "account_user", "id": "usr-1", "name": "Zoë", "surname": "O'Neil", "email": "zoe@example.com",
        "country": "UK", "company_name": null, "sso_session": secret(), "created_at": "2014-05-21T00:32:35.000Z",
        "updated_at": "2014-05-21T00:32:35+02:00", "nobody_knows_it": [],
    })
}

fn bill(id: &str) -> Value {
    json!({
        "object": "account_bill", "id": id, "group_id": "cld-4", "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z", "price_cents": 2000, "status": "invoiced", "currency": "USD",
        "units": "1.50", "description": "Product purchase", "period_started_at": null, "period_ended_at": null,
        "third_party": false, "nobody_knows_it": 1,
    })
}

fn recurring_bill(id: &str) -> Value {
    json!({
        "object": "account_recurring_bill", "id": id, "group_id": "cld-4", "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z", "price_cents": 2000, "status": "active", "currency": "USD",
        "description": "Product subscription", "start_date": "2026-01-01T00:00:00.000Z", "period": "semimonth",
        "frequency": 1, "cycles": null, "initial_cents": 0, "last_execution_at": null,
        "next_execution_at": "2026-01-15T00:00:00Z", "remaining_cycles": null,
    })
}

fn reseller() -> Value {
    json!({
        "object": "account_reseller", "id": "rsl-1", "name": "Reseller Inc.", "code": "reseller-inc", "country": "AU",
        "created_at": "2014-05-20T00:00:00Z", "updated_at": null,
    })
}

fn person(id: &str) -> Value {
    json!({
        "id": [{"realm": "org", "provider": "connec", "id": id}], "group_id": "cld-4", "first_name": "Ann",
        "balance": 10.5, "created_at": "2016-08-01T15:30:20.000Z", "address": {"line1": "", "nothing": null},
    })
}

/// `reply` as what a create with this reference makes.
fn referring(mut reply: Value, reference: &str) -> Value {
    let description = format!("{} [ref:{reference}]", reply["description"].as_str().unwrap());
    reply["description"] = json!(description);
    reply
}

/// Two rows of a list.
fn two(row: Value) -> Value {
    let mut second = row.clone();
    second["id"] = json!(format!("{}-2", row["id"].as_str().unwrap()));
    json!([row, second])
}

/// Arguments, reply and required fields. An operation without a row here has no test of its faults.
pub fn row(name: &str, ids: &MaestranoIds) -> (Value, Value, &'static [&'static str]) {
    let both: &[&str] = &["[0].id", "[1].id"];
    let of = |id: &str| json!({"id": id});
    let reference = SystemRandom.uuid();
    let charge = |description: &str| {
        json!({
            "group_id": "cld-4", "price_cents": 2000, "currency": "USD", "description": description,
            "reference": reference,
        })
    };
    let people = |more: Value| {
        let mut arguments = json!({"group_id": "cld-4", "resource": "people"});
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        arguments
    };
    let whole = json!({"people": person(&ids.person), "meta": {"took": 1.5}});
    match name.strip_prefix("maestrano.").unwrap_or(name) {
        "client.ping" => (json!({}), json!({"msg": "Hello World!", "more": [1]}), &[]),
        "groups.list" => (json!({}), two(group()), both),
        "groups.get" => (of("cld-4"), group(), &["id"]),
        "users.list" => (json!({"group_id": "cld-4"}), two(user()), both),
        "users.get" => (of("usr-1"), user(), &["id"]),
        "bills.list" => (json!({"group_id": "cld-4", "status": "invoiced"}), two(bill("bill-502")), both),
        "bills.get" | "bills.wait" => (of(&ids.ended_bill), bill(&ids.ended_bill), &["id"]),
        "bills.cancel" => (of(&ids.bill), bill(&ids.bill), &["id"]),
        "bills.create" => (charge("Product purchase"), referring(bill("bill-520"), &reference), &["id"]),
        "recurring_bills.list" => (json!({"group_id": "cld-4"}), two(recurring_bill("rbill-504")), both),
        "recurring_bills.get" | "recurring_bills.cancel" => {
            (of(&ids.recurring_bill), recurring_bill(&ids.recurring_bill), &["id"])
        }
        "recurring_bills.create" => {
            (charge("Product subscription"), referring(recurring_bill("rbill-520"), &reference), &["id"])
        }
        "resellers.list" => (json!({}), two(reseller()), both),
        "resellers.get" => (of("rsl-1"), reseller(), &["id"]),
        "resellers.groups" => (of("rsl-1"), two(group()), both),
        "sessions.check" => (
            json!({"id": "usr-1", "session": ids.session}),
            json!({"valid": true, "recheck": "2026-01-01T00:03:00Z"}),
            &["valid"],
        ),
        "marketplaces.refresh" => {
            let marketplace = marketplace("https://api-hub.maestrano.com", "app-1", &secret());
            (json!({}), json!({"marketplaces": [marketplace]}), &[])
        }
        "connec.get" => (people(json!({"id": ids.person})), whole, &[]),
        "connec.page" => (
            people(json!({"params": {"$top": 100, "$filter": "updated_at gt '2016-01-01T00:00:00Z'"}})),
            json!({"people": [person(&ids.person), {}], "pagination": {"skip": 0, "top": 10, "total": 2, "next": null}}),
            &["people"],
        ),
        "connec.post" => (people(json!({"data": {"first_name": "Ann", "last_name": "O'Neil"}})), whole, &[]),
        "connec.put" => (people(json!({"id": ids.person, "data": {"first_name": "Ann"}})), whole, &[]),
        "connec.batch" => (
            json!({
                "group_id": "cld-4",
                "ops": [{"method": "PUT", "resource": "people", "id": ids.person, "data": {"first_name": "Ann"}}],
            }),
            json!({"results": [{"status": 200, "body": whole}], "more": null}),
            &["results"],
        ),
        "connec.report" => (
            json!({"group_id": "cld-4", "name": "balance_sheet", "params": {"from": "2026-01-01"}}),
            json!({"content": [], "total": 10.5}),
            &[],
        ),
        other => panic!("{other} has no sample: add one, so that the fault matrix covers it"),
    }
}
