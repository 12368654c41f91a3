//! The options that every client takes, and every call may change.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderMap, HeaderName};
use serde::Deserialize;

use super::{Limits, header_value};
use crate::error::{Error, Result};

/// Connection options. An absent one keeps its default, or on a call the client's value.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Milliseconds for one request, its reply included; default 30,000.
    pub timeout_ms: Option<u64>,
    /// Milliseconds for connecting, TLS included; default 10,000.
    pub connect_timeout_ms: Option<u64>,
    /// Milliseconds until a reply begins; default: those of the whole request.
    pub first_byte_timeout_ms: Option<u64>,
    /// How often a failed request is sent again, where that is safe; default 2, at most 10.
    pub max_retries: Option<u32>,
    /// Which proxy to use; default: the environment's. Never used for the loopback.
    pub proxy: Option<Proxy>,
    /// A file of PEM certificates to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Allows plain http to other machines; default false. Each call then emits an `insecure_http` event.
    pub allow_insecure_http: Option<bool>,
    /// Put in front of tenantry's own user agent.
    pub user_agent: Option<String>,
    /// Sent with every request; credentials and framing headers are refused here.
    pub extra_headers: Option<BTreeMap<String, String>>,
    /// Bytes of a decoded reply that are read at most; default 16 MiB.
    pub max_response_bytes: Option<usize>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Extra headers may be credentials of a gateway: their names alone are shown.
        let names: Vec<&String> = self.extra_headers.iter().flat_map(BTreeMap::keys).collect();
        f.debug_struct("Options")
            .field("timeout_ms", &self.timeout_ms)
            .field("max_retries", &self.max_retries)
            .field("proxy", &self.proxy)
            .field("ca_file", &self.ca_file)
            .field("allow_insecure_http", &self.allow_insecure_http)
            .field("extra_headers", &names)
            .finish_non_exhaustive()
    }
}

/// Which proxy to use.
#[derive(Clone, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum Proxy {
    /// `false`: none; `true`: the environment's.
    Environment(bool),
    /// This one.
    Url(String),
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Environment(on) => write!(f, "Environment({on})"),
            // A proxy's URL may hold its password.
            Self::Url(_) => f.write_str("Url(***)"),
        }
    }
}

const DEFAULT_TIMEOUT_MS: u64 = 30_000;
const DEFAULT_CONNECT_TIMEOUT_MS: u64 = 10_000;
const DEFAULT_MAX_RETRIES: u32 = 2;
const DEFAULT_MAX_RESPONSE_BYTES: usize = 16 * 1024 * 1024;

/// Headers that this crate writes itself: a caller who sets them would break framing, identity or authentication.
const RESERVED: [&str; 13] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "content-type",
    "content-encoding",
    "accept-encoding",
    "expect",
    "te",
    "x-request-id",
];

impl Options {
    /// These options, where absent those of `base`.
    pub(crate) fn or(self, base: &Self) -> Self {
        let base = base.clone();
        Self {
            timeout_ms: self.timeout_ms.or(base.timeout_ms),
            connect_timeout_ms: self.connect_timeout_ms.or(base.connect_timeout_ms),
            first_byte_timeout_ms: self.first_byte_timeout_ms.or(base.first_byte_timeout_ms),
            max_retries: self.max_retries.or(base.max_retries),
            proxy: self.proxy.or(base.proxy),
            ca_file: self.ca_file.or(base.ca_file),
            allow_insecure_http: self.allow_insecure_http.or(base.allow_insecure_http),
            user_agent: self.user_agent.or(base.user_agent),
            extra_headers: self.extra_headers.or(base.extra_headers),
            max_response_bytes: self.max_response_bytes.or(base.max_response_bytes),
        }
    }

    /// Whether a call with these options is like one without.
    pub(crate) fn is_empty(&self) -> bool {
        let Self {
            timeout_ms,
            connect_timeout_ms,
            first_byte_timeout_ms,
            max_retries,
            proxy,
            ca_file,
            allow_insecure_http,
            user_agent,
            extra_headers,
            max_response_bytes,
        } = self;
        timeout_ms.is_none()
            && connect_timeout_ms.is_none()
            && first_byte_timeout_ms.is_none()
            && max_retries.is_none()
            && proxy.is_none()
            && ca_file.is_none()
            && allow_insecure_http.is_none()
            && user_agent.is_none()
            && extra_headers.is_none()
            && max_response_bytes.is_none()
    }

