//! Something awaited on an event loop: the next message of a call.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use pyo3::prelude::*;

use crate::lane::Lane;
use crate::running::Running;

/// Where it is told that something awaited may go on, or has its message; from any thread.
pub trait Home: Send + Sync {
    fn arrived(self: Arc<Self>, waiting: Arc<Waiting>);
}

const IDLE: u8 = 0;
/// On its way to the loop.
const QUEUED: u8 = 1;
/// It has its message: a waker that is left somewhere must not take the next one, for which another waits.
const DONE: u8 = 2;

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
    message: Option<Option<String>>,
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

    /// Has `awaited` told of the message.
    pub fn serve(&self, awaited: Py<PyAny>) {
        self.outcome().awaited = Some(awaited);
    }

    /// Who is to be told, once.
    pub fn served(&self) -> Option<Py<PyAny>> {
        self.outcome().awaited.take()
    }

    /// The message, if it is there.
    pub fn poll(self: &Arc<Self>) -> Option<Option<String>> {
        let Some(lane) = self.lane else { return self.outcome().message.take() };
        if self.state.load(Ordering::SeqCst) == DONE {
            return None;
        }
        self.state.store(IDLE, Ordering::SeqCst);
        let _entered = lane.enter();
        match self.running.poll(&mut Context::from_waker(&Waker::from(Arc::clone(self)))) {
            Poll::Ready(message) => {
                self.state.store(DONE, Ordering::SeqCst);
                Some(message)
            }
            Poll::Pending => None,
        }
    }

    /// Waits for the message as a task.
    pub async fn carry_out(self: Arc<Self>) {
        let message = poll_fn(|context| self.running.poll(context)).await;
        self.outcome().message = Some(message);
        self.wake();
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
        if self.state.compare_exchange(IDLE, QUEUED, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            let home = Arc::clone(&self.home);
            home.arrived(self);
        }
    }
}
