//! Which way a request goes.

use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures::future::BoxFuture;
use url::Url;

use super::base_url::is_loopback;
use super::direct::DirectSend;
use super::{Answer, Failure, Head, HttpSend, Options, Proxy, ReqwestSend};
use crate::error::Result;

/// Sends plain http to a server that no proxy stands before by [`DirectSend`], and everything else by [`ReqwestSend`].
pub struct Sender {
    direct: DirectSend,
    reqwest: Arc<ReqwestSend>,
    proxy: Option<Proxy>,
    /// Whether the environment names a proxy; looked up once, as reqwest does.
    environment: OnceLock<bool>,
}

impl Sender {
    /// Prepares connections with `options`; nothing is opened before the first request.
    ///
    /// # Errors
    /// `config` when the CA file or the proxy's URL cannot be used.
    pub fn new(options: &Options) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            direct: DirectSend::new(options),
            reqwest: ReqwestSend::new(options)?,
            proxy: options.proxy.clone(),
            environment: OnceLock::new(),
        }))
    }

    fn is_direct(&self, url: &Url) -> bool {
        let proxied = || match self.proxy {
            Some(Proxy::Environment(false)) => false,
            Some(Proxy::Url(_)) => true,
            Some(Proxy::Environment(true)) | None => *self.environment.get_or_init(environment_has_proxy),
        };
        url.scheme() == "http" && (is_loopback(url) || !proxied())
    }
}

/// Whether a proxy may be meant for plain http; which hosts are exempt is reqwest's to know.
fn environment_has_proxy() -> bool {
    // These systems have settings beside the environment.
    cfg!(any(windows, target_vendor = "apple"))
        || ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

impl HttpSend for Sender {
    fn send(&self, head: Head, body: Bytes) -> BoxFuture<'_, std::result::Result<Answer, Failure>> {
        if self.is_direct(&head.url) { self.direct.send(head, body) } else { self.reqwest.send(head, body) }
    }

    fn inline(&self, url: &Url) -> bool {
        self.is_direct(url)
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goes_direct(options: &str, url: &str) -> bool {
        Sender::new(&serde_json::from_str(options).unwrap()).unwrap().inline(&url.parse().unwrap())
    }

    #[test]
    fn the_loopback_is_always_reached_directly_unless_it_speaks_tls() {
        for proxy in [r"{}", r#"{"proxy": true}"#, r#"{"proxy": false}"#, r#"{"proxy": "http://127.0.0.1:1"}"#] {
            for url in ["http://127.0.0.1:5000/a", "http://localhost", "http://[::1]:1", "http://api.localhost:5000"] {
                assert!(goes_direct(proxy, url), "{proxy} {url}");
            }
            assert!(!goes_direct(proxy, "https://127.0.0.1:5000/a"), "{proxy}");
        }
    }

    #[test]
    fn another_machine_is_reached_directly_only_without_a_proxy() {
        assert!(goes_direct(r#"{"proxy": false}"#, "http://api.example.com"));
        assert!(!goes_direct(r#"{"proxy": "http://127.0.0.1:1"}"#, "http://api.example.com"));
        assert!(!goes_direct(r#"{"proxy": false}"#, "https://api.example.com"));
    }
}
