//! `PUT /requests/{id}`: some parameters, and the note.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{admitted, object, reply};
use crate::call::Call;
use crate::cloudblue::param::{Param, ParamError};
use crate::cloudblue::refusal;
use crate::cloudblue::state::State;
use crate::reply::Reply;
use crate::world::Systems;

pub(crate) fn update(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, moment| {
        let sent = object(call)?;
        let slot = state.find_request(call.segment(0), moment.at)?;
        let status = state.request(slot).status;
        if status.is_final() {
            return Err(refusal::out_of_turn(status.word(), "updated"));
        }
        let note = match sent.get("note") {
            None => None,
            Some(Value::String(note)) => Some(note.clone()),
            Some(_) => return Err(refusal::invalid("Field 'note' is no text.")),
        };
        let params = sent_params(&sent)?;
        state.change(slot, moment, |state| {
            if let Some(params) = params {
                apply(state, slot, params)?;
            }
            let request = state.request_mut(slot);
            request.note = note.unwrap_or_else(|| request.note.clone());
            request.updated_us = moment.wall_us;
            Ok(())
        })?;
        let mut reply = reply(state, slot, 200, moment);
        if state.behaviour.update_lists {
            reply.body = [b"[".as_slice(), &reply.body, b"]"].concat();
        }
        Ok(reply)
    })
}

/// The list at `asset.params`, if one was sent.
pub(super) fn sent_params(sent: &Map<String, Value>) -> Result<Option<&[Value]>, Reply> {
    let asset = match sent.get("asset") {
        None => return Ok(None),
        Some(Value::Object(asset)) => asset,
        Some(_) => return Err(refusal::invalid("Field 'asset' is no object.")),
    };
    match asset.get("params") {
        None => Ok(None),
        Some(Value::Array(params)) => Ok(Some(params)),
        Some(_) => Err(refusal::invalid("Field 'asset.params' is no list.")),
    }
}

/// Lays parameters over those that the request has; if one is wrong, none is changed.
pub(super) fn apply(state: &mut State, slot: u32, sent: &[Value]) -> Result<(), Reply> {
    let asset = state.request(slot).asset;
    let mut params = state.asset(asset).params.to_vec();
    for given in sent {
        let id = given.get("id").and_then(Value::as_str).ok_or_else(|| refusal::missing("asset.params.id"))?;
        let param = params.iter_mut().find(|param| param.definition.id == id);
        let param =
            param.ok_or_else(|| refusal::invalid(&format!("asset.params: parameter `{id}` does not exist.")))?;
        lay(param, given)?;
    }
    state.asset_mut(asset).params = Arc::new(params);
    Ok(())
}

/// Lays what was sent over one parameter; what is not known is left alone.
pub(in crate::cloudblue) fn lay(param: &mut Param, given: &Value) -> Result<(), Reply> {
    let no_text = |key: &str| refusal::invalid(&format!("asset.params.{}: '{key}' is no text.", param.definition.id));
    match given.get("value") {
        None => {}
        Some(Value::Null) => param.value = None,
        Some(Value::String(text)) => param.value = Some(text.as_str().into()),
        Some(_) => return Err(no_text("value")),
    }
    match given.get("structured_value") {
        None => {}
        Some(Value::Null) => param.structured = None,
        Some(structured @ (Value::Object(_) | Value::Array(_))) => {
            param.structured = Some(Arc::new(structured.clone()))
        }
        Some(_) => {
            let text = format!("asset.params.{}: 'structured_value' is no object.", param.definition.id);
            return Err(refusal::invalid(&text));
        }
    }
    let mut error = param.error.as_deref().cloned().unwrap_or_default();
    match given.get("value_error") {
        None => {}
        Some(Value::Null) => error.text.clear(),
        Some(Value::String(text)) => error.text.clone_from(text),
        Some(_) => return Err(no_text("value_error")),
    }
    match given.get("structured_error") {
        None => {}
        Some(Value::Null) => error.structured = None,
        Some(structured) => error.structured = Some(structured.clone()),
    }
    param.error = (error != ParamError::default()).then(|| Box::new(error));
    Ok(())
}
