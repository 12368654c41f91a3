//! Both state machines, and what people other than the vendor do in them when their time has come (contract, 1.7).

use std::sync::Arc;
use std::time::Duration;

use super::conversation::Message;
use super::request::Transition;
use super::state::{Moment, State};
use super::words::{AssetStatus, RequestType, Status};
use crate::rql;

impl State {
    /// Moves a request on, and its asset with it.
    pub(super) fn go(&mut self, slot: u32, to: Status, moment: Moment) {
        let from = self.request(slot).status;
        let request = self.request_mut(slot);
        request.status = to;
        request.updated_us = moment.wall_us;
        request.transitions.push(Transition { from: Some(from), to, at: moment.at });
        let (kind, asset_slot) = (request.kind, request.asset);
        Arc::make_mut(&mut self.index).moved(&self.requests, slot, from);
        self.set_due(slot, self.due_after(slot, moment));

        let params = self.asset(asset_slot).params.clone();
        let asset = self.asset_mut(asset_slot);
        asset.updated_us = moment.wall_us;
        asset.status = asset_status(kind, to, asset.status);
        if to.is_final() {
            self.request_mut(slot).params = Some(params);
        }
        if to == Status::Approved {
            let request = self.request(slot).clone();
            let asset = self.asset_mut(asset_slot);
            asset.items = request.items.clone();
            asset.template = request.template.as_ref().and_then(|rendered| rendered.template.clone());
        }
    }

    /// When somebody acts on a request that came to its status at `moment`.
    pub(super) fn due_after(&self, slot: u32, moment: Moment) -> Option<Duration> {
        let request = self.request(slot);
        let after = |length: Duration| moment.at.saturating_add(length);
        match request.status {
            Status::TiersSetup => Some(after(self.wait)),
            Status::Inquiring => self.behaviour.buyer.map(after),
            Status::Draft => self.behaviour.draft.map(after),
            Status::Scheduled => {
                let planned_us = request.planned_date.as_deref().and_then(rql::micros_of)?;
                let ahead = u64::try_from(planned_us.saturating_sub(moment.wall_us)).unwrap_or(0);
                Some(after(Duration::from_micros(ahead)))
            }
            _ => None,
        }
    }

    /// Lets the buyers and the platform do what is due by now.
    pub(super) fn settle(&mut self, now: Duration, wall_us: i64) {
        self.catch_up(now);
        while let Some((due, slot)) = self.due.first().copied().filter(|(due, _)| *due <= now) {
            let late = i64::try_from((now - due).as_micros()).unwrap_or(i64::MAX);
            let moment = Moment { at: due, wall_us: wall_us.saturating_sub(late), visible_at: due };
            match self.request(slot).status {
                Status::Draft => self.remove(slot),
                Status::TiersSetup => self.go(slot, self.behaviour.tiers_setup, moment),
                Status::Scheduled => self.go(slot, Status::Pending, moment),
                Status::Inquiring => self.answer(slot, moment),
                _ => self.set_due(slot, None),
            }
        }
    }

    /// The buyer fills in what was complained of, and submits the form.
    fn answer(&mut self, slot: u32, moment: Moment) {
        let asset = self.request(slot).asset;
        let params = Arc::make_mut(&mut self.asset_mut(asset).params);
        params.iter_mut().filter(|param| param.error.is_some()).for_each(super::param::Param::fill_in);
        self.request_mut(slot).answered = Some(true);
        self.go(slot, Status::Pending, moment);
    }

    /// What the platform writes into the conversation.
    pub(super) fn announce(&mut self, slot: u32, text: &str, moment: Moment) {
        let request = self.request_mut(slot);
        request.messages.push(Message {
            number: request.messages.len() + 1,
            kind: "state_change".to_owned(),
            text: text.to_owned(),
            by_platform: true,
            at_us: moment.wall_us,
        });
    }

    /// Where a request goes that its buyer submits: the platform asks for what is missing, and sets up tiers first.
    pub(super) fn submitted_status(&self, asset: u32, kind: RequestType) -> Status {
        let asset = self.asset(asset);
        let incomplete = asset.params.iter().any(|param| {
            param.definition.phase == "ordering"
                && (param.error.is_some() || param.definition.required && param.is_empty())
        });
        if kind == RequestType::Purchase && incomplete {
            Status::Inquiring
        } else if kind == RequestType::Purchase && asset.product.sets_up_tiers {
            Status::TiersSetup
        } else {
            Status::Pending
        }
    }
}

/// The status of an asset with status `now` when its request comes to `to`.
pub(super) fn asset_status(kind: RequestType, to: Status, now: AssetStatus) -> AssetStatus {
    match (kind, to) {
        (RequestType::Purchase, Status::Draft) => AssetStatus::Draft,
        (RequestType::Purchase, Status::Approved) => AssetStatus::Active,
        (RequestType::Purchase, Status::Failed | Status::Revoked) => AssetStatus::Terminated,
        (RequestType::Purchase, _) => AssetStatus::Processing,
        (RequestType::Cancel, Status::Approved) => AssetStatus::Terminated,
        (RequestType::Cancel, Status::Failed | Status::Revoked) => AssetStatus::Active,
        (RequestType::Cancel, _) => AssetStatus::Terminating,
        (RequestType::Suspend, Status::Approved) => AssetStatus::Suspended,
        (RequestType::Resume, Status::Approved) => AssetStatus::Active,
        _ => now,
    }
}
