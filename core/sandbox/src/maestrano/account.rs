//! What one marketplace holds of the app: groups, users, bills. Marketplaces share nothing, not even numbers.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::bill::Bill;
use super::connec::Connec;
use super::group::Group;
use super::recurring_bill::RecurringBill;
use super::reseller::Reseller;
use super::user::User;
use super::words::{BillStatus, RecurringStatus};
use crate::mask;

/// A copy shares every bill with its original until one of them changes.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub(super) groups: Vec<Group>,
    pub(super) users: Vec<User>,
    pub(super) resellers: Vec<Reseller>,
    pub(super) bills: Vec<Arc<Bill>>,
    pub(super) recurring_bills: Vec<Arc<RecurringBill>>,
    pub(super) connec: Connec,
    /// Numbers bills of both kinds.
    pub(super) last_number: u64,
}

impl Account {
    pub(super) fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    pub(super) fn group(&self, id: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.id() == id)
    }

    /// Whether bills of this group may be made.
    pub(super) fn charges(&self, group_id: &str) -> bool {
        self.group(group_id).is_some_and(Group::is_running)
    }

    pub(super) fn bill(&mut self, id: &str, now: Duration) -> Option<&mut Arc<Bill>> {
        self.bills.iter_mut().find(|bill| bill.id == id && bill.visible(now))
    }

    pub(super) fn recurring_bill(&mut self, id: &str, now: Duration) -> Option<&mut Arc<RecurringBill>> {
        self.recurring_bills.iter_mut().find(|bill| bill.id == id && bill.visible(now))
    }

    /// Ends a group: it can be charged no more, and nothing is charged by itself.
    pub(super) fn terminate(&mut self, group_id: &str, wall_ms: i64) {
        for group in self.groups.iter_mut().filter(|group| group.id() == group_id && group.is_running()) {
            group.terminate(wall_ms);
        }
        for bill in self.recurring_bills.iter_mut().filter(|bill| bill.group_id == group_id) {
            if !bill.status.is_final() {
                let bill = Arc::make_mut(bill);
                bill.status = RecurringStatus::Cancelled;
                bill.updated_ms = wall_ms;
            }
        }
    }

    /// Does all that was due by `wall_ms`: recurring bills make bills, and bills are put on invoices.
    pub(super) fn settle(&mut self, wall_ms: i64, invoice: Option<i64>) {
        for place in 0..self.recurring_bills.len() {
            while self.execute(place, wall_ms) {}
        }
        for bill in &mut self.bills {
            if bill.status == BillStatus::Submitted && bill.closing(invoice) <= wall_ms {
                let bill = Arc::make_mut(bill);
                bill.status = BillStatus::Invoiced;
                bill.updated_ms = bill.closing(invoice);
            }
        }
    }

    /// Lets a recurring bill's next anniversary pass, if it has come.
    fn execute(&mut self, place: usize, wall_ms: i64) -> bool {
        let recurring = &self.recurring_bills[place];
        let due = recurring.next_execution_ms.filter(|at| *at <= wall_ms && !recurring.status.is_final());
        let Some(at) = due else { return false };
        let on_trial = self.group(&recurring.group_id).is_some_and(|group| group.is_on_trial(at));
        let number = if on_trial { 0 } else { self.next_number() };
        let recurring = Arc::make_mut(&mut self.recurring_bills[place]);
        recurring.pass();
        // A start in the hour before it was ordered is made good at once.
        let at = at.max(recurring.created_ms);
        recurring.updated_ms = at;
        if on_trial {
            // Nothing is charged and no cycle is used up.
            return true;
        }
        recurring.last_execution_ms = Some(at);
        recurring.status = RecurringStatus::Active;
        recurring.remaining_cycles = recurring.remaining_cycles.map(|cycles| cycles - 1);
        if recurring.remaining_cycles == Some(0) {
            recurring.status = RecurringStatus::Expired;
            recurring.next_execution_ms = None;
        }
        let bill = recurring.bill(number, at, recurring.price_cents, recurring.description.clone());
        self.bills.push(Arc::new(bill));
        true
    }

    /// All that it holds, less the secrets.
    pub(super) fn show(&self) -> Value {
        let users: Value = self.users.iter().map(|user| Value::Object(user.fields.clone())).collect();
        json!({
            "groups": self.groups.iter().map(|group| Value::Object(group.fields.clone())).collect::<Value>(),
            "users": mask::masked(users),
            "bills": self.bills.iter().map(|bill| bill.kept()).collect::<Value>(),
            "recurring_bills": self.recurring_bills.iter().map(|bill| bill.show()).collect::<Value>(),
        })
    }
}
