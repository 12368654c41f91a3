//! What changed since a cursor that the caller keeps: lists have no order and no pages, so they are read with an overlap.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::Client;
use super::patience::{Patience, once};
use crate::error::{Code, Error, Result};
use crate::flow::Timestamp;
use crate::ops::{CallContext, decode};
use crate::page::Instant;

/// Where a reader of changes stands. Plain JSON, to be kept by the caller; holds no secret.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NextChanges {
    resource: String,
    /// The cursor that came last, or at the first time `{"since": instant}`.
    cursor: Cursor,
    #[serde(default)]
    interval_ms: Option<u64>,
    #[serde(default)]
    max_wait_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    since: String,
    /// What was told of the overlap: an id with the instant of its change.
    #[serde(default)]
    seen: Vec<(String, String)>,
}

/// The server's rows may become visible late, and its clock has whole seconds: so much is read twice.
const OVERLAP_MS: i64 = 60_000;
const RESOURCES: [&str; 4] = ["groups", "users", "bills", "recurring_bills"];

/// Waits until something of a resource was changed: `{"items": […], "cursor": {…}}`, the oldest change first.
pub(super) async fn next_changes(client: &Client, next: NextChanges, call: &CallContext) -> Result<String> {
    if !RESOURCES.contains(&next.resource.as_str()) {
        return Err(Error::validation("resource", format!("must be one of {}", RESOURCES.join(", "))));
    }
    let since = instant_ms(&next.cursor.since)
        .ok_or_else(|| Error::validation("since", "must be an instant with an offset, as 2015-08-27T23:22:37Z"))?;
    let mut patience = Patience::new(client, next.interval_ms, next.max_wait_ms.map(Duration::from_millis))?;
    let operation = Client::operation(&format!("maestrano.{}.list", next.resource))?;
    let from = Timestamp(since.saturating_sub(OVERLAP_MS)).to_string();
    loop {
        let mut arguments = (operation.read)(&json!({ "updated_at_after": from }).to_string())?;
        let look = client.engine.execute(operation, &mut *arguments, &once(call)).await;
        let (found, retry_after) = patience.found(look)?;
        if let Some(success) = found
            && let Some(text) = changed(&success.into_text(), &next.cursor, since)?
        {
            return Ok(text);
        }
        if !patience.pause(retry_after).await {
            return Err(Error::new(Code::MaxWait, format!("none of the {} changed in time", next.resource))
                .with_hint("the waiting ended: go on from the same cursor"));
        }
    }
}

/// What of a row tells that it changed.
#[derive(Deserialize)]
struct Changed {
    id: String,
    updated_at: String,
}

/// The rows that were not told yet, and the cursor behind them; `None` when there is none.
fn changed(text: &str, cursor: &Cursor, since: i64) -> Result<Option<String>> {
    let rows: Vec<&RawValue> = decode(text, "application/json")?;
    let mut fresh = Vec::new();
    let mut seen = Vec::new();
    let mut newest = since;
    for row in rows {
        // A row without them cannot be told from others.
        let Ok(Changed { id, updated_at: at }) = serde_json::from_str(row.get()) else { continue };
        let Some(ms) = instant_ms(&at) else { continue };
        // What lies before the overlap is no change since then, whatever the server sent.
        if ms < since.saturating_sub(OVERLAP_MS) {
            continue;
        }
        let key = (id, at);
        newest = newest.max(ms);
        let told = cursor.seen.contains(&key) || (cursor.seen.is_empty() && ms < since);
        if !told {
            fresh.push((ms, row.get()));
        }
        seen.push((ms, key));
    }
    if fresh.is_empty() {
        return Ok(None);
    }
    fresh.sort_by_key(|(ms, _)| *ms);
    seen.retain(|(ms, _)| *ms >= newest.saturating_sub(OVERLAP_MS));
    let items: Vec<&str> = fresh.into_iter().map(|(_, row)| row).collect();
    let seen: Vec<(String, String)> = seen.into_iter().map(|(_, key)| key).collect();
    let cursor = json!({ "since": Timestamp(newest).to_string(), "seen": seen });
    Ok(Some(format!(r#"{{"items":[{}],"cursor":{cursor}}}"#, items.join(","))))
}

fn instant_ms(text: &str) -> Option<i64> {
    i64::try_from(Instant::parse(text)?.nanos() / 1_000_000).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const SINCE: &str = "2026-01-01T00:10:00Z";

    fn read(rows: &Value, cursor: &Cursor) -> Option<(Vec<String>, Cursor)> {
        let text = changed(&rows.to_string(), cursor, instant_ms(&cursor.since).unwrap()).unwrap()?;
        let mut told: Value = serde_json::from_str(&text).unwrap();
        let ids = told["items"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
        Some((ids, serde_json::from_value(told["cursor"].take()).unwrap()))
    }

    #[test]
    fn a_change_is_told_once_also_when_it_becomes_visible_late() {
        let cursor = Cursor { since: SINCE.to_owned(), seen: Vec::new() };
        let first = json!([
            {"id": "bill-2", "updated_at": "2026-01-01T00:10:09Z"},
            {"id": "bill-1", "updated_at": "2026-01-01T00:10:05Z"},
            {"id": "bill-0", "updated_at": "2026-01-01T00:09:30Z"},
        ]);
        let (ids, cursor) = read(&first, &cursor).unwrap();
        assert_eq!(ids, ["bill-1", "bill-2"], "the oldest first, and nothing from before");
        assert!(read(&first, &cursor).is_none());
        let late = json!([
            {"id": "bill-1", "updated_at": "2026-01-01T00:10:05Z"},
            {"id": "bill-2", "updated_at": "2026-01-01T00:10:09Z"},
            {"id": "bill-3", "updated_at": "2026-01-01T00:10:07Z"},
        ]);
        let (ids, cursor) = read(&late, &cursor).unwrap();
        assert_eq!(ids, ["bill-3"]);
        let again = json!([{"id": "bill-1", "updated_at": "2026-01-01T00:12:00Z"}]);
        let (ids, cursor) = read(&again, &cursor).unwrap();
        assert_eq!(ids, ["bill-1"], "changed once more");
        assert_eq!(cursor.since, "2026-01-01T00:12:00Z");
    }
}
