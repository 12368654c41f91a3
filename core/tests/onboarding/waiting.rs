//! Waiting: status words, errors between polls, limits, and the tokens that expire meanwhile.

use crate::common::*;
use serde_json::{Value, json};
use tenantry::Code;

#[tokio::test]
async fn s04_an_unknown_word_waits_until_the_limit_and_resuming_goes_on() {
    let sandbox = sandbox();
    let directory = tempfile::tempdir().unwrap();
    let file = json!({"file": directory.path().join("coco.json")});
    sandbox
        .fault(json!({"operation": "magento_bi.signups.get", "times": null, "merge": {"status": "brewing"}}))
        .unwrap();
    let client = client(&sandbox);
    let started = sandbox.clock().now();
    let mut flow = client.onboarding(spec(), options(json!({"checkpoint": file}))).unwrap();
    let error = failed(&mut flow).await;
    assert_eq!(error.code(), Code::MaxWait, "{error}");
    assert_eq!(error.report().details["last_status"], "brewing");
    assert!(error.to_string().contains("step_max_wait"), "{error}");
    let waited = (sandbox.clock().now() - started).as_secs();
    assert!((1_800..=1_802).contains(&waited), "the limit is 30 minutes, and it took {waited} s");
    drop(flow);

    sandbox.clear_faults();
    let resume = options(json!({"checkpoint": file, "mode": "resume"}));
    let mut flow = client.onboarding(spec(), resume).unwrap();
    done(&mut flow).await;
    assert_eq!(committed(&sandbox, "signups.create"), 1);
}

#[tokio::test]
async fn s04_no_limit_means_none() {
    let sandbox = sandbox_with(|options| options.wait_ms = 10 * 3_600_000);
    let client = client(&sandbox);
    let limits = json!({"await_client": null, "await_structure_sync": null, "await_dashboards": null});
    let unlimited = options(json!({"max_wait_ms": null, "step_max_wait_ms": limits}));
    done(&mut client.onboarding(spec(), unlimited).unwrap()).await;
}

#[tokio::test]
async fn s04_the_whole_flow_has_a_limit_of_two_hours() {
    let sandbox = sandbox_with(|options| options.wait_ms = 3_600_000);
    let client = client(&sandbox);
    let limits = json!({"await_client": null, "await_structure_sync": null, "await_dashboards": null});
    let mut flow = client.onboarding(spec(), options(json!({"step_max_wait_ms": limits}))).unwrap();
    let started = sandbox.clock().now();
    assert_eq!(failed(&mut flow).await.code(), Code::MaxWait);
    let waited = (sandbox.clock().now() - started).as_secs();
    assert!((7_200..=7_201).contains(&waited), "{waited}");
}

