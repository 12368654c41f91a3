//! Calls by way of a proxy, for every operation (fault matrix N8). The environment's proxies are in `proxy_environment.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use support::client::Client;
use support::fake::{Canned, somebody};
use support::samples::{Sample, magento_bi_samples, sample, samples, token};
use support::wire::{Request, Script, Step, Wire, closed_port, converse, read};
use support::world::World;
use support::{Events, bounded, detail, options, secret, shown};
use tenantry::http::{Options, ReqwestSend};
use tenantry::{Code, Error, Outcome};
use tokio::io::AsyncWriteExt as _;
use tokio_rustls::TlsAcceptor;

/// Hosts that exist for the proxy alone.
const API: &str = "api.tenantry.invalid";
const DASHBOARD: &str = "dashboard.tenantry.invalid";

/// What an origin says to `sample`, and to a login.
fn origin(sample: &Sample) -> impl Fn(&Request) -> Step + Send + Sync + 'static {
    let (reply, itself) = (sample.canned(200).on_the_wire(), sample.is_login());
    move |request| {
        let login = request.target().ends_with("/v1/tokens") && !itself;
        Step::Keep(if login { Canned::json(201, &token()).on_the_wire() } else { reply.clone() })
    }
}

/// Every operation of Magento BI and of Maestrano whose failed request is the call's own failure.
fn proxied(samples: Vec<Sample>) -> impl Iterator<Item = Sample> {
    samples.into_iter().filter(|sample| !sample.connect() && sample.direct())
}

fn through(proxy: &Value, scheme: &str, more: Value, events: &Events) -> Client {
    let mut given = json!({"proxy": proxy, "allow_insecure_http": true, "max_retries": 0});
    given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let client = somebody().options(options(given)).on_event(events.listener());
    client.base_url(format!("{scheme}://{API}")).dashboard_url(format!("{scheme}://{DASHBOARD}")).build().unwrap()
}

fn check_hidden(hidden: &str, error: Option<&Error>, events: &Events) {
    for event in events.take() {
        assert!(!serde_json::to_string(&event).unwrap().contains(hidden));
    }
    if let Some(error) = error {
        let text = shown(error);
        // As base64 of "user:…" it would be readable as well.
        assert!(!text.contains(hidden) && !text.contains(&base64_of_user(hidden)), "{text}");
    }
}

/// The base64 of `user:` and the password, which is a multiple of three long.
fn base64_of_user(password: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = format!("user:{password}");
    let triples = text.as_bytes().chunks_exact(3).map(|three| u32::from_be_bytes([0, three[0], three[1], three[2]]));
    triples.flat_map(|bits| [18, 12, 6, 0].map(|shift| ALPHABET[(bits >> shift & 63) as usize] as char)).collect()
}

#[tokio::test]
async fn n8_plain_requests_name_their_whole_address_to_the_proxy() {
    for sample in proxied(samples()) {
        let proxy = Wire::start(origin(&sample)).await;
        let (hidden, events) = (secret(), Events::default());
        let url = json!(format!("http://user:{hidden}@{}", proxy.addr));
        let client = through(&url, "http", json!({}), &events);
        let reply = bounded(sample.name(), sample.invoke(&client)).await;
        assert_eq!(reply.unwrap(), sample.answer());
        let seen = proxy.seen();
        assert_eq!(seen.len(), if sample.logs_in() { 2 } else { 1 }, "{}", sample.name());
        for request in &seen {
            let known = [format!("http://{API}/"), format!("http://{DASHBOARD}/")];
            assert!(known.iter().any(|base| request.target().starts_with(base)), "{}", request.target());
            let given = request.header("proxy-authorization").unwrap();
            assert!(given.starts_with(&format!("Basic {}", base64_of_user(&hidden))), "{given}");
        }
        check_hidden(&hidden, None, &events);
    }
}

