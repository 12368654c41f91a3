//! The one class behind every model: a view of a reply's own text.
//!
//! A model names its fields in `_fields`, a tuple of `(wire name, kind, model)` whose positions are the slots; `kind` is
//! `value`, `secret`, `record` or `list`. Nothing is parsed before it is looked at, and nothing is lost.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;

use pyo3::IntoPyObjectExt as _;
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::pyclass::CompareOp;
use pyo3::types::{PyDict, PyList, PyString, PyTuple, PyType};
use serde_json::value::RawValue;

/// Longest text that a `repr` shows whole.
const SHOWN: usize = 60;
const MASK: &str = "'***'";

#[pyclass(frozen, subclass, module = "tenantry._native")]
pub struct Record {
    text: String,
    index: OnceLock<HashMap<String, Range<usize>>>,
}

/// One row of `_fields`.
#[derive(FromPyObject)]
struct Field(String, String, Option<Py<PyType>>);

impl Record {
    fn index(&self) -> &HashMap<String, Range<usize>> {
        self.index.get_or_init(|| {
            let members: HashMap<String, &RawValue> = serde_json::from_str(&self.text).unwrap_or_default();
            let place = |value: &RawValue| {
                let start = value.get().as_ptr() as usize - self.text.as_ptr() as usize;
                start..start + value.get().len()
            };
            members.into_iter().map(|(name, value)| (name, place(value))).collect()
        })
    }

    fn member(&self, name: &str) -> Option<&str> {
        self.index().get(name).map(|range| &self.text[range.clone()])
    }

    fn read<'py>(&self, py: Python<'py>, field: &Field) -> PyResult<Bound<'py, PyAny>> {
        let Field(name, kind, model) = field;
        let Some(text) = self.member(name) else { return Ok(py.None().into_bound(py)) };
        match (kind.as_str(), model) {
            ("record", Some(model)) if text.starts_with('{') => model.bind(py).call1((text,)),
            ("list", Some(model)) if text.starts_with('[') => Ok(records(model.bind(py), text)?.into_any()),
            _ => value(py, text),
        }
    }
}

fn fields(slf: &Bound<'_, Record>) -> PyResult<Vec<Field>> {
    slf.get_type().getattr("_fields")?.extract()
}

/// JSON text as a Python value; numbers with a fraction or an exponent become `Decimal`, so that no digit is lost.
fn value<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    match text {
        "null" => return Ok(py.None().into_bound(py)),
        "true" => return true.into_bound_py_any(py),
        "false" => return false.into_bound_py_any(py),
        _ => {}
    }
    if let Ok(number) = text.parse::<i64>() {
        return number.into_bound_py_any(py);
    }
    if text.starts_with('"')
        && let Ok(text) = serde_json::from_str::<String>(text)
    {
        return text.into_bound_py_any(py);
    }
    let arguments = PyDict::new(py);
    arguments.set_item("parse_float", py.import("decimal")?.getattr("Decimal")?)?;
    py.import("json")?.call_method("loads", (text,), Some(&arguments))
}

/// A list of `model` from the text of a JSON array.
#[pyfunction]
pub fn records<'py>(model: &Bound<'py, PyType>, text: &str) -> PyResult<Bound<'py, PyList>> {
    let items: Vec<&RawValue> = serde_json::from_str(text).unwrap_or_default();
    let items: PyResult<Vec<_>> = items.into_iter().map(|item| model.call1((item.get(),))).collect();
    PyList::new(model.py(), items?)
}

#[pymethods]
impl Record {
    #[new]
    fn new(text: String) -> Self {
        Self { text, index: OnceLock::new() }
    }

    /// The value of the field at `slot` of `_fields`; None when the reply has none.
    #[pyo3(name = "_get")]
    fn get<'py>(slf: &Bound<'py, Self>, slot: usize) -> PyResult<Bound<'py, PyAny>> {
        let table = slf.get_type().getattr("_fields")?;
        let field = table.get_item(slot).map_err(|_| PyIndexError::new_err(slot))?;
        slf.get().read(slf.py(), &field.extract()?)
    }

    /// Everything the reply held, as plain Python values; secrets are in it.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        value(py, &self.text)
    }

    /// The reply's own JSON text; secrets are in it.
    fn to_json(&self) -> &str {
        &self.text
    }

    /// The reply's own JSON text; secrets are in it.
    #[getter]
    fn raw(&self) -> &str {
        &self.text
    }

    /// What the reply held besides the documented fields.
    #[getter]
    fn extra<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyDict>> {
        let extra = slf.get().to_dict(slf.py())?.cast_into::<PyDict>()?;
        for Field(name, ..) in fields(slf)? {
            if extra.contains(&name)? {
                extra.del_item(&name)?;
            }
        }
        Ok(extra)
    }

    fn __richcmp__<'py>(
        slf: &Bound<'py, Self>,
        other: &Bound<'py, PyAny>,
        op: CompareOp,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let same = match (other.cast::<Self>(), op) {
            (Ok(other), CompareOp::Eq | CompareOp::Ne) if slf.get_type().is(other.get_type()) => {
                let (left, right) = (slf.get(), other.get());
                left.text == right.text || left.to_dict(py)?.eq(right.to_dict(py)?)?
            }
            _ => return Ok(py.NotImplemented().into_bound(py)),
        };
        (same == matches!(op, CompareOp::Eq)).into_bound_py_any(py)
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyTuple>> {
        let py = slf.py();
        let arguments = (&slf.get().text,).into_pyobject(py)?;
        (slf.get_type(), arguments).into_pyobject(py)
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let shown = shown(slf)?;
        let shown: Vec<String> = shown.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        Ok(format!("{}({})", slf.get_type().name()?, shown.join(", ")))
    }

    fn _repr_html_(slf: &Bound<'_, Self>) -> PyResult<String> {
        let name = slf.get_type().name()?;
        let rows = shown(slf)?.into_iter().map(|(name, value)| {
            format!("<tr><th style=\"text-align:left\">{}</th><td>{}</td></tr>", escape(&name), escape(&value))
        });
        Ok(format!("<table><caption>{name}</caption>{}</table>", rows.collect::<String>()))
    }
}

/// The fields that the reply has, as a display shows them: secrets masked, texts cut, of maps and lists only the size.
fn shown(slf: &Bound<'_, Record>) -> PyResult<Vec<(String, String)>> {
    let (py, record) = (slf.py(), slf.get());
    let mut all = Vec::new();
    for field in fields(slf)? {
        let Some(text) = record.member(&field.0) else { continue };
        let value = match field.1.as_str() {
            "secret" if text != "null" => MASK.to_owned(),
            "record" => record.read(py, &field)?.repr()?.to_string(),
            _ => {
                let value = record.read(py, &field)?;
                if value.is_instance_of::<PyDict>() {
                    format!("{{…{}}}", value.len()?)
                } else if value.is_instance_of::<PyList>() {
                    format!("[…{}]", value.len()?)
                } else {
                    cut(&value)?
                }
            }
        };
        all.push((field.0, value));
    }
    Ok(all)
}

fn cut(value: &Bound<'_, PyAny>) -> PyResult<String> {
    match value.cast::<PyString>() {
        Ok(text) if text.len()? > SHOWN => {
            let start: String = text.to_string_lossy().chars().take(SHOWN).collect();
            Ok(PyString::new(value.py(), &format!("{start}…")).repr()?.to_string())
        }
        _ => Ok(value.repr()?.to_string()),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
