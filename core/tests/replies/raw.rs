//! HTTP at its edges, byte for byte, for every operation (fault matrix H8).

use std::sync::Arc;

use crate::support::fake::{Canned, somebody};
use crate::support::samples::{Sample, samples, token};
use crate::support::way::Way;
use crate::support::wire::{Request, Step, Wire};
use crate::support::{bounded, detail, options};
use serde_json::json;
use tenantry::http::HttpSend;
use tenantry::{Code, Error, Outcome};
use tenantry_sandbox::VirtualClock;

/// Calls `sample`, by a sender that serves many calls, at a server that says `bytes` and ends the connection.
async fn told(sender: &Arc<dyn HttpSend>, sample: &Sample, bytes: Vec<u8>) -> Result<String, Error> {
    let (itself, settles) = (sample.is_login(), sample.settles());
    let server = Wire::start(move |request: &Request| {
        if request.target() == "/v1/tokens" && !itself {
            return Step::Close(Canned::json(201, &token()).on_the_wire());
        }
        if settles && request.head.starts_with("GET") {
            // What would settle the call is not what is looked at here.
            return Step::Close(Canned::new(403, "").with("connection", "close").on_the_wire());
        }
        Step::Close(bytes.clone())
    });
    let server = server.await;
    let client = somebody().base_url(server.url()).dashboard_url(server.url());
    let clock = Arc::new(VirtualClock::start().unwrap());
    let client = client.http_send(sender.clone()).clock(clock).build().unwrap();
    bounded(sample.name(), sample.call(&client, options(json!({"max_retries": 0})))).await
}

/// Every operation whose failed request is the call's own failure.
fn direct() -> impl Iterator<Item = Sample> {
    samples().into_iter().filter(Sample::direct)
}

fn head_and(lines: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{lines}\r\n{body}").into_bytes()
}

/// Replies that are odd, and still say the body whole.
fn readable(body: &str) -> Vec<(&'static str, Vec<u8>)> {
    let length = format!("content-length: {}\r\n", body.len());
    let good = head_and(&length, body);
    let chunked = format!("{:X};a=b\r\n{body}\r\n0\r\nx-trailer: 1\r\n\r\n", body.len());
    let before = |text: &str| [text.as_bytes(), &good].concat();
    vec![
        ("100 continue first", before("HTTP/1.1 100 Continue\r\n\r\n")),
        ("102 processing first", before("HTTP/1.1 102 Processing\r\n\r\n")),
        ("103 early hints first", before("HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n")),
        ("many 1xx first", before(&"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".repeat(20))),
        ("HTTP/1.0, ended by closing", format!("HTTP/1.0 200 OK\r\n\r\n{body}").into_bytes()),
        ("HTTP/1.0 with a length", format!("HTTP/1.0 200 OK\r\n{length}\r\n{body}").into_bytes()),
        ("HTTP/1.1, ended by closing", head_and("connection: close\r\n", body)),
        ("no reason phrase", format!("HTTP/1.1 200\r\n{length}\r\n{body}").into_bytes()),
        ("the same length twice", head_and(&format!("{length}{length}"), body)),
        ("chunks with an extension and a trailer", head_and("transfer-encoding: chunked\r\n", &chunked)),
        ("two content types", head_and(&format!("content-type: text/html\r\ncontent-type: a/b\r\n{length}"), body)),
        ("header names in capitals", head_and(&length.to_uppercase(), body)),
        ("an empty header value", head_and(&format!("x-empty:\r\n{length}"), body)),
        (
            "latin-1 in a header",
            [b"HTTP/1.1 200 OK\r\nx-name: \xfc\r\n".as_slice(), length.as_bytes(), b"\r\n", body.as_bytes()].concat(),
        ),
        (
            "bytes in x-request-id",
            [b"HTTP/1.1 200 OK\r\nx-request-id: \xff\xfe\r\n".as_slice(), length.as_bytes(), b"\r\n", body.as_bytes()]
                .concat(),
        ),
        ("64 KiB of one header", head_and(&format!("x-long: {}\r\n{length}", "y".repeat(64 << 10)), body)),
        ("bytes after the body", [good.as_slice(), b"HTTP/1.1 200 OK\r\n\r\n"].concat()),
    ]
}

