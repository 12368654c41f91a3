//! How a result reaches an event loop: the one file that knows asyncio.
//!
//! A loop has a lane of its own, whose descriptor it watches as it watches its sockets. So a call is polled, and its
//! connection read, on the loop's own thread: no result crosses threads, and one wake-up serves all replies that are there.
//! A call that needs the runtime's threads ends there, and rings at the lane. No other thread ever waits for the
//! interpreter, except for a loop that cannot watch descriptors: it is told by `call_soon_threadsafe`, once for many results.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use pyo3::exceptions::PyNotImplementedError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyWeakrefReference;

use crate::lane::Lane;
use crate::process::{self, PerProcess};
use crate::running::Running;
use crate::runtime;
use crate::waiting::{Home, Waiting};

/// Seconds after which a loop looks at the clock of its lane, while calls wait: nothing else tells it of a time limit.
const CLOCK_TICK: f64 = 0.02;

/// How often calls that woke one another are polled before other things of the loop get their turn.
const ROUNDS: usize = 8;

/// The next step of `running`, or an `asyncio.Future` of the running loop for it.
pub fn awaitable<'py>(py: Python<'py>, running: &Arc<Running>) -> PyResult<Bound<'py, PyAny>> {
    static RUNNING_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let event_loop = RUNNING_LOOP.import(py, "asyncio", "get_running_loop")?.call0()?;
    let desk = Desk::of(&event_loop)?;
    let lane = desk.lane.filter(|_| running.is_inline());
    let waiting = Waiting::new(Arc::clone(running), Arc::clone(&desk) as Arc<dyn Home>, lane);
    if lane.is_some()
        && let Some(step) = py.detach(|| waiting.poll())
    {
        return waiting.give(py, step);
    }
    let awaited = event_loop.call_method0(intern!(py, "create_future"))?;
    waiting.serve(awaited.clone().unbind());
    desk.lock().under_way.add(&waiting);
    if lane.is_none() {
        runtime::handle(py)?.spawn(waiting.carry_out());
    } else if !desk.ticking.swap(true, Ordering::Relaxed) {
        desk.tick(py, &event_loop)?;
    }
    Ok(awaited)
}

/// What this module and one event loop have in common.
struct Desk {
    event_loop: Py<PyWeakrefReference>,
    /// None for a loop that cannot watch descriptors.
    lane: Option<&'static Lane>,
    bell: Py<Bell>,
    ticking: AtomicBool,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    /// What may go on, or has a step.
    ready: Vec<Arc<Waiting>>,
    /// Whether the loop takes them out at this moment.
    draining: bool,
    closed: bool,
    under_way: UnderWay,
}

/// All that is awaited on a loop, each at its own place.
#[derive(Default)]
struct UnderWay(Vec<Arc<Waiting>>);

impl UnderWay {
    fn add(&mut self, waiting: &Arc<Waiting>) {
        waiting.set_place(Some(self.0.len()));
        self.0.push(Arc::clone(waiting));
    }

    fn remove(&mut self, waiting: &Waiting) -> Option<Arc<Waiting>> {
        let place = waiting.set_place(None)?;
        let removed = self.0.swap_remove(place);
        if let Some(moved) = self.0.get(place) {
            moved.set_place(Some(place));
        }
        Some(removed)
    }
}

/// The loops that are known. A loop keeps its desk, by the reader of the lane; a loop that has none is looked after here.
static DESKS: Mutex<Vec<Entry>> = Mutex::new(Vec::new());

struct Entry {
    pid: u32,
    event_loop: usize,
    desk: Weak<Desk>,
    kept: Option<PerProcess<Arc<Desk>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in a critical section panics half-way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    fn of(event_loop: &Bound<'_, PyAny>) -> PyResult<Arc<Self>> {
        let (pid, address) = (process::id(), event_loop.as_ptr() as usize);
        // Other loops may have been at this address.
        let known: Vec<Arc<Self>> = lock(&DESKS)
            .iter()
            .filter(|entry| entry.pid == pid && entry.event_loop == address)
            .filter_map(|entry| entry.desk.upgrade())
            .collect();
        match known.into_iter().find(|desk| desk.serves(event_loop)) {
            Some(desk) => Ok(desk),
            None => Self::open(event_loop),
        }
    }

