//! Where a flow keeps its checkpoint.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::checkpoint::refused;
use crate::error::{Error, Result};
use crate::host::Host;

/// Keeps one checkpoint. `save` ends when the text is durable; if it fails, the flow stops before its next request.
pub trait Store: Send + Sync {
    /// The kept text, if there is one.
    fn load<'a>(&'a mut self, host: &'a Host) -> BoxFuture<'a, Result<Option<String>>>;

    /// Keeps `text` in place of what was kept.
    fn save<'a>(&'a mut self, text: String, host: &'a Host) -> BoxFuture<'a, Result<()>>;

    /// Lets others use it.
    fn release(&mut self) {}

    /// Whether anything is kept: no text is made for a store that keeps none.
    fn keeps(&self) -> bool {
        true
    }
}

/// Keeps nothing: the flow lives as long as its process.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoStore;

impl Store for NoStore {
    fn load<'a>(&'a mut self, _: &'a Host) -> BoxFuture<'a, Result<Option<String>>> {
        async { Ok(None) }.boxed()
    }

    fn save<'a>(&'a mut self, _: String, _: &'a Host) -> BoxFuture<'a, Result<()>> {
        async { Ok(()) }.boxed()
    }

    fn keeps(&self) -> bool {
        false
    }
}

/// Asks the host program to keep it: the questions `load` and `save`.
#[derive(Debug, Clone, Copy, Default)]
pub struct HostStore;

impl Store for HostStore {
    fn load<'a>(&'a mut self, host: &'a Host) -> BoxFuture<'a, Result<Option<String>>> {
        async move {
            match host.ask("load", Value::Null).await.map_err(store_failed)? {
                Value::Null => Ok(None),
                Value::String(text) => Ok(Some(text)),
                other => Ok(Some(other.to_string())),
            }
        }
        .boxed()
    }

    fn save<'a>(&'a mut self, text: String, host: &'a Host) -> BoxFuture<'a, Result<()>> {
        async move { host.ask("save", json!({ "checkpoint": text })).await.map(drop).map_err(store_failed) }.boxed()
    }
}

pub(super) fn store_failed(error: Error) -> Error {
    let message = format!("the checkpoint could not be kept or read: {}", error.report().message);
    refused("store", message, "no further request leaves until it can be kept: mend the store and go on")
}
