//! What crosses the wire, field by field: the contract's ambiguities, each as it is ruled.

use crate::common::*;
use serde_json::{Value, json};
use tenantry_sandbox::Sandbox;

/// An onboarding that has ended: its sandbox and its outputs.
async fn onboarded() -> (Sandbox, Value) {
    let sandbox = sandbox();
    let client = client(&sandbox);
    let outputs = done(&mut client.onboarding(spec(), options(json!({}))).unwrap()).await;
    (sandbox, outputs)
}

/// The first request of `operation` that arrived.
fn entry(sandbox: &Sandbox, operation: &str) -> Value {
    let name = format!("magento_bi.{operation}");
    let journal = sandbox.journal();
    let found = journal.as_array().unwrap().iter().find(|entry| entry["operation"] == name.as_str());
    found.unwrap_or_else(|| panic!("no {operation} arrived")).clone()
}

#[tokio::test]
async fn a05_three_things_are_called_client_and_each_has_its_own_name() {
    let (sandbox, outputs) = onboarded().await;
    let login = entry(&sandbox, "tokens.create")["body"].clone();
    assert_eq!((&login["clientId"], &login["scope"]), (&json!(18), &json!("default")));
    assert_eq!(login["grant_type"], "password");
    assert_eq!(entry(&sandbox, "invites.create")["body"]["client_id"], outputs["client_id"]);
}

#[tokio::test]
async fn a06_the_signup_carries_the_administrators_address_and_the_invitation_the_customers() {
    let (sandbox, _) = onboarded().await;
    assert_eq!(entry(&sandbox, "signups.create")["body"]["email"], "csm@example.com");
    let invite = entry(&sandbox, "invites.create")["body"].clone();
    assert_eq!((&invite["email"], &invite["force_create"]), (&json!("customer@customer.com"), &json!(1)));
}

#[tokio::test]
async fn a13_the_dashboards_cookies_name_the_tokens_user_together_with_the_token() {
    let (sandbox, _) = onboarded().await;
    for operation in ["jobs.start_connection_test", "jobs.list_by_type"] {
        // The sandbox takes the pair only if the user is the token's.
        let entry = entry(&sandbox, operation);
        assert_eq!((&entry["headers"]["auth"], &entry["committed"]), (&json!("dashuid+cookie"), &json!(true)));
    }
}

#[tokio::test]
async fn a14_urls_are_plain_however_the_document_quotes_them() {
    let (sandbox, outputs) = onboarded().await;
    let client_id = &outputs["client_id"];
    let path = |operation: &str| entry(&sandbox, operation)["path"].as_str().unwrap().to_owned();
    assert_eq!(path("jobs.list_by_type"), format!("/v2/client/{client_id}/job/type/5"));
    let autodash_id = outputs["autodash_id"].as_str().unwrap();
    assert_eq!(path("autodash.get"), format!("/v1/clients/{client_id}/autodash/{autodash_id}"));
}

#[tokio::test]
async fn a15_a_request_without_a_body_has_no_content_type() {
    let (sandbox, _) = onboarded().await;
    for operation in ["signups.get", "connections.list", "jobs.list_by_type", "autodash.get"] {
        assert!(entry(&sandbox, operation)["headers"]["content-type"].is_null(), "{operation}");
    }
}

#[tokio::test]
async fn a16_an_update_sends_exactly_the_callers_properties() {
    let (sandbox, _) = onboarded().await;
    let body = entry(&sandbox, "clients.update")["body"].clone();
    assert_eq!(body, json!({"name": "Coco Co.", "properties": {"timezone": "America/New_York"}}));
}

#[tokio::test]
async fn s21_our_requests_carry_what_the_vendors_client_sends() {
    let (sandbox, outputs) = onboarded().await;
    let (client_id, meta_id) = (&outputs["client_id"], &outputs["connection"]["meta_id"]);
    let test = entry(&sandbox, "jobs.start_connection_test");
    assert_eq!(test["body"]["jobType"], "27");
    assert_eq!(test["body"]["workload[syncAndSample]"], "1");
    let referer = format!("{}/v2/client/{client_id}/dashapp/settings/connection/{meta_id}/", sandbox.url());
    assert_eq!(test["headers"]["referer"], referer);
    assert_eq!(entry(&sandbox, "connections.list")["query"], json!({"include_deleted": "false"}));
    for (operation, auth) in [
        ("signups.create", Value::Null),
        ("signups.get", Value::Null),
        ("invites.create", json!("bearer")),
        ("clients.update", json!("cookie")),
        ("connections.create", json!("bearer")),
        ("connections.list", json!("bearer")),
        ("autodash.create", json!("cookie")),
        ("autodash.get", json!("cookie")),
    ] {
        assert_eq!(entry(&sandbox, operation)["headers"]["auth"], auth, "{operation}");
    }
}
