//! How a record is shown.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

use crate::field::Kind;
use crate::json;
use crate::model::Model;
use crate::record::Record;

/// Longest text that a `repr` shows whole.
const SHOWN: usize = 60;
/// Longest display of a record within another one that is shown whole.
const WITHIN: usize = 120;
const MASK: &str = "'***'";

/// In one line.
pub fn text(record: &Bound<'_, Record>) -> PyResult<String> {
    let shown: Vec<String> = shown(record)?.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    Ok(format!("{}({})", record.get_type().name()?, shown.join(", ")))
}

/// As a table, for notebooks.
pub fn html(record: &Bound<'_, Record>) -> PyResult<String> {
    let name = record.get_type().name()?;
    let rows = shown(record)?.into_iter().map(|(name, value)| {
        format!("<tr><th style=\"text-align:left\">{}</th><td>{}</td></tr>", escape(name), escape(&value))
    });
    Ok(format!("<table><caption>{name}</caption>{}</table>", rows.collect::<String>()))
}

/// The fields that the reply has, as a display shows them: secrets masked, texts cut, of maps and lists only the size.
fn shown(record: &Bound<'_, Record>) -> PyResult<Vec<(&'static str, String)>> {
    let py = record.py();
    let mut all = Vec::new();
    for field in &Model::of(&record.get_type())?.get().fields {
        let Some(text) = field.text(record.get()) else { continue };
        let value = match field.kind {
            Kind::Secret if text != "null" => MASK.to_owned(),
            Kind::Record(_) | Kind::Own => within(&field.read(record)?)?,
            // As the wire has it: shorter than what Python shows of a time.
            Kind::Instant => cut(&json::value(py, text)?)?,
            _ => {
                let value = field.read(record)?;
                if value.is_instance_of::<PyDict>() {
                    format!("{{…{}}}", value.len()?)
                } else if value.is_instance_of::<PyList>() {
                    format!("[…{}]", value.len()?)
                } else {
                    cut(&value)?
                }
            }
        };
        all.push((field.name(), value));
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
        Ok(record) => id(record)?,
        Err(_) => None,
    };
    let id = match id {
        Some(id) => format!("id={}, ", cut(&id)?),
        None => String::new(),
    };
    Ok(format!("{}({id}…)", value.get_type().name()?))
}

/// The id of a record whose id is text.
fn id<'py>(record: &Bound<'py, Record>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let model = Model::of(&record.get_type())?;
    let Some(field) = model.get().fields.iter().find(|field| field.name() == "id") else { return Ok(None) };
    Ok(Some(field.read(record)?).filter(|id| id.is_instance_of::<PyString>()))
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
