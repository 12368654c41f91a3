//! Clocks for senders without sockets: sleeping moves it, and nothing else does.

use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use futures::task::{ArcWake, waker};
use tenantry::time::Clock;

/// 2026-01-01T00:00:00Z, as the sandbox's.
pub const WALL_MS: i64 = 1_767_225_600_000;

/// Jumps to the time of whoever sleeps while no request is under way.
#[derive(Debug, Default)]
pub struct JumpClock {
    state: Arc<Mutex<State>>,
    /// What the wall clock shows at the beginning; [`WALL_MS`] if none.
    wall_ms: Option<i64>,
}

impl JumpClock {
    pub fn at(wall_ms: i64) -> Self {
        Self { wall_ms: Some(wall_ms), ..Self::default() }
    }
}

#[derive(Debug, Default)]
struct State {
    now: Duration,
    busy: usize,
}

struct Busy(Arc<Mutex<State>>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.lock().unwrap().busy -= 1;
    }
}

impl Clock for JumpClock {
    fn now(&self) -> Duration {
        self.state.lock().unwrap().now
    }

    fn wall_ms(&self) -> i64 {
        self.wall_ms.unwrap_or(WALL_MS) + i64::try_from(self.now().as_millis()).unwrap()
    }

    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()> {
        let state = self.state.clone();
        poll_fn(move |context| {
            let mut state = state.lock().unwrap();
            if state.busy > 0 {
                // Looks again when whoever is at work has had a turn.
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            state.now = at.max(state.now);
            Poll::Ready(())
        })
        .boxed()
    }

    fn busy(&self) -> Option<Box<dyn Send>> {
        self.state.lock().unwrap().busy += 1;
        Some(Box::new(Busy(self.state.clone())))
    }
}

/// Moves from one sleeper's time to the next, whenever the one future that it drives can do nothing else.
#[derive(Debug, Default, Clone)]
pub struct StepClock(Arc<Mutex<Steps>>);

#[derive(Debug, Default)]
struct Steps {
    now: Duration,
    sleepers: BTreeSet<(Duration, u64)>,
    last: u64,
}

struct Sleep(Arc<Mutex<Steps>>, (Duration, u64));

impl Future for Sleep {
    type Output = ();

    fn poll(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let mut steps = self.0.lock().unwrap();
        if steps.now >= self.1.0 {
            return Poll::Ready(());
        }
        steps.sleepers.insert(self.1);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.0.lock().unwrap().sleepers.remove(&self.1);
    }
}

struct Woken(AtomicBool);

impl ArcWake for Woken {
    fn wake_by_ref(woken: &Arc<Self>) {
        woken.0.store(true, Ordering::SeqCst);
    }
}

impl StepClock {
    /// Drives `future` to its end.
    pub fn drive<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let woken = Arc::new(Woken(AtomicBool::new(false)));
        let waker = waker(woken.clone());
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return output;
            }
            if !woken.0.swap(false, Ordering::SeqCst) {
                let mut steps = self.0.lock().unwrap();
                let (at, _) = steps.sleepers.pop_first().expect("a future that waits for nothing");
                steps.now = steps.now.max(at);
            }
        }
    }
}

impl Clock for StepClock {
    fn now(&self) -> Duration {
        self.0.lock().unwrap().now
    }

    fn wall_ms(&self) -> i64 {
        WALL_MS + i64::try_from(self.now().as_millis()).unwrap()
    }

    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()> {
        let mut steps = self.0.lock().unwrap();
        steps.last += 1;
        Sleep(self.0.clone(), (at, steps.last)).boxed()
    }
}
