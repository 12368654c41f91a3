//! The driver of a fleet: what is due is begun, a few at a time, and what became of it is taken in.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use serde::Serialize;
use serde_json::{Map, Value};

use super::checkpoints::Checkpoints;
use super::drive::{Driven, End, Kind, Shared, Whole};
use super::lateness::Lateness;
use super::parked::{Parked, Place};
use super::wheel::Wheel;
use crate::error::{Code, Error, Result};
use crate::flow::runner::Times;
use crate::flow::{FlowEvent, Invoke, Machine as _, Mode, Need, Stop};
use crate::host::Host;

/// The wheel's step: a poll is at most this much later than it is due, while there is room for it.
const TICK: Duration = Duration::from_millis(4);

/// One turn in four begins a flow that is no poll, so that neither kind waits for ever.
const OTHERS: usize = 4;

/// What a fleet tells of its flows.
#[derive(Debug)]
#[non_exhaustive]
pub enum Report {
    /// Finished, with these outputs; the fleet forgets the flow.
    Done { key: String, outputs: Value },
    /// A person must decide; the flow waits for its answer.
    Need { key: String, need: Need },
    /// Cannot go on, or not now; the error says from which checkpoint it might. The fleet forgets the flow.
    Failed { key: String, error: Error },
    /// Something happened; told only to who asks for events.
    Event { key: String, event: FlowEvent },
}

/// How many flows are where, and how punctual the polls are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FleetStatus {
    /// Added, and not begun.
    pub new: usize,
    /// Parked until their next poll.
    pub waiting: usize,
    /// Parked until a person answers.
    pub asking: usize,
    /// Driven at this moment, or kept whole for a short wait.
    pub active: usize,
    /// How often a parked flow was taken up because its next poll was due.
    pub polls: u64,
    /// Milliseconds by which half of the polls were later than due.
    pub late_p50_ms: f64,
    /// Milliseconds by which one poll in a hundred was later than due.
    pub late_p99_ms: f64,
}

/// What a fleet is made of.
#[derive(Debug)]
pub(crate) struct Parts<K> {
    pub(crate) kind: K,
    pub(crate) client: Arc<dyn Invoke>,
    pub(crate) checkpoints: Arc<dyn Checkpoints>,
    pub(crate) host: Host,
    pub(crate) mode: Mode,
    pub(crate) at_once: usize,
    pub(crate) events: bool,
}

/// Drives many flows of one kind.
pub(crate) struct Driver<K: Kind> {
    shared: Arc<Shared<K>>,
    at_once: usize,
    parked: Parked,
    wheel: Wheel,
    /// The clock's time of tick 0.
    origin: Duration,
    due: VecDeque<u32>,
    others: VecDeque<u32>,
    answers: HashMap<u32, Map<String, Value>>,
    whole: HashMap<u32, Box<Whole<K::Machine>>>,
    running: FuturesUnordered<BoxFuture<'static, Driven<K::Machine>>>,
    begun: usize,
    /// Flows begun so far, for fairness.
    turns: usize,
    reports: VecDeque<Report>,
    lateness: Lateness,
    sleep: Option<(u32, BoxFuture<'static, ()>)>,
    stopped: BoxFuture<'static, ()>,
    waker: Option<Waker>,
}

impl<K: Kind> Driver<K> {
    pub(crate) fn new(parts: Parts<K>) -> Self {
        let Parts { kind, client, checkpoints, host, mode, at_once, events } = parts;
        let (times, origin, stop) = (Times::now(&**client.clock()), client.clock().now(), Stop::default());
        let stopping = stop.clone();
        Self {
            shared: Arc::new(Shared { kind, client, checkpoints, host, mode, events, stop, times }),
            at_once: at_once.max(1),
            parked: Parked::default(),
            wheel: Wheel::new(),
            origin,
            due: VecDeque::new(),
            others: VecDeque::new(),
            answers: HashMap::new(),
            whole: HashMap::new(),
            running: FuturesUnordered::new(),
            begun: 0,
            turns: 0,
            reports: VecDeque::new(),
            lateness: Lateness::default(),
            sleep: None,
            stopped: Box::pin(async move { stopping.stopped().await }),
            waker: None,
        }
    }

    /// Adds the flow `key`.
    ///
    /// # Errors
    /// `validation` for a key that is empty, too long, or in the fleet already.
    pub(crate) fn add(&mut self, key: &str) -> Result<()> {
        let number = self.parked.add(key)?;
        self.others.push_back(number);
        self.wake();
        Ok(())
    }

