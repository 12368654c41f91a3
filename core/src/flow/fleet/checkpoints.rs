//! Where the flows of a fleet keep their checkpoints: one store for all, each under its key.

use std::fmt;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use crate::error::Result;
use crate::flow::Store;
use crate::flow::store::store_failed;
use crate::host::Host;

/// Keeps the checkpoints of many flows. `save` ends when the text is durable; if it fails, that flow stops before its next
/// request.
pub trait Checkpoints: Send + Sync + fmt::Debug {
    /// The text kept under `key`, if there is one.
    fn load<'a>(&'a self, key: &'a str, host: &'a Host) -> BoxFuture<'a, Result<Option<String>>>;

    /// Keeps `text` under `key` in place of what was kept.
    fn save<'a>(&'a self, key: &'a str, text: String, host: &'a Host) -> BoxFuture<'a, Result<()>>;

    /// Whether anything is kept.
    fn keeps(&self) -> bool {
        true
    }
}

/// Keeps nothing: the flows live as long as their process.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCheckpoints;

impl Checkpoints for NoCheckpoints {
    fn load<'a>(&'a self, _: &'a str, _: &'a Host) -> BoxFuture<'a, Result<Option<String>>> {
        async { Ok(None) }.boxed()
    }

    fn save<'a>(&'a self, _: &'a str, _: String, _: &'a Host) -> BoxFuture<'a, Result<()>> {
        async { Ok(()) }.boxed()
    }

    fn keeps(&self) -> bool {
        false
    }
}

/// Asks the host program to keep them: the questions `load` and `save` about the store called `fleet`.
#[derive(Debug, Clone, Copy, Default)]
pub struct HostCheckpoints;

impl Checkpoints for HostCheckpoints {
    fn load<'a>(&'a self, key: &'a str, host: &'a Host) -> BoxFuture<'a, Result<Option<String>>> {
        async move {
            match host.ask("load", json!({"store": "fleet", "key": key})).await.map_err(store_failed)? {
                Value::Null => Ok(None),
                Value::String(text) => Ok(Some(text)),
                other => Ok(Some(other.to_string())),
            }
        }
        .boxed()
    }

    fn save<'a>(&'a self, key: &'a str, text: String, host: &'a Host) -> BoxFuture<'a, Result<()>> {
        let data = json!({"store": "fleet", "key": key, "checkpoint": text});
        async move { host.ask("save", data).await.map(drop).map_err(store_failed) }.boxed()
    }
}

/// One flow's part of the store.
pub(super) struct Keyed {
    pub(super) checkpoints: Arc<dyn Checkpoints>,
    pub(super) key: Box<str>,
}

impl Store for Keyed {
    fn load<'a>(&'a mut self, host: &'a Host) -> BoxFuture<'a, Result<Option<String>>> {
        self.checkpoints.load(&self.key, host)
    }

    fn save<'a>(&'a mut self, text: String, host: &'a Host) -> BoxFuture<'a, Result<()>> {
        self.checkpoints.save(&self.key, text, host)
    }

    fn keeps(&self) -> bool {
        self.checkpoints.keeps()
    }
}
