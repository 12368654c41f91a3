//! When to look again: a policy apart from retrying, for a poll is one attempt and its repetition is the point.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Delays between polls: the first at once, then from `min` by `factor` to `max`, spread by `jitter`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PollPolicy {
    /// Milliseconds after the first poll; default 3,000.
    pub min_ms: u64,
    /// The longest delay in milliseconds; default 30,000.
    pub max_ms: u64,
    /// Growth from one delay to the next; default 1.5, at least 1.
    pub factor: f64,
    /// Part of a delay by which it varies both ways; default 0.2, at most 1.
    pub jitter: f64,
    /// Failed polls in a row that are tolerated; default 5.
    pub max_errors: u32,
}

impl Default for PollPolicy {
    fn default() -> Self {
        Self { min_ms: 3_000, max_ms: 30_000, factor: 1.5, jitter: 0.2, max_errors: 5 }
    }
}

impl PollPolicy {
    /// What is wrong with the values, if anything.
    pub fn problem(&self) -> Option<&'static str> {
        if self.min_ms == 0 || self.max_ms < self.min_ms {
            return Some("min_ms must be positive and at most max_ms");
        }
        if !(self.factor >= 1.0 && self.factor.is_finite()) {
            return Some("factor must be at least 1");
        }
        if !(0.0..=1.0).contains(&self.jitter) {
            return Some("jitter must be between 0 and 1");
        }
        None
    }

    /// The delay after poll number `polls` (1 for the first); `unit` in `[0, 1)` spreads it.
    ///
    /// A server's `Retry-After` raises it. `remaining` caps both, so that the last poll falls on the deadline.
    pub fn delay(&self, polls: u32, unit: f64, retry_after: Option<Duration>, remaining: Duration) -> Duration {
        let exponent = i32::try_from(polls.saturating_sub(1)).unwrap_or(i32::MAX);
        let grown = (self.min_ms as f64 * self.factor.powi(exponent)).min(self.max_ms as f64);
        let spread = grown * (1.0 + self.jitter * (2.0 * unit - 1.0));
        let delay = Duration::from_millis(spread.max(1.0) as u64);
        delay.max(retry_after.unwrap_or_default()).min(remaining)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAR: Duration = Duration::from_secs(3_600);

    #[test]
    fn delays_grow_to_the_longest() {
        let policy = PollPolicy::default();
        let delays: Vec<u128> = (1..9).map(|n| policy.delay(n, 0.5, None, FAR).as_millis()).collect();
        assert_eq!(delays, [3_000, 4_500, 6_750, 10_125, 15_187, 22_781, 30_000, 30_000]);
        assert_eq!(policy.delay(u32::MAX, 0.5, None, FAR).as_millis(), 30_000);
    }

    #[test]
    fn jitter_stays_within_its_part() {
        let policy = PollPolicy::default();
        assert_eq!(policy.delay(1, 0.0, None, FAR).as_millis(), 2_400);
        assert!(policy.delay(1, 0.999_999, None, FAR).as_millis() <= 3_600);
    }

    #[test]
    fn retry_after_raises_a_delay_and_the_deadline_caps_it() {
        let policy = PollPolicy::default();
        let minute = Some(Duration::from_secs(60));
        assert_eq!(policy.delay(1, 0.5, minute, FAR).as_secs(), 60);
        assert_eq!(policy.delay(1, 0.5, minute, Duration::from_secs(2)).as_secs(), 2);
        assert_eq!(policy.delay(1, 0.5, Some(Duration::from_secs(1)), FAR).as_secs(), 3);
    }

    #[test]
    fn impossible_values_are_named() {
        let bad = |json: &str| serde_json::from_str::<PollPolicy>(json).unwrap().problem().unwrap();
        assert!(bad(r#"{"min_ms": 0}"#).contains("min_ms"));
        assert!(bad(r#"{"max_ms": 1}"#).contains("max_ms"));
        assert!(bad(r#"{"factor": 0.5}"#).contains("factor"));
        assert!(bad(r#"{"jitter": 2.0}"#).contains("jitter"));
    }
}
