//! Things that were there before a test began.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::outcome::JobWord;
use super::state::{Client, Connection, Job, State};
use crate::error::SandboxError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seed {
    /// A client that exists or is made; a new one when absent.
    client_id: Option<u64>,
    name: Option<String>,
    #[serde(default)]
    connections: Vec<SeedConnection>,
    #[serde(default)]
    jobs: Vec<SeedJob>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedConnection {
    name: String,
    #[serde(rename = "type", default = "mysql")]
    kind: String,
    host: String,
    /// Further properties, over the usual ones.
    #[serde(default)]
    properties: Map<String, Value>,
    #[serde(default)]
    deleted: bool,
}

fn mysql() -> String {
    "mysql".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedJob {
    #[serde(rename = "type")]
    kind: u64,
    /// What it has ended as.
    status: JobWord,
}

impl State {
    /// Makes what the seed describes, at once and visible, and tells the ids.
    pub(crate) fn seed(&mut self, json: Value, now: Duration, wall_ms: i64) -> Result<Value, SandboxError> {
        let seed: Seed = SandboxError::reading("seed", json)?;
        let id = seed.client_id.unwrap_or_else(|| self.next_client_id());
        self.reserve_client_id(id);
        let birth = self.birth(now, now);
        let name = seed.name.unwrap_or_else(|| format!("Client {id}"));
        let mut client = self.clients.remove(&id).unwrap_or_else(|| Client::new(birth, id, name));
        let (mut connections, mut jobs) = (Vec::new(), Vec::new());
        for connection in seed.connections {
            let made = self.seeded_connection(connection, now, wall_ms);
            connections.push(json!({ "id": made.id, "meta_id": made.meta_id }));
            client.connections.push(made);
        }
        for SeedJob { kind, status } in seed.jobs {
            let (birth, id) = (self.birth(now, now), self.next_job_id());
            let (begin_at, end_at, begin_ms, end_ms) = (now, now, wall_ms, wall_ms);
            let (connection, end) = (None, status.into());
            client.jobs.push(Job { birth, id, kind, connection, begin_at, end_at, begin_ms, end_ms, end });
            jobs.push(id);
        }
        self.clients.insert(id, client);
        Ok(json!({ "client_id": id, "connections": connections, "jobs": jobs }))
    }

    fn seeded_connection(&mut self, seed: SeedConnection, now: Duration, wall_ms: i64) -> Connection {
        let usual = json!({
            "host": seed.host, "port": "3306", "username": "magento", "dbName": "magento_store", "status": "1",
            "useSSL": "false", "sourceTZ": "UTC", "desiredTZ": null, "encryption_type": "none",
            "noPhpPasswordEncryption": "1",
        });
        let mut properties = usual.as_object().cloned().unwrap_or_default();
        properties.extend(seed.properties);
        let (id, meta_id) = self.next_connection_ids();
        Connection {
            birth: self.birth(now, now),
            id,
            meta_id,
            name: seed.name,
            kind: seed.kind,
            display_name: None,
            properties,
            has_password: true,
            deleted: seed.deleted,
            created_ms: wall_ms,
            established: None,
        }
    }
}
