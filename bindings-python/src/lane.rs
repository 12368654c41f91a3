//! A runtime without threads: whoever waits for a call runs it meanwhile, and the sockets with it.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker, ready};
use std::time::Duration;

use futures::task::AtomicWaker;
use pyo3::prelude::*;
use tenantry::reactor;
use tokio::runtime::{Builder, EnterGuard, Runtime};
use tokio::sync::Notify;
use tokio::time::{Sleep, sleep};

/// How often a blocking call looks for Ctrl-C.
const SIGNAL_TICK: Duration = Duration::from_millis(50);

/// A runtime of the thread that runs it; one thread at a time. A connection belongs to the lane that it was opened in.
///
/// It is never dropped: connections that are idle may outlive whatever used it last, and so may wakers, in places where
/// nothing may end. There are as many as waited at the same time.
pub struct Lane {
    runtime: Runtime,
    pub stop: Stop,
    bell: Arc<Notify>,
    poll_fd: OnceLock<Option<i32>>,
}

/// Wakes one wait in a lane. A waker that an idle connection keeps wakes nobody: the next wait has another.
#[derive(Default)]
struct Wait(AtomicWaker);

impl Wake for Wait {
    fn wake(self: Arc<Self>) {
        self.0.wake();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.wake();
    }
}

/// Ends whatever waits in a lane.
#[derive(Default)]
pub struct Stop {
    stopped: AtomicBool,
    waiting: AtomicWaker,
}

impl Stop {
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.waiting.wake();
    }
}

impl Lane {
    pub fn open() -> io::Result<&'static Self> {
        let runtime = Builder::new_current_thread().thread_name("tenantry").enable_all().build()?;
        let bell = Arc::new(Notify::new());
        let heard = Arc::clone(&bell);
        // Its only purpose is to be woken: that wakes whoever polls the sockets.
        runtime.spawn(async move {
            loop {
                heard.notified().await;
            }
        });
        Ok(Box::leak(Box::new(Self { runtime, stop: Stop::default(), bell, poll_fd: OnceLock::new() })))
    }

    pub fn enter(&self) -> EnterGuard<'_> {
        self.runtime.enter()
    }

    /// Waits for `future`; an error is what a signal's handler raised, and `None` comes when the lane is stopped. `main` says
    /// whether this is the thread on which Python handles signals.
    pub fn block_on<F: Future>(&self, main: bool, future: F) -> Option<PyResult<F::Output>> {
        let mut future = pin!(future);
        let mut tick = pin!(None::<Sleep>);
        let wait = Arc::new(Wait::default());
        let waker = Waker::from(Arc::clone(&wait));
        let ended = self.runtime.block_on(poll_fn(|context| {
            wait.0.register(context.waker());
            self.stop.waiting.register(context.waker());
            if self.stop.stopped.load(Ordering::SeqCst) {
                return Poll::Ready(None);
            }
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Poll::Ready(Some(Ok(output)));
            }
            if !main {
                return Poll::Pending;
            }
            loop {
                if tick.is_none() {
                    tick.set(Some(sleep(SIGNAL_TICK)));
                }
                if let Some(tick) = tick.as_mut().as_pin_mut() {
                    ready!(tick.poll(context));
                }
                if let Err(interrupt) = Python::attach(|py| py.check_signals()) {
                    return Poll::Ready(Some(Err(interrupt)));
                }
                tick.set(None);
            }
        }));
        wait.0.take();
        ended
    }

    /// Takes in what the sockets and the clock have to tell, and waits for nothing.
    pub fn turn(&self) {
        self.runtime.block_on(tokio::task::yield_now());
    }

    /// Makes [`Lane::poll_fd`] readable; from any thread.
    pub fn ring(&self) {
        self.bell.notify_one();
    }

    /// The descriptor that is readable while there is something to take in; `None` where the system does not tell.
    pub fn poll_fd(&self) -> Option<i32> {
        *self.poll_fd.get_or_init(|| {
            let _entered = self.enter();
            reactor::descriptor()
        })
    }
}
