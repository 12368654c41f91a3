//! Jobs that fail, never end, or end without saying what they made; and things that were there before.

use crate::raw::*;
use serde_json::{Value, json};
use tenantry_sandbox::Sandbox;

fn signup_result(sandbox: &Sandbox) -> Value {
    let id = post(sandbox, "/v3/signups", &[], &signup_body()).expect(201)["id"].clone();
    sandbox.advance(1000).unwrap();
    get(sandbox, &format!("/v3/signups/{}", id.as_str().unwrap()), &[]).expect(200)
}

/// The jobs of a type after a connection test that had ten seconds.
fn jobs_after_test(sandbox: &Sandbox, kind: u64) -> Value {
    let token = login(sandbox);
    let store = json!({"name": "store", "host": "db.example.com"});
    let seeded = sandbox.seed(json!({"connections": [store]})).unwrap();
    let path = format!("/v2/client/{}/job", seeded["client_id"]);
    let connection = &seeded["connections"][0]["meta_id"];
    let body = format!("jobType=27&workload[connectionId]={connection}&workload[syncAndSample]=1");
    let form = "content-type: application/x-www-form-urlencoded";
    send(sandbox, "POST", &path, &[&cookies(&token), form], &body).expect(201);
    sandbox.advance(10_000).unwrap();
    get(sandbox, &format!("{path}/type/{kind}"), &[&cookies(&token)]).expect(200)
}

#[test]
fn a_signup_ends_in_the_word_it_was_given() {
    let sandbox = virtual_sandbox();
    for word in ["failed", "Paused for review"] {
        sandbox.outcome(json!({"signup": word})).unwrap();
        assert_eq!(signup_result(&sandbox), json!({"pubkey": null, "status": word, "client_id": null}));
    }
    sandbox.outcome(json!({"signup": null, "signup_client_id": null})).unwrap();
    let result = signup_result(&sandbox);
    assert_eq!((&result["status"], &result["client_id"]), (&json!("completed"), &Value::Null));
    sandbox.outcome(json!({"signup_client_id": true})).unwrap();
    assert!(signup_result(&sandbox)["client_id"].is_u64());
    assert_eq!(sandbox.state()["magento_bi"]["clients"].as_array().unwrap().len(), 2);
}

#[test]
fn a_failed_test_spawns_no_structure_sync() {
    let sandbox = virtual_sandbox();
    sandbox.outcome(json!({"connection_test": "failed"})).unwrap();
    let test = &jobs_after_test(&sandbox, 27)[0];
    assert_eq!(test["status"]["name"], "failed");
    assert!(test["end"].is_string());
    assert_eq!(jobs_after_test(&sandbox, 5), json!([]));
    assert_eq!(sandbox.state()["magento_bi"]["connections"][0]["established"], false);
}

#[test]
fn a_structure_sync_may_stay_in_an_unknown_status_for_ever() {
    let sandbox = virtual_sandbox();
    let status = json!({"name": "Digesting", "id": 9, "ended": false});
    sandbox.outcome(json!({"structure_sync": status})).unwrap();
    let job = &jobs_after_test(&sandbox, 5)[0];
    assert_eq!((&job["status"], &job["end"]), (&json!({"name": "Digesting", "id": 9}), &Value::Null));
    sandbox.outcome(json!({"structure_sync": null})).unwrap();
    assert_eq!(jobs_after_test(&sandbox, 5)[0]["status"]["id"], 4);
}

#[test]
fn a_seeded_job_is_older_than_a_new_one() {
    let sandbox = virtual_sandbox();
    let store = json!({"name": "store", "host": "db.example.com"});
    let stale = json!({"type": 5, "status": "Completed Successfully"});
    let seeded = sandbox.seed(json!({"client_id": 9, "connections": [store], "jobs": [stale]})).unwrap();
    let token = login(&sandbox);
    let jobs = || get(&sandbox, "/v2/client/9/job/type/5", &[&cookies(&token)]).expect(200);
    assert_eq!(jobs()[0]["id"], seeded["jobs"][0]);
    assert_eq!(jobs()[0]["status"], json!({"name": "Completed Successfully", "id": 4}));
    let body =
        format!("jobType=27&workload[connectionId]={}&workload[syncAndSample]=1", seeded["connections"][0]["id"]);
    let form = "content-type: application/x-www-form-urlencoded";
    send(&sandbox, "POST", "/v2/client/9/job", &[&cookies(&token), form], &body).expect(201);
    sandbox.advance(1000).unwrap();
    assert_eq!((jobs()[0]["status"]["name"].as_str(), &jobs()[1]["id"]), (Some("Queued"), &seeded["jobs"][0]));
    // A second seed adds to the client it names.
    sandbox.seed(json!({"client_id": 9, "connections": [store]})).unwrap();
    let listed = get(&sandbox, &connections_path(9), &[&bearer(&token)]).expect(200);
    assert_eq!(listed.as_array().unwrap().len(), 2);
}

#[test]
fn wrong_keys_are_named_and_change_nothing() {
    let sandbox = virtual_sandbox();
    for (path, body, named) in [
        ("outcome", json!({"sign_up": "failed"}), "sign_up"),
        ("outcome", json!({"signup": 7}), "signup"),
        ("outcome", json!({"structure_sync": {"nam": "x"}}), "structure_sync"),
        ("seed", json!({"clients": []}), "clients"),
        ("seed", json!({"connections": [{"name": "a"}]}), "host"),
        ("seed", json!({"jobs": [{"type": "5", "status": "x"}]}), "jobs[0].type"),
    ] {
        let reply = post(&sandbox, &format!("/_sandbox/magento_bi/{path}"), &[], &body).expect(400);
        assert!(reply["message"].as_str().unwrap().contains(named), "{reply}");
    }
    assert_eq!(sandbox.state()["magento_bi"]["clients"], json!([]));
    let seed = post(&sandbox, "/_sandbox/magento_bi/seed", &[], &json!({"client_id": 4})).expect(201);
    assert_eq!(seed, json!({"client_id": 4, "connections": [], "jobs": []}));
    post(&sandbox, "/_sandbox/magento_bi/outcome", &[], &json!({"signup": "failed"})).expect(201);
    assert_eq!(signup_result(&sandbox)["status"], "failed");
}
