//! Requests whose reply was lost: what can be looked up is settled, what cannot is asked.

use std::collections::BTreeMap;

use crate::common::*;
use serde_json::{Value, json};
use tenantry::Code;
use tenantry::flow::Progress;
use tenantry::magento_bi::onboarding::Flow;
use tenantry_sandbox::Sandbox;

/// How the reply to a POST is lost, and whether the server carried it out.
fn losses() -> Vec<(Value, bool)> {
    vec![
        (json!({"when": "after", "drop": true}), true),
        (json!({"when": "after", "cut_at": 40}), true),
        (json!({"when": "after", "cut_at": 0, "reset": true}), true),
        (json!({"when": "after", "status": 502}), true),
        (json!({"when": "after", "status": 201, "body": "<html>"}), true),
        (json!({"when": "after", "hold": true}), true),
        (json!({"when": "before", "status": 500}), false),
        (json!({"when": "before", "drop": true}), false),
    ]
}

fn lose(sandbox: &Sandbox, operation: &str, loss: &Value) {
    let mut rule = loss.clone();
    rule["operation"] = format!("magento_bi.{operation}").into();
    sandbox.fault(rule).unwrap();
}

/// What the sandbox holds of `kind`, e.g. `signups`.
fn held(sandbox: &Sandbox, kind: &str) -> Vec<Value> {
    sandbox.state()["magento_bi"][kind].as_array().unwrap().clone()
}

/// Answers as an operator who looks at the server: adopt what is there, else send again.
fn operate(sandbox: &Sandbox, flow: &mut Flow, step: &str) {
    let last = |kind: &str| held(sandbox, kind).last().cloned();
    let answer = match step {
        "create_client" => last("signups").map(|signup| json!({"choice": "adopt_signup", "signup_id": signup["id"]})),
        "invite_user" => last("invites").map(|invite| json!({"choice": "assume_done", "user_id": invite["user_id"]})),
        "create_dashboards" => last("autodash").map(|job| json!({"choice": "adopt", "autodash_id": job["id"]})),
        other => panic!("{other} asks nothing"),
    };
    flow.answer(&answer.unwrap_or(json!({"choice": "force_retry"}))).unwrap();
}

#[tokio::test]
async fn s08_a_lost_reply_never_doubles_a_create_whichever_it_was() {
    for create in CREATES {
        for (loss, _) in losses() {
            let sandbox = sandbox();
            let client = client(&sandbox);
            lose(&sandbox, create, &loss);
            let mut flow = client.onboarding(spec(), options(json!({}))).unwrap();
            let mut asked = 0;
            loop {
                match drive(&mut flow).await.1.unwrap() {
                    Progress::Need(need) => {
                        assert_eq!(need.reason, "outcome_unknown");
                        asked += 1;
                        operate(&sandbox, &mut flow, &need.step);
                    }
                    Progress::Done(_) => break,
                    Progress::Event(_) => {}
                }
            }
            let can_be_listed = ["connections.create", "jobs.start_connection_test"].contains(&create);
            assert_eq!(asked, usize::from(!can_be_listed), "{create} {loss}");
            for other in CREATES {
                assert_eq!(committed(&sandbox, other), 1, "{create} {loss}: {other}");
            }
        }
    }
}

#[tokio::test]
async fn s08_a_lost_signup_asks_instead_of_repeating() {
    let sandbox = sandbox();
    lose(&sandbox, "signups.create", &json!({"when": "after", "drop": true}));
    let client = client(&sandbox);
    let mut flow = client.onboarding(spec(), options(json!({}))).unwrap();
    assert_eq!(need(&mut flow).await, ("create_client".to_owned(), "outcome_unknown".to_owned()));
    // Asked again without an answer, it asks again, and sends nothing.
    assert_eq!(need(&mut flow).await.0, "create_client");
    assert_eq!(arrived(&sandbox), ["signups.create"]);
    let error = flow.run(|_| {}).await.unwrap_err();
    assert_eq!(error.code(), Code::NeedsAttention);
    assert!(error.to_string().contains("adopt_signup, adopt_client, force_retry"), "{error}");
    for (answer, field) in [
        (json!({"choice": "adopt_signup"}), "signup_id"),
        (json!({"choice": "adopt_signup", "signup_id": "a/b"}), "signup_id"),
        (json!({"choice": "adopt_signup", "signup_id": "x", "more": 1}), "more"),
        (json!({"choice": "yes"}), "choice"),
    ] {
        assert!(flow.answer(&answer).unwrap_err().to_string().contains(field), "{answer}");
    }
    flow.answer(&json!({"choice": "force_retry"})).unwrap();
    done(&mut flow).await;
    assert_eq!(committed(&sandbox, "signups.create"), 2, "the person chose a second client");
}