#[tokio::test]
async fn n8_a_proxy_that_wants_other_credentials_is_named_and_its_password_is_not() {
    for sample in proxied(samples()) {
        for scheme in ["http", "https"] {
            let reply = Canned::new(407, "who?").with("proxy-authenticate", "Basic realm=\"x\"").on_the_wire();
            let proxy = Wire::start(move |_| Step::Close(reply.clone())).await;
            let (hidden, events) = (secret(), Events::default());
            let url = json!(format!("http://user:{hidden}@{}", proxy.addr));
            let client = through(&url, scheme, json!({}), &events);
            let error = bounded(sample.name(), sample.invoke(&client)).await.unwrap_err();
            let case = format!("{} {scheme}: {error:?}", sample.name());
            assert_eq!(proxy.seen().len(), 1, "{case}");
            assert!(shown(&error).contains("proxy"), "{case}");
            if scheme == "https" {
                assert_eq!((error.code(), error.outcome()), (Code::Connection, Some(Outcome::NotSent)), "{case}");
            } else {
                // What was refused may be the login that the call needed.
                let outcome = if sample.logs_in() { Outcome::NotSent } else { Outcome::Rejected };
                assert_eq!((error.status(), error.outcome()), (Some(407), Some(outcome)), "{case}");
            }
            check_hidden(&hidden, Some(&error), &events);
        }
    }
}

#[tokio::test]
async fn n8_a_proxy_that_refuses_a_tunnel_is_not_sent() {
    for sample in proxied(samples()) {
        for status in [400, 403, 502, 503] {
            let reply = Canned::new(status, "").on_the_wire();
            let proxy = Wire::start(move |_| Step::Close(reply.clone())).await;
            let (hidden, events) = (secret(), Events::default());
            let url = json!(format!("http://user:{hidden}@{}", proxy.addr));
            let client = through(&url, "https", json!({"max_retries": 0}), &events);
            let error = bounded(sample.name(), sample.invoke(&client)).await.unwrap_err();
            assert_eq!((error.code(), error.outcome()), (Code::Connection, Some(Outcome::NotSent)), "{error:?}");
            check_hidden(&hidden, Some(&error), &events);
        }
    }
}

#[tokio::test]
async fn n8_a_proxy_that_is_not_there_is_not_sent() {
    let closed = closed_port().await;
    for sample in proxied(samples()) {
        for scheme in ["http", "https"] {
            let (hidden, events) = (secret(), Events::default());
            let client = through(&json!(format!("http://user:{hidden}@{closed}")), scheme, json!({}), &events);
            let error = sample.invoke(&client).await.unwrap_err();
            assert_eq!((error.code(), error.outcome()), (Code::Connection, Some(Outcome::NotSent)), "{error:?}");
            check_hidden(&hidden, Some(&error), &events);
        }
    }
}

/// A proxy that makes every tunnel lead to one TLS server, which serves `script`; the file that clients trust it by.
async fn tunnel(script: Script) -> (Wire, tempfile::NamedTempFile) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), issuer.pem()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = CertificateParams::new(vec![API.to_owned(), DASHBOARD.to_owned()]).unwrap();
    let certificate = names.signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let wire = Wire::serving(move |mut socket, seen| {
        let (acceptor, script) = (acceptor.clone(), script.clone());
        async move {
            let Some(connect) = read(&mut socket).await else { return };
            seen.lock().unwrap().push(connect);
            socket.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await.unwrap();
            if let Ok(mut stream) = acceptor.accept(socket).await {
                converse(&mut stream, &script, &seen).await;
            }
        }
    });
    (wire.await, file)
}

