//! A token bucket that keeps retries from doubling an outage.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::Code;

const CAPACITY: u32 = 500;
const RETRY_COST: u32 = 14;
const RATE_LIMITED_COST: u32 = 5;

/// Retries that one origin may still cause: 500 tokens; a retry costs 14, after a rate limit 5; a success gives one back.
#[derive(Debug)]
pub struct Budget(AtomicU32);

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicU32::new(CAPACITY))
    }
}

impl Budget {
    /// Takes the cost of one retry; false when the bucket holds too little.
    pub fn take(&self, code: Code) -> bool {
        self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |tokens| tokens.checked_sub(cost(code))).is_ok()
    }

    /// Gives one token back for a success, or what the retry cost that brought it: `paid` is the code it followed.
    pub fn succeeded(&self, paid: Option<Code>) {
        let back = paid.map_or(1, cost);
        let _ = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |tokens| Some((tokens + back).min(CAPACITY)));
    }
}

fn cost(code: Code) -> u32 {
    if code == Code::RateLimited { RATE_LIMITED_COST } else { RETRY_COST }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_outage_costs_at_most_one_retry_in_ten_calls() {
        let budget = Budget::default();
        let retries = (0..20_000).filter(|_| budget.take(Code::Connection)).count();
        assert_eq!(retries, 35);
    }

    #[test]
    fn successes_fill_it_again_up_to_its_capacity() {
        let budget = Budget::default();
        while budget.take(Code::Server) {}
        assert!(!budget.take(Code::Server));
        (0..10_000).for_each(|_| budget.succeeded(None));
        assert_eq!((0..1_000).filter(|_| budget.take(Code::RateLimited)).count(), 100);
    }
}
