//! `Retry-After`, read and obeyed to the second (fault matrix H3). Three languages read the same vectors.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crate::support::clock::JumpClock;
use crate::support::fake::{Canned, FakeSend, Play};
use crate::support::samples::{Sample, samples};
use crate::support::world::World;
use crate::support::{detail, options};
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;
use serde_json::json;
use tenantry::retry::retry_after;
use tenantry::time::Clock as _;
use tenantry::{Code, Outcome};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    headers: Vec<(String, String)>,
    date: Option<String>,
    now_ms: i64,
    expect_s: Option<u64>,
}

/// Every operation whose failed request is the call's own failure.
fn direct() -> impl Iterator<Item = Sample> {
    samples().into_iter().filter(Sample::direct)
}

fn rows() -> Vec<Row> {
    serde_json::from_str(include_str!("../../../tests/vectors/retry_after.json")).unwrap()
}

impl Row {
    fn canned(&self, status: u16) -> Canned {
        let headers = self.headers.iter().cloned().chain(self.date.clone().map(|date| ("date".to_owned(), date)));
        Canned { headers: headers.collect(), ..Canned::new(status, "slow down") }
    }
}

/// Calls `sample`, which is first answered by `first` and then well, on a clock that shows `wall_ms`.
async fn after(sample: &Sample, first: Canned, wall_ms: i64) -> (tenantry::Result<String>, usize, Duration) {
    let good = Play::Reply(sample.canned(200));
    let fake = FakeSend::playing_in_turn(sample, vec![Play::Reply(first), good]);
    let clock = Arc::new(JumpClock::at(wall_ms));
    let client = fake.builder().clock(clock.clone()).build().unwrap();
    let result = sample.invoke(&client).await;
    (result, fake.sent_for(sample), clock.now())
}

#[test]
fn h3_every_vector_reads_as_it_says() {
    let rows = rows();
    assert!(rows.len() >= 30);
    assert_eq!(rows.iter().map(|row| &row.name).collect::<HashSet<_>>().len(), rows.len());
    for row in rows {
        let mut headers = HeaderMap::new();
        for (name, value) in &row.headers {
            headers.append(http::HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
        }
        if let Some(date) = &row.date {
            headers.insert(http::header::DATE, HeaderValue::try_from(date).unwrap());
        }
        assert_eq!(retry_after(&headers, row.now_ms).map(|delay| delay.as_secs()), row.expect_s, "{}", row.name);
    }
}

#[test]
fn h3_bytes_that_are_no_text_are_no_delay() {
    for bytes in [b"\xff".as_slice(), b"7\xb2", b"\xc3\xbc"] {
        let mut headers = HeaderMap::new();
        headers.append(http::header::RETRY_AFTER, HeaderValue::from_bytes(bytes).unwrap());
        headers.append(http::header::DATE, HeaderValue::from_bytes(bytes).unwrap());
        assert_eq!(retry_after(&headers, 0), None);
    }
}

#[tokio::test]
async fn h3_a_rate_limit_is_waited_out_exactly_by_every_operation() {
    for sample in direct() {
        for row in rows() {
            let (result, sent, took) = after(&sample, row.canned(429), row.now_ms).await;
            let case = format!("{} {}", sample.name(), row.name);
            match row.expect_s {
                // Three attempts of 30 s: a later one would come after the caller has stopped waiting.
                Some(seconds) if seconds >= 90 => {
                    let error = result.unwrap_err();
                    assert_eq!((error.code(), sent, took), (Code::RateLimited, 1, Duration::ZERO), "{case}");
                    assert_eq!(error.report().retry_after_ms, Some(seconds * 1_000), "{case}");
                    assert!(error.report().retryable, "{case}");
                }
                Some(seconds) => {
                    assert_eq!((result.unwrap(), sent), (sample.answer(), 2), "{case}");
                    assert_eq!(took, Duration::from_secs(seconds), "{case}");
                }
                None => {
                    assert_eq!((result.unwrap(), sent), (sample.answer(), 2), "{case}");
                    let own = Duration::from_millis(250)..=Duration::from_millis(500);
                    assert!(own.contains(&took), "{case}: {took:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn h3_an_unavailable_server_is_waited_for_only_where_repeating_is_harmless() {
    for sample in direct() {
        for row in rows().into_iter().filter(|row| row.expect_s.is_none_or(|seconds| seconds < 90)) {
            let (result, sent, took) = after(&sample, row.canned(503), row.now_ms).await;
            let case = format!("{} {}", sample.name(), row.name);
            if sample.once() {
                let error = result.unwrap_err();
                assert_eq!((error.code(), sent), (Code::OutcomeUnknown, 1), "{case}");
                // What is settled by reading is looked for before it is given up; nobody else waits.
                assert!(took.is_zero() != sample.settles(), "{case}: {took:?}");
                assert_eq!(error.report().retry_after_ms, row.expect_s.map(|seconds| seconds * 1_000), "{case}");
            } else {
                assert_eq!((result.is_ok(), sent), (true, 2), "{case}");
                assert!(row.expect_s.is_none_or(|seconds| took == Duration::from_secs(seconds)), "{case}: {took:?}");
            }
        }
    }
}

#[tokio::test]
async fn h3_a_wait_as_long_as_what_is_left_fails_at_once() {
    for sample in direct() {
        for (seconds, goes_on) in [(89, true), (90, false), (91, false), (u64::MAX / 1_000, false)] {
            let first = Canned::new(429, "").with("retry-after", seconds.to_string());
            let (result, sent, _) = after(&sample, first, 0).await;
            assert_eq!((result.is_ok(), sent), (goes_on, 1 + usize::from(goes_on)), "{} {seconds}", sample.name());
        }
    }
}

#[tokio::test]
async fn h3_a_lasting_rate_limit_ends_after_three_attempts() {
    for sample in direct() {
        let limited = Play::Reply(Canned::new(429, "").with("retry-after", "2"));
        let fake = FakeSend::playing(&sample, limited);
        let error = sample.invoke(&fake.client()).await.unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::RateLimited, Some(Outcome::Rejected)), "{}", sample.name());
        assert_eq!((fake.sent_for(&sample), detail(&error, "attempts")), (3, &json!(3)), "{}", sample.name());
    }
}

#[tokio::test]
async fn h3_over_sockets_the_second_request_arrives_exactly_then() {
    let world = World::new().await;
    let client = world.logged_in().await;
    for (n, sample) in world.samples().iter().filter(|sample| sample.direct()).enumerate() {
        let seconds = 10 + n as u64;
        let header = json!({"retry-after": seconds.to_string()});
        let rule = json!({"operation": sample.row().name, "status": 429, "headers": header});
        world.sandbox.fault(rule).unwrap();
        let start = world.sandbox.clock().now();
        sample.call(&client, options(json!({}))).await.unwrap();
        let journal = world.sandbox.journal();
        let last = journal.as_array().unwrap().last().unwrap();
        assert_eq!(last["operation"], sample.row().name);
        let arrived = Duration::from_millis(last["at_ms"].as_u64().unwrap());
        assert_eq!(arrived - start, Duration::from_secs(seconds), "{}", sample.name());
    }
}
