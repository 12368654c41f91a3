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

/// Which events cross to the program that drives a call: each one is a message of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Events {
    #[default]
    None,
    /// All but the `attempt`s, of which every call has one.
    Notable,
    All,
}

impl From<bool> for Events {
    fn from(all: bool) -> Self {
        if all { Self::All } else { Self::None }
    }
}

impl Events {
    fn want(self, event: &Event) -> bool {
        match self {
            Self::None => false,
            Self::Notable => event.kind != "attempt",
            Self::All => true,
        }
    }
}

/// Where a call's events and questions go.
#[derive(Clone, Default)]
pub struct Host {
    listener: Option<Listener>,
    mailbox: Option<Arc<Mutex<Mailbox>>>,
    events: Events,
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
    wakers: Vec<(u64, Waker)>,
    calls: u64,
}

impl Mailbox {
    fn put(&mut self, message: Message) {
        self.out.push_back(message);
        self.wakers.drain(..).for_each(|(_, waker)| waker.wake());
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

    /// A host that takes messages out of a mailbox; `events` says which events it wants too.
    pub(crate) fn with_mailbox(events: impl Into<Events>) -> Self {
        Self { mailbox: Some(Arc::default()), events: events.into(), ..Self::default() }
    }

    pub(crate) fn emit(&self, event: impl FnOnce() -> Event) {
        if self.listener.is_none() && self.events == Events::None {
            return;
        }
        let event = event();
        if let Some(listener) = &self.listener {
            listener(&event);
        }
        if let (true, Some(mailbox)) = (self.events.want(&event), &self.mailbox) {
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

    /// The next message; without one, the waker of the call is woken by the next that comes.
    pub(crate) fn take_or_wake(&self, call: u64, waker: &Waker) -> Option<Message> {
        let mut mailbox = lock(self.mailbox.as_ref()?);
        let message = mailbox.out.pop_front();
        if message.is_none() {
            match mailbox.wakers.iter_mut().find(|(number, _)| *number == call) {
                Some((_, known)) => known.clone_from(waker),
                None => mailbox.wakers.push((call, waker.clone())),
            }
        }
        message
    }

    /// The call waits no more.
    pub(crate) fn end_call(&self, call: u64) {
        if let Some(mailbox) = &self.mailbox {
            lock(mailbox).wakers.retain(|(number, _)| *number != call);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(events: impl Into<Events>) -> Vec<&'static str> {
        let host = Host::with_mailbox(events);
        for kind in ["insecure_http", "attempt", "retry_scheduled"] {
            host.emit(|| Event {
                kind,
                operation: "magento_bi.tokens.create",
                method: "POST",
                path: "/oauth",
                host: String::new(),
                attempt: 1,
                status: None,
                outcome: None,
                duration_ms: None,
                bytes: None,
                delay_ms: None,
                request_id: String::new(),
            });
        }
        let told = std::iter::from_fn(|| host.take());
        told.map(|message| if let Message::Event(event) = message { event.kind } else { "ask" }).collect()
    }

    #[test]
    fn only_the_events_that_are_wanted_cross() {
        assert_eq!(kinds(true), ["insecure_http", "attempt", "retry_scheduled"]);
        assert_eq!(kinds(Events::Notable), ["insecure_http", "retry_scheduled"]);
        assert!(kinds(false).is_empty());
    }
}
