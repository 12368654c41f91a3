//! A field of a class of records, and how it is read.

use std::sync::{Arc, OnceLock};

use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyType};
use tenantry::page;
use tenantry::page::{Shape, Slot};

use crate::record::{Class, Record};
use crate::{instant, json};

/// What a field holds.
pub enum Kind {
    Value,
    Secret,
    Instant,
    Record(Class),
    List(Class),
    /// A record of the same class.
    Own,
}

/// A field, at a place of the shape of its records.
pub struct Field {
    shape: &'static Shape,
    at: usize,
    pub kind: Kind,
    words: Option<Words>,
}

/// Fields of few different words, which are kept: a list has the same ones thousands of times.
const OF_WORDS: [&str; 4] = ["phase", "scope", "status", "type"];

impl Field {
    pub fn new(shape: &'static Shape, at: usize, kind: Kind) -> Self {
        let words = matches!(kind, Kind::Value) && OF_WORDS.contains(&shape.fields[at].key);
        Self { shape, at, kind, words: words.then(Words::default) }
    }

    /// Its name on the wire.
    pub fn name(&self) -> &'static str {
        self.shape.fields[self.at].key
    }

    /// Takes the place of the property that a generated class has for it.
    pub fn put(self: &Arc<Self>, class: &Bound<'_, PyType>, own: &Bound<'_, PyDict>) -> PyResult<()> {
        for name in [self.name().to_owned(), format!("{}_", self.name())] {
            if let Some(property) = own.get_item(&name)?
                && let Ok(function) = property.getattr("fget")
            {
                return class.setattr(name, Attribute { field: Arc::clone(self), function: function.unbind() });
            }
        }
        Ok(())
    }

    /// The field's slot in a record, unless it is absent.
    fn slot(&self, record: &Record) -> Option<Slot> {
        let block = record.block();
        // A class below a generated one may name other fields: then its name tells.
        if std::ptr::eq(block.shape(), self.shape) {
            return block.value(self.at);
        }
        block.value(block.shape().fields.iter().position(|field| field.key == self.name())?)
    }

    /// The field's JSON text in a record, unless it is absent.
    pub fn text<'r>(&self, record: &'r Record) -> Option<&'r str> {
        Some(self.slot(record)?.of(record.page().text()))
    }

    /// The field of a record as a Python value.
    pub fn read<'py>(&self, slf: &Bound<'py, Record>) -> PyResult<Bound<'py, PyAny>> {
        let (py, record) = (slf.py(), slf.get());
        let Some(slot) = self.slot(record) else { return Ok(py.None().into_bound(py)) };
        let text = slot.of(record.page().text());
        match &self.kind {
            Kind::Value | Kind::Secret => self.value(py, slot, text),
            Kind::Record(class) if first(text) == b'{' => self.record(py, record, class, text),
            Kind::Own if first(text) == b'{' => self.record(py, record, &Class::of(slf), text),
            Kind::List(class) if first(text) == b'[' => Ok(self.list(py, record, class, text)?.into_any()),
            kind => plain(py, kind, text),
        }
    }

    fn value<'py>(&self, py: Python<'py>, slot: Slot, text: &str) -> PyResult<Bound<'py, PyAny>> {
        if first(text) != b'"' {
            return json::value(py, text);
        }
        if slot.is_escaped() {
            return json::string(py, text);
        }
        let inner = json::inner(text);
        Ok(match &self.words {
            Some(words) => words.get(py, inner),
            None => PyString::new(py, inner),
        }
        .into_any())
    }

    /// The field's JSON text as a value without any class of records.
    pub fn plain<'py>(&self, py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
        if let Some(words) = &self.words
            && first(text) == b'"'
            && !text.contains('\\')
        {
            return Ok(words.get(py, json::inner(text)).into_any());
        }
        plain(py, &self.kind, text)
    }

    /// The record within a record; none if there is nothing in it.
    fn record<'py>(&self, py: Python<'py>, record: &Record, class: &Class, text: &str) -> PyResult<Bound<'py, PyAny>> {
        if is_empty_object(text) {
            return Ok(py.None().into_bound(py));
        }
        match record.block().record(self.at).filter(|_| std::ptr::eq(record.block().shape(), self.shape)) {
            Some(within) => class.make(py, Arc::clone(record.page()), within.at()),
            None => class.read(py, text.to_owned()),
        }
    }

    fn list<'py>(&self, py: Python<'py>, record: &Record, class: &Class, text: &str) -> PyResult<Bound<'py, PyList>> {
        let is_noted = matches!(self.shape.fields[self.at].kind, page::Kind::List { .. });
        if !is_noted || !std::ptr::eq(record.block().shape(), self.shape) {
            return class.read_list(py, text.to_owned());
        }
        let rows = record.block().list(self.at);
        let rows: PyResult<Vec<_>> = rows.map(|row| class.make(py, Arc::clone(record.page()), row.at())).collect();
        PyList::new(py, rows?)
    }
}

