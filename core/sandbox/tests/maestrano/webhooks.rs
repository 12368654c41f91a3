//! The calls that Maestrano makes to the app (contract, 1c).

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::mpsc;

use crate::marketplace::*;
use serde_json::{Value, json};

/// A request as the app gets it: first line, headers in lower case, body.
#[derive(Debug)]
struct Call {
    line: String,
    headers: Vec<String>,
    body: String,
}

/// An app that answers every call with `reply`, and tells of them.
fn app(reply: &'static str) -> (String, mpsc::Receiver<Call>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, calls) = mpsc::channel();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut reader = BufReader::new(socket.unwrap());
            let mut lines = (&mut reader).lines().map(Result::unwrap).take_while(|line| !line.is_empty());
            let line = lines.next().unwrap();
            let headers: Vec<String> = lines.collect();
            let length = headers.iter().find_map(|header| header.strip_prefix("content-length: ")).unwrap_or("0");
            let mut body = vec![0; length.parse().unwrap()];
            reader.read_exact(&mut body).unwrap();
            let _ = tell.send(Call { line, headers, body: String::from_utf8(body).unwrap() });
            reader.get_mut().write_all(reply.as_bytes()).unwrap();
        }
    });
    (url, calls)
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 16\r\nconnection: close\r\n\r\n{\"success\":true}";

#[test]
fn a_groups_end_is_told_with_the_apps_own_credentials_and_becomes_so() {
    let maestrano = start();
    let (url, calls) = app(OK);
    maestrano.maestrano(json!({"app_host": url})).unwrap();
    let replies = maestrano.webhook(json!({"type": "group_deleted", "marketplace": "some-telco"})).unwrap();
    assert_eq!(replies, json!([{"status": 200, "body": {"success": true}}]));
    let call = calls.recv().unwrap();
    assert_eq!(call.line, "DELETE /maestrano/account/groups/cld-4/some-telco HTTP/1.1");
    assert!(call.headers.contains(&maestrano.auth(1)) && call.headers.contains(&"accept: application/json".to_owned()));
    assert_eq!(call.body, "");

    let group = maestrano.kept("some-telco", "groups")[0].take();
    assert_eq!((&group["status"], &group["updated_at"]), (&json!("terminated"), &json!("2026-01-01T00:00:00Z")));
    assert_eq!(maestrano.kept("maestrano", "groups")[0]["status"], "running");
    let reply = maestrano.send_as(1, "POST", "/api/v1/account/bills", &bill()).expect(400);
    assert_eq!(reply["errors"], json!({"group_id": ["does not exist or cannot be charged by your service"]}));
    let recurring = &maestrano.kept("some-telco", "recurring_bills")[0];
    assert_eq!(recurring["status"], "cancelled");
}

#[test]
fn a_user_who_leaves_a_group_is_told_by_both_ids() {
    let maestrano = start();
    let (url, calls) = app(OK);
    let order = json!({"type": "group_user_removed", "group_id": "cld-5", "user_id": "usr-1.cld-5", "to": url});
    maestrano.webhook(order).unwrap();
    let call = calls.recv().unwrap();
    assert_eq!(call.line, "DELETE /maestrano/account/groups/cld-5/users/usr-1.cld-5/maestrano HTTP/1.1");
    assert_eq!(maestrano.ids("users?group_id=cld-5"), [""; 0]);
    assert_eq!(maestrano.ids("users?group_id=cld-4"), ["usr-1", "usr-2"]);
}

#[test]
fn notifications_and_synchronizations_carry_their_bodies() {
    let maestrano = start();
    let (url, calls) = app(OK);
    let entities = json!({"people": [{"id": "1", "group_id": "cld-4"}, {"id": "2", "group_id": "cld-5"}]});
    for (order, line, body) in [
        (
            json!({"type": "connec_notification", "entities": entities}),
            "POST /maestrano/connec/notifications/maestrano HTTP/1.1",
            entities.clone(),
        ),
        (
            json!({"type": "synchronization_start", "marketplace": "some-telco", "opts": {"full": true}}),
            "POST /maestrano/some-telco/synchronizations HTTP/1.1",
            json!({"group_id": "cld-4", "opts": {"full": true}}),
        ),
        (
            json!({"type": "synchronization_toggle", "marketplace": "some-telco"}),
            "PUT /maestrano/some-telco/synchronizations/toggle_sync HTTP/1.1",
            json!({"group_id": "cld-4"}),
        ),
    ] {
        let mut order = order;
        order["to"] = url.as_str().into();
        maestrano.webhook(order).unwrap();
        let call = calls.recv().unwrap();
        assert_eq!(call.line, line);
        assert!(call.headers.contains(&"content-type: application/json".to_owned()));
        assert_eq!(serde_json::from_str::<Value>(&call.body).unwrap(), body);
    }
    maestrano.webhook(json!({"type": "synchronization_status", "marketplace": "some-telco", "to": url})).unwrap();
    assert_eq!(calls.recv().unwrap().line, "GET /maestrano/some-telco/synchronizations/cld-4 HTTP/1.1");

    // Without entities, the group's first organizations, with ids as the marketplace has them.
    maestrano.webhook(json!({"type": "connec_notification", "marketplace": "some-telco", "to": url})).unwrap();
    let body: Value = serde_json::from_str(&calls.recv().unwrap().body).unwrap();
    assert_eq!(body["organizations"][1]["group_id"], "cld-4");
    assert_eq!(body["organizations"][1]["id"][0]["provider"], "connec");
}

#[test]
fn a_forged_call_has_wrong_credentials_and_no_effect_and_a_duplicate_is_the_same_again() {
    let maestrano = start();
    let (url, calls) = app("HTTP/1.1 401 Unauthorized\r\ncontent-length: 4\r\nconnection: close\r\n\r\nno!\n");
    let order = json!({"type": "group_deleted", "credentials": false, "times": 3, "to": url});
    let replies = raw::post(&maestrano, "/_sandbox/maestrano/webhooks", &[], &order).expect(201);
    assert_eq!(
        replies,
        json!([{"status": 401, "body": "no!\n"}, {"status": 401, "body": "no!\n"}, {"status": 401, "body": "no!\n"}])
    );
    let [first, second, third] = [0; 3].map(|_| calls.recv().unwrap());
    assert!(first.headers.iter().any(|header| header.starts_with("authorization: Basic ")));
    assert!(!first.headers.contains(&maestrano.auth(0)));
    assert_eq!((&first.headers, &first.line), (&second.headers, &third.line));
    assert_eq!(maestrano.get("groups/cld-4")["status"], "running");
}

#[test]
fn only_this_machine_is_called_and_wrong_orders_are_refused_by_name() {
    let maestrano = start();
    for (order, key) in [
        (json!({"type": "group_deleted", "to": "http://example.com"}), "to"),
        (json!({"type": "group_deleted", "to": "http://127.0.0.1.example.com:80"}), "to"),
        (json!({"type": "group_deleted", "to": "https://127.0.0.1"}), "to"),
        (json!({"type": "group_deleted", "to": "http://169.254.169.254/"}), "to"),
        (json!({"type": "group_deleted", "group_id": "../x"}), "group_id"),
        (json!({"type": "group_deleted", "marketplace": "nobody"}), "marketplace"),
        (json!({"type": "group_born"}), "type"),
        (json!({}), "type"),
        (json!({"type": "synchronization_start"}), "synchronization_start_path"),
        (json!({"type": "group_deleted", "when": 1}), "when"),
    ] {
        let error = maestrano.webhook(order.clone()).unwrap_err().to_string();
        assert!(error.contains(key), "{error}");
        assert_eq!(raw::post(&maestrano, "/_sandbox/maestrano/webhooks", &[], &order).status, 400);
    }
    // A port that nobody listens on.
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let order = json!({"type": "connec_notification", "to": format!("http://{free}")});
    assert!(maestrano.webhook(order.clone()).unwrap_err().to_string().contains("does not answer"));
    assert_eq!(raw::post(&maestrano, "/_sandbox/maestrano/webhooks", &[], &order).status, 502);
    assert_eq!(maestrano.get("groups/cld-4")["status"], "running");
}
