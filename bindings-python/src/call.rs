//! A client, and one call of it under way.

use std::future::poll_fn;
use std::sync::Arc;

use arc_swap::ArcSwap;
use pyo3::IntoPyObjectExt as _;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyType;
use serde_json::Value;
use tenantry::host::Events;
use tenantry::ops;

use crate::awaitable::awaitable;
use crate::process::PerProcess;
use crate::running::Running;
use crate::wanted::Wanted;
use crate::{fleet, flow, pages, runtime, worker};

/// A client of one system. Goes through a fork: a child opens its own connections.
#[pyclass(frozen, module = "tenantry._native")]
pub struct Client(Arc<Opened>);

struct Opened {
    origin: Origin,
    opened: ArcSwap<PerProcess<ops::Client>>,
}

/// What a client is made of, and made of again in a child.
enum Origin {
    Config { system: String, config: String },
    Marketplace { set: Arc<Opened>, name: String, options: String },
}

fn failed(error: tenantry::Error) -> String {
    ops::envelope(Err(error))
}

impl Origin {
    fn open(&self) -> Result<ops::Client, String> {
        match self {
            Self::Config { system, config } => {
                // A sandbox of this process with virtual time lends its clock to the clients that talk to it.
                let settings: Value = serde_json::from_str(config).unwrap_or_default();
                let clock = settings.get("base_url").and_then(Value::as_str).and_then(tenantry_sandbox::clock_of);
                ops::Client::open(system, config, clock).map_err(failed)
            }
            Self::Marketplace { set, name, options } => set.current()?.marketplace(name, options).map_err(failed),
        }
    }
}

impl Opened {
    fn new(origin: Origin) -> Result<Self, String> {
        let opened = ArcSwap::from_pointee(PerProcess::new(origin.open()?));
        Ok(Self { origin, opened })
    }

    fn current(&self) -> Result<ops::Client, String> {
        let opened = self.opened.load();
        if let Some(client) = opened.get() {
            return Ok(client.clone());
        }
        let client = self.origin.open()?;
        client.inherit(opened.peek());
        self.opened.store(Arc::new(PerProcess::new(client.clone())));
        Ok(client)
    }
}

impl Client {
    fn current(&self) -> Result<ops::Client, String> {
        self.0.current()
    }

    /// The client, or an envelope that says why not.
    fn made(py: Python<'_>, origin: Origin) -> PyResult<Py<PyAny>> {
        match py.detach(|| Opened::new(origin)) {
            Ok(opened) => Ok(Py::new(py, Self(Arc::new(opened)))?.into_any()),
            Err(envelope) => Ok(envelope.into_pyobject(py)?.into_any().unbind()),
        }
    }
}

#[pymethods]
impl Client {
    /// The client, or an envelope that says why not.
    #[staticmethod]
    fn open(py: Python<'_>, system: String, config: String) -> PyResult<Py<PyAny>> {
        Self::made(py, Origin::Config { system, config })
    }

    /// The client of a marketplace of this set, or an envelope that says why not.
    fn marketplace(&self, py: Python<'_>, name: String, options: String) -> PyResult<Py<PyAny>> {
        Self::made(py, Origin::Marketplace { set: Arc::clone(&self.0), name, options })
    }

    /// Answers without a request: an envelope.
    fn local(&self, py: Python<'_>, operation: &str, arguments: &str) -> String {
        match self.current() {
            Ok(client) => py.detach(|| client.local(operation, arguments)),
            Err(envelope) => envelope,
        }
    }

    /// Prepares a call, whose reply is to be a record of `model`, or a list of `many`; nothing is sent before its first step
    /// is asked for.
    #[pyo3(signature = (operation, arguments, options, events, model = None, many = false))]
    fn call(
        &self,
        operation: &str,
        arguments: &str,
        options: &str,
        events: u8,
        model: Option<&Bound<'_, PyType>>,
        many: bool,
    ) -> PyResult<Call> {
        let client = match self.current() {
            Ok(client) => client,
            Err(envelope) => return Ok(Call::ended(envelope)),
        };
        let call = client.call(operation, arguments, options, heard(events));
        Ok(Call::with(Running::new(call, Wanted::new(model, many)?)))
    }

