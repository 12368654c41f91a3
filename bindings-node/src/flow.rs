//! A flow: advanced call by call, looked at and stopped from beside.

use std::sync::{Mutex, MutexGuard, PoisonError};

use napi::bindgen_prelude::Either;
use napi_derive::napi;
use tenantry::Error;

use crate::awaitable::Queue;
use crate::call::Call;
use crate::failure;

/// A flow; it holds its checkpoint until it is closed.
#[napi]
pub struct Flow {
    flow: Mutex<Option<tenantry::flow::Flow>>,
    queue: Queue,
}

#[napi]
impl Flow {
    pub(crate) fn new(flow: tenantry::flow::Flow, queue: Queue) -> Self {
        Self { flow: Mutex::new(Some(flow)), queue }
    }

    fn lock(&self) -> MutexGuard<'_, Option<tenantry::flow::Flow>> {
        self.flow.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prepares the way to the next event, need or result; gives an envelope once the flow is closed.
    #[napi]
    pub fn advance(&self, events: bool) -> Either<Call, String> {
        match &*self.lock() {
            Some(flow) => Either::A(Call::new(flow.advance(events), self.queue.clone())),
            None => Either::B(failure(Error::internal("the flow is closed"))),
        }
    }

    /// Answers the open need; gives an envelope when the answer does not fit.
    #[napi]
    pub fn answer(&self, answer: String) -> Option<String> {
        match &*self.lock() {
            Some(flow) => flow.answer(&answer).err().map(failure),
            None => Some(failure(Error::internal("the flow is closed"))),
        }
    }

    /// Asks the flow to stop as soon as the fate of what it sent is known.
    #[napi]
    pub fn stop(&self) {
        if let Some(flow) = &*self.lock() {
            flow.stop();
        }
    }

    /// How far the flow is, as JSON text; none once it is closed.
    #[napi]
    pub fn status(&self) -> Option<String> {
        self.lock().as_ref().map(tenantry::flow::Flow::status)
    }

    /// Lets the flow and its checkpoint go.
    #[napi]
    pub fn close(&self) {
        drop(self.lock().take());
    }
}

/// Checks or converts a spec; gives an envelope.
#[napi]
pub fn spec(kind: String, text: String) -> String {
    tenantry::ops::spec(&kind, &text)
}
