//! All that a sandbox's Maestrano holds.

use std::time::Duration;

use serde_json::{Map, Value, json};
use tenantry::time::Random;

use super::account::Account;
use super::behaviour::Behaviour;
use super::credentials::{Credentials, MARKETPLACES};
use super::seed;
use crate::call::Call;
use crate::error::SandboxError;
use crate::reply::Reply;

#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(super) behaviour: Behaviour,
    /// In the order of [`MARKETPLACES`].
    pub(super) accounts: [Account; 2],
}

impl State {
    /// What every sandbox begins with. Its dates lie around `wall_ms`.
    pub(crate) fn fresh(now: Duration, wall_ms: i64, random: &dyn Random) -> State {
        State {
            behaviour: Behaviour::default(),
            accounts: [0, 1].map(|place| seed::account(place, now, wall_ms, random)),
        }
    }

    /// The marketplace that calls the account API, up to date; otherwise the 401 to answer.
    pub(super) fn caller(&mut self, call: &Call<'_>) -> Result<&mut Account, Reply> {
        let place = call.maestrano.account_caller(call)?;
        self.settle(call.wall_ms);
        Ok(&mut self.accounts[place])
    }

    pub(super) fn settle(&mut self, wall_ms: i64) {
        for account in &mut self.accounts {
            account.settle(wall_ms, self.behaviour.invoice_ms);
        }
    }

    /// Takes over a change of behaviour, also for the bills that wait already, and returns the whole behaviour.
    pub(crate) fn behave(
        &mut self,
        change: Value,
        wall_ms: i64,
        credentials: &Credentials,
        random: &dyn Random,
    ) -> Result<Value, SandboxError> {
        self.settle(wall_ms);
        let (behaviour, rotates) = self.behaviour.changed(change)?;
        self.behaviour = behaviour;
        if rotates {
            credentials.rotate(random);
        }
        Ok(self.behaviour.show())
    }

    pub(crate) fn show(&mut self, wall_ms: i64) -> Value {
        self.settle(wall_ms);
        let shown = MARKETPLACES.iter().zip(&self.accounts).map(|(name, account)| ((*name).to_owned(), account.show()));
        json!({ "marketplaces": shown.collect::<Map<String, Value>>() })
    }
}
