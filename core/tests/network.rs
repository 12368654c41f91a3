//! Connections that are refused, held or starved, for every operation (fault matrix N1, N4, N5, D1, D4).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use support::client::Client;
use support::fake::{FakeSend, Play, somebody};
use support::samples::{LOGIN, Sample, sample, samples};
use support::way::Way;
use support::wire::closed_port;
use support::world::World;
use support::{Events, bounded, detail, options, shown};
use tenantry::http::Options;
use tenantry::{Code, Error, Outcome};
use tenantry_sandbox::VirtualClock;

#[tokio::test]
async fn n1_a_refused_connection_is_tried_three_times_whatever_the_operation() {
    for sample in direct(samples()) {
        let fake = FakeSend::playing(&sample, Play::Refused);
        let events = Events::default();
        let client = fake.builder().on_event(events.listener()).build().unwrap();
        let error = sample.invoke(&client).await.unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::Connection, Some(Outcome::NotSent)), "{}", sample.name());
        assert_eq!(events.attempts(sample.row().name), 3, "{}", sample.name());
        assert_eq!(fake.sent_for(&sample), 0);
        assert!(error.report().retryable && detail(&error, "attempts") == &json!(3), "{error:?}");
    }
}

async fn n1_a_closed_port_is_named_and_shows_no_secret(way: Way) {
    let closed = closed_port().await;
    for sample in direct(samples()) {
        let (password, events) = (support::secret(), Events::default());
        let url = format!("http://{closed}");
        let client = somebody().base_url(&url).dashboard_url(&url).password(&password);
        let clock = Arc::new(VirtualClock::start().unwrap());
        let client = client.http_send(way.sender()).clock(clock).on_event(events.listener()).build().unwrap();
        let error = sample.invoke(&client).await.unwrap_err();
        let attempts = events.take();
        let attempts: Vec<_> = attempts.iter().filter(|event| event.kind == "attempt").collect();
        assert_eq!(attempts.len(), 3, "{}", sample.name());
        assert!(attempts.iter().all(|event| event.outcome == Some(Outcome::NotSent)));
        assert_eq!((error.code(), error.outcome()), (Code::Connection, Some(Outcome::NotSent)));
        assert!(error.to_string().contains(&closed.to_string()), "{error}");
        assert!(!shown(&error).contains(&password));
    }
}

async fn n1_a_name_that_nobody_knows_is_not_sent(way: Way) {
    let sample = sample(&samples(), "signups.create");
    for scheme in ["http", "https"] {
        let given = options(json!({"proxy": false, "allow_insecure_http": true}));
        let client = somebody().base_url(format!("{scheme}://api.tenantry.invalid")).http_send(way.with(&given));
        let clock = Arc::new(VirtualClock::start().unwrap());
        let client = client.options(given).clock(clock).build().unwrap();
        let error = sample.invoke(&client).await.unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::Connection, Some(Outcome::NotSent)));
        assert_eq!((detail(&error, "reason"), detail(&error, "attempts")), (&json!("dns"), &json!(3)));
        assert!(error.to_string().contains("api.tenantry.invalid"), "{error}");
    }
}

/// A listener whose queue is full drops further connections without a word, as a firewall does.
async fn n4_a_connection_that_nobody_accepts_ends_at_the_connect_limit(way: Way) {
    if !cfg!(target_os = "linux") {
        return;
    }
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let addr = listener.local_addr().unwrap();
    let mut filling = Vec::new();
    for _ in 0..8 {
        let mut connecting = Box::pin(tokio::net::TcpStream::connect(addr));
        let _ = futures::poll!(&mut connecting);
        filling.push(connecting);
    }
    let clock = Arc::new(VirtualClock::start().unwrap());
    let given = options(json!({"connect_timeout_ms": 50}));
    let client = somebody().base_url(format!("http://{addr}")).http_send(way.with(&given)).clock(clock);
    let client = client.options(given).build().unwrap();
    let sample = sample(&samples(), "signups.create");
    let call = sample.invoke(&client);
    let error = bounded("a connection that nobody accepts", call).await.unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::Timeout, Some(Outcome::NotSent)), "{error:?}");
    assert_eq!((detail(&error, "reason"), detail(&error, "attempts")), (&json!("connect"), &json!(3)));
}

/// Calls `sample` in a world with `fault`; the error and how long it took on the virtual clock.
async fn spoilt(world: &World, client: &Client, sample: &Sample, fault: Value, limits: Options) -> (Error, Duration) {
    let mut rule = json!({"operation": sample.row().name, "times": null, "when": "after"});
    rule.as_object_mut().unwrap().extend(fault.as_object().unwrap().clone());
    world.blind(sample);
    world.sandbox.fault(rule).unwrap();
    let start = world.sandbox.clock().now();
    let call = sample.call(client, limits);
    let error = bounded(sample.name(), call).await.unwrap_err();
    let took = world.sandbox.clock().now() - start;
    world.sandbox.clear_faults();
    (error, took)
}

