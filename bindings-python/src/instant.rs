//! Points in time.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use tenantry::page::Instant;

/// The vendor's way to say none; Python's calendar begins a year later.
pub fn is_none(text: &str) -> bool {
    text.starts_with("\"0000-")
}

/// A time with an offset as an aware `datetime`, whose digits end at microseconds; `None` for anything else.
pub fn instant<'py>(py: Python<'py>, text: &str) -> Option<Bound<'py, PyAny>> {
    static READ: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let text = text.strip_prefix('"')?.strip_suffix('"')?;
    Instant::parse(text)?;
    let read = READ.get_or_try_init(py, || -> PyResult<_> {
        Ok(py.import("datetime")?.getattr("datetime")?.getattr("fromisoformat")?.unbind())
    });
    let read = read.ok()?.bind(py);
    // In the one form that every Python reads.
    let (day, rest) = text.split_at_checked(10)?;
    let (time, rest) = rest.get(1..)?.split_at_checked(8)?;
    if rest == "+00:00" && text.as_bytes()[10] == b'T' {
        return read.call1((text,)).ok();
    }
    let digits = rest
        .strip_prefix('.')
        .map_or("", |rest| &rest[..rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len()]);
    let offset = if digits.is_empty() { rest } else { &rest[1 + digits.len()..] };
    let offset = if offset.eq_ignore_ascii_case("z") { "+00:00" } else { offset };
    read.call1((format!("{day}T{time}.{digits:0<6.6}{offset}"),)).ok()
}
