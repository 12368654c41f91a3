//! Every call of the contract's table (1.2): its status code, its reply, its refusals.

use crate::connect::*;
use serde_json::{Value, json};

fn pending(connect: &Connect) -> String {
    id(&connect.one("pending"))
}

fn error(reply: &Reply, status: u16) -> String {
    let error = reply.expect(status);
    assert!(error["error_code"].is_string(), "{error}");
    error["errors"][0].as_str().unwrap().to_owned()
}

#[test]
fn approve_takes_exactly_one_of_template_and_tile() {
    let connect = start();
    let request = pending(&connect);
    for body in [
        json!({}),
        json!({"template_id": null}),
        json!({"template_id": "TL-1", "activation_tile": "x"}),
        json!({"template_id": "TL-99"}),
        json!({"template_id": "TL-2"}),
        json!({"template_id": "TL-5"}),
        json!({"template_id": 1}),
        json!({"activation_tile": ""}),
        json!({"activation_tile": 1}),
        json!({"template_id": "TL-1", "effective_date": "soon"}),
        json!({"template_id": "TL-1", "asset": {"billing": {"next_date": 5}}}),
    ] {
        error(&connect.act(&request, "approve", &body), 400);
    }
    assert_eq!(connect.request(&request)["status"], "pending");
    let body = json!({
        "template_id": "TL-1", "effective_date": "2026-02-01T00:00:00+00:00",
        "asset": {"billing": {"next_date": "2026-03-01"}},
    });
    let approved = connect.act(&request, "approve", &body).expect(200);
    let external_id = match &approved["asset"]["external_id"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    assert_eq!((&approved["template"]["id"], &approved["template"]["name"]), (&json!("TL-1"), &json!("Ready to use")));
    let message = approved["template"]["message"].as_str().unwrap();
    assert!(message.contains(&external_id) && message.contains("Coco Drive") && !message.contains('{'), "{message}");
    assert_eq!((&approved["activation_key"], &approved["effective_date"]), (&json!(message), &body["effective_date"]));
    assert_eq!(approved["asset"]["billing"]["next_date"], "2026-03-01");
    assert_eq!(connect.asset(&id(&approved["asset"]))["template"], json!({"id": "TL-1", "name": "Ready to use"}));

    // Old clients write the path with a slash at its end.
    let other = pending(&connect);
    let tile = connect.post(&format!("/requests/{other}/approve/"), &json!({"activation_tile": "# *Raw*"})).expect(200);
    assert_eq!((&tile["activation_key"], &tile["template"]), (&json!("# *Raw*"), &Value::Null));
}

#[test]
fn fail_needs_a_reason() {
    let connect = start();
    let request = pending(&connect);
    for body in [json!({}), json!({"reason": ""}), json!({"reason": "  "}), json!({"reason": 1}), json!([])] {
        error(&connect.act(&request, "fail", &body), 400);
    }
    let failed = connect.act(&request, "fail", &json!({"reason": "no credit"})).expect(200);
    assert_eq!((&failed["status"], &failed["reason"]), (&json!("failed"), &json!("no credit")));
}

#[test]
fn inquire_takes_a_template_a_tile_or_nothing() {
    let connect = start();
    for (body, message) in [
        (json!({}), Value::Null),
        (json!({"template_id": "TL-2"}), json!("We need more of you")),
        (json!({"activation_tile": "please"}), Value::Null),
    ] {
        let request = pending(&connect);
        let inquiring = connect.act(&request, "inquire", &body).expect(200);
        assert_eq!((&inquiring["status"], &inquiring["answered"]), (&json!("inquiring"), &json!(false)));
        assert_eq!(inquiring["template"].get("name").unwrap_or(&Value::Null), &message);
        assert!(inquiring["params_form_url"].is_string());
    }
    let request = pending(&connect);
    // The vendor's Python client sends nothing for `{}`.
    connect.send("POST", &format!("/requests/{request}/inquire"), "").expect(200);
    let request = pending(&connect);
    error(&connect.act(&request, "inquire", &json!({"template_id": "TL-1"})), 400);
    error(&connect.act(&request, "inquire", &json!({"template_id": "TL-2", "activation_tile": "x"})), 400);
}

#[test]
fn pend_answers_the_request_or_nothing() {
    let connect = start();
    let inquiring = |connect: &Connect| {
        let request = pending(connect);
        connect.act(&request, "inquire", &json!({})).expect(200);
        request
    };
    let request = inquiring(&connect);
    assert_eq!(connect.send("POST", &format!("/requests/{request}/pend"), "").expect(200)["status"], "pending");
    connect.cloudblue(json!({"pend_reply": "empty"})).unwrap();
    let request = inquiring(&connect);
    let reply = connect.act(&request, "pend", &json!({}));
    assert_eq!((reply.status, reply.body.as_str()), (204, ""));
    assert!(!reply.head.contains("content-type"), "{}", reply.head);
    assert_eq!(connect.request(&request)["status"], "pending");
    connect.cloudblue(json!({"pend_reply": "request"})).unwrap();

    // With the code of its form it is the buyer who answers.
    let request = inquiring(&connect);
    let url = connect.request(&request)["params_form_url"].as_str().unwrap().to_owned();
    let code = url.split("code=").nth(1).unwrap();
    let path = |code: &str| format!("/requests/{request}/pend?code={code}");
    let body = json!({"asset": {"params": [{"id": "email", "value": "me@example.com"}]}});
    error(&connect.post(&path("wrong"), &body), 400);
    error(&connect.post(&path(code), &json!({})), 400);
    let answered = connect.post(&path(code), &body).expect(200);
    assert_eq!((&answered["status"], &answered["answered"]), (&json!("pending"), &json!(true)));
    assert_eq!(param(&answered, "email")["value"], "me@example.com");
}

#[test]
fn put_lays_parameters_over_those_that_are_there() {
    let connect = start();
    let request = pending(&connect);
    let path = format!("/requests/{request}");
    let before = connect.request(&request);
    let body = json!({"note": "seen", "asset": {"params": [
        {"id": "subscription_id", "value": "S-1"},
        {"id": "email", "value_error": "taken", "structured_error": {"message": {"id": "E1"}}},
        {"id": "office", "structured_value": {"city": "Oslo"}},
        {"id": "migration_info", "structured_value": [1, 2]},
        {"id": "company_name", "value": null, "title": "ignored"},
    ]}});
    connect.advance(5000).unwrap();
    let after = connect.put(&path, &body).expect(200);
    assert_eq!((&after["note"], &after["updated"]), (&json!("seen"), &json!("2026-01-01T00:00:05+00:00")));
    assert_eq!(param(&after, "subscription_id")["value"], "S-1");
    let email = param(&after, "email");
    assert_eq!((&email["value_error"], &email["structured_error"]["message"]["id"]), (&json!("taken"), &json!("E1")));
    assert_eq!(email["value"], param(&before, "email")["value"]);
    assert_eq!(param(&after, "office")["structured_value"], json!({"city": "Oslo"}));
    assert_eq!(param(&after, "migration_info")["structured_value"], json!([1, 2]));
    assert_eq!(
        (&param(&after, "company_name")["value"], &param(&after, "company_name")["title"]),
        (&Value::Null, &json!("Company name"))
    );
    assert_eq!(param(&after, "domain"), param(&before, "domain"));
    assert_eq!(connect.request(&request), after);

    for wrong in [
        json!({"asset": {"params": [{"id": "domain", "value": "kept.example.com"}, {"id": "nothing", "value": "1"}]}}),
        json!({"asset": {"params": [{"value": "1"}]}}),
        json!({"asset": {"params": [{"id": "email", "value": 5}]}}),
        json!({"asset": {"params": [{"id": "office", "structured_value": "x"}]}}),
        json!({"asset": {"params": {}}}),
        json!({"asset": []}),
        json!({"note": 1}),
        json!([]),
    ] {
        error(&connect.put(&path, &wrong), 400);
    }
    assert_eq!(connect.request(&request), after, "a refused update changes nothing");
    connect.cloudblue(json!({"update_reply": "list"})).unwrap();
    let listed = connect.put(&path, &json!({"asset": {"params": [{"id": "email", "value_error": ""}]}})).expect(200);
    assert_eq!((listed.as_array().unwrap().len(), &param(&listed[0], "email")["value_error"]), (1, &json!("")));
    let text = error(&connect.put(&format!("/requests/{}", id(&connect.one("approved"))), &body), 400);
    assert!(text.contains("`approved`"), "{text}");
}

#[test]
fn a_purchase_is_created_with_all_that_was_sent() {
    let connect = start();
    let mut body = purchase("created-1");
    body["asset"]["external_name"] = "Mine".into();
    body["note"] = "please".into();
    let made = connect.post("/requests", &body).expect(201);
    assert_eq!(
        (&made["type"], &made["status"], &made["note"]),
        (&json!("purchase"), &json!("pending"), &json!("please"))
    );
    assert_eq!(made["created"], "2026-01-01T00:00:00+00:00");
    let asset = &made["asset"];
    assert_eq!(
        (&asset["status"], &asset["external_id"], &asset["external_name"]),
        (&json!("processing"), &json!("created-1"), &json!("Mine"))
    );
    assert_eq!((&asset["connection"]["type"], &asset["marketplace"]["id"]), (&json!("test"), &json!("MP-00001")));
    assert_eq!((&asset["tiers"]["customer"]["name"], &asset["tiers"]["tier2"]), (&json!("Coco Co."), &json!({})));
    assert!(asset["tiers"]["tier1"]["id"].as_str().unwrap().starts_with("TA-"));
    assert_eq!(param(&made, "email")["value"], "coco@example.com");
    assert_eq!(connect.request(&id(&made)), made);
    // Without a required parameter the platform asks for it by itself.
    let mut lacking = purchase("created-2");
    lacking["asset"]["params"] = json!([]);
    assert_eq!(connect.post("/requests", &lacking).expect(201)["status"], "inquiring");
    // Suspension needs a capability.
    let bought = connect.list("/assets", "status=active&product.id=PRD-2&limit=1").0.remove(0);
    let failed = connect.post("/requests", &json!({"type": "suspend", "asset": {"id": id(&bought)}})).expect(201);
    assert_eq!(failed["status"], "failed");
    assert!(failed["reason"].as_str().unwrap().contains("Administrative Hold"));
}

#[test]
fn what_is_missing_or_unknown_in_a_new_request_is_named() {
    let connect = start();
    let with = |path: &str, value: Value| {
        let mut body = purchase("wrong");
        *body.pointer_mut(path).unwrap() = value;
        body
    };
    for (body, about) in [
        (json!({}), "Field 'type' is required."),
        (json!({"type": "gift", "asset": {}}), "\"gift\" is not a valid choice."),
        (json!({"type": "purchase"}), "Field 'asset' is required."),
        (with("/marketplace", Value::Null), "Field 'marketplace.id' is required."),
        (with("/marketplace/id", json!("MP-9")), "MP-9"),
        (with("/asset/product", json!({})), "Field 'asset.product.id' is required."),
        (with("/asset/product/id", json!("PRD-9")), "PRD-9"),
        (with("/asset/connection/id", json!("CT-9")), "CT-9"),
        (with("/asset/items", json!([])), "Field 'asset.items' is required."),
        (with("/asset/items", json!([{"id": "X-1", "quantity": 1}])), "X-1"),
        (with("/asset/items", json!([{"id": "PRD-1-0001", "quantity": "many"}])), "quantity"),
        (with("/asset/items", json!([{"id": "PRD-1-0001"}])), "quantity"),
        (with("/asset/params", json!([{"id": "nothing", "value": "1"}])), "nothing"),
        (with("/asset/tiers", json!({})), "Field 'asset.tiers.customer' is required."),
        (with("/asset/external_id", json!({})), "asset.external_id"),
        (json!({"type": "change", "asset": {}}), "Field 'asset.id' is required."),
        (json!({"type": "change", "asset": {"id": "AS-0"}}), "does not exist"),
    ] {
        let text = error(&connect.post("/requests", &body), 400);
        assert!(text.contains(about), "{text} / {about}");
    }
    assert_eq!(connect.send("POST", "/requests", "{").expect(400)["error_code"], "VAL_001");
    let of_status =
        |status: &str| id(&connect.list("/assets", &format!("status={status}&product.id=PRD-1&limit=1")).0[0]);
    for (kind, status, text) in [
        ("change", "suspended", "Request type change is not allowed when asset state is suspended"),
        ("resume", "active", "Request type resume is not allowed when asset state is active"),
        ("cancel", "terminated", "Request type cancel is not allowed when asset state is terminated"),
    ] {
        let body =
            json!({"type": kind, "asset": {"id": of_status(status), "items": [{"id": "PRD-1-0001", "quantity": 1}]}});
        assert_eq!(error(&connect.post("/requests", &body), 400), text);
    }
    let asset = connect.asset(&of_status("active"));
    let same: Vec<Value> =
        asset["items"].as_array().unwrap().iter().filter(|item| item["quantity"] != "").cloned().collect();
    let body = json!({"type": "change", "asset": {"id": id(&asset), "items": same}});
    assert_eq!(error(&connect.post("/requests", &body), 400), "asset.items: Item quantities are not changed.");
    let mut draft = purchase("no-drafts");
    draft["status"] = "draft".into();
    draft["asset"]["product"]["id"] = "PRD-2".into();
    draft["asset"]["items"] = json!([{"id": "PRD-2-0001", "quantity": 1}]);
    draft["asset"]["params"] = json!([]);
    assert!(error(&connect.post("/requests", &draft), 400).contains("dynamic validation"));
}

#[test]
fn a_duplicate_is_a_conflict_that_tells_of_the_first() {
    let connect = start();
    let first = connect.post("/requests", &purchase("twice")).expect(201);
    let told = |reply: Reply| {
        let conflict = reply.expect(409);
        assert!(conflict["error_code"].is_string() && conflict["errors"][0].is_string(), "{conflict}");
        conflict["params"].clone()
    };
    let params = told(connect.post("/requests", &purchase("twice")));
    assert_eq!(
        params,
        json!({
            "request_status": "pending", "asset_status": "processing", "request_id": first["id"], "id": first["id"],
            "asset_id": first["asset"]["id"], "template": null, "params_form_url": null, "fail_message": "",
        })
    );
    connect.act(&id(&first), "approve", &json!({"template_id": "TL-1"})).expect(200);
    let params = told(connect.post("/requests", &purchase("twice")));
    assert_eq!((&params["request_status"], &params["template"]["id"]), (&json!("approved"), &json!("TL-1")));
    let cancel = json!({"type": "cancel", "asset": {"external_id": "twice"}});
    let cancelling = connect.post("/requests", &cancel).expect(201);
    assert_eq!(told(connect.post("/requests", &cancel))["request_id"], cancelling["id"]);
    connect.act(&id(&cancelling), "approve", &json!({"template_id": "TL-1"})).expect(200);
    // What is terminated may be bought again.
    assert_ne!(connect.post("/requests", &purchase("twice")).expect(201)["asset"]["id"], first["asset"]["id"]);
}

#[test]
fn drafts_are_validated_submitted_and_bought() {
    let connect = start();
    let draft = |external_id: &str, params: Value| {
        let mut body = purchase(external_id);
        body["status"] = "draft".into();
        body["asset"]["params"] = params;
        id(&connect.post("/requests", &body).expect(201))
    };
    let complete = json!([{"id": "company_name", "value": "Coco"}]);
    let lacking = draft("draft-1", json!([]));
    let form = json!({"asset": {"params": [
        {"id": "email", "value": "nowhere"}, {"id": "website", "value": "https://a.example.com"},
    ]}});
    let checked = connect.act(&lacking, "validate", &form).expect(200);
    assert_eq!(param(&checked, "company_name")["value_error"], "This field is required.");
    assert_eq!(param(&checked, "email")["value_error"], "This value is not valid.");
    assert_eq!(param(&checked, "website")["value_error"], "");
    assert_eq!(param(&connect.request(&lacking), "email")["value"], "", "nothing of it is kept");
    assert_eq!(connect.act(&lacking, "purchase", &json!({})).expect(200)["status"], "inquiring");
    assert_eq!(connect.act(&lacking, "submit", &json!({})).expect(200)["status"], "pending");
    assert_eq!(
        connect.send("POST", &format!("/requests/{}/submit", draft("draft-2", complete)), "").expect(200)["status"],
        "pending"
    );
    assert!(error(&connect.act(&lacking, "validate", &form), 400).contains("`pending`"));
}

#[test]
fn assign_takes_an_id_or_an_email() {
    let connect = start();
    let request = pending(&connect);
    let assigned = connect.act(&request, "assign", &json!({"email": "vera@example.com"})).expect(200);
    assert_eq!(assigned["assignee"]["email"], "vera@example.com");
    assert_eq!(
        connect.act(&request, "assign", &json!({"id": "UR-000-000-009"})).expect(200)["assignee"]["id"],
        "UR-000-000-009"
    );
    for body in
        [json!({}), json!({"id": "UR-1", "email": "a@b.c"}), json!({"id": "nobody"}), json!({"email": "nobody"})]
    {
        error(&connect.act(&request, "assign", &body), 400);
    }
    assert_eq!(connect.send("POST", &format!("/requests/{request}/unassign"), "").expect(200)["assignee"], "");
}

#[test]
fn texts_are_rendered_as_markdown() {
    let connect = start();
    let approved = connect.one("approved");
    for path in [format!("/requests/{}/render", id(&approved)), format!("/assets/{}/render", id(&approved["asset"]))] {
        let reply = connect.get(&path);
        assert_eq!(reply.status, 200);
        assert!(reply.head.contains("content-type: text/markdown"), "{}", reply.head);
        assert!(reply.body.starts_with("# Coco Drive is ready"), "{}", reply.body);
    }
    assert!(connect.get(&format!("/requests/{}/render", pending(&connect))).body.contains("pending"));
}

#[test]
fn an_asset_shows_its_requests_and_its_usage() {
    let connect = start();
    let change = connect.list("/requests", "type=change&asset.status=processing").0.remove(0);
    let asset = id(&change["asset"]);
    let (requests, range) = connect.list(&format!("/assets/{asset}/requests"), "");
    assert_eq!(range, "items 0-1/2");
    let kinds: Vec<_> = requests.iter().map(|request| request["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["purchase", "change"]);
    let mut keys: Vec<&String> = requests[0].as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, ["assignee", "events", "id", "status", "type"]);
    assert_eq!(connect.list(&format!("/assets/{asset}/requests"), "limit=1&offset=1").1, "items 1-1/2");

    let usage = format!("/assets/{asset}/usage/aggregates");
    let (rows, range) = connect.list(&usage, "");
    assert_eq!(
        (range.as_str(), &rows[0]["item"]["id"], &rows[0]["item"]["type"]),
        ("items 0-0/1", &json!("PRD-1-0003"), &json!("PPU"))
    );
    assert_eq!(rows[0]["asset"]["id"], asset.as_str());
    for query in [
        &format!("asset.id={asset}"),
        "item.local_id=DRIVE-TRAFFIC",
        "item.type=PPU",
        "search=traffic",
        "like(item.id,PRD-1*)",
    ] {
        assert_eq!(connect.list(&usage, query).0, rows, "{query}");
    }
    assert_eq!(connect.list(&usage, "item.type=Reservation").1, "items 0-0/0");
    error(&connect.get(&format!("{usage}?amount=1")), 400);
}

#[test]
fn templates_are_found_by_scope_and_type() {
    let connect = start();
    let path = "/products/PRD-1/templates";
    let found = |query: &str| ids(&connect.list(path, query).0);
    assert_eq!(found(""), ["TL-1", "TL-2", "TL-3", "TL-4"]);
    assert_eq!(found("scope=asset&type=fulfillment"), ["TL-1"]);
    assert_eq!(found("type=inquire"), ["TL-2"]);
    assert_eq!(found("in(scope,(tier1,tier2))"), ["TL-4"]);
    assert_eq!(found("type=null()"), ["TL-4"]);
    assert_eq!(connect.list(path, "limit=1&offset=1").1, "items 1-1/4");
    assert_eq!(connect.list("/products/PRD-2/templates", "limit=0").1, "items 0-0/4");
    error(&connect.get("/products/PRD-9/templates"), 404);
    error(&connect.get(&format!("{path}?name=x")), 400);
}

#[test]
fn each_request_has_a_conversation_in_which_the_platform_speaks() {
    let connect = start();
    let request = pending(&connect);
    let (conversations, range) = connect.list("/conversations", &format!("instance_id={request}"));
    assert_eq!((range.as_str(), &conversations[0]["instance_id"]), ("items 0-0/1", &json!(request)));
    let conversation = id(&conversations[0]);
    assert_eq!(connect.get(&format!("/conversations/{conversation}")).expect(200), conversations[0]);
    let path = format!("/conversations/{conversation}/messages");
    assert_eq!(connect.list(&path, "").1, "items 0-0/0");

    let posted = connect.post(&path, &json!({"text": "hello"})).expect(201);
    assert_eq!(
        (&posted["type"], &posted["text"], &posted["conversation"]),
        (&json!("message"), &json!("hello"), &json!(conversation))
    );
    assert_eq!(connect.post(&path, &json!({"text": "psst", "type": "private"})).expect(201)["type"], "private");
    for body in [json!({}), json!({"text": ""}), json!({"text": "x", "type": "shout"})] {
        error(&connect.post(&path, &body), 400);
    }
    connect.act(&request, "inquire", &json!({})).expect(200);
    connect.act(&request, "pend", &json!({})).expect(200);
    connect.act(&request, "approve", &json!({"template_id": "TL-1"})).expect(200);
    let types: Vec<Value> = connect.list(&path, "").0.iter().map(|message| message["type"].clone()).collect();
    assert_eq!(types, ["message", "private", "state_change", "state_change"]);
    assert_eq!(connect.list(&path, "type=private").0.len(), 1);
    assert_eq!(connect.list(&path, "search=ELL&ordering(-created)").0[0]["text"], "hello");
    let kept = connect.kept();
    assert_eq!(kept["conversations"][0]["messages"].as_array().unwrap().len(), 4);
    error(&connect.get("/conversations/CO-0/messages"), 404);
    error(&connect.get("/conversations/CO-0"), 404);
    error(&connect.get("/conversations?topic=x"), 400);
    assert_eq!(
        connect.list("/conversations", "limit=0").1,
        format!("items 0-0/{}", kept["requests"].as_array().unwrap().len())
    );
}

#[test]
fn only_the_key_opens_and_errors_have_the_vendors_shape() {
    let mut connect = start();
    let request = pending(&connect);
    let right = connect.key.clone();
    assert!(right.starts_with("ApiKey SU-000-000-000:"), "{right}");
    for wrong in ["ApiKey SU-000-000-000:no", "Bearer x", "", &right[7..], &format!("{right}0")] {
        connect.key = wrong.to_owned();
        let refused = connect.get(&format!("/requests/{request}"));
        assert_eq!(
            (error(&refused, 401), &refused.json()["error_code"]),
            ("API request is unauthorized.".to_owned(), &json!("AUTH_001"))
        );
        assert_eq!(connect.act(&request, "approve", &json!({"template_id": "TL-1"})).status, 401);
    }
    connect.key = right;
    assert_eq!(connect.request(&request)["status"], "pending");
    assert_ne!(start().key, connect.key);
    for (method, path, status) in [
        ("GET", "/requests/PR-0", 404),
        ("POST", "/requests/PR-0/approve", 404),
        ("GET", "/assets/AS-0", 404),
        ("GET", "/nothing", 404),
        ("DELETE", "/requests", 405),
        ("GET", "/requests/", 404),
    ] {
        error(&connect.send(method, path, ""), status);
    }
}
