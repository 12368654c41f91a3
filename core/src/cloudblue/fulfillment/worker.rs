//! The worker's driver: it reads the lists, hands requests out, and carries decisions out.

use std::fmt;
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use futures::future::{Either, select};
use futures::{Stream, stream};
use serde_json::{Value, json};
use tokio::sync::{Mutex, Notify};

use super::super::Client;
use super::super::listing::{self, ListArguments as _};
use super::super::request::Request;
use super::super::requests::ListRequests;
use super::super::transition::{read, status_of};
use super::cycle::Cycle;
use super::job::Job;
use super::options::{Run, WorkerOptions};
use super::outcome::Outcome;
use super::queue::{Candidate, Fate, Queue, Turn as Queued};
use super::report::Report;
use crate::error::{Code, Error, Result};
use crate::flow::{Stop, Timestamp};
use crate::host::{Events, Host};
use crate::id::Id;
use crate::ops::{Call, CallContext, Lossless, decode, read_arguments};
use crate::page::Pages;

/// A worker of a client. Cheap to clone; clones share the run, and may take and act at the same time.
#[derive(Clone)]
pub struct Worker(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) client: Client,
    pub(super) options: WorkerOptions,
    state: StdMutex<State>,
    /// Held by whoever reads the lists.
    cycle: Mutex<Cycle>,
    pub(super) changed: Notify,
    /// Where the messages of another language's calls go: pages are read from one call to the next.
    host: OnceLock<Host>,
}

pub(super) struct State {
    pub(super) queue: Queue,
    pub(super) report: Report,
    pub(super) stop: Stop,
    pub(super) dry_run: bool,
    /// Requests that the cycle may still hand out.
    pub(super) budget: u64,
    /// Until when nothing is handed out, because the server asked for that.
    pub(super) paused_until: Duration,
    running: bool,
    pub(super) over: bool,
    /// Whether a handler that decided nothing was told of.
    pub(super) warned: bool,
    /// What ended the run.
    fatal: Option<Error>,
    pub(super) events: std::collections::VecDeque<Value>,
}

/// What a worker brings.
#[derive(Debug)]
pub enum Turn {
    /// A request to decide about.
    Job(Box<Job>),
    /// Something happened.
    Event(Value),
    /// The run is over.
    Report(Report),
}

impl Client {
    /// A worker that handles requests.
    ///
    /// # Errors
    /// `validation` that names the option.
    pub fn fulfillment_worker(&self, options: WorkerOptions) -> Result<Worker> {
        options.check()?;
        // A filter that the lists do not take is refused now, not by the first cycle.
        for lane in &options.lanes {
            open(self, &options, *lane, &Host::default())?;
        }
        let now = self.engine.clock.now();
        let state = State {
            queue: Queue::default(),
            report: Report::default(),
            stop: Stop::default(),
            dry_run: false,
            budget: 0,
            paused_until: Duration::ZERO,
            running: false,
            over: false,
            warned: false,
            fatal: None,
            events: std::collections::VecDeque::new(),
        };
        Ok(Worker(Arc::new(Inner {
            client: self.clone(),
            options,
            state: StdMutex::new(state),
            cycle: Mutex::new(Cycle::new(Run::default(), now)),
            changed: Notify::new(),
            host: OnceLock::new(),
        })))
    }
}

pub(super) fn open(client: &Client, options: &WorkerOptions, lane: super::options::Lane, host: &Host) -> Result<Pages> {
    let asked = ListRequests { listing: options.listing(lane) }.into_listing();
    let (source, pages, host) =
        listing::open(client, "cloudblue.requests.list", asked, options.options.clone(), host.clone())?;
    Ok(Pages::new(source, pages, host))
}

impl Worker {
    /// Starts a run: its report begins anew; what is remembered of requests that were left stays. Jobs of a run that was
    /// abandoned are no longer in hand.
    ///
    /// # Errors
    /// `validation` while somebody waits for a job, or acts upon one.
    pub fn begin(&self, run: Run) -> Result<()> {
        let busy = || Error::validation("run", "another run of this worker is under way");
        let mut cycle = self.0.cycle.try_lock().map_err(|_| busy())?;
        let mut state = self.state();
        if state.queue.is_acting() {
            return Err(busy());
        }
        *cycle = Cycle::new(run, self.now());
        state.queue.abandon();
        state.report = Report::default();
        state.stop = Stop::default();
        (state.dry_run, state.running, state.over, state.warned) = (run.dry_run, true, false, false);
        (state.fatal, state.budget, state.paused_until) = (None, 0, Duration::ZERO);
        state.events.clear();
        Ok(())
    }

