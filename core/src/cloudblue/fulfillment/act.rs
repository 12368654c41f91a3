//! What a run does with a decision: it looks whether the request still waits for it, and sends it once.

use std::time::Duration;

use serde_json::json;
use serde_json::value::RawValue;

use super::super::transition::{self, read, status_of};
use super::super::{Client, composed};
use super::cycle::asked_to_wait;
use super::job::JobResult;
use super::outcome::{Outcome, Step};
use super::queue::{Candidate, Fate};
use super::worker::{Taken, Worker, acted};
use crate::error::{Code, Error, Outcome as Sent, Result};
use crate::flow::Timestamp;
use crate::host::Host;
use crate::id::Id;
use crate::ops::{Arguments, OfId};
use crate::page::Instant;

/// What came of sending a decision.
enum Applied {
    Done(String, &'static str),
    Gone,
}

impl Worker {
    /// Carries the decision about job `number` out.
    ///
    /// # Errors
    /// `validation` when no such job is in hand. What goes wrong with the request itself is in the result.
    pub async fn act(&self, number: u64, outcome: Outcome, host: &Host) -> Result<JobResult> {
        let (candidate, dry_run) = {
            let mut state = self.state();
            let Some(candidate) = state.queue.claim(number) else {
                return Err(Error::validation("job", "is not in hand: it is or was acted upon, or its run is over"));
            };
            (candidate, state.dry_run)
        };
        let mut taken = Taken { worker: self, number, given: false };
        let result = self.decide(number, &candidate, outcome, dry_run, host).await;
        taken.given = true;
        Ok(result)
    }

    async fn decide(
        &self,
        number: u64,
        candidate: &Candidate,
        outcome: Outcome,
        dry_run: bool,
        host: &Host,
    ) -> JobResult {
        match self.judge(number, candidate, outcome, dry_run, host).await {
            Ok(result) => result,
            Err(error) => {
                // What the last look found: the request waits for nothing any more, or for somebody else.
                let current = error.report().details.get("current").and_then(|status| status.as_str());
                if current.is_some_and(|status| status != candidate.lane.status()) {
                    self.finish(number, Fate::Settled, "conflict", |report| report.conflicts += 1);
                    return JobResult { result: "conflict", request: None, error: Some(error) };
                }
                self.trouble(number, candidate, &error);
                JobResult { result: "error", request: None, error: Some(error) }
            }
        }
    }

    async fn judge(
        &self,
        number: u64,
        candidate: &Candidate,
        outcome: Outcome,
        dry_run: bool,
        host: &Host,
    ) -> Result<JobResult> {
        let plain = |result| JobResult { result, request: None, error: None };
        let id = Id::new(&candidate.id)?;
        let not_before = match &outcome {
            Outcome::Error { message } => {
                return Err(Error::new(Code::Validation, message.clone()).with_outcome(Sent::NotSent));
            }
            Outcome::Skip { not_before: Some(text), .. } => parse_wall_ms(text)?,
            _ => 0,
        };
        let shown = outcome.shown();
        if matches!(outcome, Outcome::Nothing {}) {
            let mut state = self.state();
            if !std::mem::replace(&mut state.warned, true) {
                state.events.push_back(json!({"type": "handler_returned_nothing", "request": candidate.id}));
            }
        }
        let step = outcome.step(&id)?;
        if dry_run {
            let event = json!({"type": "decided", "request": candidate.id, "kind": candidate.kind, "outcome": shown});
            self.state().events.push_back(event);
            self.finish(number, Fate::Settled, "decided", |report| report.decided += 1);
            return Ok(plain("decided"));
        }
        let Some(step) = step else {
            self.finish(number, Fate::Left(not_before), "skipped", |report| report.skipped += 1);
            return Ok(plain("skipped"));
        };
        match self.apply(candidate, &id, step, host).await? {
            Applied::Done(text, result) => {
                self.finish(number, Fate::Settled, result, |report| report.count(result));
                Ok(JobResult { result, request: RawValue::from_string(text).ok(), error: None })
            }
            Applied::Gone => {
                self.finish(number, Fate::Settled, "gone", |report| report.gone += 1);
                Ok(plain("gone"))
            }
        }
    }

