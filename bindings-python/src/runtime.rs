//! Where futures run: in lanes, on the thread that waits; or, if they need tasks of their own, on the threads of one tokio
//! runtime. Everything stops before the interpreter ends.
//!
//! A forked child has none of its parent's threads, so it makes its own runtimes and leaves the parent's alone, for good.

use std::cell::Cell;
use std::future::Future;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::watch;

use crate::lane::Lane;
use crate::process::{self, ending};

/// How long shutdown waits for threads that deliver results.
const SHUTDOWN: Duration = Duration::from_secs(2);

/// How often a blocking call looks for Ctrl-C.
const SIGNAL_TICK: Duration = Duration::from_millis(50);

/// Everything here is locked in the process that made it, and nowhere else: no fork can leave it locked.
struct Slot {
    pid: u32,
    /// Made when the first future needs it.
    handle: OnceLock<Handle>,
    /// Taken by shutdown.
    runtime: Mutex<Option<Runtime>>,
    /// Those that nobody waits in; the last one was used last.
    lanes: Mutex<Vec<&'static Lane>>,
    all_lanes: Mutex<Vec<&'static Lane>>,
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
    fn enter(&self) -> Option<Entered<'_>> {
        let mut inside = lock(&self.inside);
        if inside.closed {
            return None;
        }
        inside.threads += 1;
        Some(Entered(self))
    }

    /// Lets nobody in any more, and waits until all have left.
    fn close(&self) {
        let mut inside = lock(&self.inside);
        inside.closed = true;
        // A poll takes microseconds; the limit is for a defect of ours, which must not keep a program from ending.
        drop(self.left.wait_timeout_while(inside, SHUTDOWN, |inside| inside.threads > 0));
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        let mut inside = lock(&self.0.inside);
        inside.threads -= 1;
        if inside.closed {
            self.0.left.notify_all();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in a critical section panics half-way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

static SLOT: AtomicPtr<Slot> = AtomicPtr::new(ptr::null_mut());
static CLOSED: AtomicBool = AtomicBool::new(false);

fn current() -> Option<&'static Slot> {
    // Safety: what is stored is leaked, and never changed after.
    let slot = unsafe { SLOT.load(Ordering::Acquire).as_ref() };
    slot.filter(|slot| slot.pid == process::id())
}

fn slot() -> PyResult<&'static Slot> {
    if CLOSED.load(Ordering::SeqCst) {
        return Err(ending());
    }
    if let Some(slot) = current() {
        return Ok(slot);
    }
    let before = SLOT.load(Ordering::Acquire);
    let made = Slot {
        pid: process::id(),
        handle: OnceLock::new(),
        runtime: Mutex::default(),
        lanes: Mutex::default(),
        all_lanes: Mutex::default(),
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

impl Slot {
    fn handle(&self) -> PyResult<&Handle> {
        if let Some(handle) = self.handle.get() {
            return Ok(handle);
        }
        let mut runtime = lock(&self.runtime);
        if CLOSED.load(Ordering::SeqCst) {
            return Err(ending());
        }
        if runtime.is_none() {
            *runtime =
                Some(Builder::new_multi_thread().worker_threads(2).thread_name("tenantry").enable_all().build()?);
        }
        let handle = runtime.as_ref().map(|runtime| runtime.handle().clone()).ok_or_else(ending)?;
        Ok(self.handle.get_or_init(|| handle))
    }

    fn lane(&self) -> PyResult<&'static Lane> {
        if let Some(lane) = lock(&self.lanes).pop() {
            return Ok(lane);
        }
        let lane = Lane::open()?;
        lock(&self.all_lanes).push(lane);
        // Shutdown stops what it finds there, and this may have come too late.
        if CLOSED.load(Ordering::SeqCst) { Err(ending()) } else { Ok(lane) }
    }
}

/// Where tasks run. While the interpreter ends, the main thread gets an error; another one, which then is a daemon, waits
/// for the end: an error would only be printed.
pub fn handle(py: Python<'_>) -> PyResult<&'static Handle> {
    slot_for(py)?.handle()
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
    let _entered = current().and_then(|slot| slot.handle.get()).map(Handle::enter);
    drop(value);
}

/// Runs `work` on a thread that may wait; drops it while the interpreter ends.
pub fn spawn_blocking(work: impl FnOnce() + Send + 'static) {
    if let Some(handle) = current().and_then(|slot| slot.handle.get()) {
        handle.spawn_blocking(work);
    }
}

/// A lane that nobody else uses, until it is given back.
pub fn take_lane(py: Python<'_>) -> PyResult<&'static Lane> {
    slot_for(py)?.lane()
}

/// Lets others use `lane`, and the connections that were opened in it.
pub fn give_back(lane: &'static Lane) {
    if let Some(slot) = current() {
        lock(&slot.lanes).push(lane);
    }
}

/// Waits for `future` in `lane` with the interpreter free for other threads; Ctrl-C ends it within 50 ms.
pub fn block_in<F>(py: Python<'_>, lane: &Lane, future: F) -> PyResult<F::Output>
where
    F: Future + Send,
    F::Output: Send,
{
    let slot = slot_for(py)?;
    let main = on_main_thread(py)?;
    let result = py.detach(|| {
        let _entered = slot.gate.enter()?;
        lane.block_on(main, future)
    });
    result.unwrap_or_else(|| wait_for_the_end(py))
}

/// Waits for `future`, which may need the runtime's threads, likewise.
pub fn block<F>(py: Python<'_>, future: F) -> PyResult<F::Output>
where
    F: Future + Send,
    F::Output: Send,
{
    let slot = slot_for(py)?;
    let handle = slot.handle()?;
    let mut closing = slot.closing.subscribe();
    // Python handles signals on the main thread alone; elsewhere there is nothing to look for.
    let main = on_main_thread(py)?;
    let result = py.detach(|| {
        let _entered = slot.gate.enter()?;
        handle.block_on(async move {
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

thread_local! {
    /// The process in which this thread was looked at, and whether it is the main thread there: a fork makes it so.
    static MAIN: Cell<Option<(u32, bool)>> = const { Cell::new(None) };
}

fn on_main_thread(py: Python<'_>) -> PyResult<bool> {
    let pid = process::id();
    if let Some((of, main)) = MAIN.get()
        && of == pid
    {
        return Ok(main);
    }
    let sys = py.import("sys")?;
    // A program that never imported `threading` has no other thread that runs Python.
    let modules = sys.getattr("modules")?;
    let threading = modules.call_method1("get", ("threading",))?;
    let main = if threading.is_none() {
        true
    } else {
        let (current, main) = (threading.call_method0("get_ident")?, threading.call_method0("main_thread")?);
        current.eq(main.getattr("ident")?)?
    };
    MAIN.set(Some((pid, main)));
    Ok(main)
}

fn shutdown() {
    CLOSED.store(true, Ordering::SeqCst);
    let Some(slot) = current() else { return };
    slot.closing.send_replace(true);
    lock(&slot.all_lanes).iter().for_each(|lane| lane.stop.stop());
    slot.gate.close();
    let runtime = lock(&slot.runtime).take();
    if let Some(runtime) = runtime {
        runtime.shutdown_timeout(SHUTDOWN);
    }
}

/// Stops the runtimes; registered with `atexit`. The interpreter is free meanwhile, so that results under way get through.
#[pyfunction]
pub fn _shutdown(py: Python<'_>) {
    py.detach(shutdown);
}
