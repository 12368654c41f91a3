//! `POST` (step 6) and `GET` (step 7) `/v1/v2/clients/{client_id}/connections/input-connections`.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::auth;
use super::state::{Client, Connection};
use crate::call::{Call, field, required_text};
use crate::clock::wall;
use crate::reply::Reply;
use crate::world::Systems;

const NAMESPACE: &str = "input-connections";

pub(super) fn create(systems: &mut Systems, call: &Call<'_>) -> Reply {
    connect(systems, call).unwrap_or_else(|refusal| refusal)
}

fn connect(systems: &mut Systems, call: &Call<'_>) -> Result<Reply, Reply> {
    let state = &mut systems.magento_bi;
    auth::api(state, call)?;
    let client_id = state.client(call.segment(0), call.now)?.id;
    let sent = call.object()?;
    let name = required_text(sent, "name")?.to_owned();
    let kind = required_text(sent, "type")?.to_owned();
    required_text(sent, "properties.host")?;
    let properties = sent.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let display_name = sent.get("display_name").and_then(Value::as_str).map(str::to_owned);
    let (id, meta_id) = state.next_connection_ids();
    let connection = Connection {
        birth: state.birth(call.now, call.visible_at()),
        id,
        meta_id,
        name,
        kind,
        display_name,
        // A secret among them goes back to its sender, but is not kept.
        properties: without_secrets(&properties),
        has_password: field(sent, "credentials.password").is_some_and(|password| !password.is_null()),
        deleted: false,
        created_ms: call.wall_ms,
        established: None,
    };
    let reply = json!({
        "meta_id": meta_id, "id": id, "namespace": NAMESPACE, "client_id": client_id, "type": connection.kind,
        "name": connection.name, "properties": properties, "display_name": connection.display_name,
    });
    state.client(call.segment(0), call.now)?.connections.push(connection);
    Ok(Reply::created(&reply))
}

fn without_secrets(properties: &Map<String, Value>) -> Map<String, Value> {
    let kept = properties.iter().filter(|(key, _)| key.as_str() != "encryption_groupSecret");
    kept.map(|(key, value)| (key.clone(), value.clone())).collect()
}

pub(super) fn list(systems: &mut Systems, call: &Call<'_>) -> Reply {
    listed(systems, call).unwrap_or_else(|refusal| refusal)
}

fn listed(systems: &mut Systems, call: &Call<'_>) -> Result<Reply, Reply> {
    auth::api(&systems.magento_bi, call)?;
    let include_deleted = matches!(call.query("include_deleted"), Some("true" | "1"));
    let client: &Client = systems.magento_bi.client(call.segment(0), call.now)?;
    let shown = client
        .connections
        .iter()
        .filter(|connection| connection.birth.visible(call.now) && (include_deleted || !connection.deleted));
    Ok(Reply::ok(&shown.map(|connection| connection.listed(client.id, call.now)).collect()))
}

impl Connection {
    /// As the list shows it: another set of properties than the reply of the creation.
    fn listed(&self, client_id: u64, now: Duration) -> Value {
        let established = self.established.filter(|(at, _)| now >= *at).map(|(_, wall_ms)| wall_ms);
        let mut properties = json!({
            "blackout": null, "sslCa": null, "sslCert": null, "sslKey": null, "frequency": null,
            "created": wall::stamp(self.created_ms), "established": established.map(wall::stamp),
        });
        for key in ["sourceTZ", "encryption_type", "useSSL", "desiredTZ", "status", "host", "port", "username"] {
            properties[key] = self.properties.get(key).cloned().unwrap_or(Value::Null);
        }
        let key = "noPhpPasswordEncryption";
        properties[key] = self.properties.get(key).cloned().unwrap_or(Value::Null);
        json!({
            "namespace": NAMESPACE, "created_at": format!("{}.0", wall::stamp(self.created_ms)),
            "display_name": self.display_name, "id": self.id, "type": self.kind, "name": self.name,
            "integration_type": {
                "protocol": self.kind, "directions": ["inbound"], "cbi_is_available": true,
                "pricing_tier": "standard", "replication_type": "db", "pipeline_state": "released",
                "display_name": if self.kind == "mysql" { "MySQL" } else { &self.kind }, "type": self.kind,
            },
            "meta_id": self.meta_id, "client_id": client_id,
            "updated_at": format!("{}.0", wall::stamp(established.unwrap_or(self.created_ms))),
            "properties": properties,
        })
    }
}
