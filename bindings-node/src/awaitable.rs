//! How a result reaches the event loop: a queue that JavaScript drains, and one wake-up for all that is in it.
//!
//! Each environment (the main thread, each worker) has a [`Loop`] of its own. A call is polled by the loop itself, whenever
//! its socket has something to tell: the loop watches it ([`Watch`]), or one thread of ours where it cannot. Work that needs
//! tasks is one, and ends by putting its ticket and its text into the queue. The threadsafe function is called only when the
//! queue was empty, carries nothing, and JavaScript then takes everything out and settles its own promises. So a thousand
//! replies cost one crossing, and no native code runs user code.

// What only a watch needs has no use where there is none.
#![cfg_attr(not(target_os = "linux"), allow(dead_code))]

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use napi::bindgen_prelude::{Array, Env, Function, FunctionRef, Status};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use tenantry::page::in_ascii;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::AbortHandle;

use crate::watch::Watch;

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
    /// What came out of them.
    completed: Vec<Completed>,
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

/// Who tells what the sockets of polled calls have to tell.
enum Sockets {
    Watch(Arc<Watch>),
    Thread(&'static Handle),
}

struct Shared {
    inner: Mutex<Inner>,
    /// Takes out what completed; a function of JavaScript's.
    settle: FunctionRef<(), ()>,
    /// Found when the first call needs it.
    sockets: OnceLock<Sockets>,
    /// Calls that wait for a socket or the clock.
    polling: AtomicUsize,
}

/// The queue of one environment.
#[derive(Clone)]
pub struct Queue(Arc<Shared>);

/// A queue that lives no longer for it.
pub struct WeakQueue(Weak<Shared>);

impl WeakQueue {
    pub fn upgrade(&self) -> Option<Queue> {
        self.0.upgrade().map(Queue)
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing in a critical section panics half-way through a change.
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn downgrade(&self) -> WeakQueue {
        WeakQueue(Arc::downgrade(&self.0))
    }

    pub fn settle(&self) -> &FunctionRef<(), ()> {
        &self.0.settle
    }

    /// Makes sure that somebody tells what sockets have to tell. To be called before the first call is polled, in its
    /// environment.
    pub fn listen(&self, env: &Env) -> Result<(), String> {
        if self.0.sockets.get().is_none() {
            let sockets = match Watch::begin(env, self) {
                Some(watch) => Sockets::Watch(watch),
                None => Sockets::Thread(sockets()?),
            };
            // Only the environment's own thread comes here.
            let _ = self.0.sockets.set(sockets);
        }
        Ok(())
    }

    /// The runtime of the sockets, once somebody listens.
    pub fn sockets(&self) -> Option<&Handle> {
        self.0.sockets.get().map(|sockets| match sockets {
            Sockets::Watch(watch) => watch.handle(),
            Sockets::Thread(handle) => handle,
        })
    }

    /// A call begins to wait.
    pub fn begin_polling(&self) {
        self.0.polling.fetch_add(1, Ordering::Relaxed);
    }

    /// A call waits no more.
    pub fn end_polling(&self) {
        self.0.polling.fetch_sub(1, Ordering::Relaxed);
    }

    pub fn is_polling(&self) -> bool {
        self.0.polling.load(Ordering::Relaxed) > 0
    }

    /// Keeps an eye on the clock while calls wait; on the environment's own thread.
    pub fn tick(&self) {
        if let Some(Sockets::Watch(watch)) = self.0.sockets.get() {
            watch.tick();
        }
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

    /// Polls what can be polled; tells whether anything completed, by this or before.
    pub fn advance(&self) -> bool {
        self.lock().draining = true;
        if let Some(Sockets::Watch(watch)) = self.0.sockets.get() {
            watch.look();
        }
        let mut completed = Vec::new();
        for _ in 0..ROUNDS {
            let items = std::mem::take(&mut self.lock().items);
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
        inner.completed.append(&mut completed);
        if !inner.items.is_empty() {
            inner.wake();
        }
        !inner.completed.is_empty()
    }

    /// Takes out everything that completed, after polling what can be polled.
    fn drain(&self) -> Vec<Completed> {
        // Whoever advanced before is the one that has this called.
        if self.lock().completed.is_empty() {
            self.advance();
        }
        std::mem::take(&mut self.lock().completed)
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
    /// `settle` is called, without arguments, when there is something to take out.
    #[napi(constructor)]
    pub fn new(settle: Function<'_, (), ()>) -> napi::Result<Self> {
        let wake = settle.build_threadsafe_function::<()>().weak::<true>().build()?;
        let inner = Inner { items: Vec::new(), completed: Vec::new(), draining: false, wake };
        let shared = Shared {
            inner: Mutex::new(inner),
            settle: settle.create_ref()?,
            sockets: OnceLock::new(),
            polling: AtomicUsize::new(0),
        };
        Ok(Self { queue: Queue(Arc::new(shared)) })
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

/// The runtime of the sockets of loops that cannot watch them, made when the first call needs it. Its one thread does.
fn sockets() -> Result<&'static Handle, String> {
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
