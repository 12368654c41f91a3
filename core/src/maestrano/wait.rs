//! Waiting until a bill has a status.

use std::time::Duration;

use super::Client;
use super::bills::{Bill, WaitForBill};
use super::patience::{Patience, once};
use crate::error::{Code, Error, Result};
use crate::ops::{CallContext, OfId, decode};

const MAX_WAIT: Duration = Duration::from_secs(30 * 60);
/// Statuses of a bill that are its end.
const ENDS: [&str; 2] = ["invoiced", "cancelled"];

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
            let text = success.into_text();
            status = decode::<Bill>(&text, "application/json")?.status.unwrap_or_default();
            if until.contains(&status.as_str()) {
                return Ok(text);
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
