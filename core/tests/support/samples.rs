//! One call of every operation: arguments that the sandbox accepts, and a reply as the contract has it.

use serde_json::{Value, json};
use tenantry::Result;
use tenantry::http::Options;
use tenantry::magento_bi::{self, Client};
use tenantry::ops::{Auth, Operation};
use tenantry::retry::Safety;

use super::secret;

/// What the arguments refer to.
#[derive(Debug, Clone)]
pub struct Ids {
    pub client_id: Value,
    pub connection_id: Value,
    pub signup_id: Value,
    pub autodash_id: Value,
}

impl Default for Ids {
    fn default() -> Self {
        Self {
            client_id: json!(2),
            connection_id: json!(5),
            signup_id: json!("1827c806-aaaa-4bbb-8ccc-0123456789ab"),
            autodash_id: json!("d4740d5e-4c4e-45c4-b73b-6ca9c20fdc44"),
        }
    }
}

/// One operation and how to call it.
#[derive(Debug, Clone)]
pub struct Sample {
    pub operation: &'static Operation,
    pub arguments: Value,
    /// A complete reply, made of unknown fields too.
    pub reply: Value,
    /// The fields that a reply cannot do without, by the path that an error names.
    pub required: &'static [&'static str],
}

impl Sample {
    pub fn name(&self) -> &'static str {
        self.operation.name
    }

    /// Calls it.
    pub async fn call(&self, client: &Client, options: Options) -> Result<String> {
        client.invoke(self.operation.name, &self.arguments.to_string(), options).await
    }

    /// Calls it with the client's own options.
    pub async fn invoke(&self, client: &Client) -> Result<String> {
        self.call(client, Options::default()).await
    }

    pub fn once(&self) -> bool {
        self.operation.safety == Safety::Once
    }

    pub fn safe(&self) -> bool {
        self.operation.safety == Safety::Safe
    }

    pub fn authorised(&self) -> bool {
        self.operation.auth != Auth::None
    }

    pub fn is_login(&self) -> bool {
        self.name() == LOGIN
    }

    /// The path that the arguments make of the template.
    pub fn path(&self) -> String {
        let mut path = self.operation.path.to_owned();
        for (key, value) in self.arguments.as_object().unwrap() {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            path = path.replace(&format!("{{{key}}}"), &text);
        }
        path
    }
}

pub const LOGIN: &str = "magento_bi.tokens.create";

/// Every operation with ids of no server.
pub fn samples() -> Vec<Sample> {
    samples_of(&Ids::default())
}

/// Every operation with the ids of a server.
pub fn samples_of(ids: &Ids) -> Vec<Sample> {
    magento_bi::operations()
        .map(|operation| {
            let (arguments, reply, required) = row(operation.name, ids);
            Sample { operation, arguments, reply, required }
        })
        .collect()
}

/// The sample of the operation called `name`, without its system.
pub fn sample(samples: &[Sample], name: &str) -> Sample {
    samples.iter().find(|sample| sample.name().ends_with(name)).unwrap().clone()
}

/// A token's reply with a token of this run alone.
pub fn token() -> Value {
    json!({
        "refreshed_at": "2018-06-22 10:53:16", "oauth_client_id": 1, "token_type": "bearer", "id": 16,
        "access_token": secret(), "scope": "default", "user_id": 1, "create_at": "2018-06-22 10:53:16",
        "client_id": null, "expires_at": "2018-06-22 14:53:16", "grant_type": "password", "expires_in": 14400,
        "refresh_token": null,
    })
}

fn job() -> Value {
    json!({
        "status": {"name": "Queued", "id": 1}, "end": null, "start": null,
        "type": {"name": "Connection Test", "id": 27}, "id": null,
    })
}

