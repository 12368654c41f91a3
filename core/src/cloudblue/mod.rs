//! CloudBlue Connect: fulfillment requests and assets, and the worker that handles the requests.
//!
//! Source: the vendor's page "Assets API" of 2020, its specification v37 of 2025, its state machines and the parser of its
//! query language. Its own clients run against the sandbox; nothing here was checked against the live API.

mod asset;
pub mod assets;
mod auth;
mod client;
mod composed;
mod conversation;
pub mod conversations;
mod decisions;
mod filters;
pub mod fulfillment;
mod item;
mod listing;
mod param;
pub mod query;
mod request;
pub mod requests;
mod template;
pub mod templates;
mod tier;
mod transition;
mod usage;

pub use crate::lenient::Scalar;
pub use asset::{Asset, Configuration, Connection, Product, Reference};
pub use assets::{ListAssetRequests, ListAssets, ListUsageAggregates};
pub use client::{Builder, Client, Config};
pub use conversation::{Conversation, Message};
pub use conversations::{ListConversations, ListMessages, PostMessage};
pub use decisions::{Approve, Fail, Inquire, Pend, Revoke, Schedule};
pub use item::{Item, Quantity};
pub use param::{Param, ParamChange};
pub use query::{Query, R};
pub use request::{Request, TemplateReference};
pub use requests::{Assign, CreateRequest, ListRequests, Render, SetParamValues, Update, Validate, WaitFor};
pub use template::Template;
pub use templates::ListTemplates;
pub use tier::{Tier, Tiers};
pub use usage::UsageAggregate;

use crate::error::{Error, Result};
use crate::host::Host;
use crate::http::Options;
use crate::ops::{Operation, read_arguments};
use crate::page::{PageOptions, Source};
use listing::{Asked, ListArguments as _};

/// Every operation of Connect.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    [requests::OPERATIONS, assets::OPERATIONS, templates::OPERATIONS, conversations::OPERATIONS].into_iter().flatten()
}

/// The list `name`, asked for by JSON text.
pub(crate) fn list(
    client: &Client,
    name: &str,
    arguments: &str,
    options: Options,
    host: Host,
) -> Result<(std::sync::Arc<dyn Source>, PageOptions, Host)> {
    type Read = fn(&str) -> Result<Asked>;
    let lists: [(&str, Read); 7] = [
        ("cloudblue.requests.list", |text| Ok(read_arguments::<ListRequests>(text)?.into_listing())),
        ("cloudblue.assets.list", |text| Ok(read_arguments::<ListAssets>(text)?.into_listing())),
        ("cloudblue.assets.requests", |text| Ok(read_arguments::<ListAssetRequests>(text)?.into_listing())),
        ("cloudblue.assets.usage_aggregates", |text| Ok(read_arguments::<ListUsageAggregates>(text)?.into_listing())),
        ("cloudblue.templates.list", |text| Ok(read_arguments::<ListTemplates>(text)?.into_listing())),
        ("cloudblue.conversations.list", |text| Ok(read_arguments::<ListConversations>(text)?.into_listing())),
        ("cloudblue.conversations.messages", |text| Ok(read_arguments::<ListMessages>(text)?.into_listing())),
    ];
    let Some((_, read)) = lists.iter().find(|(known, _)| *known == name) else {
        return Err(Error::validation("operation", format!("{name} is no list of CloudBlue Connect")));
    };
    let operation = Client::operation(name)?;
    let asked = read(arguments).map_err(|error| operation.named(error))?;
    listing::open(client, name, asked, options, host)
}
