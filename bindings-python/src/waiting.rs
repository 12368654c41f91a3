//! Something awaited on an event loop: the next step of a call.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use pyo3::prelude::*;
use tenantry::ops::Step;

use crate::lane::Lane;
use crate::running::Running;

/// Where it is told that something awaited may go on, or has its step; from any thread.
pub trait Home: Send + Sync {
    fn arrived(self: Arc<Self>, waiting: Arc<Waiting>);
}

const IDLE: u8 = 0;
/// On its way to the loop.
const QUEUED: u8 = 1;
/// It has its step: a waker that is left somewhere must not take the next one, for which another waits.
const DONE: u8 = 2;
const POLLED: u8 = 3;
/// Woken while it was polled.
const AGAIN: u8 = 4;

/// How often it is polled again at once when it woke itself, as hyper does when it takes a request; then the loop gets its
/// turn.
const AT_ONCE: usize = 4;

pub struct Waiting {
    running: Arc<Running>,
    home: Arc<dyn Home>,
    /// Where it is polled, by the loop's own thread; None if a task carries it out.
    lane: Option<&'static Lane>,
    state: AtomicU8,
    place: AtomicUsize,
    outcome: Mutex<Outcome>,
}

#[derive(Default)]
struct Outcome {
    /// The `asyncio.Future`.
    awaited: Option<Py<PyAny>>,
    /// What a task found.
    step: Option<Option<Step>>,
}

impl Waiting {
    pub fn new(running: Arc<Running>, home: Arc<dyn Home>, lane: Option<&'static Lane>) -> Arc<Self> {
        let (state, place, outcome) = (AtomicU8::new(IDLE), AtomicUsize::new(usize::MAX), Mutex::default());
        Arc::new(Self { running, home, lane, state, place, outcome })
    }

    fn outcome(&self) -> MutexGuard<'_, Outcome> {
        // Nothing in a critical section panics half-way through a change.
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn is_inline(&self) -> bool {
        self.lane.is_some()
    }

    /// Notes where it is in a list, and returns where it was.
    pub fn set_place(&self, place: Option<usize>) -> Option<usize> {
        let before = self.place.swap(place.unwrap_or(usize::MAX), Ordering::Relaxed);
        (before != usize::MAX).then_some(before)
    }

    /// Has `awaited` told of the step.
    pub fn serve(&self, awaited: Py<PyAny>) {
        self.outcome().awaited = Some(awaited);
    }

    /// Who is to be told, once.
    pub fn served(&self) -> Option<Py<PyAny>> {
        self.outcome().awaited.take()
    }

    /// The step, if it is there.
    pub fn poll(self: &Arc<Self>) -> Option<Option<Step>> {
        let Some(lane) = self.lane else { return self.outcome().step.take() };
        if self.state.load(Ordering::SeqCst) == DONE {
            return None;
        }
        let _entered = lane.enter();
        let waker = Waker::from(Arc::clone(self));
        for _ in 0..AT_ONCE {
            self.state.store(POLLED, Ordering::SeqCst);
            if let Poll::Ready(step) = self.running.poll(&mut Context::from_waker(&waker)) {
                self.state.store(DONE, Ordering::SeqCst);
                return Some(step);
            }
            if self.state.compare_exchange(POLLED, IDLE, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                return None;
            }
        }
        self.state.store(IDLE, Ordering::SeqCst);
        waker.wake();
        None
    }

    /// Waits for the step as a task.
    pub async fn carry_out(self: Arc<Self>) {
        let step = poll_fn(|context| self.running.poll(context)).await;
        self.outcome().step = Some(step);
        self.wake();
    }

    /// A step as Python gets it.
    pub fn give<'py>(&self, py: Python<'py>, step: Option<Step>) -> PyResult<Bound<'py, PyAny>> {
        self.running.give(py, step)
    }

    /// Ends the call, and tells nobody.
    pub fn give_up(&self) {
        let awaited = self.served();
        self.running.close();
        drop(awaited);
    }
}

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        let woken = |state| match state {
            IDLE => Some(QUEUED),
            POLLED => Some(AGAIN),
            _ => None,
        };
        if self.state.fetch_update(Ordering::SeqCst, Ordering::SeqCst, woken) == Ok(IDLE) {
            let home = Arc::clone(&self.home);
            home.arrived(self);
        }
    }
}
