//! The onboarding flow against the sandbox: the contract's scenario table.

use crate::common::*;
use serde_json::json;
use tenantry::Code;
use tenantry::flow::Progress;

#[tokio::test]
async fn s01_a_merchant_is_onboarded_with_the_clients_words() {
    let sandbox = sandbox();
    let client = client(&sandbox);
    let mut flow = client.onboarding(spec(), options(json!({}))).unwrap();
    let (events, end) = drive(&mut flow).await;
    let Progress::Done(outputs) = end.unwrap() else { panic!("not done") };
    assert!(outputs["client_id"].is_number() && outputs["autodash_id"].is_string(), "{outputs}");
    for create in CREATES {
        assert_eq!(committed(&sandbox, create), 1, "{create}");
    }
    let steps: Vec<&str> = events.iter().filter(|e| e.r#type == "step_started").map(|e| e.step).collect();
    assert_eq!(
        steps,
        [
            "create_client",
            "await_client",
            "invite_user",
            "update_client",
            "create_connection",
            "await_connection",
            "start_connection_test",
            "await_structure_sync",
            "create_dashboards",
            "await_dashboards",
        ]
    );
    // A finished flow gives its result again and sends nothing.
    let before = arrived(&sandbox).len();
    assert_eq!(done(&mut flow).await, outputs);
    assert_eq!(arrived(&sandbox).len(), before);
}

#[tokio::test]
async fn s02_a_merchant_is_onboarded_with_the_documents_words() {
    let sandbox = document_sandbox();
    let client = client(&sandbox);
    let with_user = spec_with(|spec| spec["user"]["user_id"] = json!(39203));
    let mut flow = client.onboarding(with_user, options(json!({}))).unwrap();
    done(&mut flow).await;
    let journal = sandbox.journal();
    let create = journal.as_array().unwrap().iter().find(|e| e["operation"] == "magento_bi.autodash.create").unwrap();
    assert_eq!(create["body"]["user_id"], 39203);
}

#[tokio::test]
async fn s03_a_failed_signup_ends_the_flow_and_stays_failed() {
    let sandbox = sandbox();
    sandbox.outcome(json!({"signup": "failed"})).unwrap();
    let client = client(&sandbox);
    let mut flow = client.onboarding(spec(), options(json!({}))).unwrap();
    let error = failed(&mut flow).await;
    assert_eq!(error.code(), Code::StepFailed);
    assert!(error.to_string().contains("\"failed\"") && error.checkpoint().is_some(), "{error}");
    let sent = arrived(&sandbox).len();
    assert_eq!(failed(&mut flow).await.code(), Code::StepFailed);
    assert_eq!(arrived(&sandbox).len(), sent);
}
