//! A fulfillment worker, driven from Python one request at a time; by several threads at once, if they like.

use pyo3::prelude::*;
use tenantry::cloudblue::fulfillment;
use tenantry::{Error, ops};

use crate::call::{Call, heard};
use crate::process::PerProcess;
use crate::runtime;

#[pyclass(frozen, module = "tenantry._native")]
pub struct Worker(PerProcess<Held>);

/// A worker that is dropped inside of the runtime: it may hold pages under way.
struct Held(Option<fulfillment::Worker>);

impl Drop for Held {
    fn drop(&mut self) {
        runtime::drop_inside(self.0.take());
    }
}

impl Worker {
    pub fn new(worker: fulfillment::Worker) -> Self {
        Self(PerProcess::new(Held(Some(worker))))
    }

    fn held(&self) -> Result<&fulfillment::Worker, String> {
        let held = self.0.get_or_envelope("worker")?;
        held.0.as_ref().ok_or_else(|| ops::envelope(Err(Error::internal("a worker that was dropped"))))
    }
}

#[pymethods]
impl Worker {
    /// Starts a run; an envelope says whether it could.
    fn begin(&self, run: &str) -> String {
        let begin = |worker: &fulfillment::Worker| {
            let run = serde_json::from_str(run).map_err(|error| Error::validation("run", error.to_string()))?;
            worker.begin(run).map(|()| "null".to_owned())
        };
        self.held().map_or_else(|envelope| envelope, |worker| ops::envelope(begin(worker)))
    }

    /// Waits until there is something to do or to tell: a job, an event, or the report at the end.
    fn next(&self, events: u8) -> Call {
        match self.held() {
            Ok(worker) => Call::new(worker.next_call(heard(events))),
            Err(envelope) => Call::ended(envelope),
        }
    }

    /// Carries the decision about a job out.
    fn act(&self, number: u64, outcome: &str, events: u8) -> Call {
        match self.held() {
            Ok(worker) => Call::new(worker.act_call(number, outcome, heard(events))),
            Err(envelope) => Call::ended(envelope),
        }
    }

    /// Hands out no further job; from any thread.
    fn stop(&self) {
        if let Ok(worker) = self.held() {
            worker.stop();
        }
    }

    /// What the run did so far, as an envelope.
    fn report(&self) -> String {
        let report = |worker: &fulfillment::Worker| {
            serde_json::to_string(&worker.report()).map_err(|error| Error::internal(error.to_string()))
        };
        self.held().map_or_else(|envelope| envelope, |worker| ops::envelope(report(worker)))
    }
}
