//! One call of every operation: arguments that the sandbox accepts, and a reply as the contract has it.

use serde_json::{Value, json};
use tenantry::http::Options;
use tenantry::ops::{Auth, Kind, Operation};
use tenantry::retry::Safety;
use tenantry::{Code, Result, cloudblue, magento_bi, ops};

use super::client::{CONNECT_PREFIX, Client};
use super::connect_samples::{self, ConnectIds};
use super::fake::Canned;
use super::maestrano_samples::{self, MaestranoIds};
use super::{options_json, secret};

/// What the arguments refer to.
#[derive(Debug, Clone)]
pub struct Ids {
    pub client_id: Value,
    pub connection_id: Value,
    pub signup_id: Value,
    pub autodash_id: Value,
    pub connect: ConnectIds,
    pub maestrano: MaestranoIds,
}

impl Default for Ids {
    fn default() -> Self {
        Self {
            client_id: json!(2),
            connection_id: json!(5),
            signup_id: json!("1827c806-aaaa-4bbb-8ccc-0123456789ab"),
            autodash_id: json!("d4740d5e-4c4e-45c4-b73b-6ca9c20fdc44"),
            connect: ConnectIds::default(),
            maestrano: MaestranoIds::default(),
        }
    }
}

/// What a test has to know of an operation, be it a row of the table or written by hand.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub name: &'static str,
    pub method: &'static str,
    pub path: &'static str,
    pub safety: Safety,
    pub auth: Auth,
    pub kind: Kind,
    pub accept: &'static str,
}

impl From<&'static Operation> for Row {
    fn from(operation: &'static Operation) -> Self {
        let Operation { name, method, path, safety, auth, kind, accept, .. } = operation;
        Self { name, method, path, safety: *safety, auth: *auth, kind: *kind, accept }
    }
}

/// One operation and how to call it.
#[derive(Debug, Clone)]
pub struct Sample {
    pub operation: Row,
    pub arguments: Value,
    /// A complete reply, made of unknown fields too; without what the system wraps replies in.
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
        match (self.system(), self.operation.kind) {
            ("magento_bi", _) => client.magento_bi.invoke(name, &arguments, options).await,
            ("maestrano", _) if self.fetches() => client.fetch(options).await,
            ("maestrano", _) => client.maestrano.invoke(name, &arguments, options).await,
            (_, Kind::List) => {
                let page = self.pages(client, &options)?.next_page().await?;
                Ok(page.map_or_else(|| "[]".to_owned(), |page| page.json().into_owned()))
            }
            _ => client.cloudblue.invoke(name, &arguments, options).await,
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

    pub fn system(&self) -> &'static str {
        self.name().split('.').next().unwrap()
    }

    /// Whether it is an operation of CloudBlue Connect.
    pub fn connect(&self) -> bool {
        self.system() == "cloudblue"
    }

    /// Whether it is an operation of Maestrano.
    pub fn maestrano(&self) -> bool {
        self.system() == "maestrano"
    }

    /// Whether its system shares its readers and its path with many others, and so meets fewer cases.
    pub fn light(&self) -> bool {
        self.connect() || self.maestrano()
    }

    /// The operation whose request is sent first: what is composed begins by reading.
    pub fn row(&self) -> Row {
        match self.name() {
            "cloudblue.requests.set_param_values" | "cloudblue.requests.wait" => operation("cloudblue.requests.get"),
            name if self.maestrano() => maestrano_samples::first(name).unwrap_or(self.operation),
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
        ["cloudblue.requests.wait", "maestrano.bills.wait"].contains(&self.name())
    }

    /// Whether an outage is an answer to it, and no error.
    pub fn falls_back(&self) -> bool {
        self.name() == "maestrano.sessions.check"
    }

    /// Whether a request that failed is the call's own failure.
    pub fn direct(&self) -> bool {
        !self.polls() && !self.falls_back()
    }

    /// Whether it moves a request to another status, and is settled by reading.
    pub fn moves(&self) -> bool {
        self.connect() && connect_samples::target(self.verb()).is_some()
    }

    /// Whether it charges somebody: whatever became of its reply, the bill is looked for.
    pub fn bills(&self) -> bool {
        ["maestrano.bills.create", "maestrano.recurring_bills.create"].contains(&self.name())
    }

    /// Whether it is settled by reading, four times within 17 seconds.
    pub fn settles(&self) -> bool {
        self.moves() || self.bills()
    }

    /// Whether it fetches the marketplaces.
    pub fn fetches(&self) -> bool {
        self.name() == "maestrano.marketplaces.refresh"
    }

    /// The code of an error of `code` when the request may have been carried out all the same.
    pub fn lost(&self, code: Code) -> Code {
        if self.bills() { Code::OutcomeUnknown } else { code }
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
        !self.operation.accept.ends_with("json")
    }

    /// Whether nothing is no reply to it.
    pub fn needs_a_reply(&self) -> bool {
        !self.changes() && !self.is_text() && self.name() != "magento_bi.clients.update" && !self.is_thin()
    }

    /// Whether the caller is given any JSON as it comes: nobody else reads it.
    pub fn is_thin(&self) -> bool {
        let verb = self.name().strip_prefix("maestrano.connec.");
        verb.is_some_and(|verb| ["get", "post", "put", "report"].contains(&verb))
    }

    /// Whether nobody reads what is in its reply, or reads all of it.
    pub fn is_opaque(&self) -> bool {
        self.is_thin() || self.name() == "maestrano.client.ping"
    }

    /// Whether its reply stands in an envelope.
    pub fn wrapped(&self) -> bool {
        self.maestrano() && self.operation.auth == Auth::Basic && !self.fetches() && !self.name().contains(".connec.")
    }

    /// Whether the caller is given something that is made of its reply.
    pub fn reshapes(&self) -> bool {
        self.maestrano() && maestrano_samples::reshapes(self.name())
    }

    pub fn verb(&self) -> &'static str {
        self.name().rsplit('.').next().unwrap()
    }

