//! The way out: a request that the client has no method for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::ops::{Auth, Body, Fields, Operation, decode, read_arguments};
use crate::retry::Safety;

/// A request by method and path.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRequest {
    method: String,
    path: String,
    #[serde(default)]
    query: BTreeMap<String, String>,
    #[serde(default)]
    json: Option<Value>,
    /// Sends it to the dashboard's host, with its cookies.
    #[serde(default)]
    dashboard: bool,
}

impl RawRequest {
    /// The row that says how a request of this method is sent.
    pub(crate) fn operation(&self) -> Result<&'static Operation> {
        let path = &self.path;
        if !path.starts_with('/') || path.starts_with("//") || path.contains(['?', '#', '%', '\\']) {
            return Err(Error::validation("path", "must start with one / and hold no ? # % \\"));
        }
        if self.json.is_some() && !self.query.is_empty() {
            return Err(Error::validation("query", "cannot be given together with json"));
        }
        let body = if self.json.is_some() { Body::Json } else { Body::Query };
        let rows: &'static [Operation] = if self.dashboard { &DASHBOARD } else { &API };
        rows.iter()
            .find(|row| row.method == self.method && row.body == body)
            .ok_or_else(|| Error::validation("method", "must be GET, POST, PUT, PATCH or DELETE, and GET has no json"))
    }
}

impl Fields for RawRequest {
    fn raw_path(&self) -> Option<&str> {
        Some(&self.path)
    }
}

impl Serialize for RawRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match &self.json {
            Some(json) => json.serialize(serializer),
            None => self.query.serialize(serializer),
        }
    }
}

const fn row(method: &'static str, safety: Safety, auth: Auth, body: Body) -> Operation {
    Operation {
        name: "magento_bi.request",
        method,
        path: "{path}",
        safety,
        auth,
        body,
        doc: "Sends a request that the client has no method for.",
        resource_doc: "",
        read: |text| Ok(Box::new(read_arguments::<RawRequest>(text)?)),
        check: |body, content_type| decode::<serde::de::IgnoredAny>(body, content_type).map(drop),
        #[cfg(feature = "schema")]
        schemas: crate::ops::Schemas {
            arguments: |generator| generator.subschema_for::<Value>(),
            reply: |generator| generator.subschema_for::<Value>(),
        },
    }
}

const fn rows(auth: Auth) -> [Operation; 9] {
    [
        row("GET", Safety::Safe, auth, Body::Query),
        row("POST", Safety::Once, auth, Body::Query),
        row("POST", Safety::Once, auth, Body::Json),
        row("PUT", Safety::Idempotent, auth, Body::Query),
        row("PUT", Safety::Idempotent, auth, Body::Json),
        row("PATCH", Safety::Once, auth, Body::Query),
        row("PATCH", Safety::Once, auth, Body::Json),
        row("DELETE", Safety::Idempotent, auth, Body::Query),
        row("DELETE", Safety::Idempotent, auth, Body::Json),
    ]
}

static API: [Operation; 9] = rows(Auth::BearerOrCookie);
static DASHBOARD: [Operation; 9] = rows(Auth::DashboardCookies);
