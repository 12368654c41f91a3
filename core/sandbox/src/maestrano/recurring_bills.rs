//! `account/recurring_bills[/{id}]`: GET, POST, DELETE.

use std::sync::Arc;

use super::account::Account;
use super::bills::{chargeable_group, currency};
use super::envelope;
use super::fields::Fields;
use super::instant;
use super::period::Period;
use super::reading;
use super::recurring_bill::RecurringBill;
use super::words::RecurringStatus;
use crate::call::Call;
use crate::reply::Reply;
use crate::world::Systems;

/// How long ago a recurring bill may have started that is ordered now.
const GRACE_MS: i64 = 3_600_000;

pub(super) fn list(systems: &mut Systems, call: &Call<'_>) -> Reply {
    match systems.maestrano.caller(call) {
        Ok(account) => {
            let seen = account.recurring_bills.iter().map(|bill| &**bill).filter(|bill| bill.visible(call.now));
            reading::list(call, seen, RecurringBill::show)
        }
        Err(refusal) => refusal,
    }
}

pub(super) fn get(systems: &mut Systems, call: &Call<'_>) -> Reply {
    match systems.maestrano.caller(call) {
        Ok(account) => reading::get(account.recurring_bill(call.segment(0), call.now).map(|bill| bill.show())),
        Err(refusal) => refusal,
    }
}

pub(super) fn create(systems: &mut Systems, call: &Call<'_>) -> Reply {
    match systems.maestrano.caller(call) {
        Ok(account) => order(account, call).unwrap_or_else(|refusal| refusal),
        Err(refusal) => refusal,
    }
}

fn order(account: &mut Account, call: &Call<'_>) -> Result<Reply, Reply> {
    let wall_ms = instant::whole_second(call.wall_ms);
    let mut fields = Fields::of(call);
    let group_id = chargeable_group(account, &mut fields);
    let price_cents = fields.required_integer("price_cents", 1);
    let description = fields.required_text("description");
    let currency = currency(&mut fields);
    let (period, frequency) = rhythm(&mut fields);
    let cycles = fields.integer("cycles", 1);
    let initial_cents = fields.integer("initial_cents", 0).unwrap_or(0);
    let start_ms = fields.instant("start_date").unwrap_or(wall_ms);
    if start_ms < call.wall_ms - GRACE_MS {
        fields.errors.add("start_date", "cannot be in the past");
    }
    if !fields.errors.is_empty() {
        return Err(fields.errors.reply());
    }
    let recurring = RecurringBill {
        id: format!("rbill-{}", account.next_number()),
        group_id,
        created_ms: wall_ms,
        updated_ms: wall_ms,
        price_cents,
        status: RecurringStatus::Submitted,
        currency,
        description,
        start_ms,
        period,
        frequency,
        cycles,
        initial_cents,
        last_execution_ms: None,
        next_execution_ms: Some(start_ms),
        passed: 0,
        remaining_cycles: cycles,
        visible_at: call.visible_at(),
    };
    let reply = envelope::succeeded(&recurring.show());
    if initial_cents > 0 {
        let number = account.next_number();
        let description = format!("Initial: {}", recurring.description);
        account.bills.push(Arc::new(recurring.bill(number, wall_ms, initial_cents, description)));
    }
    account.recurring_bills.push(Arc::new(recurring));
    Ok(reply)
}

/// Period and frequency; together they span a year at most.
fn rhythm(fields: &mut Fields<'_>) -> (Period, i64) {
    let period = fields.text("period").map_or(Some(Period::Month), |word| Period::of_word(&word));
    let frequency = fields.integer("frequency", 1).unwrap_or(1);
    match period {
        None => fields.errors.add("period", "is not included in the list"),
        Some(Period::SemiMonth) if frequency != 1 => {
            fields.errors.add("frequency", "must be equal to 1 with a period of SemiMonth");
        }
        Some(period) if frequency > period.most() => {
            fields.errors.add("frequency", "multiplied by the period cannot exceed one year");
        }
        Some(_) => {}
    }
    (period.unwrap_or(Period::Month), frequency)
}

/// Cancels, also what has expired; what is cancelled already stays as it is.
pub(super) fn cancel(systems: &mut Systems, call: &Call<'_>) -> Reply {
    let account = match systems.maestrano.caller(call) {
        Ok(account) => account,
        Err(refusal) => return refusal,
    };
    let Some(bill) = account.recurring_bill(call.segment(0), call.now) else { return envelope::unknown_id(400) };
    if bill.status != RecurringStatus::Cancelled {
        let bill = Arc::make_mut(bill);
        bill.status = RecurringStatus::Cancelled;
        bill.updated_ms = instant::whole_second(call.wall_ms);
    }
    envelope::succeeded(&bill.show())
}
