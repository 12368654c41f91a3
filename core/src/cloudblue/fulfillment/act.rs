//! What a run does with a decision: it looks whether the request still waits for it, and sends it once.

use std::time::Duration;

use serde_json::json;
use serde_json::value::RawValue;

use super::super::transition::{read, status_of};
use super::super::{Client, composed};
use super::job::JobResult;
use super::outcome::{Outcome, Step};
use super::queue::{Candidate, Fate};
use super::worker::{Taken, Worker};
use crate::error::{Code, Error, Outcome as Sent, Result};
use crate::flow::Timestamp;
use crate::host::Host;
use crate::id::Id;
use crate::page::Instant;

/// What came of sending a decision.
enum Applied {
    Done(Option<String>, &'static str),
    Gone,
}

impl Worker {
    /// Carries the decision about job `number` out.
    ///
    /// # Errors
    /// `validation` when no such job is in hand. What goes wrong with the request itself is in the result.
    pub async fn act(&self, number: u64, outcome: Outcome, host: &Host) -> Result<JobResult> {
        let (candidate, dry_run) = {
            let state = self.state();
            let Some(candidate) = state.queue.job(number).cloned() else {
                return Err(Error::validation("job", "is not in hand: it was acted upon, or its run is over"));
            };
            (candidate, state.dry_run)
        };
        let mut taken = Taken { worker: self, number, given: false };
        let result = self.decide(number, &candidate, outcome, dry_run, host).await;
        taken.given = true;
        let mut state = self.state();
        let event = match result.result {
            "decided" => return Ok(result),
            result => json!({"type": "acted", "request": candidate.id, "kind": candidate.kind, "result": result}),
        };
        state.events.push_back(event);
        drop(state);
        self.0.changed.notify_waiters();
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
        let plain = |result| JobResult { result, request: None, error: None };
        let failed = |error: Error| JobResult { result: "error", request: None, error: Some(error) };
        if dry_run {
            let shown = serde_json::to_value(&outcome).unwrap_or_default();
            let event = json!({"type": "decided", "request": candidate.id, "kind": candidate.kind, "outcome": shown});
            self.state().events.push_back(event);
            self.finish(number, Fate::Settled, |report| report.decided += 1);
            return plain("decided");
        }
        match &outcome {
            Outcome::Skip { not_before, .. } => match not_before.as_deref().map(parse_wall_ms).transpose() {
                Ok(until) => {
                    self.finish(number, Fate::Left(until.unwrap_or_default()), |report| report.skipped += 1);
                    return plain("skipped");
                }
                Err(error) => {
                    self.trouble(number, candidate, error.clone());
                    return failed(error);
                }
            },
            Outcome::Nothing {} => {
                let mut state = self.state();
                if !std::mem::replace(&mut state.warned, true) {
                    let event = json!({"type": "handler_returned_nothing", "request": candidate.id});
                    state.events.push_back(event);
                }
                drop(state);
                self.finish(number, Fate::Left(0), |report| report.skipped += 1);
                return plain("skipped");
            }
            Outcome::Error { message } => {
                let error = Error::new(Code::Validation, message.clone()).with_outcome(Sent::NotSent);
                self.trouble(number, candidate, error.clone());
                return failed(error);
            }
            _ => {}
        }
        match self.apply(candidate, outcome, host).await {
            Ok(Applied::Done(text, result)) => {
                self.finish(number, Fate::Settled, |report| report.count(result));
                JobResult { result, request: text.and_then(|text| RawValue::from_string(text).ok()), error: None }
            }
            Ok(Applied::Gone) => {
                self.finish(number, Fate::Settled, |report| report.gone += 1);
                plain("gone")
            }
            Err(error) if error.code() == Code::Conflict && error.report().details.contains_key("current") => {
                self.finish(number, Fate::Settled, |report| report.conflicts += 1);
                JobResult { result: "conflict", request: None, error: Some(error) }
            }
            Err(error) => {
                if matches!(error.code(), Code::Authentication | Code::Permission) {
                    self.end_with(error.clone());
                }
                self.trouble(number, candidate, error.clone());
                failed(error)
            }
        }
    }

    /// Sends a decision, unless the request does not wait for it any more.
    async fn apply(&self, candidate: &Candidate, outcome: Outcome, host: &Host) -> Result<Applied> {
        let id = Id::new(&candidate.id)?;
        let Some(step) = outcome.step(&id)? else { return Err(Error::internal("a decision without a step")) };
        let (client, call, target) = (&self.0.client, self.context(host), step.target());
        let gone = |error: Error| if error.code() == Code::NotFound { Ok(Applied::Gone) } else { Err(error) };
        if self.is_old(candidate) {
            let text = match read(client, &id, &call).await {
                Ok(text) => text,
                Err(error) => return gone(error),
            };
            match status_of(&text).as_str() {
                status if status == candidate.lane.status() => {}
                status if status == target => return Ok(Applied::Done(Some(text), "already_applied")),
                status => {
                    let message = format!("the request is {status}, and does not wait for this any more");
                    return Err(Error::new(Code::Conflict, message)
                        .with_outcome(Sent::NotSent)
                        .with_detail("current", status));
                }
            }
        }
        let send = |name: &'static str| Client::operation(name);
        let sent = match step {
            Step::Approve(mut approve, params) => {
                composed::approve_with_params(client, &mut approve, params, &call).await
            }
            Step::Inquire(inquire) => composed::inquire(client, inquire, &call).await,
            Step::Fail(mut fail) => client.carry_out(send("cloudblue.requests.fail")?, &mut fail, &call).await,
            Step::Schedule(mut schedule) => {
                client.carry_out(send("cloudblue.requests.schedule")?, &mut schedule, &call).await
            }
            Step::Confirm => {
                let mut confirm = crate::ops::OfId { id };
                client.carry_out(send("cloudblue.requests.confirm")?, &mut confirm, &call).await
            }
        };
        match sent {
            Ok(text) => {
                let applied = text.ends_with("\"already_applied\":true}");
                let result = match target {
                    _ if applied => "already_applied",
                    "inquiring" => "inquired",
                    target => target,
                };
                Ok(Applied::Done(Some(text), result))
            }
            Err(error) => gone(error),
        }
    }

    /// Leaves a request that could not be handled, for longer each time.
    pub(super) fn trouble(&self, number: u64, candidate: &Candidate, error: Error) {
        let mut state = self.state();
        let attempt = state.queue.attempt(&candidate.id);
        let hour = Duration::from_secs(60 * 60);
        let delay = self.0.options.interval().saturating_mul(2_u32.saturating_pow(attempt - 1)).min(hour);
        let not_before = self.wall_ms().saturating_add(i64::try_from(delay.as_millis()).unwrap_or(i64::MAX));
        if state.queue.finish(number, Fate::Failed(not_before)) {
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
