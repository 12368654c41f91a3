//! Watching a recurring bill from change to change.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::patience::{Patience, once};
use super::{Client, recurring_bills};
use crate::error::{Code, Error, Result};
use crate::id::Id;
use crate::ops::{CallContext, OfId, picked};

/// What of a recurring bill was seen last.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Watch {
    id: Id,
    /// What the reply of the last time had in it; absent at the first.
    #[serde(default)]
    seen: Value,
    #[serde(default)]
    interval_ms: Option<u64>,
    #[serde(default)]
    max_wait_ms: Option<u64>,
}

/// Waits until a recurring bill shows something else than what was seen: `{"bill", "seen", "ended"}`.
pub(super) async fn next_change(client: &Client, watch: Watch, call: &CallContext) -> Result<String> {
    let mut patience = Patience::new(client, watch.interval_ms, watch.max_wait_ms.map(Duration::from_millis))?;
    let operation = Client::operation("maestrano.recurring_bills.get")?;
    // At the first time the state is told at once; later there was a look just before.
    let mut look_now = watch.seen.is_null();
    loop {
        let mut retry_after = None;
        if std::mem::replace(&mut look_now, true) {
            let look = client.engine.execute(operation, &mut OfId { id: watch.id.clone() }, &once(call)).await;
            let (found, later) = patience.found(look)?;
            retry_after = later;
            if let Some(success) = found {
                let text = success.into_text();
                let bill = picked(&text, &recurring_bills::SEEN)?;
                let seen = recurring_bills::seen(&bill);
                if seen != watch.seen {
                    let ended = matches!(bill["status"].as_str(), Some("cancelled" | "expired"));
                    return Ok(format!(r#"{{"bill":{text},"seen":{seen},"ended":{ended}}}"#));
                }
            }
        }
        if !patience.pause(retry_after).await {
            return Err(Error::new(Code::MaxWait, "the recurring bill did not change in time")
                .with_hint("the waiting ended, not the bill: watch it again"));
        }
    }
}
