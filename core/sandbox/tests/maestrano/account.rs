//! The account API: routes, envelope, refusals, filters (contract, 1b).

use crate::marketplace::*;
use serde_json::{Value, json};
use tenantry_sandbox::{ClockKind, SandboxOptions};

#[test]
fn groups_and_users_are_shown_as_the_vendor_shows_them() {
    let maestrano = start();
    let group = maestrano.get("groups/cld-4");
    assert_eq!((&group["object"], &group["created_at"]), (&json!("account_group"), &json!("2014-05-21T04:04:53Z")));
    assert_eq!((&group["has_credit_card"], &group["timezone"]), (&json!(true), &json!("America/Los_Angeles")));
    assert_eq!(maestrano.ids("groups"), ["cld-4", "cld-5", "cld-6"]);
    assert_eq!(maestrano.get("groups/cld-5")["free_trial_end_at"], "0000-01-01T00:00:00Z");
    assert_eq!(maestrano.get("groups/cld-5")["created_at"], "2016-08-01T15:30:20.070Z");
    let bare: Vec<String> = maestrano.get("groups/cld-6").as_object().unwrap().keys().cloned().collect();
    assert_eq!(bare, ["created_at", "id", "object", "status", "updated_at"]);

    let user = maestrano.get("users/usr-2");
    assert_eq!((&user["object"], &user["country"]), (&json!("account_user"), &json!("AU")));
    assert_eq!(user["sso_session"].as_str().unwrap().len(), 36);
    assert_ne!(user["sso_session"], start().get("users/usr-2")["sso_session"]);
    assert_eq!(maestrano.ids("users?group_id=cld-4"), ["usr-1", "usr-2"]);
    assert_eq!(maestrano.ids("users?group_id=cld-404"), [""; 0]);
}

#[test]
fn a_ping_and_the_resellers_answer() {
    let maestrano = start();
    let ping = maestrano.send("GET", "/api/v1/ping", &Value::Null).expect(200);
    assert!(ping["data"]["msg"].is_string(), "{ping}");
    assert_eq!(maestrano.ids("resellers"), ["rsl-1"]);
    assert_eq!(maestrano.get("resellers/rsl-1")["object"], "account_reseller");
    assert_eq!(maestrano.ids("resellers/rsl-1/groups"), ["cld-4"]);
}

#[test]
fn an_unknown_id_is_a_200_without_success_and_for_delete_a_400() {
    let maestrano = start();
    for kind in ["groups", "users", "bills", "recurring_bills", "resellers"] {
        let errors = maestrano.errors(200, "GET", &format!("{kind}/nobody"), &Value::Null);
        assert_eq!(errors, json!({"id": ["does not exist"]}), "{kind}");
    }
    for kind in ["bills", "recurring_bills"] {
        let errors = maestrano.errors(400, "DELETE", &format!("{kind}/nobody"), &Value::Null);
        assert_eq!(errors, json!({"id": ["does not exist"]}), "{kind}");
    }
    assert!(maestrano.errors(404, "GET", "invoices", &Value::Null)["request"].is_array());
    assert!(maestrano.errors(405, "PUT", "bills/bill-501", &bill())["request"].is_array());
}

#[test]
fn only_the_apps_own_credentials_pass() {
    let maestrano = start();
    let api = &maestrano.entries[0]["api"];
    let (id, key) = (api["id"].as_str().unwrap(), api["key"].as_str().unwrap());
    let other = maestrano.entries[1]["api"]["key"].as_str().unwrap();
    let wrong = [basic(id, "wrong"), basic("wrong", key), basic(id, other), format!("authorization: Bearer {key}")];
    for headers in [vec![], vec![wrong[0].as_str()], vec![&wrong[1]], vec![&wrong[2]], vec![&wrong[3]]] {
        let reply = raw::get(&maestrano, "/api/v1/account/groups", &headers).expect(401);
        assert_eq!(reply, json!({"success": false, "errors": {"authentication": ["Invalid API token"]}, "data": {}}));
    }
}

