//! Any number of requests, for tests of many pages.

use serde::Deserialize;
use serde_json::{Value, json};

use super::asset::Asset;
use super::catalog::Catalog;
use super::grower::Grower;
use super::request::Request;
use super::state::{Moment, State};
use super::words::{RequestType, Status};
use crate::error::SandboxError;

/// More than this would not fit into the memory of a small machine.
const MOST: u64 = 2_000_000;
const SECOND_US: i64 = 1_000_000;
const WEEK_MS: u64 = 7 * 24 * 3_600_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    requests: u64,
    #[serde(default = "one")]
    seed: u64,
    product_id: Option<String>,
    status: Option<String>,
    r#type: Option<String>,
    assets: Option<u64>,
    created_spread_ms: Option<u64>,
    #[serde(default)]
    clear: bool,
}

fn one() -> u64 {
    1
}

fn wrong(key: &str, why: &str) -> SandboxError {
    SandboxError::Invalid(format!("cloudblue generate: key `{key}`: {why}"))
}

impl State {
    /// Makes requests as ordered and tells how many and of how many assets; the error names the key.
    pub(crate) fn generate(
        &mut self,
        order: Value,
        at: std::time::Duration,
        wall_ms: i64,
    ) -> Result<Value, SandboxError> {
        let order: Order = SandboxError::reading("cloudblue generate", order)?;
        if order.requests > MOST {
            return Err(wrong("requests", &format!("at most {MOST}")));
        }
        let catalog = Catalog::shared();
        let product = match &order.product_id {
            None => None,
            Some(id) => Some(catalog.product(id).ok_or_else(|| wrong("product_id", "there is no such product"))?),
        };
        let status =
            order.status.as_deref().map(|word| Status::of_word(word).ok_or_else(|| wrong("status", "unknown")));
        let kind =
            order.r#type.as_deref().map(|word| RequestType::of_word(word).ok_or_else(|| wrong("type", "unknown")));
        let (status, kind) = (status.transpose()?, kind.transpose()?);
        let usual =
            if kind == Some(RequestType::Purchase) { order.requests } else { order.requests - order.requests / 5 };
        let assets = order.assets.unwrap_or(usual).min(order.requests);
        if assets == 0 && order.requests > 0 {
            return Err(wrong("assets", "at least 1"));
        }
        let moment = Moment { at, wall_us: wall_ms.saturating_mul(1000), visible_at: at };
        if order.clear {
            self.clear();
        }
        self.settle(moment.at, moment.wall_us);
        let spread_ms = order.created_spread_ms.unwrap_or(WEEK_MS).min(100 * 52 * WEEK_MS);
        let times = Times::new(moment.wall_us, spread_ms, order.requests);
        let mut grower = Grower::new(order.seed, assets);
        let (mut made, mut requests): (Vec<Asset>, Vec<Request>) = (Vec::new(), Vec::new());
        for i in 0..order.requests {
            let (place, round) = (i % assets, i / assets);
            let is_last = i + assets >= order.requests;
            if round == 0 {
                let product = grower.product(product);
                let number = self.next_number();
                made.push(grower.asset(number, &product, times.of(i)));
            }
            let what = what(&mut grower, round, is_last, kind, status);
            let asset = &mut made[usize::try_from(place).unwrap_or(0)];
            if what.1 == Status::Pending && round == 0 && grower.chance.once_in(10) {
                grower.forget_email(asset);
            }
            let (slot, n) = (u32::try_from(place).unwrap_or(0), usize::try_from(round).unwrap_or(0) + 1);
            requests.push(grower.request(asset, slot, n, what, times.of(i)));
        }
        let first = u32::try_from(self.requests.len()).unwrap_or(u32::MAX);
        self.add_all(made, requests);
        self.expect_people(first, moment);
        Ok(json!({ "requests": order.requests, "assets": assets }))
    }

    /// Lets buyers and the platform act on new requests as on any; only the tiers' setup never ends.
    fn expect_people(&mut self, first: u32, moment: Moment) {
        for slot in first..u32::try_from(self.requests.len()).unwrap_or(u32::MAX) {
            if self.request(slot).status != Status::TiersSetup {
                let due = self.due_after(slot, moment);
                self.set_due(slot, due);
            }
        }
    }

    /// Takes over a change of behaviour, also for the requests that wait already.
    pub(crate) fn behave(
        &mut self,
        change: Value,
        at: std::time::Duration,
        wall_ms: i64,
    ) -> Result<Value, SandboxError> {
        let wall_us = wall_ms.saturating_mul(1000);
        self.settle(at, wall_us);
        self.behaviour = self.behaviour.changed(change)?;
        let moment = Moment { at, wall_us, visible_at: at };
        for slot in 0..u32::try_from(self.requests.len()).unwrap_or(u32::MAX) {
            if matches!(self.request(slot).status, Status::Inquiring | Status::Draft) && !self.request(slot).gone {
                let due = self.due_after(slot, moment);
                self.set_due(slot, due);
            }
        }
        Ok(self.behaviour.show())
    }
}

/// When the requests are made: one after the other, up to a second ago.
struct Times {
    first_us: i64,
    spread_us: i64,
    count: i64,
}

impl Times {
    fn new(wall_us: i64, spread_ms: u64, count: u64) -> Times {
        let spread_us = i64::try_from(spread_ms).unwrap_or(0) * 1000;
        let last_us = wall_us.div_euclid(SECOND_US) * SECOND_US - SECOND_US;
        let count = i64::try_from(count).unwrap_or(1).max(1);
        Times { first_us: last_us - spread_us, spread_us, count }
    }

    fn of(&self, i: u64) -> i64 {
        let i = i64::try_from(i).unwrap_or(0);
        let step_us = self.spread_us / self.count;
        let at_us = self.first_us + step_us * i;
        // Some print with a fraction of a second and some without; none passes its neighbour.
        if step_us >= 2 * SECOND_US && i % 4 == 0 { at_us.div_euclid(SECOND_US) * SECOND_US } else { at_us }
    }
}

/// Type and status of an asset's request: what is asked for, else what comes of real life.
fn what(
    grower: &mut Grower,
    round: u64,
    is_last: bool,
    kind: Option<RequestType>,
    status: Option<Status>,
) -> (RequestType, Status) {
    const LATER: [RequestType; 8] = [
        RequestType::Change,
        RequestType::Change,
        RequestType::Change,
        RequestType::Adjustment,
        RequestType::Renew,
        RequestType::Transfer,
        RequestType::Suspend,
        RequestType::Cancel,
    ];
    let usual = match (round, is_last) {
        (0, _) => RequestType::Purchase,
        // Only the last may end what others build upon.
        (_, false) => RequestType::Change,
        (_, true) => *grower.chance.one_of(&LATER),
    };
    let kind = kind.unwrap_or(usual);
    let usual = match (is_last, grower.chance.below(100)) {
        (false, _) => Status::Approved,
        (true, 0..55) => Status::Pending,
        (true, 55..75) => Status::Approved,
        (true, 75..83) => Status::Failed,
        (true, 83..90) => Status::Inquiring,
        (true, 90..93) => Status::Scheduled,
        (true, 93..95) => Status::Revoked,
        (true, 95..96) => Status::Revoking,
        (true, 96..98) if kind == RequestType::Purchase => Status::Draft,
        (true, _) if kind == RequestType::Purchase => Status::TiersSetup,
        (true, _) => Status::Pending,
    };
    (kind, status.unwrap_or(usual))
}