fn connection() -> Value {
    json!({
        "namespace": "input-connections", "created_at": "2018-04-10 10:03:09.0", "display_name": null, "id": 14,
        "type": "mysql", "name": "store", "meta_id": 5, "client_id": 2, "updated_at": "2018-04-10 10:03:21.0",
        "integration_type": {"protocol": "mysql", "directions": ["inbound"], "cbi_is_available": true},
        "properties": {"host": "db.example.com", "port": "3306", "useSSL": "false", "established": null, "status": "1"},
    })
}

/// Arguments, reply and required fields. An operation without a row here has no test of its faults.
fn row(name: &str, ids: &Ids) -> (Value, Value, &'static [&'static str]) {
    let Ids { client_id, connection_id, signup_id, autodash_id } = ids;
    let listed_job = json!({
        "status": {"name": "Completed Successfully", "id": 4}, "id": 7, "start": "2018-04-10 10:03:09",
        "end": "2018-04-10 10:03:21", "type": {"name": "struct sync", "id": 5},
    });
    match name.strip_prefix("magento_bi.").unwrap_or(name) {
        "tokens.create" => (json!({}), token(), &["access_token"]),
        "signups.create" => (
            json!({
                "tier": "T100", "company": "Coco Co.", "first_name": "CSMFirst", "last_name": "CSMLast",
                "email": "csm@example.com", "role": "csm",
                "magento": {"customer_id": "MAG0000001", "subscription_id": "1000"},
            }),
            json!({"url": "http://api.example.com/v3/signups/1827c806", "id": "1827c806"}),
            &["id"],
        ),
        "signups.get" => (
            json!({"signup_id": signup_id}),
            json!({"pubkey": "ssh-rsa AAAAB3N", "status": "completed", "client_id": 123}),
            &["status"],
        ),
        "invites.create" => (
            json!({
                "email": "customer@customer.com", "client_id": client_id, "first_name": "tester",
                "last_name": "mctest", "client_rights": {"admin": 1, "billing": 1, "readonly": 1, "technical": 0},
            }),
            json!({"inviter_user_id": 39203, "client_id": 2, "email": "customer@customer.com", "id": 3892}),
            &[],
        ),
        "clients.update" => (
            json!({
                "client_id": client_id, "name": "Coco Co.",
                "properties": {"has_guest_checkout": "0", "is_implemented": false, "website_url": null},
            }),
            json!({"id": 2, "name": "Coco Co.", "properties": {"week_start_day": "7", "is_implemented": false}}),
            &[],
        ),
        "connections.create" => (
            json!({
                "client_id": client_id, "name": "store", "display_name": "store", "type": "mysql",
                "credentials": {"password": secret(), "encryption_password": null},
                "properties": {
                    "host": "db.example.com", "port": "3306", "username": "magento", "dbName": "magento_store",
                    "status": "1", "desiredTZ": null,
                },
            }),
            connection(),
            &["id"],
        ),
        "connections.list" => {
            (json!({"client_id": client_id}), json!([connection(), connection()]), &["[0].id", "[1].id"])
        }
        "jobs.start_connection_test" => {
            (json!({"client_id": client_id, "connection_id": connection_id}), job(), &["status"])
        }
        "jobs.list_by_type" => {
            (json!({"client_id": client_id, "type_id": 5}), json!([listed_job, job()]), &["[0].status", "[1].status"])
        }
        "autodash.create" => (
            json!({
                "client_id": client_id, "package": "magento1_rjql1", "user_id": 3,
                "connections": {
                    "db": {"connection_id": connection_id, "database": "magento_store", "table_prefix": ""},
                },
            }),
            json!({"id": "d4740d5e-4c4e-45c4-b73b-6ca9c20fdc44"}),
            &["id"],
        ),
        "autodash.get" => (
            json!({"client_id": client_id, "autodash_id": autodash_id}),
            json!({"status": "completed", "job_id": "d4740d5e-4c4e-45c4-b73b-6ca9c20fdc44"}),
            &["status"],
        ),
        other => panic!("{other} has no sample: add one, so that the fault matrix covers it"),
    }
}
