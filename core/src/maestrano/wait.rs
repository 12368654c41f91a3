//! Waiting for what the vendor tells nobody: it is read again and again.

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Client;
use super::bills::WaitForBill;
use super::recurring_bills;
use crate::error::{Code, Error, Result};
use crate::id::Id;
use crate::ops::{CallContext, OfId, decode};
use crate::poll::PollPolicy;

const MAX_WAIT: Duration = Duration::from_secs(30 * 60);
/// Statuses of a bill that are its end.
const ENDS: [&str; 2] = ["invoiced", "cancelled"];
const MIN_MS: u64 = 30_000;
const MAX_MS: u64 = 300_000;

/// How often it is looked, and until when.
struct Patience<'a> {
    client: &'a Client,
    policy: PollPolicy,
    until: Option<Duration>,
    looks: u32,
    failures: u32,
}

impl<'a> Patience<'a> {
    fn new(client: &'a Client, interval_ms: Option<u64>, max_wait: Option<Duration>) -> Result<Self> {
        if interval_ms == Some(0) {
            return Err(Error::validation("interval", "must be positive"));
        }
        let (min_ms, max_ms) = interval_ms.map_or((MIN_MS, MAX_MS), |interval| (interval, interval));
        let policy = PollPolicy { min_ms, max_ms, ..PollPolicy::default() };
        let until = max_wait.map(|wait| client.engine.clock.now().saturating_add(wait));
        Ok(Self { client, policy, until, looks: 0, failures: 0 })
    }

    /// What a look found; a failure that may pass counts as nothing, so many times in a row.
    fn found<T>(&mut self, look: Result<T>) -> Result<(Option<T>, Option<Duration>)> {
        match look {
            Ok(found) => {
                self.failures = 0;
                Ok((Some(found), None))
            }
            Err(error) if error.report().retryable && self.failures < self.policy.max_errors => {
                self.failures += 1;
                Ok((None, error.report().retry_after_ms.map(Duration::from_millis)))
            }
            Err(error) => Err(error),
        }
    }

    /// Sleeps until the next look; false when there is no time left for one.
    async fn pause(&mut self, retry_after: Option<Duration>) -> bool {
        let engine = &self.client.engine;
        let now = engine.clock.now();
        let remaining = self.until.map_or(Duration::MAX, |until| until.saturating_sub(now));
        if remaining.is_zero() {
            return false;
        }
        self.looks += 1;
        let delay = self.policy.delay(self.looks, engine.random.unit(), retry_after, remaining);
        engine.clock.sleep_until(now.saturating_add(delay)).await;
        true
    }
}

fn once(call: &CallContext) -> CallContext {
    CallContext { attempts: Some(1), ..call.clone() }
}

/// Reads the bill until it has one of the statuses.
pub(super) async fn for_bill(client: &Client, wait: WaitForBill, call: &CallContext) -> Result<String> {
    let until: Vec<&str> =
        if wait.until.is_empty() { ENDS.into() } else { wait.until.iter().map(String::as_str).collect() };
    let max_wait = wait.max_wait_ms.map_or(MAX_WAIT, Duration::from_millis);
    let mut patience = Patience::new(client, wait.interval_ms, Some(max_wait))?;
    let operation = Client::operation("maestrano.bills.get")?;
    let mut status = String::new();
    loop {
        let look = client.engine.execute(operation, &mut OfId { id: wait.id.clone() }, &once(call)).await;
        let (found, retry_after) = patience.found(look)?;
        if let Some(success) = found {
            status = field(&success.text, "status").as_str().unwrap_or_default().to_owned();
            if until.contains(&status.as_str()) {
                return Ok(success.text);
            }
            if ENDS.contains(&status.as_str()) {
                let message = format!("the bill is {status}, and will not become {}", until.join(" or "));
                return Err(Error::new(Code::Conflict, message).with_detail("current", status));
            }
        }
        if !patience.pause(retry_after).await {
            let message = format!("the bill is {status}, and became none of {} in time", until.join(", "));
            return Err(Error::new(Code::MaxWait, message)
                .with_hint("the waiting ended, not the bill: wait again")
                .with_detail("current", status));
        }
    }
}

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
                let bill: Value = decode(&success.text, "application/json")?;
                let seen = recurring_bills::seen(&bill);
                if seen != watch.seen {
                    let ended = matches!(bill["status"].as_str(), Some("cancelled" | "expired"));
                    return Ok(format!(r#"{{"bill":{},"seen":{seen},"ended":{ended}}}"#, success.text));
                }
            }
        }
        if !patience.pause(retry_after).await {
            return Err(Error::new(Code::MaxWait, "the recurring bill did not change in time")
                .with_hint("the waiting ended, not the bill: watch it again"));
        }
    }
}

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
    let from = crate::flow::Timestamp(since.saturating_sub(OVERLAP_MS)).to_string();
    loop {
        let mut arguments = (operation.read)(&json!({ "updated_at_after": from }).to_string())?;
        let look = client.engine.execute(operation, &mut *arguments, &once(call)).await;
        let (found, retry_after) = patience.found(look)?;
        if let Some(success) = found
            && let Some(text) = changed(&success.text, &next.cursor, since)?
        {
            return Ok(text);
        }
        if !patience.pause(retry_after).await {
            return Err(Error::new(Code::MaxWait, format!("none of the {} changed in time", next.resource))
                .with_hint("the waiting ended: go on from the same cursor"));
        }
    }
}

/// The rows that were not told yet, and the cursor behind them; `None` when there is none.
fn changed(text: &str, cursor: &Cursor, since: i64) -> Result<Option<String>> {
    let rows: Vec<&RawValue> = decode(text, "application/json")?;
    let mut fresh = Vec::new();
    let mut seen = Vec::new();
    let mut newest = since;
    for row in rows {
        let (id, at) = (field(row.get(), "id"), field(row.get(), "updated_at"));
        let (Some(id), Some(at)) = (id.as_str(), at.as_str()) else { continue };
        let Some(ms) = instant_ms(at) else { continue };
        // What lies before the overlap is no change since then, whatever the server sent.
        if ms < since.saturating_sub(OVERLAP_MS) {
            continue;
        }
        let key = (id.to_owned(), at.to_owned());
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
    let cursor = json!({ "since": crate::flow::Timestamp(newest).to_string(), "seen": seen });
    Ok(Some(format!(r#"{{"items":[{}],"cursor":{cursor}}}"#, items.join(","))))
}

fn instant_ms(text: &str) -> Option<i64> {
    i64::try_from(crate::page::Instant::parse(text)?.nanos() / 1_000_000).ok()
}

/// A field of a JSON object's text; null when there is none.
fn field(text: &str, name: &str) -> Value {
    serde_json::from_str::<serde_json::Map<String, Value>>(text)
        .ok()
        .and_then(|mut row| row.remove(name))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

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
