//! A request in hand, as a Rust program holds it.

use std::sync::Mutex;

use serde::Serialize;
use serde_json::value::RawValue;

use super::super::request::Request;
use super::options::Lane;
use super::outcome::Outcome;
use super::worker::Worker;
use crate::error::{Error, Result};
use crate::ops::Lossless;

/// A request to decide about. Dropping it undecided leaves the request as it is.
#[derive(Debug)]
pub struct Job {
    /// The request, as it was last read.
    pub request: Lossless<Request>,
    /// The queue it waited in.
    pub lane: Lane,
    /// 1 for the first time; more after handling it failed.
    pub attempt: u32,
    worker: Worker,
    /// Its number, until it was acted upon.
    number: Mutex<Option<u64>>,
}

/// What came of a decision.
#[derive(Serialize)]
pub struct JobResult {
    /// `approved`, `failed`, `inquired`, `scheduled`, `revoked`, `skipped`, `already_applied`, `conflict`, `gone`, `error`, or in a
    /// dry run `decided`.
    pub result: &'static str,
    /// The request after it, where one came.
    pub request: Option<Box<RawValue>>,
    /// Why not, for `conflict` and `error`.
    pub error: Option<Error>,
}

impl std::fmt::Debug for JobResult {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobResult").field("result", &self.result).field("error", &self.error).finish_non_exhaustive()
    }
}

impl Job {
    pub(super) fn new(request: Lossless<Request>, lane: Lane, attempt: u32, worker: Worker, number: u64) -> Self {
        Self { request, lane, attempt, worker, number: Mutex::new(Some(number)) }
    }

    /// Carries a decision out.
    ///
    /// # Errors
    /// `validation` when it was acted upon already. What goes wrong with the request itself is in the result.
    pub async fn act(&self, outcome: Outcome) -> Result<JobResult> {
        let number = self.take().ok_or_else(|| Error::validation("job", "was acted upon already"))?;
        self.worker.act(number, outcome, self.worker.host()).await
    }

    /// The job as another language is given it, who acts by its number.
    pub(super) fn into_text(self) -> String {
        let number = self.take().unwrap_or_default();
        let (lane, attempt, request) = (self.lane.status(), self.attempt, self.request.raw());
        format!(r#"{{"job":{{"number":{number},"lane":"{lane}","attempt":{attempt},"request":{request}}}}}"#)
    }

    fn take(&self) -> Option<u64> {
        self.number.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if let Some(number) = self.take() {
            self.worker.leave(number);
        }
    }
}
