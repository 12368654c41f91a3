//! A request as the handlers see it.

use std::time::Duration;

use http::{HeaderMap, header};
use serde_json::{Map, Value};
use tenantry::time::SystemRandom;
use url::form_urlencoded;

use crate::options::Vocabulary;
use crate::reply::Reply;

/// A request's body, read by its content type.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    Empty,
    Json(Value),
    Form(Vec<(String, String)>),
    /// So many bytes that are neither, or that did not arrive whole.
    Opaque(usize),
}

impl Body {
    pub(crate) fn read(headers: &HeaderMap, bytes: &[u8]) -> Body {
        if bytes.is_empty() {
            return Body::Empty;
        }
        if text(headers, header::CONTENT_TYPE.as_str()).is_some_and(|kind| kind.contains("x-www-form-urlencoded")) {
            return Body::Form(form_urlencoded::parse(bytes).into_owned().collect());
        }
        serde_json::from_slice(bytes).map_or(Body::Opaque(bytes.len()), Body::Json)
    }
}

/// A header's value, if it is there and is text.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// What a handler is given: the request, the time, and how the sandbox was set up.
pub(crate) struct Call<'a> {
    pub(crate) now: Duration,
    pub(crate) wall_ms: i64,
    /// `host:port` that the client has called.
    pub(crate) host: String,
    pub(crate) segments: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    /// As it was sent, still percent-encoded.
    pub(crate) raw_query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Body,
    pub(crate) wait: Duration,
    pub(crate) commit_delay: Duration,
    pub(crate) vocabulary: Vocabulary,
    pub(crate) random: &'a SystemRandom,
    pub(crate) credentials: &'a crate::magento_bi::Credentials,
    pub(crate) cloudblue: &'a crate::cloudblue::Credentials,
    pub(crate) maestrano: &'a crate::maestrano::Credentials,
    /// The sandbox's own.
    pub(crate) url: &'a str,
}

impl Call<'_> {
    /// The n-th varying segment of the path.
    pub(crate) fn segment(&self, n: usize) -> &str {
        self.segments.get(n).map_or("", String::as_str)
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// When what this call makes can first be seen.
    pub(crate) fn visible_at(&self) -> Duration {
        self.now.saturating_add(self.commit_delay)
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let cookies = self.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The JSON object that was sent; otherwise the 400 to answer.
    pub(crate) fn object(&self) -> Result<&Map<String, Value>, Reply> {
        match self.body {
            Body::Json(Value::Object(object)) => Ok(object),
            _ => Err(Reply::error(400, "the body is not a JSON object")),
        }
    }

    /// The form that was sent; otherwise the 400 to answer.
    pub(crate) fn form(&self, name: &str) -> Result<&str, Reply> {
        let Body::Form(pairs) = self.body else {
            return Err(Reply::error(400, "the body is not a form (application/x-www-form-urlencoded)"));
        };
        let value = pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        value.ok_or_else(|| Reply::error(400, &format!("field `{name}` is missing")))
    }
}

/// The text at a path like `connections.db.package`; otherwise the 400 to answer.
pub(crate) fn required_text<'a>(object: &'a Map<String, Value>, path: &str) -> Result<&'a str, Reply> {
    let found = field(object, path).and_then(Value::as_str).filter(|text| !text.is_empty());
    found.ok_or_else(|| Reply::error(400, &format!("field `{path}` is missing or is no text")))
}

/// The number at a path, which may be written as text; otherwise the 400 to answer.
pub(crate) fn required_id(object: &Map<String, Value>, path: &str) -> Result<u64, Reply> {
    let found = field(object, path);
    let number = found.and_then(|value| value.as_u64().or_else(|| value.as_str().and_then(|text| text.parse().ok())));
    number.ok_or_else(|| Reply::error(400, &format!("field `{path}` is missing or is no id")))
}

pub(crate) fn field<'a>(object: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    match path.split_once('.') {
        None => object.get(path),
        Some((head, rest)) => field(object.get(head)?.as_object()?, rest),
    }
}
