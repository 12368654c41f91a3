//! What a reply means: a readable success, or which error.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::Reply;
use super::execute::{System, millis};
use super::table::{Kind, Operation};
use crate::error::{Code, Error, Outcome, Result};
use crate::http::{self, Failure, Redactor};
use crate::page::{Layout, Page, layout, layout_of_list, next_to_empty};
use crate::retry::{Safety, may_repeat, retry_after};

/// A reply that was read and found to be what the operation replies with.
#[derive(Debug)]
pub(crate) struct Success {
    pub(crate) reply: Reply,
    /// The header that tells which rows of how many a page holds.
    pub(crate) content_range: Option<String>,
    /// When it came, by the clock.
    pub(crate) at: Duration,
}

impl Success {
    /// The reply's own text.
    pub(crate) fn into_text(self) -> String {
        self.reply.into_text()
    }
}

/// The reply if it is a readable success, else an error.
#[expect(clippy::too_many_arguments, reason = "what one exchange leaves behind, used once")]
pub(super) fn judge(
    system: &impl System,
    operation: &Operation,
    exchanged: std::result::Result<http::Reply, Failure>,
    host: &str,
    redactor: &Redactor,
    wall_ms: i64,
    request_id: &str,
    ascii: bool,
) -> Result<Success> {
    // What a server said it did, in words that cannot be read, it may have done.
    let unread = if operation.safety == Safety::Safe { Outcome::Answered } else { Outcome::Unknown };
    let mut status = None;
    let mut given_id = None;
    let result = match exchanged {
        Err(failure) => {
            let message = format!("{host}: {}", failure.message);
            let mut error = Error::new(failure.code, message).with_outcome(failure.outcome);
            error.report_mut().causes = failure.causes.iter().map(|cause| redactor.excerpt(cause.as_bytes())).collect();
            Err(error.with_detail("reason", failure.reason))
        }
        Ok(reply) => {
            status = Some(reply.status);
            given_id = reply.header("x-request-id").map(str::to_owned);
            let refused = (200..300).contains(&reply.status) && system.refuses(operation, &reply.body);
            let checked = check_status(&reply, refused, redactor, wall_ms, unread);
            checked.map_err(|error| system.explain(operation, error)).and_then(|()| {
                let content_range = reply.header("content-range").map(str::to_owned);
                let reply =
                    read(system, operation, reply, redactor, ascii).map_err(|error| error.with_outcome(unread))?;
                Ok(Success { reply, content_range, at: Duration::ZERO })
            })
        }
    };
    result.map_err(|mut error| {
        error.report_mut().status = status;
        let id = given_id.map_or_else(|| request_id.to_owned(), |given| redactor.excerpt(given.as_bytes()));
        error.report_mut().request_id = Some(id);
        error
    })
}

/// The reply's page, if it is read as one, or its text.
fn read(
    system: &impl System,
    operation: &Operation,
    reply: http::Reply,
    redactor: &Redactor,
    ascii: bool,
) -> Result<Reply> {
    let content_type = reply.header("content-type").unwrap_or_default().to_owned();
    let is_text = !operation.accept.ends_with("json");
    let body = if is_text {
        reply.body
    } else if reply.body.iter().all(u8::is_ascii_whitespace) {
        b"null".to_vec()
    } else {
        reply.body
    };
    let excerpt = |mut error: Error, body: &[u8]| {
        // The message may quote the value that did not fit.
        error.report_mut().message = redactor.excerpt(error.report().message.as_bytes());
        error.with_detail("excerpt", redactor.excerpt(body))
    };
    let text = super::json::text(body).map_err(|(error, body)| excerpt(error, &body))?;
    // A header alone may be wrong; a page of a proxy or a login looks like one, too.
    if is_text && content_type.contains("html") && text.trim_start().starts_with('<') {
        let error = Error::new(Code::UnexpectedContent, format!("the reply is HTML, not {}", operation.accept));
        return Err(excerpt(error.with_detail("content_type", content_type), text.as_bytes()));
    }
    if is_text {
        return Ok(Reply::Text(Value::String(text).to_string()));
    }
    let list = layout_of(operation);
    let page = match (list, record_of(operation)) {
        (Some(layout), _) => Page::read(layout, text, ascii),
        (None, Some(layout)) => Page::of_record(layout, text, &["id"]),
        (None, None) => Err(text),
    };
    let text = match page {
        Ok(page) => return Ok(Reply::Page(page)),
        // What is wrong with it is said below.
        Err(text) => text,
    };
    let opened = system.open(operation, &text, &content_type).and_then(|data| {
        (operation.check)(data, &content_type)?;
        super::json::check_depth(&text)?;
        Ok((data.len() < text.len()).then(|| data.to_owned()))
    });
    match opened {
        Ok(None) if list.is_some() && text.trim_start().starts_with('[') => Err(next_to_empty()),
        Ok(data) => Ok(Reply::Text(data.unwrap_or(text))),
        Err(error) => Err(excerpt(error, text.as_bytes())),
    }
}

