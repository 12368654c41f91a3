//! Calls that are dropped at any await, for every operation (fault matrix X1).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use support::bounded;
use support::client::Client;
use support::samples::{LOGIN, Sample};
use support::way::Way;
use support::world::World;
use tenantry::time::SystemClock;

/// Polls `future` so many times, each time when it asks for it, and drops it; its output if it came to that.
async fn dropped_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            // Nothing may wake it any more once it is to be dropped.
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Virtual time stands still while anybody is busy: a guard that leaked would stop it for ever.
async fn time_goes_on(world: &World, case: &str) {
    let clock = world.sandbox.clock();
    let soon = clock.now() + Duration::from_secs(1);
    bounded(case, clock.sleep_until(soon)).await;
}

/// Drops calls of `sample` after 1, 2, 3 … polls until one gets through; how many there were.
async fn storm(world: &World, sample: &Sample, fresh: impl Fn() -> Client, fault: Option<serde_json::Value>) -> usize {
    for polls in 1.. {
        let client = fresh();
        let sample = &world.fresh(sample);
        let before = world.committed(sample.row().name);
        if let Some(fault) = &fault {
            world.sandbox.fault(fault.clone()).unwrap();
        }
        let case = format!("{} after {polls} polls", sample.name());
        let end = bounded(&case, dropped_after(polls, sample.invoke(&client))).await;
        world.sandbox.clear_faults();
        time_goes_on(world, &case).await;
        if let Some(result) = end {
            result.unwrap();
            return polls;
        }
        if sample.once() {
            // One that was refused is sent again: what counts is what the server did.
            assert!(world.committed(sample.row().name) - before <= 1, "{case}");
        }
        // The same client goes on as if nothing had been.
        bounded(&case, sample.invoke(&client)).await.unwrap();
        time_goes_on(world, &case).await;
    }
    unreachable!("a call that never ends")
}

/// One test, for it counts the descriptors of the process.
#[tokio::test]
async fn x1_a_call_may_be_dropped_at_any_await() {
    for way in [Way::Direct, Way::Reqwest] {
        let before = descriptors();
        every_call_may_be_dropped(way).await;
        let gone = async {
            while descriptors() > before {
                tokio::task::yield_now().await;
            }
        };
        bounded("descriptors stay open", gone).await;
    }
}

async fn every_call_may_be_dropped(way: Way) {
    let world = World::by(way).await;
    let sender = way.sender();
    for sample in world.magento_bi_samples() {
        // Without a token, so that the login is interrupted too; with one; and with a pause between two attempts.
        let fresh = || world.builder().http_send(sender.clone()).build().unwrap();
        let polls = storm(&world, &sample, fresh, None).await;
        assert!(polls >= 2, "{} has an await", sample.name());
        let kept = world.logged_in().await;
        storm(&world, &sample, || kept.clone(), None).await;
        let limited = json!({"operation": sample.name(), "status": 429, "headers": {"retry-after": "5"}});
        storm(&world, &sample, || kept.clone(), Some(limited)).await;
        let refused = json!({"operation": sample.name(), "status": 401});
        if sample.authorised() {
            storm(&world, &sample, || kept.clone(), Some(refused)).await;
        }
    }
    for sample in world.maestrano_samples() {
        let fresh = || world.builder().http_send(sender.clone()).build().unwrap();
        let polls = storm(&world, &sample, fresh, None).await;
        assert!(polls >= 2, "{} has an await", sample.name());
        let kept = world.client();
        let limited = json!({"operation": sample.row().name, "status": 429, "headers": {"retry-after": "5"}});
        storm(&world, &sample, || kept.clone(), Some(limited)).await;
        if sample.bills() {
            // What is looked for is dropped too, at each look and between them.
            let lost = json!({
                "operation": sample.name(), "when": "after", "drop": true, "commit_delay_ms": 6_000,
            });
            storm(&world, &sample, || kept.clone(), Some(lost)).await;
            a_remembered_bill_that_is_dropped_is_there_once(&world, &sample).await;
        }
    }
    a_refresh_that_is_dropped_leaves_the_others_theirs(&world).await;
    a_login_that_is_dropped_leaves_the_others_theirs(&world).await;
    a_held_call_that_is_dropped_frees_its_time(&world).await;
}

