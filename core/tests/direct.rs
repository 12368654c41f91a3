//! Connections of the crate's own: kept, looked at before they are used again, and driven by whoever waits.
//!
//! What they do as any sender does is in `replies/http_send.rs`, and what they do in trouble in `network*.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use futures::{FutureExt as _, StreamExt as _};
use http::{HeaderMap, Method};
use support::bounded;
use support::fake::Canned;
use support::wire::{Step, Wire};
use tenantry::Outcome;
use tenantry::http::{DirectSend, Failure, Head, HttpSend, Options};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

fn sender() -> Arc<DirectSend> {
    Arc::new(DirectSend::new(&Options::default()))
}

/// The body of a reply to a GET of `url`.
async fn get(sender: &DirectSend, url: &str) -> Result<Vec<u8>, Failure> {
    let head = Head { method: Method::GET, url: url.parse().unwrap(), headers: HeaderMap::new() };
    let mut answer = sender.send(head, Bytes::new()).await?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.body.next().await {
        body.extend(chunk?);
    }
    Ok(body)
}

fn said() -> Vec<u8> {
    Canned::new(200, "said").on_the_wire()
}

async fn keeping() -> Wire {
    Wire::start(|_| Step::Keep(said())).await
}

#[tokio::test]
async fn a_connection_serves_one_call_after_another() {
    let (server, sender) = (keeping().await, sender());
    for _ in 0..100 {
        assert_eq!(get(&sender, &server.url()).await.unwrap(), b"said");
    }
    assert_eq!((server.connections(), server.seen().len()), (1, 100));
}

#[tokio::test]
async fn calls_at_once_have_a_connection_each_and_keep_it() {
    let (server, sender) = (keeping().await, sender());
    for _ in 0..5 {
        let url = server.url();
        let calls = join_all((0..20).map(|_| get(&sender, &url)));
        assert!(calls.await.into_iter().all(|body| body.unwrap() == b"said"));
    }
    assert_eq!((server.connections(), server.seen().len()), (20, 100));
}

#[tokio::test]
async fn a_reply_that_ends_its_connection_ends_it() {
    let close = Canned::new(200, "said").with("connection", "close").on_the_wire();
    let server = Wire::start(move |_| Step::Keep(close.clone())).await;
    let sender = sender();
    for _ in 0..3 {
        assert_eq!(get(&sender, &server.url()).await.unwrap(), b"said");
    }
    assert_eq!(server.connections(), 3);
}

/// A server on a thread of its own, with blocking sockets: it replies `first` on its first connection, does what `then`
/// does to that socket, and says so; later connections get a good reply.
fn once(first: Vec<u8>, then: impl FnOnce(std::net::TcpStream) + Send + 'static) -> (SocketAddr, Arc<AtomicUsize>) {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let (addr, accepted) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counted = accepted.clone();
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        counted.fetch_add(1, Ordering::SeqCst);
        let _ = socket.read(&mut [0; 4096]).unwrap();
        socket.write_all(&first).unwrap();
        then(socket);
        let (mut socket, _) = listener.accept().unwrap();
        counted.fetch_add(1, Ordering::SeqCst);
        while socket.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {
            socket.write_all(&said()).unwrap();
        }
    });
    (addr, accepted)
}

/// Two calls, between which nothing turns the reactor: what it would have told is seen on the socket itself.
fn two_calls_without_a_turn_between(addr: SocketAddr) {
    let (runtime, sender, url) = (on_this_thread(), sender(), format!("http://{addr}"));
    assert_eq!(runtime.block_on(get(&sender, &url)).unwrap(), b"said");
    std::thread::sleep(Duration::from_millis(50));
    let call = bounded("the second call", get(&sender, &url));
    assert_eq!(runtime.block_on(call).unwrap(), b"said");
}

fn on_this_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn n6_a_connection_that_was_closed_while_nobody_looked_is_not_written_to() {
    let (addr, accepted) = once(said(), drop);
    two_calls_without_a_turn_between(addr);
    assert_eq!(accepted.load(Ordering::SeqCst), 2);
}

