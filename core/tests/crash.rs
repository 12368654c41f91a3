//! A flow that is killed at every instant, and at every pair of instants, ends in the same state with each thing made once.
//!
//! Server, clock and store are models in memory: ten thousand lives of a flow take seconds.

mod common;
#[path = "common/leap.rs"]
mod leap;

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use common::spec_json;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use leap::{Counting, Leap};
use serde_json::{Map, Value, json};
use tenantry::flow::{Invoke, Mode, Need, Progress, Runner, Store};
use tenantry::host::Host;
use tenantry::magento_bi::Client;
use tenantry::magento_bi::onboarding::{FlowOptions, Onboarding, OnboardingSpec};
use tenantry::ops::CallContext;
use tenantry::time::{Clock, Random};
use tenantry::{Error, Result};

/// Where a process may die: before and after each save and each send.
#[derive(Debug, Default)]
struct Deaths {
    passed: AtomicUsize,
    at: AtomicUsize,
}

impl Deaths {
    async fn point(&self) {
        if self.passed.fetch_add(1, Ordering::SeqCst) + 1 == self.at.load(Ordering::SeqCst) {
            pending::<()>().await;
        }
    }
}

/// A server that makes whatever it is asked to make, and never asks whether it was asked before.
#[derive(Debug)]
struct Model {
    made: Mutex<BTreeMap<&'static str, usize>>,
    tells_user: bool,
    deaths: Arc<Deaths>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Model {
    fn count(&self, operation: &'static str) -> usize {
        self.made.lock().unwrap().get(operation).copied().unwrap_or(0)
    }

    fn answer(&self, operation: &'static str) -> Value {
        if common::CREATES.iter().any(|create| operation.ends_with(create)) {
            *self.made.lock().unwrap().entry(operation).or_default() += 1;
        }
        let jobs = |count: usize| -> Value {
            (0..count).map(|id| json!({"id": 50 + id, "status": {"id": 4, "name": "Completed Successfully"}})).collect()
        };
        let connection = |id: usize| json!({"id": 10 + id, "meta_id": 20 + id, "name": "store", "type": "mysql", "properties": {"host": "db.example.com"}});
        match operation {
            "magento_bi.signups.create" => json!({"id": "signup-1"}),
            "magento_bi.signups.get" => json!({"status": "completed", "client_id": 7, "pubkey": "ssh-rsa A"}),
            "magento_bi.invites.create" => json!({"id": 1, "user_id": self.tells_user.then_some(2)}),
            "magento_bi.connections.create" => connection(self.count(operation) - 1),
            "magento_bi.connections.list" => (0..self.count("magento_bi.connections.create")).map(connection).collect(),
            "magento_bi.jobs.start_connection_test" => json!({"id": null, "status": {"id": 1, "name": "Queued"}}),
            "magento_bi.jobs.list_by_type" => jobs(self.count("magento_bi.jobs.start_connection_test")),
            "magento_bi.autodash.create" => json!({"id": "autodash-1"}),
            "magento_bi.autodash.get" => json!({"status": "success"}),
            _ => json!({}),
        }
    }

    /// What an operator who looks at the server answers.
    fn operate(&self, need: &Need) -> Map<String, Value> {
        let made = |operation| self.count(operation) > 0;
        let answer = match need.step.as_str() {
            "install_public_key" => json!({"choice": "installed"}),
            "confirm_user" => json!({"choice": "confirmed"}),
            _ if need.reason == "missing_user_id" => json!({"choice": "provide", "user_id": 2}),
            "create_client" if made("magento_bi.signups.create") => {
                json!({"choice": "adopt_signup", "signup_id": "signup-1"})
            }
            "invite_user" if made("magento_bi.invites.create") => json!({"choice": "assume_done", "user_id": 2}),
            "create_dashboards" if made("magento_bi.autodash.create") => {
                json!({"choice": "adopt", "autodash_id": "autodash-1"})
            }
            _ => json!({"choice": "force_retry"}),
        };
        answer.as_object().unwrap().clone()
    }
}

impl Invoke for Model {
    fn invoke<'a>(&'a self, operation: &'static str, _: String, _: CallContext) -> BoxFuture<'a, Result<String>> {
        async move {
            self.deaths.point().await;
            let answer = self.answer(operation).to_string();
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
#[derive(Clone, Default)]
struct Disk {
    text: Arc<Mutex<Option<String>>>,
    deaths: Arc<Deaths>,
    broken: bool,
}

impl Store for Disk {
    fn load<'a>(&'a mut self, _: &'a Host) -> BoxFuture<'a, Result<Option<String>>> {
        let text = self.text.lock().unwrap().clone();
        async { Ok(text) }.boxed()
    }

    fn save<'a>(&'a mut self, text: String, _: &'a Host) -> BoxFuture<'a, Result<()>> {
        async move {
            if self.broken {
                return Err(Error::new(tenantry::Code::Checkpoint, "the disk is full"));
            }
            self.deaths.point().await;
            *self.text.lock().unwrap() = Some(text);
            self.deaths.point().await;
            Ok(())
        }
        .boxed()
    }
}

struct World {
    model: Arc<Model>,
    disk: Disk,
    client: Client,
    spec: OnboardingSpec,
}

/// What is onboarded: the plain merchant, or one with every gate and a server that tells no user.
#[derive(Clone, Copy)]
enum Story {
    Plain,
    Gated,
}

impl World {
    fn new(disk: Disk) -> Self {
        Self::telling(Story::Plain, disk)
    }

    fn telling(story: Story, disk: Disk) -> Self {
        let deaths = Arc::clone(&disk.deaths);
        let clock: Arc<dyn Clock> = Arc::new(Leap::default());
        let random: Arc<dyn Random> = Arc::new(Counting::default());
        let tells_user = matches!(story, Story::Plain);
        let model = Model { made: Mutex::default(), tells_user, deaths, clock: Arc::clone(&clock), random };
        let builder = Client::builder().username("u").password("p").oauth_client_id(1).client_secret("s");
        let client = builder.base_url("https://example.com").clock(clock).build().unwrap();
        let mut spec = spec_json();
        if let Story::Gated = story {
            spec["confirm_user"] = true.into();
            spec["install_public_key"] = true.into();
        }
        let spec = OnboardingSpec::from_json(&spec.to_string()).unwrap();
        Self { model: Arc::new(model), disk, client, spec }
    }

    /// Lives until the end, or until death `at`; whether it reached the end.
    fn live(&self, at: usize) -> bool {
        self.disk.deaths.passed.store(0, Ordering::SeqCst);
        self.disk.deaths.at.store(at, Ordering::SeqCst);
        let machine = Onboarding::new(&self.client, self.spec.clone(), FlowOptions::default()).unwrap();
        let store = Box::new(self.disk.clone());
        let mut runner = Runner::new(machine, store, Arc::clone(&self.model) as Arc<dyn Invoke>, Mode::StartOrResume);
        let host = Host::silent();
        // Nothing in this world waits: a future that is not ready has died.
        while let Some(progress) = runner.next(&host).now_or_never() {
            match progress.unwrap() {
                Progress::Done(_) => return true,
                Progress::Need(need) => runner.answer(&self.model.operate(&need)).unwrap(),
                Progress::Event(_) => {}
            }
        }
        false
    }

    fn assert_each_made_once(&self, story: &str) {
        for create in common::CREATES {
            let name: &'static str = Box::leak(format!("magento_bi.{create}").into_boxed_str());
            assert_eq!(self.model.count(name), 1, "{story}: {create}");
        }
    }
}

/// Kills a flow at every pair of instants and returns how many lives that took.
fn kill_everywhere(story: Story) -> usize {
    let (mut lives, mut first) = (0, 1);
    loop {
        let world = World::telling(story, Disk::default());
        if world.live(first) {
            println!("{lives} lives, {} instants", first - 1);
            return lives;
        }
        for second in 1.. {
            let world = World::telling(story, Disk::default());
            assert!(!world.live(first));
            let ended = world.live(second);
            if !ended {
                assert!(world.live(0), "{first}, {second}");
            }
            world.assert_each_made_once(&format!("killed at {first} and {second}"));
            lives += if ended { 2 } else { 3 };
            if ended {
                break;
            }
        }
        first += 1;
    }
}

#[test]
fn killed_at_every_pair_of_instants_each_thing_is_made_once() {
    assert!(kill_everywhere(Story::Plain) > 5_000);
}

#[test]
fn killed_at_every_pair_of_instants_with_every_gate_each_thing_is_made_once() {
    assert!(kill_everywhere(Story::Gated) > 5_000);
}

#[test]
fn an_intent_that_was_not_kept_is_not_sent() {
    let world = World::new(Disk { broken: true, ..Disk::default() });
    let machine = Onboarding::new(&world.client, world.spec.clone(), FlowOptions::default()).unwrap();
    let store = Box::new(world.disk.clone());
    let mut runner = Runner::new(machine, store, Arc::clone(&world.model) as Arc<dyn Invoke>, Mode::Start);
    let host = Host::silent();
    let error = loop {
        match runner.next(&host).now_or_never().unwrap() {
            Ok(Progress::Event(_)) => {}
            other => break other.unwrap_err(),
        }
    };
    assert_eq!(error.code(), tenantry::Code::Checkpoint);
    assert!(error.checkpoint().is_some());
    assert_eq!(world.model.count("magento_bi.signups.create"), 0);
}

#[test]
fn the_stored_state_shows_the_intent_before_the_request_leaves() {
    // Death between the save and the send of each POST: the next life must not send it on its own.
    let world = World::new(Disk::default());
    let mut at = 1;
    while world.disk.text.lock().unwrap().as_deref().is_none_or(|text| !text.contains("\"phase\":\"sending\"")) {
        let fresh = World::new(world.disk.clone());
        *world.disk.text.lock().unwrap() = None;
        assert!(!fresh.live(at));
        assert_eq!(fresh.model.count("magento_bi.signups.create"), 0, "sent before the intent was kept, at {at}");
        at += 1;
    }
}
