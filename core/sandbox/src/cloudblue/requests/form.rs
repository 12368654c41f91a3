//! `pend`, `submit`, `purchase` and `validate`: a form on its way from the buyer to the vendor.

use super::update::{apply, sent_params};
use super::{admitted, expect, object, reply};
use crate::call::Call;
use crate::cloudblue::refusal;
use crate::cloudblue::words::Status;
use crate::reply::Reply;
use crate::world::Systems;

/// The vendor's verb; with `?code=` the buyer's, who sends what was asked for.
pub(crate) fn pend(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, moment| {
        let sent = object(call)?;
        let slot = state.find_request(call.segment(0), moment.at)?;
        let request = state.request(slot);
        expect(state, slot, &[Status::Inquiring], Status::Pending)?;
        let answer = match call.query("code") {
            None => None,
            Some(code) if code == request.form_code() => {
                Some(sent_params(&sent)?.ok_or_else(|| refusal::missing("asset.params"))?)
            }
            Some(_) => return Err(refusal::invalid("The code is wrong.")),
        };
        state.change(slot, moment, |state| {
            if let Some(params) = answer {
                apply(state, slot, params)?;
                state.request_mut(slot).answered = Some(true);
            }
            state.go(slot, Status::Pending, moment);
            Ok(())
        })?;
        if state.behaviour.pend_is_empty {
            return Ok(Reply { status: 204, body: Vec::new(), content_type: None, headers: Vec::new() });
        }
        Ok(reply(state, slot, 200, moment))
    })
}

/// The buyer hands in the form of a draft or of an inquiry.
pub(crate) fn submit(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, moment| {
        object(call)?;
        let slot = state.find_request(call.segment(0), moment.at)?;
        expect(state, slot, &[Status::Draft, Status::Inquiring], Status::Pending)?;
        let request = state.request(slot);
        let to = match request.status {
            Status::Inquiring => Status::Pending,
            _ => state.submitted_status(request.asset, request.kind),
        };
        state.change(slot, moment, |state| {
            state.go(slot, to, moment);
            Ok(())
        })?;
        Ok(reply(state, slot, 200, moment))
    })
}

/// The buyer decides for a draft.
pub(crate) fn purchase(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, moment| {
        object(call)?;
        let slot = state.find_request(call.segment(0), moment.at)?;
        expect(state, slot, &[Status::Draft], Status::Pending)?;
        let request = state.request(slot);
        let to = state.submitted_status(request.asset, request.kind);
        state.change(slot, moment, |state| {
            state.go(slot, to, moment);
            Ok(())
        })?;
        Ok(reply(state, slot, 200, moment))
    })
}

/// Says what is wrong with a form; nothing of it is kept.
pub(crate) fn validate(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, moment| {
        let sent = object(call)?;
        let slot = state.find_request(call.segment(0), moment.at)?;
        let status = state.request(slot).status;
        if !matches!(status, Status::Draft | Status::Inquiring) {
            return Err(refusal::out_of_turn(status.word(), "validated"));
        }
        let mut tried = state.clone();
        if let Some(params) = sent_params(&sent)? {
            apply(&mut tried, slot, params)?;
        }
        let asset = tried.request(slot).asset;
        for param in std::sync::Arc::make_mut(&mut tried.asset_mut(asset).params) {
            let complaint = param
                .complaint()
                .map(|text| Box::new(crate::cloudblue::param::ParamError { text: text.to_owned(), structured: None }));
            param.error = complaint;
        }
        Ok(reply(&tried, slot, 200, moment))
    })
}
