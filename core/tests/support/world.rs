//! A sandbox on virtual time with everything in it that the samples refer to.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tenantry::http::Options;
use tenantry::time::{Random as _, SystemRandom};
use tenantry::{cloudblue, magento_bi};
use tenantry_sandbox::{ClockKind, Sandbox, SandboxOptions};

use super::client::{Builder, Client};
use super::connect_samples::{VERBS, from_status};
use super::samples::{Ids, Sample, sample, samples_of};
use super::way::Way;

pub struct World {
    pub sandbox: Sandbox,
    pub ids: Ids,
    /// A marketplace of Maestrano, as it is configured.
    marketplace: Value,
    /// By which its clients go; absent, by what they choose.
    way: Option<Way>,
    /// Requests of Connect that nobody has touched, by their status.
    untouched: Mutex<HashMap<&'static str, Vec<String>>>,
}

/// Requests that are made at a time.
const AT_ONCE: usize = 20;

impl World {
    pub async fn new() -> Self {
        Self::set(None).await
    }

    /// One whose clients all go by `way`.
    pub async fn by(way: Way) -> Self {
        Self::set(Some(way)).await
    }

    async fn set(way: Option<Way>) -> Self {
        let options = SandboxOptions { clock: ClockKind::Virtual, ..SandboxOptions::default() };
        let sandbox = Sandbox::start(options).unwrap();
        let seeded = sandbox.seed(json!({
            "connections": [{"name": "store", "host": "db.example.com"}],
            "jobs": [{"type": 5, "status": "Completed Successfully"}],
        }));
        let seeded = seeded.unwrap();
        let ids = Ids {
            client_id: seeded["client_id"].clone(),
            connection_id: seeded["connections"][0]["meta_id"].clone(),
            ..Ids::default()
        };
        // What is known of a session is not remembered: each check is a request.
        sandbox.maestrano(json!({"recheck_ms": 0})).unwrap();
        let marketplace = marketplace(&sandbox);
        let mut world = Self { sandbox, ids, marketplace, way, untouched: Mutex::default() };
        let state = world.sandbox.state();
        let assets = state["cloudblue"]["assets"].as_array().unwrap();
        let asset = assets.iter().find(|asset| asset["status"] == "active").unwrap();
        world.ids.connect.asset = asset["id"].as_str().unwrap().to_owned();
        let pending = world.untouched("pending");
        world.ids.connect.conversation = world.conversation(&pending).await;
        let client = world.client();
        world.ids.signup_id = world.create(&client, "signups.create").await;
        world.ids.autodash_id = world.create(&client, "autodash.create").await;
        let first_person = json!({"group_id": "cld-4", "resource": "people", "params": {"$top": 1}});
        let people = world.maestrano(&client, "connec.page", first_person).await;
        world.ids.maestrano.person = connec_id(&people["items"][0]["id"]);
        let user = world.maestrano(&client, "users.get", json!({"id": "usr-1"})).await;
        world.ids.maestrano.session = user["sso_session"].as_str().unwrap().to_owned();
        world
    }

    async fn create(&self, client: &Client, name: &str) -> Value {
        let reply = sample(&self.samples(), name).invoke(client).await.unwrap();
        serde_json::from_str::<Value>(&reply).unwrap()["id"].clone()
    }

    async fn maestrano(&self, client: &Client, name: &str, arguments: Value) -> Value {
        let name = format!("maestrano.{name}");
        let reply = client.maestrano.invoke(&name, &arguments.to_string(), Options::default()).await.unwrap();
        serde_json::from_str(&reply).unwrap()
    }

    /// Every operation; each that moves a request has one of its own, every time.
    pub fn samples(&self) -> Vec<Sample> {
        let mut ids = self.ids.clone();
        ids.connect.requests = VERBS.iter().map(|(verb, status)| (*verb, self.untouched(status))).collect();
        samples_of(&ids)
    }

    pub fn magento_bi_samples(&self) -> Vec<Sample> {
        samples_of(&self.ids).into_iter().filter(|sample| !sample.light()).collect()
    }

    pub fn maestrano_samples(&self) -> Vec<Sample> {
        samples_of(&self.ids).into_iter().filter(Sample::maestrano).collect()
    }

    /// `sample` for a request that nobody has touched, or as it is.
    pub fn fresh(&self, sample: &Sample) -> Sample {
        let mut fresh = sample.clone();
        if sample.name() == "cloudblue.requests.create" {
            fresh.arguments["asset"]["external_id"] = json!(super::secret());
        } else if sample.bills() {
            fresh.arguments["reference"] = json!(SystemRandom.uuid());
        } else if sample.name().starts_with("cloudblue.requests.") && !sample.lists() {
            fresh.arguments["id"] = json!(self.untouched(from_status(sample.verb())));
        }
        fresh
    }

