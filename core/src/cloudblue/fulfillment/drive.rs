//! What a run does between its jobs: it sleeps, reads the lists, and ends its cycles.

use std::time::Duration;

use futures::future::{Either, select};
use serde_json::json;

use super::cycle::{Cycle, Phase, candidates};
use super::worker::{Worker, open};
use crate::error::{Error, Result};
use crate::host::Host;

impl Worker {
    /// One step of the cycle: reads a page, or sleeps, or waits for the requests in hand.
    pub(super) async fn drive(&self, cycle: &mut Cycle, host: &Host) -> Result<()> {
        let stop = self.state().stop.clone();
        let interval = self.0.options.interval();
        match &mut cycle.phase {
            Phase::Over => std::future::pending().await,
            Phase::Sleeping(until) => {
                let sleep = self.0.client.engine.clock.sleep_until(*until);
                select(sleep, Box::pin(stop.stopped())).await;
                if stop.is_stopped() {
                    self.0.changed.notify_waiters();
                    return std::future::pending().await;
                }
                cycle.start(&self.0.options, self.now());
                {
                    let mut state = self.state();
                    state.queue.begin_cycle(self.wall_ms());
                    state.report.cycles = cycle.count;
                    state.report.next_due = None;
                    let event = json!({"type": "cycle_started", "cycle": cycle.count});
                    state.events.push_back(event);
                }
                self.read_lane(cycle, 0, host)
            }
            Phase::Reading(place, pages) => {
                let (place, pages) = (*place, pages.clone());
                if self.state().queue.waiting() > 0 {
                    // What waits is about assets in hand: those come first.
                    return std::future::pending().await;
                }
                let lane = self.0.options.lanes[place];
                match select(Box::pin(pages.next_at()), Box::pin(stop.stopped())).await {
                    Either::Right(_) => {
                        self.0.changed.notify_waiters();
                        std::future::pending().await
                    }
                    Either::Left((Ok(Some((page, read_at))), _)) => {
                        cycle.succeeded();
                        let mut rows = candidates(&page, lane, read_at)?;
                        let more = cycle.accept(&mut rows);
                        {
                            let mut state = self.state();
                            state.report.seen += rows.len() as u64;
                            rows.into_iter().for_each(|row| state.queue.add(row));
                        }
                        if !more {
                            cycle.phase = Phase::Draining;
                        }
                        Ok(())
                    }
                    Either::Left((Ok(None), _)) => self.read_lane(cycle, place + 1, host),
                    Either::Left((Err(error), _)) => self.cannot_read(cycle, error, interval),
                }
            }
            Phase::Draining => {
                if !self.state().queue.is_idle() {
                    return std::future::pending().await;
                }
                {
                    let mut state = self.state();
                    let at = cycle.next_start(interval, self.0.client.engine.random.unit(), self.now());
                    if cycle.had_all() {
                        state.over = true;
                        cycle.phase = Phase::Over;
                    } else {
                        state.report.next_due = Some(self.stamp(at));
                        cycle.phase = Phase::Sleeping(at);
                    }
                    let mut event = json!({"type": "cycle_ended", "cycle": cycle.count});
                    event["report"] = serde_json::to_value(&state.report).unwrap_or_default();
                    state.events.push_back(event);
                }
                self.0.changed.notify_waiters();
                Ok(())
            }
        }
    }

    fn read_lane(&self, cycle: &mut Cycle, place: usize, host: &Host) -> Result<()> {
        cycle.phase = match self.0.options.lanes.get(place) {
            Some(lane) => Phase::Reading(place, Box::new(open(&self.0.client, &self.0.options, *lane, host)?)),
            None => Phase::Draining,
        };
        Ok(())
    }

    fn cannot_read(&self, cycle: &mut Cycle, error: Error, interval: Duration) -> Result<()> {
        let code = error.code();
        match cycle.failed(error, interval) {
            Ok(delay) => {
                let mut state = self.state();
                let event = json!({"type": "backing_off", "delay_ms": delay.as_millis() as u64, "code": code});
                state.events.push_back(event);
                let at = self.now().saturating_add(delay);
                if cycle.had_all() {
                    (state.over, cycle.phase) = (true, Phase::Over);
                } else {
                    state.report.next_due = Some(self.stamp(at));
                    cycle.phase = Phase::Sleeping(at);
                }
            }
            Err(error) => {
                cycle.phase = Phase::Over;
                self.end_with(error);
            }
        }
        self.0.changed.notify_waiters();
        Ok(())
    }
}
