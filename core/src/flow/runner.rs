//! The built-in driver of a machine: it sends, sleeps and keeps checkpoints, and does nothing of its own accord.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::{BoxFuture, Either, select};
use serde_json::{Map, Value};
use tokio::sync::Notify;

use super::checkpoint::refused;
use super::{Action, FlowEvent, Input, Machine, Need, Store};
use crate::error::{Code, Error, Result};
use crate::host::Host;
use crate::ops::CallContext;
use crate::time::{Clock, Random};

/// Carries out the operations that a machine sends.
pub trait Invoke: Send + Sync + fmt::Debug {
    /// The reply's text, or the error, of `operation`.
    fn invoke<'a>(
        &'a self,
        operation: &'static str,
        arguments: String,
        call: CallContext,
    ) -> BoxFuture<'a, Result<String>>;

    /// The clock to drive by.
    fn clock(&self) -> &Arc<dyn Clock>;

    /// The randomness of nonces and ids.
    fn random(&self) -> &Arc<dyn Random>;
}

/// How a flow begins, with regard to its checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// There must be none yet.
    #[default]
    Start,
    /// There must be one.
    Resume,
    /// Either.
    StartOrResume,
}

/// What one turn of a flow brings.
#[derive(Debug)]
pub enum Progress {
    /// Something happened; there is more.
    Event(FlowEvent),
    /// A person must decide before it goes on.
    Need(Need),
    /// Finished.
    Done(Value),
}

/// Ends the waiting of a flow: gracefully, a request that must not be sent twice is waited for.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<(AtomicBool, Notify)>);

impl Stop {
    /// Asks the flow to stop.
    pub fn stop(&self) {
        self.0.0.store(true, Ordering::Release);
        self.0.1.notify_waiters();
    }

    /// Whether it was asked.
    pub fn is_stopped(&self) -> bool {
        self.0.0.load(Ordering::Acquire)
    }

    pub(crate) async fn stopped(&self) {
        let notified = self.0.1.notified();
        if !self.is_stopped() {
            notified.await;
        }
    }
}

/// Drives one machine.
pub struct Runner<M> {
    machine: M,
    store: Box<dyn Store>,
    client: Arc<dyn Invoke>,
    mode: Option<Mode>,
    stop: Stop,
    queue: VecDeque<FlowEvent>,
    sending: bool,
    driven: bool,
    times: Times,
}

/// The wall clock's and the clock's time at one instant: together a wall clock that never jumps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    wall_ms: i64,
    clock: Duration,
}

impl Times {
    pub(super) fn now(clock: &dyn Clock) -> Self {
        Self { wall_ms: clock.wall_ms(), clock: clock.now() }
    }

    /// The machine's milliseconds at the clock's time `at`.
    pub(super) fn machine_ms(self, at: Duration) -> i64 {
        let passed = at.saturating_sub(self.clock);
        self.wall_ms.saturating_add(i64::try_from(passed.as_millis()).unwrap_or(i64::MAX))
    }

    /// The clock's time at the machine's millisecond `at_ms`.
    pub(super) fn clock_at(self, at_ms: i64) -> Duration {
        let after = u64::try_from(at_ms.saturating_sub(self.wall_ms)).unwrap_or(0);
        self.clock.saturating_add(Duration::from_millis(after))
    }
}

/// What a turn of a flow that gives way while it waits brings.
#[derive(Debug)]
pub(super) enum Turn {
    Progress(Progress),
    /// Nothing is to be done before this time, in the machine's milliseconds.
    Waits(i64),
    /// Only polls are to be sent, the next one at this time.
    Polls(i64),
}

impl<M: Machine> Runner<M> {
    /// A runner that begins in `mode` at the first [`Runner::next`].
    pub fn new(machine: M, store: Box<dyn Store>, client: Arc<dyn Invoke>, mode: Mode) -> Self {
        let times = Times::now(&**client.clock());
        let (queue, stop) = (VecDeque::new(), Stop::default());
        Self { machine, store, client, mode: Some(mode), stop, queue, sending: false, driven: false, times }
    }

    /// The same as one of many: with their stop and their times.
    pub(super) fn among(self, stop: Stop, times: Times) -> Self {
        Self { stop, times, ..self }
    }

    /// The same for a machine that needs no checkpoint: `driven` when it was under way a moment ago.
    pub(super) fn opened(self, driven: bool) -> Self {
        Self { mode: None, driven, ..self }
    }

    /// Stops the flow from elsewhere.
    pub fn stopper(&self) -> Stop {
        self.stop.clone()
    }

    /// The machine, to be looked at.
    pub fn machine(&self) -> &M {
        &self.machine
    }

    /// Gives a person's answer to the machine's need; it is kept at the next turn.
    ///
    /// # Errors
    /// `validation` that lists the choices.
    pub fn answer(&mut self, answer: &Map<String, Value>) -> Result<()> {
        let now = self.now();
        self.queue.extend(self.machine.answer(answer, now)?);
        Ok(())
    }