#[tokio::test]
async fn n8_a_tunnel_keeps_the_proxys_credentials_from_the_origin() {
    for sample in proxied(samples()) {
        let (proxy, file) = tunnel(Arc::new(origin(&sample))).await;
        let (hidden, events) = (secret(), Events::default());
        let url = json!(format!("http://user:{hidden}@{}", proxy.addr));
        let client = through(&url, "https", json!({"ca_file": file.path()}), &events);
        let reply = bounded(sample.name(), sample.invoke(&client)).await;
        assert_eq!(reply.unwrap(), sample.answer());
        let (connects, inside): (Vec<_>, Vec<_>) =
            proxy.seen().into_iter().partition(|request| request.head.starts_with("CONNECT "));
        assert!(!connects.is_empty() && inside.len() == if sample.logs_in() { 2 } else { 1 });
        for connect in connects {
            assert!([format!("{API}:443"), format!("{DASHBOARD}:443")].contains(&connect.target().to_owned()));
            let given = connect.header("proxy-authorization").unwrap();
            assert!(given.starts_with(&format!("Basic {}", base64_of_user(&hidden))), "{given}");
            // What is for the origin alone waits for the tunnel.
            assert!(connect.header("authorization").is_none() && connect.header("cookie").is_none());
        }
        for request in inside {
            assert!(request.target().starts_with('/'), "{}", request.target());
            assert!(request.header("proxy-authorization").is_none());
            assert!(!request.head.contains(&hidden) && !request.head.contains(&base64_of_user(&hidden)));
        }
        check_hidden(&hidden, None, &events);
    }
}

#[tokio::test]
async fn n8_the_loopback_is_reached_directly_whatever_the_proxy() {
    let world = World::new().await;
    let proxy = Wire::start(|_| Step::Close(Canned::new(500, "").on_the_wire())).await;
    let port = world.addr().port();
    for url in
        [world.sandbox.url().to_owned(), format!("http://localhost:{port}"), format!("http://api.localhost:{port}")]
    {
        // Not every machine resolves names below localhost.
        if tokio::net::lookup_host(url.trim_start_matches("http://")).await.is_err() {
            continue;
        }
        let given = options(json!({"proxy": format!("http://{}", proxy.addr)}));
        let client = world.builder().base_url(&url).dashboard_url(&url).options(given).build().unwrap();
        for sample in proxied(world.samples()) {
            sample.invoke(&client).await.unwrap();
        }
    }
    assert_eq!(proxy.connections(), 0);
}

#[tokio::test]
async fn n8_one_call_may_use_another_proxy_or_none() {
    let sample = sample(&magento_bi_samples(), "signups.create");
    let (first, second) = (Wire::start(origin(&sample)).await, Wire::start(origin(&sample)).await);
    let client = through(&json!(format!("http://{}", first.addr)), "http", json!({}), &Events::default());
    sample.invoke(&client).await.unwrap();
    sample.call(&client, options(json!({"proxy": format!("http://{}", second.addr)}))).await.unwrap();
    let error = sample.call(&client, options(json!({"proxy": false}))).await.unwrap_err();
    assert_eq!((error.code(), detail(&error, "reason")), (Code::Connection, &json!("dns")));
    assert_eq!((first.seen().len(), second.seen().len()), (1, 1));
}

#[tokio::test]
async fn n8_a_proxy_that_cannot_be_used_is_refused_and_its_password_not_shown() {
    let hidden = secret();
    for url in [
        format!("socks5://user:{hidden}@127.0.0.1:1"),
        format!("socks4://user:{hidden}@127.0.0.1:1"),
        format!("socks5h://user:{hidden}@127.0.0.1:1"),
        format!("ftp://user:{hidden}@127.0.0.1:1"),
        format!("http://user:{hidden}@[::1"),
        format!("http://user:{hidden}@"),
        String::new(),
    ] {
        let given: Options = options(json!({"proxy": url}));
        let error = ReqwestSend::new(&given).unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::Config, Some(Outcome::NotSent)), "{url}");
        assert!(error.to_string().contains("proxy") && !shown(&error).contains(&hidden), "{error}");
        assert!(!format!("{given:?}").contains(&hidden));
    }
}