async fn a_login_that_is_dropped_leaves_the_others_theirs(world: &World) {
    let list = support::samples::sample(&world.magento_bi_samples(), "connections.list");
    for polls in 1..8 {
        // Who waits for another's login is idle: virtual time could pass between its end and the next one's beginning.
        let client = world.builder().clock(Arc::new(SystemClock)).build().unwrap();
        let logins = world.arrived(LOGIN);
        let first = dropped_after(polls, list.invoke(&client));
        let others = join_all((0..20).map(|_| list.invoke(&client)));
        let (_, others) = bounded("waiters of a dropped login", async { tokio::join!(first, others) }).await;
        assert!(others.into_iter().all(|other| other.is_ok()));
        assert!((1..=2).contains(&(world.arrived(LOGIN) - logins)));
    }
}

/// With a journal, whoever goes on after a call that was dropped anywhere ends with one bill.
async fn a_remembered_bill_that_is_dropped_is_there_once(world: &World, sample: &Sample) {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal.json");
    let client = world.client();
    for lost in [false, true] {
        for polls in 1.. {
            let mut sample = world.fresh(sample);
            sample.arguments["journal"] = json!(journal);
            if lost {
                let lost = json!({"operation": sample.name(), "when": "after", "drop": true, "commit_delay_ms": 3_000});
                world.sandbox.fault(lost).unwrap();
            }
            let before = world.committed(sample.name());
            let case = format!("{} remembered, {lost}, after {polls} polls", sample.name());
            let end = bounded(&case, dropped_after(polls, sample.invoke(&client))).await;
            world.sandbox.clear_faults();
            time_goes_on(world, &case).await;
            // Another process reads what was kept, whole.
            if let Ok(text) = std::fs::read_to_string(&journal) {
                serde_json::from_str::<serde_json::Value>(&text).unwrap();
            }
            let reply = bounded(&case, sample.invoke(&world.client())).await.unwrap();
            assert!(reply.contains(sample.arguments["reference"].as_str().unwrap()), "{case}: {reply}");
            assert_eq!(world.committed(sample.name()) - before, 1, "{case}");
            if end.is_some() {
                break;
            }
        }
    }
}

async fn a_refresh_that_is_dropped_leaves_the_others_theirs(world: &World) {
    let fetch = "maestrano.marketplaces.fetch";
    for polls in 1..8 {
        let line = world.sandbox.line()["maestrano"].to_string();
        let set = tenantry::maestrano::Marketplaces::builder().config_json(&line).unwrap();
        let set = set.clock(Arc::new(SystemClock)).build().unwrap();
        let before = world.arrived(fetch);
        let first = dropped_after(polls, set.refresh());
        let others = join_all((0..20).map(|_| set.refresh()));
        let (_, others) = bounded("waiters of a dropped refresh", async { tokio::join!(first, others) }).await;
        assert!(others.into_iter().all(|other| other.is_ok_and(|refreshed| refreshed.names.len() == 2)));
        assert!((1..=2).contains(&(world.arrived(fetch) - before)), "{polls}: {}", world.arrived(fetch) - before);
    }
}

async fn a_held_call_that_is_dropped_frees_its_time(world: &World) {
    for sample in world.samples().into_iter().filter(|sample| !sample.connect()) {
        world.sandbox.fault(json!({"operation": sample.row().name, "hold": true, "times": null})).unwrap();
        let client = world.client();
        let start = world.sandbox.clock().now();
        let gone = world.sandbox.clock().sleep_until(start + Duration::from_secs(7));
        let call = sample.invoke(&client);
        let either = async {
            tokio::select! {
                biased;
                _ = call => panic!("{} came back", sample.name()),
                () = gone => {}
            }
        };
        bounded(sample.name(), either).await;
        world.sandbox.clear_faults();
        time_goes_on(world, sample.name()).await;
        sample.invoke(&client).await.unwrap();
    }
}

/// Open sockets and files of this process; 0 where there is no list of them.
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map(Iterator::count).unwrap_or(0)
}
