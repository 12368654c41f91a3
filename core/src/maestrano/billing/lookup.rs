//! Looking for a bill whose reply was lost.

use std::time::Duration;

use serde_json::value::RawValue;

use super::Chargeable;
use super::intent::{FACTS, Intent};
use crate::error::{Error, Result};
use crate::maestrano::Client;
use crate::maestrano::bills::ListBills;
use crate::ops::{CallContext, decode, picked};

/// A bill may become visible late: how long after the one before each look is taken.
const LOOKS: [Duration; 4] = [Duration::ZERO, Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(10)];

/// What the looks found.
pub(super) enum Found {
    /// Rows that may be it, as their own text.
    Some(Vec<String>),
    /// The server has had time, and there is none.
    None,
    /// The last look failed: nothing is known.
    Unknown(Error),
}

/// Looks until something is found, at most four times within 17 seconds.
pub(super) async fn look<A: Chargeable>(client: &Client, intent: &Intent, sent_ms: i64, call: &CallContext) -> Found {
    let clock = &client.engine.clock;
    let mut last = Found::None;
    for delay in LOOKS {
        if !delay.is_zero() {
            clock.sleep_until(clock.now() + delay).await;
        }
        last = match matching::<A>(client, intent, sent_ms, call).await {
            Ok(rows) if !rows.is_empty() => return Found::Some(rows),
            Ok(_) => Found::None,
            // Only what the last look saw tells that there is none.
            Err(error) => Found::Unknown(error),
        };
    }
    last
}

pub(super) async fn matching<A: Chargeable>(
    client: &Client,
    intent: &Intent,
    sent_ms: i64,
    call: &CallContext,
) -> Result<Vec<String>> {
    let operation = Client::operation(&format!("maestrano.{}.list", A::RESOURCE))?;
    // Both resources are asked by the same one filter, which the vendor's pages show.
    let mut filter = ListBills { group_id: Some(intent.group_id.clone()), ..ListBills::default() };
    let text = client.engine.execute(operation, &mut filter, call).await?.into_text();
    let rows: Vec<&RawValue> = decode(&text, "application/json")?;
    let mut found = Vec::new();
    for row in rows {
        // A row that nobody can read may be it: then nothing is known.
        if intent.matches(&picked(row.get(), &FACTS)?, sent_ms) {
            found.push(row.get().to_owned());
        }
    }
    Ok(found)
}
