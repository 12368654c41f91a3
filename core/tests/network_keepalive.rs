//! Connections that the server closes while they are idle (fault matrix N6).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use support::client::Client;
use support::fake::{Canned, somebody};
use support::options;
use support::samples::{Sample, sample, samples, token};
use support::way::Way;
use support::wire::{Request, Step, Wire};
use tenantry::http::{HttpSend, Options};
use tenantry::{Code, Outcome};

/// Calls of each create, and of a read: a read waits before it is repeated, in real time.
const CREATES: usize = 1_500;
const LIGHT_CREATES: usize = 200;
const READS: usize = 100;
const AT_ONCE: usize = 4;

/// A server that offers to keep each connection and closes it a moment later, or not.
async fn forgetful(sample: &Sample) -> Wire {
    let (sample, count) = (sample.clone(), AtomicUsize::new(0));
    Wire::start(move |request: &Request| {
        let reply = if request.target() == "/v1/tokens" && !sample.is_login() {
            Canned::json(201, &token())
        } else if sample.is_own(method(request), path(request)) {
            sample.canned(201)
        } else {
            sample.found()
        };
        let reply = reply.on_the_wire();
        match count.fetch_add(1, Ordering::SeqCst) % 7 {
            6 => Step::Keep(reply),
            turns => Step::CloseLater(reply, turns),
        }
    })
    .await
}

fn method(request: &Request) -> &str {
    request.head.split(' ').next().unwrap_or_default()
}

fn path(request: &Request) -> &str {
    request.target().split('?').next().unwrap_or_default()
}

/// A client that has not used up its budget of retries; the connections are the sender's.
///
/// It lives in real time and has a limit: about one call in 25,000 is never sent and hangs below this crate, its
/// connection gone. A virtual clock would wait for it for ever, for somebody is busy.
fn renewed(sender: &Arc<dyn HttpSend>, url: &str) -> Client {
    let client = somebody().base_url(url).dashboard_url(url).http_send(sender.clone());
    client.options(options(json!({"timeout_ms": 2_000}))).build().unwrap()
}

/// Sends `sample` in a loop, each time as another: what came of each, and how often the server heard each.
async fn loops(
    way: Way,
    sample: Sample,
    limits: Options,
    count: usize,
) -> Vec<(Result<String, tenantry::Error>, usize)> {
    let server = forgetful(&sample).await;
    let sender = way.sender();
    let mut running = Vec::new();
    for lane in 0..AT_ONCE {
        let (sender, url) = (sender.clone(), server.url());
        let (sample, limits) = (sample.clone(), limits.clone());
        running.push(tokio::spawn(async move {
            let (mut results, mut client) = (Vec::new(), renewed(&sender, &url));
            for n in 0..count / AT_ONCE {
                if !sample.once() && n % 5 == 0 {
                    client = renewed(&sender, &url);
                }
                let mut limits = limits.clone();
                let tag = format!("{lane}-{n}");
                limits.extra_headers = Some([("x-tag".to_owned(), tag.clone())].into());
                results.push((tag, sample.call(&client, limits).await));
            }
            results
        }));
    }
    let mut results = Vec::new();
    for lane in running {
        results.extend(lane.await.unwrap());
    }
    let mut heard = HashMap::<String, usize>::new();
    let sent = server.seen().into_iter().filter(|request| sample.is_own(method(request), path(request)));
    sent.for_each(|request| *heard.entry(request.header("x-tag").unwrap().to_owned()).or_default() += 1);
    let answered = results.iter().filter(|(_, result)| result.is_ok()).count();
    assert!(server.connections() > AT_ONCE, "{} connections, {answered} answers", server.connections());
    assert!(answered > count / 10, "only {answered} of {count} calls of {} were answered", sample.name());
    results.into_iter().map(|(tag, result)| (result, heard.get(&tag).copied().unwrap_or(0))).collect()
}

async fn n6_a_create_on_a_stale_connection_is_heard_at_most_once(way: Way) {
    for sample in samples().into_iter().filter(Sample::once) {
        let calls = if sample.light() { LIGHT_CREATES } else { CREATES };
        for (result, heard) in loops(way, sample.clone(), Options::default(), calls).await {
            assert!(heard <= 1, "{} was heard {heard} times", sample.name());
            match result {
                // This server shows every request as moved and every bill as made, so that reading settles one that it
                // never heard of.
                Ok(_) => assert!(heard == 1 || sample.settles(), "{}", sample.name()),
                // The login that the call needed was lost: the call itself was not sent.
                Err(error) if error.outcome() == Some(Outcome::NotSent) => assert_eq!(heard, 0, "{}", sample.name()),
                Err(error) => {
                    assert_eq!((error.code(), error.outcome()), (Code::OutcomeUnknown, Some(Outcome::Unknown)));
                }
            }
        }
    }
}

async fn n6_a_read_on_a_stale_connection_is_read_again(way: Way) {
    let sample = sample(&samples(), "signups.get");
    for (result, heard) in loops(way, sample, options(json!({"max_retries": 10})), READS).await {
        result.unwrap();
        assert!(heard >= 1);
    }
}

crate::over_both! {
    multi_thread [
        n6_a_create_on_a_stale_connection_is_heard_at_most_once,
        n6_a_read_on_a_stale_connection_is_read_again,
    ]
}
