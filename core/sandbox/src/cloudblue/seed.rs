//! What every fresh sandbox holds: a queue to work off, and one request of each status and each type.

use super::asset::Asset;
use super::catalog::Catalog;
use super::grower::Grower;
use super::request::Request;
use super::state::{Moment, State};
use super::words::{RequestType, Status};

const SEED: u64 = 2026;
/// Pending purchases of the first product.
const QUEUE: u64 = 72;
const MINUTE_US: i64 = 60_000_000;

/// A field that is filled with assets and their requests.
struct Field<'a> {
    grower: Grower,
    state: &'a mut State,
    assets: Vec<Asset>,
    requests: Vec<Request>,
    /// When the last request was made.
    at_us: i64,
}

pub(super) fn sow(state: &mut State, moment: Moment) {
    // The oldest of all is five days old.
    let at_us = moment.wall_us.div_euclid(MINUTE_US) * MINUTE_US - 5 * 24 * 60 * MINUTE_US;
    let mut field = Field { grower: Grower::new(SEED, 60), state, assets: Vec::new(), requests: Vec::new(), at_us };
    for n in 0..QUEUE {
        field.queue(n);
    }
    for product in 0..2 {
        for status in Status::ALL {
            field.history(product, &[(RequestType::Purchase, *status)]);
        }
        let holds = Catalog::shared().products[product].holds;
        let possible = |kind: &&RequestType| holds || !matches!(kind, RequestType::Suspend | RequestType::Resume);
        for kind in RequestType::ALL[1..].iter().filter(possible) {
            let mut past = vec![(RequestType::Purchase, Status::Approved)];
            if *kind == RequestType::Resume {
                past.push((RequestType::Suspend, Status::Approved));
            }
            for status in [Status::Pending, Status::Approved] {
                field.history(product, &[&past[..], &[(*kind, status)]].concat());
            }
        }
    }
    let Field { assets, requests, .. } = field;
    state.add_all(assets, requests);
    // What was scheduled comes back at its date; the tiers that are being set up never get ready.
    for slot in 0..u32::try_from(state.requests.len()).unwrap_or(0) {
        if state.request(slot).status == Status::Scheduled {
            let due = state.due_after(slot, moment);
            state.set_due(slot, due);
        }
    }
}

impl Field<'_> {
    /// A pending purchase. Every fourth shares the instant of the one before; every sixth lacks an email.
    fn queue(&mut self, n: u64) {
        if n % 4 != 3 {
            // Whole seconds print without a fraction.
            let fraction = if n.is_multiple_of(3) { 0 } else { 102_670 + i64::try_from(n).unwrap_or(0) };
            self.at_us = self.at_us.div_euclid(MINUTE_US) * MINUTE_US + 20 * MINUTE_US + fraction;
        }
        let product = &Catalog::shared().products[0];
        let place = u32::try_from(self.assets.len()).unwrap_or(0);
        let mut asset = self.grower.asset(self.state.next_number(), product, self.at_us);
        if n % 6 == 5 {
            self.grower.forget_email(&mut asset);
        }
        let purchase = (RequestType::Purchase, Status::Pending);
        self.requests.push(self.grower.request(&mut asset, place, 1, purchase, self.at_us));
        if n == 10 {
            // A customer who changes what has not been delivered yet.
            let (change, at_us) = ((RequestType::Change, Status::Pending), self.at_us + 7 * MINUTE_US);
            self.requests.push(self.grower.request(&mut asset, place, 2, change, at_us));
        }
        self.assets.push(asset);
    }

    /// An asset with these requests, one after the other.
    fn history(&mut self, product: usize, requests: &[(RequestType, Status)]) {
        self.at_us += 11 * MINUTE_US;
        let product = &Catalog::shared().products[product];
        let place = u32::try_from(self.assets.len()).unwrap_or(0);
        let mut asset = self.grower.asset(self.state.next_number(), product, self.at_us);
        for (n, what) in (1..).zip(requests) {
            self.requests.push(self.grower.request(&mut asset, place, n, *what, self.at_us));
            self.at_us += MINUTE_US;
        }
        self.assets.push(asset);
    }
}
