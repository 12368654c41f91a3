//! A client and its calls: text in, text out.

use std::future::Future as _;
use std::pin::pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use napi::bindgen_prelude::{Either, Env};
use napi_derive::napi;
use tenantry::{Error, ops};
use tokio::runtime::{Handle, Runtime};
use tokio::task::AbortHandle;

use crate::awaitable::{Completed, Loop, Polled, Queue, runtime};
use crate::failure;
use crate::pages::Pages;
use crate::worker::Worker;

/// A client of one system.
#[napi]
pub struct Client {
    pub(crate) client: ops::Client,
    pub(crate) queue: Queue,
}

/// Makes a client of `system` from its settings as JSON text, or gives the envelope of the error. `base_url` finds the
/// virtual clock of a sandbox of this process.
#[napi]
pub fn open_client(on: &Loop, system: String, config: String, base_url: Option<String>) -> Either<Client, String> {
    let clock = base_url.as_deref().and_then(tenantry_sandbox::clock_of);
    match ops::Client::open(&system, &config, clock) {
        Ok(client) => Either::A(Client { client, queue: on.queue.clone() }),
        Err(error) => Either::B(failure(error)),
    }
}

#[napi]
impl Client {
    /// Prepares an operation; nothing is sent before its first `next`.
    #[napi]
    pub fn call(&self, operation: String, arguments: String, options: String, events: bool) -> Call {
        Call::new(self.client.call(&operation, &arguments, &options, events), self.queue.clone())
    }

    /// The client of one marketplace of a set, or the envelope of the error; its connection options are JSON text, `""` for none.
    #[napi]
    pub fn marketplace(&self, name: String, options: String) -> Either<Client, String> {
        match self.client.marketplace(&name, &options) {
            Ok(client) => Either::A(Client { client, queue: self.queue.clone() }),
            Err(error) => Either::B(failure(error)),
        }
    }

    /// Answers at once, without a request: an envelope.
    #[napi]
    pub fn local(&self, operation: String, arguments: String) -> String {
        self.client.local(&operation, &arguments)
    }

    /// Prepares the reading of a list, or gives the envelope of the error; nothing is sent before its first page is asked for.
    #[napi]
    pub fn list(&self, operation: String, arguments: String, options: String, events: bool) -> Either<Pages, String> {
        match self.client.list(&operation, &arguments, &options, events) {
            Ok(pages) => Either::A(Pages::new(pages, self.queue.clone())),
            Err(error) => Either::B(failure(error)),
        }
    }

    /// Prepares the counting of a list's rows.
    #[napi]
    pub fn count(&self, operation: String, arguments: String, options: String, events: bool) -> Call {
        Call::new(self.client.count(&operation, &arguments, &options, events), self.queue.clone())
    }

    /// Prepares a worker, or gives the envelope of the error; nothing is sent before its first run.
    #[napi]
    pub fn worker(&self, options: String) -> Either<Worker, String> {
        match self.client.worker(&options) {
            Ok(worker) => Either::A(Worker::new(worker, self.queue.clone())),
            Err(error) => Either::B(failure(error)),
        }
    }

    /// Prepares a flow, or gives the envelope of the error; nothing is sent before it is advanced.
    #[napi]
    pub fn flow(&self, kind: String, spec: String, options: String) -> Either<crate::flow::Flow, String> {
        match self.client.flow(&kind, &spec, &options) {
            Ok(flow) => Either::A(crate::flow::Flow::new(flow, self.queue.clone())),
            Err(error) => Either::B(failure(error)),
        }
    }

    /// Prepares a fleet of flows, or gives the envelope of the error; nothing is sent before it is advanced.
    #[napi]
    pub fn fleet(&self, kind: String, options: String, events: bool) -> Either<crate::fleet::Fleet, String> {
        match self.client.fleet(&kind, &options, events) {
            Ok(fleet) => Either::A(crate::fleet::Fleet::new(fleet, self.queue.clone())),
            Err(error) => Either::B(failure(error)),
        }
    }
}

enum State {
    Idle(ops::Call),
    /// A task has it.
    Running(Option<AbortHandle>),
    /// It waits for its socket, and the event loop polls it; its next message comes out under the ticket.
    Polled(ops::Call, u32),
    Over,
}

/// One call under way.
#[napi]
pub struct Call {
    shared: Arc<Shared>,
    /// Whether it needs no task.
    inline: bool,
}

struct Shared {
    state: Mutex<State>,
    queue: Queue,
    /// Where its waker stands.
    waker: AtomicU8,
}

/// Nothing is awaited: a waker that was left somewhere, as idle connections keep one, wakes nobody.
const RESTING: u8 = 0;
/// A message is awaited.
const WAITING: u8 = 1;
/// It is on its way to the event loop.
const QUEUED: u8 = 2;
/// It is polled at this moment.
const POLLED: u8 = 3;
/// It was woken meanwhile.
const WOKEN: u8 = 4;

