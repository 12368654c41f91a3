//! A request as a web framework received it.

use std::fmt;

use bytes::Bytes;

/// A request as a web framework received it: its parts, nothing decoded.
///
/// Its `Debug` shows the names of headers, not their values, and the body's length.
#[derive(Clone)]
#[non_exhaustive]
pub struct Request {
    pub method: String,
    /// The path, and after a `?` the query, percent-encoded as they arrived.
    pub path: String,
    /// Names in any case.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl Request {
    /// Puts the parts together.
    pub fn new<N: Into<String>, V: Into<String>>(
        method: impl Into<String>,
        path: impl Into<String>,
        headers: impl IntoIterator<Item = (N, V)>,
        body: impl Into<Bytes>,
    ) -> Self {
        let headers = headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { method: method.into(), path: path.into(), headers, body: body.into() }
    }

    /// The values of a header, in order.
    pub(super) fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let headers = self.headers.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name));
        headers.map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A query may hold what its sender meant for nobody's log.
        let path = self.path.split('?').next().unwrap_or_default();
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        let mut shown = f.debug_struct("Request");
        shown.field("method", &self.method).field("path", &path).field("headers", &names);
        shown.field("body_bytes", &self.body.len()).finish()
    }
}