#[tokio::test]
async fn s08_a_client_found_by_hand_is_adopted_without_its_signup() {
    let sandbox = sandbox();
    lose(&sandbox, "signups.create", &json!({"drop": true}));
    let client = client(&sandbox);
    let seeded = sandbox.seed(json!({"client_id": 4711, "connections": [], "jobs": []})).unwrap();
    assert!(seeded.to_string().contains("4711"), "{seeded}");
    let mut flow = client.onboarding(spec(), options(json!({}))).unwrap();
    need(&mut flow).await;
    flow.answer(&json!({"choice": "adopt_client", "client_id": 4711})).unwrap();
    assert_eq!(done(&mut flow).await["client_id"], 4711);
}

#[tokio::test]
async fn s08_dashboards_can_be_skipped() {
    let sandbox = sandbox();
    lose(&sandbox, "autodash.create", &json!({"when": "after", "drop": true}));
    let client = client(&sandbox);
    let mut flow = client.onboarding(spec(), options(json!({}))).unwrap();
    need(&mut flow).await;
    flow.answer(&json!({"choice": "skip"})).unwrap();
    assert_eq!(done(&mut flow).await["autodash_id"], Value::Null);
}

#[tokio::test]
async fn s09_a_connection_that_is_committed_late_is_found_and_not_created_again() {
    let mut created = BTreeMap::new();
    for delay_s in [0, 1, 2, 4, 5, 8, 10, 11, 15, 20] {
        let sandbox = sandbox();
        let client = client(&sandbox);
        let loss = json!({"when": "after", "drop": true, "commit_delay_ms": delay_s * 1_000});
        lose(&sandbox, "connections.create", &loss);
        let mut flow = client.onboarding(spec(), options(json!({}))).unwrap();
        done(&mut flow).await;
        created.insert(delay_s, committed(&sandbox, "connections.create"));
    }
    // The reads end ten seconds after the loss: what is committed later cannot be seen, and is the documented window.
    for (delay_s, creates) in created {
        assert_eq!(creates, if delay_s <= 10 { 1 } else { 2 }, "{delay_s} s");
    }
}

#[tokio::test]
async fn s10_two_equal_connections_are_a_persons_choice() {
    let sandbox = sandbox();
    lose(&sandbox, "signups.create", &json!({"drop": true}));
    let equal = json!({"name": "store", "type": "mysql", "host": "db.example.com"});
    sandbox.seed(json!({"client_id": 4711, "connections": [equal, equal], "jobs": []})).unwrap();
    let client = client(&sandbox);
    let mut flow = client.onboarding(spec(), options(json!({}))).unwrap();
    need(&mut flow).await;
    flow.answer(&json!({"choice": "adopt_client", "client_id": 4711})).unwrap();
    let Progress::Need(need) = drive(&mut flow).await.1.unwrap() else { panic!("no need") };
    assert_eq!((need.step.as_str(), need.reason.as_str()), ("create_connection", "ambiguous_match"));
    let candidates = need.data["candidates"].as_array().unwrap().clone();
    assert_eq!(candidates.len(), 2);
    assert!(flow.answer(&json!({"choice": "adopt", "connection_id": 1_000_000})).is_err());
    flow.answer(&json!({"choice": "adopt", "connection_id": candidates[1]["meta_id"]})).unwrap();
    let outputs = done(&mut flow).await;
    assert_eq!(outputs["connection"]["id"], candidates[1]["id"]);
    assert_eq!(committed(&sandbox, "connections.create"), 0);
}