    /// The id of a purchase with this status that nobody has touched.
    pub fn untouched(&self, status: &'static str) -> String {
        let mut untouched = self.untouched.lock().unwrap();
        let pool = untouched.entry(status).or_default();
        if pool.is_empty() {
            let known = self.purchases(status);
            let order = json!({"requests": AT_ONCE, "product_id": "PRD-1", "status": status, "type": "purchase"});
            self.sandbox.generate(order).unwrap();
            pool.extend(self.purchases(status).into_iter().filter(|id| !known.contains(id)));
            assert_eq!(pool.len(), AT_ONCE, "requests that are {status}");
        }
        pool.pop().unwrap()
    }

    fn purchases(&self, status: &str) -> Vec<String> {
        let state = self.sandbox.state();
        let requests = state["cloudblue"]["requests"].as_array().unwrap().iter();
        let found = requests.filter(|request| request["status"] == status);
        found.map(|request| request["id"].as_str().unwrap().to_owned()).collect()
    }

    /// The id of the conversation about a request.
    async fn conversation(&self, request: &str) -> String {
        let list = cloudblue::ListConversations::default().filter("instance_id", request);
        let conversation = self.client().cloudblue.conversations().list(list).first().await.unwrap();
        conversation.unwrap().id.clone()
    }

    /// The status of a request of Connect, as it truly is.
    pub fn status(&self, id: &str) -> String {
        let state = self.sandbox.state();
        let requests = state["cloudblue"]["requests"].as_array().unwrap();
        let request = requests.iter().find(|request| request["id"] == id).unwrap();
        request["status"].as_str().unwrap().to_owned()
    }

    /// Refuses the reads that would settle `sample`, until the faults are cleared.
    pub fn blind(&self, sample: &Sample) {
        let read = match sample.name().rsplit_once('.') {
            Some((resource, "create")) if sample.bills() => format!("{resource}.list"),
            _ if sample.moves() => "cloudblue.requests.get".to_owned(),
            _ => return,
        };
        self.sandbox.fault(json!({"operation": read, "status": 403, "times": null})).unwrap();
    }

    pub fn addr(&self) -> SocketAddr {
        self.sandbox.url().trim_start_matches("http://").parse().unwrap()
    }

    pub fn builder(&self) -> Builder {
        let line = self.sandbox.line();
        let magento_bi = magento_bi::Client::builder().config_json(&line["magento_bi"].to_string()).unwrap();
        let cloudblue = cloudblue::Client::builder().config_json(&line["cloudblue"].to_string()).unwrap();
        let builder = Builder::of(magento_bi, cloudblue, line["maestrano"].clone(), self.marketplace.clone())
            .clock(self.sandbox.clock());
        match self.way {
            Some(way) => builder.http_send(way.sender()),
            None => builder,
        }
    }

    pub fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    /// A client that has its token.
    pub async fn logged_in(&self) -> Client {
        let client = self.client();
        sample(&self.samples(), "connections.list").invoke(&client).await.unwrap();
        client
    }

    /// How many requests of `operation` have arrived.
    pub fn arrived(&self, operation: &str) -> usize {
        self.count(|entry| entry["operation"] == operation)
    }

    /// How many of them were carried out.
    pub fn committed(&self, operation: &str) -> usize {
        self.count(|entry| entry["operation"] == operation && entry["committed"] == true)
    }

    fn count(&self, is: impl Fn(&Value) -> bool) -> usize {
        self.sandbox.journal().as_array().unwrap().iter().filter(|entry| is(entry)).count()
    }
}

/// The configuration of a marketplace, with the time limit that calls have elsewhere.
fn marketplace(sandbox: &Sandbox) -> Value {
    let mut reply = configuration(sandbox);
    let mut marketplace = reply["marketplaces"][1].take();
    marketplace["connec"]["timeout"] = json!(30);
    marketplace
}

/// What the developer platform says, keys included, which no client gives away.
pub fn configuration(sandbox: &Sandbox) -> Value {
    let line = sandbox.line()["maestrano"].clone();
    let text = |name: &str| line[name].as_str().unwrap().to_owned();
    let pair = STANDARD.encode(format!("{}:{}", text("api_key"), text("api_secret")));
    let mut socket = TcpStream::connect(sandbox.url().trim_start_matches("http://")).unwrap();
    let head = format!("authorization: Basic {pair}\r\nhost: sandbox\r\nconnection: close\r\n");
    write!(socket, "GET /api/config/v1/marketplaces HTTP/1.1\r\n{head}\r\n").unwrap();
    let mut reply = String::new();
    socket.read_to_string(&mut reply).unwrap();
    serde_json::from_str(reply.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// The id that Connec! itself gave: alone, or among those of others.
fn connec_id(id: &Value) -> String {
    let own = id.as_array().and_then(|ids| ids.iter().find(|id| id["provider"] == "connec"));
    own.map_or(id, |own| &own["id"]).as_str().unwrap().to_owned()
}