    /// The next request, event, or the report at the end; sleeps until the next cycle, and waits for a free hand.
    ///
    /// # Errors
    /// What ends the run: refused credentials, and in a run of one cycle any error of reading the queue. `details.report`
    /// says what was done.
    pub async fn next(&self, host: &Host) -> Result<Turn> {
        loop {
            let changed = self.0.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            if let Some(turn) = self.ready(host).await? {
                return Ok(turn);
            }
            let drive = Box::pin(async {
                let mut cycle = self.0.cycle.lock().await;
                self.drive(&mut cycle, host).await
            });
            if let Either::Left((driven, _)) = select(drive, changed).await {
                driven?;
            }
        }
    }

    /// What can be given without waiting.
    async fn ready(&self, host: &Host) -> Result<Option<Turn>> {
        loop {
            let (number, candidate) = {
                let mut state = self.state();
                if !state.running {
                    return Err(Error::validation("run", "no run was begun").with_hint("begin one"));
                }
                if let Some(event) = state.events.pop_front() {
                    return Ok(Some(Turn::Event(event)));
                }
                if state.over || (state.stop.is_stopped() && state.queue.in_hand() == 0) {
                    return self.ended(&mut state).map(|report| Some(Turn::Report(report)));
                }
                let full = state.queue.in_hand() >= self.0.options.concurrency;
                if state.stop.is_stopped() || full || self.now() < state.paused_until {
                    return Ok(None);
                }
                if state.budget == 0 {
                    state.queue.clear_waiting();
                }
                match state.queue.take(self.wall_ms()) {
                    Queued::Job(number, candidate) => {
                        state.budget -= 1;
                        (number, candidate)
                    }
                    Queued::Held => {
                        state.report.held += 1;
                        continue;
                    }
                    Queued::NotDue => {
                        state.report.skipped += 1;
                        continue;
                    }
                    Queued::Wait | Queued::Empty => return Ok(None),
                }
            };
            let mut taken = Taken { worker: self, number, given: false };
            let job = self.hand_out(number, *candidate, host).await;
            // What was stopped while it was read again goes back, and is not handed out.
            if !(job.is_some() && self.state().stop.is_stopped()) {
                taken.given = true;
                if let Some(job) = job {
                    return Ok(Some(Turn::Job(Box::new(job))));
                }
            }
        }
    }

    /// The job, read again when what is known of it is old; `None` when it does not wait any more.
    async fn hand_out(&self, number: u64, mut candidate: Candidate, host: &Host) -> Option<Job> {
        match self.refreshed(number, &mut candidate, host).await {
            Ok(Some(request)) => {
                let attempt = self.state().queue.attempt(&candidate.id);
                Some(Job::new(request, candidate.lane, attempt, self.clone(), number))
            }
            Ok(None) => {
                self.finish(number, Fate::Settled, "gone", |report| report.gone += 1);
                None
            }
            Err(error) => {
                self.trouble(number, &candidate, &error);
                None
            }
        }
    }

