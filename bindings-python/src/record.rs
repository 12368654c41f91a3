//! The one class behind every model: a view of a reply's own text.
//!
//! A model names its fields in `_fields`, a tuple of `(wire name, kind, model)` whose positions are the slots; `kind` is
//! `value`, `secret`, `instant`, `record`, `list`, or `self` for a record of the same class. Nothing is parsed before it is looked at, and nothing is lost.

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
/// Longest display of a record within another one that is shown whole.
const WITHIN: usize = 120;
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
}

fn read<'py>(slf: &Bound<'py, Record>, field: &Field) -> PyResult<Bound<'py, PyAny>> {
    let (py, Field(name, kind, model)) = (slf.py(), field);
    let Some(text) = slf.get().member(name) else { return Ok(py.None().into_bound(py)) };
    match (kind.as_str(), model) {
        // A record without anything in it: the wire's way to say none.
        ("record" | "self", _) if is_empty_object(text) => Ok(py.None().into_bound(py)),
        ("record", Some(model)) if text.starts_with('{') => model.bind(py).call1((text,)),
        ("self", _) if text.starts_with('{') => slf.get_type().call1((text,)),
        ("list", Some(model)) if text.starts_with('[') => Ok(records(model.bind(py), text)?.into_any()),
        // The vendor's way to say none; Python's calendar begins a year later.
        ("instant", _) if text.starts_with("\"0000-") => Ok(py.None().into_bound(py)),
        ("instant", _) => match instant(py, text) {
            Some(instant) => Ok(instant),
            None => value(py, text),
        },
        _ => value(py, text),
    }
}

fn is_empty_object(text: &str) -> bool {
    text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).is_some_and(|inside| inside.trim().is_empty())
}

/// A time with an offset as an aware `datetime`, whose digits end at microseconds; `None` for anything else.
fn instant<'py>(py: Python<'py>, text: &str) -> Option<Bound<'py, PyAny>> {
    let text = text.strip_prefix('"')?.strip_suffix('"')?;
    tenantry::page::Instant::parse(text)?;
    // In the one form that every Python reads.
    let (day, rest) = text.split_at_checked(10)?;
    let (time, rest) = rest.get(1..)?.split_at_checked(8)?;
    let digits = rest
        .strip_prefix('.')
        .map_or("", |rest| &rest[..rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len()]);
    let offset = if digits.is_empty() { rest } else { &rest[1 + digits.len()..] };
    let offset = if offset.eq_ignore_ascii_case("z") { "+00:00" } else { offset };
    let text = format!("{day}T{time}.{:0<6.6}{offset}", digits);
    py.import("datetime").ok()?.getattr("datetime").ok()?.call_method1("fromisoformat", (text,)).ok()
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
        read(slf, &field.extract()?)
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
            "record" | "self" => within(&read(slf, &field)?)?,
            // As the wire has it: shorter than what Python shows of a time.
            "instant" => cut(&value(py, text)?)?,
            _ => {
                let value = read(slf, &field)?;
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

/// A record within another one: whole if it is short, else only who it is.
fn within(value: &Bound<'_, PyAny>) -> PyResult<String> {
    let whole = value.repr()?.to_string();
    if whole.chars().count() <= WITHIN {
        return Ok(whole);
    }
    let id = match value.cast::<Record>() {
        Ok(record) => record.get().member("id").and_then(|text| serde_json::from_str::<String>(text).ok()),
        Err(_) => None,
    };
    let id = match id {
        Some(id) => format!("id={}, ", cut(PyString::new(value.py(), &id).as_any())?),
        None => String::new(),
    };
    Ok(format!("{}({id}…)", value.get_type().name()?))
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
