//! `/requests` and what can be done with one of them; one file per kind of call.

mod assignment;
mod create;
mod duplicate;
mod form;
mod outcome;
mod read;
mod schedule;
mod update;

pub(super) use assignment::{assign, unassign};
pub(super) use create::create;
pub(super) use form::{pend, purchase, submit, validate};
pub(super) use outcome::{approve, fail, inquire};
pub(super) use read::{get, list, render};
pub(super) use schedule::{confirm, revoke, schedule};
pub(super) use update::update;

use serde_json::{Map, Value};

use super::refusal;
use super::selection::Selection;
use super::state::{Moment, State};
use super::words::Status;
use crate::call::{Body, Call};
use crate::reply::Reply;
use crate::world::Systems;

/// Lets a call in that has the key, after everybody else has done what was due.
pub(super) fn admitted(
    systems: &mut Systems,
    call: &Call<'_>,
    act: impl FnOnce(&mut State, Moment) -> Result<Reply, Reply>,
) -> Reply {
    if let Err(refusal) = call.cloudblue.admit(call) {
        return refusal;
    }
    let state = &mut systems.cloudblue;
    let moment = Moment { at: call.now, wall_us: call.wall_ms.saturating_mul(1000), visible_at: call.visible_at() };
    state.settle(moment.at, moment.wall_us);
    act(state, moment).unwrap_or_else(|refusal| refusal)
}

/// The object that was sent; an empty body is an empty object, as some clients send none for it.
pub(super) fn object(call: &Call<'_>) -> Result<Map<String, Value>, Reply> {
    match call.body {
        Body::Empty => Ok(Map::new()),
        Body::Json(Value::Object(object)) => Ok(object.clone()),
        _ => Err(refusal::invalid("The body is not a JSON object.")),
    }
}

/// The request as it is now, whatever others still see.
fn reply(state: &State, slot: u32, status: u16, moment: Moment) -> Reply {
    let request = state.request(slot);
    let mut json = String::new();
    request.write(&mut json, state.asset_of(request), moment.wall_us, &Selection::whole());
    Reply { status, body: json.into_bytes(), content_type: Some("application/json".to_owned()), headers: Vec::new() }
}

/// Refuses a transition unless the request is in one of `from`.
fn expect(state: &State, slot: u32, from: &[Status], to: Status) -> Result<(), Reply> {
    let status = state.request(slot).status;
    if from.contains(&status) { Ok(()) } else { Err(refusal::out_of_turn(status.word(), to.word())) }
}

/// A text that has to be there and may not be empty.
pub(super) fn required_text<'a>(sent: &'a Map<String, Value>, key: &str) -> Result<&'a str, Reply> {
    let text = sent.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    text.ok_or_else(|| refusal::missing(key))
}
