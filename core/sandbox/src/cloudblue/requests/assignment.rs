//! `assign` and `unassign`.

use super::{admitted, object, reply};
use crate::call::Call;
use crate::cloudblue::party::Assignee;
use crate::cloudblue::refusal;
use crate::cloudblue::state::{Moment, State};
use crate::reply::Reply;
use crate::world::Systems;

/// Takes the id of a user, or the email address of one.
pub(crate) fn assign(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, moment| {
        let sent = object(call)?;
        let slot = state.find_request(call.segment(0), moment.at)?;
        let text = |key: &str| sent.get(key).and_then(serde_json::Value::as_str);
        let assignee = match (text("id"), text("email")) {
            (Some(id), None) if id.starts_with("UR-") => Assignee::User {
                id: id.to_owned(),
                name: format!("User {id}"),
                email: format!("{}@example.com", id.to_lowercase()),
            },
            (None, Some(email)) if email.contains('@') => {
                let name = email.split('@').next().unwrap_or_default().to_owned();
                Assignee::User { id: "UR-000-000-002".to_owned(), name, email: email.to_owned() }
            }
            (Some(_), None) | (None, Some(_)) => return Err(refusal::invalid("There is no such user.")),
            _ => return Err(refusal::invalid("Exactly one of 'id' and 'email' is required.")),
        };
        reassign(state, slot, assignee, moment)
    })
}

pub(crate) fn unassign(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, moment| {
        let slot = state.find_request(call.segment(0), moment.at)?;
        reassign(state, slot, Assignee::Nobody, moment)
    })
}

fn reassign(state: &mut State, slot: u32, assignee: Assignee, moment: Moment) -> Result<Reply, Reply> {
    state.change(slot, moment, |state| {
        let request = state.request_mut(slot);
        request.assignee = assignee;
        request.updated_us = moment.wall_us;
        Ok(())
    })?;
    Ok(reply(state, slot, 200, moment))
}
