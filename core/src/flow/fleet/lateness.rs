//! How late polls are: counts in steps of a quarter of a power of two, whatever their number.

use std::time::Duration;

const STEPS: usize = 4 * 32;

/// Counts of polls by how late they were.
#[derive(Debug)]
pub(super) struct Lateness {
    counts: [u64; STEPS],
    total: u64,
}

impl Default for Lateness {
    fn default() -> Self {
        Self { counts: [0; STEPS], total: 0 }
    }
}

impl Lateness {
    pub(super) fn note(&mut self, late: Duration) {
        let micros = u64::try_from(late.as_micros()).unwrap_or(u64::MAX);
        self.counts[step(micros)] += 1;
        self.total += 1;
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Milliseconds that at most one part in `parts` of the polls exceeded, to within a fifth.
    pub(super) fn exceeded_by_one_in(&self, parts: u64) -> f64 {
        let mut left = self.total / parts;
        for (step, count) in self.counts.iter().enumerate().rev() {
            if *count > left {
                return upper_end(step) / 1e3;
            }
            left -= count;
        }
        0.0
    }
}

/// Four steps for each power of two of microseconds.
fn step(micros: u64) -> usize {
    if micros < 4 {
        return micros as usize;
    }
    let power = 63 - micros.leading_zeros() as usize;
    let quarter = (micros >> (power - 2)) as usize & 3;
    (4 * (power - 1) + quarter).min(STEPS - 1)
}

fn upper_end(step: usize) -> f64 {
    if step < 4 {
        return step as f64;
    }
    let (power, quarter) = (step / 4 + 1, step % 4);
    (1_u64 << (power - 2)) as f64 * (5 + quarter) as f64 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_within_a_fifth() {
        let mut lateness = Lateness::default();
        (0..1_000).for_each(|ms| lateness.note(Duration::from_millis(ms)));
        for (parts, expected) in [(2, 500.0), (10, 900.0), (100, 990.0)] {
            let found = lateness.exceeded_by_one_in(parts);
            assert!((0.99..1.25).contains(&(found / expected)), "1 in {parts}: {found} ms");
        }
        assert_eq!(lateness.total(), 1_000);
        assert_eq!(Lateness::default().exceeded_by_one_in(100), 0.0);
    }
}
