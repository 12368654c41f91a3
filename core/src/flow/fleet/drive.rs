//! What is done for one flow of a fleet at a time: a poll, and whatever comes after it until the flow waits again.

use std::fmt;
use std::sync::Arc;

use futures::future::{BoxFuture, Either, select};
use serde_json::{Map, Value};

use super::checkpoints::{Checkpoints, Keyed};
use crate::error::{Code, Error, Result};
use crate::flow::runner::{Times, Turn};
use crate::flow::{Action, FlowEvent, Input, Invoke, Machine, Mode, Need, Progress, Runner, Stop};
use crate::host::{Host, Secrets};
use crate::ops::CallContext;

/// What the flows of a fleet are: where their machines come from.
pub(crate) trait Kind: Send + Sync + fmt::Debug + 'static {
    type Machine: Machine + 'static;

    /// A machine that takes up a packed state and can poll, and nothing else.
    fn poller(&self) -> Self::Machine;

    /// All that the flow `key` needs to go on: the machine, with the state of `poller` if there is one, and its secrets.
    fn complete<'a>(
        &'a self,
        key: &'a str,
        poller: Option<Self::Machine>,
        host: &'a Host,
    ) -> BoxFuture<'a, Result<(Self::Machine, Secrets)>>;
}

/// What all flows of a fleet share.
#[derive(Debug)]
pub(super) struct Shared<K> {
    pub(super) kind: K,
    pub(super) client: Arc<dyn Invoke>,
    pub(super) checkpoints: Arc<dyn Checkpoints>,
    pub(super) host: Host,
    pub(super) mode: Mode,
    /// Whether events are reported.
    pub(super) events: bool,
    pub(super) stop: Stop,
    pub(super) times: Times,
}

/// A flow that waits for something else than a poll, and so is kept whole.
pub(super) struct Whole<M> {
    runner: Runner<M>,
    host: Host,
}

/// What became of a flow that was driven.
pub(super) struct Driven<M> {
    pub(super) number: u32,
    pub(super) events: Vec<FlowEvent>,
    pub(super) end: End<M>,
}

pub(super) enum End<M> {
    /// It polls again at this time.
    Polls(Vec<u8>, i64),
    /// It waits for something else until this time.
    Waits(Box<Whole<M>>, i64),
    /// A person must decide; its state, if it can be packed.
    Asks(Need, std::result::Result<Vec<u8>, Box<Whole<M>>>),
    Done(Value),
    Failed(Box<Error>),
}

impl<K: Kind> Shared<K> {
    pub(super) fn now_ms(&self) -> i64 {
        self.times.machine_ms(self.client.clock().now())
    }

    /// The machine of a packed state.
    pub(super) fn unpack(&self, key: &str, packed: &[u8]) -> Result<K::Machine> {
        let mut machine = self.kind.poller();
        if machine.unpack(key, packed) {
            Ok(machine)
        } else {
            Err(Error::internal(format!("the state of the flow {key:?} cannot be unpacked")))
        }
    }

    /// Begins the flow `key`, or takes it up from its checkpoint.
    pub(super) async fn begin(self: Arc<Self>, number: u32, key: Box<str>) -> Driven<K::Machine> {
        let mut events = Vec::new();
        let end = match self.kind.complete(&key, None, &self.host).await {
            Ok((machine, secrets)) => {
                let whole = self.whole(machine, &key, secrets, |runner| runner);
                self.go_on(Box::new(whole), &key, &mut events).await
            }
            Err(error) => End::Failed(Box::new(error)),
        };
        Driven { number, events, end }
    }