    async fn refreshed(
        &self,
        number: u64,
        candidate: &mut Candidate,
        host: &Host,
    ) -> Result<Option<Lossless<Request>>> {
        if self.is_old(candidate) {
            match read(&self.0.client, &Id::new(&candidate.id)?, &self.context(host)).await {
                Ok(text) if status_of(&text) == candidate.lane.status() => {
                    candidate.text = text.into();
                    let read_at = self.now();
                    self.state().queue.refresh(number, Arc::clone(&candidate.text), read_at);
                }
                Ok(_) => return Ok(None),
                Err(error) if error.code() == Code::NotFound => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        decode(&candidate.text, "application/json").map(Some)
    }

    /// Leaves a job that nobody acts upon.
    pub fn leave(&self, number: u64) {
        self.finish(number, Fate::Left(0), "skipped", |report| report.skipped += 1);
    }

    /// Hands out no further request; the run is over when those in hand were acted upon.
    pub fn stop(&self) {
        let mut state = self.state();
        state.stop.stop();
        state.queue.clear_waiting();
        drop(state);
        self.0.changed.notify_waiters();
    }

    /// What the run did so far.
    pub fn report(&self) -> Report {
        self.state().report.clone()
    }

    /// The run's jobs; events are passed over.
    pub fn jobs(&self) -> impl Stream<Item = Result<Job>> + Send + Unpin + use<> {
        Box::pin(stream::try_unfold(self.clone(), |worker| async move {
            loop {
                let host = worker.0.client.host.clone();
                match worker.next(&host).await? {
                    Turn::Job(job) => return Ok(Some((*job, worker))),
                    Turn::Event(_) => {}
                    Turn::Report(_) => return Ok(None),
                }
            }
        }))
    }

    /// [`Worker::next`] as another language drives it; the first one's `events` counts for all.
    pub fn next_call(&self, events: impl Into<Events>) -> Call {
        let worker = self.clone();
        let host = self.0.host.get_or_init(|| Host::with_mailbox(events)).clone();
        Call::on(host.clone(), async move {
            let turn = match worker.next(&host).await? {
                Turn::Job(job) => job.into_text(),
                Turn::Event(event) => json!({"event": event}).to_string(),
                Turn::Report(report) => json!({"report": report}).to_string(),
            };
            Ok(turn)
        })
    }

    /// [`Worker::act`] as another language drives it; `outcome` is JSON text.
    pub fn act_call(&self, number: u64, outcome: &str, events: impl Into<Events>) -> Call {
        let (worker, outcome) = (self.clone(), read_arguments::<Outcome>(outcome));
        Call::new(events, move |host| async move {
            let outcome = outcome.unwrap_or_else(|error| Outcome::Error { message: error.to_string() });
            let result = worker.act(number, outcome, &host).await?;
            serde_json::to_string(&result).map_err(|error| Error::internal(error.to_string()))
        })
    }

    /// Who is told and asked in a Rust program.
    pub(super) fn host(&self) -> &Host {
        &self.0.client.host
    }

    pub(super) fn is_old(&self, candidate: &Candidate) -> bool {
        let Some(read_at) = candidate.read_at else { return true };
        self.now().saturating_sub(read_at) >= Duration::from_millis(self.0.options.recheck_after_ms)
    }

    pub(super) fn context(&self, host: &Host) -> CallContext {
        CallContext { host: host.clone(), options: self.0.options.options.clone(), ..CallContext::default() }
    }

    pub(super) fn finish(&self, number: u64, fate: Fate, result: &str, count: impl FnOnce(&mut Report)) {
        let mut state = self.state();
        if let Some(candidate) = state.queue.finish(number, fate) {
            count(&mut state.report);
            // Told before anybody can see that nothing is in hand any more. Of a dry run its decision was told.
            if result != "decided" {
                state.events.push_back(acted(&candidate, result));
            }
        }
        drop(state);
        self.0.changed.notify_waiters();
    }

    pub(super) fn end_with(&self, error: Error) {
        let mut state = self.state();
        state.fatal.get_or_insert(error);
        state.stop.stop();
        state.queue.clear_waiting();
        drop(state);
        self.0.changed.notify_waiters();
    }

    /// The report of a run that has ended, or the error that ended it.
    fn ended(&self, state: &mut MutexGuard<'_, State>) -> Result<Report> {
        state.over = true;
        match &state.fatal {
            None => Ok(state.report.clone()),
            Some(error) => {
                let report = serde_json::to_value(&state.report).unwrap_or_default();
                Err(error.clone().with_detail("report", report))
            }
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in a critical section panics half-way through a change.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Duration {
        self.0.client.engine.clock.now()
    }

    pub(super) fn wall_ms(&self) -> i64 {
        self.0.client.engine.clock.wall_ms()
    }

    /// Until when nothing is to be sent, if that is still to come.
    pub(super) fn paused_until(&self) -> Option<Duration> {
        let until = self.state().paused_until;
        (until > self.now()).then_some(until)
    }

    /// A time of the clock as RFC 3339 text.
    pub(super) fn stamp(&self, at: Duration) -> String {
        let after = i64::try_from(at.saturating_sub(self.now()).as_millis()).unwrap_or(i64::MAX);
        Timestamp(self.wall_ms().saturating_add(after)).to_string()
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("options", &self.0.options).finish_non_exhaustive()
    }
}

pub(super) fn acted(candidate: &Candidate, result: &str) -> Value {
    json!({"type": "acted", "request": candidate.id, "kind": candidate.kind, "result": result})
}

/// A request that was taken: given up half-way, it goes back to where it was.
pub(super) struct Taken<'a> {
    pub(super) worker: &'a Worker,
    pub(super) number: u64,
    pub(super) given: bool,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if !self.given {
            self.worker.state().queue.put_back(self.number);
            self.worker.0.changed.notify_waiters();
        }
    }
}
