//! The proxy that breaks connections at an exact byte.

use std::io::ErrorKind;
use std::net::SocketAddr;

use crate::raw::*;
use tenantry_sandbox::{ChaosProxy, Ending, Plan, Sandbox, SandboxOptions};

fn request() -> Vec<u8> {
    bytes("POST", "/v3/signups", &["content-type: application/json"], &signup_body().to_string())
}

fn behind(plan: Plan) -> (Sandbox, ChaosProxy) {
    let sandbox = Sandbox::start(SandboxOptions::default()).unwrap();
    let proxy = ChaosProxy::start(address(&sandbox), plan).unwrap();
    (sandbox, proxy)
}

fn signups(sandbox: &Sandbox) -> usize {
    sandbox.state()["magento_bi"]["signups"].as_array().unwrap().len()
}

fn exchange(to: SocketAddr) -> (Vec<u8>, std::io::Result<()>) {
    try_raw(to, &request())
}

#[test]
fn without_a_plan_everything_passes_and_is_counted() {
    let (sandbox, proxy) = behind(Plan::default());
    let (got, end) = exchange(proxy.addr());
    end.unwrap();
    assert_eq!(Reply::parse(std::str::from_utf8(&got).unwrap()).status, 201);
    assert_eq!((proxy.connections(), signups(&sandbox)), (1, 1));
    assert_eq!((proxy.request_bytes(), proxy.reply_bytes()), (request().len() as u64, got.len() as u64));
}

#[test]
fn a_reply_is_cut_at_the_byte_after_the_request_was_carried_out() {
    let (sandbox, proxy) = behind(Plan::default());
    for (n, at) in [0, 1, 40].into_iter().enumerate() {
        proxy.set_plan(Plan { after_reply: Some(at), ending: Ending::Close, ..Plan::default() });
        let (got, end) = exchange(proxy.addr());
        end.unwrap();
        assert_eq!((got.len() as u64, signups(&sandbox)), (at, n + 1));
    }
    proxy.set_plan(Plan { after_reply: Some(0), ..Plan::default() });
    let (got, end) = exchange(proxy.addr());
    assert_eq!((got.len(), end.unwrap_err().kind()), (0, ErrorKind::ConnectionReset));
    assert_eq!(signups(&sandbox), 4);
}

#[test]
fn a_request_cut_short_reaches_no_handler_and_a_whole_one_does() {
    let (sandbox, proxy) = behind(Plan::default());
    let whole = request().len() as u64;
    for at in [0, 1, whole / 2, whole - 1, whole] {
        let before = proxy.request_bytes();
        proxy.set_plan(Plan { after_request: Some(at), ending: Ending::Close, ..Plan::default() });
        let (got, _) = exchange(proxy.addr());
        assert_eq!(got.len(), 0);
        assert_eq!(proxy.request_bytes() - before, at);
    }
    // The last one was whole: the server carries it out, whether or not anybody hears of it.
    while signups(&sandbox) == 0 {
        std::thread::yield_now();
    }
    assert_eq!(signups(&sandbox), 1);
}

#[test]
fn a_plan_may_be_for_the_first_connections_only() {
    let (sandbox, proxy) = behind(Plan { after_reply: Some(0), connections: Some(2), ..Plan::default() });
    let ends: Vec<bool> = (0..3).map(|_| exchange(proxy.addr()).1.is_ok()).collect();
    assert_eq!((ends.as_slice(), signups(&sandbox)), ([false, false, true].as_slice(), 3));
}

#[test]
fn replies_drip_and_come_whole() {
    let (_sandbox, proxy) = behind(Plan { drip: Some((50, 1)), latency_ms: 1, ..Plan::default() });
    let (got, end) = exchange(proxy.addr());
    end.unwrap();
    assert_eq!(Reply::parse(std::str::from_utf8(&got).unwrap()).status, 201);
}

#[test]
fn a_held_reply_ends_with_the_proxy() {
    let (sandbox, proxy) = behind(Plan { hold: true, ..Plan::default() });
    let to = proxy.addr();
    let client = std::thread::spawn(move || exchange(to).0);
    while signups(&sandbox) == 0 {
        std::thread::yield_now();
    }
    assert!(!client.is_finished());
    proxy.close();
    assert_eq!(client.join().unwrap(), b"");
    assert_eq!(proxy.reply_bytes(), 0);
}