    /// Sends a decision, unless the request does not wait for it any more.
    async fn apply(&self, candidate: &Candidate, id: &Id, step: Step, host: &Host) -> Result<Applied> {
        let (client, call, target) = (&self.0.client, self.context(host), step.target());
        let gone = |error: Error| if error.code() == Code::NotFound { Ok(Applied::Gone) } else { Err(error) };
        // Parameters are no transition: the server would take them whatever the request's status.
        if self.is_old(candidate) || step.writes_params() {
            let text = match read(client, id, &call).await {
                Ok(text) => text,
                Err(error) => return gone(error),
            };
            match status_of(&text).as_str() {
                status if status == candidate.lane.status() => {}
                status if status == target => return Ok(Applied::Done(text, "already_applied")),
                status => {
                    let message = format!("the request is {status}, and does not wait for this any more");
                    let error = Error::new(Code::Conflict, message).with_outcome(Sent::NotSent);
                    return Err(error.with_detail("current", status));
                }
            }
        }
        let send = async |name: &str, arguments: &mut dyn Arguments| {
            transition::carry_out(client, Client::operation(name)?, arguments, &call).await
        };
        let sent = match step {
            Step::Approve(mut approve, params) => {
                composed::approve_with_params(client, &mut approve, params, &call).await
            }
            Step::Inquire(inquire) => composed::inquire(client, inquire, &call).await,
            Step::Fail(mut fail) => send("cloudblue.requests.fail", &mut fail).await,
            Step::Schedule(mut schedule) => send("cloudblue.requests.schedule", &mut schedule).await,
            Step::Confirm => send("cloudblue.requests.confirm", &mut OfId { id: id.clone() }).await,
        };
        match sent {
            Ok(carried) if carried.already_applied => Ok(Applied::Done(carried.reply.into_text(), "already_applied")),
            Ok(carried) => {
                let became = if target == "inquiring" { "inquired" } else { target };
                Ok(Applied::Done(carried.reply.into_text(), became))
            }
            Err(error) => gone(error),
        }
    }

    /// Leaves a request that could not be handled, for longer each time.
    pub(super) fn trouble(&self, number: u64, candidate: &Candidate, error: &Error) {
        if matches!(error.code(), Code::Authentication | Code::Permission) {
            self.end_with(error.clone());
        }
        let mut state = self.state();
        let attempt = state.queue.attempt(&candidate.id);
        let hour = Duration::from_secs(60 * 60);
        let grown = self.0.options.interval().saturating_mul(2_u32.saturating_pow(attempt - 1)).min(hour);
        // What the server asks for counts for all requests, not for this one alone.
        let asked = asked_to_wait(error);
        state.paused_until = state.paused_until.max(self.now().saturating_add(asked));
        let delay = grown.max(asked);
        let not_before = self.wall_ms().saturating_add(i64::try_from(delay.as_millis()).unwrap_or(i64::MAX));
        if let Some(candidate) = state.queue.finish(number, Fate::Failed(not_before)) {
            state.events.push_back(acted(&candidate, "error"));
            state.report.trouble(&candidate.id, error.to_string());
            let at = Timestamp(not_before);
            let event = json!({"type": "retry_later", "request": candidate.id, "attempt": attempt, "not_before": at.to_string()});
            state.events.push_back(event);
        }
        drop(state);
        self.0.changed.notify_waiters();
    }
}

fn parse_wall_ms(text: &str) -> Result<i64> {
    let instant =
        Instant::parse(text).ok_or_else(|| Error::validation("not_before", "must be RFC 3339, with an offset"))?;
    Ok(i64::try_from(instant.nanos() / 1_000_000).unwrap_or(i64::MAX))
}
