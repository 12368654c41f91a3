//! Tokens that expire, are refused, or are wanted by many at once, for every operation (fault matrix H4).

use crate::support;

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::support::client::Client;
use crate::support::fake::{Canned, FakeSend, Play};
use crate::support::samples::{LOGIN, Sample, maestrano_samples, magento_bi_samples, sample, token};
use crate::support::world::World;
use crate::support::{Events, bounded, options, shown};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::join_all;
use serde_json::{Value, json};
use tenantry::http::Options;
use tenantry::time::SystemClock;
use tenantry::{Code, Outcome, Secret, maestrano};

/// A server that takes only the tokens it has not taken back.
#[derive(Default)]
struct Door {
    good: Mutex<HashSet<String>>,
}

impl Door {
    fn take_all_back(&self) {
        self.good.lock().unwrap().clear();
    }

    fn answer(&self, seen: &support::fake::Seen, reply: &Value) -> Play {
        if seen.is_login() {
            let token = token();
            self.good.lock().unwrap().insert(token["access_token"].as_str().unwrap().to_owned());
            return Play::Reply(Canned::json(201, &token));
        }
        let shown = ["authorization", "cookie"].iter().find_map(|name| seen.headers.get(*name)?.to_str().ok());
        let good = self.good.lock().unwrap();
        let known = shown.is_some_and(|shown| good.iter().any(|token| shown.ends_with(token)));
        Play::Reply(if known { Canned::json(200, reply) } else { Canned::json(401, &json!({"message": "who?"})) })
    }
}

fn behind_a_door(sample: &Sample) -> (Arc<Door>, Arc<FakeSend>) {
    let door = Arc::new(Door::default());
    let (kept, reply) = (door.clone(), sample.reply.clone());
    (door, FakeSend::new(move |seen| kept.answer(seen, &reply)))
}

/// A client whose limits are far away: who waits for another's login is idle, and a clock that jumps would end it.
fn patient(fake: &Arc<FakeSend>) -> Client {
    fake.builder().clock(Arc::new(SystemClock)).build().unwrap()
}

fn logins(fake: &FakeSend) -> usize {
    fake.seen().iter().filter(|seen| seen.is_login()).count()
}

fn authorised() -> impl Iterator<Item = Sample> {
    magento_bi_samples().into_iter().filter(Sample::authorised)
}

#[tokio::test]
async fn h4_an_expired_token_costs_one_login_and_doubles_nothing() {
    let world = World::new().await;
    let events = Events::default();
    let client = world.builder().on_event(events.listener()).build().unwrap();
    sample(&world.magento_bi_samples(), "connections.list").invoke(&client).await.unwrap();
    for sample in world.magento_bi_samples().iter().filter(|sample| sample.authorised()) {
        // Before the call, and once more after it: the next call finds out by itself.
        for _ in 0..2 {
            let before = [LOGIN, sample.name()].map(|name| (world.arrived(name), world.committed(name)));
            world.sandbox.expire_tokens();
            events.take();
            sample.invoke(&client).await.unwrap();
            let after = [LOGIN, sample.name()].map(|name| (world.arrived(name), world.committed(name)));
            let made = [0, 1].map(|n| (after[n].0 - before[n].0, after[n].1 - before[n].1));
            assert_eq!(made, [(1, 1), (2, 1)], "{}", sample.name());
            let told = events.take();
            assert_eq!(told.iter().filter(|event| event.kind == "reauthenticated").count(), 1, "{}", sample.name());
        }
    }
}

#[tokio::test]
async fn h4_a_token_that_expires_while_its_request_is_under_way_is_renewed_by_the_next() {
    let world = World::new().await;
    let client = world.logged_in().await;
    for sample in world.magento_bi_samples().iter().filter(|sample| sample.authorised()) {
        let (logins, committed) = (world.arrived(LOGIN), world.committed(sample.name()));
        // The server has looked at the token, and takes its time with the reply; then the token is too old.
        world.sandbox.fault(json!({"operation": sample.name(), "when": "after", "latency_ms": 20_000})).unwrap();
        let both = async {
            let first = sample.invoke(&client).await;
            world.sandbox.advance(4 * 60 * 60 * 1_000).unwrap();
            (first, sample.invoke(&client).await)
        };
        let (first, second) = bounded(sample.name(), both).await;
        first.unwrap();
        second.unwrap();
        let made = (world.arrived(LOGIN) - logins, world.committed(sample.name()) - committed);
        assert_eq!(made, (1, 2), "{}", sample.name());
    }
}

