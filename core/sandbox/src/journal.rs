//! What has arrived, in order, without secrets.

use std::collections::VecDeque;

use http::HeaderMap;
use serde_json::{Map, Value, json};

use crate::call::{Body, text};
use crate::mask;

/// More requests than this push out the oldest, so that a soak of days stays in memory.
const LONGEST: usize = 100_000;

/// The only headers whose values are kept.
const HEADERS: [&str; 5] = ["content-type", "accept", "user-agent", "referer", "x-request-id"];

#[derive(Debug)]
pub(crate) struct Entry {
    id: u64,
    seq: u64,
    at_ms: u64,
    operation: Option<&'static str>,
    method: String,
    path: String,
    query: Value,
    headers: Value,
    pub(crate) body: Value,
    pub(crate) status: Option<u16>,
    pub(crate) committed: bool,
    pub(crate) fault: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// Grows for ever, so that a request under way during a reset completes nobody else's entry.
    last_id: u64,
    /// Starts again with each reset.
    last_seq: u64,
    entries: VecDeque<Entry>,
}

#[derive(Clone, Copy)]
pub(crate) enum Query<'a> {
    Pairs(&'a [(String, String)]),
    Rql(&'a str),
}

/// What is known of a request when its head has arrived.
pub(crate) struct Arrival<'a> {
    pub(crate) at_ms: u64,
    pub(crate) operation: Option<&'static str>,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// The query as the system reads it: pairs, or one text in RQL.
    pub(crate) query: Query<'a>,
    pub(crate) headers: &'a HeaderMap,
}

impl Journal {
    /// Notes an arrival and gives the entry's id.
    pub(crate) fn arrived(&mut self, arrival: &Arrival<'_>) -> u64 {
        self.last_id += 1;
        self.last_seq += 1;
        if self.entries.len() == LONGEST {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry {
            id: self.last_id,
            seq: self.last_seq,
            at_ms: arrival.at_ms,
            operation: arrival.operation,
            method: arrival.method.to_owned(),
            path: arrival.path.to_owned(),
            query: match arrival.query {
                Query::Pairs(query) => pairs(query),
                Query::Rql("") => json!({}),
                Query::Rql(text) => json!({ "rql": text }),
            },
            headers: headers(arrival.headers),
            body: Value::Null,
            status: None,
            committed: false,
            fault: None,
        });
        self.last_id
    }

    /// Completes the entry `id`, unless the journal has been emptied since.
    pub(crate) fn complete(&mut self, id: u64, change: impl FnOnce(&mut Entry)) {
        // Newest first: it is nearly always among the last.
        if let Some(entry) = self.entries.iter_mut().rev().find(|entry| entry.id == id) {
            change(entry);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.last_seq = 0;
    }

    pub(crate) fn show(&self) -> Value {
        self.entries.iter().map(Entry::show).collect()
    }
}

impl Entry {
    fn show(&self) -> Value {
        json!({
            "seq": self.seq, "at_ms": self.at_ms, "operation": self.operation, "method": self.method, "path": self.path,
            "query": self.query, "headers": self.headers, "body": self.body, "status": self.status,
            "committed": self.committed, "fault": self.fault,
        })
    }
}

/// The body as the journal keeps it.
pub(crate) fn body(body: &Body) -> Value {
    match body {
        Body::Empty => Value::Null,
        Body::Json(json) => mask::masked(json.clone()),
        Body::Form(form) => pairs(form),
        Body::Opaque(bytes) => json!({ "bytes": bytes }),
    }
}

fn pairs(pairs: &[(String, String)]) -> Value {
    let object: Map<String, Value> = pairs.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect();
    mask::masked(Value::Object(object))
}

fn headers(headers: &HeaderMap) -> Value {
    let kept = HEADERS.iter().filter_map(|name| text(headers, name).map(|value| ((*name).to_owned(), value.into())));
    let mut object: Map<String, Value> = kept.collect();
    object.insert("auth".to_owned(), auth(headers).into());
    Value::Object(object)
}

/// How a request says who it is from; never with what.
fn auth(headers: &HeaderMap) -> Option<&'static str> {
    if let Some(value) = text(headers, "authorization") {
        let scheme = value.split(' ').next().unwrap_or_default();
        let known = ["bearer", "basic", "apikey"].into_iter().find(|known| scheme.eq_ignore_ascii_case(known));
        return Some(known.unwrap_or("other"));
    }
    let cookie = text(headers, "cookie")?;
    let dashuid = cookie.split(';').any(|pair| pair.trim().starts_with("dashuid="));
    Some(if dashuid { "dashuid+cookie" } else { "cookie" })
}
