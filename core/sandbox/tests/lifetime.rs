//! Starting, closing, several at once, and the control routes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step of a test fails the test")]

mod raw;

use std::net::{TcpListener, TcpStream};

use raw::*;
use serde_json::json;
use tenantry_sandbox::{ClockKind, Sandbox, SandboxError, SandboxOptions};

#[test]
fn closing_frees_the_port_and_may_be_repeated() {
    let sandbox = Sandbox::start(SandboxOptions::default()).unwrap();
    let at = address(&sandbox);
    let mut kept = TcpStream::connect(at).unwrap();
    let taken = Sandbox::start(SandboxOptions { port: at.port(), ..SandboxOptions::default() }).unwrap_err();
    assert!(matches!(taken, SandboxError::Bind { port, .. } if port == at.port()), "{taken}");
    sandbox.close();
    sandbox.close();
    assert!(TcpStream::connect(at).is_err());
    // Its connections end, too.
    assert!(matches!(std::io::Read::read(&mut kept, &mut [0]), Ok(0) | Err(_)));
    drop(kept);
    let again = Sandbox::start(SandboxOptions { port: at.port(), ..SandboxOptions::default() }).unwrap();
    assert_eq!(address(&again), at);
    drop(again);
    TcpListener::bind(at).unwrap();
}

#[test]
fn two_sandboxes_of_one_process_share_nothing() {
    let (one, other) = (virtual_sandbox(), virtual_sandbox());
    post(&one, "/v3/signups", &[], &signup_body()).expect(201);
    assert_eq!(one.journal().as_array().unwrap().len(), 1);
    assert_eq!(other.journal(), json!([]));
    let (mine, theirs) = (one.line(), other.line());
    for key in ["password", "client_secret", "base_url"] {
        assert_ne!(mine["magento_bi"][key], theirs["magento_bi"][key], "{key}");
    }
    assert_eq!(post(&other, "/v1/tokens", &[], &login_body(&one)).status, 401);
}

#[test]
fn the_line_is_the_arguments_of_a_client() {
    let sandbox = virtual_sandbox();
    let line = sandbox.line();
    assert_eq!((&line["url"], &line["clock"]), (&json!(sandbox.url()), &json!("virtual")));
    let login = line["magento_bi"].as_object().unwrap();
    let keys: Vec<&str> = login.keys().map(String::as_str).collect();
    let expected = ["base_url", "client_secret", "dashboard_url", "oauth_client_id", "password", "username"];
    assert!(keys.len() == expected.len() && expected.iter().all(|key| keys.contains(key)), "{keys:?}");
    assert_eq!((&login["dashboard_url"], &login["oauth_client_id"]), (&json!(sandbox.url()), &json!(18)));
}

#[test]
fn the_control_routes_do_what_the_methods_do() {
    let sandbox = virtual_sandbox();
    let control = |path: &str, body| post(&sandbox, &format!("/_sandbox/{path}"), &[], &body);
    assert_eq!(control("faults", json!([{"operation": "*", "status": 500}])).expect(201), json!({"added": 1}));
    assert_eq!(post(&sandbox, "/v3/signups", &[], &signup_body()).status, 500);
    control("faults", json!({"operation": "*", "status": 500})).expect(201);
    send(&sandbox, "DELETE", "/_sandbox/faults", &[], "").expect(200);
    post(&sandbox, "/v3/signups", &[], &signup_body()).expect(201);
    assert_eq!(control("advance", json!({"ms": 1500})).expect(201), json!({"now_ms": 1500}));
    assert_eq!(get(&sandbox, "/_sandbox/journal", &[]).expect(200), sandbox.journal());
    assert_eq!(sandbox.journal().as_array().unwrap().len(), 2, "control requests are not journalled");
    let state = get(&sandbox, "/_sandbox/state", &[]).expect(200);
    assert_eq!(state, sandbox.state());
    assert_eq!(state["magento_bi"]["signups"][0]["status"], "completed");
    control("reset", json!({})).expect(201);
    assert_eq!(sandbox.journal(), json!([]));
    for (path, body, named) in [
        ("advance", json!({"minutes": 1}), "minutes"),
        ("advance", json!({"ms": -1}), "ms"),
        ("faults", json!({}), "operation"),
    ] {
        let message = control(path, body).expect(400)["message"].to_string();
        assert!(message.contains(named), "{message}");
    }
    assert_eq!(control("nothing", json!({})).status, 404);
    assert_eq!(send(&sandbox, "POST", "/_sandbox/faults", &[], "{").status, 400);
}

#[test]
fn the_real_clock_cannot_be_advanced() {
    let sandbox = Sandbox::start(SandboxOptions::default()).unwrap();
    assert!(matches!(sandbox.advance(1), Err(SandboxError::RealClock)));
    post(&sandbox, "/_sandbox/advance", &[], &json!({"ms": 1})).expect(400);
    assert_eq!(sandbox.line().get("clock"), None);
}

#[test]
fn options_set_the_length_of_jobs_and_the_commit_delay() {
    let options =
        SandboxOptions { clock: ClockKind::Virtual, wait_ms: 10, commit_delay_ms: 5, ..SandboxOptions::default() };
    let sandbox = Sandbox::start(options).unwrap();
    let id = post(&sandbox, "/v3/signups", &[], &signup_body()).expect(201)["id"].clone();
    let path = format!("/v3/signups/{}", id.as_str().unwrap());
    assert_eq!(get(&sandbox, &path, &[]).status, 404);
    sandbox.advance(5).unwrap();
    assert_eq!(get(&sandbox, &path, &[]).expect(200)["status"], "pending");
    sandbox.advance(10).unwrap();
    assert_eq!(get(&sandbox, &path, &[]).expect(200)["status"], "completed");
}
