//! The environment's proxies (fault matrix N8). Each case is a process of its own, for the environment is the process's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::process::Command;

use serde_json::json;
use support::fake::{Canned, somebody};
use support::options;
use support::samples::{magento_bi_samples, sample};
use support::wire::{Step, Wire};

/// Where the child calls, and what it is given as `proxy`.
const URL: &str = "TENANTRY_TEST_URL";
const PROXY: &str = "TENANTRY_TEST_PROXY";
const ORIGIN: &str = "http://api.tenantry.invalid";

/// The child: calls once and prints what became of it.
#[tokio::test]
#[ignore = "run by the other tests, in an environment of theirs"]
async fn child() {
    let url = std::env::var(URL).unwrap();
    let proxy: serde_json::Value = serde_json::from_str(&std::env::var(PROXY).unwrap()).unwrap();
    let given = json!({"proxy": proxy, "allow_insecure_http": true, "max_retries": 0});
    let client = somebody().base_url(url).options(options(given)).build().unwrap();
    let end = match sample(&magento_bi_samples(), "signups.create").invoke(&client).await {
        Ok(_) => "answered".to_owned(),
        Err(error) => support::detail(&error, "reason").as_str().unwrap_or("refused").to_owned(),
    };
    println!("end={end};");
}

/// What became of the child's call in `environment`.
async fn called(url: &str, proxy: serde_json::Value, environment: &[(&str, String)]) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "child", "--ignored", "--nocapture"]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD"] {
        child.env_remove(name).env_remove(name.to_lowercase());
    }
    child.env(URL, url).env(PROXY, proxy.to_string()).envs(environment.iter().cloned());
    let output = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let end = text.split_once("end=").and_then(|(_, rest)| rest.split_once(';'));
    end.unwrap_or_else(|| panic!("{text}")).0.to_owned()
}

async fn answering() -> Wire {
    let reply = sample(&magento_bi_samples(), "signups.create").reply;
    Wire::start(move |_| Step::Close(Canned::json(201, &reply).on_the_wire())).await
}

#[tokio::test]
async fn n8_the_environments_proxy_is_used_by_default_and_when_asked_for() {
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        for proxy in [json!(null), json!(true)] {
            let wire = answering().await;
            let end = called(ORIGIN, proxy, &[(name, format!("http://{}", wire.addr))]).await;
            assert_eq!((end.as_str(), wire.seen().len()), ("answered", 1), "{name}");
            assert!(wire.seen()[0].target().starts_with(ORIGIN));
        }
    }
}

#[tokio::test]
async fn n8_proxy_false_turns_the_environments_proxy_off() {
    let wire = answering().await;
    let end = called(ORIGIN, json!(false), &[("HTTP_PROXY", wire.url()), ("ALL_PROXY", wire.url())]).await;
    assert_eq!((end.as_str(), wire.connections()), ("dns", 0));
}

#[tokio::test]
async fn n8_no_proxy_names_hosts_that_are_reached_directly() {
    for listed in ["api.tenantry.invalid", ".tenantry.invalid", "tenantry.invalid", "*"] {
        let wire = answering().await;
        let environment = [("HTTP_PROXY", wire.url()), ("NO_PROXY", listed.to_owned())];
        let end = called(ORIGIN, json!(null), &environment).await;
        assert_eq!((end.as_str(), wire.connections()), ("dns", 0), "{listed}");
    }
    let wire = answering().await;
    let environment = [("HTTP_PROXY", wire.url()), ("NO_PROXY", "other.invalid".to_owned())];
    assert_eq!(called(ORIGIN, json!(null), &environment).await, "answered");
}

#[tokio::test]
async fn n8_the_environments_proxy_never_gets_the_loopback() {
    let (wire, origin) = (answering().await, answering().await);
    let environment = [("HTTP_PROXY", wire.url()), ("http_proxy", wire.url()), ("ALL_PROXY", wire.url())];
    for url in [origin.url(), format!("http://localhost:{}", origin.addr.port())] {
        assert_eq!(called(&url, json!(null), &environment).await, "answered");
    }
    assert_eq!((wire.connections(), origin.seen().len()), (0, 2));
}

#[tokio::test]
async fn n8_an_explicit_proxy_comes_before_the_environments() {
    let (wire, explicit) = (answering().await, answering().await);
    let environment = [("HTTP_PROXY", wire.url()), ("NO_PROXY", "*".to_owned())];
    assert_eq!(called(ORIGIN, json!(explicit.url()), &environment).await, "answered");
    assert_eq!((wire.connections(), explicit.seen().len()), (0, 1));
}

#[tokio::test]
async fn n8_a_socks_proxy_of_the_environment_is_not_passed_by_in_silence() {
    let wire = answering().await;
    let environment = [("ALL_PROXY", format!("socks5://{}", wire.addr))];
    // Going directly would be a failure of the name: whoever demands a proxy gets one, or an error of it.
    assert_ne!(called(ORIGIN, json!(null), &environment).await, "dns");
}
