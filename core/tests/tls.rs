//! Secure connections that cannot be made, for every operation (fault matrix N7).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, SupportedProtocolVersion, version};
use serde_json::json;
use support::fake::{Canned, somebody};
use support::samples::{Sample, samples, token};
use support::wire::{Request, Script, Step, Wire, converse};
use support::{bounded, detail, options};
use tenantry::http::{Options, ReqwestSend};
use tenantry::{Code, Error, Outcome};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

/// An authority of this run alone, and the file that clients trust it by.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: tempfile::NamedTempFile,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), issuer.pem()).unwrap();
        Self { issuer, file }
    }

    /// A sender that trusts it.
    fn sender(&self) -> Arc<ReqwestSend> {
        ReqwestSend::new(&options(json!({"ca_file": self.file.path(), "proxy": false}))).unwrap()
    }

    fn server(&self, params: CertificateParams, versions: &[&'static SupportedProtocolVersion]) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        acceptor(certificate.der().to_vec(), &key, versions)
    }
}

fn acceptor(certificate: Vec<u8>, key: &KeyPair, versions: &[&'static SupportedProtocolVersion]) -> TlsAcceptor {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.into()], key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Every operation of Magento BI, and of each service of Maestrano: all of a service have its connections.
fn over_tls() -> Vec<Sample> {
    let of_maestrano = ["groups.get", "bills.create", "connec.page", "marketplaces.refresh"];
    let known = |sample: &Sample| of_maestrano.iter().any(|name| sample.name() == format!("maestrano.{name}"));
    samples().into_iter().filter(|sample| sample.system() == "magento_bi" || known(sample)).collect()
}

fn localhost() -> CertificateParams {
    CertificateParams::new(vec!["localhost".to_owned()]).unwrap()
}

/// Serves `sample`'s reply, and tokens, behind `acceptor`.
async fn serve(acceptor: TlsAcceptor, sample: &Sample) -> Wire {
    let (reply, itself) = (sample.canned(200).on_the_wire(), sample.is_login());
    let script: Script = Arc::new(move |request: &Request| {
        let login = request.target() == "/v1/tokens" && !itself;
        Step::Keep(if login { Canned::json(201, &token()).on_the_wire() } else { reply.clone() })
    });
    Wire::serving(move |socket, seen| {
        let (acceptor, script) = (acceptor.clone(), script.clone());
        async move {
            if let Ok(mut stream) = acceptor.accept(socket).await {
                converse(&mut stream, &script, &seen).await;
            }
        }
    })
    .await
}

async fn call(sender: &Arc<ReqwestSend>, sample: &Sample, addr: SocketAddr) -> Result<String, Error> {
    let url = format!("https://localhost:{}", addr.port());
    let client = somebody().base_url(&url).dashboard_url(&url).http_send(sender.clone());
    let client = client.build().unwrap();
    bounded(sample.name(), sample.call(&client, options(json!({"max_retries": 0})))).await
}

fn check_refused(sample: &Sample, what: &str, result: Result<String, Error>) {
    let error = result.unwrap_err();
    let case = format!("{} {what}: {error:?}", sample.name());
    assert_eq!((error.code(), error.outcome()), (Code::Connection, Some(Outcome::NotSent)), "{case}");
    assert_eq!(detail(&error, "reason"), "tls", "{case}");
    assert!(error.to_string().contains("localhost"), "{case}");
}

const VERSIONS: [&SupportedProtocolVersion; 2] = [&version::TLS12, &version::TLS13];

#[tokio::test]
async fn n7_a_certificate_of_a_trusted_file_is_accepted_by_every_version() {
    let authority = Authority::new();
    let sender = authority.sender();
    for version in VERSIONS {
        for sample in over_tls() {
            let server = serve(authority.server(localhost(), &[version]), &sample).await;
            let reply = call(&sender, &sample, server.addr).await;
            assert_eq!(reply.unwrap(), sample.answer(), "{}", sample.name());
        }
    }
}

#[tokio::test]
async fn n7_a_certificate_that_proves_nothing_is_refused_before_anything_is_sent() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let sender = authority.sender();
    let expired = || {
        let mut params = localhost();
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(2002, 1, 1);
        params
    };
    let early = || {
        let mut params = localhost();
        params.not_before = rcgen::date_time_ymd(2200, 1, 1);
        params.not_after = rcgen::date_time_ymd(2201, 1, 1);
        params
    };
    let elsewhere = || CertificateParams::new(vec!["api.example.com".to_owned(), "*.localhost".to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    let self_signed = localhost().self_signed(&key).unwrap();
    let refused = [
        ("expired", authority.server(expired(), &VERSIONS)),
        ("not yet valid", authority.server(early(), &VERSIONS)),
        ("another host's", authority.server(elsewhere(), &VERSIONS)),
        ("self-signed", acceptor(self_signed.der().to_vec(), &key, &VERSIONS)),
        ("an unknown authority's", stranger.server(localhost(), &VERSIONS)),
    ];
    for (what, acceptor) in refused {
        for sample in over_tls() {
            let server = serve(acceptor.clone(), &sample).await;
            check_refused(&sample, what, call(&sender, &sample, server.addr).await);
            assert!(server.seen().is_empty(), "{} {what}", sample.name());
        }
    }
}

#[tokio::test]
async fn n7_without_its_file_a_private_authority_is_unknown() {
    let authority = Authority::new();
    let sender = ReqwestSend::new(&Options::default()).unwrap();
    for sample in over_tls() {
        let server = serve(authority.server(localhost(), &VERSIONS), &sample).await;
        check_refused(&sample, "no file", call(&sender, &sample, server.addr).await);
        assert!(server.seen().is_empty());
    }
}

/// A server that reads the client's greeting, says `reply`, and breaks or ends the connection.
async fn says(reply: &'static [u8], reset: bool) -> Wire {
    Wire::serving(move |mut socket: TcpStream, seen| async move {
        let mut greeting = vec![0; 4_096];
        let length = socket.read(&mut greeting).await.unwrap_or(0);
        greeting.truncate(length);
        let head = String::from_utf8_lossy(&greeting).into_owned();
        seen.lock().unwrap().push(Request { head, body: greeting });
        let _ = socket.write_all(reply).await;
        if reset {
            let _ = socket.set_zero_linger();
        } else {
            let _ = socket.shutdown().await;
        }
    })
    .await
}

/// The answer of a server that knows TLS 1.0 at most: its hello, as RFC 2246 has it.
const TLS_1_0: &[u8] = &{
    let mut hello = [0x5a; 47];
    let start = [0x16, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1];
    let mut n = 0;
    while n < start.len() {
        hello[n] = start[n];
        n += 1;
    }
    // After 32 bytes of randomness: no session, a cipher suite, no compression.
    hello[43] = 0;
    hello[44] = 0;
    hello[45] = 0x2f;
    hello[46] = 0;
    hello
};

#[tokio::test]
async fn n7_a_server_that_cannot_speak_tls_hears_no_word_in_the_clear() {
    let sender = Authority::new().sender();
    let rows = [
        ("plain text", b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n".as_slice(), false),
        ("plain text, then a reset", b"HTTP/1.1 200 OK\r\n\r\n{}".as_slice(), true),
        ("a reset in the handshake", b"".as_slice(), true),
        ("an end in the handshake", b"".as_slice(), false),
        ("half a record", &[0x16, 3, 3, 1, 0, 2], false),
        ("an alert: protocol version", &[0x15, 3, 1, 0, 2, 2, 70], false),
        ("TLS 1.0", TLS_1_0, false),
    ];
    for (what, reply, reset) in rows {
        for sample in over_tls() {
            let server = says(reply, reset).await;
            check_refused(&sample, what, call(&sender, &sample, server.addr).await);
            let heard = server.seen();
            assert_eq!(heard.len(), 1, "{} {what}", sample.name());
            let greeting = &heard[0].body;
            assert_eq!(greeting[0], 0x16, "a handshake record");
            assert!(!heard[0].head.contains("HTTP/1.1") && !heard[0].head.contains("/v1/"), "{what}");
        }
    }
}

#[tokio::test]
async fn n7_a_handshake_that_fails_is_tried_three_times_for_it_sent_nothing() {
    let sender = Authority::new().sender();
    let clock = Arc::new(tenantry_sandbox::VirtualClock::start().unwrap());
    for sample in over_tls() {
        let server = says(b"", true).await;
        let url = format!("https://localhost:{}", server.addr.port());
        let client = somebody().base_url(&url).dashboard_url(&url);
        let client = client.http_send(sender.clone()).clock(clock.clone()).build().unwrap();
        sample.invoke(&client).await.unwrap_err();
        assert_eq!(server.connections(), 3, "{}", sample.name());
    }
}

#[test]
fn n7_a_file_without_certificates_is_refused_by_name() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for content in ["", "words", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        std::fs::write(file.path(), content).unwrap();
        let error = ReqwestSend::new(&options(json!({"ca_file": file.path()}))).unwrap_err();
        assert!(error.code() == Code::Config && error.to_string().contains("ca_file"), "{error}");
    }
    let error = ReqwestSend::new(&options(json!({"ca_file": "no/such/file.pem"}))).unwrap_err();
    assert!(error.code() == Code::Config && error.to_string().contains("no/such/file.pem"), "{error}");
}