    /// Polls until the next poll is due later, and goes on where there is more to do.
    pub(super) async fn poll(
        self: Arc<Self>,
        number: u32,
        key: Box<str>,
        mut machine: K::Machine,
    ) -> Driven<K::Machine> {
        let mut events = Vec::new();
        loop {
            match machine.next(self.now_ms()) {
                Action::Send { operation, arguments, attempts, deadline_ms, once: false } => {
                    let deadline = deadline_ms.map(|at_ms| self.times.clock_at(at_ms));
                    let call = CallContext { host: self.host.clone(), attempts, deadline, ..CallContext::default() };
                    let reply = self.client.invoke(operation, arguments.to_string(), call);
                    let Either::Left((reply, _)) = select(reply, Box::pin(self.stop.stopped())).await else {
                        let end = End::Failed(Box::new(Error::new(Code::Stopped, "the fleet was stopped")));
                        return Driven { number, events, end };
                    };
                    let told = machine.apply(Input::Replied(reply), self.now_ms());
                    if self.events {
                        events.extend(told);
                    }
                }
                Action::SleepUntil(at_ms) => {
                    if let Some(packed) = machine.pack(&key) {
                        return Driven { number, events, end: End::Polls(packed, at_ms) };
                    }
                    break;
                }
                _ => break,
            }
        }
        // Boxed, so that a poll is small.
        let end = Box::pin(self.take_up(&key, machine, true, None, &mut events)).await;
        Driven { number, events, end }
    }

    /// Goes on with an answer.
    pub(super) async fn answer(
        self: Arc<Self>,
        number: u32,
        key: Box<str>,
        machine: K::Machine,
        answer: Map<String, Value>,
    ) -> Driven<K::Machine> {
        let mut events = Vec::new();
        let end = self.take_up(&key, machine, false, Some(answer), &mut events).await;
        Driven { number, events, end }
    }

    /// Goes on with a flow that was kept whole.
    pub(super) async fn resume(
        self: Arc<Self>,
        number: u32,
        key: Box<str>,
        whole: Box<Whole<K::Machine>>,
    ) -> Driven<K::Machine> {
        let mut events = Vec::new();
        let end = self.go_on(whole, &key, &mut events).await;
        Driven { number, events, end }
    }

    async fn take_up(
        &self,
        key: &str,
        machine: K::Machine,
        driven: bool,
        answer: Option<Map<String, Value>>,
        events: &mut Vec<FlowEvent>,
    ) -> End<K::Machine> {
        let completed = self.kind.complete(key, Some(machine), &self.host).await;
        let whole = completed.and_then(|(machine, secrets)| {
            let mut whole = self.whole(machine, key, secrets, |runner| runner.opened(driven));
            answer.map(|answer| whole.runner.answer(&answer)).transpose()?;
            Ok(whole)
        });
        match whole {
            Ok(whole) => self.go_on(Box::new(whole), key, events).await,
            Err(error) => End::Failed(Box::new(error)),
        }
    }

    fn whole(
        &self,
        machine: K::Machine,
        key: &str,
        secrets: Secrets,
        change: impl FnOnce(Runner<K::Machine>) -> Runner<K::Machine>,
    ) -> Whole<K::Machine> {
        let store = Keyed { checkpoints: Arc::clone(&self.checkpoints), key: key.into() };
        let runner = Runner::new(machine, Box::new(store), Arc::clone(&self.client), self.mode);
        let runner = change(runner).among(self.stop.clone(), self.times);
        Whole { runner, host: self.host.with_secrets(secrets) }
    }

    async fn go_on(
        &self,
        mut whole: Box<Whole<K::Machine>>,
        key: &str,
        events: &mut Vec<FlowEvent>,
    ) -> End<K::Machine> {
        loop {
            let Whole { runner, host } = &mut *whole;
            match runner.go_on(host, true).await {
                Ok(Turn::Progress(Progress::Event(event))) => {
                    if self.events {
                        events.push(event);
                    }
                }
                Ok(Turn::Progress(Progress::Done(outputs))) => return End::Done(outputs),
                Ok(Turn::Progress(Progress::Need(need))) => {
                    let packed = runner.machine().pack(key);
                    return End::Asks(need, packed.ok_or(whole));
                }
                Ok(Turn::Waits(at_ms)) => return End::Waits(whole, at_ms),
                Ok(Turn::Polls(due_ms)) => match runner.machine().pack(key) {
                    Some(packed) => return End::Polls(packed, due_ms),
                    None => return End::Waits(whole, due_ms),
                },
                Err(error) => return End::Failed(Box::new(error)),
            }
        }
    }
}

impl<M: Machine> Whole<M> {
    /// Takes in an answer, to go on with.
    pub(super) fn answer(&mut self, answer: &Map<String, Value>) -> Result<()> {
        self.runner.answer(answer)
    }
}
