//! What is left of a call, and who waits for its next message.

use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tenantry::ops;

use crate::lane::Lane;
use crate::runtime;

/// A call under way, which whoever waits polls, and anybody ends.
pub struct Running {
    state: Mutex<State>,
    /// Whether it needs no runtime but a lane.
    inline: bool,
}

struct State {
    rest: Rest,
    waiting: Option<Waker>,
    /// Where its connection is open.
    lane: Option<&'static Lane>,
}

enum Rest {
    Call(ops::Call),
    Envelope(String),
    /// Ended by its client while it was under way.
    Closed,
    Over,
}

impl Running {
    pub fn new(call: ops::Call, inline: bool) -> Self {
        Self::with(Rest::Call(call), inline)
    }

    pub fn ended(envelope: String) -> Self {
        Self::with(Rest::Envelope(envelope), true)
    }

    fn with(rest: Rest, inline: bool) -> Self {
        Self { state: Mutex::new(State { rest, waiting: None, lane: None }), inline }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in a critical section panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn is_inline(&self) -> bool {
        self.inline
    }

    /// The lane that the call's connection belongs to, for the time of one wait.
    pub fn take_lane(&self) -> Option<&'static Lane> {
        self.lock().lane.take()
    }

    /// Keeps `lane` until the call's next message is waited for; gives it back if there will be none.
    pub fn keep_lane(&self, lane: &'static Lane) {
        let mut state = self.lock();
        if let Rest::Call(_) = state.rest {
            state.lane = Some(lane);
        } else {
            drop(state);
            runtime::give_back(lane);
        }
    }

    /// The next message; `None` after the envelope.
    pub fn poll(&self, context: &mut Context<'_>) -> Poll<Option<String>> {
        let mut state = self.lock();
        let message = match &mut state.rest {
            Rest::Call(call) => match pin!(call.next()).poll(context) {
                Poll::Ready(message) => message,
                Poll::Pending => {
                    match &mut state.waiting {
                        Some(waker) => waker.clone_from(context.waker()),
                        None => state.waiting = Some(context.waker().clone()),
                    }
                    return Poll::Pending;
                }
            },
            Rest::Envelope(envelope) => Some(std::mem::take(envelope)),
            Rest::Closed => Some(closed()),
            Rest::Over => None,
        };
        state.waiting = None;
        if !matches!(&state.rest, Rest::Call(call) if !call.is_over()) {
            let rest = std::mem::replace(&mut state.rest, Rest::Over);
            drop(state);
            runtime::drop_inside(rest);
        }
        Poll::Ready(message)
    }

    /// Drops the call: what was sent stays sent. Whoever waits for a message gets an envelope that says so.
    pub fn close(&self) {
        let mut state = self.lock();
        if let Rest::Over | Rest::Closed = state.rest {
            return;
        }
        let rest = std::mem::replace(&mut state.rest, Rest::Closed);
        let (waiting, lane) = (state.waiting.take(), state.lane.take());
        drop(state);
        runtime::drop_inside(rest);
        if let Some(waker) = waiting {
            waker.wake();
        }
        if let Some(lane) = lane {
            runtime::give_back(lane);
        }
    }

    /// Replies to question `ask` of the call.
    pub fn reply(&self, ask: u64, text: &str) -> tenantry::Result<()> {
        match &self.lock().rest {
            Rest::Call(call) => call.reply(ask, text),
            _ => Ok(()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.close();
    }
}

/// What a call gets whose client is closed under it.
fn closed() -> String {
    let error = serde_json::json!({"error": {
        "code": "connection", "message": "the client was closed while the call was under way", "outcome": "unknown",
        "retryable": false, "details": {}, "causes": [],
    }});
    error.to_string()
}
