//! What the buyer, the distributor and the platform do by the clock (contract, 1.7).

use crate::connect::*;
use serde_json::{Value, json};

#[test]
fn tiers_are_set_up_within_the_sandboxs_waiting_time() {
    for (end, asset_status) in [("pending", "processing"), ("failed", "terminated")] {
        let connect = start();
        assert_eq!(connect.cloudblue(json!({"tiers_setup": end})).unwrap()["tiers_setup"], end);
        let mut body = purchase("tiers");
        body["asset"]["product"]["id"] = "PRD-2".into();
        body["asset"]["items"] = json!([{"id": "PRD-2-0001", "quantity": 1}]);
        body["asset"]["params"] = json!([{"id": "domain", "value": "coco.example.com"}]);
        let made = connect.post("/requests", &body).expect(201);
        let request = id(&made);
        assert_eq!((&made["status"], &made["asset"]["status"]), (&json!("tiers_setup"), &json!("processing")));
        connect.advance(999).unwrap();
        assert_eq!(connect.request(&request)["status"], "tiers_setup");
        // Others look at it much later; it happened when it was due.
        connect.advance(5001).unwrap();
        let seen = connect.request(&request);
        assert_eq!((&seen["status"], &seen["asset"]["status"]), (&json!(end), &json!(asset_status)));
        assert_eq!(seen["updated"], "2026-01-01T00:00:01+00:00");
        let state = connect.kept();
        let request = state["requests"].as_array().unwrap().iter().find(|one| one["id"] == request.as_str()).unwrap();
        assert_eq!(
            request["transitions"],
            json!([
                {"from": null, "to": "tiers_setup", "at_ms": 0}, {"from": "tiers_setup", "to": end, "at_ms": 1000},
            ])
        );
        // What the seed has in this status stays there.
        assert_eq!(connect.list("/requests", "status=tiers_setup&limit=0").1, "items 0-0/2");
    }
}

fn inquire_about(connect: &Connect, external_id: &str, params: Value) -> String {
    let request = id(&connect.post("/requests", &purchase(external_id)).expect(201));
    connect.put(&format!("/requests/{request}"), &json!({"asset": {"params": params}})).expect(200);
    connect.act(&request, "inquire", &json!({"template_id": "TL-2"})).expect(200);
    request
}

#[test]
fn a_buyer_fills_in_what_was_complained_of_when_told_to() {
    let connect = start();
    let complaint = json!([{"id": "email", "value_error": "Not reachable"}, {"id": "subscription_id", "value": "S-1"}]);
    let request = inquire_about(&connect, "asks", complaint.clone());
    connect.advance(3_600_000).unwrap();
    let waiting = connect.request(&request);
    assert_eq!(
        (&waiting["status"], &param(&waiting, "email")["value_error"]),
        (&json!("inquiring"), &json!("Not reachable"))
    );
    assert!(waiting["params_form_url"].as_str().unwrap().contains(&request));

    assert_eq!(connect.cloudblue(json!({"buyer_ms": 60_000})).unwrap()["buyer_ms"], 60_000);
    let later = inquire_about(&connect, "asks-2", complaint);
    connect.advance(59_999).unwrap();
    assert_eq!(connect.request(&later)["status"], "inquiring");
    connect.advance(1).unwrap();
    for request in [&request, &later] {
        let answered = connect.request(request);
        assert_eq!((&answered["status"], &answered["answered"]), (&json!("pending"), &json!(true)));
        let email = param(&answered, "email");
        assert_eq!((&email["value"], &email["value_error"]), (&json!("buyer@example.com"), &json!("")));
        assert_eq!(param(&answered, "subscription_id")["value"], "S-1");
        assert_eq!(param(&answered, "company_name")["value"], "Coco Co.");
        assert_eq!(answered.get("params_form_url"), None);
    }
    assert_eq!(connect.transitions(&later), ["new>pending", "pending>inquiring", "inquiring>pending"]);
    // The vendor may be quicker.
    let quick = inquire_about(&connect, "asks-3", json!([]));
    connect.act(&quick, "pend", &json!({})).expect(200);
    connect.act(&quick, "approve", &json!({"template_id": "TL-1"})).expect(200);
    connect.advance(120_000).unwrap();
    assert_eq!(connect.request(&quick)["status"], "approved");
    connect.cloudblue(json!({"buyer_ms": null})).unwrap();
    let ignored = inquire_about(&connect, "asks-4", json!([]));
    connect.advance(10_000_000).unwrap();
    assert_eq!(connect.request(&ignored)["status"], "inquiring");
}

