//! What is left of a call, and who waits for its next step.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use pyo3::prelude::*;
use tenantry::ops::{self, Step};

use crate::lane::Lane;
use crate::runtime;
use crate::wanted::Wanted;

/// A call under way, which whoever waits polls, and anybody ends.
pub struct Running {
    state: Mutex<State>,
    /// Whether it needs no runtime but a lane.
    inline: bool,
    wanted: Wanted,
}

struct State {
    rest: Rest,
    waiting: Option<Waker>,
    /// Where its connection is open.
    lane: Option<&'static Lane>,
}

#[expect(clippy::large_enum_variant, reason = "nearly all are calls")]
enum Rest {
    Call(ops::Call),
    Envelope(String),
    /// Ended by its client while it was under way.
    Closed,
    Over,
}

impl Running {
    pub fn new(call: ops::Call, wanted: Wanted) -> Self {
        let inline = call.runs_inline();
        Self::with(Rest::Call(call), inline, wanted)
    }

    pub fn ended(envelope: String) -> Self {
        Self::with(Rest::Envelope(envelope), true, Wanted::Text)
    }

    fn with(rest: Rest, inline: bool, wanted: Wanted) -> Self {
        Self { state: Mutex::new(State { rest, waiting: None, lane: None }), inline, wanted }
    }

    /// A step as Python gets it.
    pub fn give<'py>(&self, py: Python<'py>, step: Option<Step>) -> PyResult<Bound<'py, PyAny>> {
        self.wanted.give(py, step)
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

    /// Keeps `lane` until the call's next step is waited for; gives it back if there will be none.
    pub fn keep_lane(&self, lane: &'static Lane) {
        let mut state = self.lock();
        if let Rest::Call(_) = state.rest {
            state.lane = Some(lane);
        } else {
            drop(state);
            runtime::give_back(lane);
        }
    }

    /// The next step; `None` after the last.
    pub fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Step>> {
        let mut state = self.lock();
        let step = match &mut state.rest {
            Rest::Call(call) => match call.poll_step(context) {
                Poll::Ready(step) => step,
                Poll::Pending => {
                    match &mut state.waiting {
                        Some(waker) => waker.clone_from(context.waker()),
                        None => state.waiting = Some(context.waker().clone()),
                    }
                    return Poll::Pending;
                }
            },
            Rest::Envelope(envelope) => Some(Step::Message(std::mem::take(envelope))),
            Rest::Closed => Some(Step::Message(closed())),
            Rest::Over => None,
        };
        state.waiting = None;
        if !matches!(&state.rest, Rest::Call(call) if !call.is_over()) {
            let rest = std::mem::replace(&mut state.rest, Rest::Over);
            drop(state);
            runtime::drop_inside(rest);
        }
        Poll::Ready(step)
    }

    /// Drops the call: what was sent stays sent. Whoever waits for a step gets an envelope that says so.
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
