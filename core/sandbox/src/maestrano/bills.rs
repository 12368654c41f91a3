//! `account/bills[/{id}]`: GET, POST, DELETE.

use std::sync::Arc;

use super::account::Account;
use super::bill::Bill;
use super::currencies;
use super::envelope;
use super::fields::Fields;
use super::instant;
use super::reading;
use super::words::BillStatus;
use crate::call::Call;
use crate::reply::Reply;
use crate::world::Systems;

pub(super) fn list(systems: &mut Systems, call: &Call<'_>) -> Reply {
    match systems.maestrano.caller(call) {
        Ok(account) => {
            let seen = account.bills.iter().map(|bill| &**bill).filter(|bill| bill.visible(call.now));
            reading::list(call, seen, Bill::show)
        }
        Err(refusal) => refusal,
    }
}

pub(super) fn get(systems: &mut Systems, call: &Call<'_>) -> Reply {
    match systems.maestrano.caller(call) {
        Ok(account) => reading::get(account.bill(call.segment(0), call.now).map(|bill| bill.show())),
        Err(refusal) => refusal,
    }
}

pub(super) fn create(systems: &mut Systems, call: &Call<'_>) -> Reply {
    match systems.maestrano.caller(call) {
        Ok(account) => order(account, call).unwrap_or_else(|refusal| refusal),
        Err(refusal) => refusal,
    }
}

/// Nothing is de-duplicated: two equal orders make two bills.
fn order(account: &mut Account, call: &Call<'_>) -> Result<Reply, Reply> {
    let mut fields = Fields::of(call);
    let group_id = chargeable_group(account, &mut fields);
    let price_cents = fields.required_integer("price_cents", 1);
    let description = fields.required_text("description");
    let currency = currency(&mut fields);
    let units = fields.hundredths("units");
    let (period_started_ms, period_ended_ms) = (fields.instant("period_started_at"), fields.instant("period_ended_at"));
    let third_party = fields.boolean("third_party");
    if !fields.errors.is_empty() {
        return Err(fields.errors.reply());
    }
    let wall_ms = instant::whole_second(call.wall_ms);
    let bill = Bill {
        id: format!("bill-{}", account.next_number()),
        group_id,
        created_ms: wall_ms,
        updated_ms: wall_ms,
        price_cents,
        status: BillStatus::Submitted,
        currency,
        units,
        description,
        period_started_ms,
        period_ended_ms,
        third_party,
        closing_ms: instant::next_closing(wall_ms),
        visible_at: call.visible_at(),
        millis: false,
    };
    let reply = envelope::succeeded(&bill.show());
    account.bills.push(Arc::new(bill));
    Ok(reply)
}

pub(super) fn chargeable_group(account: &Account, fields: &mut Fields<'_>) -> String {
    let group_id = fields.text("group_id").unwrap_or_default();
    if !account.charges(&group_id) {
        fields.errors.add("group_id", "does not exist or cannot be charged by your service");
    }
    group_id
}

pub(super) fn currency(fields: &mut Fields<'_>) -> String {
    let currency = fields.text("currency").unwrap_or_else(|| currencies::DEFAULT.to_owned());
    if !currencies::is_listed(&currency) {
        fields.errors.add("currency", "is not included in the list");
    }
    currency
}

/// Cancels; what is cancelled already stays as it is.
pub(super) fn cancel(systems: &mut Systems, call: &Call<'_>) -> Reply {
    let account = match systems.maestrano.caller(call) {
        Ok(account) => account,
        Err(refusal) => return refusal,
    };
    let Some(bill) = account.bill(call.segment(0), call.now) else { return envelope::unknown_id(400) };
    match bill.status {
        BillStatus::Invoiced => {
            return envelope::refused(400, "status", "has already been set to invoiced and cannot be changed");
        }
        BillStatus::Submitted => {
            let bill = Arc::make_mut(bill);
            bill.status = BillStatus::Cancelled;
            bill.updated_ms = instant::whole_second(call.wall_ms);
        }
        BillStatus::Cancelled => {}
    }
    envelope::succeeded(&bill.show())
}
