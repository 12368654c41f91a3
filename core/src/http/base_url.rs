//! The base of every URL that a client builds.

use std::net::IpAddr;

use url::{Host, Url};

use crate::error::{Code, Error, Outcome, Result};

/// A checked base URL: https, or plain http to the loopback or by explicit opt-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    url: Url,
    /// Host and port, as people read them.
    host: String,
}

impl BaseUrl {
    /// Checks `text`, which the caller knows as `field`.
    ///
    /// # Errors
    /// `config` when it is no URL, is not https (see `allow_insecure_http`), or holds credentials, a query or a fragment.
    pub fn parse(field: &str, text: &str, allow_insecure_http: bool) -> Result<Self> {
        let url = Url::parse(text)
            .map_err(|error| Error::config(format!("{field} is not a URL: {error}"), "write https://HOST"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::config(format!("{field} holds credentials"), "give them as arguments of their own"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(Error::config(format!("{field} holds a query or a fragment"), "write https://HOST alone"));
        }
        let host = url.host_str().unwrap_or_default();
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let base = Self { url, host };
        match base.url.scheme() {
            "https" => {}
            "http" => base.check_plain(field, allow_insecure_http)?,
            scheme => return Err(Error::config(format!("{field} has the scheme {scheme}"), "write https://HOST")),
        }
        if base.url.host().is_none() {
            return Err(Error::config(format!("{field} has no host"), "write https://HOST"));
        }
        Ok(base)
    }

    /// Refuses plain http to another machine unless it was asked for.
    pub(crate) fn check_plain(&self, field: &str, allow_insecure_http: bool) -> Result<()> {
        if self.is_insecure() && !allow_insecure_http {
            return Err(Error::config(
                format!("{field} is plain http, and secrets would cross the network readable"),
                "use https, or allow_insecure_http if the network is yours",
            ));
        }
        Ok(())
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Whether requests cross a network unencrypted.
    pub fn is_insecure(&self) -> bool {
        self.url.scheme() == "http" && !self.is_loopback()
    }

    /// Whether the host is this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }

    /// Scheme, host and port, e.g. `http://127.0.0.1:5000`.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Host and port for people and events.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The URL without a trailing slash.
    pub fn as_str(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// The base followed by `path`, which starts with `/` and has no query. No path can leave the base.
    ///
    /// # Errors
    /// `invalid_id` when the result is anything but base and path, character for character.
    pub(crate) fn join(&self, path: &str) -> Result<Url> {
        let whole = format!("{}{path}", self.url.path().trim_end_matches('/'));
        let mut url = self.url.clone();
        // Only what may change is read again: scheme and host stay as they were checked.
        url.set_path(&whole);
        if !path.starts_with('/') || url.path() != whole {
            return Err(Error::new(Code::InvalidId, "the path would change the URL")
                .with_outcome(Outcome::NotSent)
                .with_hint("write a plain path that starts with one /"));
        }
        Ok(url)
    }
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_needs_the_loopback_or_an_opt_in() {
        assert!(BaseUrl::parse("base_url", "https://api.example.com", false).is_ok());
        for loopback in ["http://127.0.0.1:5000", "http://localhost", "http://[::1]:1", "http://api.localhost:5000"] {
            assert!(BaseUrl::parse("base_url", loopback, false).is_ok(), "{loopback}");
        }
        for remote in ["http://api.example.com", "http://localhost.example.com", "http://128.0.0.1", "http://0.0.0.0"] {
            let error = BaseUrl::parse("base_url", remote, false).unwrap_err();
            assert!(error.code() == Code::Config && error.to_string().contains("base_url is plain http"), "{error}");
            assert!(BaseUrl::parse("base_url", remote, true).unwrap().is_insecure());
        }
    }

    #[test]
    fn what_is_no_base_is_refused_without_echoing_it() {
        for text in ["", "api.example.com", "ftp://x", "https://u:hunter2@x", "https://x?a=hunter2", "https://x#y"] {
            let error = BaseUrl::parse("dashboard_url", text, true).unwrap_err();
            assert!(error.to_string().contains("dashboard_url") && !error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_path_cannot_leave_the_base() {
        let base = BaseUrl::parse("base_url", "https://example.com/prefix/", false).unwrap();
        assert_eq!(base.join("/v3/signups/1").unwrap().as_str(), "https://example.com/prefix/v3/signups/1");
        for path in ["/../x", "/a/./b", "/a\\b", "/a b", "/ü", ".evil.com/x", "@evil.com/", "/a?b", "/a#b", ""] {
            assert!(base.join(path).is_err(), "{path}");
        }
    }
}
