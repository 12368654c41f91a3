//! One reading of a list, driven from Python page by page.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::{PyList, PyType};
use tenantry::{Error, ops, page};

use crate::arrow::Table;
use crate::call::Call;
use crate::process::PerProcess;
use crate::record::Class;
use crate::runtime;
use crate::values::Paths;

/// One reading of a list. Dropping or closing it gives up the page that is fetched ahead.
#[pyclass(frozen, weakref, module = "tenantry._native")]
pub struct Pages(PerProcess<Reading>);

/// The reading, until it is closed; dropped inside of the runtime.
struct Reading(Mutex<Option<page::Pages>>);

impl Reading {
    fn pages(&self) -> Option<page::Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn close(&self) {
        let pages = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        runtime::drop_inside(pages);
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.close();
    }
}

impl Pages {
    pub fn new(pages: page::Pages) -> Self {
        Self(PerProcess::new(Reading(Mutex::new(Some(pages)))))
    }

    fn taken(&self) -> Option<Arc<page::Page>> {
        self.0.get()?.pages()?.take()
    }
}

#[pymethods]
impl Pages {
    /// Asks for the next page: null at the end, else there is one to take.
    fn next(&self) -> Call {
        match self.0.get_or_envelope("list") {
            Ok(reading) => match reading.pages() {
                Some(pages) => Call::new(pages.next_call()),
                None => Call::ended(ops::envelope(Err(Error::config(
                    "the list is read no further: its client was closed",
                    "iterate it anew, with a client that is open",
                )))),
            },
            Err(envelope) => Call::ended(envelope),
        }
    }

    /// The rows of the page that was brought, as records of `model`; None at the end.
    fn take<'py>(&self, model: &Bound<'py, PyType>) -> PyResult<Option<Bound<'py, PyList>>> {
        let class = Class::new(model)?;
        self.taken().map(|page| class.rows(model.py(), &page)).transpose()
    }

    /// The rows of the page that was brought, as tuples of these fields; None at the end.
    fn take_values<'py>(&self, py: Python<'py>, paths: &Bound<'py, Paths>) -> PyResult<Option<Bound<'py, PyList>>> {
        self.taken().map(|page| paths.get().rows(py, &page)).transpose()
    }

    /// Puts the rows of the page that was brought behind those of a table; whether there was one.
    fn take_columns(&self, py: Python<'_>, table: &Bound<'_, Table>) -> bool {
        let table = table.get();
        py.detach(|| {
            let page = self.taken();
            let was_one = page.is_some();
            if let Some(page) = page {
                table.push(table.columns().of(&page));
            }
            was_one
        })
    }

    /// Gives up the page that is fetched ahead; no further one is fetched.
    fn close(&self) {
        if let Some(reading) = self.0.get() {
            reading.close();
        }
    }
}
