//! What is to happen to the reply that a connection sends next.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Ends the connection when `left` more bytes have been sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    pub(super) left: u64,
    /// With RST instead of FIN.
    pub(super) reset: bool,
}

/// Sends `bytes`, then waits `every`, and so on; `left` of the present helping.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drip {
    pub(super) bytes: u64,
    pub(super) every: Duration,
    pub(super) left: u64,
}

#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) cut: Option<Cut>,
    pub(super) drip: Option<Drip>,
    /// Ends the connection this long after the reply, without having said so.
    pub(super) idle_close: Option<Duration>,
    /// Bytes sent under this plan.
    pub(super) sent: u64,
}

/// The service writes it, the stream obeys it.
#[derive(Debug, Clone, Default)]
pub(super) struct SharedPlan(Arc<Mutex<Plan>>);

impl SharedPlan {
    pub(super) fn lock(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, plan: Plan) {
        *self.lock() = plan;
    }
}
