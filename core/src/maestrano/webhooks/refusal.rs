//! Why a request is no webhook, and what it is answered with.

use serde_json::json;

use super::reply::Reply;
use crate::error::{Code, Error};

/// A refusal: what to answer, a stable word for programs, and a sentence for the app's log.
///
/// Sentences name parts of the configuration and places of the request, never what the request holds: it is not
/// trusted, and may hold credentials.
pub(super) struct Refusal {
    reason: &'static str,
    status: u16,
    /// What the sender is told.
    told: &'static str,
    message: String,
    header: Option<(&'static str, String)>,
}

impl Refusal {
    fn new(reason: &'static str, status: u16, told: &'static str, message: impl Into<String>) -> Self {
        Self { reason, status, told, message: message.into(), header: None }
    }

    pub(super) fn too_large(bytes: usize, max_body_bytes: usize) -> Self {
        let message = format!("the body has {bytes} bytes, more than {max_body_bytes}");
        Self::new("too_large", 413, "Payload too large", message)
    }

    pub(super) fn unknown_path(known: &str) -> Self {
        Self::new(
            "unknown_path",
            404,
            "Not found",
            format!("the path is no webhook's path in the configuration of {known}"),
        )
    }

    pub(super) fn wrong_method(allow: String) -> Self {
        let message = format!("this path is sent to with {allow} alone");
        Self { header: Some(("allow", allow)), ..Self::new("wrong_method", 405, "Method not allowed", message) }
    }

    /// Missing, malformed and wrong credentials are told apart in the log; the sender is told one thing.
    pub(super) fn credentials(reason: &'static str, message: impl Into<String>) -> Self {
        let challenge = "Basic realm=\"webhooks\", charset=\"UTF-8\"".to_owned();
        Self { header: Some(("www-authenticate", challenge)), ..Self::new(reason, 401, "Invalid credentials", message) }
    }

    pub(super) fn ambiguous(known: &str) -> Self {
        let message = format!("{known} have the same path, method and credentials: nothing tells which one sent this");
        Self::new("ambiguous", 500, "Ambiguous configuration", message)
    }

    pub(super) fn invalid_body(message: impl Into<String>) -> Self {
        Self::new("invalid_body", 400, "Invalid body", message)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let reply = Reply::json(refusal.status, &json!({ "error": refusal.told }));
        let reply = match refusal.header {
            Some((name, value)) => reply.with_header(name, value),
            None => reply,
        };
        let mut error = Self::new(Code::Webhook, refusal.message)
            .with_detail("reason", refusal.reason)
            .with_detail("reply", json!(reply));
        let report = error.report_mut();
        report.system = Some("maestrano".to_owned());
        report.operation = Some("maestrano.webhooks.unwrap".to_owned());
        error
    }
}
