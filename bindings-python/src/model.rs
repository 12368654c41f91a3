//! What a class of records says of its fields: read once, when the class is made.
//!
//! A class names its fields in `_fields`, a tuple of `(wire name, kind, model)` whose positions are the slots; `kind` is
//! `value`, `secret`, `instant`, `record`, `list`, or `self` for a record of the same class. A generated class says in
//! `_model` of which system it is: its fields then lie where the core's layout says.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use tenantry::page;
use tenantry::page::{Holds, Layout, Shape};

use crate::field::{Field, Kind};
use crate::record::Class;

/// What is known of the records of a class; its attribute `_table`.
#[pyclass(frozen, module = "tenantry._native")]
pub struct Model {
    pub layout: &'static Layout,
    pub fields: Vec<Arc<Field>>,
}

impl Model {
    /// Of a class that says nothing: no field is known.
    pub fn unknown() -> PyResult<Self> {
        Ok(Self { layout: layout_of(&[])?, fields: Vec::new() })
    }

    /// Of a class, or of the one it is made from.
    pub fn of<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, Self>> {
        Ok(class.getattr(intern!(class.py(), "_table"))?.cast_into()?)
    }

    /// Reads what a new class says, if it says anything.
    pub fn read(class: &Bound<'_, PyType>) -> PyResult<()> {
        let py = class.py();
        let own = PyDict::new(py);
        own.update(class.getattr("__dict__")?.cast()?)?;
        let Some(rows) = own.get_item("_fields")? else { return Ok(()) };
        let rows: Vec<(String, String, Option<Bound<'_, PyType>>)> = rows.extract()?;
        let names: Vec<&str> = rows.iter().map(|(name, ..)| name.as_str()).collect();
        let model = own.get_item("_model")?;
        let layout = match &model {
            Some(model) => {
                let (system, name): (String, String) = model.extract()?;
                let layout = page::layout(&system, &name);
                layout.ok_or_else(|| PyTypeError::new_err(format!("there is no model {system}.{name}")))?
            }
            None => layout_of(&names)?,
        };
        if !layout.root.fields.iter().map(|field| field.key).eq(names) {
            return Err(PyTypeError::new_err(format!("_fields of {class} are not those of its model")));
        }
        let mut fields = Vec::with_capacity(rows.len());
        for (at, (name, kind, of)) in rows.iter().enumerate() {
            let field = Arc::new(Field::new(layout.root, at, kind_of(name, kind, of.as_ref())?));
            if model.is_some() {
                field.put(class, &own)?;
            }
            fields.push(field);
        }
        class.setattr(intern!(py, "_table"), Self { layout, fields })
    }
}

fn kind_of(name: &str, kind: &str, of: Option<&Bound<'_, PyType>>) -> PyResult<Kind> {
    let class = || match of {
        Some(of) => Class::new(of),
        None => Err(PyTypeError::new_err(format!("_fields: {name} has no model"))),
    };
    Ok(match kind {
        "value" => Kind::Value,
        "secret" => Kind::Secret,
        "instant" => Kind::Instant,
        "self" => Kind::Own,
        "record" => Kind::Record(class()?),
        "list" => Kind::List(class()?),
        _ => return Err(PyTypeError::new_err(format!("_fields: {name} is of no kind: {kind}"))),
    })
}

/// Shapes that the core does not know have numbers behind those that it has.
const FIRST_ID: u16 = 256;

/// The layout of a class that is written by hand: its fields are values, and records in them pages of their own.
fn layout_of(names: &[&str]) -> PyResult<&'static Layout> {
    static KNOWN: Mutex<Option<HashMap<Vec<String>, &'static Layout>>> = Mutex::new(None);
    static NEXT: AtomicU16 = AtomicU16::new(FIRST_ID);
    let is_plain = |name: &&str| name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
    if let Some(name) = names.iter().find(|name| !is_plain(name)) {
        return Err(PyTypeError::new_err(format!("_fields: {name:?} is no name of a field")));
    }
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    let key: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    if let Some(layout) = known.get(&key) {
        return Ok(layout);
    }
    let id = NEXT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |id| id.checked_add(1));
    let id = id.map_err(|_| PyTypeError::new_err("too many classes of records"))?;
    // Leaked: a layout is kept for each set of fields that a program's classes have.
    let fields = key.iter().zip(1..).map(|(name, at)| page::Field {
        key: name.clone().leak(),
        kind: page::Kind::Value,
        holds: Holds::Any,
        at,
    });
    let fields: &'static [page::Field] = Vec::leak(fields.collect());
    let width = u32::try_from(1 + fields.len()).unwrap_or(u32::MAX);
    let root: &'static Shape = Box::leak(Box::new(Shape { id, name: "", fields, width }));
    let layout: &'static Layout = Box::leak(Box::new(Layout { root, tables: Vec::leak(vec![root]) }));
    known.insert(key, layout);
    Ok(layout)
}