/// Replies that no one may take for one.
fn unreadable(body: &str) -> Vec<(&'static str, Vec<u8>)> {
    let length = format!("content-length: {}\r\n", body.len());
    let many: String = (0..10_000).map(|n| format!("x-{n}: {n}\r\n")).collect();
    let chunked = "transfer-encoding: chunked\r\n";
    vec![
        ("nothing", Vec::new()),
        ("another protocol", b"SSH-2.0-OpenSSH_9.0\r\n".to_vec()),
        ("HTTP/0.9", body.as_bytes().to_vec()),
        ("HTTP/3.0", format!("HTTP/3.0 200 OK\r\n{length}\r\n{body}").into_bytes()),
        ("a status of two digits", format!("HTTP/1.1 20 OK\r\n{length}\r\n{body}").into_bytes()),
        ("a status of letters", format!("HTTP/1.1 OK 200\r\n{length}\r\n{body}").into_bytes()),
        ("1xx and the end", b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
        ("two lengths", head_and(&format!("{length}content-length: 1\r\n"), body)),
        ("a negative length", head_and("content-length: -1\r\n", body)),
        ("a length of letters", head_and("content-length: many\r\n", body)),
        ("a length beyond 64 bits", head_and("content-length: 99999999999999999999\r\n", body)),
        ("a chunk of letters", head_and(chunked, &format!("zz\r\n{body}\r\n0\r\n\r\n"))),
        ("a chunk beyond 64 bits", head_and(chunked, &format!("fffffffffffffffff\r\n{body}\r\n0\r\n\r\n"))),
        ("chunks without an end", head_and(chunked, &format!("{:x}\r\n{body}\r\n", body.len()))),
        ("10,000 headers", head_and(&format!("{many}{length}"), body)),
        ("a megabyte of one header", head_and(&format!("x-long: {}\r\n{length}", "y".repeat(1 << 20)), body)),
        ("a header name with a space", head_and(&format!("x y: 1\r\n{length}"), body)),
        ("NUL in a header", head_and(&format!("x-nul: a\0b\r\n{length}"), body)),
        ("a head without an end", format!("HTTP/1.1 200 OK\r\n{length}").into_bytes()),
        ("a protocol that was not asked for", b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n".to_vec()),
    ]
}

async fn h8_an_odd_reply_that_is_whole_is_a_reply(way: Way) {
    let sender = way.sender();
    for sample in direct() {
        let body = sample.body();
        for (what, bytes) in readable(&body) {
            let reply = told(&sender, &sample, bytes).await;
            assert_eq!(reply.unwrap_or_else(|error| panic!("{} {what}: {error:?}", sample.name())), sample.answer());
        }
    }
}

async fn h8_a_reply_that_breaks_http_is_an_error_of_unknown_outcome(way: Way) {
    let sender = way.sender();
    for sample in direct() {
        for (what, bytes) in unreadable(&sample.body()) {
            let error = match told(&sender, &sample, bytes).await {
                Err(error) => error,
                Ok(reply) => panic!("{} {what}: {reply}", sample.name()),
            };
            let case = format!("{} {what}: {error:?}", sample.name());
            assert!(matches!(error.outcome(), Some(Outcome::Unknown | Outcome::Answered)), "{case}");
            let codes = [Code::Connection, Code::OutcomeUnknown, Code::Redirect, Code::Decode, Code::Server];
            assert!(codes.contains(&error.code()), "{case}");
            if sample.once() {
                assert!(!error.report().retryable, "{case}");
            }
        }
    }
}

async fn h8_a_length_beside_chunks_is_never_two_replies(way: Way) {
    let sender = way.sender();
    for sample in direct() {
        let body = sample.body();
        let chunks = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        for lines in [
            "content-length: 3\r\ntransfer-encoding: chunked\r\n",
            "transfer-encoding: chunked\r\ncontent-length: 3\r\n",
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
            "transfer-encoding: gzip, chunked\r\n",
        ] {
            // Chunks count, or nothing does (RFC 9112, 6.3); three bytes are not a reply.
            match told(&sender, &sample, head_and(lines, &chunks)).await {
                Ok(reply) => assert_eq!(reply, sample.answer(), "{} {lines}", sample.name()),
                Err(error) => assert_ne!(error.outcome(), Some(Outcome::NotSent), "{} {lines}", sample.name()),
            }
        }
    }
}

async fn h8_an_unreadable_header_of_the_server_is_no_request_id(way: Way) {
    let sender = way.sender();
    for sample in direct() {
        let reply = b"HTTP/1.1 422 No\r\nx-request-id: \xff\r\nlocation: \xff\r\nretry-after: \xff\r\ncontent-length: 0\r\n\r\n";
        let error = told(&sender, &sample, reply.to_vec()).await.unwrap_err();
        assert_eq!((error.code(), error.report().retry_after_ms), (Code::Unprocessable, None));
        assert_eq!(error.report().request_id.as_deref().map(str::len), Some(36), "the id that was sent stands");
        assert_eq!(detail(&error, "location_host"), &json!(null));
    }
}

crate::over_both! {
    [
        h8_an_odd_reply_that_is_whole_is_a_reply,
        h8_a_reply_that_breaks_http_is_an_error_of_unknown_outcome,
        h8_a_length_beside_chunks_is_never_two_replies,
        h8_an_unreadable_header_of_the_server_is_no_request_id,
    ]
}
