//! Moves of a request to another status: sent once, and when the reply is lost, settled by reading.
//!
//! The state table (the vendor's `request-workflow`) explains refusals; it never blocks a call, for it may be out of date.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Client;
use crate::error::{Code, Error, Outcome, Result};
use crate::id::Id;
use crate::ops::{Arguments, CallContext, OfId, Operation, Reply, decode, mark_applied};

/// A verb of requests: from which statuses it leads to which.
pub(super) struct Transition {
    verb: &'static str,
    from: &'static [&'static str],
    to: &'static [&'static str],
    /// Whether the status it leads to is an end: then the server itself refuses it a second time.
    ends: bool,
}

const TRANSITIONS: [Transition; 8] = [
    Transition { verb: "approve", from: &["pending"], to: &["approved"], ends: true },
    Transition { verb: "fail", from: &["pending"], to: &["failed"], ends: true },
    Transition { verb: "inquire", from: &["pending"], to: &["inquiring"], ends: false },
    Transition { verb: "pend", from: &["inquiring"], to: &["pending"], ends: false },
    Transition { verb: "schedule", from: &["pending"], to: &["scheduled"], ends: false },
    Transition { verb: "revoke", from: &["scheduled"], to: &["revoking"], ends: false },
    Transition { verb: "confirm", from: &["revoking"], to: &["revoked"], ends: true },
    Transition { verb: "purchase", from: &["draft"], to: &["pending", "tiers_setup", "inquiring"], ends: false },
];

pub(super) const ENDS: [&str; 3] = ["approved", "failed", "revoked"];

/// A change may become visible late: when it is looked for, after a reply was lost.
const LOOKS: [Duration; 4] = [Duration::ZERO, Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(10)];

/// Times that a transition to an end is sent in all, each after the reads found the request as it was.
const SENDINGS: u32 = 3;

/// Accepts what a change may be answered with: the request, a list of it, or nothing.
pub(super) fn changed(text: &str, content_type: &str) -> Result<()> {
    let reply: Option<&RawValue> = decode(text, content_type)?;
    match reply.map(|raw| raw.get().as_bytes()[0]) {
        None | Some(b'{' | b'[') => Ok(()),
        Some(_) => Err(Error::new(Code::Decode, "the reply is neither an object nor a list")),
    }
}

/// What an operation was answered with.
#[derive(Debug)]
pub(super) struct Carried {
    /// The reply; of a change, the request.
    pub(super) reply: Reply,
    /// Whether a transition found its target reached already.
    pub(super) already_applied: bool,
}

impl Carried {
    pub(super) fn now(reply: impl Into<Reply>) -> Self {
        Self { reply: reply.into(), already_applied: false }
    }
}

/// Carries a single operation out; the reply of a change is the request, whatever the server answers with.
pub(super) async fn carry_out(
    client: &Client,
    operation: &'static Operation,
    arguments: &mut dyn Arguments,
    call: &CallContext,
) -> Result<Carried> {
    let verb = operation.name.strip_prefix("cloudblue.requests.").filter(|_| operation.method != "GET");
    let id = arguments.ids().first().map(|id| (*id).clone());
    let (Some(verb), Some(id)) = (verb, id) else {
        return Ok(Carried::now(client.exchange(operation, arguments, call).await?.reply));
    };
    let transition = TRANSITIONS.iter().find(|transition| transition.verb == verb);
    let mut sendings = 0;
    loop {
        sendings += 1;
        let error = match client.exchange(operation, arguments, call).await {
            Ok(success) => return Ok(Carried::now(request_of(client, &id, success.into_text(), call).await)),
            Err(error) => error,
        };
        let Some(transition) = transition else { return Err(error) };
        let named = |mut error: Error| {
            // What a read found is told as the transition's own outcome.
            error.report_mut().operation = Some(operation.name.to_owned());
            error
        };
        match transition.settle(client, &id, error, call).await.map_err(named)? {
            Settled::Applied(text) => return Ok(Carried { reply: text.into(), already_applied: true }),
            Settled::Unchanged(_) if transition.ends && sendings < SENDINGS => {}
            Settled::Unchanged(error) => return Err(named(*error)),
        }
    }
}

/// What the reads after an error found.
enum Settled {
    /// The request is where it was to go.
    Applied(String),
    /// It is where it was, and the server has had time.
    Unchanged(Box<Error>),
}

