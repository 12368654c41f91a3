//! How this Maestrano behaves where its documents are silent, and where the app is.

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use url::Url;

use super::credentials::MARKETPLACES;
use crate::error::SandboxError;

/// How the identity provider signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Signature {
    Sha256,
    Sha1,
    /// SHA-256 under the names that the vendor's provider gives it.
    Sha256Nonstandard,
}

impl Signature {
    fn word(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha1 => "sha1",
            Self::Sha256Nonstandard => "sha256_nonstandard",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Behaviour {
    /// The app's URL, without a slash at its end.
    pub(super) app_host: String,
    pub(super) signature: Signature,
    /// Values in assertions are escaped, as XML wants it.
    pub(super) escape: bool,
    /// How long after its creation a bill is invoiced; none: on the 25th.
    pub(super) invoice_ms: Option<i64>,
    /// Sessions that exist are valid.
    pub(super) session_valid: bool,
    /// When an app shall look again whether a session is valid.
    pub(super) recheck_ms: i64,
    /// The marketplace whose configuration is malformed.
    pub(super) broken: Option<String>,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            app_host: "http://127.0.0.1:8000".to_owned(),
            signature: Signature::Sha256,
            escape: true,
            invoice_ms: None,
            session_valid: true,
            recheck_ms: 180_000,
            broken: None,
        }
    }
}

/// What is to change; absent keys stay as they are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    app_host: Option<String>,
    signature: Option<Signature>,
    escape: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    invoice_ms: Option<Option<u32>>,
    session_valid: Option<bool>,
    recheck_ms: Option<u32>,
    #[serde(default, deserialize_with = "given")]
    broken: Option<Option<String>>,
    #[serde(default)]
    rotate_keys: bool,
}

/// Tells `null` from a key that is not there.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Behaviour {
    /// The behaviour after a change, and whether keys are to be made anew; the error names the key.
    pub(super) fn changed(&self, change: Value) -> Result<(Behaviour, bool), SandboxError> {
        let change: Change = SandboxError::reading("maestrano behaviour", change)?;
        let wrong = |key: &str, why: &str| SandboxError::Invalid(format!("maestrano behaviour: key `{key}`: {why}"));
        let mut changed = self.clone();
        if let Some(host) = change.app_host {
            let url = Url::parse(&host).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
            url.ok_or_else(|| wrong("app_host", "an http URL, e.g. http://127.0.0.1:8000"))?;
            changed.app_host = host.trim_end_matches('/').to_owned();
        }
        if let Some(broken) = change.broken {
            if broken.as_deref().is_some_and(|name| !MARKETPLACES.contains(&name)) {
                return Err(wrong("broken", "maestrano, some-telco or null"));
            }
            changed.broken = broken;
        }
        changed.signature = change.signature.unwrap_or(changed.signature);
        changed.escape = change.escape.unwrap_or(changed.escape);
        changed.invoice_ms = change.invoice_ms.map_or(changed.invoice_ms, |ms| ms.map(i64::from));
        changed.session_valid = change.session_valid.unwrap_or(changed.session_valid);
        changed.recheck_ms = change.recheck_ms.map_or(changed.recheck_ms, i64::from);
        Ok((changed, change.rotate_keys))
    }

    pub(super) fn show(&self) -> Value {
        json!({
            "app_host": self.app_host, "signature": self.signature.word(), "escape": self.escape,
            "invoice_ms": self.invoice_ms, "session_valid": self.session_valid, "recheck_ms": self.recheck_ms,
            "broken": self.broken,
        })
    }
}