#[test]
fn a_bill_is_made_and_shown_as_the_vendor_does() {
    let maestrano = start();
    let mut order = bill();
    order.as_object_mut().unwrap().remove("currency");
    let made = maestrano.data("POST", "bills", &order);
    let expected = json!({
        "object": "account_bill", "id": "bill-520", "group_id": "cld-4", "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z", "price_cents": 2000, "status": "submitted", "currency": "AUD",
        "units": null, "description": "Product purchase", "period_started_at": null, "period_ended_at": null,
    });
    assert_eq!(made, expected);
    assert_eq!(maestrano.get("bills/bill-520"), expected);
    let full = with(
        bill(),
        &json!({
            "units": "1.50", "period_started_at": "2026-01-01T10:00:00+10:00", "period_ended_at": "2026-01-31",
            "third_party": true,
        }),
    );
    let made = maestrano.data("POST", "bills", &full);
    assert_eq!((&made["units"], &made["currency"]), (&json!(1.5), &json!("USD")));
    assert_eq!(maestrano.kept("maestrano", "bills")[4]["units"], "1.50", "the state holds no floats");
    assert_eq!((&made["period_started_at"], &made["third_party"]), (&json!("2026-01-01T00:00:00Z"), &json!(true)));
}

#[test]
fn a_form_does_what_json_does() {
    let maestrano = start();
    let auth = maestrano.auth(0);
    let headers = [auth.as_str(), "content-type: application/x-www-form-urlencoded"];
    let form = "group_id=cld-4&price_cents=2000&description=Product+purchase&units=2.0&currency=USD";
    let made = raw::send(&maestrano, "POST", "/api/v1/account/bills", &headers, form).expect(200);
    assert_eq!((&made["data"]["price_cents"], &made["data"]["units"]), (&json!(2000), &json!(2.0)));
    let form = "group_id=cld-4&price_cents=2990&description=Licence&period=MONTH&start_date=2026-01-02T00%3A00%3A00Z";
    let made = raw::send(&maestrano, "POST", "/api/v1/account/recurring_bills", &headers, form).expect(200);
    assert_eq!(
        (&made["data"]["period"], &made["data"]["start_date"]),
        (&json!("month"), &json!("2026-01-02T00:00:00Z"))
    );
}

#[test]
fn equal_posts_make_two_bills_and_marketplaces_share_none() {
    let maestrano = start();
    let ids =
        [maestrano.data("POST", "bills", &bill()), maestrano.data("POST", "bills", &bill())].map(|made| id(&made));
    assert_ne!(ids[0], ids[1]);
    assert_eq!(maestrano.kept("maestrano", "bills").len(), 5);
    assert_eq!(maestrano.kept("some-telco", "bills").len(), 3);
    let other = maestrano.send_as(1, "POST", "/api/v1/account/bills", &bill()).expect(200);
    assert_eq!(other["data"]["id"], "bill-520", "numbers are not shared either");
    assert_eq!(
        maestrano.send_as(1, "GET", &format!("/api/v1/account/bills/{}", ids[1]), &Value::Null).expect(200)["success"],
        false
    );
}

#[test]
fn every_wrong_field_of_a_bill_is_named_at_once() {
    let maestrano = start();
    assert_eq!(
        maestrano.errors(400, "POST", "bills", &json!({})),
        json!({
            "group_id": ["does not exist or cannot be charged by your service"],
            "price_cents": ["can't be blank", "is not a number"], "description": ["can't be blank"],
        })
    );
    let wrong = json!({
        "group_id": "cld-404", "price_cents": 0, "description": " ", "currency": "usd", "units": -1,
        "period_started_at": "yesterday", "period_ended_at": "2026-02-30",
    });
    let errors = maestrano.errors(400, "POST", "bills", &wrong);
    let fields: Vec<&String> = errors.as_object().unwrap().keys().collect();
    assert_eq!(
        fields,
        ["currency", "description", "group_id", "period_ended_at", "period_started_at", "price_cents", "units"]
    );
    assert_eq!(errors["currency"], json!(["is not included in the list"]));
    for (price, text) in
        [(json!(20.5), "must be an integer"), (json!("dear"), "is not a number"), (json!(-5), "must be greater than 0")]
    {
        let errors = maestrano.errors(400, "POST", "bills", &with(bill(), &json!({"price_cents": price})));
        assert_eq!(errors, json!({"price_cents": [text]}));
    }
    assert_eq!(maestrano.kept("maestrano", "bills").len(), 3, "nothing was made");
    let auth = maestrano.auth(0);
    let headers = [auth.as_str(), "content-type: application/json"];
    let reply = raw::send(&maestrano, "POST", "/api/v1/account/bills", &headers, "{").expect(400);
    assert_eq!((&reply["success"], &reply["data"]), (&json!(false), &json!({})));
}

