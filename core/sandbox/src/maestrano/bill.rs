//! A bill.

use std::time::Duration;

use serde_json::{Value, json};

use super::filter::{Cell, Row};
use super::instant;
use super::words::BillStatus;

#[derive(Debug, Clone)]
pub(super) struct Bill {
    pub(super) id: String,
    pub(super) group_id: String,
    pub(super) created_ms: i64,
    pub(super) updated_ms: i64,
    pub(super) price_cents: i64,
    pub(super) status: BillStatus,
    pub(super) currency: String,
    /// Hundredths.
    pub(super) units: Option<i64>,
    pub(super) description: String,
    pub(super) period_started_ms: Option<i64>,
    pub(super) period_ended_ms: Option<i64>,
    /// Shown only where it was given.
    pub(super) third_party: Option<bool>,
    /// When the month's invoice closes; kept because every look at any bill asks for it.
    pub(super) closing_ms: i64,
    /// Others see it from then on, by the sandbox's clock.
    pub(super) visible_at: Duration,
    /// Its timestamps print with milliseconds.
    pub(super) millis: bool,
}

impl Bill {
    pub(super) fn show(&self) -> Value {
        let stamp = if self.millis { instant::text_with_millis } else { instant::text };
        let mut shown = json!({
            "object": "account_bill", "id": self.id, "group_id": self.group_id, "created_at": stamp(self.created_ms),
            "updated_at": stamp(self.updated_ms), "price_cents": self.price_cents, "status": self.status.word(),
            "currency": self.currency, "units": self.units.map(decimal), "description": self.description,
            "period_started_at": self.period_started_ms.map(stamp), "period_ended_at": self.period_ended_ms.map(stamp),
        });
        if let Some(third_party) = self.third_party {
            shown["third_party"] = third_party.into();
        }
        shown
    }

    /// The same for those who look into the sandbox: no fraction is a float, which languages read in ways of their own.
    pub(super) fn kept(&self) -> Value {
        let mut kept = self.show();
        kept["units"] = self.units.map(|units| format!("{}.{:02}", units / 100, units % 100)).into();
        kept
    }

    pub(super) fn visible(&self, now: Duration) -> bool {
        now >= self.visible_at
    }

    /// When it is put on an invoice: so long after its creation, or when the month's invoice closes.
    pub(super) fn closing(&self, invoice: Option<i64>) -> i64 {
        match invoice {
            Some(after_ms) => self.created_ms.saturating_add(after_ms),
            None => self.closing_ms,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "at most ten digits")]
fn decimal(hundredths: i64) -> f64 {
    hundredths as f64 / 100.0
}

#[expect(clippy::cast_precision_loss, reason = "filters compare amounts far below 2^53")]
pub(super) fn number(number: i64) -> Cell<'static> {
    Cell::Number(number as f64)
}

pub(super) fn moment(instant: Option<i64>) -> Cell<'static> {
    instant.map_or(Cell::Null, Cell::Instant)
}

impl Row for Bill {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "group_id",
        "created_at",
        "updated_at",
        "price_cents",
        "status",
        "currency",
        "units",
        "description",
        "period_started_at",
        "period_ended_at",
        "third_party",
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
            "units" => self.units.map_or(Cell::Null, |units| Cell::Number(decimal(units))),
            "description" => Cell::Text(&self.description),
            "period_started_at" => moment(self.period_started_ms),
            "period_ended_at" => moment(self.period_ended_ms),
            "third_party" => self.third_party.map_or(Cell::Null, Cell::Boolean),
            _ => Cell::Null,
        }
    }
}
