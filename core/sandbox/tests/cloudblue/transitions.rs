//! Both state machines (contract, 1.7): every verb from every status, and what becomes of the asset.

use crate::connect::*;
use serde_json::{Value, json};

const STATUSES: [&str; 9] =
    ["draft", "tiers_setup", "pending", "inquiring", "approved", "failed", "scheduled", "revoking", "revoked"];

/// From where a verb leads where.
type Ways = Vec<(&'static str, &'static str)>;

/// Verbs, each with a body that is right.
fn verbs() -> Vec<(&'static str, Value, Ways)> {
    let later = json!({"planned_date": "2026-03-01T00:00:00+00:00"});
    vec![
        ("approve", json!({"template_id": "TL-1"}), vec![("pending", "approved")]),
        ("fail", json!({"reason": "no"}), vec![("pending", "failed")]),
        ("inquire", json!({}), vec![("pending", "inquiring")]),
        ("pend", json!({}), vec![("inquiring", "pending")]),
        ("schedule", later, vec![("pending", "scheduled")]),
        ("revoke", json!({"reason": "no"}), vec![("scheduled", "revoking")]),
        ("confirm", json!({}), vec![("revoking", "revoked")]),
        ("purchase", json!({}), vec![("draft", "pending")]),
        ("submit", json!({}), vec![("draft", "pending"), ("inquiring", "pending")]),
    ]
}

#[test]
fn every_verb_works_from_its_statuses_and_is_refused_from_all_others() {
    let connect = start();
    for (verb, body, ways) in verbs() {
        for from in STATUSES {
            connect.reset();
            let request = id(&connect.one(from));
            let reply = connect.act(&request, verb, &body);
            let to = ways.iter().find(|(status, _)| *status == from).map(|(_, to)| *to);
            match to {
                Some(to) => {
                    let answered = reply.expect(200);
                    assert_eq!(
                        (&answered["status"], &answered["id"]),
                        (&json!(to), &json!(request)),
                        "{verb} from {from}"
                    );
                    assert_eq!(connect.request(&request)["status"], to, "{verb} from {from}");
                    assert_eq!(connect.transitions(&request), [format!("{from}>{to}")]);
                    for (status, found) in [(from, 0), (to, 1)] {
                        assert_eq!(
                            connect.ids(&format!("status={status}&id={request}")).len(),
                            found,
                            "{verb} {status}"
                        );
                    }
                }
                None => {
                    let error = reply.expect(400);
                    let text = error["errors"][0].as_str().unwrap();
                    assert!(text.contains(&format!("`{from}`")), "{verb} from {from}: {text}");
                    assert_eq!((&error["error_code"], text.matches('`').count()), (&json!("REQ_003"), 4), "{text}");
                    assert_eq!(connect.request(&request)["status"], from);
                    assert_eq!(connect.transitions(&request), [] as [&str; 0]);
                }
            }
        }
    }
}

#[test]
fn a_second_approval_is_refused_and_changes_nothing() {
    let connect = start();
    let request = id(&connect.one("pending"));
    connect.act(&request, "approve", &json!({"template_id": "TL-1"})).expect(200);
    let before = connect.request(&request);
    let error = connect.act(&request, "approve", &json!({"activation_tile": "other"})).expect(400);
    assert_eq!(error["errors"][0], "The request cannot go from status `approved` to status `approved`.");
    assert_eq!(connect.act(&request, "fail", &json!({"reason": "x"})).status, 400);
    assert_eq!(connect.request(&request), before);
    assert_eq!(connect.transitions(&request), ["pending>approved"]);
}

#[test]
fn old_servers_let_an_inquiring_request_be_approved_or_failed() {
    let connect = start();
    for (verb, body, to) in
        [("approve", json!({"template_id": "TL-1"}), "approved"), ("fail", json!({"reason": "no"}), "failed")]
    {
        connect.reset();
        connect.cloudblue(json!({"inquiring_is_final": false})).unwrap();
        let request = id(&connect.one("inquiring"));
        assert_eq!(connect.act(&request, verb, &body).expect(200)["status"], to);
    }
    connect.reset();
    let request = id(&connect.one("inquiring"));
    connect.act(&request, "approve", &json!({"template_id": "TL-1"})).expect(400);
}

