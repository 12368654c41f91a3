//! Fields of the rows of a list, without any record.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple, PyType};
use tenantry::ops;
use tenantry::page::{Block, Page, Path};

use crate::field::{self, Field, Kind};
use crate::model::Model;

/// Paths to fields of a model, e.g. `asset.product.id`.
#[pyclass(frozen, module = "tenantry._native")]
pub struct Paths {
    paths: Vec<(Path, Option<Arc<Field>>)>,
}

#[pymethods]
impl Paths {
    /// The paths, or an envelope that says which of them the model has not.
    #[staticmethod]
    fn of(model: &Bound<'_, PyType>, names: Vec<String>) -> PyResult<Py<PyAny>> {
        let py = model.py();
        let shape = Model::of(model)?.get().layout.root;
        let paths = names.iter().map(|name| Path::parse(shape, name)).collect::<tenantry::Result<Vec<_>>>();
        let paths = match paths {
            Ok(paths) => paths,
            Err(error) => return Ok(ops::envelope(Err(error)).into_pyobject(py)?.into_any().unbind()),
        };
        let fields = names.iter().map(|name| field_at(model, name)).collect::<PyResult<Vec<_>>>()?;
        Ok(Py::new(py, Self { paths: paths.into_iter().zip(fields).collect() })?.into_any())
    }
}

impl Paths {
    /// The rows of a page, as tuples.
    pub fn rows<'py>(&self, py: Python<'py>, page: &Page) -> PyResult<Bound<'py, PyList>> {
        let rows: PyResult<Vec<_>> =
            page.numbers().iter().map(|number| self.row(py, page, page.block(*number))).collect();
        PyList::new(py, rows?)
    }

    fn row<'py>(&self, py: Python<'py>, page: &Page, block: Block<'_>) -> PyResult<Bound<'py, PyTuple>> {
        let mut values = Vec::with_capacity(self.paths.len());
        for (path, field) in &self.paths {
            values.push(match (path.find(page.text(), block), field) {
                (Some(text), Some(field)) => field.plain(py, text)?,
                (Some(text), None) => field::plain(py, &Kind::Value, text)?,
                (None, _) => py.None().into_bound(py),
            });
        }
        PyTuple::new(py, values)
    }
}

/// The field at the end of a path, where a class names it.
fn field_at(model: &Bound<'_, PyType>, path: &str) -> PyResult<Option<Arc<Field>>> {
    let (mut class, mut found) = (Some(model.clone()), None);
    for name in path.split('.') {
        let Some(within) = class.take() else { return Ok(None) };
        let table = Model::of(&within)?;
        let Some(field) = table.get().fields.iter().find(|field| field.name() == name) else { return Ok(None) };
        class = match &field.kind {
            Kind::Record(class) => Some(class.bind(model.py()).clone()),
            Kind::Own => Some(within),
            _ => None,
        };
        found = Some(Arc::clone(field));
    }
    Ok(found)
}
