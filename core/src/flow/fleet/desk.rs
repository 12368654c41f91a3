//! Where the flows of a fleet wait for what the host program gives them by their keys, many in one exchange.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::oneshot;

use crate::error::{Error, Result};

/// Things by key: some are given before anybody asks, the others are asked for and waited for.
pub(crate) struct Desk<T> {
    read: fn(Value) -> Result<T>,
    state: Mutex<State<T>>,
}

struct State<T> {
    given: HashMap<Box<str>, Result<T>>,
    waiting: HashMap<Box<str>, oneshot::Sender<Result<T>>>,
    wanted: Vec<String>,
}

/// The host program's side of a desk.
pub(crate) trait Counter: Send + Sync {
    /// Gives what belongs to `key`, or says why there is none.
    fn give(&self, key: &str, value: std::result::Result<Value, String>);

    /// The keys that were asked for since the last time.
    fn wanted(&self) -> Vec<String>;
}

impl<T> Desk<T> {
    /// A desk at which `read` makes something of what the host program gives.
    pub(crate) fn new(read: fn(Value) -> Result<T>) -> Self {
        let state = State { given: HashMap::new(), waiting: HashMap::new(), wanted: Vec::new() };
        Self { read, state: Mutex::new(state) }
    }

    /// What belongs to `key`.
    pub(crate) async fn ask(&self, key: &str) -> Result<T> {
        let receiver = {
            let mut state = self.state();
            if let Some(given) = state.given.remove(key) {
                return given;
            }
            let (sender, receiver) = oneshot::channel();
            state.waiting.insert(key.into(), sender);
            state.wanted.push(key.to_owned());
            receiver
        };
        receiver.await.unwrap_or_else(|_| Err(Error::internal(format!("nothing was given for {key:?}"))))
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        // Nothing in a critical section panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Send> Counter for Desk<T> {
    fn give(&self, key: &str, value: std::result::Result<Value, String>) {
        let value = match value {
            Ok(value) => (self.read)(value),
            Err(message) => Err(Error::config(format!("spec: {message}"), "see the cause in your own callback")),
        };
        let mut state = self.state();
        match state.waiting.remove(key) {
            Some(sender) => drop(sender.send(value)),
            None => drop(state.given.insert(key.into(), value)),
        }
    }

    fn wanted(&self) -> Vec<String> {
        std::mem::take(&mut self.state().wanted)
    }
}
