//! What takes several requests, or none: which function carries which operation out.

use serde::Deserialize;

use super::bills::CreateBill;
use super::recurring_bills::CreateRecurringBill;
use super::{Client, billing, connec, sessions, wait};
use crate::error::{Error, Result};
use crate::ops::{CallContext, read_arguments};

/// The arguments of what a person decided about a bill.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Force<A> {
    arguments: A,
}

/// Carries the operation `name` out; its arguments are JSON text.
pub(super) async fn invoke(client: &Client, name: &str, arguments: &str, call: &CallContext) -> Result<String> {
    if let Some(verb) = name.strip_prefix("maestrano.connec.") {
        return connec::invoke(client, verb, arguments, call).await;
    }
    match name {
        "maestrano.bills.create" => billing::create::<CreateBill>(client, read_arguments(arguments)?, call).await,
        "maestrano.bills.adopt" => billing::adopt::<CreateBill>(client, read_arguments(arguments)?, call).await,
        "maestrano.bills.force" => {
            billing::force::<CreateBill>(client, read_arguments::<Force<_>>(arguments)?.arguments, call).await
        }
        "maestrano.bills.wait" => wait::for_bill(client, read_arguments(arguments)?, call).await,
        "maestrano.recurring_bills.create" => {
            billing::create::<CreateRecurringBill>(client, read_arguments(arguments)?, call).await
        }
        "maestrano.recurring_bills.adopt" => {
            billing::adopt::<CreateRecurringBill>(client, read_arguments(arguments)?, call).await
        }
        "maestrano.recurring_bills.force" => {
            billing::force::<CreateRecurringBill>(client, read_arguments::<Force<_>>(arguments)?.arguments, call).await
        }
        "maestrano.recurring_bills.watch" => wait::next_change(client, read_arguments(arguments)?, call).await,
        "maestrano.changes.next" => wait::next_changes(client, read_arguments(arguments)?, call).await,
        "maestrano.sessions.check" => {
            client.has_sso()?;
            sessions::check(client, read_arguments(arguments)?, call).await
        }
        _ => Err(Error::validation("operation", format!("{name} is no operation of Maestrano"))),
    }
}
