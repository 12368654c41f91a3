//! Connections that break at every byte, for every operation of Magento BI (fault matrix N2, D1; N3 for all).
//!
//! The proxy breaks real connections to a sandbox whose journal tells what was carried out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use serde_json::json;
use support::client::Client;
use support::fake::{Canned, somebody};
use support::samples::{Sample, magento_bi_samples, samples, token};
use support::way::Way;
use support::wire::{Request, Step, Wire};
use support::world::World;
use support::{bounded, options};
use tenantry::http::Options;
use tenantry::{Code, Error, Outcome};
use tenantry_sandbox::{ChaosProxy, Ending, Plan, VirtualClock};

/// Every offset up to 512, every 257th after, and the last.
fn offsets(length: u64) -> Vec<u64> {
    let every = (0..length.min(513)).chain((513..length).step_by(257));
    every.chain(length.checked_sub(1)).collect()
}

fn one_attempt() -> Options {
    options(json!({"max_retries": 0}))
}

/// A client behind a proxy, with its token. Each request has a connection of its own, so that each meets the plan.
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
        let url = format!("http://{}", proxy.addr());
        let client = world.builder().base_url(&url).dashboard_url(&url).build().unwrap();
        let behind = Self { world, proxy, client };
        behind.sample("magento_bi.connections.list").invoke(&behind.client).await.unwrap();
        behind
    }

    fn sample(&self, name: &str) -> Sample {
        support::samples::sample(&self.world.samples(), name)
    }

    /// How long request and reply of `sample` are when nothing breaks.
    async fn lengths(&self, sample: &Sample) -> (u64, u64) {
        let (without, with) = (self.bytes(None).await, self.bytes(Some(sample)).await);
        (with.0 - without.0, with.1 - without.1)
    }

    /// What a login, a list and `sample` are on the wire. A proxy has counted everything only when it is closed.
    async fn bytes(&self, sample: Option<&Sample>) -> (u64, u64) {
        let proxy = ChaosProxy::start(self.world.addr(), Plan::default()).unwrap();
        let url = format!("http://{}", proxy.addr());
        let client = self.world.builder().base_url(&url).dashboard_url(&url).build().unwrap();
        self.sample("magento_bi.connections.list").invoke(&client).await.unwrap();
        if let Some(sample) = sample {
            sample.invoke(&client).await.unwrap();
        }
        proxy.close();
        (proxy.request_bytes(), proxy.reply_bytes())
    }

    /// Calls `sample`; only a `once` operation may think of repeating, for it must not.
    async fn broken(&self, sample: &Sample, plan: Plan) -> Error {
        self.proxy.set_plan(plan);
        let limits = if sample.once() { Options::default() } else { one_attempt() };
        bounded(sample.name(), sample.call(&self.client, limits)).await.unwrap_err()
    }
}

/// Runs `check` for every operation at once, each with a world of its own.
async fn everywhere<F>(way: Way, check: impl Fn(Behind, Sample) -> F)
where
    F: Future<Output = usize> + Send + 'static,
{
    let mut running = Vec::new();
    for operation in magento_bi_samples() {
        let behind = Behind::by(way).await;
        let sample = behind.sample(operation.name());
        running.push(tokio::spawn(check(behind, sample)));
    }
    let mut cases = 0;
    for check in running {
        cases += check.await.unwrap();
    }
    assert!(cases >= 2_000, "only {cases} cases");
}

fn check_lost(sample: &Sample, error: &Error, case: &str) {
    if sample.once() {
        assert_eq!((error.code(), error.report().retryable), (Code::OutcomeUnknown, false), "{case}: {error:?}");
    } else {
        assert_eq!((error.code(), error.report().retryable), (Code::Connection, true), "{case}: {error:?}");
    }
    assert_eq!(error.outcome(), Some(Outcome::Unknown), "{case}: {error:?}");
}

async fn n2_a_request_reset_at_any_byte_is_never_carried_out_and_never_repeated_blindly(way: Way) {
    everywhere(way, |behind, sample| async move {
        let (length, _) = behind.lengths(&sample).await;
        let before = behind.world.arrived(sample.name());
        let committed = behind.world.committed(sample.name());
        let offsets = offsets(length);
        for at in &offsets {
            let connections = behind.proxy.connections();
            let plan = Plan { after_request: Some(*at), ending: Ending::Reset, ..Plan::default() };
            let error = behind.broken(&sample, plan).await;
            if *at == 0 && error.outcome() == Some(Outcome::NotSent) {
                // The reset came before the connection was there: nothing was sent, and it was said so.
                assert_eq!(error.code(), Code::Connection, "{error:?}");
                continue;
            }
            check_lost(&sample, &error, &format!("{} {at}", sample.name()));
            let made = behind.proxy.connections() - connections;
            assert!(made == 1 || *at == 0, "{} {at}: {made} connections", sample.name());
        }
        // A request that was heard whole is an entry of the journal; one cut short may be, and is not carried out.
        assert_eq!(behind.world.committed(sample.name()), committed, "{}", sample.name());
        assert!(behind.world.arrived(sample.name()) - before <= offsets.len(), "{}", sample.name());
        offsets.len()
    })
    .await;
}

