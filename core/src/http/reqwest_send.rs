//! [`HttpSend`] over reqwest: rustls with ring, no redirects, no retries, no cookies, no default credentials.

use std::error::Error as StdError;
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, TryFutureExt as _};
use reqwest::{Certificate, Client, ClientBuilder};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use url::Url;

use super::base_url::is_loopback;
use super::{Answer, Failure, Head, HttpSend, Options, Proxy, causes};
use crate::error::{Code, Error, Outcome, Result};

/// Connections over reqwest; those to the loopback never go through a proxy.
pub struct ReqwestSend {
    settings: Settings,
    direct: OnceLock<Client>,
    proxied: OnceLock<Client>,
}

struct Settings {
    connect_timeout: std::time::Duration,
    certificates: Vec<Certificate>,
    proxy: Option<Proxy>,
}

impl ReqwestSend {
    /// Prepares connections with `options`; nothing is opened before the first request.
    ///
    /// # Errors
    /// `config` when the CA file or the proxy's URL cannot be used.
    pub fn new(options: &Options) -> Result<Arc<Self>> {
        let certificates = options.ca_file.as_deref().map(read_certificates).transpose()?.unwrap_or_default();
        if let Some(Proxy::Url(url)) = &options.proxy {
            // The URL may hold a password: neither it nor reqwest's message is shown. Schemes that reqwest was built
            // without (SOCKS) it takes here and fails on later.
            let http = Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
            if !http || reqwest::Proxy::all(url).is_err() {
                return Err(Error::config("proxy is not the URL of an HTTP proxy", "write http://HOST:PORT"));
            }
        }
        let settings =
            Settings { connect_timeout: options.connect_timeout(), certificates, proxy: options.proxy.clone() };
        Ok(Arc::new(Self { settings, direct: OnceLock::new(), proxied: OnceLock::new() }))
    }

    fn client(&self, head: &Head) -> std::result::Result<&Client, Failure> {
        let direct = is_loopback(&head.url) || self.settings.proxy == Some(Proxy::Environment(false));
        let slot = if direct { &self.direct } else { &self.proxied };
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        let client = self.settings.build(direct).map_err(|error| Failure {
            code: Code::Config,
            outcome: Outcome::NotSent,
            reason: "setup",
            message: "the HTTP client cannot be set up".to_owned(),
            causes: causes(&error),
        })?;
        // Two threads may have built one each; the first stays.
        Ok(slot.get_or_init(|| client))
    }
}

impl Settings {
    fn builder(&self, direct: bool) -> reqwest::Result<ClientBuilder> {
        let mut builder = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(self.connect_timeout)
            .tcp_nodelay(true);
        if direct {
            builder = builder.no_proxy();
        } else if let Some(Proxy::Url(url)) = &self.proxy {
            builder = builder.no_proxy().proxy(reqwest::Proxy::all(url)?);
        }
        Ok(builder)
    }

    fn build(&self, direct: bool) -> reqwest::Result<Client> {
        // Fails only when a provider is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let with_system = self.builder(direct)?.tls_certs_merge(self.certificates.clone()).build();
        // A machine without a certificate store fails here even for plain http: the bundled roots then serve.
        with_system.or_else(|_| {
            let bundled = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().map(|der| Certificate::from_der(der));
            let bundled: Vec<Certificate> = bundled.collect::<reqwest::Result<_>>()?;
            self.builder(direct)?.tls_certs_only(bundled.into_iter().chain(self.certificates.clone())).build()
        })
    }
}

fn read_certificates(path: &std::path::Path) -> Result<Vec<Certificate>> {
    let problem =
        |what: &str| Error::config(format!("ca_file {}: {what}", path.display()), "give a file of PEM certificates");
    let pem = std::fs::read(path).map_err(|error| problem(&error.to_string()))?;
    let mut certificates = Vec::new();
    // Checked here, so that a broken file is an error before the first request, and one that names it.
    let mut store = RootCertStore::empty();
    for der in CertificateDer::pem_slice_iter(&pem) {
        let der = der.map_err(|_| problem("holds no readable certificate"))?;
        certificates.push(Certificate::from_der(&der).map_err(|_| problem("holds no readable certificate"))?);
        store.add(der).map_err(|_| problem("holds a certificate that cannot be used"))?;
    }
    if certificates.is_empty() { Err(problem("holds no certificate")) } else { Ok(certificates) }
}

impl HttpSend for ReqwestSend {
    fn send(&self, head: Head, body: Bytes) -> BoxFuture<'_, std::result::Result<Answer, Failure>> {
        async move {
            let client = self.client(&head)?;
            let secure = head.url.scheme() == "https";
            let mut request = reqwest::Request::new(head.method, head.url);
            *request.headers_mut() = head.headers;
            if !body.is_empty() {
                *request.body_mut() = Some(body.into());
            }
            let response = client.execute(request).map_err(|error| failure(error, "reset", secure)).await?;
            Ok(Answer {
                status: response.status().as_u16(),
                headers: response.headers().clone(),
                body: response
                    .bytes_stream()
                    .map(move |chunk| chunk.map_err(|error| failure(error, "body_truncated", secure)))
                    .boxed(),
            })
        }
        .boxed()
    }
}

/// Classifies reqwest's error. Only a failure to connect proves that nothing was sent.
fn failure(error: reqwest::Error, otherwise: &'static str, secure: bool) -> Failure {
    let error = error.without_url();
    let not_sent = error.is_connect() || error.is_builder();
    let outcome = if not_sent { Outcome::NotSent } else { Outcome::Unknown };
    let chain = causes(&error);
    let (code, reason, message) = if !not_sent {
        let message = match otherwise {
            "body_truncated" => "the connection ended before the reply was complete",
            _ => "the connection ended before a reply came",
        };
        (Code::Connection, otherwise, message)
    } else if error.is_timeout() {
        (Code::Timeout, "connect", "connecting took too long")
    } else if error.is_dns() {
        (Code::Connection, "dns", "the host's name cannot be resolved")
    } else if is_tls(&error, secure) {
        (Code::Connection, "tls", "no secure connection could be made")
    } else {
        (Code::Connection, "connect", "no connection could be made")
    };
    Failure { code, outcome, reason, message: message.to_owned(), causes: chain }
}

/// Whether the handshake failed, however deep the error lies: rustls refused, or the other side went away in it.
fn is_tls(error: &(dyn StdError + 'static), secure: bool) -> bool {
    let mut next = Some(error);
    while let Some(cause) = next {
        if cause.is::<rustls::Error>() {
            return true;
        }
        let io = cause.downcast_ref::<io::Error>();
        if let Some(io) = io
            && secure
            && matches!(io.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
        {
            return true;
        }
        // An io::Error hides what it carries from `source()`, but not from `get_ref()`; it may carry another one.
        let carried = io.and_then(io::Error::get_ref);
        next = carried.map(|carried| carried as &(dyn StdError + 'static)).or_else(|| cause.source());
    }
    false
}

impl fmt::Debug for ReqwestSend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReqwestSend")
    }
}