/// How long a call looks for what has become of its request.
fn looked_for(sample: &Sample) -> Duration {
    Duration::from_secs(if sample.settles() { 2 + 5 + 10 } else { 0 })
}

/// Every operation whose failed request is the call's own failure.
fn direct(samples: Vec<Sample>) -> impl Iterator<Item = Sample> {
    samples.into_iter().filter(Sample::direct)
}

fn check_timeout(sample: &Sample, error: &Error, reason: &str) {
    let name = sample.name();
    assert_eq!((error.outcome(), detail(error, "reason")), (Some(Outcome::Unknown), &json!(reason)), "{name}");
    if sample.once() {
        assert_eq!((error.code(), detail(error, "cause")), (Code::OutcomeUnknown, &json!("timeout")), "{name}");
    } else {
        assert_eq!(error.code(), Code::Timeout, "{name}");
    }
}

async fn n4_a_held_reply_ends_at_the_limit_and_a_call_at_its_deadline(way: Way) {
    let world = World::by(way).await;
    let client = world.logged_in().await;
    for sample in direct(world.samples()) {
        let before = (world.arrived(sample.row().name), world.committed(sample.row().name));
        // Where no token is kept, a client of its own has its whole budget of retries.
        let own = sample.light().then(|| world.client());
        let (error, took) =
            spoilt(&world, own.as_ref().unwrap_or(&client), &sample, json!({"hold": true}), Options::default()).await;
        check_timeout(&sample, &error, "total");
        let arrived = world.arrived(sample.row().name) - before.0;
        if sample.once() {
            assert_eq!((took, arrived), (Duration::from_secs(30) + looked_for(&sample), 1), "{}", sample.name());
            assert_eq!(world.committed(sample.row().name) - before.1, 1, "{}", sample.name());
        } else {
            // Three attempts of 30 s do not fit beside their pauses: the call ends at three times its limit.
            assert_eq!((took, arrived), (Duration::from_secs(90), 3), "{}", sample.name());
        }
    }
}

async fn n4_a_call_ends_exactly_at_its_own_limit(way: Way) {
    let world = World::by(way).await;
    let client = world.logged_in().await;
    for sample in direct(world.samples()) {
        for (timeout_ms, first_byte_ms, ends_ms, reason) in [
            (1, None, 1, "total"),
            (1_234, Some(30_000), 1_234, "total"),
            (29_999, None, 29_999, "total"),
            (60_000, None, 60_000, "total"),
            (60_000, Some(30_000), 30_000, "first_byte"),
        ] {
            let limits = json!({
                "timeout_ms": timeout_ms, "first_byte_timeout_ms": first_byte_ms, "max_retries": 0,
            });
            let (error, took) = spoilt(&world, &client, &sample, json!({"hold": true}), options(limits)).await;
            check_timeout(&sample, &error, reason);
            assert_eq!(took, Duration::from_millis(ends_ms) + looked_for(&sample), "{} {timeout_ms}", sample.name());
        }
    }
}

async fn n4_a_reply_that_comes_just_in_time_is_a_reply(way: Way) {
    let world = World::by(way).await;
    let client = world.logged_in().await;
    for sample in direct(world.samples()) {
        let fault = json!({"operation": sample.row().name, "hold_ms": 29_999});
        world.sandbox.fault(fault).unwrap();
        let start = world.sandbox.clock().now();
        sample.invoke(&client).await.unwrap();
        assert_eq!(world.sandbox.clock().now() - start, Duration::from_millis(29_999), "{}", sample.name());
    }
}

async fn n5_a_dripping_reply_ends_within_its_limit(way: Way) {
    // To the millisecond it is in `network_pace.rs`: here the drip goes on, and moves the clock, until the server sees that
    // its client has left.
    let world = World::by(way).await;
    let client = world.logged_in().await;
    for sample in direct(world.samples()) {
        let drip = json!({"drip": {"bytes": 1, "every_ms": 1_000}});
        let limits = options(json!({"timeout_ms": 20_000, "max_retries": 0}));
        let (error, took) = spoilt(&world, &client, &sample, drip, limits).await;
        check_timeout(&sample, &error, "total");
        assert!(took >= Duration::from_secs(20), "{}", sample.name());
    }
}

