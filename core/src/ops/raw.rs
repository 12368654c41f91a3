//! The way out: a request that the client has no method for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::table::{Auth, Body, Fields, Kind, Operation};
use super::{any_json, read_arguments};
use crate::error::{Error, Result};
use crate::retry::Safety;

/// A request by method and path.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRequest {
    method: String,
    path: String,
    #[serde(default)]
    query: Query,
    #[serde(default)]
    json: Option<Value>,
    /// Sends it to Magento BI's dashboard, with its cookies.
    #[serde(default)]
    pub(crate) dashboard: bool,
}

/// The query as names and values, or as the text that a query language wants.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Query {
    Text(String),
    Pairs(BTreeMap<String, String>),
}

impl Default for Query {
    fn default() -> Self {
        Self::Pairs(BTreeMap::new())
    }
}

impl RawRequest {
    /// Has the names and values of the query written by `write`, where a server reads them in a language of its own.
    ///
    /// # Errors
    /// Those of `write`.
    pub(crate) fn write_query(&mut self, write: impl Fn(&str, &str) -> Result<String>) -> Result<()> {
        if let Query::Pairs(pairs) = &self.query
            && !pairs.is_empty()
        {
            let parts: Result<Vec<String>> = pairs.iter().map(|(name, text)| write(name, text)).collect();
            self.query = Query::Text(parts?.join("&"));
        }
        Ok(())
    }

    /// The one of `rows` that says how a request of this method is sent.
    pub(crate) fn operation(&self, rows: &'static [Operation]) -> Result<&'static Operation> {
        let path = &self.path;
        if !path.starts_with('/') || path.starts_with("//") || path.contains(['?', '#', '%', '\\']) {
            return Err(Error::validation("path", "must start with one / and hold no ? # % \\"));
        }
        let no_query = matches!(&self.query, Query::Pairs(pairs) if pairs.is_empty());
        if self.json.is_some() && !no_query {
            return Err(Error::validation("query", "cannot be given together with json"));
        }
        let body = if self.json.is_some() { Body::Json } else { Body::Query };
        rows.iter()
            .find(|row| row.method == self.method && row.body == body)
            .ok_or_else(|| Error::validation("method", "must be GET, POST, PUT, PATCH or DELETE, and GET has no json"))
    }
}

impl Fields for RawRequest {
    fn raw_path(&self) -> Option<&str> {
        Some(&self.path)
    }

    fn raw_query(&self) -> Option<String> {
        match &self.query {
            Query::Text(text) => Some(encode_query(text)),
            Query::Pairs(_) => None,
        }
    }
}

/// Percent-encodes a query that a server decodes once: what separates its parts stays, a space is `%20`.
pub(crate) fn encode_query(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!*(),;:@/?=&$".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

impl Serialize for RawRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match &self.json {
            Some(json) => json.serialize(serializer),
            None => match &self.query {
                Query::Pairs(pairs) => pairs.serialize(serializer),
                Query::Text(text) => text.serialize(serializer),
            },
        }
    }
}

const fn row(name: &'static str, method: &'static str, safety: Safety, auth: Auth, body: Body) -> Operation {
    Operation {
        name,
        method,
        path: "{path}",
        safety,
        auth,
        body,
        kind: Kind::Single,
        accept: "application/json",
        record: None,
        filters: &[],
        doc: "Sends a request that the client has no method for.",
        resource_doc: "",
        read: |text| Ok(Box::new(read_arguments::<RawRequest>(text)?)),
        check: any_json,
        #[cfg(feature = "schema")]
        schemas: super::Schemas {
            arguments: |generator| generator.subschema_for::<Value>(),
            reply: |generator| generator.subschema_for::<Value>(),
        },
    }
}

/// The rows of `<system>.request`, one for each method and place of its arguments.
pub(crate) const fn rows(name: &'static str, auth: Auth) -> [Operation; 9] {
    [
        row(name, "GET", Safety::Safe, auth, Body::Query),
        row(name, "POST", Safety::Once, auth, Body::Query),
        row(name, "POST", Safety::Once, auth, Body::Json),
        row(name, "PUT", Safety::Idempotent, auth, Body::Query),
        row(name, "PUT", Safety::Idempotent, auth, Body::Json),
        row(name, "PATCH", Safety::Once, auth, Body::Query),
        row(name, "PATCH", Safety::Once, auth, Body::Json),
        row(name, "DELETE", Safety::Idempotent, auth, Body::Query),
        row(name, "DELETE", Safety::Idempotent, auth, Body::Json),
    ]
}
