//! Every effect of a fault rule, seen from a bare socket.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::raw::*;
use serde_json::{Value, json};
use tenantry_sandbox::{Sandbox, SandboxOptions};

fn signups(sandbox: &Sandbox) -> usize {
    sandbox.state()["magento_bi"]["signups"].as_array().unwrap().len()
}

fn sign_up(sandbox: &Sandbox) -> Reply {
    post(sandbox, "/v3/signups", &[], &signup_body())
}

/// The bytes of a signup's reply, or of what is left of it, and how the connection ended.
fn sign_up_raw(sandbox: &Sandbox) -> (Vec<u8>, std::io::Result<()>) {
    let headers = ["content-type: application/json"];
    try_raw(address(sandbox), &bytes("POST", "/v3/signups", &headers, &signup_body().to_string()))
}

fn fault(sandbox: &Sandbox, mut effect: Value) {
    effect["operation"] = "magento_bi.signups.create".into();
    sandbox.fault(effect).unwrap();
}

#[test]
fn a_status_replaces_the_reply_and_nothing_is_carried_out() {
    let sandbox = virtual_sandbox();
    fault(&sandbox, json!({"status": 503, "headers": {"retry-after": 7, "x-twice": ["a", "b"]}}));
    let reply = sign_up(&sandbox);
    assert_eq!(reply.expect(503), json!({"message": "Service Unavailable"}));
    assert!(reply.head.contains("retry-after: 7\r\n"), "{}", reply.head);
    assert!(reply.head.contains("x-twice: a\r\nx-twice: b\r\n"), "{}", reply.head);
    assert_eq!(signups(&sandbox), 0);
    sign_up(&sandbox).expect(201);
    assert_eq!(signups(&sandbox), 1);
}

#[test]
fn after_means_carried_out_and_then_spoiled() {
    let sandbox = virtual_sandbox();
    fault(&sandbox, json!({"status": 500, "when": "after"}));
    assert_eq!(sign_up(&sandbox).status, 500);
    assert_eq!(signups(&sandbox), 1);
}

#[test]
fn bodies_and_types_are_replaced() {
    let sandbox = virtual_sandbox();
    fault(&sandbox, json!({"status": 200, "body": "<html>", "content_type": "text/html"}));
    fault(&sandbox, json!({"json": null}));
    fault(&sandbox, json!({"json": [1], "content_type": ""}));
    fault(&sandbox, json!({"content_type": "text/plain"}));
    fault(&sandbox, json!({"status": 204}));
    let html = sign_up(&sandbox);
    assert_eq!((html.status, html.body.as_str()), (200, "<html>"));
    assert!(html.head.contains("content-type: text/html\r\n"), "{}", html.head);
    assert_eq!(sign_up(&sandbox).expect(201), Value::Null);
    let untyped = sign_up(&sandbox);
    assert_eq!(untyped.expect(201), json!([1]));
    assert!(!untyped.head.contains("content-type"), "{}", untyped.head);
    assert_eq!(signups(&sandbox), 0, "a replaced body loses the reply, so nothing was to be carried out");
    assert!(sign_up(&sandbox).head.contains("content-type: text/plain\r\n"));
    assert_eq!(signups(&sandbox), 1);
    let empty = sign_up(&sandbox);
    assert_eq!((empty.status, empty.body.as_str()), (204, ""));
}

#[test]
fn skip_and_times_choose_the_requests() {
    let sandbox = virtual_sandbox();
    fault(&sandbox, json!({"status": 500, "skip": 1, "times": 2}));
    let statuses: Vec<u16> = (0..5).map(|_| sign_up(&sandbox).status).collect();
    assert_eq!(statuses, [201, 500, 500, 201, 201]);
    fault(&sandbox, json!({"status": 500, "times": null}));
    assert!((0..5).all(|_| sign_up(&sandbox).status == 500));
    sandbox.clear_faults();
    assert_eq!(sign_up(&sandbox).status, 201);
}