    fn serves(&self, event_loop: &Bound<'_, PyAny>) -> bool {
        !self.lock().closed && self.event_loop.bind(event_loop.py()).upgrade().is_some_and(|own| own.is(event_loop))
    }

    /// Closes the desks of closed loops: uvloop keeps its readers for as long as the loop is not collected.
    fn close_abandoned(py: Python<'_>) {
        let pid = process::id();
        let known: Vec<Arc<Self>> =
            lock(&DESKS).iter().filter(|entry| entry.pid == pid).filter_map(|entry| entry.desk.upgrade()).collect();
        for desk in known {
            let is_closed =
                |event_loop: Bound<'_, PyAny>| event_loop.call_method0(intern!(py, "is_closed"))?.is_truthy();
            if desk.event_loop.bind(py).upgrade().is_some_and(|event_loop| is_closed(event_loop).unwrap_or(false)) {
                desk.close();
            }
        }
    }

    fn open(event_loop: &Bound<'_, PyAny>) -> PyResult<Arc<Self>> {
        let py = event_loop.py();
        Self::close_abandoned(py);
        let lane = runtime::take_lane(py)?;
        let (desk, watched) = match lane.poll_fd() {
            Some(fd) => {
                let desk = Self::with(event_loop, Some(lane))?;
                let reader = Reader(PerProcess::new(Arc::clone(&desk)));
                match event_loop.call_method1(intern!(py, "add_reader"), (fd, reader)) {
                    Ok(_) => (desk, true),
                    Err(error) if error.is_instance_of::<PyNotImplementedError>(py) => (desk, false),
                    Err(error) => return Err(error),
                }
            }
            None => (Self::with(event_loop, None)?, false),
        };
        let desk = if watched || desk.lane.is_none() { desk } else { Self::with(event_loop, None)? };
        if !watched {
            runtime::give_back(lane);
        }
        let entry = Entry {
            pid: process::id(),
            event_loop: event_loop.as_ptr() as usize,
            desk: Arc::downgrade(&desk),
            kept: (!watched).then(|| PerProcess::new(Arc::clone(&desk))),
        };
        let mut gone = Vec::new();
        let mut desks = lock(&DESKS);
        desks.push(entry);
        gone.extend(desks.extract_if(.., |entry| entry.is_gone(py)));
        drop(desks);
        drop(gone);
        Ok(desk)
    }

    fn with(event_loop: &Bound<'_, PyAny>, lane: Option<&'static Lane>) -> PyResult<Arc<Self>> {
        let py = event_loop.py();
        let weak = PyWeakrefReference::new(event_loop)?.unbind();
        let bell = Py::new(py, Bell(Mutex::default()))?;
        let desk = Arc::new(Self {
            event_loop: weak,
            lane,
            bell: bell.clone_ref(py),
            ticking: AtomicBool::new(false),
            inside: Mutex::default(),
        });
        *lock(&bell.get().0) = Arc::downgrade(&desk);
        Ok(desk)
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        lock(&self.inside)
    }

    /// Has the loop look at the lane's clock in a while.
    fn tick(&self, py: Python<'_>, event_loop: &Bound<'_, PyAny>) -> PyResult<()> {
        event_loop.call_method1(intern!(py, "call_later"), (CLOCK_TICK, self.bell.bind(py)))?;
        Ok(())
    }