    /// Reads the checkpoint, if that was not done yet, and refuses the wrong one.
    ///
    /// # Errors
    /// `checkpoint`.
    pub async fn open(&mut self, host: &Host) -> Result<()> {
        let Some(mode) = self.mode else { return Ok(()) };
        match (self.store.load(host).await?, mode) {
            (Some(text), Mode::Resume | Mode::StartOrResume) => self.machine.restore(&text)?,
            (Some(_), Mode::Start) => {
                return Err(refused("exists", "there is a checkpoint already", "use resume, or start_or_resume"));
            }
            (None, Mode::Resume) => {
                return Err(refused("missing", "there is no checkpoint to resume", "use start, or start_or_resume"));
            }
            (None, _) => {}
        }
        self.mode = None;
        Ok(())
    }

    /// Goes on until something happened. Dropping the future stops at once; a request under way then counts as sent.
    ///
    /// # Errors
    /// Whatever stops the flow, with the checkpoint to go on from.
    pub async fn next(&mut self, host: &Host) -> Result<Progress> {
        loop {
            match self.go_on(host, false).await? {
                Turn::Progress(progress) => return Ok(progress),
                Turn::Waits(at_ms) | Turn::Polls(at_ms) => {
                    let sleep = self.client.clock().sleep_until(self.times.clock_at(at_ms));
                    select(sleep, Box::pin(self.stop.stopped())).await;
                }
            }
        }
    }

    /// The same, but whoever drives does the waiting, and the polling too if it `parks` the machine meanwhile.
    pub(super) async fn go_on(&mut self, host: &Host, parks: bool) -> Result<Turn> {
        self.open(host).await?;
        let result = self.turn(host, parks).await;
        let over = !matches!(result, Ok(Turn::Waits(_) | Turn::Polls(_) | Turn::Progress(Progress::Event(_))));
        if over {
            // Whoever comes back after an error, a need or the end gets new waiting times.
            self.driven = false;
        }
        if matches!(result, Ok(Turn::Progress(Progress::Done(_)))) {
            self.store.release();
        }
        result.map_err(|mut error| {
            error.report_mut().checkpoint.get_or_insert_with(|| self.machine.checkpoint());
            error
        })
    }

    async fn turn(&mut self, host: &Host, parks: bool) -> Result<Turn> {
        if !self.driven {
            self.driven = true;
            self.apply(Input::Driven);
        }
        if std::mem::take(&mut self.sending) {
            self.apply(Input::Abandoned);
        }
        loop {
            if let Some(event) = self.queue.pop_front() {
                if self.queue.is_empty() {
                    // Flows wait in great numbers: an empty queue keeps no memory.
                    self.queue = VecDeque::new();
                }
                return Ok(Turn::Progress(Progress::Event(event)));
            }
            let now_ms = self.now();
            let action = self.machine.next(now_ms);
            // A request that was announced is sent, so that its fate is known; nothing after it is begun.
            let goes_on = matches!(action, Action::Save | Action::Send { once: true, .. } | Action::Done(_));
            if self.stop.is_stopped() && !goes_on {
                return Err(
                    Error::new(Code::Stopped, "the flow was stopped").with_hint("resume it from its checkpoint")
                );
            }
            if let Some(due_ms) = self.machine.due_ms(now_ms).filter(|_| parks) {
                return Ok(Turn::Polls(due_ms));
            }
            match action {
                Action::Intend => {
                    let nonce = self.client.random().uuid();
                    self.apply(Input::Intended { nonce });
                }
                Action::Save => {
                    if self.store.keeps() {
                        self.store.save(self.machine.checkpoint(), host).await?;
                    }
                    self.apply(Input::Saved);
                }
                Action::Send { operation, arguments, attempts, deadline_ms, once } => {
                    let deadline = deadline_ms.map(|at| self.times.clock_at(at));
                    let stop = Some(self.stop.clone());
                    let call = CallContext { host: host.clone(), attempts, deadline, stop, ..CallContext::default() };
                    self.sending = true;
                    // Boxed, so that a flow that only waits is small.
                    let sent = Box::pin(self.send(operation, arguments.to_string(), call, once)).await;
                    self.sending = false;
                    if let Some(reply) = sent {
                        self.apply(Input::Replied(reply));
                    }
                }
                Action::SleepUntil(at_ms) => return Ok(Turn::Waits(at_ms)),
                Action::Need(need) => return Ok(Turn::Progress(Progress::Need(need))),
                Action::Done(outputs) => return Ok(Turn::Progress(Progress::Done(outputs))),
                Action::Failed(error) => return Err(*error),
            }
        }
    }

    /// The reply, or `None` when a stop cut the wait short.
    async fn send(
        &self,
        operation: &'static str,
        arguments: String,
        call: CallContext,
        once: bool,
    ) -> Option<Result<String>> {
        let reply = self.client.invoke(operation, arguments, call);
        if once {
            return Some(reply.await);
        }
        match select(reply, Box::pin(self.stop.stopped())).await {
            Either::Left((reply, _)) => Some(reply),
            Either::Right(_) => None,
        }
    }

    fn apply(&mut self, input: Input) {
        let now = self.now();
        self.queue.extend(self.machine.apply(input, now));
    }

    fn now(&self) -> i64 {
        self.times.machine_ms(self.client.clock().now())
    }
}

impl<M: Machine> fmt::Debug for Runner<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner").field("stopped", &self.stop.is_stopped()).finish_non_exhaustive()
    }
}
