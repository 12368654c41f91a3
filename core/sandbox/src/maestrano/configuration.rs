//! `GET /api/config/v1/marketplaces`: all that an app is told about its marketplaces (contract, table 1a).

use serde_json::{Value, json};

use super::credentials::MARKETPLACES;
use super::identity;
use crate::call::Call;
use crate::reply::Reply;
use crate::world::Systems;

pub(super) fn fetch(systems: &mut Systems, call: &Call<'_>) -> Reply {
    if let Err(refusal) = call.maestrano.admit(call) {
        return refusal;
    }
    let identity = match identity::shared() {
        Ok(identity) => identity,
        Err(why) => return Reply::json(500, &json!({ "error": why })),
    };
    let behaviour = &systems.maestrano.behaviour;
    let mut marketplaces = Vec::new();
    for (place, name) in MARKETPLACES.iter().enumerate() {
        let mut entry = entry(place, call.url, &behaviour.app_host);
        let app = call.maestrano.app(place);
        entry["api"]["id"] = app.id.into();
        entry["api"]["key"] = app.key.into();
        entry["sso"]["x509_fingerprint"] = identity.fingerprint.as_str().into();
        entry["sso"]["x509_certificate"] = identity.pem.as_str().into();
        if behaviour.broken.as_deref() == Some(name) {
            entry["api"] = Value::Null;
            entry["sso"]["consume_path"] = json!(false);
        }
        marketplaces.push(entry);
    }
    Reply::ok(&json!({ "marketplaces": marketplaces }))
}

/// All but the secrets and the certificate. The two differ in every point where the vendor's own may.
fn entry(place: usize, url: &str, app_host: &str) -> Value {
    let name = MARKETPLACES[place];
    let is_connector = place == 1;
    let mut entry = json!({
        "nid": if is_connector { "sandbox-app-uat" } else { "sandbox-app-production" },
        "marketplace": name,
        "environment": "sandbox-app",
        "app": { "host": app_host },
        "api": { "id": null, "key": null, "host": url, "base": "/api/v1/" },
        "sso": {
            "idm": is_connector.then_some(app_host),
            "init_path": init_path(place),
            "consume_path": format!("/maestrano/auth/saml/consume/{name}"),
            "idp": url,
            "x509_fingerprint": null,
            "x509_certificate": null,
        },
        "connec": { "host": url, "base_path": "/api/v2", "timeout": 300 },
        "webhooks": {
            "account": {
                "group_path": format!("/maestrano/account/groups/:id/{name}"),
                "group_user_path": format!("/maestrano/account/groups/:group_id/users/:id/{name}"),
            },
            "connec": {
                "external_ids": external_ids(place),
                "initialization_path": is_connector.then_some("/maestrano/connec/initialization/some-telco"),
                "notification_path": format!("/maestrano/connec/notifications/{name}"),
                "subscriptions": is_connector.then(|| json!({"organizations": true, "people": true, "items": false})),
            },
        },
    });
    if is_connector {
        for (key, path) in [
            ("synchronization_start_path", "/maestrano/some-telco/synchronizations"),
            ("synchronization_toggle_path", "/maestrano/some-telco/synchronizations/toggle_sync"),
            ("synchronization_status_path", "/maestrano/some-telco/synchronizations/:cld-uid"),
        ] {
            entry["app"][key] = path.into();
        }
    }
    entry
}

/// One has its marketplace in the path, one in a query.
fn init_path(place: usize) -> &'static str {
    if place == 0 { "/maestrano/auth/saml/init/maestrano" } else { "/maestrano/auth/saml/init?marketplace=some-telco" }
}

/// Whether this marketplace's shared data have lists for ids.
pub(super) fn external_ids(place: usize) -> bool {
    place == 1
}

/// A path of the app, as the configuration has it.
pub(super) fn path(place: usize, pointer: &str) -> Option<String> {
    entry(place, "", "").pointer(pointer).and_then(Value::as_str).map(ToOwned::to_owned)
}