    /// Answers the need of the flow `key`.
    ///
    /// # Errors
    /// `validation` when it asks nothing, or that lists the choices.
    pub(crate) fn answer(&mut self, key: &str, answer: Map<String, Value>) -> Result<()> {
        let asks = |number: &u32| self.parked.place(*number) == Place::Asks && !self.answers.contains_key(number);
        let number = self.parked.find(key).filter(asks);
        let number = number.ok_or_else(|| Error::validation("answer", format!("the flow {key:?} asks nothing")))?;
        match self.whole.get_mut(&number) {
            Some(whole) => whole.answer(&answer)?,
            None => {
                let mut machine = self.shared.unpack(key, self.parked.packed(number))?;
                machine.answer(&answer, self.shared.now_ms())?;
            }
        }
        self.answers.insert(number, answer);
        self.others.push_back(number);
        self.wake();
        Ok(())
    }

    pub(crate) fn stopper(&self) -> Stop {
        self.shared.stop.clone()
    }

    pub(crate) fn status(&self) -> FleetStatus {
        FleetStatus {
            new: self.parked.count(Place::New),
            waiting: self.parked.count(Place::Polls),
            asking: self.parked.count(Place::Asks),
            active: self.parked.count(Place::Away),
            polls: self.lateness.total(),
            late_p50_ms: self.lateness.exceeded_by_one_in(2),
            late_p99_ms: self.lateness.exceeded_by_one_in(100),
        }
    }

    /// How many flows a caller who adds them little by little may add now.
    pub(crate) fn room(&self) -> usize {
        (8 * self.at_once).saturating_sub(self.others.len())
    }

    /// Whether those added so far will soon have begun.
    pub(crate) fn wants_more(&self) -> bool {
        self.others.len() < 2 * self.at_once
    }

    /// A step of the wheel.
    pub(crate) fn moment(&self) -> BoxFuture<'static, ()> {
        let clock = self.shared.client.clock();
        clock.sleep_until(clock.now().saturating_add(TICK))
    }

    /// What happens next; `None` when nothing will, before a flow is added or answered.
    pub(crate) async fn next(&mut self) -> Option<Report> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// A report that is there already.
    pub(crate) fn ready(&mut self) -> Option<Report> {
        self.reports.pop_front()
    }

    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Report>> {
        self.waker = Some(context.waker().clone());
        let stopped = self.shared.stop.is_stopped() || self.stopped.as_mut().poll(context).is_ready();
        loop {
            if let Some(report) = self.ready() {
                return Poll::Ready(Some(report));
            }
            if !stopped {
                self.turn_wheel();
                self.begin_what_fits();
            }
            if let Poll::Ready(Some(driven)) = self.running.poll_next_unpin(context) {
                self.begun -= 1;
                self.take_in(driven);
                continue;
            }
            if stopped {
                return if self.begun == 0 { Poll::Ready(None) } else { Poll::Pending };
            }
            match self.wheel.next_tick() {
                Some(tick) => {
                    if self.sleeping(tick, context).is_pending() {
                        return Poll::Pending;
                    }
                }
                None if self.begun == 0 => return Poll::Ready(None),
                None => return Poll::Pending,
            }
        }
    }

    fn sleeping(&mut self, tick: u32, context: &mut Context<'_>) -> Poll<()> {
        let until = self.origin.saturating_add(TICK.saturating_mul(tick));
        let clock = self.shared.client.clock();
        let sleep = match &mut self.sleep {
            Some((at, sleep)) if *at == tick => sleep,
            // Dropping a sleep that is no longer needed lets a virtual clock pass over it.
            sleep => &mut sleep.insert((tick, clock.sleep_until(until))).1,
        };
        let over = sleep.as_mut().poll(context);
        if over.is_ready() {
            self.sleep = None;
        }
        over
    }

    fn turn_wheel(&mut self) {
        let now = self.shared.client.clock().now();
        let (parked, due, others) = (&self.parked, &mut self.due, &mut self.others);
        self.wheel.advance(ticks(now.saturating_sub(self.origin)), |number| match parked.place(number) {
            Place::Polls => due.push_back(number),
            _ => others.push_back(number),
        });
        if self.due.is_empty() && self.due.capacity() > 1_024 {
            self.due = VecDeque::new();
        }
    }

