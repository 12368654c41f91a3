//! What the sandbox remembers of requests, and what it must not.

use crate::raw::*;
use serde_json::{Value, json};

#[test]
fn every_request_is_journalled_in_order_with_its_shape() {
    let sandbox = virtual_sandbox();
    let (token, client) = (login(&sandbox), client(&sandbox));
    sandbox.advance(7).unwrap();
    let fault = json!({"operation": "magento_bi.connections.list", "status": 500, "latency_ms": 3});
    sandbox.fault(fault).unwrap();
    let path = connections_path(client);
    let headers = [&*bearer(&token), "accept: application/json", "x-request-id: r-1", "x-other: no"];
    get(&sandbox, &format!("{path}?include_deleted=false"), &headers).expect(500);
    send(&sandbox, "POST", "/nowhere", &["content-type: text/plain"], "not json").expect(404);
    let journal = sandbox.journal();
    let [login, list, unknown] = journal.as_array().unwrap().as_slice() else { panic!("{journal}") };
    assert_eq!((&login["seq"], &login["operation"]), (&json!(1), &json!("magento_bi.tokens.create")));
    assert_eq!((&login["status"], &login["committed"], &login["fault"]), (&json!(201), &json!(true), &Value::Null));
    assert_eq!(
        *list,
        json!({
            "seq": 2, "at_ms": 7, "operation": "magento_bi.connections.list", "method": "GET", "path": path,
            "query": {"include_deleted": "false"}, "body": null, "status": 500, "committed": false,
            "headers": {"accept": "application/json", "x-request-id": "r-1", "auth": "bearer"},
            "fault": "before: status, latency_ms",
        })
    );
    assert_eq!((&unknown["operation"], &unknown["status"]), (&Value::Null, &json!(404)));
    assert_eq!((&unknown["body"], &unknown["at_ms"]), (&json!({"bytes": 8}), &json!(10)));
}

#[test]
fn no_secret_of_any_request_is_kept_and_emptiness_is() {
    let sandbox = virtual_sandbox();
    let line = sandbox.line();
    let (token, client) = (login(&sandbox), client(&sandbox));
    let mut connection = connection_body();
    connection["properties"]["encryption_groupSecret"] = secret().into();
    let reply = post(&sandbox, &connections_path(client), &[&cookies(&token)], &connection).expect(201);
    assert_eq!(reply["properties"], connection["properties"], "properties are echoed");
    assert!(!reply.to_string().contains(connection["credentials"]["password"].as_str().unwrap()));
    let form = "content-type: application/x-www-form-urlencoded";
    let (in_form, in_query) = (secret(), secret());
    send(&sandbox, "POST", &format!("/x?apikey={in_query}"), &[form], &format!("password={in_form}&jobType=27"));
    sandbox.fault(json!({"operation": "*", "body": secret()})).unwrap();

    let kept = format!("{}{}{sandbox:?}", sandbox.journal(), sandbox.state());
    for secret in [
        line["magento_bi"]["password"].as_str().unwrap(),
        line["magento_bi"]["client_secret"].as_str().unwrap(),
        &token,
        connection["credentials"]["password"].as_str().unwrap(),
        connection["properties"]["encryption_groupSecret"].as_str().unwrap(),
        &in_form,
        &in_query,
    ] {
        assert!(!kept.contains(secret), "{secret} in {kept}");
    }
    let journal = sandbox.journal();
    assert_eq!(journal[0]["body"]["password"], "***");
    assert_eq!(journal[1]["body"]["credentials"], json!({"encryption_password": null, "password": "***"}));
    assert_eq!(journal[1]["headers"]["auth"], "dashuid+cookie");
    assert_eq!(journal[2]["body"], json!({"password": "***", "jobType": "27"}));
    assert_eq!(sandbox.state()["magento_bi"]["connections"][0]["has_password"], true);
}

#[test]
fn a_body_that_breaks_off_is_journalled_and_not_carried_out() {
    use std::io::Write as _;
    let sandbox = virtual_sandbox();
    let whole = bytes("POST", "/v3/signups", &[], &signup_body().to_string());
    let mut socket = std::net::TcpStream::connect(address(&sandbox)).unwrap();
    socket.write_all(&whole[..whole.len() - 1]).unwrap();
    socket.shutdown(std::net::Shutdown::Write).unwrap();
    // The server has let go of it when the connection ends.
    std::io::copy(&mut socket, &mut std::io::sink()).unwrap();
    let journal = sandbox.journal();
    let bytes = signup_body().to_string().len() - 1;
    assert_eq!((&journal[0]["body"], &journal[0]["status"]), (&json!({"bytes": bytes}), &Value::Null));
    assert_eq!(journal[0]["committed"], false);
    assert_eq!(sandbox.state()["magento_bi"]["signups"], json!([]));
}

#[test]
fn a_reset_empties_everything_but_the_credentials() {
    let sandbox = virtual_sandbox();
    let line = sandbox.line();
    let token = login(&sandbox);
    post(&sandbox, "/v3/signups", &[], &signup_body()).expect(201);
    sandbox.outcome(json!({"signup": "failed"})).unwrap();
    sandbox.fault(json!({"operation": "*", "status": 500, "times": null})).unwrap();
    sandbox.reset();
    assert_eq!(sandbox.journal(), json!([]));
    assert_eq!(sandbox.state()["magento_bi"]["signups"], json!([]));
    assert_eq!(sandbox.line(), line);
    let id = client(&sandbox);
    assert_eq!(get(&sandbox, &connections_path(id), &[&bearer(&token)]).status, 401);
    assert_eq!(sandbox.journal()[0]["seq"], 1);
    let made = post(&sandbox, "/v3/signups", &[], &signup_body()).expect(201);
    sandbox.advance(1000).unwrap();
    let path = format!("/v3/signups/{}", made["id"].as_str().unwrap());
    assert_eq!(get(&sandbox, &path, &[]).expect(200)["status"], "completed");
}