#[test]
fn a_connection_that_said_something_unasked_is_not_used_again() {
    use std::io::Write as _;
    let (addr, accepted) = once(said(), |mut socket| {
        std::thread::sleep(Duration::from_millis(20));
        let _ = socket.write_all(&Canned::new(200, "evil").on_the_wire());
        // It stays open, so that nothing but the bytes tells.
        std::mem::forget(socket);
    });
    two_calls_without_a_turn_between(addr);
    assert_eq!(accepted.load(Ordering::SeqCst), 2);
}

#[test]
fn bytes_after_a_reply_are_nobodys_reply() {
    let (addr, accepted) = once([said(), Canned::new(200, "evil").on_the_wire()].concat(), std::mem::forget);
    two_calls_without_a_turn_between(addr);
    assert_eq!(accepted.load(Ordering::SeqCst), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_runtime_has_its_own_connections() {
    let (server, sender) = (keeping().await, sender());
    let url = server.url();
    // Each runtime is gone when its thread is: what it left behind is of no use to the next one.
    for _ in 0..3 {
        let (sender, url) = (sender.clone(), url.clone());
        let calls = move || {
            let runtime = on_this_thread();
            for _ in 0..5 {
                assert_eq!(runtime.block_on(get(&sender, &url)).unwrap(), b"said");
            }
        };
        tokio::task::spawn_blocking(calls).await.unwrap();
    }
    assert_eq!((server.connections(), server.seen().len()), (3, 15));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn threads_that_call_at_once_get_their_own_replies() {
    let server = Wire::start(|request| Step::Keep(Canned::new(200, request.target()).on_the_wire())).await;
    let sender = sender();
    let threads = (0..4).map(|thread| {
        let (sender, url) = (sender.clone(), server.url());
        tokio::task::spawn_blocking(move || {
            let runtime = on_this_thread();
            for n in 0..200 {
                let body = runtime.block_on(get(&sender, &format!("{url}/{thread}/{n}"))).unwrap();
                assert_eq!(body, format!("/{thread}/{n}").as_bytes());
            }
        })
    });
    join_all(threads).await.into_iter().for_each(Result::unwrap);
    assert_eq!(server.connections(), 4);
}

#[tokio::test]
async fn a_call_spawns_nothing() {
    let addr = once(said(), std::mem::forget).0;
    let sender = sender();
    get(&sender, &format!("http://{addr}")).await.unwrap();
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
    assert!(sender.inline(&format!("http://{addr}").parse().unwrap()));
}

#[tokio::test]
async fn a_reply_that_is_dropped_half_way_closes_its_connection() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let sender = sender();
    let server = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.read(&mut [0; 4096]).await.unwrap();
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nsome").await.unwrap();
        // The end, or a reset: the client is gone.
        let rest = socket.read(&mut [0; 16]).await;
        assert!(!rest.is_ok_and(|count| count > 0));
    };
    let client = async {
        let head = Head { method: Method::GET, url, headers: HeaderMap::new() };
        let mut answer = sender.send(head, Bytes::new()).await.unwrap();
        assert_eq!(answer.body.next().await.unwrap().unwrap(), "some");
    };
    bounded("the connection stays open", async { tokio::join!(server, client) }).await;
}

#[tokio::test]
async fn an_address_that_refuses_gives_way_to_the_next() {
    // `localhost` may have two addresses, of which the server has one.
    let (server, sender) = (keeping().await, sender());
    let body = get(&sender, &format!("http://localhost:{}", server.addr.port())).await.unwrap();
    assert_eq!(body, b"said");
    let port = support::wire::closed_port().await.port();
    let failure = get(&sender, &format!("http://localhost:{port}")).await.unwrap_err();
    assert_eq!((failure.outcome, failure.reason), (Outcome::NotSent, "connect"));
}

#[test]
fn outside_of_a_runtime_nothing_is_sent() {
    let failure = get(&sender(), "http://127.0.0.1:1").now_or_never().unwrap().unwrap_err();
    assert_eq!((failure.outcome, failure.reason), (Outcome::NotSent, "setup"));
}
