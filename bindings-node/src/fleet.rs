//! A fleet of flows: advanced turn by turn, looked at and stopped from beside.

use std::sync::{Mutex, MutexGuard, PoisonError};

use napi::bindgen_prelude::Either;
use napi_derive::napi;
use tenantry::Error;

use crate::awaitable::Queue;
use crate::call::Call;
use crate::failure;

/// A fleet; it holds its folder of checkpoints until it is closed.
#[napi]
pub struct Fleet {
    fleet: Mutex<Option<tenantry::flow::Fleet>>,
    queue: Queue,
}

fn closed() -> String {
    failure(Error::internal("the fleet is closed"))
}

#[napi]
impl Fleet {
    pub(crate) fn new(fleet: tenantry::flow::Fleet, queue: Queue) -> Self {
        Self { fleet: Mutex::new(Some(fleet)), queue }
    }

    fn lock(&self) -> MutexGuard<'_, Option<tenantry::flow::Fleet>> {
        self.fleet.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prepares the way to the next reports; takes flows, and specs that were wanted. Gives an envelope once it is closed.
    #[napi]
    pub fn advance(&self, given: String) -> Either<Call, String> {
        match &*self.lock() {
            Some(fleet) => Either::A(Call::new(fleet.advance(&given), self.queue.clone())),
            None => Either::B(closed()),
        }
    }

    /// Answers the open need of a flow; gives an envelope when the answer does not fit.
    #[napi]
    pub fn answer(&self, key: String, answer: String) -> Option<String> {
        match &*self.lock() {
            Some(fleet) => fleet.answer(&key, &answer).err().map(failure),
            None => Some(closed()),
        }
    }

    /// Begins nothing more, and waits for what must not be sent twice.
    #[napi]
    pub fn stop(&self) {
        if let Some(fleet) = &*self.lock() {
            fleet.stop();
        }
    }

    /// How many flows are where, as JSON text; none once it is closed.
    #[napi]
    pub fn status(&self) -> Option<String> {
        self.lock().as_ref().map(tenantry::flow::Fleet::status)
    }

    /// Lets the fleet and its checkpoints go.
    #[napi]
    pub fn close(&self) {
        drop(self.lock().take());
    }
}
