//! Late commits: for a while others see a thing as it was.

use std::sync::Arc;
use std::time::Duration;

/// What others see of a thing until the change to it can be seen.
#[derive(Debug)]
pub(super) struct Lag<T> {
    pub(super) until: Duration,
    /// None for one that was made just now.
    pub(super) before: Option<Arc<T>>,
}

impl<T> Clone for Lag<T> {
    fn clone(&self) -> Self {
        Lag { until: self.until, before: self.before.clone() }
    }
}

/// A thing that may lag.
pub(super) trait Lagging: Sized {
    fn lag(&self) -> Option<&Lag<Self>>;

    /// It has been taken away.
    fn gone(&self) -> bool;

    /// The thing as it can be seen at `now`.
    fn seen(self: &Arc<Self>, now: Duration) -> Option<&Arc<Self>> {
        let seen = match self.lag() {
            Some(lag) if now < lag.until => lag.before.as_ref(),
            _ => Some(self),
        };
        seen.filter(|thing| !thing.gone())
    }
}
