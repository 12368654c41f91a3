//! How a result reaches the event loop: a queue that JavaScript drains, and one wake-up for all that is in it.
//!
//! Each environment (the main thread, each worker) has a [`Loop`] of its own. A task ends by putting its ticket and its text
//! into the queue; the threadsafe function is called only when the queue was empty, carries nothing, and JavaScript then takes
//! everything out and settles its own promises. So a thousand replies cost one crossing, and no native code runs user code.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use napi::bindgen_prelude::{Env, Status};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use tokio::runtime::Runtime;
use tokio::task::AbortHandle;

/// Called without arguments, its result ignored, keeping no process alive by itself.
type Wake = ThreadsafeFunction<(), (), (), Status, false, true>;

/// What a task left: its text, or nothing when it was cancelled before it had one.
#[napi(object)]
pub struct Completed {
    pub ticket: u32,
    pub text: Option<String>,
}

struct Inner {
    completed: Vec<Completed>,
    wake: Wake,
}

/// The queue of one environment.
#[derive(Clone)]
pub struct Queue(Arc<Mutex<Inner>>);

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing in a critical section panics half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, completed: Completed) {
        let mut inner = self.lock();
        let first = inner.completed.is_empty();
        inner.completed.push(completed);
        if first {
            // A status other than ok means that the environment is going: nobody is left to be told.
            let _ = inner.wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }

    /// Runs `work` and queues its text under `ticket`. Aborting it drops `work` first and queues the bare ticket then, so that
    /// whoever sees the ticket knows that the work's sockets and locks are gone.
    pub fn spawn<F>(&self, runtime: &Runtime, ticket: u32, work: F) -> AbortHandle
    where
        F: Future<Output = Option<String>> + Send + 'static,
    {
        let ending = Ending { queue: self.clone(), completed: Some(Completed { ticket, text: None }) };
        let task = async move {
            let mut ending = ending;
            let text = work.await;
            if let Some(completed) = &mut ending.completed {
                completed.text = text;
            }
        };
        runtime.spawn(task).abort_handle()
    }
}

/// Queues its ticket when it is dropped: at the task's end, by an abort, and when the work panics.
struct Ending {
    queue: Queue,
    completed: Option<Completed>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        if let Some(completed) = self.completed.take() {
            self.queue.push(completed);
        }
    }
}

/// An environment's queue as JavaScript holds it.
#[napi]
pub struct Loop {
    pub(crate) queue: Queue,
}

#[napi]
impl Loop {
    /// `wake` is called, without arguments, when something was put into the empty queue.
    #[napi(constructor)]
    pub fn new(wake: Wake) -> Self {
        Self { queue: Queue(Arc::new(Mutex::new(Inner { completed: Vec::new(), wake }))) }
    }

    /// Takes out everything that is in the queue.
    #[napi]
    pub fn drain(&self) -> Vec<Completed> {
        std::mem::take(&mut self.queue.lock().completed)
    }

    /// Whether the process stays alive: while work is pending, and only then.
    // napi deprecates this pair for `Weak` as a type parameter, which cannot follow what is pending.
    #[allow(deprecated)]
    #[napi]
    pub fn hold(&self, env: Env, on: bool) -> napi::Result<()> {
        let mut inner = self.queue.lock();
        if on { inner.wake.refer(&env) } else { inner.wake.unref(&env) }
    }
}

/// The runtime of this process, made when the first call needs it. It is never dropped: exiting waits for none of its threads.
pub fn runtime() -> Result<&'static Runtime, String> {
    static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();
    let make = || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).thread_name("tenantry").enable_all().build().map_err(|error| error.to_string())
    };
    RUNTIME.get_or_init(make).as_ref().map_err(Clone::clone)
}
