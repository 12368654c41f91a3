//! The cycles of a run: when one starts, which list is read, and how failures stretch the time between.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::options::{Lane, Run, WorkerOptions};
use super::queue::Candidate;
use crate::error::{Code, Error, Result};
use crate::ops::decode;
use crate::page::Pages;

/// The longest time between cycles that failures stretch it to, unless the interval itself is longer.
const LONGEST: Duration = Duration::from_secs(300);

/// Where a run is.
#[derive(Debug)]
pub(super) struct Cycle {
    pub(super) run: Run,
    pub(super) phase: Phase,
    /// Cycles begun.
    pub(super) count: u64,
    started: Duration,
    /// Requests that this cycle may still take from its lists.
    left: u64,
    failures: u32,
}

#[derive(Debug)]
pub(super) enum Phase {
    /// Until this time of the clock nothing is done.
    Sleeping(Duration),
    /// The list of the lane at this place is read.
    Reading(usize, Box<Pages>),
    /// The lists are read; the cycle ends when nothing waits and nothing is in hand.
    Draining,
    /// The run is over.
    Over,
}

impl Cycle {
    pub(super) fn new(run: Run, now: Duration) -> Self {
        Self { run, phase: Phase::Sleeping(now), count: 0, started: now, left: 0, failures: 0 }
    }

    pub(super) fn start(&mut self, options: &WorkerOptions, now: Duration) {
        self.count += 1;
        self.started = now;
        self.left = options.max_per_cycle.unwrap_or(u64::MAX);
    }

    /// Takes as many of `rows` as the cycle may still take; tells whether there may be more.
    pub(super) fn accept(&mut self, rows: &mut Vec<Candidate>) -> bool {
        rows.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= rows.len() as u64;
        self.left > 0
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
        Ok(stretched.max(error.report().retry_after_ms.map_or(Duration::ZERO, Duration::from_millis)))
    }

    /// The start of the next cycle, an interval after the start of this one; `unit` in `[0, 1)` spreads it by a tenth.
    pub(super) fn next_start(&self, interval: Duration, unit: f64, now: Duration) -> Duration {
        let spread = interval.mul_f64(0.9 + 0.2 * unit);
        self.started.saturating_add(spread).max(now)
    }

    /// Whether the run has had its cycles.
    pub(super) fn had_all(&self) -> bool {
        self.run.max_cycles.is_some_and(|most| self.count >= most)
    }
}

/// The rows of a page as candidates; nothing but what the queue needs is read of them.
pub(super) fn candidates(page: &str, lane: Lane, read_at: Duration) -> Result<Vec<Candidate>> {
    #[derive(Deserialize)]
    struct Row {
        id: Option<String>,
        r#type: Option<Value>,
        asset: Option<Value>,
    }
    let rows: Vec<&RawValue> = decode(page, "application/json")?;
    let read = |raw: &RawValue| {
        let row: Row = serde_json::from_str(raw.get()).ok()?;
        let id = row.id?;
        let asset = row.asset.as_ref().and_then(|asset| asset.get("id")?.as_str()).unwrap_or(&id).to_owned();
        let kind = row.r#type.as_ref().and_then(Value::as_str).map(str::to_owned);
        Some(Candidate { id, asset, kind, lane, text: raw.get().into(), read_at })
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(180);

    #[test]
    fn a_cycle_starts_an_interval_after_the_start_of_the_one_before_and_never_overlaps() {
        let mut cycle = Cycle::new(Run::default(), Duration::ZERO);
        cycle.start(&WorkerOptions::default(), Duration::from_secs(1_000));
        let at = |unit, now| cycle.next_start(INTERVAL, unit, Duration::from_secs(now)).as_secs();
        assert_eq!((at(0.0, 1_001), at(0.5, 1_001), at(0.5, 1_900)), (1_162, 1_180, 1_900));
    }

    #[test]
    fn failures_stretch_the_time_between_cycles_and_refused_credentials_end_the_run() {
        let mut cycle = Cycle::new(Run::default(), Duration::ZERO);
        let server = || Error::new(Code::Server, "down");
        assert_eq!(cycle.failed(server(), INTERVAL).unwrap(), LONGEST);
        assert_eq!(cycle.failed(server(), Duration::from_secs(600)).unwrap().as_secs(), 600);
        let mut limited = Error::new(Code::RateLimited, "slow down");
        limited.report_mut().retry_after_ms = Some(900_000);
        assert_eq!(cycle.failed(limited, INTERVAL).unwrap().as_secs(), 900);
        assert!(cycle.failed(Error::new(Code::Authentication, "no"), INTERVAL).is_err());
        assert!(Cycle::new(Run::once(), Duration::ZERO).failed(server(), INTERVAL).is_err());
    }
}
