//! What a step of a call becomes in Python: a message is text, and a reply a tuple of what the caller wants of it.

use pyo3::IntoPyObjectExt as _;
use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};
use tenantry::ops::{Reply, Step};

use crate::record::Class;

/// What a caller wants of the reply.
pub enum Wanted {
    /// Its JSON text.
    Text,
    /// A record; None where the reply is null.
    Record(Class),
    /// A list of records.
    Records(Class),
}

impl Wanted {
    /// A record of `model`, or a list of them; the text without any.
    pub fn new(model: Option<&Bound<'_, PyType>>, many: bool) -> PyResult<Self> {
        let Some(model) = model else { return Ok(Self::Text) };
        let class = Class::new(model)?;
        Ok(if many { Self::Records(class) } else { Self::Record(class) })
    }

    /// What Python gets; None where there are no more steps.
    pub fn give<'py>(&self, py: Python<'py>, step: Option<Step>) -> PyResult<Bound<'py, PyAny>> {
        let reply = match step {
            None => return Ok(py.None().into_bound(py)),
            Some(Step::Message(text)) => return text.into_bound_py_any(py),
            Some(Step::Reply(reply)) => reply,
        };
        let value = match (self, reply) {
            (Self::Record(class), Reply::Page(page)) => class.alone(py, page)?,
            (Self::Text, reply) => reply.into_text().into_bound_py_any(py)?,
            (Self::Record(class), reply) => match reply.into_text() {
                text if text == "null" => py.None().into_bound(py),
                text => class.read(py, text)?,
            },
            (Self::Records(class), reply) => class.read_list(py, reply.into_text())?.into_any(),
        };
        PyTuple::new(py, [value]).map(Bound::into_any)
    }
}
