//! The cycles of a run: when one starts, which list is read, and how failures stretch the time between.

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::options::{FLOOR, Lane, Run, WorkerOptions};
use super::queue::Candidate;
use crate::error::{Code, Error, Result};
use crate::ops::decode;
use crate::page::Pages;

/// The longest time between cycles that failures stretch it to, unless the interval itself is longer.
const LONGEST: Duration = Duration::from_secs(300);
/// What a server can ask to wait at most: more is no answer.
pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Where a run is.
#[derive(Debug)]
pub(super) struct Cycle {
    pub(super) run: Run,
    pub(super) phase: Phase,
    /// Cycles begun.
    pub(super) count: u64,
    started: Duration,
    failures: u32,
}

#[derive(Debug)]
pub(super) enum Phase {
    /// Until this time of the clock nothing is done.
    Sleeping(Duration),
    /// The list of the lane at this place is read.
    Reading(usize, Box<Pages>),
    /// The lists are read; the cycle ends when nothing waits and nothing is in hand. The next one starts at this time, if it
    /// was not to be an interval after this one.
    Draining(Option<Duration>),
    /// The run is over.
    Over,
}

impl Cycle {
    pub(super) fn new(run: Run, now: Duration) -> Self {
        Self { run, phase: Phase::Sleeping(now), count: 0, started: now, failures: 0 }
    }

    pub(super) fn start(&mut self, now: Duration) {
        self.count += 1;
        self.started = now;
    }

    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// What follows when the list cannot be read: the error itself if it ends the run, else how long nothing is done.
    pub(super) fn failed(&mut self, error: Error, interval: Duration) -> std::result::Result<Duration, Error> {
        self.failures += 1;
        let lasting = matches!(
            error.code(),
            Code::Authentication
                | Code::Permission
                | Code::Validation
                | Code::Config
                | Code::BadRequest
                | Code::NotFound
        );
        if lasting || self.run.max_cycles == Some(1) {
            return Err(error);
        }
        let stretched = interval.saturating_mul(2_u32.saturating_pow(self.failures)).min(LONGEST.max(interval));
        Ok(stretched.max(asked_to_wait(&error)))
    }

    /// The start of the next cycle, an interval after the start of this one; `unit` in `[0, 1)` spreads it by a tenth.
    pub(super) fn next_start(&self, options: &WorkerOptions, unit: f64, now: Duration) -> Duration {
        let least = if options.any_interval { Duration::ZERO } else { FLOOR };
        let spread = options.interval().mul_f64(0.9 + 0.2 * unit).max(least);
        self.started.saturating_add(spread).max(now)
    }

    /// Whether the run has had its cycles.
    pub(super) fn had_all(&self) -> bool {
        self.run.max_cycles.is_some_and(|most| self.count >= most)
    }
}

/// How long a server asked to wait, as far as that makes sense.
pub(super) fn asked_to_wait(error: &Error) -> Duration {
    error.report().retry_after_ms.map_or(Duration::ZERO, Duration::from_millis).min(DAY)
}

/// The rows of a page as candidates, and what is wrong with those that are none. Nothing but what the queue needs is read.
pub(super) fn candidates(page: &str, lane: Lane, read_at: Duration) -> Result<(Vec<Candidate>, Vec<String>)> {
    #[derive(Deserialize)]
    struct Row<'a> {
        id: String,
        #[serde(borrow)]
        r#type: Option<&'a RawValue>,
        #[serde(borrow)]
        asset: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    let rows: Vec<&RawValue> = decode(page, "application/json")?;
    let (mut read, mut unreadable) = (Vec::new(), Vec::new());
    for raw in rows {
        match serde_json::from_str::<Row<'_>>(raw.get()) {
            Ok(row) => {
                let asset = row.asset.and_then(|asset| serde_json::from_str::<Named>(asset.get()).ok());
                let kind = row.r#type.and_then(|kind| serde_json::from_str(kind.get()).ok());
                let (asset, text) = (asset.map_or_else(|| row.id.clone(), |asset| asset.id), raw.get().into());
                read.push(Candidate { id: row.id, asset, kind, lane, text, read_at: Some(read_at) });
            }
            Err(error) => unreadable.push(error.to_string()),
        }
    }
    Ok((read, unreadable))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(180);

    #[test]
    fn a_cycle_starts_an_interval_after_the_start_of_the_one_before_and_never_overlaps() {
        let mut cycle = Cycle::new(Run::default(), Duration::ZERO);
        cycle.start(Duration::from_secs(1_000));
        let options = WorkerOptions::default();
        let at = |unit, now| cycle.next_start(&options, unit, Duration::from_secs(now)).as_secs();
        assert_eq!((at(0.0, 1_001), at(0.5, 1_001), at(0.5, 1_900)), (1_162, 1_180, 1_900));
        // The spread never goes below what the vendor asks for.
        let shortest = WorkerOptions { interval_ms: 120_000, ..WorkerOptions::default() };
        assert_eq!(cycle.next_start(&shortest, 0.0, Duration::ZERO).as_secs(), 1_120);
    }

    #[test]
    fn failures_stretch_the_time_between_cycles_and_refused_credentials_end_the_run() {
        let mut cycle = Cycle::new(Run::default(), Duration::ZERO);
        let server = || Error::new(Code::Server, "down");
        assert_eq!(cycle.failed(server(), INTERVAL).unwrap(), LONGEST);
        assert_eq!(cycle.failed(server(), Duration::from_secs(600)).unwrap().as_secs(), 600);
        let mut limited = Error::new(Code::RateLimited, "slow down");
        limited.report_mut().retry_after_ms = Some(900_000);
        assert_eq!(cycle.failed(limited.clone(), INTERVAL).unwrap().as_secs(), 900);
        limited.report_mut().retry_after_ms = Some(u64::MAX);
        assert_eq!(cycle.failed(limited, INTERVAL).unwrap(), DAY);
        assert!(cycle.failed(Error::new(Code::Authentication, "no"), INTERVAL).is_err());
        assert!(Cycle::new(Run::once(), Duration::ZERO).failed(server(), INTERVAL).is_err());
    }
}
