//! One call of every operation: arguments that the sandbox accepts, and a reply as the contract has it.

use serde_json::{Value, json};
use tenantry::http::Options;
use tenantry::ops::{Auth, Kind, Operation};
use tenantry::retry::Safety;
use tenantry::{Result, cloudblue, magento_bi, ops};

use super::client::{CONNECT_PREFIX, Client};
use super::connect_samples::{self, ConnectIds};
use super::fake::Canned;
use super::{options_json, secret};

/// What the arguments refer to.
#[derive(Debug, Clone)]
pub struct Ids {
    pub client_id: Value,
    pub connection_id: Value,
    pub signup_id: Value,
    pub autodash_id: Value,
    pub connect: ConnectIds,
}

impl Default for Ids {
    fn default() -> Self {
        Self {
            client_id: json!(2),
            connection_id: json!(5),
            signup_id: json!("1827c806-aaaa-4bbb-8ccc-0123456789ab"),
            autodash_id: json!("d4740d5e-4c4e-45c4-b73b-6ca9c20fdc44"),
            connect: ConnectIds::default(),
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

    /// Calls it; of a list, asks for the first page.
    pub async fn call(&self, client: &Client, options: Options) -> Result<String> {
        let (name, arguments) = (self.operation.name, self.arguments.to_string());
        match (self.connect(), self.operation.kind) {
            (false, _) => client.magento_bi.invoke(name, &arguments, options).await,
            (true, Kind::List) => Ok(self.pages(client, &options)?.next().await?.unwrap_or_else(|| "[]".to_owned())),
            (true, _) => client.cloudblue.invoke(name, &arguments, options).await,
        }
    }

    /// The list as a Rust program reads it; through the other languages' door where it takes what Rust's types do not:
    /// options of one call, and identifiers that are none.
    fn pages(&self, client: &Client, options: &Options) -> Result<tenantry::page::Pages> {
        let options = options_json(options);
        if options == json!({})
            && let Some(pages) = connect_samples::pages(&client.cloudblue, self.name(), &self.arguments)
        {
            return pages;
        }
        let door = ops::Client::CloudBlue(client.cloudblue.clone());
        door.list(self.name(), &self.arguments.to_string(), &options.to_string(), false)
    }

    /// Calls it with the client's own options.
    pub async fn invoke(&self, client: &Client) -> Result<String> {
        self.call(client, Options::default()).await
    }

    /// Whether it is an operation of CloudBlue Connect.
    pub fn connect(&self) -> bool {
        self.operation.system() == "cloudblue"
    }

    /// The operation whose request is sent first: what is composed begins by reading.
    pub fn row(&self) -> &'static Operation {
        match self.name() {
            "cloudblue.requests.set_param_values" | "cloudblue.requests.wait" => operation("cloudblue.requests.get"),
            _ => self.operation,
        }
    }

    pub fn once(&self) -> bool {
        self.row().safety == Safety::Once
    }

    pub fn safe(&self) -> bool {
        self.row().safety == Safety::Safe
    }

    /// Whether it polls: then a failed attempt is followed by a poll of its own pace.
    pub fn polls(&self) -> bool {
        self.name() == "cloudblue.requests.wait"
    }

    /// Whether it moves a request to another status, and is settled by reading.
    pub fn moves(&self) -> bool {
        self.connect() && connect_samples::target(self.verb()).is_some()
    }

    /// Whether its reply may be a request, a list of it, or nothing.
    pub fn changes(&self) -> bool {
        self.name().starts_with("cloudblue.requests.") && self.row().method != "GET" && self.verb() != "create"
    }

    pub fn lists(&self) -> bool {
        self.operation.kind == Kind::List
    }

    /// Whether its reply is text, not JSON.
    pub fn is_text(&self) -> bool {
        self.operation.accept != "application/json"
    }

    /// Whether nothing is no reply to it.
    pub fn needs_a_reply(&self) -> bool {
        !self.changes() && !self.is_text() && self.name() != "magento_bi.clients.update"
    }

    pub fn verb(&self) -> &'static str {
        self.name().rsplit('.').next().unwrap()
    }

    /// The reply as a server writes it.
    pub fn body(&self) -> String {
        if self.is_text() { self.reply.as_str().unwrap().to_owned() } else { self.reply.to_string() }
    }

    /// What the caller is given of a reply that says `body`: a change that is answered with something other than its
    /// request was made all the same, and while that cannot be read, its id is all there is to tell.
    pub fn given(&self, body: &str) -> String {
        #[derive(serde::Deserialize)]
        struct Named {
            id: Value,
        }
        let id = &self.arguments["id"];
        let is_it = serde_json::from_str::<Named>(body).is_ok_and(|named| named.id == *id);
        if self.changes() && !is_it { json!({"id": id}).to_string() } else { body.to_owned() }
    }

    /// The reply on its way.
    pub fn canned(&self, status: u16) -> Canned {
        let canned = Canned::new(status, self.body());
        canned.with("content-type", if self.is_text() { "text/markdown" } else { "application/json" })
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
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        for (key, value) in self.arguments.as_object().unwrap() {
            path = path.replace(&format!("{{{key}}}"), &text(value));
        }
        for value in self.arguments["ids"].as_array().into_iter().flatten() {
            let (before, rest) = path.split_once('{').unwrap();
            path = format!("{before}{}{}", text(value), rest.split_once('}').unwrap().1);
        }
        format!("{}{path}", if self.connect() { CONNECT_PREFIX } else { "" })
    }

    /// Whether a request of this method and path is its first one, not one that settles it.
    pub fn is_own(&self, method: &str, path: &str) -> bool {
        method == self.row().method && path == self.path()
    }
}

fn operation(name: &str) -> &'static Operation {
    operations().find(|operation| operation.name == name).unwrap()
}

fn operations() -> impl Iterator<Item = &'static Operation> {
    magento_bi::operations().chain(cloudblue::operations())
}

pub const LOGIN: &str = "magento_bi.tokens.create";

/// Every operation with ids of no server.
pub fn samples() -> Vec<Sample> {
    samples_of(&Ids::default())
}

/// Every operation of Magento BI with ids of no server.
pub fn magento_bi_samples() -> Vec<Sample> {
    samples().into_iter().filter(|sample| !sample.connect()).collect()
}

/// Every operation with the ids of a server.
pub fn samples_of(ids: &Ids) -> Vec<Sample> {
    operations()
        .map(|operation| {
            let (arguments, reply, required) = match operation.system() {
                "cloudblue" => connect_samples::row(operation.name, &ids.connect),
                _ => row(operation.name, ids),
            };
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
    let Ids { client_id, connection_id, signup_id, autodash_id, .. } = ids;
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