/// How the reply is read as a page of rows, if it is one.
fn layout_of(operation: &Operation) -> Option<&'static Layout> {
    (operation.kind == Kind::List).then(|| layout_of_list(operation.name))?
}

/// How the reply is read as one record, if its model takes anything for each of its fields but the id.
fn record_of(operation: &Operation) -> Option<&'static Layout> {
    layout(operation.name.split('.').next()?, operation.record?)
}

/// Turns a status that is no success, and a success that is `refused` in its body, into an error.
pub(crate) fn check_status(
    reply: &http::Reply,
    refused: bool,
    redactor: &Redactor,
    wall_ms: i64,
    unread: Outcome,
) -> Result<()> {
    let (code, outcome, what) = match reply.status {
        200..=299 if refused => (Code::BadRequest, Outcome::Rejected, "but the server refuses the request"),
        200..=299 => return Ok(()),
        300..=399 => (Code::Redirect, unread, "the server redirects, which is not followed"),
        401 => (Code::Authentication, Outcome::Rejected, "the credentials were refused"),
        403 => (Code::Permission, Outcome::Rejected, "the credentials do not allow this"),
        404 | 410 => (Code::NotFound, Outcome::Rejected, "there is no such thing"),
        407 => (Code::BadRequest, Outcome::Rejected, "the proxy wants other credentials"),
        409 | 412 => (Code::Conflict, Outcome::Rejected, "it clashes with the current state"),
        422 => (Code::Unprocessable, Outcome::Rejected, "the server refuses the values"),
        429 => (Code::RateLimited, Outcome::Rejected, "too many requests"),
        400..=499 => (Code::BadRequest, Outcome::Rejected, "the server refuses the request"),
        _ => (Code::Server, Outcome::Unknown, "the server failed"),
    };
    let excerpt = redactor.excerpt(&reply.body);
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let clean = |value: &Value| -> Value {
        let text = redactor.excerpt(value.to_string().as_bytes());
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    };
    let said = ["message", "error_description", "error", "detail"].iter().find_map(|key| body.get(key)?.as_str());
    let said = said.or_else(|| body.get("errors")?.get(0)?.as_str());
    let message = match said {
        Some(text) => format!("HTTP {}, {what}: {}", reply.status, redactor.excerpt(text.as_bytes())),
        None => format!("HTTP {}, {what}", reply.status),
    };
    let mut error = Error::new(code, message).with_outcome(outcome);
    if !excerpt.is_empty() {
        error = error.with_detail("excerpt", excerpt);
    }
    for key in ["error_code", "errors", "params"] {
        if let Some(value) = body.get(key) {
            error = error.with_detail(key, clean(value));
        }
    }
    if let (Code::Redirect, Some(location)) = (code, reply.header("location")) {
        let host = Url::parse(location).ok().and_then(|url| url.host_str().map(str::to_owned));
        error = error.with_detail("location_host", host);
    }
    error.report_mut().retry_after_ms = retry_after(&reply.headers, wall_ms).map(millis);
    Err(error)
}

/// The error as the caller gets it: one whose request may have been carried out, and may not be repeated, says so.
pub(super) fn conclude(operation: &Operation, mut error: Error, attempts: u32) -> Error {
    let outcome = error.outcome().unwrap_or(Outcome::Unknown);
    let code = error.code();
    error.report_mut().retryable = may_repeat(operation.safety, code, outcome);
    let lost = matches!(code, Code::Connection | Code::Timeout | Code::Server);
    if operation.safety == Safety::Once && outcome == Outcome::Unknown && lost {
        error.report_mut().code = Code::OutcomeUnknown;
        error = error
            .with_detail("cause", code.to_string())
            .with_hint("the server may have carried it out: look before sending it again");
    }
    error.with_detail("attempts", attempts)
}
