//! How this Connect behaves where its documents contradict each other, and what its people do.

use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::words::Status;
use crate::error::SandboxError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Behaviour {
    /// `/pend` answers 204 with nothing.
    pub(super) pend_is_empty: bool,
    /// PUT answers a list of one request.
    pub(super) update_lists: bool,
    /// The most rows in a page, and the rows of one that says nothing.
    pub(super) page_cap: usize,
    /// How long a buyer takes to answer an inquiry; none: for ever.
    pub(super) buyer: Option<Duration>,
    /// How long a draft is kept; none: for ever.
    pub(super) draft: Option<Duration>,
    /// What the tiers' setup ends with: pending, or failed.
    pub(super) tiers_setup: Status,
    /// An inquiring request can neither be approved nor failed.
    pub(super) inquiring_is_final: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            pend_is_empty: false,
            update_lists: false,
            page_cap: 1000,
            buyer: None,
            draft: None,
            tiers_setup: Status::Pending,
            inquiring_is_final: true,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PendReply {
    Request,
    Empty,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum UpdateReply {
    Request,
    List,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TiersSetup {
    Pending,
    Failed,
}

/// What is to change; absent keys stay as they are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    pend_reply: Option<PendReply>,
    update_reply: Option<UpdateReply>,
    page_cap: Option<usize>,
    #[serde(default, deserialize_with = "given")]
    buyer_ms: Option<Option<u64>>,
    #[serde(default, deserialize_with = "given")]
    draft_ms: Option<Option<u64>>,
    tiers_setup: Option<TiersSetup>,
    inquiring_is_final: Option<bool>,
}

/// Tells `null`, which means never, from a key that is not there.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u64>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Behaviour {
    /// The behaviour after a change; the error names the key.
    pub(super) fn changed(&self, change: Value) -> Result<Behaviour, SandboxError> {
        let change: Change = SandboxError::reading("cloudblue behaviour", change)?;
        if change.page_cap == Some(0) {
            return Err(SandboxError::Invalid("cloudblue behaviour: key `page_cap`: at least 1".to_owned()));
        }
        let mut changed = self.clone();
        if let Some(reply) = change.pend_reply {
            changed.pend_is_empty = matches!(reply, PendReply::Empty);
        }
        if let Some(reply) = change.update_reply {
            changed.update_lists = matches!(reply, UpdateReply::List);
        }
        if let Some(end) = change.tiers_setup {
            changed.tiers_setup = if matches!(end, TiersSetup::Failed) { Status::Failed } else { Status::Pending };
        }
        changed.page_cap = change.page_cap.unwrap_or(changed.page_cap);
        changed.buyer = change.buyer_ms.map_or(changed.buyer, |ms| ms.map(Duration::from_millis));
        changed.draft = change.draft_ms.map_or(changed.draft, |ms| ms.map(Duration::from_millis));
        changed.inquiring_is_final = change.inquiring_is_final.unwrap_or(changed.inquiring_is_final);
        Ok(changed)
    }

    pub(super) fn show(&self) -> Value {
        let ms = |length: Option<Duration>| length.map(|length| u64::try_from(length.as_millis()).unwrap_or(u64::MAX));
        json!({
            "pend_reply": if self.pend_is_empty { "empty" } else { "request" },
            "update_reply": if self.update_lists { "list" } else { "request" },
            "page_cap": self.page_cap, "buyer_ms": ms(self.buyer), "draft_ms": ms(self.draft),
            "tiers_setup": self.tiers_setup.word(), "inquiring_is_final": self.inquiring_is_final,
        })
    }
}