#[test]
fn a_percentage_falls_by_lot_the_same_for_the_same_seed() {
    let hits = |rule: &Value| {
        let sandbox = virtual_sandbox();
        fault(&sandbox, rule.clone());
        (0..200).map(|_| sign_up(&sandbox).status == 500).collect::<Vec<bool>>()
    };
    let ten = json!({"status": 500, "times": null, "percent": 10});
    let (first, again) = (hits(&ten), hits(&ten));
    assert_eq!(first, again);
    let count = first.iter().filter(|hit| **hit).count();
    assert!((8..=36).contains(&count), "{count} of 200");
    assert_ne!(first, hits(&json!({"status": 500, "times": null, "percent": 10, "seed": 2})));
    assert!(hits(&json!({"status": 500, "times": null, "percent": 100})).iter().all(|hit| *hit));
    assert_eq!(
        hits(&json!({"status": 500, "percent": 10})).iter().filter(|hit| **hit).count(),
        1,
        "`times` counts hits"
    );
}

#[test]
fn rules_match_by_operation_method_and_path() {
    let sandbox = virtual_sandbox();
    for (rule, signup, unknown) in [
        (json!({"operation": "*"}), 500, 500),
        (json!({"operation": "magento_bi.signups.*"}), 500, 404),
        (json!({"method": "post"}), 500, 404),
        (json!({"path": "/v3/*"}), 500, 404),
        (json!({"path": "/nowhere"}), 201, 500),
        (json!({"operation": "magento_bi.signups.get"}), 201, 404),
        (json!({"operation": "magento_bi.signups.create", "method": "GET"}), 201, 404),
    ] {
        let mut with_effect = rule.clone();
        with_effect["status"] = 500.into();
        with_effect["times"] = Value::Null;
        sandbox.fault(with_effect).unwrap();
        assert_eq!((sign_up(&sandbox).status, get(&sandbox, "/nowhere", &[]).status), (signup, unknown), "{rule}");
        sandbox.clear_faults();
    }
}

#[test]
fn a_reply_is_cut_at_every_byte() {
    let sandbox = virtual_sandbox();
    let (whole, _) = sign_up_raw(&sandbox);
    for at in 0..=whole.len() {
        fault(&sandbox, json!({"cut_at": at, "when": if at % 2 == 0 { "after" } else { "before" }}));
        let (got, end) = sign_up_raw(&sandbox);
        end.unwrap();
        assert_eq!(got.len(), at);
    }
    // Half of them were carried out, and the first one, whole.
    assert_eq!(signups(&sandbox), 2 + whole.len() / 2);
}

#[test]
fn a_cut_may_reset_the_connection() {
    let sandbox = virtual_sandbox();
    fault(&sandbox, json!({"cut_at": 20, "reset": true, "when": "after"}));
    let (got, end) = sign_up_raw(&sandbox);
    assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(got.len() <= 20);
    assert_eq!(signups(&sandbox), 1);
}

#[test]
fn a_dropped_connection_gives_no_byte() {
    let sandbox = virtual_sandbox();
    fault(&sandbox, json!({"drop": true}));
    fault(&sandbox, json!({"drop": true, "reset": true, "when": "after"}));
    let (got, end) = sign_up_raw(&sandbox);
    assert_eq!((got.len(), signups(&sandbox)), (0, 0));
    end.unwrap();
    let (got, end) = sign_up_raw(&sandbox);
    assert_eq!((got.len(), signups(&sandbox)), (0, 1));
    assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(sandbox.journal()[1]["status"], Value::Null);
}

