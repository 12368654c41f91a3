//! What can go wrong with a sandbox itself; what it answers over HTTP is no error of this kind.

use std::io;

/// The one error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The port is taken or may not be used.
    #[error("the sandbox cannot listen on 127.0.0.1:{port}: {source}; choose another port, or 0 for any free one")]
    Bind {
        /// The port that was asked for.
        port: u16,
        /// What the operating system said.
        source: io::Error,
    },
    /// The operating system gives no thread or no event loop.
    #[error("the sandbox cannot start its thread: {0}")]
    Thread(#[source] io::Error),
    /// A fault rule, an outcome or a seed is not of the documented shape; the text names the key.
    #[error("{0}")]
    Invalid(String),
    /// The app that a webhook was to reach does not answer.
    #[error("the app does not answer: {0}")]
    Delivery(String),
    /// Time was to be moved by hand, but it is the machine's.
    #[error("the sandbox runs on the real clock, which cannot be advanced: start it with ClockKind::Virtual")]
    RealClock,
}

impl SandboxError {
    /// Reads `value` into `T`, and says `what` and which key is wrong if that fails.
    pub(crate) fn reading<T: serde::de::DeserializeOwned>(
        what: &str,
        value: serde_json::Value,
    ) -> Result<T, SandboxError> {
        serde_path_to_error::deserialize(value).map_err(|error| {
            let path = error.path().to_string();
            if path == "." {
                SandboxError::Invalid(format!("{what}: {}", error.inner()))
            } else {
                SandboxError::Invalid(format!("{what}: key `{path}`: {}", error.inner()))
            }
        })
    }
}
