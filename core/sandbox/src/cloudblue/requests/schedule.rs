//! `schedule`, `revoke` and `confirm`: a date ahead, and the way back from it.

use super::outcome::date_text;
use super::{admitted, expect, object, reply, required_text};
use crate::call::Call;
use crate::cloudblue::words::Status;
use crate::reply::Reply;
use crate::world::Systems;

pub(crate) fn schedule(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, moment| {
        let sent = object(call)?;
        let slot = state.find_request(call.segment(0), moment.at)?;
        expect(state, slot, &[Status::Pending], Status::Scheduled)?;
        required_text(&sent, "planned_date")?;
        let planned_date = date_text(&sent["planned_date"], "planned_date")?;
        state.change(slot, moment, |state| {
            state.request_mut(slot).planned_date = Some(planned_date);
            state.go(slot, Status::Scheduled, moment);
            Ok(())
        })?;
        Ok(reply(state, slot, 200, moment))
    })
}

/// The distributor's verb.
pub(crate) fn revoke(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, moment| {
        let sent = object(call)?;
        let slot = state.find_request(call.segment(0), moment.at)?;
        expect(state, slot, &[Status::Scheduled], Status::Revoking)?;
        let reason = required_text(&sent, "reason")?;
        state.change(slot, moment, |state| {
            state.request_mut(slot).reason = reason.to_owned();
            state.go(slot, Status::Revoking, moment);
            Ok(())
        })?;
        Ok(reply(state, slot, 200, moment))
    })
}

/// The vendor's answer to it.
pub(crate) fn confirm(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, moment| {
        object(call)?;
        let slot = state.find_request(call.segment(0), moment.at)?;
        expect(state, slot, &[Status::Revoking], Status::Revoked)?;
        state.change(slot, moment, |state| {
            state.go(slot, Status::Revoked, moment);
            Ok(())
        })?;
        Ok(reply(state, slot, 200, moment))
    })
}
