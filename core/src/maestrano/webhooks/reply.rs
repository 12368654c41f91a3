//! What a webhook is answered with.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::id::Id;

/// A reply, for a web framework to send as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "WebhookReply"))]
#[non_exhaustive]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Names and values.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<Vec<String>>"))]
    pub headers: Vec<(String, String)>,
    /// JSON text, or empty.
    pub body: String,
}

impl Reply {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self { status, headers, body: body.to_string() }
    }

    pub(super) fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The event was taken: 200 `{"success":true}`.
    pub fn success() -> Self {
        Self::json(200, &json!({ "success": true }))
    }

    /// A synchronization was started: 201 `{"success":true}`.
    pub fn started() -> Self {
        Self::json(201, &json!({ "success": true }))
    }

    /// The app has no such group, or has deleted it already: 204, so that Maestrano takes it as done.
    pub fn unknown_group() -> Self {
        Self { status: 204, headers: Vec::new(), body: String::new() }
    }

    /// Where a group's synchronization is: 200.
    pub fn synchronization(state: &Synchronization) -> Self {
        Self::json(200, &json!(state))
    }

    /// There is no such group to report on: 404 `{"errors":[{"message", "code": 404}]}`.
    pub fn not_found(message: &str) -> Self {
        Self::json(404, &json!({ "errors": [{ "message": message, "code": 404 }] }))
    }
}

/// Where a group's synchronization is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Synchronization {
    pub group_id: Id,
    /// Whether synchronization is switched on.
    pub sync_enabled: bool,
    pub status: SynchronizationState,
    /// What to tell the user, e.g. of an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The last change, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
}

/// The states of a synchronization that Maestrano knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum SynchronizationState {
    Running,
    Enqueued,
    Success,
    Error,
    Disabled,
}
