//! Bills that move by themselves with the sandbox's clock (contract, 1b).

use crate::marketplace::*;
use serde_json::{Value, json};

const DAY: u64 = 86_400_000;

fn order(maestrano: &Maestrano, changes: &Value) -> String {
    id(&maestrano.data("POST", "recurring_bills", &with(recurring_bill(), changes)))
}

fn recurring(maestrano: &Maestrano, id: &str) -> Value {
    maestrano.get(&format!("recurring_bills/{id}"))
}

/// When the bills of this description were made.
fn made(maestrano: &Maestrano, description: &str) -> Vec<String> {
    let bills = maestrano.get(&format!("bills?description={description}"));
    bills.as_array().unwrap().iter().map(|bill| bill["created_at"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_bill_is_invoiced_on_the_25th_whoever_looks_when() {
    let maestrano = start();
    let bill_id = id(&maestrano.data("POST", "bills", &bill()));
    let path = format!("bills/{bill_id}");
    maestrano.advance(24 * DAY - 1).unwrap();
    assert_eq!(maestrano.get(&path)["status"], "submitted");
    maestrano.advance(3 * DAY).unwrap();
    let invoiced = maestrano.get(&path);
    assert_eq!((&invoiced["status"], &invoiced["updated_at"]), (&json!("invoiced"), &json!("2026-01-25T00:00:00Z")));
    assert_eq!(
        maestrano.ids("bills?group_id=cld-4&updated_at_strictly_after=2026-01-24T23:59:59Z"),
        ["bill-501", bill_id.as_str()]
    );
}

#[test]
fn a_bill_is_invoiced_sooner_if_the_behaviour_says_so_and_a_cancelled_one_never() {
    let maestrano = start();
    let [kept, cancelled] = [0, 1].map(|_| id(&maestrano.data("POST", "bills", &bill())));
    maestrano.data("DELETE", &format!("bills/{cancelled}"), &Value::Null);
    maestrano.maestrano(json!({"invoice_ms": 60_000})).unwrap();
    maestrano.advance(59_999).unwrap();
    assert_eq!(maestrano.get(&format!("bills/{kept}"))["status"], "submitted");
    maestrano.advance(1).unwrap();
    assert_eq!(maestrano.get(&format!("bills/{kept}"))["status"], "invoiced");
    maestrano.advance(60 * DAY).unwrap();
    assert_eq!(maestrano.get(&format!("bills/{cancelled}"))["status"], "cancelled");
}

#[test]
fn a_recurring_bill_is_active_after_its_first_bill_and_expired_after_its_last() {
    let maestrano = start();
    let changes = json!({"description": "R1", "start_date": "2026-01-31T12:00:00Z", "cycles": 3});
    let id = order(&maestrano, &changes);
    maestrano.advance(30 * DAY).unwrap();
    assert_eq!((&recurring(&maestrano, &id)["status"], made(&maestrano, "R1").len()), (&json!("submitted"), 0));

    maestrano.advance(DAY).unwrap();
    let active = recurring(&maestrano, &id);
    assert_eq!((&active["status"], &active["remaining_cycles"]), (&json!("active"), &json!(2)));
    assert_eq!(active["last_execution_at"], "2026-01-31T12:00:00Z");
    assert_eq!(active["next_execution_at"], "2026-02-28T12:00:00Z");
    assert_eq!(active["updated_at"], "2026-01-31T12:00:00Z");

    // Nobody looks for a year; all happened when it was due.
    maestrano.advance(365 * DAY).unwrap();
    let expired = recurring(&maestrano, &id);
    assert_eq!((&expired["status"], &expired["remaining_cycles"]), (&json!("expired"), &json!(0)));
    assert_eq!(
        (&expired["next_execution_at"], &expired["last_execution_at"]),
        (&Value::Null, &json!("2026-03-31T12:00:00Z"))
    );
    assert_eq!(made(&maestrano, "R1"), ["2026-01-31T12:00:00Z", "2026-02-28T12:00:00Z", "2026-03-31T12:00:00Z"]);
    let bills = maestrano.get("bills?description=R1&status=invoiced");
    assert_eq!((bills.as_array().unwrap().len(), &bills[2]["updated_at"]), (3, &json!("2026-04-25T00:00:00Z")));
}

#[test]
fn every_period_has_its_anniversaries() {
    let maestrano = start();
    for (description, changes) in [
        ("days", json!({"period": "Day", "frequency": 10})),
        ("weeks", json!({"period": "Week", "frequency": 2})),
        ("halves", json!({"period": "SemiMonth"})),
        ("quarters", json!({"period": "Month", "frequency": 3})),
        ("years", json!({"period": "Year"})),
    ] {
        let start = json!({"description": description, "start_date": "2026-01-02T00:00:00Z", "cycles": 3});
        order(&maestrano, &with(start, &changes));
    }
    maestrano.advance(800 * DAY).unwrap();
    let days = |description: &str| -> Vec<String> {
        made(&maestrano, description).iter().map(|at| at[..10].to_owned()).collect()
    };
    assert_eq!(days("days"), ["2026-01-02", "2026-01-12", "2026-01-22"]);
    assert_eq!(days("weeks"), ["2026-01-02", "2026-01-16", "2026-01-30"]);
    assert_eq!(days("halves"), ["2026-01-02", "2026-01-17", "2026-02-02"]);
    assert_eq!(days("quarters"), ["2026-01-02", "2026-04-02", "2026-07-02"]);
    assert_eq!(days("years"), ["2026-01-02", "2027-01-02", "2028-01-02"]);
}

#[test]
fn a_recurring_bill_that_starts_now_charges_at_once_and_a_cancelled_one_no_more() {
    let maestrano = start();
    let id = order(&maestrano, &json!({"description": "R2", "period": "day"}));
    assert_eq!(recurring(&maestrano, &id)["status"], "active");
    maestrano.advance(2 * DAY).unwrap();
    assert_eq!(made(&maestrano, "R2").len(), 3);
    maestrano.data("DELETE", &format!("recurring_bills/{id}"), &Value::Null);
    maestrano.advance(9 * DAY).unwrap();
    assert_eq!((made(&maestrano, "R2").len(), &recurring(&maestrano, &id)["status"]), (3, &json!("cancelled")));
}

#[test]
fn nothing_is_charged_and_no_cycle_used_up_while_a_group_is_on_trial() {
    let maestrano = start();
    let order =
        with(recurring_bill(), &json!({"group_id": "cld-5", "period": "week", "cycles": 2, "description": "R3"}));
    maestrano.send_as(1, "POST", "/api/v1/account/recurring_bills", &order).expect(200);
    let kept = |kind| -> Vec<Value> {
        let all = maestrano.kept("some-telco", kind);
        all.into_iter().filter(|one| one["description"] == "R3").collect()
    };
    maestrano.advance(29 * DAY).unwrap();
    let waiting = &kept("recurring_bills")[0];
    assert_eq!((&waiting["status"], &waiting["remaining_cycles"]), (&json!("submitted"), &json!(2)));
    assert_eq!((kept("bills").len(), &waiting["next_execution_at"]), (0, &json!("2026-02-05T00:00:00Z")));
    maestrano.advance(14 * DAY).unwrap();
    let dates: Vec<Value> = kept("bills").iter().map(|bill| bill["created_at"].clone()).collect();
    assert_eq!(dates, ["2026-02-05T00:00:00Z", "2026-02-12T00:00:00Z"]);
    assert_eq!(kept("recurring_bills")[0]["status"], "expired");
}

#[test]
fn the_seed_has_one_of_each_status_and_only_the_active_one_moves() {
    let maestrano = start();
    let statuses = |path: &str| -> Vec<Value> {
        maestrano.get(path).as_array().unwrap().iter().map(|one| one["status"].clone()).collect()
    };
    assert_eq!(statuses("bills"), ["submitted", "invoiced", "cancelled"]);
    assert_eq!(statuses("recurring_bills"), ["submitted", "active", "cancelled", "expired"]);
    let active = maestrano.get("recurring_bills?status=active")[0].take();
    assert!(active["next_execution_at"].as_str().unwrap() > "2026-01-01", "{active}");
    maestrano.advance(31 * DAY).unwrap();
    assert_eq!(statuses("recurring_bills"), ["submitted", "active", "cancelled", "expired"]);
    assert_eq!(maestrano.ids("bills?group_id=cld-4"), ["bill-501", "bill-502", "bill-503"]);
    assert_eq!(maestrano.ids("bills?group_id=cld-6").len(), 1);
}