async fn n2_a_reply_broken_at_any_byte_is_no_success_and_its_create_stays_single(way: Way) {
    everywhere(way, |behind, sample| async move {
        let (_, length) = behind.lengths(&sample).await;
        let mut committed = behind.world.committed(sample.name());
        let offsets = offsets(length);
        for at in &offsets {
            let ending = if at % 2 == 0 { Ending::Reset } else { Ending::Close };
            let plan = Plan { after_reply: Some(*at), ending, ..Plan::default() };
            let error = behind.broken(&sample, plan).await;
            check_lost(&sample, &error, &format!("{} {at}", sample.name()));
            committed += 1;
            assert_eq!(behind.world.committed(sample.name()), committed, "{} {at}", sample.name());
        }
        offsets.len()
    })
    .await;
}

async fn n2_a_read_whose_reply_was_lost_is_read_again(way: Way) {
    let behind = Behind::by(way).await;
    for sample in behind.world.magento_bi_samples().iter().filter(|sample| !sample.once()) {
        for at in [0, 1, 17, 100] {
            let before = behind.world.arrived(sample.name());
            let plan = Plan { after_reply: Some(at), connections: Some(2), ..Plan::default() };
            behind.proxy.set_plan(plan);
            sample.invoke(&behind.client).await.unwrap();
            assert_eq!(behind.world.arrived(sample.name()) - before, 3, "{} {at}", sample.name());
        }
    }
}

/// How a reply says where it ends.
#[derive(Clone, Copy, PartialEq)]
enum Framing {
    Length,
    Chunks,
    Close,
}

fn framed(framing: Framing, body: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = match framing {
        Framing::Length => format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes(),
        Framing::Chunks => b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(),
        Framing::Close => b"HTTP/1.0 200 OK\r\n\r\n".to_vec(),
    };
    if framing == Framing::Chunks {
        for chunk in body[..at].chunks(50) {
            bytes.extend(format!("{:x}\r\n", chunk.len()).as_bytes());
            bytes.extend(chunk);
            bytes.extend(b"\r\n");
        }
    } else {
        bytes.extend(&body[..at]);
    }
    bytes
}

async fn n3_a_body_cut_at_any_byte_is_never_a_success(way: Way) {
    let mut running = Vec::new();
    for sample in samples().into_iter().filter(Sample::direct) {
        running.push(tokio::spawn(async move {
            let body = Arc::new(sample.body().into_bytes());
            let next = Arc::new(std::sync::Mutex::new(Vec::new()));
            let (said, itself, settles) = (next.clone(), sample.is_login(), sample.settles());
            let server = Wire::start(move |request: &Request| {
                if request.target() == "/v1/tokens" && !itself {
                    return Step::Close(Canned::json(201, &token()).on_the_wire());
                }
                if settles && request.head.starts_with("GET") {
                    return Step::Close(Canned::new(403, "").with("connection", "close").on_the_wire());
                }
                Step::Close(said.lock().unwrap().clone())
            });
            let server = server.await;
            let client = somebody().base_url(server.url()).dashboard_url(server.url());
            let client =
                client.http_send(way.sender()).clock(Arc::new(VirtualClock::start().unwrap())).build().unwrap();
            let mut cases = 0;
            let steps = if sample.light() { [43, 61, 83] } else { [1, 3, 5] };
            for (framing, step) in [Framing::Length, Framing::Chunks, Framing::Close].into_iter().zip(steps) {
                for at in (0..body.len()).step_by(step) {
                    *next.lock().unwrap() = framed(framing, &body, at);
                    let result = sample.call(&client, one_attempt()).await;
                    cases += 1;
                    let case = format!("{} {at} of {}", sample.name(), body.len());
                    if framing == Framing::Close && at == 0 {
                        // Without any framing nothing is an empty reply; it says so, or is what was promised.
                        assert_eq!(result.is_err(), sample.needs_a_reply(), "{case}");
                        continue;
                    }
                    if framing == Framing::Close && sample.is_text() {
                        // Nothing says where text ends but the connection.
                        result.unwrap();
                        continue;
                    }
                    let error = result.unwrap_err();
                    let lost = if sample.once() { Code::OutcomeUnknown } else { Code::Connection };
                    let code = if framing == Framing::Close { sample.lost(Code::Decode) } else { lost };
                    assert_eq!(error.code(), code, "{case}: {error:?}");
                    if framing != Framing::Close {
                        assert_eq!(support::detail(&error, "reason"), "body_truncated", "{case}");
                    }
                }
            }
            cases
        }));
    }
    let mut cases = 0;
    for check in running {
        cases += check.await.unwrap();
    }
    assert!(cases >= 2_000, "only {cases} cases");
}

crate::over_both! {
    multi_thread [
        n2_a_request_reset_at_any_byte_is_never_carried_out_and_never_repeated_blindly,
        n2_a_reply_broken_at_any_byte_is_no_success_and_its_create_stays_single,
        n3_a_body_cut_at_any_byte_is_never_a_success,
        n2_a_read_whose_reply_was_lost_is_read_again,
    ]
}
