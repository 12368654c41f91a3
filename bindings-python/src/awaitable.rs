//! How a result reaches an event loop: the one file that knows asyncio.
//!
//! pyo3-async-runtimes would print a traceback for each result whose loop was closed meanwhile; this drops such a result.

use std::future::Future;
use std::sync::Mutex;

use pyo3::IntoPyObjectExt as _;
use pyo3::prelude::*;
use tokio::sync::oneshot;

use crate::runtime;

/// Starts `future` and returns an `asyncio.Future` of the running loop for its text; cancelling that drops `future`.
pub fn awaitable<'py, F>(py: Python<'py>, future: F) -> PyResult<Bound<'py, PyAny>>
where
    F: Future<Output = Option<String>> + Send + 'static,
{
    let handle = runtime::handle(py)?;
    let event_loop = py.import("asyncio")?.call_method0("get_running_loop")?;
    let awaited = event_loop.call_method0("create_future")?;
    let (done, given_up) = oneshot::channel();
    awaited.call_method1("add_done_callback", (Done { sender: Mutex::new(Some(done)) },))?;
    let target = Target { event_loop: event_loop.unbind(), awaited: awaited.clone().unbind() };
    handle.spawn(async move {
        let text = tokio::select! {
            biased;
            _ = given_up => None,
            text = future => Some(text),
        };
        // Waiting for the interpreter must not keep a worker from the network.
        tokio::task::spawn_blocking(move || Python::attach(|py| target.deliver(py, text)));
    });
    Ok(awaited)
}

struct Target {
    event_loop: Py<PyAny>,
    awaited: Py<PyAny>,
}

impl Target {
    fn deliver(self, py: Python<'_>, text: Option<Option<String>>) {
        let Some(text) = text else { return };
        let arguments = (Arrived, self.awaited, text);
        // The loop may be closed: then nobody waits, and there is nobody to tell.
        let _ = self.event_loop.call_method1(py, "call_soon_threadsafe", arguments);
    }
}

/// Runs on the loop's own thread: the future may have been cancelled since.
#[pyclass(frozen)]
struct Arrived;

#[pymethods]
impl Arrived {
    fn __call__(&self, py: Python<'_>, awaited: &Bound<'_, PyAny>, text: Option<String>) -> PyResult<()> {
        if !awaited.call_method0("done")?.is_truthy()? {
            awaited.call_method1("set_result", (text.into_bound_py_any(py)?,))?;
        }
        Ok(())
    }
}

/// Told when the awaited future is done, in whichever way.
#[pyclass(frozen)]
struct Done {
    sender: Mutex<Option<oneshot::Sender<()>>>,
}

#[pymethods]
impl Done {
    fn __call__(&self, _awaited: &Bound<'_, PyAny>) {
        let sender = self.sender.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(sender) = sender {
            // The work is over if nobody listens.
            let _ = sender.send(());
        }
    }
}
