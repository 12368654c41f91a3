//! A recurring bill, which makes bills.

use std::time::Duration;

use serde_json::{Value, json};

use super::bill::{Bill, moment, number};
use super::filter::{Cell, Row};
use super::instant;
use super::period::Period;
use super::words::{BillStatus, RecurringStatus};

#[derive(Debug, Clone)]
pub(super) struct RecurringBill {
    pub(super) id: String,
    pub(super) group_id: String,
    pub(super) created_ms: i64,
    pub(super) updated_ms: i64,
    pub(super) price_cents: i64,
    pub(super) status: RecurringStatus,
    pub(super) currency: String,
    pub(super) description: String,
    pub(super) start_ms: i64,
    pub(super) period: Period,
    pub(super) frequency: i64,
    /// None: endless.
    pub(super) cycles: Option<i64>,
    pub(super) initial_cents: i64,
    pub(super) last_execution_ms: Option<i64>,
    /// None: it makes no more.
    pub(super) next_execution_ms: Option<i64>,
    /// How many anniversaries have passed, with a bill or without.
    pub(super) passed: i64,
    pub(super) remaining_cycles: Option<i64>,
    /// Others see it from then on, by the sandbox's clock.
    pub(super) visible_at: Duration,
}

impl RecurringBill {
    /// Lets an anniversary pass.
    pub(super) fn pass(&mut self) {
        self.passed += 1;
        let anniversaries = self.passed.saturating_mul(self.frequency);
        self.next_execution_ms = Some(self.period.anniversary(self.start_ms, anniversaries));
    }

    /// A bill that it makes at this instant.
    pub(super) fn bill(&self, number: u64, at_ms: i64, price_cents: i64, description: String) -> Bill {
        Bill {
            id: format!("bill-{number}"),
            group_id: self.group_id.clone(),
            created_ms: at_ms,
            updated_ms: at_ms,
            price_cents,
            status: BillStatus::Submitted,
            currency: self.currency.clone(),
            units: None,
            description,
            period_started_ms: None,
            period_ended_ms: None,
            third_party: None,
            closing_ms: instant::next_closing(at_ms),
            visible_at: self.visible_at,
            millis: false,
        }
    }

    pub(super) fn show(&self) -> Value {
        json!({
            "object": "account_recurring_bill", "id": self.id, "group_id": self.group_id,
            "created_at": instant::text(self.created_ms), "updated_at": instant::text(self.updated_ms),
            "price_cents": self.price_cents, "status": self.status.word(), "currency": self.currency,
            "description": self.description, "start_date": instant::text(self.start_ms), "period": self.period.word(),
            "frequency": self.frequency, "cycles": self.cycles, "initial_cents": self.initial_cents,
            "last_execution_at": self.last_execution_ms.map(instant::text),
            "next_execution_at": self.next_execution_ms.map(instant::text), "remaining_cycles": self.remaining_cycles,
        })
    }

    pub(super) fn visible(&self, now: Duration) -> bool {
        now >= self.visible_at
    }
}

impl Row for RecurringBill {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "group_id",
        "created_at",
        "updated_at",
        "price_cents",
        "status",
        "currency",
        "description",
        "start_date",
        "period",
        "frequency",
        "cycles",
        "initial_cents",
        "last_execution_at",
        "next_execution_at",
        "remaining_cycles",
    ];

    fn cell(&self, column: &str) -> Cell<'_> {
        match column {
            "id" => Cell::Text(&self.id),
            "group_id" => Cell::Text(&self.group_id),
            "created_at" => Cell::Instant(self.created_ms),
            "updated_at" => Cell::Instant(self.updated_ms),
            "price_cents" => number(self.price_cents),
            "status" => Cell::Text(self.status.word()),
            "currency" => Cell::Text(&self.currency),
            "description" => Cell::Text(&self.description),
            "start_date" => Cell::Instant(self.start_ms),
            "period" => Cell::Text(self.period.word()),
            "frequency" => number(self.frequency),
            "cycles" => self.cycles.map_or(Cell::Null, number),
            "initial_cents" => number(self.initial_cents),
            "last_execution_at" => moment(self.last_execution_ms),
            "next_execution_at" => moment(self.next_execution_ms),
            "remaining_cycles" => self.remaining_cycles.map_or(Cell::Null, number),
            _ => Cell::Null,
        }
    }
}
