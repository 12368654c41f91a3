//! A reply that starves, to the millisecond and for every operation (fault matrix N4, N5).
//!
//! There is no socket here: the sender, its body and the limits share one clock, so each case has one order of events.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use http::HeaderMap;
use serde_json::json;
use support::clock::StepClock;
use support::fake::somebody;
use support::samples::{Sample, samples, token};
use support::{detail, options};
use tenantry::http::{Answer, Failure, Head, HttpSend, Options};
use tenantry::time::Clock as _;
use tenantry::{Code, Error, Outcome};

/// Logs in at once; then a head after a time, and `bytes` of a body every so often, for ever.
#[derive(Debug)]
struct Dripping {
    clock: StepClock,
    sample: Sample,
    head_after_ms: u64,
    bytes: usize,
    every_ms: u64,
    /// How many helpings there are, and what they are all together.
    helpings: usize,
}

impl HttpSend for Dripping {
    fn send(&self, head: Head, _: Bytes) -> BoxFuture<'_, Result<Answer, Failure>> {
        if !self.sample.is_own(head.method.as_str(), head.url.path()) {
            // A login; or what would settle the call, which is not what is looked at here.
            let (status, said) =
                if head.url.path() == "/v1/tokens" { (201, token().to_string()) } else { (403, String::new()) };
            let body = stream::iter([Ok(Bytes::from(said))]).boxed();
            return async move { Ok(Answer { status, headers: HeaderMap::new(), body }) }.boxed();
        }
        let pause = |ms| self.clock.sleep_until(self.clock.now() + Duration::from_millis(ms));
        let head_pause = pause(self.head_after_ms);
        let (clock, bytes, every_ms) = (self.clock.clone(), self.bytes, self.every_ms);
        let body = stream::iter(0..self.helpings).then(move |_| {
            let pause = clock.sleep_until(clock.now() + Duration::from_millis(every_ms));
            pause.map(move |()| Ok(Bytes::from(vec![b' '; bytes])))
        });
        async move {
            head_pause.await;
            Ok(Answer { status: 200, headers: HeaderMap::new(), body: body.boxed() })
        }
        .boxed()
    }
}

/// How the call ended, and after how many milliseconds.
fn starved(sample: &Sample, drip: (u64, usize, u64, usize), limits: &Options) -> (Result<String, Error>, u128) {
    let clock = StepClock::default();
    let (head_after_ms, bytes, every_ms, helpings) = drip;
    let sender = Dripping { clock: clock.clone(), sample: sample.clone(), head_after_ms, bytes, every_ms, helpings };
    let client = somebody().clock(Arc::new(clock.clone())).http_send(Arc::new(sender));
    let client = client.build().unwrap();
    let result = clock.drive(sample.call(&client, limits.clone()));
    (result, clock.now().as_millis())
}

/// How long a call looks for what has become of its request, in milliseconds.
fn looked_for(sample: &Sample) -> u128 {
    if sample.settles() { 17_000 } else { 0 }
}

/// Every operation whose failed request is the call's own failure.
fn direct() -> impl Iterator<Item = Sample> {
    samples().into_iter().filter(Sample::direct)
}

const FOREVER: usize = usize::MAX;

#[test]
fn n5_each_limit_ends_a_starving_reply_at_its_own_instant() {
    let rows = [
        // A head that comes too late: within the total limit, and beyond it.
        ((30_001, 1, 1, FOREVER), 120_000, "first_byte", 30_000),
        ((30_001, 1, 1, FOREVER), 30_000, "total", 30_000),
        ((5_000, 1, 1, FOREVER), 4_999, "total", 4_999),
        // A byte a second brings 10 in a window of 10 s; 640 are asked for.
        ((0, 1, 1_000, FOREVER), 120_000, "too_slow", 10_000),
        ((29_999, 1, 1_000, FOREVER), 120_000, "too_slow", 39_999),
        // 639 bytes in each window are too few.
        ((0, 639, 9_999, FOREVER), 120_000, "too_slow", 10_000),
        // 64 bytes a second are enough for the pace, and the total limit ends it.
        ((0, 64, 999, FOREVER), 45_000, "total", 45_000),
        ((0, 700, 9_000, FOREVER), 30_000, "total", 30_000),
        // A body that stops after a good beginning.
        ((0, 4_000, 3_000, 3), 120_000, "", 9_000),
        ((0, 4_000, 25_000, FOREVER), 120_000, "too_slow", 10_000),
    ];
    for sample in direct() {
        for (drip, timeout_ms, reason, ends_ms) in rows {
            let case = format!("{} {drip:?}", sample.name());
            let limits = json!({"timeout_ms": timeout_ms, "first_byte_timeout_ms": 30_000, "max_retries": 0});
            let limits = options(limits);
            let (result, took) = starved(&sample, drip, &limits);
            let error = match result {
                // Spaces alone are an empty reply.
                Ok(_) => {
                    assert!(!sample.needs_a_reply() && reason.is_empty() && took == ends_ms, "{case}");
                    continue;
                }
                Err(error) => error,
            };
            assert_eq!(took, ends_ms + looked_for(&sample), "{case}");
            if reason.is_empty() {
                assert_eq!(error.code(), sample.lost(Code::Decode), "{case}");
                continue;
            }
            assert_eq!((error.outcome(), detail(&error, "reason")), (Some(Outcome::Unknown), &json!(reason)), "{case}");
            let code = if sample.once() { Code::OutcomeUnknown } else { Code::Timeout };
            assert_eq!(error.code(), code, "{case}");
        }
    }
}

#[test]
fn n4_a_call_never_outlives_its_attempts() {
    for sample in direct() {
        for (retries, timeout_ms) in [(0, 1_000_u64), (1, 1_000), (2, 30_000), (10, 7_777)] {
            let limits = options(json!({"timeout_ms": timeout_ms, "max_retries": retries}));
            let (result, took) = starved(&sample, (u64::from(u32::MAX), 1, 1, FOREVER), &limits);
            let error = result.unwrap_err();
            let whole = u128::from(timeout_ms) * (retries + 1);
            let case = format!("{} {retries} {timeout_ms}", sample.name());
            if sample.once() {
                assert_eq!(
                    (error.code(), took),
                    (Code::OutcomeUnknown, u128::from(timeout_ms) + looked_for(&sample)),
                    "{case}"
                );
            } else {
                assert_eq!(error.code(), Code::Timeout, "{case}");
                assert!(took <= whole && took >= u128::from(timeout_ms), "{case} {took}");
            }
        }
    }
}