#[tokio::test]
async fn h4_a_second_refusal_is_an_authentication_error() {
    let world = World::new().await;
    let client = world.logged_in().await;
    for sample in world.magento_bi_samples() {
        let before = (world.arrived(LOGIN), world.arrived(sample.name()), world.committed(sample.name()));
        world.sandbox.fault(json!({"operation": sample.name(), "status": 401, "times": null})).unwrap();
        let error = sample.call(&client, options(json!({"max_retries": 10}))).await.unwrap_err();
        world.sandbox.clear_faults();
        assert_eq!((error.code(), error.status()), (Code::Authentication, Some(401)), "{}", sample.name());
        assert_eq!((error.outcome(), error.report().retryable), (Some(Outcome::Rejected), false));
        let requests = if sample.authorised() { 2 } else { 1 };
        assert_eq!(world.arrived(sample.name()) - before.1, requests, "{}", sample.name());
        if !sample.is_login() {
            assert_eq!(world.arrived(LOGIN) - before.0, requests - 1, "{}", sample.name());
            assert_eq!(world.committed(sample.name()), before.2, "{}", sample.name());
        }
    }
}

#[tokio::test]
async fn h4_refused_credentials_stop_every_call_before_it_is_sent() {
    for sample in authorised() {
        let fake = FakeSend::new(|_| Play::Reply(Canned::json(401, &json!({"message": "wrong password"}))));
        let error = sample.invoke(&fake.client()).await.unwrap_err();
        assert_eq!((error.code(), error.report().operation.as_deref()), (Code::Authentication, Some(LOGIN)));
        assert_eq!((fake.sent(), logins(&fake)), (1, 1), "{}", sample.name());
    }
}

#[tokio::test]
async fn h4_a_thousand_calls_share_one_login() {
    for sample in authorised() {
        let (_, fake) = behind_a_door(&sample);
        let client = patient(&fake);
        let calls = join_all((0..1_000).map(|_| sample.call(&client, Options::default()))).await;
        assert!(calls.into_iter().all(|call| call.is_ok()), "{}", sample.name());
        assert_eq!((logins(&fake), fake.sent()), (1, 1_001), "{}", sample.name());
    }
}

#[tokio::test]
async fn h4_a_thousand_refused_calls_share_one_login_and_each_is_repeated_once() {
    for sample in authorised() {
        let (door, fake) = behind_a_door(&sample);
        let client = patient(&fake);
        sample.invoke(&client).await.unwrap();
        door.take_all_back();
        let before = fake.sent();
        let calls = join_all((0..1_000).map(|_| sample.call(&client, Options::default()))).await;
        assert!(calls.into_iter().all(|call| call.is_ok()), "{}", sample.name());
        assert_eq!(logins(&fake), 2, "{}", sample.name());
        assert_eq!(fake.sent() - before, 2_001, "{}", sample.name());
    }
}

#[tokio::test]
async fn h4_a_thousand_calls_share_one_refused_login() {
    for sample in authorised() {
        let fake = FakeSend::new(|_| Play::Reply(Canned::new(403, "")));
        let client = patient(&fake);
        let calls = join_all((0..1_000).map(|_| sample.call(&client, Options::default()))).await;
        assert!(calls.into_iter().all(|call| call.is_err_and(|error| error.code() == Code::Permission)));
        assert_eq!(fake.sent(), 1, "{}", sample.name());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h4_over_sockets_many_tasks_share_one_login() {
    let world = World::new().await;
    let client = world.builder().clock(Arc::new(SystemClock)).build().unwrap();
    let (list, before) = (sample(&world.magento_bi_samples(), "connections.list"), world.arrived(LOGIN));
    let calls = (0..200).map(|_| {
        let (client, list) = (client.clone(), list.clone());
        tokio::spawn(async move { list.invoke(&client).await })
    });
    for call in join_all(calls).await {
        call.unwrap().unwrap();
    }
    assert_eq!(world.arrived(LOGIN) - before, 1);
}

#[tokio::test]
async fn h4_a_token_is_shown_as_the_operation_wants_it_and_nowhere_else() {
    for sample in magento_bi_samples() {
        let (_, fake) = behind_a_door(&sample);
        let _ = sample.invoke(&fake.client()).await;
        for seen in fake.seen() {
            let header = |name: &str| seen.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
            let (bearer, cookie) = (header("authorization"), header("cookie"));
            if seen.is_login() || !sample.authorised() {
                assert_eq!((bearer, cookie), (None, None), "{}", sample.name());
                continue;
            }
            assert_ne!(bearer.is_some(), cookie.is_some(), "{}", sample.name());
            let dashboard = seen.url.host_str() == Some("dashboard.example.com");
            assert_eq!(cookie.is_some_and(|cookie| cookie.starts_with("dashuid=1; DASHSESS2=")), dashboard);
        }
    }
}

/// A server that takes one key alone.
fn wanting(key: &str, sample: &Sample) -> Arc<FakeSend> {
    let good = format!("Basic {}", STANDARD.encode(format!("app-1:{key}")));
    let reply = sample.canned(200);
    FakeSend::new(move |seen| {
        let known = seen.headers.get("authorization").is_some_and(|shown| shown == good.as_str());
        Play::Reply(if known {
            reply.clone()
        } else {
            Canned::json(401, &json!({"errors": {"authentication": ["no"]}}))
        })
    })
}

/// The account API's operations, and a client whose key is in a file.
fn by_file(fake: &Arc<FakeSend>, file: &Path, events: &Events) -> Client {
    let account = maestrano::Client::builder().base_url("https://api.example.com/api/v1").app_id("app-1");
    let account = account.app_key(Secret::file(file)).http_send(fake.clone()).on_event(events.listener());
    Client { maestrano: account.build().unwrap(), ..fake.client() }
}

fn key_in_a_file(key: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), key).unwrap();
    file
}