#[tokio::test]
async fn s05_five_failed_polls_in_a_row_are_tolerated_and_six_are_not() {
    for (failures, ends) in [(4, true), (5, true), (6, false)] {
        let sandbox = sandbox();
        sandbox.fault(json!({"operation": "magento_bi.signups.get", "times": failures, "status": 500})).unwrap();
        let client = client(&sandbox);
        let mut flow = client.onboarding(spec(), options(json!({}))).unwrap();
        let (events, end) = drive(&mut flow).await;
        let told = events.iter().filter(|event| event.r#type == "poll_error").count();
        assert_eq!(told, failures.min(5));
        match end {
            Ok(_) => assert!(ends),
            Err(error) => {
                assert!(!ends && error.code() == Code::Server && error.checkpoint().is_some(), "{error}");
                assert_eq!(error.report().details["poll_errors"], 6);
                assert_eq!(arrived(&sandbox).iter().filter(|name| *name == "signups.get").count(), 6);
                // The same flow, driven again, goes on.
                done(&mut flow).await;
            }
        }
    }
}

#[tokio::test]
async fn s05_what_no_poll_survives_stops_at_once() {
    for (status, code) in [(403, Code::Permission), (400, Code::BadRequest)] {
        let sandbox = sandbox();
        sandbox.fault(json!({"operation": "magento_bi.signups.get", "times": null, "status": status})).unwrap();
        let client = client(&sandbox);
        let error = failed(&mut client.onboarding(spec(), options(json!({}))).unwrap()).await;
        assert_eq!(error.code(), code);
        assert_eq!(arrived(&sandbox), ["signups.create", "signups.get"]);
    }
}

#[tokio::test]
async fn s05_a_404_is_tolerated_for_thirty_seconds_after_the_creation() {
    let sandbox = sandbox();
    sandbox.fault(json!({"operation": "magento_bi.signups.get", "times": null, "status": 404})).unwrap();
    let client = client(&sandbox);
    let started = sandbox.clock().now();
    let patient = json!({"poll": {"max_errors": 100, "min_ms": 1_000, "max_ms": 1_000, "factor": 1.0, "jitter": 0.0}});
    let error = failed(&mut client.onboarding(spec(), options(patient)).unwrap()).await;
    assert_eq!(error.code(), Code::NotFound);
    assert_eq!((sandbox.clock().now() - started).as_secs(), 30);
}

#[tokio::test]
async fn s05_a01_a_page_in_place_of_json_is_a_poll_error() {
    let sandbox = sandbox();
    let slip = "{\"pubkey\": \"ssh-rsa AAAA\",\n \"status\": \"completed\"\n \"client_id\": 123}";
    for body in [slip, "<html>maintenance</html>"] {
        sandbox.fault(json!({"operation": "magento_bi.signups.get", "status": 200, "body": body})).unwrap();
    }
    let client = client(&sandbox);
    let mut flow = client.onboarding(spec(), options(json!({}))).unwrap();
    let (events, end) = drive(&mut flow).await;
    end.unwrap();
    let kinds: Vec<&Value> = events.iter().filter(|e| e.r#type == "poll_error").map(|e| &e.data["kind"]).collect();
    assert_eq!(kinds, ["decode", "unexpected_content"]);
}

#[tokio::test]
async fn s06_retry_after_raises_the_delay_of_a_poll() {
    let sandbox = sandbox();
    let wall = sandbox.clock().wall_ms() / 1_000;
    // The three date forms are read elsewhere; here it is one, forty seconds ahead of the sandbox's clock.
    let date = httpdate::fmt_http_date(std::time::UNIX_EPOCH + std::time::Duration::from_secs(wall as u64 + 60));
    for value in ["50", date.as_str()] {
        sandbox
            .fault(json!({"operation": "magento_bi.signups.get", "status": 503, "headers": {"retry-after": value}}))
            .unwrap();
    }
    let client = client(&sandbox);
    let mut flow = client.onboarding(spec(), options(json!({}))).unwrap();
    let (events, end) = drive(&mut flow).await;
    end.unwrap();
    let delays: Vec<i64> =
        events.iter().filter(|e| e.r#type == "polled").filter_map(|e| e.data["next_delay_ms"].as_i64()).collect();
    assert_eq!(delays[0], 50_000);
    assert!((3_000..=11_000).contains(&delays[1]), "{delays:?}");
}

#[tokio::test]
async fn s07_a_token_that_expires_at_any_step_is_renewed_once_and_no_step_is_doubled() {
    for skip in 0..14 {
        let sandbox = sandbox();
        let client = client(&sandbox);
        let mut flow = client.onboarding(spec(), options(json!({}))).unwrap();
        let mut seen = 0;
        loop {
            match flow.next().await.unwrap() {
                tenantry::flow::Progress::Event(event) if event.r#type == "step_started" => {
                    if seen == skip {
                        sandbox.expire_tokens();
                    }
                    seen += 1;
                }
                tenantry::flow::Progress::Event(_) => {}
                _ => break,
            }
        }
        let tokens = arrived(&sandbox).iter().filter(|name| *name == "tokens.create").count();
        assert!(tokens <= 2, "{skip}: {tokens} tokens");
        for create in CREATES {
            assert_eq!(committed(&sandbox, create), 1, "{skip}: {create}");
        }
    }
}

#[tokio::test]
async fn a04_done_without_a_client_id_is_a_protocol_error_and_a_client_id_alone_is_not_done() {
    let sandbox = sandbox();
    sandbox.outcome(json!({"signup_client_id": null})).unwrap();
    let client = client(&sandbox);
    let error = failed(&mut client.onboarding(spec(), options(json!({}))).unwrap()).await;
    assert!(error.code() == Code::Decode && error.to_string().contains("client_id"), "{error}");

    sandbox.reset();
    sandbox.outcome(json!({"signup_client_id": true})).unwrap();
    let early = json!({"operation": "magento_bi.signups.get", "merge": {"client_id": 7, "status": "pending"}});
    sandbox.fault(early).unwrap();
    let mut flow = client.onboarding(spec(), options(json!({}))).unwrap();
    let outputs = done(&mut flow).await;
    assert_ne!(outputs["client_id"], 7);
}

#[tokio::test]
async fn a09_a_connection_is_ready_when_it_is_listed_and_established_can_be_required() {
    let sandbox = sandbox();
    let client = client(&sandbox);
    done(&mut client.onboarding(spec(), options(json!({}))).unwrap()).await;
    // The sandbox establishes a connection by testing it: waiting for that before the test never ends.
    let mut flow = client
        .onboarding(
            spec_with(|spec| spec["connection"]["name"] = "other".into()),
            options(json!({"require_established": true})),
        )
        .unwrap();
    let error = failed(&mut flow).await;
    assert_eq!((error.code(), error.report().details["step"].as_str()), (Code::MaxWait, Some("await_connection")));
    assert_eq!(error.report().details["last_status"], "listed, not established");
}

#[tokio::test]
async fn s12_a_failed_test_is_seen_although_no_structure_sync_ever_appears() {
    let sandbox = sandbox();
    sandbox.outcome(json!({"connection_test": "Failed"})).unwrap();
    let client = client(&sandbox);
    let started = sandbox.clock().now();
    let error = failed(&mut client.onboarding(spec(), options(json!({}))).unwrap()).await;
    assert!(error.code() == Code::StepFailed && error.to_string().contains("connection test: Failed"), "{error}");
    assert!((sandbox.clock().now() - started).as_secs() < 60);
}

#[tokio::test]
async fn s12_where_tests_cannot_be_listed_the_wait_for_the_sync_is_limited() {
    let sandbox = sandbox();
    sandbox.outcome(json!({"connection_test": "Failed"})).unwrap();
    sandbox.fault(json!({"path": "*/job/type/27", "times": null, "status": 404})).unwrap();
    let client = client(&sandbox);
    let error = failed(&mut client.onboarding(spec(), options(json!({}))).unwrap()).await;
    assert_eq!((error.code(), error.report().details["step"].as_str()), (Code::MaxWait, Some("await_structure_sync")));
}

#[tokio::test]
async fn a11_a_job_that_ended_without_success_has_failed() {
    for (sync, fails) in [
        (json!({"name": "Aborted by operator", "id": 9}), true),
        (json!({"name": "Completed Successfully", "id": 77}), false),
        (json!({"name": "Terminado", "id": 4}), false),
    ] {
        let sandbox = sandbox();
        sandbox.outcome(json!({"structure_sync": sync})).unwrap();
        let client = client(&sandbox);
        let (_, end) = drive(&mut client.onboarding(spec(), options(json!({}))).unwrap()).await;
        assert_eq!(end.is_err_and(|error| error.code() == Code::StepFailed), fails, "{sync}");
    }
}

#[tokio::test]
async fn a03_dashboards_that_fail_end_the_flow() {
    let sandbox = sandbox();
    sandbox.outcome(json!({"autodash": "ERRORED"})).unwrap();
    let client = client(&sandbox);
    let error = failed(&mut client.onboarding(spec(), options(json!({}))).unwrap()).await;
    assert_eq!((error.code(), error.report().details["last_status"].as_str()), (Code::StepFailed, Some("ERRORED")));
}