#[tokio::test]
async fn s11_a10_a_structure_sync_from_before_the_test_is_not_taken_for_ours() {
    let sandbox = sandbox();
    lose(&sandbox, "signups.create", &json!({"drop": true}));
    let stale = json!({"type": 5, "status": "Completed Successfully"});
    sandbox.seed(json!({"client_id": 4711, "connections": [], "jobs": [stale]})).unwrap();
    sandbox.outcome(json!({"structure_sync": "Failed"})).unwrap();
    let client = client(&sandbox);
    let mut flow = client.onboarding(spec(), options(json!({}))).unwrap();
    need(&mut flow).await;
    flow.answer(&json!({"choice": "adopt_client", "client_id": 4711})).unwrap();
    assert_eq!(failed(&mut flow).await.code(), Code::StepFailed);
}

#[tokio::test]
async fn s13_a07_an_invitation_without_user_id_asks_and_never_takes_the_invitations_own_id() {
    for (answer, user_id) in [
        (json!({"choice": "provide", "user_id": 555}), json!(555)),
        (json!({"choice": "token"}), json!(1)),
        (json!({"choice": "omit"}), Value::Null),
    ] {
        let sandbox = document_sandbox();
        let client = client(&sandbox);
        let mut flow = client.onboarding(spec(), options(json!({}))).unwrap();
        assert_eq!(need(&mut flow).await, ("create_dashboards".to_owned(), "missing_user_id".to_owned()));
        assert_eq!(committed(&sandbox, "autodash.create"), 0);
        flow.answer(&answer).unwrap();
        done(&mut flow).await;
        assert_eq!(sent(&sandbox, "autodash.create")["user_id"], user_id, "{answer}");
    }
}

#[tokio::test]
async fn s13_a07_the_spec_can_say_where_the_user_comes_from() {
    for (from, user_id) in [("token", json!(1)), ("omit", Value::Null)] {
        let sandbox = sandbox();
        let client = client(&sandbox);
        let spec = spec_with(|spec| spec["dashboards"]["user_id_from"] = from.into());
        done(&mut client.onboarding(spec, options(json!({}))).unwrap()).await;
        assert_eq!(sent(&sandbox, "autodash.create")["user_id"], user_id, "{from}");
    }
}

#[tokio::test]
async fn s14_a08_a12_the_meta_id_names_the_connection_unless_the_id_is_asked_for() {
    for (from, field) in [("meta_id", "meta_id"), ("id", "id")] {
        let sandbox = sandbox();
        let client = client(&sandbox);
        let outputs = done(&mut client.onboarding(spec(), options(json!({"connection_id_from": from}))).unwrap()).await;
        let connection = &outputs["connection"];
        assert_ne!(connection["id"], connection["meta_id"]);
        let wanted = connection[field].to_string();
        let test = sent(&sandbox, "jobs.start_connection_test");
        assert_eq!(test["workload[connectionId]"], wanted.as_str());
        assert_eq!(sent(&sandbox, "autodash.create")["connections"]["db"]["connection_id"].to_string(), wanted);
    }
}

/// The body of the last `operation` that arrived.
fn sent(sandbox: &Sandbox, operation: &str) -> Value {
    let journal = sandbox.journal();
    let name = format!("magento_bi.{operation}");
    let entry = journal.as_array().unwrap().iter().rev().find(|entry| entry["operation"] == name.as_str());
    entry.unwrap()["body"].clone()
}

#[tokio::test]
async fn gates_open_by_themselves_for_a_tunnel_and_on_request_for_the_user() {
    let sandbox = sandbox();
    let client = client(&sandbox);
    let spec = spec_with(|spec| {
        spec["connection"]["properties"]["encryption_type"] = "ssh".into();
        spec["confirm_user"] = true.into();
    });
    let mut flow = client.onboarding(spec, options(json!({}))).unwrap();
    let Progress::Need(key) = drive(&mut flow).await.1.unwrap() else { panic!("no need") };
    assert_eq!(key.reason, "install_public_key");
    assert!(key.data["pubkey"].as_str().unwrap().starts_with("ssh-rsa "), "{key:?}");
    assert_eq!(committed(&sandbox, "invites.create"), 0);
    flow.answer(&json!({"choice": "installed"})).unwrap();
    assert_eq!(need(&mut flow).await.1, "confirm_user");
    assert_eq!(committed(&sandbox, "connections.create"), 0);
    flow.answer(&json!({"choice": "confirmed"})).unwrap();
    done(&mut flow).await;
}
