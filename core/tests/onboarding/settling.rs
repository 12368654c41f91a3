//! What a flow must not conclude: that a login's failure is its own request's, that an absent field is another thing, that
//! sending once more is always an answer.

use crate::common;

use std::sync::{Arc, Mutex};

use crate::common::*;
use serde_json::{Value, json};
use tenantry::flow::{Machine as _, Progress};
use tenantry::{Code, Outcome, Secret};

#[tokio::test]
async fn a_connection_that_never_shows_is_sent_once_more_and_then_asked_about() {
    let sandbox = sandbox();
    sandbox
        .fault(json!({"operation": "magento_bi.connections.create", "when": "after", "status": 502, "times": null}))
        .unwrap();
    sandbox
        .fault(json!({"operation": "magento_bi.connections.list", "times": null, "status": 200, "json": []}))
        .unwrap();
    let client = client(&sandbox);
    let mut flow = client.onboarding(spec(), options(json!({}))).unwrap();
    let Progress::Need(need) = drive(&mut flow).await.1.unwrap() else { panic!("no need") };
    assert_eq!((need.step.as_str(), need.reason.as_str()), ("create_connection", "outcome_unknown"));
    assert_eq!(committed(&sandbox, "connections.create"), 2);
    sandbox.clear_faults();
    let found = sandbox.state()["magento_bi"]["connections"][1]["meta_id"].clone();
    flow.answer(&json!({"choice": "adopt", "connection_id": found})).unwrap();
    let outputs = done(&mut flow).await;
    assert_eq!(outputs["connection"]["meta_id"], found);
    assert_ne!(outputs["connection"]["id"], found, "the list told the other id");
    assert_eq!(committed(&sandbox, "connections.create"), 2);
}

#[tokio::test]
async fn a_property_that_only_the_list_has_does_not_make_it_another_connection() {
    let sandbox = sandbox();
    sandbox.fault(json!({"operation": "magento_bi.connections.create", "when": "after", "drop": true})).unwrap();
    let client = client(&sandbox);
    let spec = spec_with(|spec| drop(spec["connection"]["properties"].as_object_mut().unwrap().remove("dbName")));
    let listed = json!([{"id": 14, "meta_id": 5, "name": "store", "type": "mysql",
        "properties": {"host": "db.example.com", "dbName": ""}}]);
    // The first look, before the creation, finds nothing; the second one finds a row with a field of its own.
    sandbox
        .fault(json!({"operation": "magento_bi.connections.list", "skip": 1, "status": 200, "json": listed}))
        .unwrap();
    let mut flow = client.onboarding(spec, options(json!({}))).unwrap();
    done(&mut flow).await;
    assert_eq!(committed(&sandbox, "connections.create"), 1);
}

#[tokio::test]
async fn a_login_that_fails_is_not_the_fate_of_the_request_that_needed_it() {
    for fault in [json!({"status": 500}), json!({"drop": true}), json!({"status": 200, "body": "<html>"})] {
        let sandbox = sandbox();
        let mut rule = json!({"operation": "magento_bi.tokens.create", "times": 3});
        rule.as_object_mut().unwrap().extend(fault.as_object().unwrap().clone());
        sandbox.fault(rule).unwrap();
        let client = client(&sandbox);
        let mut flow = client.onboarding(spec(), options(json!({}))).unwrap();
        let error = failed(&mut flow).await;
        assert_eq!(error.outcome(), Some(Outcome::NotSent), "{fault}: {error}");
        assert_eq!(error.report().operation.as_deref(), Some("magento_bi.tokens.create"));
        sandbox.clear_faults();
        done(&mut flow).await;
        assert_eq!(committed(&sandbox, "invites.create"), 1);
    }
}

#[tokio::test]
async fn a_stop_while_a_retry_is_waited_for_sends_nothing_more() {
    let sandbox = sandbox();
    let busy = json!({"operation": "magento_bi.signups.create", "status": 429, "headers": {"retry-after": "80"}});
    sandbox.fault(busy).unwrap();
    let client = client(&sandbox);
    let mut flow = client.onboarding(spec(), options(json!({}))).unwrap();
    let stop = flow.stopper();
    let stopper = async {
        while sandbox.journal().as_array().unwrap().first().is_none_or(|entry| entry["status"] != 429) {
            tokio::task::yield_now().await;
        }
        stop.stop();
    };
    let (error, ()) = futures::join!(failed(&mut flow), stopper);
    assert_eq!(committed(&sandbox, "signups.create"), 0);
    let checkpoint: Value = serde_json::from_str(error.checkpoint().unwrap()).unwrap();
    assert_eq!(checkpoint["phase"], "ready");
}