async fn d1_a_create_whose_reply_was_lost_is_in_the_journal_once(way: Way) {
    let world = World::by(way).await;
    let client = world.logged_in().await;
    let faults = [
        json!({"drop": true}),
        json!({"drop": true, "reset": true}),
        json!({"cut_at": 40}),
        json!({"cut_at": 40, "reset": true}),
        json!({"status": 502}),
        json!({"hold": true}),
        json!({"body": "<html>", "content_type": "text/html"}),
    ];
    for sample in world.samples().iter().filter(|sample| sample.once()) {
        for fault in &faults {
            let sample = world.fresh(sample);
            world.blind(&sample);
            let before = world.committed(sample.row().name);
            let mut rule = json!({"operation": sample.row().name, "times": null, "when": "after"});
            rule.as_object_mut().unwrap().extend(fault.as_object().unwrap().clone());
            world.sandbox.fault(rule).unwrap();
            let call = sample.call(&client, options(json!({"max_retries": 10})));
            let error = bounded(sample.name(), call).await.unwrap_err();
            world.sandbox.clear_faults();
            assert_eq!(error.outcome(), Some(Outcome::Unknown), "{} {fault}", sample.name());
            assert_eq!(world.committed(sample.row().name) - before, 1, "{} {fault}", sample.name());
            assert!(!error.report().retryable, "{} {fault}", sample.name());
            if fault.get("body").is_none() {
                assert_eq!(error.code(), Code::OutcomeUnknown, "{} {fault}", sample.name());
            }
        }
    }
    assert_eq!(world.arrived(LOGIN), 2, "the world's own login and this client's");
}

/// A bill that becomes visible `delay_ms` after its reply was lost: what the call ends with, and how many bills there are.
async fn late(world: &World, sample: &Sample, delay_ms: u64) -> (Result<Value, Error>, usize) {
    let lost = json!({"operation": sample.name(), "drop": true, "when": "after", "commit_delay_ms": delay_ms});
    world.sandbox.fault(lost).unwrap();
    let before = world.committed(sample.name());
    let result = bounded(sample.name(), sample.invoke(&world.client())).await;
    (result.map(|reply| serde_json::from_str(&reply).unwrap()), world.committed(sample.name()) - before)
}

async fn d4_a_bill_that_becomes_visible_late_is_made_once_within_the_time_of_the_looks(way: Way) {
    let world = World::by(way).await;
    for sample in world.maestrano_samples().iter().filter(|sample| sample.bills()) {
        for delay_ms in (0..=20_000).step_by(1_000) {
            let sample = world.fresh(sample);
            let (reply, made) = late(&world, &sample, delay_ms).await;
            let reply = reply.unwrap();
            // The last look is 17 seconds after the first. What shows itself later is the window that is left.
            let in_time = delay_ms <= 17_000;
            let case = format!("{} {delay_ms}: {reply}", sample.name());
            assert_eq!((reply["already_applied"] == true, made), (in_time, if in_time { 1 } else { 2 }), "{case}");
        }
    }
}

async fn d4_without_a_reference_a_late_bill_is_a_candidate_and_never_taken(way: Way) {
    let world = World::by(way).await;
    for sample in world.maestrano_samples().iter().filter(|sample| sample.bills()) {
        for delay_ms in (0..=20_000).step_by(1_000) {
            let mut sample = sample.clone();
            sample.arguments.as_object_mut().unwrap().remove("reference");
            sample.arguments["description"] = json!(format!("Product purchase, {delay_ms} ms late"));
            let (result, made) = late(&world, &sample, delay_ms).await;
            let case = format!("{} {delay_ms}: {result:?}", sample.name());
            match result {
                Ok(reply) => assert!(delay_ms > 17_000 && made == 2 && reply["already_applied"].is_null(), "{case}"),
                Err(error) => {
                    assert_eq!((error.code(), made), (Code::OutcomeUnknown, 1), "{case}");
                    assert_eq!(detail(&error, "candidates").as_array().unwrap().len(), 1, "{case}");
                    assert!(delay_ms <= 17_000, "{case}");
                }
            }
        }
    }
}

#[tokio::test]
async fn n1_a_safe_call_goes_on_when_the_server_is_back() {
    for sample in direct(samples()) {
        let good = sample.canned(200);
        let fake = FakeSend::playing_in_turn(&sample, vec![Play::Refused, Play::Refused, Play::Reply(good)]);
        let reply = sample.invoke(&fake.client()).await;
        assert_eq!((reply.unwrap(), fake.sent_for(&sample)), (sample.answer(), 1), "{}", sample.name());
    }
}

#[test]
fn a_sender_needs_no_event_loop_to_be_made() {
    for way in [Way::Direct, Way::Reqwest] {
        way.sender();
    }
}

crate::over_both! {
    [
        n1_a_closed_port_is_named_and_shows_no_secret,
        n1_a_name_that_nobody_knows_is_not_sent,
        n4_a_connection_that_nobody_accepts_ends_at_the_connect_limit,
        n4_a_held_reply_ends_at_the_limit_and_a_call_at_its_deadline,
        n4_a_call_ends_exactly_at_its_own_limit,
        n4_a_reply_that_comes_just_in_time_is_a_reply,
        n5_a_dripping_reply_ends_within_its_limit,
        d1_a_create_whose_reply_was_lost_is_in_the_journal_once,
        d4_a_bill_that_becomes_visible_late_is_made_once_within_the_time_of_the_looks,
        d4_without_a_reference_a_late_bill_is_a_candidate_and_never_taken,
    ]
}
