//! JSON text as Python values, as `json.loads(text, parse_float=Decimal)` makes them. The text was validated before.

use std::sync::OnceLock;

use pyo3::IntoPyObjectExt as _;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyString, PyType};
use tenantry::page::unescape;

/// JSON text as a Python value; numbers with a fraction or an exponent become `Decimal`, so that no digit is lost.
pub fn value<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    Reader { py, text, at: 0 }.value()
}

/// What stands between the quotes of a string.
pub fn inner(text: &str) -> &str {
    text.get(1..text.len().saturating_sub(1)).unwrap_or_default()
}

/// A string's text; Python alone has strings for lone surrogates.
pub fn string<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    match unescape(text) {
        Some(text) => Ok(PyString::new(py, &text).into_any()),
        None => loads(py, text),
    }
}

fn loads<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    let arguments = PyDict::new(py);
    arguments.set_item("parse_float", decimal(py)?)?;
    py.import("json")?.call_method("loads", (text,), Some(&arguments))
}

fn decimal(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static DECIMAL: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    DECIMAL.import(py, "decimal", "Decimal")
}

/// The key of a dictionary. Replies have the same few, which are kept: their text is made and hashed once.
fn key<'py>(py: Python<'py>, text: &str) -> Bound<'py, PyAny> {
    static KEPT: [OnceLock<(Box<str>, Py<PyString>)>; KEYS] = [const { OnceLock::new() }; KEYS];
    if text.len() <= KEY {
        let hash = text.bytes().fold(0_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        let (known, kept) =
            KEPT[(hash >> 16) as usize % KEYS].get_or_init(|| (text.into(), PyString::intern(py, text).unbind()));
        if **known == *text {
            return kept.bind(py).clone().into_any();
        }
    }
    PyString::new(py, text).into_any()
}

/// Keys that are kept, and the longest one of them.
const KEYS: usize = 512;
const KEY: usize = 32;

struct Reader<'t, 'py> {
    py: Python<'py>,
    text: &'t str,
    at: usize,
}

impl<'py> Reader<'_, 'py> {
    fn value(&mut self) -> PyResult<Bound<'py, PyAny>> {
        self.space();
        match self.peek() {
            b'"' => {
                let (start, escaped) = self.string();
                let text = self.slice(start);
                if escaped { string(self.py, text) } else { Ok(PyString::new(self.py, inner(text)).into_any()) }
            }
            b'{' => Ok(self.object()?.into_any()),
            b'[' => Ok(self.array()?.into_any()),
            _ => self.word(),
        }
    }

    fn object(&mut self) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(self.py);
        self.at += 1;
        while self.has_next(b'}') {
            let (start, escaped) = self.string();
            let text = self.slice(start);
            let key = if escaped { string(self.py, text)? } else { key(self.py, inner(text)) };
            self.space();
            // The colon.
            self.at += 1;
            dict.set_item(key, self.value()?)?;
        }
        Ok(dict)
    }

    fn array(&mut self) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(self.py);
        self.at += 1;
        while self.has_next(b']') {
            list.append(self.value()?)?;
        }
        Ok(list)
    }

    /// Goes past a comma or the bracket; whether there is a further element.
    fn has_next(&mut self, bracket: u8) -> bool {
        self.space();
        if self.peek() == b',' {
            self.at += 1;
            self.space();
        }
        // At the end of a text that was cut, which none is, there is none either.
        if self.peek() == bracket || self.at >= self.text.len() {
            self.at += 1;
            return false;
        }
        true
    }

    /// Goes past a string; gives its beginning, and whether it holds escapes.
    fn string(&mut self) -> (usize, bool) {
        let (start, mut escaped) = (self.at, false);
        self.at += 1;
        while !matches!(self.peek(), b'"' | b'\0') {
            if self.peek() == b'\\' {
                escaped = true;
                self.at += 1;
            }
            self.at += 1;
        }
        self.at += 1;
        (start, escaped)
    }

    /// A number, or a word.
    fn word(&mut self) -> PyResult<Bound<'py, PyAny>> {
        let (py, start) = (self.py, self.at);
        while !matches!(self.peek(), b',' | b']' | b'}' | b' ' | b'\n' | b'\t' | b'\r' | b'\0') {
            self.at += 1;
        }
        match self.slice(start) {
            "null" => Ok(py.None().into_bound(py)),
            "true" => true.into_bound_py_any(py),
            "false" => false.into_bound_py_any(py),
            number => match number.parse::<i64>() {
                Ok(number) => number.into_bound_py_any(py),
                Err(_) if number.contains(['.', 'e', 'E']) => decimal(py)?.call1((number,)),
                Err(_) => loads(py, number),
            },
        }
    }

    fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\t' | b'\r') {
            self.at += 1;
        }
    }

    /// The byte here; 0, which JSON has nowhere, at the end.
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or_default()
    }

    fn slice(&self, start: usize) -> &str {
        self.text.get(start..self.at).unwrap_or_default()
    }
}