#[tokio::test]
async fn a_job_with_an_empty_end_is_under_way_and_own_words_count_for_jobs() {
    let sandbox = sandbox();
    let running = json!([{"id": 901, "status": {"id": 2, "name": "Running"}, "start": "", "end": ""}]);
    sandbox.fault(json!({"path": "*/job/type/5", "skip": 1, "status": 200, "json": running})).unwrap();
    let client = client(&sandbox);
    done(&mut client.onboarding(spec(), options(json!({}))).unwrap()).await;

    let own = common::sandbox();
    own.outcome(json!({"structure_sync": {"name": "Completed With Warnings", "id": 6}})).unwrap();
    let words = json!({"done_words": ["completed with warnings", "completed", "success"]});
    let client = common::client(&own);
    done(&mut client.onboarding(spec(), options(words)).unwrap()).await;
}

#[tokio::test]
async fn a_meta_id_that_a_list_leaves_out_is_kept() {
    let sandbox = sandbox();
    let client = client(&sandbox);
    let bare = json!([{"id": 14, "name": "store", "type": "mysql", "properties": {"host": "db.example.com"}}]);
    sandbox.fault(json!({"operation": "magento_bi.connections.list", "skip": 1, "status": 200, "json": bare})).unwrap();
    let outputs = done(&mut client.onboarding(spec(), options(json!({}))).unwrap()).await;
    assert_eq!(outputs["connection"]["meta_id"], 5);
}

#[tokio::test]
async fn an_update_whose_reply_has_another_shape_is_done() {
    for body in ["[]", "true", r#"{"id": 5, "properties": []}"#, ""] {
        let sandbox = sandbox();
        sandbox.fault(json!({"operation": "magento_bi.clients.update", "status": 200, "body": body})).unwrap();
        let client = client(&sandbox);
        done(&mut client.onboarding(spec(), options(json!({}))).unwrap()).await;
    }
}

#[tokio::test]
async fn a_login_secret_from_elsewhere_is_redacted_by_value() {
    let sandbox = sandbox();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("password");
    std::fs::write(&path, secret("login")).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let echo = json!({"message": format!("no user for {}", secret("login"))});
    sandbox.fault(json!({"operation": "magento_bi.tokens.create", "status": 400, "json": echo})).unwrap();
    let client = builder(&sandbox).password(Secret::file(path)).build().unwrap();
    let error = client.invoke("magento_bi.tokens.create", "{}", Default::default()).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains(&secret("login")), "{error}");
    assert!(error.to_string().contains("no user for ***"), "{error}");
}

#[tokio::test]
async fn a_value_of_the_wrong_kind_is_not_quoted() {
    let sandbox = sandbox();
    let shape = json!({"id": 1, "properties": secret("db")});
    sandbox.seed(json!({"client_id": 4711, "connections": [], "jobs": []})).unwrap();
    sandbox.fault(json!({"operation": "magento_bi.connections.create", "status": 201, "json": shape})).unwrap();
    let client = client(&sandbox);
    let arguments = json!({
        "client_id": 4711, "name": "n", "display_name": "n", "type": "mysql", "properties": {},
        "credentials": {"password": secret("db")},
    });
    let error = client.invoke("magento_bi.connections.create", &arguments.to_string(), Default::default()).await;
    let error = error.unwrap_err();
    assert!(!format!("{error} {error:?}").contains(&secret("db")), "{error}");

    let misplaced = json!({"client_id": 4711, "credentials": secret("db")});
    let error = client.invoke("magento_bi.connections.create", &misplaced.to_string(), Default::default()).await;
    let error = error.unwrap_err();
    assert!(error.code() == Code::Validation && !error.to_string().contains(&secret("db")), "{error}");
    assert!(error.to_string().contains("credentials"), "{error}");
}

#[tokio::test]
async fn a_rust_flow_tells_its_listener_each_request_and_its_history_each_status() {
    let sandbox = sandbox();
    sandbox.fault(json!({"operation": "magento_bi.signups.create", "status": 422})).unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    let client = builder(&sandbox).on_event(Arc::new(move |event| listener.lock().unwrap().push(event.operation)));
    let client = client.build().unwrap();
    let mut flow = client.onboarding(spec(), options(json!({}))).unwrap();
    assert_eq!(failed(&mut flow).await.code(), Code::Unprocessable);
    assert_eq!(*told.lock().unwrap(), ["magento_bi.signups.create"]);
    let checkpoint: Value = serde_json::from_str(&flow.machine().checkpoint()).unwrap();
    assert_eq!(checkpoint["history"][0]["http_status"], 422);
    assert_eq!(checkpoint["history"][0]["outcome"], "rejected");
}