    fn begin_what_fits(&mut self) {
        while self.begun < self.at_once {
            self.turns += 1;
            let poll_first = !self.turns.is_multiple_of(OTHERS);
            let number = if poll_first {
                self.due.pop_front().or_else(|| self.others.pop_front())
            } else {
                self.others.pop_front().or_else(|| self.due.pop_front())
            };
            let Some(number) = number else { return };
            self.begin(number);
        }
    }

    fn begin(&mut self, number: u32) {
        let (shared, key) = (Arc::clone(&self.shared), Box::<str>::from(self.parked.key(number)));
        let place = self.parked.place(number);
        let future: BoxFuture<'static, _> = match (place, self.whole.remove(&number)) {
            (_, Some(whole)) => {
                self.answers.remove(&number);
                Box::pin(shared.resume(number, key, whole))
            }
            (Place::New, None) => Box::pin(shared.begin(number, key)),
            (place, None) => match (shared.unpack(&key, self.parked.packed(number)), place) {
                (Err(error), _) => return self.end(number, |key| Report::Failed { key, error }),
                (Ok(machine), Place::Asks) => {
                    let answer = self.answers.remove(&number).unwrap_or_default();
                    Box::pin(shared.answer(number, key, machine, answer))
                }
                (Ok(machine), _) => {
                    let due_ms = machine.due_ms(i64::MIN).unwrap_or(i64::MAX);
                    let now = self.shared.client.clock().now();
                    self.lateness.note(now.saturating_sub(self.shared.times.clock_at(due_ms)));
                    Box::pin(shared.poll(number, key, machine))
                }
            },
        };
        if place != Place::Polls {
            self.parked.park(number, Place::Away, &[]);
        }
        self.begun += 1;
        self.running.push(future);
    }

    fn take_in(&mut self, driven: Driven<K::Machine>) {
        let Driven { number, events, end } = driven;
        for event in events {
            self.reports.push_back(Report::Event { key: self.parked.key(number).to_owned(), event });
        }
        match end {
            End::Polls(packed, due_ms) => {
                self.parked.park(number, Place::Polls, &packed);
                self.wait(number, due_ms);
            }
            End::Waits(whole, at_ms) => {
                self.parked.park(number, Place::Away, &[]);
                self.whole.insert(number, whole);
                self.wait(number, at_ms);
            }
            End::Asks(need, packed) => {
                self.parked.park(number, Place::Asks, packed.as_deref().unwrap_or_default());
                if let Err(whole) = packed {
                    self.whole.insert(number, whole);
                }
                self.reports.push_back(Report::Need { key: self.parked.key(number).to_owned(), need });
            }
            End::Done(outputs) => self.end(number, |key| Report::Done { key, outputs }),
            // It stopped as it was told to: its checkpoint is where its checkpoints are.
            End::Failed(error) if error.code() == Code::Stopped => drop(self.parked.remove(number)),
            End::Failed(error) => self.end(number, |key| Report::Failed { key, error: *error }),
        }
    }

    fn end(&mut self, number: u32, report: impl FnOnce(String) -> Report) {
        let key = self.parked.remove(number);
        self.reports.push_back(report(key.into()));
    }

    fn wait(&mut self, number: u32, at_ms: i64) {
        let after = self.shared.times.clock_at(at_ms).saturating_sub(self.origin);
        self.wheel.insert(number, first_tick(after));
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// The ticks that have come by `time`.
fn ticks(time: Duration) -> u32 {
    u32::try_from(time.as_nanos() / TICK.as_nanos()).unwrap_or(u32::MAX - 1)
}

/// The first tick that comes at `time` or later. A flow that was taken up by a part of a millisecond too early would only be
/// put off again.
fn first_tick(time: Duration) -> u32 {
    u32::try_from(time.as_nanos().div_ceil(TICK.as_nanos())).unwrap_or(u32::MAX - 1)
}

impl<K: Kind> fmt::Debug for Driver<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("status", &self.status()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flow_is_taken_up_before_its_time() {
        let mut time = Duration::ZERO;
        for tick in 0..1_000 {
            assert_eq!((ticks(time), first_tick(time)), (tick, tick));
            for more in [Duration::from_nanos(1), Duration::from_micros(500), TICK - Duration::from_nanos(1)] {
                assert_eq!((ticks(time + more), first_tick(time + more)), (tick, tick + 1));
            }
            time += TICK;
        }
    }
}
