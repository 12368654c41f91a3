//! The tokio runtime: one per process, stopped before the interpreter ends.
//!
//! A forked child has none of its parent's threads, so it makes its own runtime and leaves the parent's alone, for good.

use std::future::Future;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::watch;

use crate::process::ending;

/// How long shutdown waits for threads that deliver results.
const SHUTDOWN: Duration = Duration::from_secs(2);

/// How often a blocking call looks for Ctrl-C.
const SIGNAL_TICK: Duration = Duration::from_millis(50);

struct Slot {
    pid: u32,
    handle: Handle,
    /// Taken by shutdown, in the process that made it, and by nobody else: no fork can leave it locked.
    runtime: Mutex<Option<Runtime>>,
    closing: watch::Sender<bool>,
    gate: Gate,
}

/// Counts the threads inside of [`block`]: a future that is polled while the runtime stops may panic.
#[derive(Default)]
struct Gate {
    inside: Mutex<Inside>,
    left: Condvar,
}

#[derive(Default)]
struct Inside {
    threads: usize,
    closed: bool,
}

/// A thread inside of the gate, until this is dropped.
struct Entered<'a>(&'a Gate);

impl Gate {
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self) -> Option<Entered<'_>> {
        let mut inside = self.lock();
        if inside.closed {
            return None;
        }
        inside.threads += 1;
        Some(Entered(self))
    }

    /// Lets nobody in any more, and waits until all have left.
    fn close(&self) {
        let mut inside = self.lock();
        inside.closed = true;
        // A poll takes microseconds; the limit is for a defect of ours, which must not keep a program from ending.
        drop(self.left.wait_timeout_while(inside, SHUTDOWN, |inside| inside.threads > 0));
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.lock().threads -= 1;
        self.0.left.notify_all();
    }
}

static SLOT: AtomicPtr<Slot> = AtomicPtr::new(ptr::null_mut());
static CLOSED: AtomicBool = AtomicBool::new(false);

fn current() -> Option<&'static Slot> {
    // Safety: what is stored is leaked, and never changed after.
    let slot = unsafe { SLOT.load(Ordering::Acquire).as_ref() };
    slot.filter(|slot| slot.pid == std::process::id())
}

fn slot() -> PyResult<&'static Slot> {
    if CLOSED.load(Ordering::SeqCst) {
        return Err(ending());
    }
    if let Some(slot) = current() {
        return Ok(slot);
    }
    let before = SLOT.load(Ordering::Acquire);
    let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("tenantry").enable_all().build()?;
    let handle = runtime.handle().clone();
    let made = Slot {
        pid: std::process::id(),
        handle,
        runtime: Mutex::new(Some(runtime)),
        closing: watch::Sender::new(false),
        gate: Gate::default(),
    };
    let made = Box::into_raw(Box::new(made));
    match SLOT.compare_exchange(before, made, Ordering::AcqRel, Ordering::Acquire) {
        // The parent's, if there was one, is leaked: its threads do not exist here.
        // Safety: made above, and leaked from here on.
        Ok(_) => Ok(unsafe { &*made }),
        Err(_) => {
            // Another thread was faster.
            // Safety: made above, and stored nowhere.
            drop(unsafe { Box::from_raw(made) });
            current().ok_or_else(ending)
        }
    }
}

/// Where futures run. While the interpreter ends, the main thread gets an error; another one, which then is a daemon, waits
/// for the end: an error would only be printed.
pub fn handle(py: Python<'_>) -> PyResult<&'static Handle> {
    slot_for(py).map(|slot| &slot.handle)
}

fn slot_for(py: Python<'_>) -> PyResult<&'static Slot> {
    let slot = slot();
    if slot.is_err() && CLOSED.load(Ordering::SeqCst) && !on_main_thread(py)? {
        wait_for_the_end(py);
    }
    slot
}

/// What CPython 3.14 does with a thread that wants the interpreter when it is gone.
fn wait_for_the_end(py: Python<'_>) -> ! {
    py.detach(|| {
        loop {
            std::thread::park();
        }
    })
}

/// Drops `value` where it may still start tasks: hyper finishes a connection that nobody waits for any more.
pub fn drop_inside<T>(value: T) {
    let _entered = current().map(|slot| slot.handle.enter());
    drop(value);
}

/// Waits for `future` with the interpreter free for other threads; Ctrl-C ends it within 50 ms.
pub fn block<F>(py: Python<'_>, future: F) -> PyResult<F::Output>
where
    F: Future + Send,
    F::Output: Send,
{
    let slot = slot_for(py)?;
    let mut closing = slot.closing.subscribe();
    // Python handles signals on the main thread alone; elsewhere there is nothing to look for.
    let main = on_main_thread(py)?;
    let result = py.detach(|| {
        let _entered = slot.gate.enter()?;
        slot.handle.block_on(async move {
            tokio::pin!(future);
            loop {
                tokio::select! {
                    biased;
                    _ = closing.wait_for(|closing| *closing) => return None,
                    output = &mut future => return Some(Ok(output)),
                    () = tokio::time::sleep(SIGNAL_TICK), if main => {
                        if let Err(interrupt) = Python::attach(|py| py.check_signals()) {
                            return Some(Err(interrupt));
                        }
                    }
                }
            }
        })
    });
    match result {
        Some(result) => result,
        None => wait_for_the_end(py),
    }
}

fn on_main_thread(py: Python<'_>) -> PyResult<bool> {
    let sys = py.import("sys")?;
    // A program that never imported `threading` has no other thread that runs Python.
    let modules = sys.getattr("modules")?;
    let threading = modules.call_method1("get", ("threading",))?;
    if threading.is_none() {
        return Ok(true);
    }
    let (current, main) = (threading.call_method0("get_ident")?, threading.call_method0("main_thread")?);
    current.eq(main.getattr("ident")?)
}

fn shutdown() {
    CLOSED.store(true, Ordering::SeqCst);
    let Some(slot) = current() else { return };
    slot.closing.send_replace(true);
    slot.gate.close();
    let runtime = slot.runtime.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(runtime) = runtime {
        runtime.shutdown_timeout(SHUTDOWN);
    }
}

/// Stops the runtime; registered with `atexit`. The interpreter is free meanwhile, so that results under way get through.
#[pyfunction]
pub fn _shutdown(py: Python<'_>) {
    py.detach(shutdown);
}
