//! The requests of the vendor's own example client of June 2018, as it was seen to send them.

use crate::raw::*;
use serde_json::{Value, json};
use tenantry_sandbox::Sandbox;

/// The client's only pause, between two polls.
const POLL_MS: u64 = 3000;

/// Polls like the client: at once, then every 3 s, until `done`; it may need one pause.
fn poll(sandbox: &Sandbox, path: &str, headers: &[&str], done: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..2 {
        let reply = get(sandbox, path, headers).expect(200);
        if done(&reply) {
            return reply;
        }
        sandbox.advance(POLL_MS).unwrap();
    }
    panic!("{path} took longer than one pause of {POLL_MS} ms")
}

#[test]
fn its_whole_sequence_completes_with_no_wait_above_three_seconds() {
    let sandbox = virtual_sandbox();
    let (api, dashboard) = ("host: api.localhost.test:5000", "host: dashboard.localhost.test:5000");
    let kind = "content-type: application/json";

    let mut login = login_body(&sandbox);
    login["clientId"] = 16.into();
    let token = post(&sandbox, "/v1/tokens", &[api], &login).expect(201);
    let bearer = bearer(token["access_token"].as_str().unwrap());
    let pair = format!("cookie: dashuid={}; DASHSESS2={}", token["user_id"], token["access_token"].as_str().unwrap());

    let signup = post(&sandbox, "/v3/signups", &[api], &signup_body()).expect(201);
    let path = format!("/v3/signups/{}", signup["id"].as_str().unwrap());
    // Its GETs carry a content type, though they have no body.
    let client = poll(&sandbox, &path, &[api, kind], |reply| reply["status"] == "completed")["client_id"].clone();

    let user = post(
        &sandbox,
        "/v3/invites",
        &[api, &bearer],
        &json!({
            "force_create": 1, "email": "customer@example.com", "client_id": client,
            "client_rights": {"admin": 1, "billing": 1, "readonly": 1, "technical": 1},
            "first_name": "tester", "last_name": "mctest",
        }),
    );
    let user = user.expect(201)["user_id"].clone();

    let connections = connections_path(client.as_u64().unwrap());
    post(&sandbox, &connections, &[api, &bearer], &connection_body()).expect(201);
    let path = format!("{connections}?include_deleted=false");
    let listed = poll(&sandbox, &path, &[api, &bearer, kind], |reply| reply != &json!([]));
    let connection = listed[0]["meta_id"].clone();

    let referer = format!(
        "referer: http://dashboard.localhost.test:5000/v2/client/{client}/dashapp/settings/connection/{connection}/"
    );
    let agent = "user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:60.0) Gecko/20100101 Firefox/60.0";
    let form = "content-type: application/x-www-form-urlencoded";
    let accept = "accept: application/json, text/plain, */*";
    let body = format!("jobType=27&workload%5BconnectionId%5D={connection}&workload%5BsyncAndSample%5D=1");
    let path = format!("/v2/client/{client}/job");
    let headers = [dashboard, &pair, &referer, agent, form, accept];
    assert_eq!(send(&sandbox, "POST", &path, &headers, &body).expect(201)["id"], Value::Null);
    poll(&sandbox, &format!("{path}/type/5"), &[dashboard, &pair, accept], |reply| {
        reply[0]["status"]["name"] == "Completed Successfully"
    });

    let cookie = format!("cookie: DASHSESS2={}", token["access_token"].as_str().unwrap());
    let path = format!("/v1/clients/{client}/autodash");
    let db = json!({"connection_id": connection, "database": "magento_store", "table_prefix": ""});
    let dashboards = json!({"connections": {"db": db}, "package": "magento1_rjql1", "user_id": user});
    let id = post(&sandbox, &path, &[api, &cookie], &dashboards).expect(201)["id"].clone();
    let path = format!("{path}/{}", id.as_str().unwrap());
    poll(&sandbox, &path, &[api, &cookie, kind], |reply| reply["status"] == "success");

    let state = &sandbox.state()["magento_bi"];
    assert_eq!((&state["autodash"][0]["user_id"], &state["invites"][0]["user_id"]), (&user, &user));
    assert_eq!(state["autodash"][0]["connection_meta_id"], connection);
    let journal = sandbox.journal();
    let posts = journal.as_array().unwrap().iter().filter(|entry| entry["method"] == "POST");
    assert!(posts.clone().all(|entry| entry["status"] == 201 && entry["committed"] == true));
    assert_eq!(posts.count(), 6);
}
