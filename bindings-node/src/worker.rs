//! A worker: jobs come out one by one, decisions go back in by their numbers.

use napi_derive::napi;
use tenantry::Error;
use tenantry::cloudblue::fulfillment;

use crate::awaitable::Queue;
use crate::call::Call;
use crate::failure;

/// A worker over a queue of requests.
#[napi]
pub struct Worker {
    worker: fulfillment::Worker,
    queue: Queue,
}

#[napi]
impl Worker {
    pub(crate) fn new(worker: fulfillment::Worker, queue: Queue) -> Self {
        Self { worker, queue }
    }

    /// Starts a run; gives an envelope when it cannot.
    #[napi]
    pub fn begin(&self, run: String) -> Option<String> {
        let run = serde_json::from_str(&run).map_err(|error| Error::validation("run", error.to_string()));
        run.and_then(|run| self.worker.begin(run)).err().map(failure)
    }

    /// Prepares the way to the next job, event or report.
    #[napi]
    pub fn next(&self, events: bool) -> Call {
        Call::new(self.worker.next_call(events), self.queue.clone())
    }

    /// Prepares what was decided about the job `number`; a number that is not in hand is refused by the core.
    #[napi]
    pub fn act(&self, number: i64, outcome: String, events: bool) -> Call {
        let number = u64::try_from(number).unwrap_or_default();
        Call::new(self.worker.act_call(number, &outcome, events), self.queue.clone())
    }

    /// Hands out no more jobs; the run ends when those in hand are acted upon.
    #[napi]
    pub fn stop(&self) {
        self.worker.stop();
    }

    /// What the run did so far, as JSON text.
    #[napi]
    pub fn report(&self) -> String {
        serde_json::to_string(&self.worker.report()).unwrap_or_else(|_| "null".to_owned())
    }
}
