//! Replies in Connec!'s shape and media type.

use http::{HeaderValue, header};
use serde_json::{Value, json};
use tenantry::time::{Random as _, SystemRandom};

use super::BASE;
use crate::reply::Reply;

/// Whether a path is one of Connec!'s.
pub(in super::super) fn holds(path: &str) -> bool {
    let below = |base: &str| path.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    [BASE, "/api/reports", "/batch", "/version"].into_iter().any(below)
}

pub(super) fn media(status: u16, json: &Value) -> Reply {
    let mut reply = Reply::json(status, json);
    reply.content_type = Some("application/vnd.api+json".to_owned());
    reply
}

pub(super) fn locate(reply: &mut Reply, url: &str) {
    reply.headers.extend(HeaderValue::try_from(url).ok().map(|url| (header::LOCATION, url)));
}

pub(in super::super) fn refused(status: u16, path: &str, detail: &str) -> Reply {
    let (code, title) = match status {
        400 => ("bad_request", "Bad request"),
        401 => ("unauthorized", "Unauthorized"),
        404 => ("not_found", "Not found"),
        405 => ("method_not_allowed", "Method not allowed"),
        409 => ("conflict", "Conflict"),
        _ => ("error", "Error"),
    };
    let error = json!({
        "id": SystemRandom.uuid(), "href": path, "status": status.to_string(), "code": code, "title": title,
        "detail": detail,
    });
    media(status, &json!({ "errors": [error] }))
}

pub(super) fn unauthorized(path: &str) -> Reply {
    refused(401, path, "the app's id and key are not known")
}
