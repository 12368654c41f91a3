//! `/conversations`: what is said about a request.

use std::sync::Arc;

use serde_json::Value;

use super::asset_columns::{NULLABLE, ORDERED, TEXT};
use super::conversation::{Message, id_of, json_of, request_id};
use super::index::Span;
use super::lag::Lagging as _;
use super::list::{self, Window, json_page, page, sift};
use super::refusal;
use super::request::Request;
use super::requests::{admitted, object, required_text};
use super::state::State;
use crate::call::Call;
use crate::reply::Reply;
use crate::rql::{Column, Kind, Lookup, Row, Scalar};
use crate::world::Systems;

#[derive(Debug, Clone, Copy)]
enum Field {
    Id,
    InstanceId,
    Created,
}

struct ConversationRow<'a>(&'a Arc<Request>);

impl Row for ConversationRow<'_> {
    type Field = Field;

    fn any(&self, field: Field, holds: &mut dyn FnMut(Scalar<'_>) -> bool) -> bool {
        match field {
            Field::Id => holds(Scalar::Text(&id_of(self.0))),
            Field::InstanceId => holds(Scalar::Text(&self.0.id)),
            Field::Created => holds(Scalar::Integer(self.0.created_us)),
        }
    }
}

const COLUMNS: &[Column<Field>] = &[
    Column::new("id", Field::Id, Kind::Text, NULLABLE),
    Column::new("instance_id", Field::InstanceId, Kind::Text, TEXT),
    Column::new("created", Field::Created, Kind::Instant, ORDERED).ordered(),
    Column::new("events.created.at", Field::Created, Kind::Instant, ORDERED).ordered(),
];

const MESSAGES: &[Column<&str>] = &[
    Column::new("id", "id", Kind::Text, NULLABLE),
    Column::new("text", "text", Kind::Text, TEXT).searched(),
    Column::new("type", "type", Kind::Text, TEXT),
    Column::new("created", "created", Kind::Instant, ORDERED).ordered(),
    Column::new("events.created.at", "events.created.at", Kind::Instant, ORDERED).ordered(),
    Column::new("events.updated.at", "events.updated.at", Kind::Instant, ORDERED).ordered(),
    Column::new("events.created.by.id", "events.created.by.id", Kind::Text, NULLABLE.and(Lookup::NULL)),
];

pub(super) fn list(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, moment| {
        let plan = list::plan(&list::query(call)?, COLUMNS)?;
        let window = Window::of(&plan, state.behaviour.page_cap);
        let slots = state.index.slots(&state.requests, None, Span::EVER);
        let seen = slots.iter().filter_map(|slot| state.request(*slot).seen(moment.at));
        let rows: Vec<ConversationRow<'_>> = seen.map(ConversationRow).collect();
        let (total, rows) = sift(rows.iter(), &plan, window);
        let json: Vec<Value> = rows.iter().map(|row| json_of(row.0)).collect();
        Ok(page(Value::Array(json).to_string(), rows.len(), window, total))
    })
}

/// The slot of a conversation's request.
fn find(state: &State, call: &Call<'_>, now: std::time::Duration) -> Result<u32, Reply> {
    let id = call.segment(0);
    let slot = request_id(id).and_then(|id| state.find_request(&id, now).ok());
    slot.ok_or_else(|| refusal::not_found(&format!("Conversation `{id}`")))
}

pub(super) fn get(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, moment| {
        let slot = find(state, call, moment.at)?;
        Ok(Reply::ok(&json_of(state.request(slot))))
    })
}

pub(super) fn messages(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, moment| {
        let request = state.request(find(state, call, moment.at)?);
        let rows = request.messages.iter().map(|message| message.json(request)).collect();
        json_page(call, rows, MESSAGES, state.behaviour.page_cap)
    })
}

pub(super) fn post_message(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, moment| {
        let sent = object(call)?;
        let slot = find(state, call, moment.at)?;
        let text = required_text(&sent, "text")?.to_owned();
        let kind = match sent.get("type").map(|kind| kind.as_str().unwrap_or_default()) {
            None => "message",
            Some(kind @ ("message" | "private" | "state_change")) => kind,
            Some(other) => return Err(refusal::invalid(&format!("\"{other}\" is not a valid choice."))),
        };
        let (kind, at_us) = (kind.to_owned(), moment.wall_us);
        let request = state.request_mut(slot);
        let number = request.messages.len() + 1;
        request.messages.push(Message { number, kind, text, by_platform: false, at_us });
        let request = state.request(slot);
        let json = request.messages.last().map(|message| message.json(request)).unwrap_or_default();
        Ok(Reply::created(&json))
    })
}
