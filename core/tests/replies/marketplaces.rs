//! Dynamic configuration: fetched once however many ask, fresh for its time, kept when a fetch fails, and trusted with nothing.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::clock::JumpClock;
use crate::support::fake::{Canned, FakeSend, Play};
use crate::support::maestrano_samples::marketplace;
use crate::support::wire::{Step, Wire};
use crate::support::world::configuration;
use crate::support::{Events, bounded, options, secret, shown};
use futures::FutureExt as _;
use futures::future::join_all;
use serde_json::{Value, json};
use tenantry::maestrano::marketplaces::Builder;
use tenantry::maestrano::sso::Consume;
use tenantry::maestrano::{CreateBill, Marketplaces, Refreshed};
use tenantry::{Code, Error, Secret, ops};
use tenantry_sandbox::{ClockKind, Sandbox, SandboxOptions};

const FETCH: &str = "maestrano.marketplaces.fetch";

fn sandbox() -> Sandbox {
    Sandbox::start(SandboxOptions { clock: ClockKind::Virtual, ..SandboxOptions::default() }).unwrap()
}

fn of(sandbox: &Sandbox) -> Builder {
    Marketplaces::builder().config_json(&sandbox.line()["maestrano"].to_string()).unwrap().clock(sandbox.clock())
}

fn arrived(sandbox: &Sandbox, operation: &str) -> usize {
    let journal = sandbox.journal();
    journal.as_array().unwrap().iter().filter(|entry| entry["operation"] == operation).count()
}

