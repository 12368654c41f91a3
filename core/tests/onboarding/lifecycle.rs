//! Leaving a flow and taking it up again: stops, drops, checkpoints, secrets, and what crosses the wire.

use crate::common::*;
use serde_json::{Value, json};
use tenantry::flow::{Machine as _, Progress};
use tenantry::http::Options;
use tenantry::magento_bi::Client;
use tenantry::magento_bi::onboarding::{Flow, FlowOptions};
use tenantry::{Code, Error};
use tenantry_sandbox::{ClockKind, Sandbox};

fn in_file(directory: &tempfile::TempDir, mode: &str) -> FlowOptions {
    options(json!({"checkpoint": {"file": directory.path().join("coco.json")}, "mode": mode}))
}

fn why(error: &Error) -> &str {
    assert_eq!(error.code(), Code::Checkpoint, "{error}");
    error.report().details["why"].as_str().unwrap()
}

async fn refused(client: &Client, directory: &tempfile::TempDir, mode: &str) -> Error {
    match client.onboarding(spec(), in_file(directory, mode)) {
        Ok(mut flow) => failed(&mut flow).await,
        Err(error) => error,
    }
}

#[tokio::test]
async fn s15_a_stopped_flow_sends_nothing_and_a_stop_while_waiting_is_at_once() {
    let sandbox = sandbox_with(|options| options.clock = ClockKind::Real);
    let client = client_of(&sandbox);
    let mut flow = client.onboarding(spec(), options(json!({}))).unwrap();
    flow.stopper().stop();
    assert_eq!(failed(&mut flow).await.code(), Code::Stopped);
    assert!(arrived(&sandbox).is_empty());

    sandbox
        .fault(json!({"operation": "magento_bi.signups.get", "times": null, "merge": {"status": "brewing"}}))
        .unwrap();
    let mut flow = client.onboarding(spec(), options(json!({}))).unwrap();
    let stop = flow.stopper();
    let error = loop {
        match flow.next().await {
            Ok(Progress::Event(event)) if event.r#type == "polled" => {
                // The next turn sleeps for seconds; the stop comes from elsewhere meanwhile.
                let stop = stop.clone();
                tokio::spawn(async move { stop.stop() });
            }
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(error.code() == Code::Stopped && error.checkpoint().unwrap().contains("await_client"), "{error}");
}

fn client_of(sandbox: &Sandbox) -> Client {
    let config = sandbox.line()["magento_bi"].to_string();
    Client::builder().config_json(&config).unwrap().build().unwrap()
}

#[tokio::test]
async fn s15_a_stop_during_a_post_waits_for_its_reply() {
    let sandbox = sandbox();
    sandbox.fault(json!({"operation": "magento_bi.signups.create", "hold_ms": 5_000})).unwrap();
    let client = client(&sandbox);
    let mut flow = client.onboarding(spec(), options(json!({}))).unwrap();
    let stop = flow.stopper();
    let stopper = async {
        while arrived(&sandbox).is_empty() {
            tokio::task::yield_now().await;
        }
        stop.stop();
    };
    let (error, ()) = futures::join!(failed(&mut flow), stopper);
    assert_eq!(error.code(), Code::Stopped);
    let checkpoint: Value = serde_json::from_str(error.checkpoint().unwrap()).unwrap();
    assert_eq!((&checkpoint["step"], &checkpoint["phase"]), (&json!("await_client"), &json!("waiting")));
    assert!(checkpoint["outputs"]["signup_id"].is_string());
}

#[tokio::test]
async fn s15_x1_a_flow_dropped_at_any_await_goes_on_without_doubling() {
    for polls in (1..400).step_by(7) {
        let sandbox = sandbox();
        let client = client(&sandbox);
        let directory = tempfile::tempdir().unwrap();
        let mut flow = client.onboarding(spec(), in_file(&directory, "start")).unwrap();
        let finished = poll_then_drop(&mut flow, polls).await;
        drop(flow);
        // What was left in a socket arrives before the operator looks: the sandbox reads its sockets in order.
        for _ in 0..3 {
            let later = client.invoke("magento_bi.signups.get", r#"{"signup_id": "later"}"#, Options::default()).await;
            assert_eq!(later.unwrap_err().code(), Code::NotFound);
        }
        let mut flow = client.onboarding(spec(), in_file(&directory, "start_or_resume")).unwrap();
        loop {
            match drive(&mut flow).await.1.unwrap() {
                Progress::Done(_) => break,
                Progress::Need(need) => adopt_or_retry(&sandbox, &mut flow, &need.step),
                Progress::Event(_) => {}
            }
        }
        for create in CREATES {
            assert_eq!(committed(&sandbox, create), 1, "dropped after {polls} polls: {create}");
        }
        if finished {
            break;
        }
    }
}

/// Polls the flow `polls` times; whether it ended by then.
async fn poll_then_drop(flow: &mut Flow, polls: usize) -> bool {
    let mut run = Box::pin(drive(flow));
    for _ in 0..polls {
        if futures::poll!(&mut run).is_ready() {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

fn adopt_or_retry(sandbox: &Sandbox, flow: &mut Flow, step: &str) {
    let state = sandbox.state();
    let last = |kind: &str| state["magento_bi"][kind].as_array().unwrap().last().cloned();
    let answer = match step {
        "create_client" => last("signups").map(|it| json!({"choice": "adopt_signup", "signup_id": it["id"]})),
        "invite_user" => last("invites").map(|it| json!({"choice": "assume_done", "user_id": it["user_id"]})),
        _ => last("autodash").map(|it| json!({"choice": "adopt", "autodash_id": it["id"]})),
    };
    flow.answer(&answer.unwrap_or(json!({"choice": "force_retry"}))).unwrap();
}

#[tokio::test]
async fn s16_the_wrong_checkpoint_is_refused_before_anything_is_sent() {
    let sandbox = sandbox();
    let client = client(&sandbox);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("coco.json");
    assert_eq!(why(&refused(&client, &directory, "resume").await), "missing");

    let mut flow = client.onboarding(spec(), in_file(&directory, "start")).unwrap();
    while !matches!(flow.next().await.unwrap(), Progress::Event(event) if event.step == "await_client") {}
    assert_eq!(why(&refused(&client, &directory, "resume").await), "in_use");
    drop(flow);
    assert_eq!(why(&refused(&client, &directory, "start").await), "exists");
    let sent = arrived(&sandbox).len();

    let other = spec_with(|spec| (spec["tier"], spec["company"]) = ("T200".into(), "Other".into()));
    let mut flow = client.onboarding(other.clone(), in_file(&directory, "resume")).unwrap();
    let error = failed(&mut flow).await;
    assert_eq!(why(&error), "mismatch");
    assert!(error.to_string().contains("another spec: company, tier differ"), "{error}");
    drop(flow);
    let elsewhere = builder(&sandbox).dashboard_url("https://dashboard.example.com").build().unwrap();
    let error = refused(&elsewhere, &directory, "resume").await;
    assert!(why(&error) == "mismatch" && error.to_string().contains("dashboard.example.com"), "{error}");

    let kept = std::fs::read_to_string(&path).unwrap();
    for (text, expected) in [
        (kept[..kept.len() / 2].to_owned(), "invalid"),
        (String::new(), "invalid"),
        (kept.replace("\"version\":1", "\"version\":2"), "future"),
        (kept.replace("await_client", "create_client").replace("\"signup_id\":\"", "\"signup_id\":\"0"), "invalid"),
    ] {
        std::fs::write(&path, text).unwrap();
        assert_eq!(why(&refused(&client, &directory, "resume").await), expected);
    }
    assert_eq!(arrived(&sandbox).len(), sent, "nothing was sent");

    std::fs::write(&path, &kept).unwrap();
    let changed = options(json!({"checkpoint": {"file": path}, "mode": "resume", "accept_changed_spec": true}));
    done(&mut client.onboarding(other, changed).unwrap()).await;
}

#[tokio::test]
async fn s16_a_finished_flow_returns_its_result_and_sends_nothing() {
    let sandbox = sandbox();
    let client = client(&sandbox);
    let directory = tempfile::tempdir().unwrap();
    let outputs = done(&mut client.onboarding(spec(), in_file(&directory, "start")).unwrap()).await;
    let sent = arrived(&sandbox).len();
    assert_eq!(done(&mut client.onboarding(spec(), in_file(&directory, "start_or_resume")).unwrap()).await, outputs);
    assert_eq!(arrived(&sandbox).len(), sent);
}

#[tokio::test]
async fn s17_no_secret_is_in_a_checkpoint_an_event_an_error_or_the_journal() {
    let sandbox = sandbox();
    let client = client(&sandbox);
    let spec = spec_with(|spec| {
        spec["connection"]["properties"]["encryption_groupSecret"] = secret("group").into();
        spec["connection"]["encryption_password"] = secret("encryption").into();
    });
    // A server that echoes what it was sent.
    let echo = format!("{{\"message\": \"bad password {}\", \"sent\": \"{}\"}}", secret("db"), secret("group"));
    sandbox.fault(json!({"operation": "magento_bi.connections.create", "status": 422, "body": echo})).unwrap();
    let mut flow = client.onboarding(spec, options(json!({}))).unwrap();
    let (events, end) = drive(&mut flow).await;
    let error = end.unwrap_err();
    assert_eq!(error.code(), Code::Unprocessable);
    assert!(error.to_string().contains("bad password"), "{error}");
    done(&mut flow).await;
    let seen = [
        serde_json::to_string(&events).unwrap(),
        serde_json::to_string(&error).unwrap(),
        format!("{error:?} {flow:?} {client:?} {:?}", flow.machine()),
        flow.machine().checkpoint(),
        sandbox.journal().to_string(),
        sandbox.state().to_string(),
    ];
    let line = sandbox.line();
    let mut secrets: Vec<String> = ["db", "group", "encryption"].map(secret).to_vec();
    secrets.extend(["password", "client_secret"].map(|key| line["magento_bi"][key].as_str().unwrap().to_owned()));
    for text in &seen {
        for secret in &secrets {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[tokio::test]
async fn s18_a02_the_signups_url_is_never_followed() {
    let sandbox = sandbox();
    let hostile = json!({"operation": "magento_bi.signups.create", "merge": {"url": "http://127.0.0.1:9/steal"}});
    sandbox.fault(hostile).unwrap();
    let client = client(&sandbox);
    done(&mut client.onboarding(spec(), options(json!({}))).unwrap()).await;
    assert!(arrived(&sandbox).contains(&"signups.get".to_owned()));
}

#[tokio::test]
async fn s19_a_plain_http_base_is_refused_before_anything_is_sent() {
    let config = json!({"base_url": "http://api.example.com", "username": "u", "password": "p", "oauth_client_id": 1, "client_secret": "s"});
    let error = Client::builder().config_json(&config.to_string()).unwrap().build().unwrap_err();
    assert!(error.code() == Code::Config && error.to_string().contains("base_url is plain http"), "{error}");
}

#[tokio::test]
async fn the_auth_style_changes_the_carrier_where_both_are_taken() {
    use tenantry::magento_bi::AuthStyle;
    for (style, expected) in [(AuthStyle::Bearer, "bearer"), (AuthStyle::Cookie, "cookie")] {
        let sandbox = sandbox();
        let client = builder(&sandbox).auth_style(style).build().unwrap();
        done(&mut client.onboarding(spec(), options(json!({}))).unwrap()).await;
        for entry in sandbox.journal().as_array().unwrap() {
            let operation = entry["operation"].as_str().unwrap();
            if ["clients.update", "connections.", "autodash."].iter().any(|part| operation.contains(part)) {
                assert_eq!(entry["headers"]["auth"], expected, "{operation}");
            }
        }
    }
}