#[test]
fn held_and_late_replies_take_virtual_time_and_come_whole() {
    let sandbox = virtual_sandbox();
    for (effect, ms) in [
        (json!({"hold_ms": 30_000}), 30_000),
        (json!({"latency_ms": 250, "when": "after"}), 250),
        (json!({"drip": {"bytes": 10, "every_ms": 1000}}), 0),
    ] {
        let before = sandbox.clock().now();
        fault(&sandbox, effect.clone());
        let (got, end) = sign_up_raw(&sandbox);
        end.unwrap();
        assert_eq!(Reply::parse(std::str::from_utf8(&got).unwrap()).status, 201, "{effect}");
        let passed = sandbox.clock().now() - before;
        let pauses = u64::try_from(got.len().div_ceil(10) - 1).unwrap();
        let expected = if effect.get("drip").is_some() { 1000 * pauses } else { ms };
        assert_eq!(passed, Duration::from_millis(expected), "{effect}");
    }
    assert_eq!(signups(&sandbox), 3);
}

#[test]
fn a_hold_for_ever_ends_with_the_client_or_the_sandbox() {
    let sandbox = virtual_sandbox();
    fault(&sandbox, json!({"hold": true, "times": 2, "when": "after"}));
    let request = bytes("POST", "/v3/signups", &["content-type: application/json"], &signup_body().to_string());
    let mut leaver = TcpStream::connect(address(&sandbox)).unwrap();
    leaver.write_all(&request).unwrap();
    drop(leaver);
    let mut stayer = TcpStream::connect(address(&sandbox)).unwrap();
    stayer.write_all(&request).unwrap();
    // A third request is answered only after both were taken in: one thread serves them in turn.
    get(&sandbox, "/_sandbox/state", &[]).expect(200);
    sandbox.close();
    let mut got = Vec::new();
    let _ = stayer.read_to_end(&mut got);
    assert_eq!(got, b"");
}

#[test]
fn a_whole_request_is_carried_out_though_its_client_has_left() {
    let sandbox = virtual_sandbox();
    let request = bytes("POST", "/v3/signups", &["content-type: application/json"], &signup_body().to_string());
    for n in 1..=200 {
        let mut leaver = TcpStream::connect(address(&sandbox)).unwrap();
        leaver.write_all(&request).unwrap();
        leaver.shutdown(std::net::Shutdown::Write).unwrap();
        // Whatever comes back, the server has finished with it then.
        let _ = leaver.read_to_end(&mut Vec::new());
        get(&sandbox, "/_sandbox/state", &[]).expect(200);
        assert_eq!(signups(&sandbox), n);
    }
}

#[test]
fn single_fields_are_merged_over_and_removed() {
    let sandbox = virtual_sandbox();
    let (token, client) = (login(&sandbox), client(&sandbox));
    let operation = "magento_bi.connections.create";
    let merge = json!({"id": "14", "new": {"deep": 1}, "display_name": null, "properties": {"port": 3306}});
    let remove = json!(["meta_id", "properties.host", "nothing.there"]);
    sandbox.fault(json!({"operation": operation, "merge": merge, "remove": remove})).unwrap();
    let made = post(&sandbox, &connections_path(client), &[&bearer(&token)], &connection_body()).expect(201);
    assert_eq!((&made["id"], &made["new"], &made["display_name"]), (&json!("14"), &json!({"deep": 1}), &Value::Null));
    assert_eq!((&made["properties"]["port"], &made["properties"]["useSSL"]), (&json!(3306), &json!("false")));
    assert!(made.get("meta_id").is_none() && made["properties"].get("host").is_none(), "{made}");
    sandbox.fault(json!({"operation": "magento_bi.connections.list", "merge": {"id": 1}})).unwrap();
    let listed = get(&sandbox, &connections_path(client), &[&bearer(&token)]).expect(200);
    assert_eq!(listed[0]["id"], 1);
}

#[test]
fn a_late_commit_shows_only_later() {
    let sandbox = virtual_sandbox();
    let (token, client) = (login(&sandbox), client(&sandbox));
    let operation = "magento_bi.connections.create";
    sandbox.fault(json!({"operation": operation, "drop": true, "when": "after", "commit_delay_ms": 5000})).unwrap();
    let body = connection_body().to_string();
    let request = bytes("POST", &connections_path(client), &[&bearer(&token)], &body);
    assert_eq!(try_raw(address(&sandbox), &request).0, b"");
    let listed = || {
        let listed = get(&sandbox, &connections_path(client), &[&bearer(&token)]).expect(200);
        (listed.as_array().unwrap().len(), sandbox.state()["magento_bi"]["connections"][0]["visible"] == true)
    };
    assert_eq!(listed(), (0, false));
    sandbox.advance(4999).unwrap();
    assert_eq!(listed(), (0, false));
    sandbox.advance(1).unwrap();
    assert_eq!(listed(), (1, true));
}

