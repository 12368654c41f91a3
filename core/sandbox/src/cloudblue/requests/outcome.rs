//! `approve`, `fail` and `inquire`: what a vendor decides about a pending request.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{admitted, expect, object, reply, required_text};
use crate::call::Call;
use crate::cloudblue::refusal;
use crate::cloudblue::state::State;
use crate::cloudblue::template::{Rendered, Template};
use crate::cloudblue::words::Status;
use crate::reply::Reply;
use crate::rql;
use crate::world::Systems;

pub(crate) fn approve(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, moment| {
        let sent = object(call)?;
        let slot = state.find_request(call.segment(0), moment.at)?;
        expect(state, slot, decidable(state), Status::Approved)?;
        let Some(rendered) = rendered(state, slot, &sent, "fulfillment")? else {
            return Err(refusal::invalid("Either 'template_id' or 'activation_tile' is required."));
        };
        let effective_date = match sent.get("effective_date") {
            None | Some(Value::Null) => None,
            Some(date) => Some(date_text(date, "effective_date")?),
        };
        let next_date = sent.get("asset").and_then(|asset| asset.pointer("/billing/next_date"));
        let next_date = next_date.map(|date| date_text(date, "asset.billing.next_date")).transpose()?;
        state.change(slot, moment, |state| {
            let request = state.request_mut(slot);
            request.activation_key.clone_from(&rendered.message);
            request.template = Some(rendered);
            request.effective_date = effective_date;
            let asset = request.asset;
            if next_date.is_some() {
                state.asset_mut(asset).next_billing_date = next_date;
            }
            state.announce(slot, "The request has been approved.", moment);
            state.go(slot, Status::Approved, moment);
            Ok(())
        })?;
        Ok(reply(state, slot, 200, moment))
    })
}

pub(crate) fn fail(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, moment| {
        let sent = object(call)?;
        let slot = state.find_request(call.segment(0), moment.at)?;
        expect(state, slot, decidable(state), Status::Failed)?;
        let reason = required_text(&sent, "reason")?;
        state.change(slot, moment, |state| {
            state.request_mut(slot).reason = reason.to_owned();
            state.announce(slot, &format!("The request has been failed: {reason}"), moment);
            state.go(slot, Status::Failed, moment);
            Ok(())
        })?;
        Ok(reply(state, slot, 200, moment))
    })
}

pub(crate) fn inquire(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, moment| {
        let sent = object(call)?;
        let slot = state.find_request(call.segment(0), moment.at)?;
        expect(state, slot, &[Status::Pending], Status::Inquiring)?;
        let rendered = rendered(state, slot, &sent, "inquire")?;
        state.change(slot, moment, |state| {
            let request = state.request_mut(slot);
            request.answered = Some(false);
            request.template = rendered.or(request.template.take());
            state.announce(slot, "More is asked of the customer.", moment);
            state.go(slot, Status::Inquiring, moment);
            Ok(())
        })?;
        Ok(reply(state, slot, 200, moment))
    })
}

/// From where a request can be approved or failed.
fn decidable(state: &State) -> &'static [Status] {
    if state.behaviour.inquiring_is_final { &[Status::Pending] } else { &[Status::Pending, Status::Inquiring] }
}

/// What the customer is to read: of a template or as sent; none when neither was given.
fn rendered(state: &State, slot: u32, sent: &Map<String, Value>, kind: &str) -> Result<Option<Rendered>, Reply> {
    let given = |key: &str| sent.get(key).filter(|value| !value.is_null());
    match (given("template_id"), given("activation_tile")) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(refusal::invalid("Only one of 'template_id' and 'activation_tile' may be given.")),
        (None, Some(tile)) => match tile.as_str().filter(|tile| !tile.is_empty()) {
            Some(tile) => Ok(Some(Rendered { template: None, message: tile.to_owned() })),
            None => Err(refusal::invalid("Field 'activation_tile' is no text, or empty.")),
        },
        (Some(id), None) => {
            let asset = state.asset_of(state.request(slot));
            let template = id.as_str().and_then(|id| asset.product.template(id));
            let fits = |template: &&Arc<Template>| template.scope == "asset" && template.kind == Some(kind);
            let template = template.filter(fits).ok_or_else(|| {
                refusal::invalid(&format!("Template {id} is no {kind} template of product `{}`.", asset.product.id))
            })?;
            let message = template.render(asset, &asset.params);
            Ok(Some(Rendered { template: Some(template.clone()), message }))
        }
    }
}

/// A date as it was sent, if it is one.
pub(super) fn date_text(value: &Value, field: &str) -> Result<String, Reply> {
    let date = value.as_str().filter(|text| rql::micros_of(text).is_some());
    date.map(str::to_owned).ok_or_else(|| refusal::invalid(&format!("Field '{field}' is no ISO 8601 date.")))
}