#[test]
fn a_scheduled_request_comes_back_at_its_date() {
    let connect = start();
    let request = id(&connect.post("/requests", &purchase("scheduled")).expect(201));
    let planned = json!({"planned_date": "2026-01-01T12:00:00+02:00"});
    let scheduled = connect.act(&request, "schedule", &planned).expect(200);
    assert_eq!(scheduled["planned_date"], planned["planned_date"]);
    assert!(!connect.ids("").contains(&request));
    connect.advance(10 * 3_600_000 - 1).unwrap();
    assert_eq!(connect.request(&request)["status"], "scheduled");
    connect.advance(1).unwrap();
    assert!(connect.ids("").contains(&request));
    assert_eq!(connect.request(&request)["updated"], "2026-01-01T10:00:00+00:00");
    // What was revoked in time does not.
    connect.act(&request, "schedule", &json!({"planned_date": "2026-01-02"})).expect(200);
    connect.act(&request, "revoke", &json!({"reason": "changed mind"})).expect(200);
    connect.advance(48 * 3_600_000).unwrap();
    assert_eq!(connect.request(&request)["status"], "revoking");
    assert_eq!(connect.act(&request, "confirm", &json!({})).expect(200)["reason"], "changed mind");
}

#[test]
fn a_draft_vanishes_with_its_asset() {
    let connect = start();
    connect.cloudblue(json!({"draft_ms": 5000})).unwrap();
    let mut body = purchase("draft");
    body["status"] = "draft".into();
    let draft = connect.post("/requests", &body).expect(201);
    assert_eq!((&draft["status"], &draft["asset"]["status"]), (&json!("draft"), &json!("draft")));
    let (request, asset) = (id(&draft), id(&draft["asset"]));
    connect.advance(4999).unwrap();
    assert_eq!(connect.request(&request)["status"], "draft");
    connect.advance(1).unwrap();
    let gone = connect.get(&format!("/requests/{request}")).expect(404);
    assert!(gone["errors"][0].as_str().unwrap().contains(&request), "{gone}");
    assert_eq!(connect.get(&format!("/assets/{asset}")).status, 404);
    assert_eq!(connect.act(&request, "purchase", &json!({})).status, 404);
    assert!(!connect.ids("ne(status,x)").contains(&request));
    assert!(!ids(&connect.list("/assets", "").0).contains(&asset));
    assert!(!connect.state().to_string().contains(&request));
    // One that was bought in time stays, and its external id is free again for another.
    let bought = id(&connect.post("/requests", &body).expect(201));
    assert_eq!(connect.act(&bought, "purchase", &json!({})).expect(200)["status"], "pending");
    connect.advance(60_000).unwrap();
    assert_eq!(connect.request(&bought)["asset"]["status"], "processing");
}

#[test]
fn behaviour_keys_are_checked_and_absent_ones_stay() {
    let connect = start();
    let usual = connect.cloudblue(json!({})).unwrap();
    assert_eq!(
        usual,
        json!({
            "pend_reply": "request", "update_reply": "request", "page_cap": 1000, "buyer_ms": null, "draft_ms": null,
            "tiers_setup": "pending", "inquiring_is_final": true,
        })
    );
    connect.cloudblue(json!({"buyer_ms": 5})).unwrap();
    assert_eq!(connect.cloudblue(json!({"page_cap": 3})).unwrap()["buyer_ms"], 5);
    for (wrong, key) in [
        (json!({"page_kap": 1}), "page_kap"),
        (json!({"page_cap": 0}), "page_cap"),
        (json!({"pend_reply": "maybe"}), "pend_reply"),
        (json!({"buyer_ms": -1}), "buyer_ms"),
        (json!({"tiers_setup": "draft"}), "tiers_setup"),
    ] {
        assert!(connect.cloudblue(wrong).unwrap_err().to_string().contains(key), "{key}");
    }
    assert_eq!(connect.kept()["behaviour"]["page_cap"], 3);
    connect.reset();
    assert_eq!(connect.cloudblue(json!({})).unwrap(), usual);
}
