//! What a call tells, and asks, the program that made it.
//!
//! This crate calls no code of a user. A call's events, and its requests for a secret or for a checkpoint to be kept, go
//! into a mailbox; whoever drives the call takes them out, acts, and replies ([`crate::ops::Call`]). A Rust program that
//! only wants events gives a listener instead.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::oneshot;

use crate::error::{Error, Result};
use crate::secret::Secret;

/// One thing that happened during a call. Holds no secret, no header, no query and no body.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// What happened: `attempt`, `retry_scheduled`, `reauthenticated` or `insecure_http`.
    pub kind: &'static str,
    /// The operation, e.g. `magento_bi.signups.create`.
    pub operation: &'static str,
    /// HTTP method.
    pub method: &'static str,
    /// The path's template, e.g. `/v3/signups/{signup_id}`.
    pub path: &'static str,
    /// Host and port of the server.
    pub host: String,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// HTTP status of the reply, if one came.
    pub status: Option<u16>,
    /// `not_sent`, `rejected`, `unknown` or `answered`, for an attempt.
    pub outcome: Option<crate::error::Outcome>,
    /// Milliseconds that the attempt took.
    pub duration_ms: Option<u64>,
    /// Bytes of the reply's body, decoded.
    pub bytes: Option<usize>,
    /// Milliseconds until the next attempt.
    pub delay_ms: Option<u64>,
    /// The id sent as `x-request-id`.
    pub request_id: String,
}

/// A listener of a Rust program. It runs inside the call: keep it short.
pub type Listener = Arc<dyn Fn(&Event) + Send + Sync>;

/// Where a call's events and questions go.
#[derive(Clone, Default)]
pub struct Host {
    listener: Option<Listener>,
    mailbox: Option<Arc<Mutex<Mailbox>>>,
    events: bool,
    secrets: Secrets,
}

/// Secrets by the names that a flow's machine calls them.
pub(crate) type Secrets = Arc<[(&'static str, Secret)]>;

#[derive(Default)]
struct Mailbox {
    out: VecDeque<Message>,
    waiting: HashMap<u64, oneshot::Sender<std::result::Result<Value, String>>>,
    asked: u64,
    /// The calls that wait for a message: what is done in the background wakes them.
    wakers: HashMap<u64, Waker>,
    calls: u64,
}

impl Mailbox {
    fn put(&mut self, message: Message) {
        self.out.push_back(message);
        self.wakers.drain().for_each(|(_, waker)| waker.wake());
    }
}

/// What comes out of the mailbox.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Message {
    Event(Event),
    Ask { id: u64, kind: &'static str, data: Value },
}

impl Host {
    /// A host that neither listens nor answers.
    pub fn silent() -> Self {
        Self::default()
    }

    /// A host that is told events by `listener`.
    pub fn listening(listener: Listener) -> Self {
        Self { listener: Some(listener), ..Self::default() }
    }

    /// A host that takes messages out of a mailbox; `events` says whether it wants events too.
    pub(crate) fn with_mailbox(events: bool) -> Self {
        Self { mailbox: Some(Arc::default()), events, ..Self::default() }
    }

    pub(crate) fn emit(&self, event: impl FnOnce() -> Event) {
        if self.listener.is_none() && !self.events {
            return;
        }
        let event = event();
        if let Some(listener) = &self.listener {
            listener(&event);
        }
        if let (true, Some(mailbox)) = (self.events, &self.mailbox) {
            lock(mailbox).put(Message::Event(event));
        }
    }

    /// Asks the host and waits for its reply.
    pub(crate) async fn ask(&self, kind: &'static str, data: Value) -> Result<Value> {
        let Some(mailbox) = &self.mailbox else {
            return Err(Error::config(
                format!("this call needs its host program ({kind}), and has none"),
                "give the secret by text, env or file",
            ));
        };
        let receiver = {
            let mut mailbox = lock(mailbox);
            let (sender, receiver) = oneshot::channel();
            mailbox.asked += 1;
            let id = mailbox.asked;
            mailbox.waiting.insert(id, sender);
            mailbox.put(Message::Ask { id, kind, data });
            receiver
        };
        match receiver.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(message)) => Err(Error::config(format!("{kind}: {message}"), "see the cause in your own callback")),
            Err(_) => Err(Error::internal(format!("the question {kind} was dropped"))),
        }
    }

    /// The same host, which also knows `secrets`.
    pub(crate) fn with_secrets(&self, secrets: Secrets) -> Self {
        Self { secrets, ..self.clone() }
    }

    /// The secret called `name`: a flow's own, or what the host program answers.
    pub(crate) async fn secret(&self, name: &str) -> Result<String> {
        if let Some((_, secret)) = self.secrets.iter().find(|(known, _)| *known == name) {
            let mut secret = secret.clone();
            Box::pin(secret.resolve(&self.with_secrets(Secrets::default()))).await?;
            return secret.expose().map(str::to_owned);
        }
        match self.ask("secret", Value::from(name)).await? {
            Value::String(text) => Ok(text),
            _ => Err(Error::config(format!("the callback of {name} gave no text"), "return the secret as text")),
        }
    }

    pub(crate) fn take(&self) -> Option<Message> {
        self.mailbox.as_ref().and_then(|mailbox| lock(mailbox).out.pop_front())
    }

    /// The number of one more call that takes messages out of the mailbox.
    pub(crate) fn one_more_call(&self) -> u64 {
        let Some(mailbox) = &self.mailbox else { return 0 };
        let mut mailbox = lock(mailbox);
        mailbox.calls += 1;
        mailbox.calls
    }

    /// Has the waker of the call woken by the next message.
    pub(crate) fn wake(&self, call: u64, waker: &Waker) {
        if let Some(mailbox) = &self.mailbox {
            lock(mailbox).wakers.insert(call, waker.clone());
        }
    }

    /// The call waits no more.
    pub(crate) fn end_call(&self, call: u64) {
        if let Some(mailbox) = &self.mailbox {
            lock(mailbox).wakers.remove(&call);
        }
    }

    /// Replies to question `id`; false if nobody waits for it any more.
    pub(crate) fn reply(&self, id: u64, reply: std::result::Result<Value, String>) -> bool {
        let sender = self.mailbox.as_ref().and_then(|mailbox| lock(mailbox).waiting.remove(&id));
        sender.is_some_and(|sender| sender.send(reply).is_ok())
    }
}

fn lock(mailbox: &Mutex<Mailbox>) -> MutexGuard<'_, Mailbox> {
    // Nothing in a critical section panics half-way through a change.
    mailbox.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("listener", &self.listener.is_some()).finish_non_exhaustive()
    }
}
