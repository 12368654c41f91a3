//! What a reply may cost in memory (fault matrix B1). This file has an allocator of its own, which counts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::json;
use support::fake::{Canned, somebody};
use support::samples::{Sample, magento_bi_samples, samples, token};
use support::way::Way;
use support::wire::{Wire, closed_port, read};
use support::{bounded, detail, gzip, options};
use tenantry::Code;
use tenantry::http::HttpSend;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it came; the rest is two counters.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        PEAK.fetch_max(LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size(), Ordering::Relaxed);
        // SAFETY: see above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: see above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const LIMIT: usize = 4 << 20;
/// Connections, parsers and the test itself.
const SLACK: usize = 1 << 20;

/// Ways to say far more than the limit, in pieces that are said until nobody listens.
fn floods() -> Vec<(&'static str, String, Vec<u8>)> {
    let spaces = vec![b' '; 64 << 10];
    let mut chunk = b"10000\r\n".to_vec();
    chunk.extend(&spaces);
    chunk.extend(b"\r\n");
    let head = |lines: &str| format!("HTTP/1.1 200 OK\r\n{lines}\r\n");
    vec![
        ("10 GiB by length", head("content-length: 10737418240\r\n"), spaces.clone()),
        ("chunks for ever", head("transfer-encoding: chunked\r\n"), chunk),
        ("bytes for ever", head("connection: close\r\n"), spaces),
    ]
}

/// Says `head` and then `piece` again and again, unless it is a login's turn; marks when the client has hung up.
async fn flood(mut socket: TcpStream, login_first: bool, head: &[u8], piece: &[u8], hung_up: &AtomicBool) {
    while let Some(request) = read(&mut socket).await {
        if request.target() == "/v1/tokens" && login_first {
            let _ = socket.write_all(&Canned::json(201, &token()).on_the_wire()).await;
            continue;
        }
        let _ = socket.write_all(head).await;
        while socket.write_all(piece).await.is_ok() {}
        hung_up.store(true, Ordering::SeqCst);
    }
}

async fn stays_within_the_limit(sender: &Arc<dyn HttpSend>, sample: &Sample, what: &str, head: String, piece: Vec<u8>) {
    let hung_up = Arc::new(AtomicBool::new(false));
    let (marked, login_first) = (hung_up.clone(), !sample.is_login());
    let said = Arc::new((head.into_bytes(), piece));
    let server = Wire::serving(move |socket, _: Arc<Mutex<Vec<_>>>| {
        let (said, marked) = (said.clone(), marked.clone());
        async move { flood(socket, login_first, &said.0, &said.1, &marked).await }
    });
    let server = server.await;
    let client = somebody().base_url(server.url()).dashboard_url(server.url());
    let client = client.options(options(json!({"max_response_bytes": LIMIT, "max_retries": 0})));
    let client = client.http_send(sender.clone()).build().unwrap();
    let before = LIVE.load(Ordering::SeqCst);
    PEAK.store(before, Ordering::SeqCst);
    let error = bounded(what, sample.call(&client, options(json!({})))).await.unwrap_err();
    let grown = PEAK.load(Ordering::SeqCst) - before;
    assert_eq!((error.code(), detail(&error, "reason")), (Code::UnexpectedContent, &json!("too_large")), "{what}");
    assert!(grown < 2 * LIMIT + SLACK, "{} {what}: {grown} bytes", sample.name());
    let left = async {
        while !hung_up.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
    };
    bounded("the connection of a flood stays open", left).await;
}

/// A sender that has read its certificates, which are no cost of a reply.
async fn warm(way: Way) -> Arc<dyn HttpSend> {
    let sender = way.sender();
    let url = format!("http://{}", closed_port().await);
    let client = somebody().base_url(url).http_send(sender.clone()).build().unwrap();
    magento_bi_samples()[0].call(&client, options(json!({"max_retries": 0}))).await.unwrap_err();
    sender
}

/// One test, for the counter counts everything that runs.
#[tokio::test]
async fn b1_a_flood_costs_twice_the_limit_at_most_and_its_connection_is_dropped() {
    let bomb = gzip::bomb(1 << 20);
    for way in [Way::Direct, Way::Reqwest] {
        let sender = warm(way).await;
        // Of Maestrano, one that is unwrapped, one that is reshaped, and one that nobody reads but the caller.
        let of_maestrano = ["maestrano.groups.list", "maestrano.connec.page", "maestrano.connec.get"];
        let others = samples().into_iter().filter(|sample| of_maestrano.contains(&sample.name()));
        for sample in magento_bi_samples().into_iter().chain(others) {
            for (what, head, piece) in floods() {
                stays_within_the_limit(&sender, &sample, what, head, piece).await;
            }
            // One mebibyte that would decode to more than one gibibyte.
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", 1_usize << 30);
            stays_within_the_limit(&sender, &sample, "a gzip bomb", head, bomb.clone()).await;
        }
    }
}
