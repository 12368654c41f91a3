//! Every call of the contract's table: its status code, its reply, its refusals.

use crate::raw::*;
use serde_json::{Value, json};
use tenantry_sandbox::{Sandbox, Vocabulary};

fn keys(json: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

fn start_test(sandbox: &Sandbox, token: &str, client: u64, connection: &Value) -> Reply {
    let body = format!("jobType=27&workload%5BconnectionId%5D={connection}&workload%5BsyncAndSample%5D=1");
    let headers = [cookies(token), "content-type: application/x-www-form-urlencoded".to_owned()];
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    send(sandbox, "POST", &format!("/v2/client/{client}/job"), &headers, &body)
}

#[test]
fn a_token_has_the_contracts_fields_and_times_without_zone() {
    let sandbox = virtual_sandbox();
    let reply = post(&sandbox, "/v1/tokens", &[], &login_body(&sandbox)).expect(201);
    assert_eq!(
        keys(&reply),
        [
            "access_token",
            "client_id",
            "create_at",
            "expires_at",
            "expires_in",
            "grant_type",
            "id",
            "oauth_client_id",
            "refresh_token",
            "refreshed_at",
            "scope",
            "token_type",
            "user_id"
        ]
    );
    assert_eq!(reply["refreshed_at"], "2026-01-01 00:00:00");
    assert_eq!(reply["expires_at"], "2026-01-01 04:00:00");
    assert_eq!((&reply["expires_in"], &reply["user_id"]), (&json!(14_400), &json!(1)));
    assert_eq!((&reply["client_id"], &reply["refresh_token"]), (&Value::Null, &Value::Null));
}

#[test]
fn both_oauth_clients_are_admitted_and_wrong_credentials_are_not() {
    let sandbox = virtual_sandbox();
    for id in [16, 18] {
        let mut body = login_body(&sandbox);
        body["clientId"] = id.into();
        assert_eq!(post(&sandbox, "/v1/tokens", &[], &body).expect(201)["oauth_client_id"], id);
    }
    for (key, value) in
        [("password", json!("x")), ("username", json!("x")), ("clientSecret", json!("x")), ("clientId", json!(17))]
    {
        let mut body = login_body(&sandbox);
        body[key] = value;
        assert!(post(&sandbox, "/v1/tokens", &[], &body).expect(401)["message"].is_string(), "{key}");
        body.as_object_mut().unwrap().remove(key);
        let message = post(&sandbox, "/v1/tokens", &[], &body).expect(400)["message"].to_string();
        assert!(message.contains(key), "{message}");
    }
    assert_eq!(send(&sandbox, "POST", "/v1/tokens", &[], "{").expect(400), json!({"message": "the body is not JSON"}));
}

#[test]
fn a_signup_needs_no_token_and_tells_its_client_when_done() {
    let sandbox = virtual_sandbox();
    let made = send(&sandbox, "POST", "/v3/signups", &["host: api.localhost.test:5000"], &signup_body().to_string());
    assert!(made.body.contains(r"http:\/\/api.localhost.test:5000\/v3\/signups\/"), "{}", made.body);
    let id = made.expect(201)["id"].as_str().unwrap().to_owned();
    let path = format!("/v3/signups/{id}");
    let early = get(&sandbox, &path, &[]).expect(200);
    assert_eq!(early, json!({"pubkey": null, "status": "pending", "client_id": null}));
    sandbox.advance(999).unwrap();
    assert_eq!(get(&sandbox, &path, &[]).expect(200)["status"], "pending");
    sandbox.advance(1).unwrap();
    let done = get(&sandbox, &path, &[]).expect(200);
    assert_eq!(done["status"], "completed");
    assert!(done["client_id"].is_u64() && done["pubkey"].as_str().unwrap().starts_with("ssh-rsa AAAA"), "{done}");
    assert_eq!(get(&sandbox, "/v3/signups/nobody", &[]).status, 404);
}

#[test]
fn equal_posts_make_two_things() {
    let sandbox = virtual_sandbox();
    let ids: Vec<Value> =
        (0..2).map(|_| post(&sandbox, "/v3/signups", &[], &signup_body()).expect(201)["id"].clone()).collect();
    assert_ne!(ids[0], ids[1]);
    let (token, client) = (login(&sandbox), client(&sandbox));
    for _ in 0..2 {
        post(&sandbox, &connections_path(client), &[&bearer(&token)], &connection_body()).expect(201);
        let invite = json!({"email": "customer@example.com", "client_id": client});
        post(&sandbox, "/v3/invites", &[&bearer(&token)], &invite).expect(201);
    }
    let state = sandbox.state();
    for kind in ["signups", "connections", "invites"] {
        assert_eq!(state["magento_bi"][kind].as_array().unwrap().len(), 2, "{kind}");
    }
}

#[test]
fn an_invite_names_its_user_in_the_clients_vocabulary_only() {
    for (vocabulary, fields) in [
        (Vocabulary::Client, vec!["client_id", "email", "id", "inviter_user_id", "user_id"]),
        (Vocabulary::Document, vec!["client_id", "email", "id", "inviter_user_id"]),
    ] {
        let sandbox = start(vocabulary);
        let (token, client) = (login(&sandbox), client(&sandbox));
        let invite = json!({
            "force_create": 1, "email": "customer@example.com", "client_id": client, "first_name": "a", "last_name": "b",
            "client_rights": {"admin": 1, "billing": 1, "readonly": 1, "technical": 0},
        });
        let reply = post(&sandbox, "/v3/invites", &[&bearer(&token)], &invite).expect(201);
        assert_eq!(keys(&reply), fields);
        assert_ne!(reply.get("user_id"), Some(&reply["id"]));
        let elsewhere = json!({"email": "customer@example.com", "client_id": 999_999});
        assert_eq!(post(&sandbox, "/v3/invites", &[&bearer(&token)], &elsewhere).status, 404);
    }
}

#[test]
fn putting_a_client_merges_its_properties() {
    let sandbox = virtual_sandbox();
    let (token, client) = (login(&sandbox), client(&sandbox));
    let put = |body: Value| {
        let headers = [&*format!("cookie: DASHSESS2={token}"), "content-type: application/json"];
        send(&sandbox, "PUT", &format!("/v1/clients/{client}"), &headers, &body.to_string())
    };
    put(json!({"name": "Coco Co.", "properties": {"is_implemented": false, "week_start_day": "7"}})).expect(200);
    let reply = put(json!({"properties": {"week_start_day": null}})).expect(200);
    let properties = json!({"is_implemented": false, "week_start_day": null});
    assert_eq!(reply, json!({"id": client, "name": "Coco Co.", "properties": properties}));
    put(json!({"properties": []})).expect(400);
}

#[test]
fn a_connection_echoes_its_properties_and_is_listed_with_others() {
    let sandbox = virtual_sandbox();
    let (token, client) = (login(&sandbox), client(&sandbox));
    let path = connections_path(client);
    let body = connection_body();
    let made = post(&sandbox, &path, &[&bearer(&token)], &body).expect(201);
    assert_eq!(keys(&made), ["client_id", "display_name", "id", "meta_id", "name", "namespace", "properties", "type"]);
    assert_eq!(made["properties"], body["properties"]);
    assert_ne!(made["id"], made["meta_id"]);

    let listed = get(&sandbox, &format!("{path}?include_deleted=false"), &[&bearer(&token)]).expect(200);
    let [first] = listed.as_array().unwrap().as_slice() else { panic!("{listed}") };
    assert_eq!((&first["id"], &first["meta_id"]), (&made["id"], &made["meta_id"]));
    assert_eq!(first["created_at"], "2026-01-01 00:00:00.0");
    assert_eq!(first["integration_type"]["display_name"], "MySQL");
    assert_eq!(
        keys(&first["properties"]),
        [
            "blackout",
            "created",
            "desiredTZ",
            "encryption_type",
            "established",
            "frequency",
            "host",
            "noPhpPasswordEncryption",
            "port",
            "sourceTZ",
            "sslCa",
            "sslCert",
            "sslKey",
            "status",
            "useSSL",
            "username"
        ]
    );
    assert_eq!(first["properties"]["established"], Value::Null);

    for missing in ["name", "type", "properties"] {
        let mut body = connection_body();
        body.as_object_mut().unwrap().remove(missing);
        let message = post(&sandbox, &path, &[&bearer(&token)], &body).expect(400)["message"].to_string();
        assert!(message.contains(missing), "{message}");
    }
    assert_eq!(post(&sandbox, &connections_path(999_999), &[&bearer(&token)], &body).status, 404);
}

#[test]
fn deleted_connections_are_listed_on_request_only() {
    let sandbox = virtual_sandbox();
    let token = login(&sandbox);
    let store = json!({"name": "store", "host": "db.example.com"});
    let gone = json!({"name": "gone", "host": "db.example.com", "deleted": true});
    let seeded = sandbox.seed(json!({"connections": [store, store, gone]})).unwrap();
    let path = connections_path(seeded["client_id"].as_u64().unwrap());
    let count = |query: &str| {
        let listed = get(&sandbox, &format!("{path}{query}"), &[&bearer(&token)]).expect(200);
        listed.as_array().unwrap().len()
    };
    assert_eq!((count("?include_deleted=false"), count(""), count("?include_deleted=true")), (2, 2, 3));
}

#[test]
fn a_test_is_queued_runs_succeeds_and_spawns_a_structure_sync() {
    let sandbox = virtual_sandbox();
    let (token, client) = (login(&sandbox), client(&sandbox));
    let made = post(&sandbox, &connections_path(client), &[&bearer(&token)], &connection_body()).expect(201);
    let reply = start_test(&sandbox, &token, client, &made["meta_id"]).expect(201);
    let job = json!({
        "status": {"name": "Queued", "id": 1}, "end": null, "start": null,
        "type": {"name": "Connection Test", "id": 27}, "id": null,
    });
    assert_eq!(reply, job);
    let jobs =
        |kind: u64| get(&sandbox, &format!("/v2/client/{client}/job/type/{kind}"), &[&cookies(&token)]).expect(200);
    assert_eq!(jobs(27)[0]["status"], json!({"name": "Queued", "id": 1}));
    assert!(jobs(27)[0]["id"].is_u64());
    assert_eq!(jobs(5), json!([]));
    sandbox.advance(500).unwrap();
    assert_eq!(jobs(27)[0]["status"]["name"], "Running");
    sandbox.advance(500).unwrap();
    let done = json!({"name": "Completed Successfully", "id": 4});
    assert_eq!((&jobs(27)[0]["status"], &jobs(27)[0]["end"]), (&done, &json!("2026-01-01 00:00:01")));
    assert_eq!(jobs(5)[0]["status"]["name"], "Queued");
    assert_eq!(jobs(5)[0]["type"]["id"], 5);
    let listed = get(&sandbox, &connections_path(client), &[&bearer(&token)]).expect(200);
    assert_eq!(listed[0]["properties"]["established"], "2026-01-01 00:00:01");
    sandbox.advance(1000).unwrap();
    assert_eq!(jobs(5)[0]["status"], done);

    // Newest first; by the other id too; and no connection, no job.
    start_test(&sandbox, &token, client, &made["id"]).expect(201);
    assert_eq!(jobs(27)[0]["status"]["name"], "Queued");
    assert_eq!(jobs(27).as_array().unwrap().len(), 2);
    assert_eq!(start_test(&sandbox, &token, client, &json!(999)).status, 404);
    let wrong = "jobType=2&workload[connectionId]=5";
    let headers = [&*cookies(&token), "content-type: application/x-www-form-urlencoded"];
    send(&sandbox, "POST", &format!("/v2/client/{client}/job"), &headers, wrong).expect(400);
}

#[test]
fn dashboards_end_in_the_vocabularys_word() {
    for (vocabulary, word) in [(Vocabulary::Client, "success"), (Vocabulary::Document, "completed")] {
        let sandbox = start(vocabulary);
        let token = login(&sandbox);
        let store = json!({"name": "store", "host": "db.example.com"});
        let seeded = sandbox.seed(json!({"connections": [store]})).unwrap();
        let path = format!("/v1/clients/{}/autodash", seeded["client_id"]);
        let body = |connection: &Value| {
            let db = json!({"connection_id": connection, "database": "magento_store", "table_prefix": ""});
            json!({"connections": {"db": db}, "package": "magento1_rjql1"})
        };
        let cookie = format!("cookie: DASHSESS2={token}");
        // The vendor's client leaves `user_id` out when it does not know it.
        let made = post(&sandbox, &path, &[&cookie], &body(&seeded["connections"][0]["meta_id"])).expect(201);
        assert_eq!(keys(&made), ["id"]);
        let path_of_job = format!("{path}/{}", made["id"].as_str().unwrap());
        let status = |expected: &str| {
            let reply = get(&sandbox, &path_of_job, &[&cookie]).expect(200);
            assert_eq!(reply, json!({"status": expected, "job_id": made["id"]}));
        };
        status("pending");
        sandbox.advance(1000).unwrap();
        status(word);
        assert_eq!(post(&sandbox, &path, &[&cookie], &body(&json!(999))).status, 404);
        assert_eq!(get(&sandbox, &format!("{path}/nothing"), &[&cookie]).status, 404);
    }
}

#[test]
fn the_api_takes_either_carrier_and_the_dashboard_the_pair_of_cookies() {
    let sandbox = virtual_sandbox();
    let (token, client) = (login(&sandbox), client(&sandbox));
    let list = |header: &str| get(&sandbox, &connections_path(client), &[header]).status;
    assert_eq!(list(&bearer(&token)), 200);
    assert_eq!(list(&format!("cookie: DASHSESS2={token}")), 200);
    assert_eq!(list("accept: */*"), 401);
    assert_eq!(list("authorization: Bearer wrong"), 401);
    assert_eq!(list(&format!("authorization: Basic {token}")), 401);

    let jobs = |header: &str| get(&sandbox, &format!("/v2/client/{client}/job/type/5"), &[header]).status;
    assert_eq!(jobs(&cookies(&token)), 200);
    assert_eq!(jobs(&bearer(&token)), 401);
    assert_eq!(jobs(&format!("cookie: DASHSESS2={token}")), 401);
    assert_eq!(jobs(&format!("cookie: dashuid=2; DASHSESS2={token}")), 401);
    assert_eq!(jobs("cookie: dashuid=1; DASHSESS2=wrong"), 401);
}

#[test]
fn tokens_expire_by_the_clock_and_by_hand() {
    let sandbox = virtual_sandbox();
    let (token, client) = (login(&sandbox), client(&sandbox));
    let list = |token: &str| get(&sandbox, &connections_path(client), &[&bearer(token)]).status;
    sandbox.advance(14_399_999).unwrap();
    assert_eq!(list(&token), 200);
    sandbox.advance(1).unwrap();
    assert_eq!(list(&token), 401);
    let token = login(&sandbox);
    assert_eq!(list(&token), 200);
    assert_eq!(post(&sandbox, "/_sandbox/magento_bi/expire_tokens", &[], &json!({})).status, 201);
    assert_eq!(list(&token), 401);
}

#[test]
fn unknown_paths_and_methods_get_json() {
    let sandbox = virtual_sandbox();
    for path in ["/", "/v1/clients", "/v3/signups/", "/v3/signups/a/b", "/v1/v2/clients//connections/input-connections"]
    {
        assert!(get(&sandbox, path, &[]).expect(404)["message"].is_string(), "{path}");
    }
    assert!(send(&sandbox, "DELETE", "/v1/tokens", &[], "").expect(405)["message"].is_string());
}
