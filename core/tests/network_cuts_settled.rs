//! Connections that break at any byte of a request or a reply, for every operation that may be settled by reading: those of
//! Connect and of Maestrano (fault matrix N2, D1).
//!
//! Only the first connection breaks; what then settles the call gets through. The journal tells what was carried out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use serde_json::{Value, json};
use support::client::Client;
use support::samples::{Sample, samples};
use support::way::Way;
use support::world::World;
use support::{bounded, detail, options};
use tenantry::{Code, Error, Outcome};
use tenantry_sandbox::{ChaosProxy, Ending, Plan};

/// Every 17th offset up to 300, every 509th up to 3,000: a reply about another request may be shorter.
fn offsets(length: u64) -> Vec<u64> {
    let end = length.saturating_sub(16).min(3_000);
    (0..end.min(300)).step_by(17).chain((300..end).step_by(509)).collect()
}

/// Whether what never arrived is sent again: to lead to an end, which the server itself refuses a second time; and to make
/// a bill that is not there.
fn is_sent_again(sample: &Sample) -> bool {
    ["approve", "fail", "confirm"].contains(&sample.verb()) || sample.bills()
}

/// A client behind a proxy. Each request has a connection of its own, so that the first one alone meets the plan.
struct Behind {
    world: World,
    proxy: ChaosProxy,
    client: Client,
}

impl Behind {
    async fn by(way: Way) -> Self {
        let world = World::by(way).await;
        let close = json!({"operation": "*", "headers": {"connection": "close"}, "times": null});
        world.sandbox.fault(close).unwrap();
        let proxy = ChaosProxy::start(world.addr(), Plan::default()).unwrap();
        let client = world.builder().base_url(format!("http://{}", proxy.addr())).build().unwrap();
        Self { world, proxy, client }
    }

    /// How long request and reply of `sample` are when nothing breaks. A proxy has counted all only when it is closed.
    async fn lengths(&self, sample: &Sample) -> (u64, u64) {
        let proxy = ChaosProxy::start(self.world.addr(), Plan::default()).unwrap();
        let client = self.world.builder().base_url(format!("http://{}", proxy.addr())).build().unwrap();
        self.world.fresh(sample).invoke(&client).await.unwrap();
        proxy.close();
        (proxy.request_bytes(), proxy.reply_bytes())
    }

    /// Calls `sample` while the first connection breaks: what came of it, and how often it was carried out.
    async fn broken(&self, sample: &Sample, plan: Plan) -> (Result<String, Error>, usize) {
        let committed = self.world.committed(sample.row().name);
        self.proxy.set_plan(Plan { connections: Some(1), ..plan });
        let call = sample.call(&self.client, options(json!({})));
        let result = bounded(sample.name(), call).await;
        (result, self.world.committed(sample.row().name) - committed)
    }
}

/// Runs `check` for every operation at once, each with a world of its own.
async fn everywhere<F>(way: Way, check: impl Fn(Behind, Sample) -> F)
where
    F: Future<Output = usize> + Send + 'static,
{
    let mut running = Vec::new();
    for operation in samples().into_iter().filter(Sample::light) {
        let behind = Behind::by(way).await;
        let sample = support::samples::sample(&behind.world.samples(), operation.name());
        running.push(tokio::spawn(check(behind, sample)));
    }
    let mut cases = 0;
    for check in running {
        cases += check.await.unwrap();
    }
    assert!(cases >= 400, "only {cases} cases");
}

fn already_applied(reply: &str) -> bool {
    serde_json::from_str::<Value>(reply).is_ok_and(|reply| reply["already_applied"] == true)
}

fn check_unknown(error: &Error, case: &str) {
    assert_eq!((error.code(), error.outcome()), (Code::OutcomeUnknown, Some(Outcome::Unknown)), "{case}: {error:?}");
    assert!(!error.report().retryable, "{case}");
}

async fn n2_a_request_that_breaks_at_any_byte_is_sent_again_only_where_that_is_harmless(way: Way) {
    everywhere(way, |behind, sample| async move {
        let (length, _) = behind.lengths(&sample).await;
        let offsets = offsets(length);
        for at in &offsets {
            let fresh = behind.world.fresh(&sample);
            let plan = Plan { after_request: Some(*at), ending: Ending::Reset, ..Plan::default() };
            let (result, committed) = behind.broken(&fresh, plan).await;
            let case = format!("{} {at} of {length}: {result:?}", sample.name());
            if *at == 0 && result.is_ok() {
                // The reset came before the connection was there, so nothing was sent, and anything may be sent again.
                assert_eq!(committed, 1, "{case}");
                continue;
            }
            match result {
                Err(error) => {
                    assert!(sample.once() && !is_sent_again(&sample), "{case}");
                    check_unknown(&error, &case);
                    assert_eq!(committed, 0, "{case}");
                    if sample.moves() {
                        let from = support::connect_samples::from_status(sample.verb());
                        assert_eq!(detail(&error, "current"), from, "{case}");
                        assert_eq!(behind.world.status(fresh.arguments["id"].as_str().unwrap()), from, "{case}");
                    }
                }
                Ok(reply) => {
                    assert!(!sample.once() || is_sent_again(&sample), "{case}");
                    assert_eq!((committed, already_applied(&reply)), (1, false), "{case}");
                }
            }
        }
        offsets.len()
    })
    .await;
}

async fn n2_a_reply_that_breaks_at_any_byte_doubles_nothing_and_a_move_is_settled_by_reading(way: Way) {
    everywhere(way, |behind, sample| async move {
        let (_, length) = behind.lengths(&sample).await;
        let offsets = offsets(length);
        for at in &offsets {
            let fresh = behind.world.fresh(&sample);
            let ending = if at % 2 == 0 { Ending::Reset } else { Ending::Close };
            let plan = Plan { after_reply: Some(*at), ending, ..Plan::default() };
            let (result, committed) = behind.broken(&fresh, plan).await;
            let case = format!("{} {at} of {length}: {result:?}", sample.name());
            match result {
                Ok(reply) if sample.settles() => {
                    assert_eq!((committed, already_applied(&reply)), (1, true), "{case}");
                }
                Ok(_) => assert!(!sample.once() && committed == 2, "{case}"),
                Err(error) => {
                    assert!(sample.once() && !sample.settles(), "{case}");
                    check_unknown(&error, &case);
                    assert_eq!(committed, 1, "{case}");
                }
            }
        }
        offsets.len()
    })
    .await;
}

crate::over_both! {
    multi_thread [
        n2_a_request_that_breaks_at_any_byte_is_sent_again_only_where_that_is_harmless,
        n2_a_reply_that_breaks_at_any_byte_doubles_nothing_and_a_move_is_settled_by_reading,
    ]
}