/// How often a call that woke itself is polled before others get their turn.
const ROUNDS: usize = 8;

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in a critical section panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next message, if it is there; then nothing is awaited any more.
    fn advance(self: &Arc<Self>) -> Option<Completed> {
        let _inside = self.queue.sockets().map(Handle::enter);
        let mut state = self.lock();
        // It may have been cancelled on its way.
        let State::Polled(call, ticket) = &mut *state else { return None };
        let ticket = *ticket;
        let text = self.poll(call)?;
        if let State::Polled(call, _) = std::mem::replace(&mut *state, State::Over)
            && !call.is_over()
        {
            *state = State::Idle(call);
        }
        self.waker.store(RESTING, Ordering::SeqCst);
        self.queue.end_polling();
        Some(Completed { ticket, text })
    }

    fn poll(self: &Arc<Self>, call: &mut ops::Call) -> Option<Option<String>> {
        let waker = Waker::from(Arc::clone(self));
        let mut context = Context::from_waker(&waker);
        for _ in 0..ROUNDS {
            self.waker.store(POLLED, Ordering::SeqCst);
            if let Poll::Ready(text) = pin!(call.next()).poll(&mut context) {
                return Some(text);
            }
            if self.waker.compare_exchange(POLLED, WAITING, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                return None;
            }
        }
        self.waker.store(QUEUED, Ordering::SeqCst);
        self.queue.ready(Arc::clone(self) as Arc<dyn Polled>);
        None
    }
}

impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let next = |now| match now {
            WAITING => Some(QUEUED),
            POLLED => Some(WOKEN),
            _ => None,
        };
        if self.waker.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next) == Ok(WAITING) {
            self.queue.ready(Arc::clone(self) as Arc<dyn Polled>);
        }
    }
}

impl Polled for Shared {
    fn poll(self: Arc<Self>) -> Option<Completed> {
        self.advance()
    }
}

#[napi]
impl Call {
    pub(crate) fn new(call: ops::Call, queue: Queue) -> Self {
        let inline = call.runs_inline();
        let shared = Shared { state: Mutex::new(State::Idle(call)), queue, waker: AtomicU8::new(RESTING) };
        Self { shared: Arc::new(shared), inline }
    }

    /// Goes on to the next message, which comes out of the loop under `ticket`; no text comes when the call is over or was
    /// cancelled. Gives a message at once when it is there, and an envelope when the call cannot even be tried.
    #[napi]
    pub fn next(&self, env: &Env, ticket: u32) -> Option<String> {
        let started = if self.inline { self.poll(env, ticket) } else { self.spawn(ticket) };
        started.unwrap_or_else(|error| Some(failure(error)))
    }

    fn poll(&self, env: &Env, ticket: u32) -> Result<Option<String>, Error> {
        let queue = &self.shared.queue;
        queue.listen(env).map_err(does_not_start)?;
        let call = self.take()?;
        *self.shared.lock() = State::Polled(call, ticket);
        queue.begin_polling();
        match self.shared.advance() {
            None => {
                queue.tick();
                Ok(None)
            }
            Some(Completed { text: Some(text), .. }) => Ok(Some(text)),
            Some(nothing) => {
                queue.complete(nothing);
                Ok(None)
            }
        }
    }

    fn spawn(&self, ticket: u32) -> Result<Option<String>, Error> {
        let runtime = runtime().map_err(does_not_start)?;
        let mut call = self.take()?;
        let shared = Arc::clone(&self.shared);
        let mut state = self.shared.lock();
        let work = async move {
            let text = call.next().await;
            let mut state = shared.lock();
            if let State::Running(_) = *state {
                *state = State::Idle(call);
            }
            text
        };
        *state = State::Running(Some(self.shared.queue.spawn(runtime, ticket, work)));
        Ok(None)
    }

    /// The call, which nobody else can take from now on.
    fn take(&self) -> Result<ops::Call, Error> {
        let mut state = self.shared.lock();
        match std::mem::replace(&mut *state, State::Running(None)) {
            State::Idle(call) => Ok(call),
            other => {
                *state = other;
                Err(Error::internal("the call is over, or its next message is already awaited"))
            }
        }
    }

    /// Replies to a question of the call; gives an envelope when nobody asked.
    #[napi]
    pub fn reply(&self, id: u32, text: String) -> Option<String> {
        match &*self.shared.lock() {
            State::Idle(call) => call.reply(id.into(), &text).err().map(failure),
            // The call was cancelled while its host looked for an answer.
            _ => None,
        }
    }

    /// Ends the call at once. What was sent stays sent; a pending ticket comes out of the loop, without a text, when
    /// everything that the call held is let go.
    #[napi]
    pub fn cancel(&self) {
        let state = std::mem::replace(&mut *self.shared.lock(), State::Over);
        // A connection that is being made may only be dropped where the runtime is known.
        let known = if self.inline { self.shared.queue.sockets() } else { runtime().ok().map(Runtime::handle) };
        let _inside = known.map(Handle::enter);
        match state {
            State::Running(Some(task)) => task.abort(),
            State::Polled(call, ticket) => {
                self.shared.waker.store(RESTING, Ordering::SeqCst);
                drop(call);
                self.shared.queue.end_polling();
                self.shared.queue.complete(Completed { ticket, text: None });
            }
            State::Idle(call) => drop(call),
            State::Running(None) | State::Over => {}
        }
    }
}

fn does_not_start(why: String) -> Error {
    Error::internal(format!("the runtime does not start: {why}"))
}

impl Drop for Call {
    fn drop(&mut self) {
        // JavaScript has let it go, or its environment ends: nobody can take another message.
        self.cancel();
    }
}
