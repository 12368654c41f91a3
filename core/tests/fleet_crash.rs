//! A fleet that is killed at any instant goes on in another one, and each merchant's things are made once.
//!
//! Server, clock and store are models in memory: thousands of lives take seconds.

mod common;
#[path = "common/leap.rs"]
mod leap;

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use common::spec_with;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use leap::{Counting, Leap};
use serde_json::{Value, json};
use tenantry::Result;
use tenantry::flow::{Checkpoints, Invoke, Need, Report};
use tenantry::host::Host;
use tenantry::magento_bi::Client;
use tenantry::magento_bi::onboarding::{Fleet, FleetOptions};
use tenantry::ops::CallContext;
use tenantry::time::{Clock, Random};

const MERCHANTS: usize = 5;
/// The number of the first merchant's client.
const FIRST_CLIENT: usize = 100;

fn key(merchant: usize) -> String {
    format!("shop-{merchant}")
}

/// Where a process may die, all of it at once: before and after each save and each send.
#[derive(Debug, Default)]
struct Deaths {
    passed: AtomicUsize,
    at: AtomicUsize,
    dead: AtomicBool,
}

impl Deaths {
    async fn point(&self) {
        if self.passed.fetch_add(1, Ordering::SeqCst) + 1 == self.at.load(Ordering::SeqCst) {
            self.dead.store(true, Ordering::SeqCst);
        }
        if self.dead.load(Ordering::SeqCst) {
            pending::<()>().await;
        }
    }
}

/// A server that makes whatever it is asked to make, for each merchant.
#[derive(Debug)]
struct Model {
    made: Mutex<BTreeMap<(&'static str, usize), usize>>,
    polled: Mutex<BTreeMap<usize, usize>>,
    deaths: Arc<Deaths>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Model {
    fn count(&self, operation: &str, merchant: usize) -> usize {
        let made = self.made.lock().unwrap();
        made.iter().find(|((name, of), _)| name.ends_with(operation) && *of == merchant).map_or(0, |(_, count)| *count)
    }

    fn merchant(arguments: &Value) -> usize {
        let number = |text: &str| text.rsplit('-').next().unwrap().parse::<usize>().unwrap();
        let named = arguments["company"].as_str().or(arguments["signup_id"].as_str());
        named.map_or_else(|| arguments["client_id"].as_u64().unwrap() as usize - FIRST_CLIENT, number)
    }

    fn answer(&self, operation: &'static str, arguments: &Value) -> Value {
        let of = Self::merchant(arguments);
        if common::CREATES.iter().any(|create| operation.ends_with(create)) {
            *self.made.lock().unwrap().entry((operation, of)).or_default() += 1;
        }
        let connection = |id: usize| json!({"id": 10 + id, "meta_id": 20 + id, "name": "store", "type": "mysql", "properties": {"host": "db.example.com"}});
        match operation {
            "magento_bi.signups.create" => json!({"id": format!("signup-{of}")}),
            "magento_bi.signups.get" => {
                let mut polled = self.polled.lock().unwrap();
                let polls = polled.entry(of).or_default();
                *polls += 1;
                let status = if *polls > 2 { "completed" } else { "pending" };
                json!({"status": status, "client_id": FIRST_CLIENT + of, "pubkey": "ssh-rsa A"})
            }
            "magento_bi.invites.create" => json!({"id": of, "user_id": of.is_multiple_of(2).then_some(of)}),
            "magento_bi.connections.create" => connection(self.count("connections.create", of) - 1),
            "magento_bi.connections.list" => (0..self.count("connections.create", of)).map(connection).collect(),
            "magento_bi.jobs.start_connection_test" => json!({"id": null, "status": {"id": 1, "name": "Queued"}}),
            "magento_bi.jobs.list_by_type" => (0..self.count("jobs.start_connection_test", of))
                .map(|id| json!({"id": 50 + id, "status": {"id": 4, "name": "Completed Successfully"}}))
                .collect(),
            "magento_bi.autodash.create" => json!({"id": format!("autodash-{of}")}),
            "magento_bi.autodash.get" => json!({"status": "success"}),
            _ => json!({}),
        }
    }

    /// What an operator who looks at the server answers.
    fn operate(&self, merchant: usize, need: &Need) -> Value {
        let made = |operation| self.count(operation, merchant) > 0;
        match need.step.as_str() {
            "confirm_user" => json!({"choice": "confirmed"}),
            _ if need.reason == "missing_user_id" => json!({"choice": "provide", "user_id": merchant}),
            "create_client" if made("signups.create") => {
                json!({"choice": "adopt_signup", "signup_id": format!("signup-{merchant}")})
            }
            "invite_user" if made("invites.create") => json!({"choice": "assume_done", "user_id": merchant}),
            "create_dashboards" if made("autodash.create") => {
                json!({"choice": "adopt", "autodash_id": format!("autodash-{merchant}")})
            }
            _ => json!({"choice": "force_retry"}),
        }
    }
}

impl Invoke for Model {
    fn invoke<'a>(
        &'a self,
        operation: &'static str,
        arguments: String,
        _: CallContext,
    ) -> BoxFuture<'a, Result<String>> {
        async move {
            self.deaths.point().await;
            let answer = self.answer(operation, &serde_json::from_str(&arguments).unwrap()).to_string();
            self.deaths.point().await;
            Ok(answer)
        }
        .boxed()
    }

    fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    fn random(&self) -> &Arc<dyn Random> {
        &self.random
    }
}

/// What survives a death.
#[derive(Debug, Clone, Default)]
struct Disk {
    texts: Arc<Mutex<BTreeMap<String, String>>>,
    deaths: Arc<Deaths>,
}

impl Checkpoints for Disk {
    fn load<'a>(&'a self, key: &'a str, _: &'a Host) -> BoxFuture<'a, Result<Option<String>>> {
        let text = self.texts.lock().unwrap().get(key).cloned();
        async { Ok(text) }.boxed()
    }

    fn save<'a>(&'a self, key: &'a str, text: String, _: &'a Host) -> BoxFuture<'a, Result<()>> {
        async move {
            self.deaths.point().await;
            self.texts.lock().unwrap().insert(key.to_owned(), text);
            self.deaths.point().await;
            Ok(())
        }
        .boxed()
    }
}

/// The outputs but for times, and for what only a reply told that may have been lost.
fn lasting(mut outputs: Value) -> Value {
    let fields = outputs.as_object_mut().unwrap();
    for name in ["test", "invite_id", "inviter_user_id"] {
        fields.remove(name);
    }
    outputs
}

struct World {
    model: Arc<Model>,
    disk: Disk,
    client: Client,
}

impl World {
    fn new() -> Self {
        let disk = Disk::default();
        let deaths = Arc::clone(&disk.deaths);
        let clock: Arc<dyn Clock> = Arc::new(Leap::default());
        let random: Arc<dyn Random> = Arc::new(Counting::default());
        let (made, polled) = Default::default();
        let model = Arc::new(Model { made, polled, deaths, clock: Arc::clone(&clock), random });
        let builder = Client::builder().username("u").password("p").oauth_client_id(1).client_secret("s");
        Self { model, disk, client: builder.base_url("https://example.com").clock(clock).build().unwrap() }
    }

    /// Lives until all flows have ended, or until death `at`; their outputs, if they have ended.
    fn live(&self, at: usize) -> Option<BTreeMap<String, Value>> {
        let Deaths { passed, at: place, dead } = &*self.disk.deaths;
        passed.store(0, Ordering::SeqCst);
        place.store(at, Ordering::SeqCst);
        dead.store(false, Ordering::SeqCst);
        let merchant = |key: &str| {
            Ok(spec_with(|spec| {
                spec["company"] = key.into();
                spec["confirm_user"] = key.ends_with('0').into();
            }))
        };
        let options: FleetOptions =
            serde_json::from_value(json!({"flow": {"mode": "start_or_resume"}, "at_once": 3})).unwrap();
        let invoke = Arc::clone(&self.model) as Arc<dyn Invoke>;
        let mut fleet = Fleet::new(&self.client, invoke, merchant, options, Arc::new(self.disk.clone())).unwrap();
        (0..MERCHANTS).for_each(|merchant| fleet.add(&key(merchant)).unwrap());
        let mut ended = BTreeMap::new();
        // Nothing in this world waits: a fleet that is not ready has died.
        while let Some(report) = fleet.next().now_or_never() {
            match report {
                None => return Some(ended),
                Some(Report::Done { key, outputs }) => drop(ended.insert(key, lasting(outputs))),
                Some(Report::Need { key: asking, need }) => {
                    let merchant = (0..MERCHANTS).find(|merchant| key(*merchant) == asking).unwrap();
                    fleet.answer(&asking, &self.model.operate(merchant, &need)).unwrap();
                }
                Some(other) => panic!("{other:?}"),
            }
        }
        None
    }

    /// The last life: all ends as if nothing had happened.
    fn end(&self, expected: &BTreeMap<String, Value>, story: &str) {
        assert_eq!(self.live(0).as_ref(), Some(expected), "{story}");
        self.assert_each_made_once(story);
    }

    fn assert_each_made_once(&self, story: &str) {
        for merchant in 0..MERCHANTS {
            for create in common::CREATES {
                assert_eq!(self.model.count(create, merchant), 1, "{story}: {create} of {merchant}");
            }
        }
    }
}

#[test]
fn killed_at_every_instant_each_merchants_things_are_made_once() {
    let expected = World::new().live(0).unwrap();
    assert_eq!(expected.len(), MERCHANTS);
    for first in 1.. {
        let world = World::new();
        if world.live(first).is_some() {
            println!("{} instants", first - 1);
            assert!(first > 250);
            return;
        }
        world.end(&expected, &format!("killed at {first}"));
    }
}

#[test]
fn killed_again_and_again_each_merchants_things_are_made_once() {
    let expected = World::new().live(0).unwrap();
    // Any numbers will do, as long as they are the same in every run.
    let mut seed = 12_345_u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize
    };
    for run in 0..500 {
        let world = World::new();
        let kills: Vec<usize> = (0..1 + random() % 6).map(|_| 1 + random() % 150).collect();
        let finished = kills.iter().any(|at| world.live(*at).is_some());
        if finished {
            world.assert_each_made_once(&format!("run {run}, killed at {kills:?}"));
        } else {
            world.end(&expected, &format!("run {run}, killed at {kills:?}"));
        }
    }
}
