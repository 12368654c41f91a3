//! When a failed request is sent again: attempts, a budget per origin, and the deadline, all three.
//!
//! Retrying a request is not polling: a poll is one attempt, and its repetition belongs to [`crate::poll`].

mod budget;
mod retry_after;

use std::time::Duration;

use crate::error::{Code, Outcome};
use crate::time::Random;

pub use budget::Budget;
pub use retry_after::retry_after;

/// Whether sending an operation twice can do harm. Every operation states it; there is no default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Safety {
    /// Reads only.
    Safe,
    /// Sending it twice leaves the same state as once.
    Idempotent,
    /// Each sending may create one more: never sent again while its fate is unknown.
    Once,
}

/// Delays between the attempts of one call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    /// Attempts in all, the first included.
    pub max_attempts: u32,
    /// The ceiling of the first delay; it doubles with each attempt.
    pub base: Duration,
    /// The ceiling of every delay.
    pub max: Duration,
}

impl RetryPolicy {
    /// `max_attempts` with ceilings of 0.5 s, 1 s, 2 s … 8 s.
    pub fn new(max_attempts: u32) -> Self {
        Self { max_attempts, base: Duration::from_millis(500), max: Duration::from_secs(8) }
    }

    /// A delay between half and all of the ceiling after `attempt` attempts.
    pub fn backoff(&self, attempt: u32, random: &dyn Random) -> Duration {
        let factor = 2_u32.saturating_pow(attempt.saturating_sub(1));
        let ceiling = self.base.saturating_mul(factor).min(self.max);
        ceiling.mul_f64(0.5 + random.unit() / 2.0)
    }
}

/// What an attempt ended with, as far as retrying it goes.
#[derive(Debug, Clone, Copy)]
pub struct Attempt {
    /// 1 for the first.
    pub number: u32,
    pub code: Code,
    pub outcome: Outcome,
    pub retry_after: Option<Duration>,
}

/// What to do after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Send again after this delay.
    Again(Duration),
    /// Sending it again is safe, but attempts, budget or deadline are used up.
    Exhausted,
    /// Sending it again is not safe, or would not help.
    Never,
}

/// Whether the same request may be sent again at all.
pub fn may_repeat(safety: Safety, code: Code, outcome: Outcome) -> bool {
    match outcome {
        Outcome::NotSent => matches!(code, Code::Connection | Code::Timeout),
        Outcome::Rejected => code == Code::RateLimited,
        // A reply that cannot be read would be the same again.
        Outcome::Unknown | Outcome::Answered => {
            safety != Safety::Once && matches!(code, Code::Connection | Code::Timeout | Code::Server)
        }
    }
}

/// Decides about the next attempt, `remaining` before the deadline.
pub fn decide(
    policy: &RetryPolicy,
    safety: Safety,
    attempt: Attempt,
    budget: &Budget,
    remaining: Duration,
    random: &dyn Random,
) -> Decision {
    if !may_repeat(safety, attempt.code, attempt.outcome) {
        return Decision::Never;
    }
    if attempt.number >= policy.max_attempts {
        return Decision::Exhausted;
    }
    let delay = attempt.retry_after.unwrap_or_else(|| policy.backoff(attempt.number, random));
    if delay >= remaining || !budget.take(attempt.code) {
        return Decision::Exhausted;
    }
    Decision::Again(delay)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Fixed;
    impl Random for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    const FAR: Duration = Duration::from_secs(90);

    fn attempt(number: u32, code: Code, outcome: Outcome) -> Attempt {
        Attempt { number, code, outcome, retry_after: None }
    }

    fn decided(safety: Safety, attempt: Attempt) -> Decision {
        decide(&RetryPolicy::new(3), safety, attempt, &Budget::default(), FAR, &Fixed)
    }

    #[test]
    fn a_request_that_was_not_sent_is_sent_again_whatever_it_is() {
        for safety in [Safety::Safe, Safety::Idempotent, Safety::Once] {
            let first = attempt(1, Code::Connection, Outcome::NotSent);
            assert_eq!(decided(safety, first), Decision::Again(Duration::from_millis(250)));
        }
    }

    #[test]
    fn an_unknown_fate_is_repeated_only_where_repeating_is_harmless() {
        for code in [Code::Connection, Code::Timeout, Code::Server] {
            assert!(matches!(decided(Safety::Idempotent, attempt(1, code, Outcome::Unknown)), Decision::Again(_)));
            assert_eq!(decided(Safety::Once, attempt(1, code, Outcome::Unknown)), Decision::Never);
        }
    }

    #[test]
    fn a_refusal_is_final_except_for_a_rate_limit() {
        assert_eq!(decided(Safety::Safe, attempt(1, Code::NotFound, Outcome::Rejected)), Decision::Never);
        let limited = attempt(1, Code::RateLimited, Outcome::Rejected);
        assert!(matches!(decided(Safety::Once, limited), Decision::Again(_)));
    }

    #[test]
    fn attempts_and_deadline_both_bind() {
        let last = attempt(3, Code::Connection, Outcome::NotSent);
        assert_eq!(decided(Safety::Safe, last), Decision::Exhausted);
        let mut late = attempt(1, Code::RateLimited, Outcome::Rejected);
        late.retry_after = Some(FAR);
        assert_eq!(decided(Safety::Safe, late), Decision::Exhausted);
    }

    #[test]
    fn backoff_doubles_up_to_its_ceiling() {
        let policy = RetryPolicy::new(10);
        let delays: Vec<u128> = (1..8).map(|n| policy.backoff(n, &Fixed).as_millis()).collect();
        assert_eq!(delays, [250, 500, 1_000, 2_000, 4_000, 4_000, 4_000]);
    }
}
