//! A sandbox on virtual time with everything in it that the samples refer to.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tenantry::magento_bi::{Builder, Client};
use tenantry_sandbox::{ClockKind, Sandbox, SandboxOptions};

use super::samples::{Ids, Sample, sample, samples_of};

pub struct World {
    pub sandbox: Sandbox,
    pub ids: Ids,
}

impl World {
    pub async fn new() -> Self {
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
        let mut world = Self { sandbox, ids };
        let client = world.client();
        world.ids.signup_id = world.create(&client, "signups.create").await;
        world.ids.autodash_id = world.create(&client, "autodash.create").await;
        world
    }

    async fn create(&self, client: &Client, name: &str) -> Value {
        let reply = sample(&self.samples(), name).invoke(client).await.unwrap();
        serde_json::from_str::<Value>(&reply).unwrap()["id"].clone()
    }

    pub fn samples(&self) -> Vec<Sample> {
        samples_of(&self.ids)
    }

    pub fn addr(&self) -> SocketAddr {
        self.sandbox.url().trim_start_matches("http://").parse().unwrap()
    }

    pub fn builder(&self) -> Builder {
        let config = self.sandbox.line()["magento_bi"].to_string();
        Client::builder().config_json(&config).unwrap().clock(self.sandbox.clock())
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
