//! What every connection and every control method shares.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tenantry::time::SystemRandom;

use crate::clock::SandboxClock;
use crate::cloudblue;
use crate::error::SandboxError;
use crate::fault;
use crate::journal::Journal;
use crate::maestrano;
use crate::magento_bi;
use crate::options::SandboxOptions;
use crate::world::{Systems, World};

#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) options: SandboxOptions,
    pub(crate) clock: SandboxClock,
    pub(crate) random: SystemRandom,
    pub(crate) magento_bi: magento_bi::Credentials,
    pub(crate) cloudblue: cloudblue::Credentials,
    pub(crate) maestrano: maestrano::Credentials,
    world: Mutex<World>,
}

impl Server {
    pub(crate) fn new(url: String, options: SandboxOptions, clock: SandboxClock) -> Server {
        let random = SystemRandom;
        let magento_bi = magento_bi::Credentials::random(&random);
        let cloudblue = cloudblue::Credentials::random(&random);
        let maestrano = maestrano::Credentials::random(&random);
        let systems = Server::fresh(&clock, &options);
        let world = Mutex::new(World { systems, faults: fault::Book::default(), journal: Journal::default() });
        Server { url, options, clock, random, magento_bi, cloudblue, maestrano, world }
    }

    fn fresh(clock: &SandboxClock, options: &SandboxOptions) -> Systems {
        Systems::fresh(clock.now(), clock.wall_ms(), Duration::from_millis(options.wait_ms), &SystemRandom)
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn line(&self) -> Value {
        let mut line = json!({
            "url": self.url, "magento_bi": self.magento_bi.line(&self.url), "cloudblue": self.cloudblue.line(&self.url),
            "maestrano": self.maestrano.line(&self.url),
        });
        if let SandboxClock::Virtual(_) = &self.clock {
            line["clock"] = "virtual".into();
        }
        line
    }

    pub(crate) fn fault(&self, rule: Value) -> Result<usize, SandboxError> {
        self.world().faults.add(rule)
    }

    pub(crate) fn clear_faults(&self) {
        self.world().faults.clear();
    }

    pub(crate) fn advance(&self, ms: u64) -> Result<(), SandboxError> {
        match &self.clock {
            SandboxClock::Real(_) => Err(SandboxError::RealClock),
            SandboxClock::Virtual(clock) => {
                clock.advance(Duration::from_millis(ms));
                Ok(())
            }
        }
    }

    pub(crate) fn journal(&self) -> Value {
        self.world().journal.show()
    }

    pub(crate) fn state(&self) -> Value {
        let now = self.clock.now();
        let wall_ms = self.clock.wall_ms();
        let systems = &mut self.world().systems;
        json!({
            "magento_bi": systems.magento_bi.show(now), "cloudblue": systems.cloudblue.show(now, wall_ms),
            "maestrano": systems.maestrano.show(wall_ms),
        })
    }

    pub(crate) fn reset(&self) {
        let systems = Server::fresh(&self.clock, &self.options);
        let mut world = self.world();
        world.systems = systems;
        world.faults.clear();
        world.journal.clear();
    }

    pub(crate) fn expire_tokens(&self) {
        self.world().systems.magento_bi.expire_tokens();
    }

    pub(crate) fn outcome(&self, outcome: Value) -> Result<(), SandboxError> {
        self.world().systems.magento_bi.set_outcome(outcome)
    }

    pub(crate) fn behave(&self, change: Value) -> Result<Value, SandboxError> {
        let (now, wall_ms) = (self.clock.now(), self.clock.wall_ms());
        self.world().systems.cloudblue.behave(change, now, wall_ms)
    }

    pub(crate) fn behave_maestrano(&self, change: Value) -> Result<Value, SandboxError> {
        let wall_ms = self.clock.wall_ms();
        self.world().systems.maestrano.behave(change, wall_ms, &self.maestrano, &self.random)
    }

    /// Carries out what a webhook tells of; sending it is left to the caller.
    pub(crate) fn webhook(&self, order: Value) -> Result<maestrano::Delivery, SandboxError> {
        let wall_ms = self.clock.wall_ms();
        self.world().systems.maestrano.webhook(order, wall_ms, &self.maestrano)
    }

    pub(crate) fn generate(&self, order: Value) -> Result<Value, SandboxError> {
        let (now, wall_ms) = (self.clock.now(), self.clock.wall_ms());
        self.world().systems.cloudblue.generate(order, now, wall_ms)
    }

    pub(crate) fn seed(&self, seed: Value) -> Result<Value, SandboxError> {
        let now = self.clock.now();
        let wall_ms = self.clock.wall_ms();
        self.world().systems.magento_bi.seed(seed, now, wall_ms)
    }
}
