//! What a run does between its jobs: it sleeps, reads the lists, and ends its cycles.

use std::future::pending;
use std::time::Duration;

use futures::future::{Either, select};
use serde_json::json;

use super::cycle::{Cycle, Phase, candidates};
use super::worker::{Worker, open};
use crate::error::{Error, Result};
use crate::host::Host;
use crate::page::Pages;

impl Worker {
    /// One step of the cycle: reads a page, or sleeps, or waits for the requests in hand. What waits for others to act waits
    /// for ever: whoever changes something wakes the caller.
    pub(super) async fn drive(&self, cycle: &mut Cycle, host: &Host) -> Result<()> {
        if let Some(until) = self.paused_until() {
            return self.sleep(until).await;
        }
        match &mut cycle.phase {
            Phase::Over => pending().await,
            Phase::Sleeping(until) => {
                let until = *until;
                self.sleep(until).await?;
                self.start_cycle(cycle);
                self.read_lane(cycle, 0, host)
            }
            Phase::Reading(place, pages) => {
                let (place, pages) = (*place, pages.clone());
                if self.state().budget == 0 {
                    cycle.phase = Phase::Draining(None);
                    return Ok(());
                }
                if self.state().queue.waiting() > 0 {
                    // What waits is about assets in hand: those come first.
                    return pending().await;
                }
                self.read_page(cycle, place, &pages, host).await
            }
            Phase::Draining(next) => {
                let next = *next;
                if !self.state().queue.is_idle() {
                    return pending().await;
                }
                self.end_cycle(cycle, next);
                Ok(())
            }
        }
    }

    /// Sleeps, or for ever when the run is stopped meanwhile.
    async fn sleep(&self, until: Duration) -> Result<()> {
        let stop = self.state().stop.clone();
        let sleep = self.0.client.engine.clock.sleep_until(until);
        select(sleep, Box::pin(stop.stopped())).await;
        if stop.is_stopped() {
            self.0.changed.notify_waiters();
            return pending().await;
        }
        Ok(())
    }

    fn start_cycle(&self, cycle: &mut Cycle) {
        cycle.start(self.now());
        let mut state = self.state();
        state.queue.begin_cycle(self.wall_ms());
        state.budget = self.0.options.max_per_cycle.unwrap_or(u64::MAX);
        state.report.cycles = cycle.count;
        state.report.next_due = None;
        state.events.push_back(json!({"type": "cycle_started", "cycle": cycle.count}));
    }

    fn read_lane(&self, cycle: &mut Cycle, place: usize, host: &Host) -> Result<()> {
        cycle.phase = match self.0.options.lanes.get(place) {
            Some(lane) => Phase::Reading(place, Box::new(open(&self.0.client, &self.0.options, *lane, host)?)),
            None => Phase::Draining(None),
        };
        Ok(())
    }

    async fn read_page(&self, cycle: &mut Cycle, place: usize, pages: &Pages, host: &Host) -> Result<()> {
        let stop = self.state().stop.clone();
        match select(Box::pin(pages.next_page()), Box::pin(stop.stopped())).await {
            Either::Right(_) => {
                self.0.changed.notify_waiters();
                pending().await
            }
            Either::Left((Ok(Some(page)), _)) => {
                cycle.succeeded();
                let (rows, unreadable) = candidates(&page.json(), self.0.options.lanes[place], page.at())?;
                let mut state = self.state();
                state.report.seen += rows.len() as u64;
                rows.into_iter().for_each(|row| state.queue.add(row));
                for row in unreadable {
                    state.report.seen += 1;
                    state.report.trouble("a row of the list", row);
                }
                drop(state);
                // Others wait for jobs too.
                self.0.changed.notify_waiters();
                Ok(())
            }
            Either::Left((Ok(None), _)) => self.read_lane(cycle, place + 1, host),
            Either::Left((Err(error), _)) => {
                self.cannot_read(cycle, error);
                Ok(())
            }
        }
    }

    fn cannot_read(&self, cycle: &mut Cycle, error: Error) {
        let code = error.code();
        let message = error.to_string();
        match cycle.failed(error, self.0.options.interval()) {
            Ok(delay) => {
                let mut state = self.state();
                state.report.trouble("the list", message);
                let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
                state.events.push_back(json!({"type": "backing_off", "delay_ms": delay_ms, "code": code}));
                cycle.phase = Phase::Draining(Some(self.now().saturating_add(delay)));
            }
            Err(error) => {
                cycle.phase = Phase::Over;
                self.end_with(error);
            }
        }
        self.0.changed.notify_waiters();
    }

    /// Ends the cycle, of which nothing is in hand; the next one starts at `next`, or an interval after this one did.
    fn end_cycle(&self, cycle: &mut Cycle, next: Option<Duration>) {
        let unit = self.0.client.engine.random.unit();
        let at = next.unwrap_or_else(|| cycle.next_start(&self.0.options, unit, self.now()));
        let mut state = self.state();
        if cycle.had_all() {
            (state.over, cycle.phase) = (true, Phase::Over);
        } else {
            state.report.next_due = Some(self.stamp(at));
            cycle.phase = Phase::Sleeping(at);
        }
        let mut event = json!({"type": "cycle_ended", "cycle": cycle.count});
        event["report"] = serde_json::to_value(&state.report).unwrap_or_default();
        state.events.push_back(event);
        drop(state);
        self.0.changed.notify_waiters();
    }
}