fn changes(refreshed: &Refreshed) -> Vec<(&str, &str)> {
    refreshed.changes.iter().map(|change| (change.r#type, change.marketplace.as_str())).collect()
}

/// A platform that says one thing after another; the last one stays.
fn saying(configurations: Vec<Value>) -> (Arc<FakeSend>, Marketplaces) {
    let left = Mutex::new(configurations.into_iter().rev().collect::<Vec<_>>());
    let fake = FakeSend::new(move |_| {
        let mut left = left.lock().unwrap();
        let said = if left.len() > 1 { left.pop().unwrap() } else { left[0].clone() };
        Play::Reply(Canned::json(200, &json!({"marketplaces": said})))
    });
    let set = Marketplaces::builder().credentials(secret(), secret()).http_send(fake.clone());
    (fake, set.clock(Arc::new(JumpClock::default())).build().unwrap())
}

const HOST: &str = "https://api-hub.maestrano.com";

fn named(name: &str) -> Value {
    let mut entry = marketplace(HOST, "app-1", &secret());
    entry["marketplace"] = json!(name);
    entry
}

#[tokio::test]
async fn a_thousand_refreshes_are_one_request() {
    let sandbox = sandbox();
    let set = of(&sandbox).build().unwrap();
    assert!(set.names().is_empty(), "nothing is fetched before it is asked for");
    for round in 1..=2 {
        let all = bounded("refreshes", join_all((0..1_000).map(|_| set.refresh()))).await;
        assert!(all.iter().all(|one| one.as_ref().is_ok_and(|one| one.names == ["maestrano", "some-telco"])));
        assert_eq!(arrived(&sandbox, FETCH), round);
    }
    // A failure is shared as well.
    let set = of(&sandbox).build().unwrap();
    sandbox.fault(json!({"operation": FETCH, "status": 403, "times": null})).unwrap();
    let all = bounded("refreshes", join_all((0..1_000).map(|_| set.refresh()))).await;
    assert!(all.iter().all(|one| one.as_ref().is_err_and(|error| error.code() == Code::Permission)));
    assert_eq!(arrived(&sandbox, FETCH), 3);
}

#[tokio::test]
async fn a_configuration_is_fresh_for_its_time_to_live_and_not_a_millisecond_longer() {
    for (ttl, ms) in [(None, 3_600_000), (Some(Duration::from_millis(1_500)), 1_500)] {
        let sandbox = sandbox();
        let builder = of(&sandbox);
        let set = if let Some(ttl) = ttl { builder.ttl(ttl) } else { builder }.fetch().await.unwrap();
        for (moved, fetched) in [(0, 1), (ms - 1, 1), (1, 2), (ms - 1, 2), (ms, 3)] {
            sandbox.advance(moved).unwrap();
            let refreshed = set.refresh_if_old().await.unwrap();
            assert!(!refreshed.stale && refreshed.changes.is_empty());
            assert_eq!(arrived(&sandbox, FETCH), fetched, "{moved} of {ms}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_fetched_stays_as_it_was_and_says_so() {
    let sandbox = sandbox();
    let set = of(&sandbox).fetch().await.unwrap();
    let client = set.client("maestrano").unwrap();
    for (fault, code) in [
        (json!({"status": 500}), Code::Server),
        (json!({"drop": true}), Code::Connection),
        (json!({"status": 401}), Code::Authentication),
        (json!({"status": 302, "headers": {"location": "https://evil.example/"}}), Code::Redirect),
        (json!({"body": "<html>", "content_type": "text/html"}), Code::UnexpectedContent),
        (json!({"body": "{\"marketplaces\": ["}), Code::Decode),
        (json!({"json": {}}), Code::Decode),
        (json!({"json": {"marketplaces": null}}), Code::Decode),
        (json!({"json": {"marketplaces": 7}}), Code::Decode),
        (json!({"json": {"error": "no such environment"}}), Code::Decode),
    ] {
        let mut rule = json!({"operation": FETCH, "times": null});
        rule.as_object_mut().unwrap().extend(fault.as_object().unwrap().clone());
        sandbox.fault(rule).unwrap();
        let refreshed = set.refresh().await.unwrap();
        let error = refreshed.error.clone().unwrap();
        assert_eq!((error.code(), refreshed.stale), (code, true), "{fault}: {error:?}");
        assert!(error.outcome() != Some(tenantry::Outcome::NotSent), "{fault}: {error:?}");
        assert_eq!((refreshed.names.len(), refreshed.changes.len()), (2, 0), "{fault}");

        // Whoever has nothing to go on with is told of it.
        let error = of(&sandbox).fetch().await.unwrap_err();
        assert_eq!((error.code(), error.report().operation.as_deref()), (code, Some(FETCH)), "{fault}: {error:?}");
        sandbox.clear_faults();
        client.ping().await.unwrap();
        set.client("some-telco").unwrap().ping().await.unwrap();
        assert!(!set.refresh().await.unwrap().stale, "and it comes back by itself");
    }
}

#[tokio::test]
async fn a_stale_configuration_is_tried_again_with_a_pause() {
    let sandbox = sandbox();
    let set = of(&sandbox).fetch().await.unwrap();
    sandbox.fault(json!({"operation": FETCH, "status": 403, "times": null})).unwrap();
    let start = sandbox.clock().now();
    for after_s in [3_600, 3_660, 3_720] {
        assert!(set.next_change().await.unwrap().stale);
        assert_eq!(sandbox.clock().now() - start, Duration::from_secs(after_s));
    }
}

#[tokio::test]
async fn every_change_is_told_once() {
    let (one, two, three) = (named("one"), named("two"), named("three"));
    let mut changed = one.clone();
    changed["environment"] = json!("another");
    let mut malformed = two.clone();
    malformed["api"]["key"] = json!([]);
    let (_, set) = saying(vec![
        json!([one, two]),
        json!([two, one]),
        json!([changed, two, three]),
        json!([changed, malformed, three]),
        json!([changed, malformed]),
        json!([changed, two]),
        json!(one),
        json!([malformed, one]),
        json!([]),
    ]);
    let expected: [&[(&str, &str)]; 9] = [
        &[("added", "one"), ("added", "two")],
        // In another order nothing is different.
        &[],
        &[("changed", "one"), ("added", "three")],
        &[("malformed", "two")],
        &[("removed", "three")],
        &[("changed", "two")],
        &[("changed", "one"), ("removed", "two")],
        &[("malformed", "two")],
        &[("removed", "two"), ("removed", "one")],
    ];
    let names: [&[&str]; 9] = [
        &["one", "two"],
        &["two", "one"],
        &["one", "two", "three"],
        // What cannot be used any more goes on as it was.
        &["one", "two", "three"],
        &["one", "two"],
        &["one", "two"],
        &["one"],
        // What never could be used cannot be.
        &["one"],
        &[],
    ];
    for (n, (expected, names)) in expected.into_iter().zip(names).enumerate() {
        let refreshed = set.refresh().await.unwrap();
        assert_eq!(changes(&refreshed), expected, "{n}");
        assert_eq!(refreshed.names, names, "{n}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_is_swapped_whole() {
    let both = [json!([named("one"), named("two")]), json!([named("three"), named("four")])];
    let (_, set) = saying((0..400).map(|n| both[n % 2].clone()).collect());
    set.refresh().await.unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let looking: Vec<_> = (0..2)
        .map(|_| {
            let (set, over) = (set.clone(), over.clone());
            std::thread::spawn(move || {
                while !over.load(Ordering::SeqCst) {
                    let names = set.names();
                    assert!(names == ["one", "two"] || names == ["three", "four"], "{names:?}");
                }
            })
        })
        .collect();
    for _ in 0..400 {
        set.refresh().await.unwrap();
    }
    over.store(true, Ordering::SeqCst);
    looking.into_iter().for_each(|thread| thread.join().unwrap());
}

#[tokio::test]
async fn a_client_from_before_the_keys_were_made_anew_is_refused_and_one_from_after_is_not() {
    let sandbox = sandbox();
    let events = Events::default();
    let set = of(&sandbox).on_event(events.listener()).fetch().await.unwrap();
    let old_key = configuration(&sandbox)["marketplaces"][0]["api"]["key"].as_str().unwrap().to_owned();
    let before = set.client("maestrano").unwrap();
    before.ping().await.unwrap();
    sandbox.maestrano(json!({"rotate_keys": true})).unwrap();
    let error = before.ping().await.unwrap_err();
    assert_eq!((error.code(), error.status()), (Code::Authentication, Some(401)));
    assert_eq!(changes(&set.refresh().await.unwrap()), [("changed", "maestrano"), ("changed", "some-telco")]);
    let after = set.client("maestrano").unwrap();
    after.ping().await.unwrap();
    // It was made of what there was: nothing changes under its feet.
    let error = before.ping().await.unwrap_err();
    assert_eq!(error.code(), Code::Authentication);
    assert_eq!(before.app_id(), after.app_id());
    let told = serde_json::to_string(&events.take()).unwrap() + &shown(&error) + &format!("{set:?}{before:?}{after:?}");
    assert!(!told.contains(&old_key), "{told}");
}

#[tokio::test]
async fn a_fingerprint_that_is_none_signs_nobody_in_and_the_account_api_works() {
    let sandbox = sandbox();
    let mut whole = configuration(&sandbox);
    // As the vendor's own example has it: of the right length, with an odd separator, beside a certificate that was left out.
    let fingerprint = "861e:2e:54:c4:67:80:68:47:81:18:f7:d3:29:87:77:f8:69:54:2f";
    let certificate = whole["marketplaces"][0]["sso"]["x509_certificate"].clone();
    for (fingerprint, certificate, reason) in [
        (json!(fingerprint), certificate.clone(), "fingerprint_mismatch"),
        (
            json!(fingerprint),
            json!("-----BEGIN CERTIFICATE-----\n(...)\n-----END CERTIFICATE-----\n"),
            "certificate_invalid",
        ),
        (json!(fingerprint), json!(null), "sha1_fingerprint_not_allowed"),
        (json!("86:1e:2e"), certificate, "fingerprint_invalid"),
        (json!(null), json!(null), "no_trust"),
    ] {
        whole["marketplaces"][0]["sso"]["x509_fingerprint"] = fingerprint;
        whole["marketplaces"][0]["sso"]["x509_certificate"] = certificate;
        let given = json!({"json": whole.to_string(), "trusted_hosts": ["127.0.0.1"]});
        let set = Marketplaces::builder().config_json(&given.to_string()).unwrap().clock(sandbox.clock());
        let client = set.build().unwrap().client("maestrano").unwrap();
        let error = client.sign_in(&Consume::new("PHg+", "_1")).await.unwrap_err();
        assert_eq!((error.code(), &error.report().details["reason"]), (Code::Saml, &json!(reason)), "{error}");
        assert!(shown(&error).contains("maestrano"), "{error:?}");
        client.ping().await.unwrap();
        let bill = CreateBill::new("cld-4", 100, "USD", "Product purchase").unwrap();
        client.bills().create(bill).await.unwrap();
    }
}

fn trusting(host: Option<&str>, entry: &Value) -> (Arc<FakeSend>, Builder) {
    let whole = json!({"marketplaces": [entry, named("good")]});
    let fake = FakeSend::new(move |_| Play::Reply(Canned::json(200, &whole)));
    let mut builder = Marketplaces::builder().credentials(secret(), secret()).http_send(fake.clone());
    if let Some(host) = host {
        builder = builder.trust(host);
    }
    (fake, builder)
}

#[tokio::test]
async fn a_host_that_nobody_trusts_is_sent_nothing_unless_it_is_named() {
    let hostile = [
        "https://api.evil.example",
        "https://api-hub.maestrano.com.evil.example",
        "https://evilmaestrano.com",
        "https://api-hub.maestrano.com@api.evil.example",
        "https://api-hub.maestrano.com:443@evil.example",
        "https://xn--maestrno-1za.com",
        "https://127.0.0.1:8443",
        "https://[::1]",
        "http://api-hub.maestrano.com",
        "//api-hub.maestrano.com",
        "ftp://api-hub.maestrano.com",
        "",
    ];
    for service in ["/api/host", "/sso/idp", "/connec/host"] {
        for url in hostile {
            let mut entry = named("odd");
            *entry.pointer_mut(service).unwrap() = json!(url);
            let key = entry["api"]["key"].as_str().unwrap().to_owned();
            let (fake, builder) = trusting(None, &entry);
            let set = builder.fetch().await.unwrap();
            let error = set.client("odd").unwrap_err();
            let case = format!("{service} {url}: {error}");
            assert_eq!((error.code(), fake.sent()), (Code::Config, 1), "{case}");
            assert!(case.contains("odd") && error.to_string().contains(&service[1..].replace('/', ".")), "{case}");
            assert!(!shown(&error).contains(&key), "{case}");
            assert_eq!(set.names(), ["good"], "{case}: the others work");
        }
    }
}

#[tokio::test]
async fn a_host_is_trusted_by_its_name_with_all_below_it() {
    for (trusted, url, good) in [
        ("telco.example", "https://telco.example", true),
        ("telco.example", "https://api.eu.telco.example:8443", true),
        (".Telco.Example", "https://API.telco.example", true),
        ("telco.example", "https://eviltelco.example", false),
        ("telco.example", "https://telco.example.evil.example", false),
        ("api.telco.example", "https://telco.example", false),
        ("127.0.0.1", "https://127.0.0.1:8443", true),
        // Trusted or not, nothing is said in the clear.
        ("telco.example", "http://telco.example", false),
    ] {
        let entry = {
            let mut entry = marketplace(url, "app-1", &secret());
            entry["marketplace"] = json!("telco");
            entry
        };
        let (fake, builder) = trusting(Some(trusted), &entry);
        let set = builder.fetch().await.unwrap();
        let client = set.client("telco");
        assert_eq!(client.is_ok(), good, "{trusted} {url}: {client:?}");
        match client {
            Ok(client) => {
                // What this platform says is no reply to it, and it was asked there alone.
                client.ping().await.unwrap_err();
                let host = fake.seen()[1].url.host_str().unwrap().to_owned();
                assert_eq!(host, url::Url::parse(url).unwrap().host_str().unwrap());
            }
            Err(error) => {
                let host = url::Url::parse(url).unwrap().host_str().unwrap().to_owned();
                let named = error.to_string().contains(&host) || url.starts_with("http:");
                assert!(error.to_string().contains("telco") && named, "{error}");
            }
        }
    }
    for host in ["", "https://telco.example", "telco.example/path", "*", "a b"] {
        let (_, builder) = trusting(Some(host), &named("odd"));
        let error = builder.build().unwrap_err();
        assert!(error.code() == Code::Config && error.to_string().contains("trusted_hosts"), "{host}: {error}");
    }
}

#[test]
fn a_configuration_with_comments_is_refused_at_the_line_of_the_first() {
    for comment in ["# => the name", "// the name"] {
        let text = format!("{{\n  \"marketplaces\": [\n    {comment}\n    {}\n  ]\n}}", named("one"));
        let error = Marketplaces::from_json(&text).unwrap_err();
        assert_eq!((error.code(), &error.report().details["line"]), (Code::Config, &json!(3)), "{error}");
        assert!(error.to_string().contains("comment"), "{error}");
        assert_eq!(Marketplaces::from_json(&text.replace(comment, "")).unwrap().names(), ["one"]);
    }
}

#[test]
fn what_no_value_could_hold_spoils_no_marketplace() {
    for odd in ["1e400", "\"\\ud800\"", &"7".repeat(100_000)] {
        let text = named("one").to_string().replacen('{', &format!("{{\"extra\":{odd},"), 1);
        let set = Marketplaces::from_json(&format!("{{\"marketplaces\":[{text},{}]}}", named("two"))).unwrap();
        assert_eq!(set.names(), ["one", "two"], "{odd:.20}");
        assert_eq!(set.config("one").unwrap().marketplace, "one");
    }
}

#[tokio::test]
async fn a_time_limit_of_the_callers_comes_before_the_configurations() {
    let slow = |given: Value| async move {
        let sandbox = sandbox();
        let fetched = of(&sandbox).options(options(given)).fetch().await.unwrap();
        let client = fetched.client("maestrano").unwrap();
        sandbox.fault(json!({"operation": "maestrano.connec.list", "hold": true, "times": null})).unwrap();
        let start = sandbox.clock().now();
        let arguments = json!({"group_id": "cld-4", "resource": "people"}).to_string();
        let once = options(json!({"max_retries": 0}));
        client.invoke("maestrano.connec.page", &arguments, once).await.unwrap_err();
        sandbox.clock().now() - start
    };
    assert_eq!(slow(json!({})).await, Duration::from_secs(300), "as it is configured");
    assert_eq!(slow(json!({"timeout_ms": 7_000})).await, Duration::from_secs(7));
}

#[tokio::test]
async fn the_platforms_credentials_may_be_looked_up_and_its_refusal_is_final() {
    let hidden = secret();
    let fake = FakeSend::new(|_| Play::Reply(Canned::json(401, &json!({"error": "Invalid credentials"}))));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &hidden).unwrap();
    let set = Marketplaces::builder().credentials(Secret::file(file.path()), Secret::file(file.path()));
    let events = Events::default();
    let set = set.http_send(fake.clone()).on_event(events.listener()).build().unwrap();
    let error = set.refresh().await.unwrap_err();
    assert_eq!((error.code(), fake.sent()), (Code::Authentication, 1), "{error:?}");
    assert!(!(shown(&error) + &serde_json::to_string(&events.take()).unwrap()).contains(&hidden));
}

#[tokio::test]
async fn another_language_is_told_the_same() {
    let sandbox = sandbox();
    let line = sandbox.line()["maestrano"].to_string();
    let set = ops::Client::open("maestrano.marketplaces", &line, Some(sandbox.clock())).unwrap();
    let mut call = set.call("maestrano.marketplaces.refresh", r#"{"force": true}"#, "", false);
    let reply: Value = serde_json::from_str(&bounded("a refresh", call.next()).await.unwrap()).unwrap();
    assert_eq!(reply["ok"]["changes"][1], json!({"type": "added", "marketplace": "some-telco"}));
    let shown = set.local("maestrano.marketplaces.config", r#"{"name": "maestrano"}"#);
    assert!(shown.contains("\"key\":\"***\""), "{shown}");
    let mut watching = set.call("maestrano.marketplaces.watch", "{}", "", false);
    assert!(watching.next().now_or_never().is_none(), "nothing has changed");
    sandbox.maestrano(json!({"broken": "some-telco"})).unwrap();
    let reply: Value = serde_json::from_str(&bounded("a change", watching.next()).await.unwrap()).unwrap();
    assert_eq!(reply["ok"]["changes"][0]["type"], "malformed");
    assert!(reply["ok"]["changes"][0]["message"].as_str().unwrap().contains("api"), "{reply}");
}

/// What the child is given beside its environment.
const GIVEN: &str = "TENANTRY_TEST_CONFIG";

/// The child: fetches once and prints what became of it.
#[tokio::test]
#[ignore = "run by the other tests, in an environment of theirs"]
async fn child() {
    let given = std::env::var(GIVEN).unwrap();
    let fetched: Result<Marketplaces, Error> = match Marketplaces::builder().config_json(&given).unwrap().build() {
        Ok(set) => set.refresh().await.map(|_| set),
        Err(error) => Err(error),
    };
    match fetched {
        Ok(set) => println!("end={};", set.names().join(",")),
        Err(error) => println!("end={};", error.to_string().replace(';', ",")),
    }
}

async fn child_with(given: Value, environment: &[(&str, &str)]) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "marketplaces::child", "--ignored", "--nocapture"]);
    for name in ["HOST", "API_PATH", "ENV_NAME", "ENV_KEY", "ENV_SECRET"] {
        child.env_remove(format!("MNO_DEVPL_{name}"));
    }
    child.env(GIVEN, given.to_string()).envs(environment.iter().copied());
    let output = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_once("end=").unwrap_or_else(|| panic!("{text}")).1.split_once(';').unwrap().0.to_owned()
}

#[tokio::test]
async fn the_environment_is_taken_whole_or_not_at_all() {
    let wire = Wire::start(|_| {
        let whole = json!({"marketplaces": [named("one")]});
        Step::Close(Canned::json(200, &whole).with("connection", "close").on_the_wire())
    });
    let (wire, key, secret) = (wire.await, secret(), secret());
    let url = wire.url();
    let all = [("MNO_DEVPL_HOST", url.as_str()), ("MNO_DEVPL_ENV_KEY", &key), ("MNO_DEVPL_ENV_SECRET", &secret)];
    assert_eq!(child_with(json!({}), &all).await, "one");
    assert_eq!(wire.seen()[0].target(), "/api/config/v1/marketplaces");
    for (path, target) in [("/api/config/v2/", "/api/config/v2/marketplaces"), ("/x/marketplaces", "/x/marketplaces")] {
        let with_path = [all[0], all[1], all[2], ("MNO_DEVPL_API_PATH", path), ("MNO_DEVPL_ENV_NAME", "uat")];
        assert_eq!(child_with(json!({}), &with_path).await, "one");
        assert_eq!(wire.seen().last().unwrap().target(), target);
    }
    let heard = wire.seen().len();
    // Whatever is given, nothing else comes from the environment: no key of it meets a host that it was not meant for.
    for (given, missing) in [
        (json!({"base_url": url}), "api_key"),
        (json!({"api_key": "k"}), "api_secret"),
        (json!({"api_secret": "s"}), "api_key"),
        (json!({"api_path": "/x"}), "api_key"),
    ] {
        let end = child_with(given.clone(), &all).await;
        assert!(end.contains(missing) && end.contains("MNO_DEVPL_ENV_KEY"), "{given}: {end}");
    }
    // Half an environment is none, and an empty variable is one that is not there.
    for (some, missing) in [
        (vec![all[0], all[1]], "api_secret"),
        (vec![all[0], all[2]], "api_key"),
        (vec![], "api_key"),
        (vec![all[0], ("MNO_DEVPL_ENV_KEY", ""), all[2]], "api_key"),
    ] {
        let end = child_with(json!({}), &some).await;
        assert!(end.contains(missing), "{some:?}: {end}");
        assert!(!end.contains(&key) && !end.contains(&secret), "{end}");
    }
    assert_eq!(wire.seen().len(), heard);
}