    /// A flow, or an envelope that says why not.
    fn flow(&self, py: Python<'_>, kind: &str, spec: &str, options: &str) -> PyResult<Py<PyAny>> {
        let flow = self
            .current()
            .and_then(|client| client.flow(kind, spec, options).map_err(|error| ops::envelope(Err(error))));
        match flow {
            Ok(flow) => Ok(Py::new(py, flow::Flow::new(flow))?.into_any()),
            Err(envelope) => Ok(envelope.into_pyobject(py)?.into_any().unbind()),
        }
    }

    /// A fleet of flows, or an envelope that says why not; nothing is sent before its first turn.
    fn fleet(&self, py: Python<'_>, kind: &str, options: &str, events: u8) -> PyResult<Py<PyAny>> {
        let fleet = self
            .current()
            .and_then(|client| client.fleet(kind, options, heard(events)).map_err(|error| ops::envelope(Err(error))));
        match fleet {
            Ok(fleet) => Ok(Py::new(py, fleet::Fleet::new(fleet))?.into_any()),
            Err(envelope) => Ok(envelope.into_pyobject(py)?.into_any().unbind()),
        }
    }

    /// One reading of a list, or an envelope that says why not; nothing is sent before a page is asked for.
    fn list(&self, py: Python<'_>, operation: &str, arguments: &str, options: &str, events: u8) -> PyResult<Py<PyAny>> {
        let pages = self.current().and_then(|client| {
            client.list(operation, arguments, options, heard(events)).map_err(|error| ops::envelope(Err(error)))
        });
        match pages {
            Ok(pages) => Ok(Py::new(py, pages::Pages::new(pages))?.into_any()),
            Err(envelope) => Ok(envelope.into_pyobject(py)?.into_any().unbind()),
        }
    }

    /// Prepares the counting of a list's rows.
    fn count(&self, operation: &str, arguments: &str, options: &str, events: u8) -> Call {
        match self.current() {
            Ok(client) => Call::new(client.count(operation, arguments, options, heard(events))),
            Err(envelope) => Call::ended(envelope),
        }
    }

    /// A worker, or an envelope that says why not.
    fn worker(&self, py: Python<'_>, options: &str) -> PyResult<Py<PyAny>> {
        let worker =
            self.current().and_then(|client| client.worker(options).map_err(|error| ops::envelope(Err(error))));
        match worker {
            Ok(worker) => Ok(Py::new(py, worker::Worker::new(worker))?.into_any()),
            Err(envelope) => Ok(envelope.into_pyobject(py)?.into_any().unbind()),
        }
    }
}

/// Which events Python wants: none, all (1, or True), or all but attempts (2).
pub fn heard(events: u8) -> Events {
    match events {
        0 => Events::None,
        2 => Events::Notable,
        _ => Events::All,
    }
}

/// A call under way.
#[pyclass(frozen, module = "tenantry._native")]
pub struct Call(PerProcess<Arc<Running>>);

impl Call {
    pub fn new(call: ops::Call) -> Self {
        Self::with(Running::new(call, Wanted::Text))
    }

    pub fn ended(envelope: String) -> Self {
        Self::with(Running::ended(envelope))
    }

    fn with(running: Running) -> Self {
        Self(PerProcess::new(Arc::new(running)))
    }
}

#[pymethods]
impl Call {
    /// Waits for the next step: a message, or the reply in a tuple; None after it.
    fn next_sync<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let running = match self.0.get_or_envelope("call") {
            Ok(running) => running,
            Err(envelope) => return envelope.into_bound_py_any(py),
        };
        let step = poll_fn(|context| running.poll(context));
        if !running.is_inline() {
            return running.give(py, runtime::block(py, step)?);
        }
        let lane = running.take_lane().map_or_else(|| runtime::take_lane(py), Ok)?;
        let step = runtime::block_in(py, lane, step);
        running.keep_lane(lane);
        running.give(py, step?)
    }

    /// The next step, or an awaitable of it on the running event loop.
    fn next_async<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.0.get_or_envelope("call") {
            Ok(running) => awaitable(py, running),
            Err(envelope) => envelope.into_bound_py_any(py),
        }
    }

    /// Answers the question `ask`.
    fn reply(&self, ask: u64, text: &str) -> PyResult<()> {
        let Some(running) = self.0.get() else { return Ok(()) };
        running.reply(ask, text).map_err(|error| PyRuntimeError::new_err(error.to_string()))
    }

    /// Drops the call: what was sent stays sent.
    fn close(&self) {
        if let Some(running) = self.0.get() {
            running.close();
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        // An event loop that waits for it may hold it, too.
        self.close();
    }
}