    /// Whether a call with these options needs connections of its own beside `base`'s.
    pub(crate) fn connects_otherwise(&self, base: &Self) -> bool {
        self.proxy != base.proxy || self.ca_file != base.ca_file || self.connect_timeout_ms != base.connect_timeout_ms
    }

    /// Checks every value.
    ///
    /// # Errors
    /// `config` or `validation`, naming the option.
    pub fn check(&self) -> Result<()> {
        for (name, value) in [
            ("timeout", self.timeout_ms),
            ("connect_timeout", self.connect_timeout_ms),
            ("first_byte_timeout", self.first_byte_timeout_ms),
        ] {
            if value == Some(0) {
                return Err(Error::config(format!("{name} is zero"), "give a positive time"));
            }
        }
        if self.max_retries.is_some_and(|retries| retries > 10) {
            return Err(Error::config("max_retries is more than 10", "give 0 to 10"));
        }
        if self.max_response_bytes == Some(0) {
            return Err(Error::config("max_response_bytes is zero", "give a positive number of bytes"));
        }
        self.headers().map(drop)
    }

    pub(crate) fn limits(&self) -> Limits {
        let total = Duration::from_millis(self.timeout_ms.unwrap_or(DEFAULT_TIMEOUT_MS));
        let first_byte = self.first_byte_timeout_ms.map(Duration::from_millis);
        Limits { total, first_byte, max_response_bytes: self.max_response_bytes.unwrap_or(DEFAULT_MAX_RESPONSE_BYTES) }
    }

    /// Shorter than the request's own limit, so that a connection that is never made is known as one.
    pub(crate) fn connect_timeout(&self) -> Duration {
        let connect = Duration::from_millis(self.connect_timeout_ms.unwrap_or(DEFAULT_CONNECT_TIMEOUT_MS));
        connect.min(self.limits().total * 9 / 10)
    }

    pub(crate) fn max_attempts(&self) -> u32 {
        self.max_retries.unwrap_or(DEFAULT_MAX_RETRIES) + 1
    }

    /// The user agent and the extra headers.
    pub(crate) fn headers(&self) -> Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        for (name, value) in self.extra_headers.iter().flatten() {
            let field = format!("extra_headers.{}", name.escape_default());
            let parsed = HeaderName::try_from(name.as_str())
                .map_err(|_| Error::validation(&field, "is not the name of a header"))?;
            if RESERVED.contains(&parsed.as_str()) {
                return Err(Error::validation(&field, "is written by tenantry itself"));
            }
            // Its value may be a credential of the caller's own gateway.
            let mut value = header_value(&field, value)?;
            value.set_sensitive(true);
            headers.insert(parsed, value);
        }
        let own = concat!("tenantry/", env!("CARGO_PKG_VERSION"));
        let agent = self.user_agent.as_ref().map_or(own.to_owned(), |prefix| format!("{prefix} {own}"));
        headers.insert(http::header::USER_AGENT, header_value("user_agent", &agent)?);
        Ok(headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(json: &str) -> std::result::Result<Options, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn an_unknown_option_is_refused_by_name() {
        assert!(options(r#"{"time_out_ms": 1}"#).unwrap_err().to_string().contains("time_out_ms"));
    }

    #[test]
    fn no_option_turns_certificate_checks_off() {
        for name in ["insecure", "verify", "danger_accept_invalid_certs", "skip_tls", "reject_unauthorized"] {
            assert!(options(&format!(r#"{{"{name}": false}}"#)).is_err(), "{name}");
        }
    }

    #[test]
    fn headers_that_tenantry_writes_are_refused() {
        for name in RESERVED {
            let given = options(&format!(r#"{{"extra_headers": {{"{name}": "x"}}}}"#)).unwrap();
            assert!(given.check().unwrap_err().to_string().contains(name), "{name}");
        }
    }

    #[test]
    fn a_call_changes_only_what_it_names() {
        let base = options(r#"{"timeout_ms": 5, "max_retries": 4}"#).unwrap();
        let both = options(r#"{"timeout_ms": 7}"#).unwrap().or(&base);
        assert_eq!((both.timeout_ms, both.max_attempts()), (Some(7), 5));
        assert!(!both.connects_otherwise(&base));
        assert!(!both.is_empty() && Options::default().is_empty());
        assert!(options(r#"{"proxy": false}"#).unwrap().or(&base).connects_otherwise(&base));
    }
}
