//! How often something is looked at that tells nobody when it changes, and for how long.

use std::time::Duration;

use super::Client;
use crate::error::{Error, Result};
use crate::ops::CallContext;
use crate::poll::PollPolicy;

/// Delays between two looks when nothing else is said: the first, and the longest.
const MIN_MS: u64 = 30_000;
const MAX_MS: u64 = 300_000;

/// How often it is looked, and until when.
pub(super) struct Patience<'a> {
    client: &'a Client,
    policy: PollPolicy,
    until: Option<Duration>,
    looks: u32,
    failures: u32,
}

impl<'a> Patience<'a> {
    pub(super) fn new(client: &'a Client, interval_ms: Option<u64>, max_wait: Option<Duration>) -> Result<Self> {
        if interval_ms == Some(0) {
            return Err(Error::validation("interval", "must be positive"));
        }
        let (min_ms, max_ms) = interval_ms.map_or((MIN_MS, MAX_MS), |interval| (interval, interval));
        let policy = PollPolicy { min_ms, max_ms, ..PollPolicy::default() };
        let until = max_wait.map(|wait| client.engine.clock.now().saturating_add(wait));
        Ok(Self { client, policy, until, looks: 0, failures: 0 })
    }

    /// What a look found; a failure that may pass counts as nothing, so many times in a row.
    pub(super) fn found<T>(&mut self, look: Result<T>) -> Result<(Option<T>, Option<Duration>)> {
        match look {
            Ok(found) => {
                self.failures = 0;
                Ok((Some(found), None))
            }
            Err(error) if error.report().retryable && self.failures < self.policy.max_errors => {
                self.failures += 1;
                Ok((None, error.report().retry_after_ms.map(Duration::from_millis)))
            }
            Err(error) => Err(error),
        }
    }

    /// Sleeps until the next look; false when there is no time left for one.
    pub(super) async fn pause(&mut self, retry_after: Option<Duration>) -> bool {
        let engine = &self.client.engine;
        let now = engine.clock.now();
        let remaining = self.until.map_or(Duration::MAX, |until| until.saturating_sub(now));
        if remaining.is_zero() {
            return false;
        }
        self.looks += 1;
        let delay = self.policy.delay(self.looks, engine.random.unit(), retry_after, remaining);
        engine.clock.sleep_until(now.saturating_add(delay)).await;
        true
    }
}

/// The call of one look: its repetition is the point.
pub(super) fn once(call: &CallContext) -> CallContext {
    CallContext { attempts: Some(1), ..call.clone() }
}