/// A field's JSON text as a value without any class of records.
pub fn plain<'py>(py: Python<'py>, kind: &Kind, text: &str) -> PyResult<Bound<'py, PyAny>> {
    match kind {
        // A record without anything in it: the wire's way to say none.
        Kind::Record(_) | Kind::Own if is_empty_object(text) => Ok(py.None().into_bound(py)),
        Kind::Instant if instant::is_none(text) => Ok(py.None().into_bound(py)),
        Kind::Instant => match instant::instant(py, text) {
            Some(instant) => Ok(instant),
            None => json::value(py, text),
        },
        _ => json::value(py, text),
    }
}

fn first(text: &str) -> u8 {
    text.as_bytes().first().copied().unwrap_or_default()
}

fn is_empty_object(text: &str) -> bool {
    // Most are longer than an empty one with a space in it.
    if text.len() > 8 && !text.as_bytes()[1].is_ascii_whitespace() {
        return false;
    }
    text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).is_some_and(|inside| inside.trim().is_empty())
}

/// The words that a field has had, as far as there is room.
#[derive(Default)]
struct Words([OnceLock<(Box<str>, Py<PyString>)>; 8]);

/// The longest one that is kept.
const WORD: usize = 32;

impl Words {
    fn get<'py>(&self, py: Python<'py>, text: &str) -> Bound<'py, PyString> {
        if text.len() <= WORD {
            for place in &self.0 {
                let (word, kept) = place.get_or_init(|| (text.into(), PyString::intern(py, text).unbind()));
                if **word == *text {
                    return kept.bind(py).clone();
                }
            }
        }
        PyString::new(py, text)
    }
}

// What stands for a field in its class, in place of the property that its source shows. No documentation of its own: that
// would hide the field's.
#[pyclass(frozen, name = "Field", module = "tenantry._native")]
pub struct Attribute {
    field: Arc<Field>,
    function: Py<PyAny>,
}

#[pymethods]
impl Attribute {
    fn __get__<'py>(
        slf: &Bound<'py, Self>,
        record: Option<&Bound<'py, Record>>,
        _class: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match record {
            Some(record) => slf.get().field.read(record),
            None => Ok(slf.clone().into_any()),
        }
    }

    fn __set__(&self, _record: &Bound<'_, PyAny>, _value: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(self.fixed())
    }

    fn __delete__(&self, _record: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(self.fixed())
    }

    #[getter(__doc__)]
    fn doc<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.function.bind(py).getattr("__doc__")
    }

    #[getter(__name__)]
    fn name<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.function.bind(py).getattr("__name__")
    }

    /// The function of the source's property.
    #[getter]
    fn fget<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.function.bind(py).clone()
    }
}

impl Attribute {
    fn fixed(&self) -> PyErr {
        PyAttributeError::new_err(format!("{} cannot be set: a record is what the reply was", self.field.name()))
    }
}