fn reauthenticated(events: &Events) -> usize {
    events.take().iter().filter(|event| event.kind == "reauthenticated").count()
}

#[tokio::test]
async fn h4_a_key_that_was_given_itself_is_refused_once_and_for_all() {
    for sample in maestrano_samples().into_iter().filter(|sample| sample.authorised() && !sample.polls()) {
        let (password, events) = (support::secret(), Events::default());
        let fake = wanting("another", &sample);
        let client = fake.builder().password(&password).on_event(events.listener()).build().unwrap();
        let error = sample.invoke(&client).await.unwrap_err();
        let case = format!("{}: {error:?}", sample.name());
        assert_eq!((error.code(), error.status()), (Code::Authentication, Some(401)), "{case}");
        assert_eq!((error.outcome(), error.report().retryable), (Some(Outcome::Rejected), false), "{case}");
        assert_eq!((fake.sent(), reauthenticated(&events)), (1, 0), "{case}");
        let pair = STANDARD.encode(format!("app-1:k:{password}"));
        assert!(!shown(&error).contains(&password) && !shown(&error).contains(&pair), "{case}");
    }
}

#[tokio::test]
async fn h4_a_key_that_is_somewhere_else_is_looked_up_once_more() {
    for sample in maestrano_samples().into_iter().filter(Sample::wrapped) {
        let (old, new) = (support::secret(), support::secret());
        let (fake, events, file) = (wanting(&new, &sample), Events::default(), key_in_a_file(&old));
        let client = by_file(&fake, file.path(), &events);
        let error = sample.invoke(&client).await.unwrap_err();
        assert_eq!((error.code(), fake.sent()), (Code::Authentication, 2), "{}: {error:?}", sample.name());
        assert_eq!(reauthenticated(&events), 1, "{}", sample.name());
        assert!(!shown(&error).contains(&old), "{error:?}");

        // The key was made anew between two calls: nobody has to notice.
        std::fs::write(file.path(), &new).unwrap();
        assert_eq!(sample.invoke(&client).await.unwrap(), sample.answer(), "{}", sample.name());
        assert_eq!((fake.sent(), reauthenticated(&events)), (4, 1), "{}", sample.name());
        sample.invoke(&client).await.unwrap();
        assert_eq!((fake.sent(), reauthenticated(&events)), (5, 0), "{}", sample.name());
    }
}

#[tokio::test]
async fn h4_a_thousand_calls_with_a_key_made_anew_are_each_repeated_once() {
    let sample = sample(&maestrano_samples(), "maestrano.groups.list");
    let (old, new) = (support::secret(), support::secret());
    let (fake, file) = (wanting(&new, &sample), key_in_a_file(&new));
    let client = by_file(&fake, file.path(), &Events::default());
    std::fs::write(file.path(), &old).unwrap();
    sample.invoke(&client).await.unwrap_err();
    std::fs::write(file.path(), &new).unwrap();
    let before = fake.sent();
    let calls = join_all((0..1_000).map(|_| sample.call(&client, Options::default()))).await;
    assert!(calls.into_iter().all(|call| call.is_ok()));
    assert!((1_001..=2_000).contains(&(fake.sent() - before)), "{}", fake.sent() - before);
}
