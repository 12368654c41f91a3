//! How a result reaches the event loop: a queue that JavaScript drains, and one wake-up for all that is in it.
//!
//! Each environment (the main thread, each worker) has a [`Loop`] of its own. A call is polled by the loop itself, whenever
//! its socket has something to tell: one thread of ours watches the sockets of all, and does nothing else. Work that needs
//! tasks is one, and ends by putting its ticket and its text into the queue. The threadsafe function is called only when the
//! queue was empty, carries nothing, and JavaScript then takes everything out and settles its own promises. So a thousand
//! replies cost one crossing, and no native code runs user code.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use napi::bindgen_prelude::{Array, Env, Status};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use tenantry::page::in_ascii;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::AbortHandle;

/// Called without arguments, its result ignored, keeping no process alive by itself.
type Wake = ThreadsafeFunction<(), (), (), Status, false, true>;

/// How often calls that woke one another are polled before other things of the loop get their turn.
const ROUNDS: usize = 8;

/// What was left: a text, or nothing when the work was cancelled before it had one.
pub struct Completed {
    pub ticket: u32,
    pub text: Option<String>,
}

/// What the event loop polls.
pub trait Polled: Send + Sync {
    /// Goes on; gives what it left, if that is the end.
    fn poll(self: Arc<Self>) -> Option<Completed>;
}

enum Item {
    Completed(Completed),
    Ready(Arc<dyn Polled>),
}

struct Inner {
    items: Vec<Item>,
    /// Whether the loop takes them out at this moment.
    draining: bool,
    wake: Wake,
}

impl Inner {
    fn wake(&self) {
        // A status other than ok means that the environment is going: nobody is left to be told.
        let _ = self.wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
    }
}

/// The queue of one environment.
#[derive(Clone)]
pub struct Queue(Arc<Mutex<Inner>>);

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing in a critical section panics half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, item: Item) {
        let mut inner = self.lock();
        let first = inner.items.is_empty() && !inner.draining;
        inner.items.push(item);
        if first {
            inner.wake();
        }
    }

    /// Has JavaScript take `completed` out.
    pub fn complete(&self, completed: Completed) {
        self.push(Item::Completed(completed));
    }

    /// Has the event loop poll `polled`.
    pub fn ready(&self, polled: Arc<dyn Polled>) {
        self.push(Item::Ready(polled));
    }

    /// Takes out everything that is in the queue, after polling what can be polled.
    fn drain(&self) -> Vec<Completed> {
        let mut completed = Vec::new();
        for _ in 0..ROUNDS {
            let items = {
                let mut inner = self.lock();
                inner.draining = true;
                std::mem::take(&mut inner.items)
            };
            if items.is_empty() {
                break;
            }
            completed.extend(items.into_iter().filter_map(|item| match item {
                Item::Completed(completed) => Some(completed),
                Item::Ready(polled) => polled.poll(),
            }));
        }
        let mut inner = self.lock();
        inner.draining = false;
        if !inner.items.is_empty() {
            inner.wake();
        }
        completed
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
            self.queue.complete(completed);
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
        Self { queue: Queue(Arc::new(Mutex::new(Inner { items: Vec::new(), draining: false, wake }))) }
    }

    /// Takes out everything that is in the queue: a ticket and its text, the next ticket and its text, and so on. The texts
    /// are JSON in ASCII: V8 then copies and reads one byte for each character.
    #[napi]
    pub fn drain<'e>(&self, env: &'e Env) -> napi::Result<Array<'e>> {
        let mut out = env.create_array(0)?;
        for Completed { ticket, text } in self.queue.drain() {
            out.insert(ticket)?;
            match text {
                Some(text) => {
                    out.insert(env.create_string_latin1(in_ascii(&text).as_ref().unwrap_or(&text))?)?;
                }
                None => out.insert(napi::bindgen_prelude::Null)?,
            }
        }
        Ok(out)
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

/// The runtime of this process, made when the first task needs it. It is never dropped: exiting waits for none of its threads.
pub fn runtime() -> Result<&'static Runtime, String> {
    static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();
    let make = || {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2).thread_name("tenantry").enable_all().build().map_err(|error| error.to_string())
    };
    RUNTIME.get_or_init(make).as_ref().map_err(Clone::clone)
}

/// The runtime of the sockets of what event loops poll, made when the first call needs it. Its one thread watches them.
pub fn sockets() -> Result<&'static Handle, String> {
    static SOCKETS: OnceLock<Result<Handle, String>> = OnceLock::new();
    let make = || {
        let runtime = Builder::new_current_thread().thread_name("tenantry").enable_all().build()?;
        let handle = runtime.handle().clone();
        let watch = move || runtime.block_on(std::future::pending::<()>());
        std::thread::Builder::new().name("tenantry-io".to_owned()).spawn(watch)?;
        Ok(handle)
    };
    SOCKETS.get_or_init(|| make().map_err(|error: std::io::Error| error.to_string())).as_ref().map_err(Clone::clone)
}