/// The asset's status before, when the request has been made, and after it has been approved or failed.
#[test]
fn the_asset_follows_its_requests() {
    let connect = start();
    let approve = json!({"template_id": "TL-1"});
    for (kind, made, approved, failed) in [
        ("change", "active", "active", "active"),
        ("adjustment", "active", "active", "active"),
        ("renew", "active", "active", "active"),
        ("transfer", "active", "active", "active"),
        ("cancel", "terminating", "terminated", "active"),
        ("suspend", "active", "suspended", "active"),
    ] {
        for (verb, body, end) in [("approve", &approve, approved), ("fail", &json!({"reason": "no"}), failed)] {
            connect.reset();
            let bought = connect.post("/requests", &purchase("follows")).expect(201);
            let asset = id(&bought["asset"]);
            assert_eq!(connect.asset(&asset)["status"], "processing");
            connect.act(&id(&bought), "approve", &approve).expect(200);
            assert_eq!(connect.asset(&asset)["status"], "active");
            let mut body_of = json!({"type": kind, "asset": {"id": asset}});
            if kind == "change" {
                body_of["asset"]["items"] = json!([{"id": "PRD-1-0001", "quantity": 9}]);
            }
            let request = id(&connect.post("/requests", &body_of).expect(201));
            assert_eq!(connect.asset(&asset)["status"], made, "{kind}");
            connect.act(&request, verb, body).expect(200);
            assert_eq!(connect.asset(&asset)["status"], end, "{kind} {verb}");
            if kind == "suspend" && verb == "approve" {
                let resume =
                    id(&connect.post("/requests", &json!({"type": "resume", "asset": {"id": asset}})).expect(201));
                assert_eq!(connect.asset(&asset)["status"], "suspended");
                connect.act(&resume, "approve", &approve).expect(200);
                assert_eq!(connect.asset(&asset)["status"], "active");
            }
        }
    }
    let failed = connect.post("/requests", &purchase("fails")).expect(201);
    connect.act(&id(&failed), "fail", &json!({"reason": "no credit"})).expect(200);
    assert_eq!(connect.asset(&id(&failed["asset"]))["status"], "terminated");
    // A revoked purchase leaves nothing either.
    let revoking = connect.one("revoking");
    connect.act(&id(&revoking), "confirm", &json!({})).expect(200);
    assert_eq!(connect.asset(&id(&revoking["asset"]))["status"], "terminated");
}

#[test]
fn a_change_becomes_the_assets_quantities_when_it_is_approved_and_not_before() {
    let connect = start();
    let bought = connect.post("/requests", &purchase("quantities")).expect(201);
    assert_eq!(
        (&bought["asset"]["items"][0]["quantity"], &bought["asset"]["items"][0]["old_quantity"]),
        (&json!("5"), &json!("0"))
    );
    let asset = id(&bought["asset"]);
    connect.act(&id(&bought), "approve", &json!({"template_id": "TL-1"})).expect(200);
    let change = json!({"type": "change", "asset": {"id": asset, "items": [
        {"id": "PRD-1-0001", "quantity": 0}, {"mpn": "DRIVE-BACKUP", "quantity": "unlimited"},
    ]}});
    let changed = connect.post("/requests", &change).expect(201);
    let lines: Vec<_> = changed["asset"]["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (&line["quantity"], &line["old_quantity"]))
        .collect();
    assert_eq!(lines, [(&json!("0"), &json!("5")), (&json!("unlimited"), &json!("0"))]);
    assert_eq!(connect.asset(&asset)["items"].as_array().unwrap().len(), 1);
    assert_eq!(changed["previous_approved_request"], json!({"id": id(&bought)}));
    connect.act(&id(&changed), "approve", &json!({"activation_tile": "done"})).expect(200);
    assert_eq!(connect.asset(&asset)["items"][1]["quantity"], "unlimited");
}

#[test]
fn a_request_that_has_ended_keeps_the_parameters_that_it_ended_with() {
    let connect = start();
    let bought = connect.post("/requests", &purchase("keeps")).expect(201);
    connect.act(&id(&bought), "approve", &json!({"template_id": "TL-1"})).expect(200);
    let asset = id(&bought["asset"]);
    let renew = id(&connect.post("/requests", &json!({"type": "renew", "asset": {"id": asset}})).expect(201));
    let body = json!({"asset": {"params": [{"id": "email", "value": "new@example.com"}]}});
    connect.put(&format!("/requests/{renew}"), &body).expect(200);
    assert_eq!(param(&connect.asset(&asset), "email")["value"], "new@example.com");
    assert_eq!(param(&connect.request(&id(&bought)), "email")["value"], "coco@example.com");
    assert_eq!(connect.ids("asset.params.value=new@example.com&ne(status,x)"), [renew]);
}