    /// Polls what may go on, and settles what has a step; on the loop's own thread.
    fn drain(self: &Arc<Self>, py: Python<'_>) {
        let settled = py.detach(|| {
            self.lock().draining = true;
            if let Some(lane) = self.lane {
                lane.turn();
            }
            let mut settled = Vec::new();
            for _ in 0..ROUNDS {
                let batch = std::mem::take(&mut self.lock().ready);
                if batch.is_empty() {
                    break;
                }
                settled.extend(batch.into_iter().filter_map(|waiting| Some((waiting.poll()?, waiting))));
            }
            let more = {
                let mut inside = self.lock();
                inside.draining = false;
                !inside.ready.is_empty()
            };
            if more {
                self.ring();
            }
            settled
        });
        for (step, waiting) in settled {
            let removed = self.lock().under_way.remove(&waiting);
            drop(removed);
            if let Some(awaited) = waiting.served() {
                // It may have been cancelled, or its loop closed: then nobody waits, and there is nobody to tell.
                let _ = match waiting.give(py, step) {
                    Ok(step) => awaited.call_method1(py, intern!(py, "set_result"), (step,)),
                    Err(error) => awaited.call_method1(py, intern!(py, "set_exception"), (error,)),
                };
            }
        }
    }

    /// Has the loop drain; from any thread.
    fn ring(self: &Arc<Self>) {
        match self.lane {
            Some(lane) => lane.ring(),
            None => {
                let desk = Arc::clone(self);
                // Waiting for the interpreter must not keep a worker from the network.
                runtime::spawn_blocking(move || Python::attach(|py| desk.call_soon(py)));
            }
        }
    }

    fn call_soon(&self, py: Python<'_>) {
        if let Some(event_loop) = self.event_loop.bind(py).upgrade() {
            // It may be closed: then there is nobody to tell.
            let _ = event_loop.call_method1(intern!(py, "call_soon_threadsafe"), (self.bell.bind(py),));
        }
    }

    /// The loop is closed: what was awaited on it ends.
    fn close(&self) {
        let (ready, under_way) = {
            let mut inside = self.lock();
            if std::mem::replace(&mut inside.closed, true) {
                return;
            }
            (std::mem::take(&mut inside.ready), std::mem::take(&mut inside.under_way.0))
        };
        drop(ready);
        under_way.iter().for_each(|waiting| waiting.give_up());
        if let Some(lane) = self.lane {
            runtime::give_back(lane);
        }
    }
}

impl Home for Desk {
    fn arrived(self: Arc<Self>, waiting: Arc<Waiting>) {
        let first = {
            let mut inside = self.lock();
            if inside.closed {
                return;
            }
            let first = inside.ready.is_empty() && !inside.draining;
            inside.ready.push(waiting);
            first
        };
        if first {
            self.ring();
        }
    }
}

impl Entry {
    fn is_gone(&self, py: Python<'_>) -> bool {
        let Some(desk) = self.desk.upgrade() else { return true };
        self.kept.is_some() && desk.event_loop.bind(py).upgrade().is_none()
    }
}

/// What a loop calls when its lane has something to tell. The loop drops it when it is closed.
#[pyclass(frozen)]
struct Reader(PerProcess<Arc<Desk>>);

#[pymethods]
impl Reader {
    fn __call__(&self, py: Python<'_>) {
        if let Some(desk) = self.0.get() {
            desk.drain(py);
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(desk) = self.0.get() {
            desk.close();
        }
    }
}

/// What a loop calls when it is time to look: it keeps nothing alive.
#[pyclass(frozen)]
struct Bell(Mutex<Weak<Desk>>);

#[pymethods]
impl Bell {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        let Some(desk) = lock(&self.0).upgrade() else { return Ok(()) };
        desk.drain(py);
        if desk.lane.is_some() {
            let waits = desk.lock().under_way.0.iter().any(|waiting| waiting.is_inline());
            match desk.event_loop.bind(py).upgrade() {
                Some(event_loop) if waits => desk.tick(py, &event_loop)?,
                _ => desk.ticking.store(false, Ordering::Relaxed),
            }
        }
        Ok(())
    }
}
