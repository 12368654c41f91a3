//! The time a sandbox lives in: the machine's or a virtual one, behind one set of verbs.

mod driver;
mod registry;
mod timers;
mod virtual_clock;
pub(crate) mod wall;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tenantry::time::{Clock, SystemClock};

use crate::options::ClockKind;

pub use registry::clock_of;
pub(crate) use registry::{register, unregister};
pub use virtual_clock::{Park, VirtualClock};

/// The clock of one sandbox.
#[derive(Debug, Clone)]
pub(crate) enum SandboxClock {
    Real(Arc<SystemClock>),
    Virtual(Arc<VirtualClock>),
}

impl SandboxClock {
    pub(crate) fn new(kind: ClockKind) -> std::io::Result<Self> {
        Ok(match kind {
            ClockKind::Real => Self::Real(Arc::new(SystemClock)),
            ClockKind::Virtual => Self::Virtual(Arc::new(VirtualClock::start()?)),
        })
    }

    pub(crate) fn shared(&self) -> Arc<dyn Clock> {
        match self {
            Self::Real(clock) => clock.clone(),
            Self::Virtual(clock) => clock.clone(),
        }
    }

    pub(crate) fn now(&self) -> Duration {
        self.shared().now()
    }

    pub(crate) fn wall_ms(&self) -> i64 {
        self.shared().wall_ms()
    }

    pub(crate) fn sleep(&self, length: Duration) -> BoxFuture<'static, ()> {
        let clock = self.shared();
        clock.sleep_until(clock.now().saturating_add(length))
    }

    /// A sleep in which a reply is withheld on purpose.
    pub(crate) fn withhold(&self, length: Duration) -> (BoxFuture<'static, ()>, Option<Park>) {
        match self {
            Self::Real(_) => (self.sleep(length), None),
            Self::Virtual(clock) => {
                let (sleep, park) = clock.park_until(clock.now().saturating_add(length));
                (sleep, Some(park))
            }
        }
    }

    /// Says that a reply is withheld on purpose until the guard is dropped: virtual time may pass meanwhile.
    pub(crate) fn park(&self) -> Option<Park> {
        match self {
            Self::Real(_) => None,
            Self::Virtual(clock) => Some(clock.park()),
        }
    }
}
