//! The native half of the Python package: handles and texts, no model and no endpoint.
//!
//! A domain error never is a Python exception here: it is an envelope, which the Python half makes an exception of.

mod arrow;
mod awaitable;
mod call;
mod display;
mod field;
mod fleet;
mod flow;
mod instant;
mod json;
mod lane;
mod model;
mod pages;
mod process;
mod record;
mod running;
mod runtime;
mod sandbox;
mod values;
mod waiting;
mod wanted;
mod worker;

use pyo3::prelude::*;

/// Checks or converts a spec; see `tenantry::ops::spec`.
#[pyfunction]
fn spec(py: Python<'_>, kind: &str, text: &str) -> String {
    py.detach(|| tenantry::ops::spec(kind, text))
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<call::Client>()?;
    module.add_class::<call::Call>()?;
    module.add_class::<flow::Flow>()?;
    module.add_class::<fleet::Fleet>()?;
    module.add_class::<pages::Pages>()?;
    module.add_class::<worker::Worker>()?;
    module.add_class::<sandbox::Sandbox>()?;
    module.add_class::<record::Record>()?;
    module.add_class::<field::Attribute>()?;
    module.add_class::<values::Paths>()?;
    module.add_class::<arrow::Table>()?;
    module.add_function(wrap_pyfunction!(record::records, module)?)?;
    module.add_function(wrap_pyfunction!(spec, module)?)?;
    let shutdown = wrap_pyfunction!(runtime::_shutdown, module)?;
    module.add_function(shutdown.clone())?;
    // Before Python tears itself down: a thread that delivers a result while it does so crashes the process.
    module.py().import("atexit")?.call_method1("register", (shutdown,))?;
    Ok(())
}
