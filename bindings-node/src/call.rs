//! A client and its calls: text in, text out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::bindgen_prelude::Either;
use napi_derive::napi;
use tenantry::{Error, ops};
use tokio::task::AbortHandle;

use crate::awaitable::{Loop, Queue, runtime};
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
    Running(Option<AbortHandle>),
    Over,
}

/// One call under way.
#[napi]
pub struct Call {
    state: Arc<Mutex<State>>,
    queue: Queue,
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // Nothing in a critical section panics half-way through a change.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[napi]
impl Call {
    pub(crate) fn new(call: ops::Call, queue: Queue) -> Self {
        Self { state: Arc::new(Mutex::new(State::Idle(call))), queue }
    }

    /// Goes on to the next message, which comes out of the loop under `ticket`; no text comes when the call is over or was
    /// cancelled. Gives an envelope when it cannot even be tried.
    #[napi]
    pub fn next(&self, ticket: u32) -> Option<String> {
        let runtime = match runtime() {
            Ok(runtime) => runtime,
            Err(why) => return Some(failure(Error::internal(format!("the runtime does not start: {why}")))),
        };
        let mut state = lock(&self.state);
        let mut call = match std::mem::replace(&mut *state, State::Running(None)) {
            State::Idle(call) => call,
            other => {
                *state = other;
                return Some(failure(Error::internal("the call is over, or its next message is already awaited")));
            }
        };
        let shared = self.state.clone();
        let work = async move {
            let text = call.next().await;
            let mut state = lock(&shared);
            if let State::Running(_) = *state {
                *state = State::Idle(call);
            }
            text
        };
        *state = State::Running(Some(self.queue.spawn(runtime, ticket, work)));
        None
    }

    /// Replies to a question of the call; gives an envelope when nobody asked.
    #[napi]
    pub fn reply(&self, id: u32, text: String) -> Option<String> {
        match &*lock(&self.state) {
            State::Idle(call) => call.reply(id.into(), &text).err().map(failure),
            // The call was cancelled while its host looked for an answer.
            _ => None,
        }
    }

    /// Ends the call at once. What was sent stays sent; a pending ticket comes out of the loop, without a text, when
    /// everything that the call held is let go.
    #[napi]
    pub fn cancel(&self) {
        let state = std::mem::replace(&mut *lock(&self.state), State::Over);
        match state {
            State::Running(Some(task)) => task.abort(),
            // A connection that is being made may only be dropped where the runtime is known.
            State::Idle(call) => {
                let _inside = runtime().ok().map(tokio::runtime::Runtime::enter);
                drop(call);
            }
            State::Running(None) | State::Over => {}
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        // JavaScript has let it go, or its environment ends: nobody can take another message.
        self.cancel();
    }
}