impl Transition {
    async fn settle(&self, client: &Client, id: &Id, error: Error, call: &CallContext) -> Result<Settled> {
        let lost = error.outcome() == Some(Outcome::Unknown);
        let refused = matches!(error.code(), Code::BadRequest | Code::Conflict | Code::Unprocessable);
        if !lost && !refused {
            return Err(error);
        }
        let looks = if lost { &LOOKS[..] } else { &LOOKS[..1] };
        let mut seen = None;
        for delay in looks {
            if !delay.is_zero() {
                let clock = &client.engine.clock;
                clock.sleep_until(clock.now() + *delay).await;
            }
            let text = match read(client, id, call).await {
                Ok(text) => text,
                // A request that is gone cannot be settled; any other trouble may pass.
                Err(gone) if gone.code() == Code::NotFound => return Err(if lost { gone } else { error }),
                // Only what the last look saw tells that the request stayed as it was.
                Err(_) => {
                    seen = None;
                    continue;
                }
            };
            let status = status_of(&text);
            if self.to.contains(&status.as_str()) {
                return Ok(Settled::Applied(mark_applied(&text)));
            }
            if ENDS.contains(&status.as_str()) {
                return Err(self.conflict(&error, &status));
            }
            seen = Some(status);
        }
        let error = self.explain(error, seen.as_deref());
        match seen {
            Some(status) if lost && self.from.contains(&status.as_str()) => Ok(Settled::Unchanged(Box::new(error))),
            _ => Err(error),
        }
    }

    /// Somebody else has brought the request to another end.
    fn conflict(&self, error: &Error, status: &str) -> Error {
        let message = format!("the request is {status} already, and cannot become {}", self.to.join(" or "));
        let mut conflict = Error::new(Code::Conflict, message).with_outcome(Outcome::Rejected);
        let report = error.report().clone();
        let into = conflict.report_mut();
        (into.status, into.request_id, into.details) = (report.status, report.request_id, report.details);
        (into.system, into.causes) = (report.system, vec![error.to_string()]);
        conflict.with_detail("current", status)
    }

    fn explain(&self, error: Error, status: Option<&str>) -> Error {
        let Some(status) = status else { return error };
        let error = error.with_detail("current", status);
        if self.from.contains(&status) {
            return error;
        }
        let hint = format!(
            "the request is {status}; {} leads from {} to {}",
            self.verb,
            self.from.join(", "),
            self.to.join(", ")
        );
        error.with_hint(hint)
    }
}

/// The text of the request `id`, read now.
pub(super) async fn read(client: &Client, id: &Id, call: &CallContext) -> Result<String> {
    let operation = Client::operation("cloudblue.requests.get")?;
    Ok(client.exchange(operation, &mut OfId { id: id.clone() }, call).await?.into_text())
}

/// The status in a request's text; empty if there is none.
pub(super) fn status_of(text: &str) -> String {
    #[derive(Deserialize)]
    struct Status {
        status: Option<Value>,
    }
    let status = serde_json::from_str::<Status>(text).ok().and_then(|request| request.status);
    status.and_then(|status| status.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The request that a change was answered with, or that is read when the answer holds none.
async fn request_of(client: &Client, id: &Id, text: String, call: &CallContext) -> String {
    #[derive(Deserialize)]
    struct Named {
        id: Option<Value>,
    }
    let is_it = |text: &str| {
        serde_json::from_str::<Named>(text).is_ok_and(|row| row.id.is_some_and(|found| found == id.as_str()))
    };
    if is_it(&text) {
        return text;
    }
    let listed: Vec<&RawValue> = serde_json::from_str(&text).unwrap_or_default();
    if let Some(raw) = listed.iter().find(|raw| is_it(raw.get())) {
        return raw.get().to_owned();
    }
    // The change was made; that it cannot be read now does not undo it.
    read(client, id, call).await.unwrap_or_else(|_| serde_json::json!({"id": id}).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_may_be_answered_with_a_request_a_list_or_nothing() {
        for text in ["{}", "[]", "null", " {\"id\": 1}"] {
            assert!(changed(text, "application/json").is_ok(), "{text}");
        }
        assert!(changed("7", "application/json").is_err());
        assert_eq!(changed("<html>", "text/html").unwrap_err().code(), Code::UnexpectedContent);
    }
}