#[test]
fn a_recurring_bill_is_made_and_shown_as_the_vendor_does() {
    let maestrano = start();
    let made = maestrano.data(
        "POST",
        "recurring_bills",
        &with(recurring_bill(), &json!({"start_date": "2026-08-27T23:22:37Z"})),
    );
    assert_eq!(
        made,
        json!({
            "object": "account_recurring_bill", "id": "rbill-520", "group_id": "cld-4",
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z", "price_cents": 2990,
            "status": "submitted", "currency": "AUD", "description": "User licence",
            "start_date": "2026-08-27T23:22:37Z", "period": "month", "frequency": 1, "cycles": null, "initial_cents": 0,
            "last_execution_at": null, "next_execution_at": "2026-08-27T23:22:37Z", "remaining_cycles": null,
        })
    );
    let initial = with(recurring_bill(), &json!({"initial_cents": 500, "start_date": "2026-02-01"}));
    maestrano.data("POST", "recurring_bills", &initial);
    let bills = maestrano.get("bills?description=Initial:%20User%20licence");
    assert_eq!((&bills[0]["price_cents"], &bills[0]["status"]), (&json!(500), &json!("submitted")));
}

#[test]
fn what_a_recurring_bill_may_not_be() {
    let maestrano = start();
    for (change, errors) in [
        (json!({"period": "decade"}), json!({"period": ["is not included in the list"]})),
        (
            json!({"period": "semimonth", "frequency": 2}),
            json!({"frequency": ["must be equal to 1 with a period of SemiMonth"]}),
        ),
        (json!({"frequency": 13}), json!({"frequency": ["multiplied by the period cannot exceed one year"]})),
        (
            json!({"period": "week", "frequency": 53}),
            json!({"frequency": ["multiplied by the period cannot exceed one year"]}),
        ),
        (
            json!({"frequency": 0, "cycles": 0}),
            json!({"frequency": ["must be greater than 0"], "cycles": ["must be greater than 0"]}),
        ),
        (json!({"initial_cents": -1}), json!({"initial_cents": ["must be greater than or equal to 0"]})),
        (json!({"start_date": "2025-12-31T22:59:59Z"}), json!({"start_date": ["cannot be in the past"]})),
        (json!({"start_date": "soon"}), json!({"start_date": ["is not a valid date"]})),
    ] {
        assert_eq!(
            maestrano.errors(400, "POST", "recurring_bills", &with(recurring_bill(), &change)),
            errors,
            "{change}"
        );
    }
    for change in [json!({"period": "Year"}), json!({"frequency": 12}), json!({"start_date": "2025-12-31T23:00:00Z"})] {
        maestrano.data("POST", "recurring_bills", &with(recurring_bill(), &change));
    }
}

#[test]
fn cancelling_twice_is_as_good_as_once_and_what_is_invoiced_stays() {
    let maestrano = start();
    let made = id(&maestrano.data("POST", "bills", &bill()));
    for _ in 0..2 {
        assert_eq!(maestrano.data("DELETE", &format!("bills/{made}"), &Value::Null)["status"], "cancelled");
        maestrano.advance(1000).unwrap();
    }
    assert_eq!(maestrano.get(&format!("bills/{made}"))["updated_at"], "2026-01-01T00:00:00Z");
    let invoiced = id(&maestrano.get("bills?status=invoiced")[0]);
    assert_eq!(
        maestrano.errors(400, "DELETE", &format!("bills/{invoiced}"), &Value::Null),
        json!({"status": ["has already been set to invoiced and cannot be changed"]})
    );
    for recurring in maestrano.ids("recurring_bills") {
        assert_eq!(
            maestrano.data("DELETE", &format!("recurring_bills/{recurring}"), &Value::Null)["status"],
            "cancelled"
        );
    }
}