#[test]
fn an_idle_connection_is_closed_without_notice() {
    let sandbox = Sandbox::start(SandboxOptions::default()).unwrap();
    fault(&sandbox, json!({"idle_close_ms": 0}));
    let headers = ["content-type: application/json", "connection: keep-alive"];
    // Comes to an end only because the server closes.
    let (got, end) = try_raw(address(&sandbox), &bytes("POST", "/v3/signups", &headers, &signup_body().to_string()));
    end.unwrap();
    let reply = Reply::parse(std::str::from_utf8(&got).unwrap());
    assert_eq!(reply.status, 201);
    assert!(!reply.head.contains("connection: close"), "{}", reply.head);
}

#[test]
fn a_kept_connection_serves_again_and_a_fault_ends_with_its_reply() {
    let sandbox = Sandbox::start(SandboxOptions::default()).unwrap();
    sandbox.fault(json!({"path": "/nowhere", "drip": {"bytes": 64, "every_ms": 1}, "headers": {"x-a": "1"}})).unwrap();
    let mut socket = TcpStream::connect(address(&sandbox)).unwrap();
    socket.write_all(&bytes("GET", "/nowhere", &["connection: keep-alive"], "")).unwrap();
    let mut first = Vec::new();
    while !first.ends_with(b"}") {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        first.extend_from_slice(&byte);
    }
    socket.write_all(&bytes("GET", "/nowhere", &[], "")).unwrap();
    let mut second = String::new();
    socket.read_to_string(&mut second).unwrap();
    assert!(String::from_utf8(first).unwrap().contains("x-a"));
    assert!(second.starts_with("HTTP/1.1 404") && !second.contains("x-a"), "{second}");
}

#[test]
fn a_wrong_rule_is_refused_by_the_name_of_its_key() {
    let sandbox = virtual_sandbox();
    for (rule, named) in [
        (json!({"operation": "magento_bi.nothing.create", "drop": true}), "magento_bi.nothing.create"),
        (json!({"operation": "*", "droop": true}), "droop"),
        (json!({"operation": "*", "status": "500"}), "status"),
        (json!({"operation": "*", "status": 99}), "status"),
        (json!({"operation": "*", "status": 500, "when": "during"}), "during"),
        (json!({"operation": "*", "drip": {"bytes": 1}}), "every_ms"),
        (json!({"operation": "*", "drip": {"bytes": 0, "every_ms": 1}}), "drip.bytes"),
        (json!({"operation": "*", "status": 500, "percent": 0}), "percent"),
        (json!({"operation": "*", "headers": {"a b": "c"}}), "headers.a b"),
        (json!({"operation": "*", "headers": {"a": "c\r\n"}}), "headers.a"),
        (json!({"operation": "*", "headers": {"a": {}}}), "headers.a"),
        (json!({"operation": "*", "reset": true, "status": 500}), "reset"),
        (json!({"operation": "*", "body": "", "json": 1}), "json"),
        (json!({"operation": "*"}), "no effect"),
        (json!({"drop": true}), "operation"),
        (json!(7), "fault rule"),
    ] {
        let error = sandbox.fault(rule.clone()).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
        let answer = post(&sandbox, "/_sandbox/faults", &[], &json!([{"operation": "*", "drop": true}, rule]));
        assert!(answer.expect(400)["message"].as_str().unwrap().contains(named), "{answer:?}");
    }
    // Of a list with a wrong one, none is in force.
    sign_up(&sandbox).expect(201);
}
