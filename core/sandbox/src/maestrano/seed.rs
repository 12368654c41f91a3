//! What every fresh marketplace holds: groups with much and with little, their users, and a bill of each kind.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tenantry::time::Random;

use super::account::Account;
use super::bill::Bill;
use super::connec::Connec;
use super::credentials::hex;
use super::group::Group;
use super::instant::{self, DAY_MS};
use super::period::Period;
use super::recurring_bill::RecurringBill;
use super::reseller::Reseller;
use super::user::User;
use super::words::{BillStatus, RecurringStatus};

/// Bills that are made have higher numbers.
const LAST_NUMBER: u64 = 519;

pub(super) fn account(place: usize, now: Duration, wall_ms: i64, random: &dyn Random) -> Account {
    let wall_ms = instant::whole_second(wall_ms);
    let (bills, recurring_bills) = (bills(now, wall_ms), recurring_bills(now, wall_ms));
    Account {
        groups: groups(place, wall_ms),
        users: users(place, random),
        resellers: vec![reseller()],
        bills: bills.into_iter().map(Arc::new).collect(),
        recurring_bills: recurring_bills.into_iter().map(Arc::new).collect(),
        connec: Connec::seeded(place),
        last_number: LAST_NUMBER,
    }
}

fn object(json: Value) -> Map<String, Value> {
    match json {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

fn groups(place: usize, wall_ms: i64) -> Vec<Group> {
    let full = json!({
        "object": "account_group", "id": "cld-4", "created_at": "2014-05-21T04:04:53Z",
        "updated_at": "2014-05-21T04:04:53Z", "has_credit_card": true, "status": "running",
        "name": if place == 0 { "Coco Co. Logistics" } else { "Coco Co. at Some Telco" },
        "free_trial_end_at": "2014-06-21T04:04:53Z", "email": "cld-4@example.com", "currency": "USD",
        "timezone": "America/Los_Angeles", "country": "US", "city": "Los Angeles",
        "main_accounting": "quickbooks", "metadata": {"pull_disabled": false, "push_disabled": false},
    });
    // Such dates have been served for groups that never had a trial; such names break XML that is not escaped.
    let never = "0000-01-01T00:00:00Z".to_owned();
    let odd = json!({
        "object": "account_group", "id": "cld-5", "created_at": "2016-08-01T15:30:20.070Z",
        "updated_at": "2016-08-02T00:00:00.000Z", "has_credit_card": false, "status": "running",
        "name": "Smith & Sons <Wholesale>", "email": "cld-5@example.com",
        "free_trial_end_at": if place == 0 { never } else { instant::text(wall_ms + 30 * DAY_MS) },
        "currency": "AUD", "timezone": "Australia/Sydney", "country": "AU", "city": "Sydney", "main_accounting": null,
    });
    let bare = json!({
        "object": "account_group", "id": "cld-6", "created_at": "2017-01-01T00:00:00Z",
        "updated_at": "2017-01-01T00:00:00Z", "status": "running",
    });
    [full, odd, bare].map(|fields| Group { fields: object(fields) }).into()
}

fn users(place: usize, random: &dyn Random) -> Vec<User> {
    let user = |fields: Value, groups: &[&'static str], role| {
        let mut user = User { fields: object(fields), groups: groups.to_vec(), role };
        user.set_session(Some(hex(random, 18)));
        user
    };
    vec![
        user(
            json!({
                "object": "account_user", "id": "usr-1", "name": "Ann", "surname": "O'Neil & Co",
                "email": "ann@example.com", "country": "UK", "company_name": null, "sso_session": null,
                "created_at": "2014-05-21T00:32:35.000Z", "updated_at": "2014-05-21T00:32:35.000Z",
            }),
            &["cld-4", "cld-5"],
            "Super Admin",
        ),
        user(
            json!({
                "object": "account_user", "id": "usr-2", "name": "John",
                "surname": if place == 0 { "Doe" } else { "Doe-Telco" }, "email": "john.doe@example.com",
                "country": "AU", "sso_session": null, "created_at": "2014-05-21T00:37:34Z",
                "updated_at": "2015-03-09T06:37:28Z",
            }),
            &["cld-4"],
            "Member",
        ),
        user(
            json!({
                "object": "account_user", "id": "usr-3", "name": "Zoë", "surname": "Yalı", "email": "zoe@example.com",
                "country": "TR", "company_name": "Yalı A.Ş.", "sso_session": null,
                "created_at": "2017-01-01T00:00:00Z", "updated_at": "2017-01-01T00:00:00Z",
            }),
            &["cld-6"],
            "Admin",
        ),
    ]
}

fn reseller() -> Reseller {
    let fields = json!({
        "object": "account_reseller", "id": "rsl-1", "name": "Reseller Inc.", "code": "reseller-inc", "country": "AU",
        "created_at": "2014-05-20T00:00:00Z", "updated_at": "2014-05-20T00:00:00Z",
    });
    Reseller { fields: object(fields), groups: vec!["cld-4"] }
}

/// One of each status. The submitted one is as old as the sandbox, so that it stays so until the month's 25th.
fn bills(now: Duration, wall_ms: i64) -> Vec<Bill> {
    let bill = |number: u64, status, created_ms, description: &str| Bill {
        id: format!("bill-{number}"),
        group_id: "cld-4".to_owned(),
        created_ms,
        updated_ms: created_ms,
        price_cents: 2300,
        status,
        currency: "AUD".to_owned(),
        units: None,
        description: description.to_owned(),
        period_started_ms: None,
        period_ended_ms: None,
        third_party: None,
        closing_ms: instant::next_closing(created_ms),
        visible_at: now,
        millis: false,
    };
    let mut invoiced = bill(502, BillStatus::Invoiced, wall_ms - 70 * DAY_MS, "Bandwidth");
    invoiced.updated_ms = instant::next_closing(invoiced.created_ms);
    invoiced.units = Some(150);
    invoiced.period_started_ms = Some(invoiced.created_ms - 30 * DAY_MS);
    invoiced.period_ended_ms = Some(invoiced.created_ms);
    invoiced.millis = true;
    invoiced.currency = "USD".to_owned();
    vec![
        bill(501, BillStatus::Submitted, wall_ms, "Set-up"),
        invoiced,
        bill(503, BillStatus::Cancelled, wall_ms - 60 * DAY_MS, "Ordered by mistake"),
    ]
}

/// One of each status. The active one charges another group than the others: bills of `cld-4` are made by orders alone.
fn recurring_bills(now: Duration, wall_ms: i64) -> Vec<RecurringBill> {
    let bill = |number: u64, status, start_ms, description: &str| RecurringBill {
        id: format!("rbill-{number}"),
        group_id: "cld-4".to_owned(),
        created_ms: wall_ms - 200 * DAY_MS,
        updated_ms: wall_ms - 200 * DAY_MS,
        price_cents: 2990,
        status,
        currency: "AUD".to_owned(),
        description: description.to_owned(),
        start_ms,
        period: Period::Month,
        frequency: 1,
        cycles: None,
        initial_cents: 0,
        last_execution_ms: None,
        next_execution_ms: Some(start_ms),
        passed: 0,
        remaining_cycles: None,
        visible_at: now,
    };
    let submitted = bill(504, RecurringStatus::Submitted, wall_ms + 3650 * DAY_MS, "Starts in ten years");
    let mut active = bill(505, RecurringStatus::Active, wall_ms - 45 * DAY_MS, "User licence");
    active.group_id = "cld-6".to_owned();
    while active.next_execution_ms.is_some_and(|next| next <= wall_ms) {
        active.last_execution_ms = active.next_execution_ms;
        active.pass();
    }
    let cancelled = bill(506, RecurringStatus::Cancelled, wall_ms - 90 * DAY_MS, "Given up");
    let mut expired = bill(507, RecurringStatus::Expired, wall_ms - 190 * DAY_MS, "Three months' trial");
    expired.cycles = Some(3);
    expired.remaining_cycles = Some(0);
    for _ in 0..3 {
        expired.last_execution_ms = expired.next_execution_ms;
        expired.pass();
    }
    expired.next_execution_ms = None;
    [submitted, active, cancelled, expired].into()
}
