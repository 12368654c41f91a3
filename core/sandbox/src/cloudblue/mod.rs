//! Plays CloudBlue Connect's requests and assets as the contract has them (section 1).
//!
//! The vendor's verbs, the buyer's (`purchase`, `submit`) and the distributor's (`revoke`) are taken from the same key;
//! what nobody calls happens by the sandbox's clock, computed when somebody looks.

mod asset;
mod asset_columns;
mod assets;
mod behaviour;
mod catalog;
mod conversation;
mod conversations;
mod credentials;
mod generate;
mod grower;
mod ids;
mod index;
mod item;
mod json_object;
mod lag;
mod list;
mod param;
mod party;
mod people;
mod product;
pub(crate) mod refusal;
mod request;
mod request_columns;
mod request_search;
mod requests;
mod seed;
mod selection;
mod show;
mod state;
mod template;
mod templates;
mod words;
mod workflow;

use crate::call::Call;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::world::Systems;

pub(crate) use credentials::{Credentials, PREFIX};
pub(crate) use list::unquoted;
pub(crate) use state::State;

use crate::rql::text_of as instant_text;

fn text_reply(text: String, content_type: &str) -> Reply {
    Reply { status: 200, body: text.into_bytes(), content_type: Some(content_type.to_owned()), headers: Vec::new() }
}

const fn operation(
    name: &'static str,
    method: &'static str,
    path: &'static str,
    handle: fn(&mut Systems, &Call<'_>) -> Reply,
) -> Operation {
    Operation { name, method, path, handle }
}

/// Every call. Action paths may end in a slash, as old clients write them.
pub(crate) const OPERATIONS: &[Operation] = &[
    operation("cloudblue.requests.list", "GET", "/public/v1/requests", requests::list),
    operation("cloudblue.requests.create", "POST", "/public/v1/requests", requests::create),
    operation("cloudblue.requests.get", "GET", "/public/v1/requests/{}", requests::get),
    operation("cloudblue.requests.update", "PUT", "/public/v1/requests/{}", requests::update),
    operation("cloudblue.requests.approve", "POST", "/public/v1/requests/{}/approve/?", requests::approve),
    operation("cloudblue.requests.fail", "POST", "/public/v1/requests/{}/fail/?", requests::fail),
    operation("cloudblue.requests.inquire", "POST", "/public/v1/requests/{}/inquire/?", requests::inquire),
    operation("cloudblue.requests.pend", "POST", "/public/v1/requests/{}/pend/?", requests::pend),
    operation("cloudblue.requests.schedule", "POST", "/public/v1/requests/{}/schedule/?", requests::schedule),
    operation("cloudblue.requests.revoke", "POST", "/public/v1/requests/{}/revoke/?", requests::revoke),
    operation("cloudblue.requests.confirm", "POST", "/public/v1/requests/{}/confirm/?", requests::confirm),
    operation("cloudblue.requests.purchase", "POST", "/public/v1/requests/{}/purchase/?", requests::purchase),
    operation("cloudblue.requests.submit", "POST", "/public/v1/requests/{}/submit/?", requests::submit),
    operation("cloudblue.requests.validate", "POST", "/public/v1/requests/{}/validate/?", requests::validate),
    operation("cloudblue.requests.assign", "POST", "/public/v1/requests/{}/assign/?", requests::assign),
    operation("cloudblue.requests.unassign", "POST", "/public/v1/requests/{}/unassign/?", requests::unassign),
    operation("cloudblue.requests.render", "GET", "/public/v1/requests/{}/render", requests::render),
    operation("cloudblue.assets.list", "GET", "/public/v1/assets", assets::list),
    operation("cloudblue.assets.get", "GET", "/public/v1/assets/{}", assets::get),
    operation("cloudblue.assets.requests", "GET", "/public/v1/assets/{}/requests", assets::requests),
    operation("cloudblue.assets.render", "GET", "/public/v1/assets/{}/render", assets::render),
    operation(
        "cloudblue.assets.usage_aggregates",
        "GET",
        "/public/v1/assets/{}/usage/aggregates",
        assets::usage_aggregates,
    ),
    operation("cloudblue.templates.list", "GET", "/public/v1/products/{}/templates", templates::list),
    operation("cloudblue.conversations.list", "GET", "/public/v1/conversations", conversations::list),
    operation("cloudblue.conversations.get", "GET", "/public/v1/conversations/{}", conversations::get),
    operation(
        "cloudblue.conversations.messages",
        "GET",
        "/public/v1/conversations/{}/messages",
        conversations::messages,
    ),
    operation(
        "cloudblue.conversations.post_message",
        "POST",
        "/public/v1/conversations/{}/messages/?",
        conversations::post_message,
    ),
];
