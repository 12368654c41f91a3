//! The one error of this crate: a [`Code`], what happened to which call, and what to change.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Result of everything that talks to a system.
pub type Result<T> = std::result::Result<T, Error>;

/// What kind of failure it is; the text form crosses to Python and Node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Code {
    Config,
    Validation,
    InvalidId,
    Connection,
    Timeout,
    Authentication,
    Permission,
    NotFound,
    Conflict,
    BadRequest,
    Unprocessable,
    RateLimited,
    Server,
    Decode,
    UnexpectedContent,
    Redirect,
    OutcomeUnknown,
    NeedsAttention,
    MaxWait,
    StepFailed,
    Stopped,
    Checkpoint,
    Webhook,
    Saml,
    Internal,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The serialised form is a JSON string; what is between its quotes is the name.
        let text = serde_json::to_string(self).map_err(|_| fmt::Error)?;
        f.write_str(text.trim_matches('"'))
    }
}

/// What became of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// Nothing left this machine: connecting failed, or the call was refused before.
    NotSent,
    /// The server answered that it did not do it (a complete 4xx).
    Rejected,
    /// Something left and no usable answer came: the server may or may not have done it.
    Unknown,
    /// The server answered.
    Answered,
}

/// An error, with everything a caller needs to decide what to do next. Never holds a secret.
#[derive(Clone, thiserror::Error, Serialize, Deserialize)]
#[error("{}", self.sentence())]
#[serde(transparent)]
pub struct Error(Box<Report>);

/// The fields of an [`Error`], as they cross to Python and Node.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// What kind of failure it is.
    pub code: Code,
    /// What happened, in a sentence.
    pub message: String,
    /// The system spoken to, e.g. `magento_bi`.
    pub system: Option<String>,
    /// The operation, e.g. `magento_bi.signups.create`.
    pub operation: Option<String>,
    /// What became of the request; absent where none was meant.
    pub outcome: Option<Outcome>,
    /// HTTP status of the reply.
    pub status: Option<u16>,
    /// `x-request-id` of the reply, else of the request.
    pub request_id: Option<String>,
    /// Milliseconds that the server asked to wait.
    pub retry_after_ms: Option<u64>,
    /// Whether sending the same again later is safe and may help.
    pub retryable: bool,
    /// What to change.
    pub hint: Option<String>,
    /// More facts, by name.
    pub details: Map<String, Value>,
    /// Messages of the underlying errors, outermost first.
    pub causes: Vec<String>,
    /// For a flow: the checkpoint to go on from, as JSON text.
    pub checkpoint: Option<String>,
}

impl Error {
    /// Makes an error of `code` that says `message`.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Report {
            code,
            message: message.into(),
            system: None,
            operation: None,
            outcome: None,
            status: None,
            request_id: None,
            retry_after_ms: None,
            retryable: false,
            hint: None,
            details: Map::new(),
            causes: Vec::new(),
            checkpoint: None,
        }))
    }

    /// A setting that cannot be used; `hint` says what to change.
    pub fn config(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Code::Config, message).with_outcome(Outcome::NotSent).with_hint(hint)
    }

    /// An argument that cannot be used, named by its path.
    pub fn validation(field: &str, message: impl fmt::Display) -> Self {
        Self::new(Code::Validation, format!("{field}: {message}"))
            .with_outcome(Outcome::NotSent)
            .with_detail("field", field)
    }

    /// A defect of this library.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Code::Internal, message).with_hint("this is a defect of tenantry: please report it")
    }

    /// All fields.
    pub fn report(&self) -> &Report {
        &self.0
    }

    pub(crate) fn report_mut(&mut self) -> &mut Report {
        &mut self.0
    }

    /// What kind of failure it is.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What became of the request.
    pub fn outcome(&self) -> Option<Outcome> {
        self.0.outcome
    }

    /// HTTP status of the reply, if one came.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// For a flow: the checkpoint to go on from, as JSON text.
    pub fn checkpoint(&self) -> Option<&str> {
        self.0.checkpoint.as_deref()
    }

    pub(crate) fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.0.outcome = Some(outcome);
        self
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    pub(crate) fn with_detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.details.insert(name.to_owned(), value.into());
        self
    }

    fn sentence(&self) -> String {
        let report = &self.0;
        let mut text = String::new();
        if let Some(operation) = &report.operation {
            text.push_str(operation);
            text.push_str(": ");
        }
        text.push_str(&report.message);
        if let Some(hint) = &report.hint {
            text.push_str(" (");
            text.push_str(hint);
            text.push(')');
        }
        text
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_operation_message_and_hint() {
        let mut error = Error::config("base_url is plain http", "use https");
        error.report_mut().operation = Some("magento_bi.tokens.create".to_owned());
        assert_eq!(error.to_string(), "magento_bi.tokens.create: base_url is plain http (use https)");
    }

    #[test]
    fn codes_cross_in_snake_case() {
        assert_eq!(Code::OutcomeUnknown.to_string(), "outcome_unknown");
        assert_eq!(serde_json::to_value(Outcome::NotSent).unwrap(), "not_sent");
    }

    #[test]
    fn an_error_survives_its_json_form() {
        let error = Error::validation("admin.email", "is missing");
        let text = serde_json::to_string(&error).unwrap();
        let back: Error = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&back).unwrap(), text);
    }
}
