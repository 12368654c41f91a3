//! What the server answers by itself, in the words of the part of Maestrano whose path it is.

use serde_json::json;

use super::connec;
use super::envelope;
use crate::reply::Reply;

/// None for a path of another system.
pub(crate) fn of_server(path: &str, status: u16, text: &str) -> Option<Reply> {
    if path.starts_with("/api/config/") {
        Some(Reply::json(status, &json!({ "error": text })))
    } else if path.starts_with("/api/v1/") {
        Some(envelope::refused(status, "request", text))
    } else if connec::holds(path) {
        Some(connec::refused(status, path, text))
    } else {
        None
    }
}
