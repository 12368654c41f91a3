//! Faults around transitions, late commits, and what the journal keeps.

use crate::connect::*;
use serde_json::{Value, json};

fn approve_bytes(connect: &Connect, request: &str) -> Vec<u8> {
    let headers = [format!("authorization: {}", connect.key), "content-type: application/json".to_owned()];
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    bytes("POST", &format!("/public/v1/requests/{request}/approve"), &headers, r#"{"template_id": "TL-1"}"#)
}

#[test]
fn a_reply_that_is_cut_before_is_of_an_approval_that_never_happened() {
    let connect = start();
    for (when, status, transitions) in [("before", "pending", 0), ("after", "approved", 1)] {
        let request = id(&connect.one("pending"));
        let before = connect.request(&request);
        connect.fault(json!({"operation": "cloudblue.requests.approve", "when": when, "cut_at": 2000})).unwrap();
        let (got, _) = try_raw(address(&connect), &approve_bytes(&connect, &request));
        let text = String::from_utf8(got).unwrap();
        // It is the reply of an approval in both cases.
        assert!(text.contains(r#""status":"approved""#) && text.len() == 2000, "{text}");
        let after = connect.request(&request);
        assert_eq!(after["status"], status, "{when}");
        assert_eq!(connect.transitions(&request).len(), transitions);
        if when == "before" {
            assert_eq!(after, before, "no trace of it");
            assert_eq!(connect.asset(&id(&before["asset"]))["status"], "processing");
        }
    }
}

#[test]
fn every_operation_can_be_named_in_a_fault() {
    let connect = start();
    let names = "requests.list requests.create requests.get requests.update requests.approve requests.fail \
        requests.inquire requests.pend requests.schedule requests.revoke requests.confirm requests.purchase \
        requests.submit requests.validate \
        requests.assign requests.unassign requests.render assets.list assets.get assets.requests assets.render \
        assets.usage_aggregates templates.list conversations.list conversations.get conversations.messages \
        conversations.post_message";
    let (request, asset) = (connect.one("pending"), connect.one("approved"));
    let conversation = id(&request).replace("PR-", "CO-");
    for name in names.split_whitespace() {
        let (resource, verb) = name.split_once('.').unwrap();
        let (method, path) = match (resource, verb) {
            (_, "list") if resource == "templates" => ("GET", "/products/PRD-1/templates".to_owned()),
            (_, "list") => ("GET", format!("/{resource}")),
            ("requests", "create") => ("POST", "/requests".to_owned()),
            ("requests", "get") => ("GET", format!("/requests/{}", id(&request))),
            ("requests", "update") => ("PUT", format!("/requests/{}", id(&request))),
            ("requests", "render") => ("GET", format!("/requests/{}/render", id(&request))),
            ("requests", verb) => ("POST", format!("/requests/{}/{verb}", id(&request))),
            ("assets", "get") => ("GET", format!("/assets/{}", id(&asset["asset"]))),
            ("assets", "usage_aggregates") => ("GET", format!("/assets/{}/usage/aggregates", id(&asset["asset"]))),
            ("assets", verb) => ("GET", format!("/assets/{}/{verb}", id(&asset["asset"]))),
            ("conversations", "get") => ("GET", format!("/conversations/{conversation}")),
            ("conversations", "post_message") => ("POST", format!("/conversations/{conversation}/messages")),
            (_, verb) => ("GET", format!("/conversations/{conversation}/{verb}")),
        };
        connect
            .fault(json!({"operation": format!("cloudblue.{name}"), "status": 503, "headers": {"retry-after": "7"}}))
            .unwrap();
        let reply = connect.send(method, &path, "");
        assert_eq!((reply.status, reply.head.contains("retry-after: 7")), (503, true), "{name} {method} {path}");
        let journal = connect.journal();
        assert_eq!(journal.as_array().unwrap().last().unwrap()["operation"], format!("cloudblue.{name}"));
    }
    assert!(connect.fault(json!({"operation": "cloudblue.requests.delete", "status": 500})).is_err());
}

#[test]
fn what_is_committed_late_looks_older_until_then() {
    let connect = start();
    let late = |operation: &str| connect.fault(json!({"operation": operation, "commit_delay_ms": 5000})).unwrap();
    late("cloudblue.requests.approve");
    let request = connect.one("pending");
    let made = id(&request);
    assert_eq!(connect.act(&made, "approve", &json!({"template_id": "TL-1"})).expect(200)["status"], "approved");
    assert_eq!(connect.request(&made), request);
    let asset = id(&request["asset"]);
    assert_eq!(connect.asset(&asset)["status"], "processing");
    assert_eq!(connect.list("/assets", &format!("status=processing&id={asset}")).0.len(), 1);
    assert_eq!(connect.ids("")[0], made);
    assert_eq!(connect.ids(&format!("status=approved&id={made}")), [] as [&str; 0]);
    // To act on it again shows what it is.
    assert_eq!(connect.act(&made, "approve", &json!({"template_id": "TL-1"})).status, 400);
    connect.advance(4999).unwrap();
    assert_eq!(connect.request(&made)["status"], "pending");
    connect.advance(1).unwrap();
    assert_eq!(connect.request(&made)["status"], "approved");
    assert_eq!(connect.ids(&format!("status=approved&id={made}")), [made.as_str()]);
    assert!(!connect.ids("").contains(&made));

    late("cloudblue.requests.create");
    let total = connect.list("/requests", "limit=0").1;
    let created = connect.post("/requests", &purchase("late")).expect(201);
    assert_eq!(connect.get(&format!("/requests/{}", id(&created))).status, 404);
    assert_eq!(connect.get(&format!("/assets/{}", id(&created["asset"]))).status, 404);
    assert_eq!(connect.list("/requests", "limit=0").1, total);
    connect.advance(5000).unwrap();
    assert_eq!(connect.request(&id(&created)), created);
    assert_ne!(connect.list("/requests", "limit=0").1, total);

    late("cloudblue.requests.update");
    let other = id(&connect.one("pending"));
    let body = json!({"note": "late"});
    assert_eq!(connect.put(&format!("/requests/{other}"), &body).expect(200)["note"], "late");
    assert_eq!(connect.request(&other)["note"], "");
    connect.advance(5000).unwrap();
    assert_eq!(connect.request(&other)["note"], "late");
}

#[test]
fn two_who_approve_the_same_request_end_it_once() {
    let connect = start();
    let request = id(&connect.one("pending"));
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let act = || connect.act(&request, "approve", &json!({"template_id": "TL-1"})).status;
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(act)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(connect.transitions(&request), ["pending>approved"]);
}

#[test]
fn the_journal_keeps_queries_as_written_and_no_secret() {
    let connect = start();
    let (request, canary) = (id(&connect.one("pending")), secret());
    connect.get("/requests?eq(status,pending)&like(asset.external_id,%22*a%20b*%22)&limit=1").expect(200);
    let body = json!({"asset": {"params": [
        {"id": "admin_password", "value": canary}, {"id": "email", "value": "kept@example.com"},
    ]}});
    let shown = connect.put(&format!("/requests/{request}"), &body).expect(200);
    assert_eq!(param(&shown, "admin_password")["value"], canary.as_str(), "it is only the journal that hides it");
    connect
        .post("/requests", &json!({"asset": {"params": [{"id": "pin", "type": "password", "value": canary}]}}))
        .expect(400);
    let journal = connect.journal();
    let [_, list, put, ..] = journal.as_array().unwrap().as_slice() else { panic!("{journal}") };
    assert_eq!(list["query"], json!({"rql": "eq(status,pending)&like(asset.external_id,\"*a b*\")&limit=1"}));
    assert_eq!((&list["operation"], &list["headers"]["auth"]), (&json!("cloudblue.requests.list"), &json!("apikey")));
    let params = &put["body"]["asset"]["params"];
    assert_eq!(
        params,
        &json!([{"id": "admin_password", "value": "***"}, {"id": "email", "value": "kept@example.com"}])
    );
    assert_eq!((&put["committed"], &put["query"]), (&Value::Bool(true), &json!({})));
    let kept = format!("{journal}{}{:?}", connect.state(), connect.sandbox);
    let key = connect.key.split(':').nth(1).unwrap();
    assert!(!kept.contains(&canary) && !kept.contains(key));
}