    /// The reply as a server writes it.
    pub fn body(&self) -> String {
        if self.is_text() { self.reply.as_str().unwrap().to_owned() } else { self.wrap(&self.reply.to_string()) }
    }

    /// What a server says whose reply proper is `data`.
    pub fn wrap(&self, data: &str) -> String {
        if self.wrapped() { format!("{}{data}}}", maestrano_samples::WRAPPING) } else { data.to_owned() }
    }

    /// At which byte of a body the reply proper begins.
    pub fn wrapping(&self) -> usize {
        if self.wrapped() { maestrano_samples::WRAPPING.len() } else { 0 }
    }

    /// What the caller is given of the sample's own reply.
    pub fn answer(&self) -> String {
        self.given(&self.reply.to_string())
    }

    /// What the caller is given of a reply proper that says `body`: a change that is answered with something other than its
    /// request was made all the same, and while that cannot be read, its id is all there is to tell.
    pub fn given(&self, body: &str) -> String {
        #[derive(serde::Deserialize)]
        struct Named {
            id: Value,
        }
        if self.reshapes() {
            return maestrano_samples::given(self.name(), &self.arguments, body);
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

    /// Whether a token is fetched before it.
    pub fn logs_in(&self) -> bool {
        self.system() == "magento_bi" && self.authorised()
    }

    /// What a server says to whoever looks for what has become of it, when all is well.
    pub fn found(&self) -> Canned {
        let rows = self.wrap(&json!([self.reply]).to_string());
        let body = if self.bills() { rows } else { self.body() };
        Canned { body: body.into_bytes(), ..self.canned(200) }
    }

    pub fn is_login(&self) -> bool {
        self.name() == LOGIN
    }

    /// The path that the arguments make of the template.
    pub fn path(&self) -> String {
        let mut path = self.row().path.to_owned();
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        for (key, value) in self.arguments.as_object().unwrap() {
            path = path.replace(&format!("{{{key}}}"), &text(value));
        }
        for value in self.arguments["ids"].as_array().into_iter().flatten() {
            let (before, rest) = path.split_once('{').unwrap();
            path = format!("{before}{}{}", text(value), rest.split_once('}').unwrap().1);
        }
        let prefix = if self.connect() { CONNECT_PREFIX } else { maestrano_samples::prefix(self.name()) };
        format!("{prefix}{path}")
    }

    /// Whether a request of this method and path is its first one, not one that settles it.
    pub fn is_own(&self, method: &str, path: &str) -> bool {
        method == self.row().method && path == self.path()
    }
}

fn operation(name: &str) -> Row {
    operations().find(|operation| operation.name == name).unwrap()
}

fn operations() -> impl Iterator<Item = Row> {
    magento_bi::operations().chain(cloudblue::operations()).map(Row::from).chain(maestrano_samples::rows())
}

pub const LOGIN: &str = "magento_bi.tokens.create";

/// Every operation with ids of no server.
pub fn samples() -> Vec<Sample> {
    samples_of(&Ids::default())
}

/// Every operation of Magento BI with ids of no server.
pub fn magento_bi_samples() -> Vec<Sample> {
    samples().into_iter().filter(|sample| !sample.light()).collect()
}

/// Every operation of Maestrano with ids of no server.
pub fn maestrano_samples() -> Vec<Sample> {
    samples().into_iter().filter(Sample::maestrano).collect()
}

/// Every operation with the ids of a server.
pub fn samples_of(ids: &Ids) -> Vec<Sample> {
    operations()
        .map(|operation| {
            let (arguments, reply, required) = match operation.name.split('.').next() {
                Some("cloudblue") => connect_samples::row(operation.name, &ids.connect),
                Some("maestrano") => maestrano_samples::row(operation.name, &ids.maestrano),
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