#[test]
fn filters_compare_columns_and_an_unknown_one_selects_nothing() {
    let maestrano = start();
    let dear = id(&maestrano.data("POST", "bills", &with(bill(), &json!({"price_cents": 9000}))));
    maestrano.advance(86_400_000).unwrap();
    let late = id(&maestrano.data("POST", "bills", &with(bill(), &json!({"group_id": "cld-5", "units": 2}))));
    let select = |query: &str| maestrano.ids(&format!("bills?{query}"));
    assert_eq!(select("").len(), 5);
    assert_eq!(select("group_id=cld-5"), [late.as_str()]);
    assert_eq!(select("price_cents=9000"), [dear.as_str()]);
    assert_eq!(select("price_cents_greater_than=9000"), [dear.as_str()]);
    assert_eq!(select("price_cents_strictly_greater_than=9000"), [""; 0]);
    assert_eq!(select("price_cents_lower_than=2000"), [late.as_str()]);
    assert_eq!(select("price_cents_strictly_lower_than=2000"), [""; 0]);
    assert_eq!(select("units_greater_than=2.00"), [late.as_str()]);
    assert_eq!(select("created_at_after=2026-01-02T00:00:00Z"), [late.as_str()]);
    assert_eq!(select("created_at_strictly_after=2026-01-02T00:00:00Z"), [""; 0]);
    assert_eq!(
        select("created_at_before=2026-01-01T00:00:00Z&created_at_after=2026-01-01"),
        ["bill-501", dear.as_str()]
    );
    assert_eq!(select("created_at_strictly_before=2026-01-01&status=cancelled"), ["bill-503"]);
    assert_eq!(select("group_id=cld-4&status=submitted&currency=USD"), [dear.as_str()]);
    for nothing in [
        "limit=10",
        "page=1",
        "status=paid",
        "created_at_after=soon",
        "group_id=cld-404",
        "status=submitted&x=1",
        "created_at_since=2020-01-01",
    ] {
        assert_eq!(select(nothing), [""; 0], "{nothing}");
    }
    assert_eq!(maestrano.ids("groups?has_credit_card=true"), ["cld-4"]);
    assert_eq!(maestrano.ids("groups?free_trial_end_at_before=2015-01-01&currency=USD"), ["cld-4"]);
    assert_eq!(maestrano.ids("users?name=John&country=AU"), ["usr-2"]);
}

#[test]
fn what_is_made_can_be_seen_later_if_the_sandbox_says_so() {
    let options = SandboxOptions { clock: ClockKind::Virtual, commit_delay_ms: 5000, ..SandboxOptions::default() };
    let maestrano = start_with(options);
    let made = id(&maestrano.data("POST", "bills", &bill()));
    maestrano.advance(4999).unwrap();
    assert!(!maestrano.ids("bills").contains(&made));
    maestrano.errors(200, "GET", &format!("bills/{made}"), &Value::Null);
    maestrano.errors(400, "DELETE", &format!("bills/{made}"), &Value::Null);
    maestrano.advance(1).unwrap();
    assert_eq!(maestrano.get(&format!("bills/{made}"))["created_at"], "2026-01-01T00:00:00Z");
    // A fault says it for one order alone.
    maestrano.fault(json!({"operation": "maestrano.recurring_bills.create", "commit_delay_ms": 9000})).unwrap();
    let made = id(&maestrano.data("POST", "recurring_bills", &recurring_bill()));
    maestrano.advance(8999).unwrap();
    assert!(!maestrano.ids("recurring_bills").contains(&made));
    maestrano.advance(1).unwrap();
    assert!(maestrano.ids("recurring_bills").contains(&made));
}

#[test]
fn a_reply_may_be_lost_with_or_without_the_bill() {
    let maestrano = start();
    let lost = |when: &str| {
        maestrano.fault(json!({"operation": "maestrano.bills.create", "when": when, "drop": true})).unwrap();
        let auth = maestrano.auth(0);
        let request =
            bytes("POST", "/api/v1/account/bills", &[&auth, "content-type: application/json"], &bill().to_string());
        assert!(try_raw(address(&maestrano), &request).0.is_empty());
        maestrano.kept("maestrano", "bills").len()
    };
    assert_eq!((lost("before"), lost("after")), (3, 4));
}

#[test]
fn no_secret_is_kept_in_journal_or_state() {
    let maestrano = start();
    let session = maestrano.get("users/usr-2")["sso_session"].as_str().unwrap().to_owned();
    let saml = secret();
    raw::get(&maestrano, &format!("/api/v1/auth/saml/usr-2?session={session}"), &[]);
    raw::get(&maestrano, &format!("/api/v1/auth/saml?SAMLRequest={saml}&group_id=cld-4"), &[]);
    let journal = maestrano.journal();
    assert_eq!(journal[0]["headers"]["auth"], "basic");
    assert_eq!((&journal[1]["operation"], &journal[1]["committed"]), (&json!("maestrano.users.get"), &json!(true)));
    let line = maestrano.line()["maestrano"].take();
    let kept = format!("{journal}{}{:?}", maestrano.state(), *maestrano);
    let mut secrets = vec![session, saml, line["api_secret"].as_str().unwrap().to_owned()];
    secrets.extend(maestrano.entries.iter().map(|entry| entry["api"]["key"].as_str().unwrap().to_owned()));
    for secret in secrets {
        assert!(!kept.contains(&secret) && kept.contains("***"), "{secret}");
    }
}
