//! Recurring bills: what a group is charged again and again.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Client;
use super::billing::{self, Journal, check_currency, check_description, check_reference};
use super::bills::yes;
use super::filters::{filters, instant};
use super::money::Cents;
use crate::error::{Error, Result};
use crate::id::Id;
use crate::lenient::lenient;
use crate::ops::{Fields, Lossless, operations};

/// What a group is charged again and again.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RecurringBill {
    /// Its id, e.g. `rbill-523`.
    pub id: String,
    /// `account_recurring_bill`.
    #[serde(default, deserialize_with = "lenient")]
    pub object: Option<String>,
    /// The group that is charged.
    #[serde(default, deserialize_with = "lenient")]
    pub group_id: Option<String>,
    /// `submitted`, `active`, `expired`, `cancelled`, or another word.
    #[serde(default, deserialize_with = "lenient")]
    pub status: Option<String>,
    /// The amount of each bill in minor units of the currency.
    #[serde(default, deserialize_with = "lenient")]
    pub price_cents: Option<i64>,
    /// The currency, by three letters.
    #[serde(default, deserialize_with = "lenient")]
    pub currency: Option<String>,
    /// What the group reads on its invoices.
    #[serde(default, deserialize_with = "lenient")]
    pub description: Option<String>,
    /// When it begins.
    #[serde(default, deserialize_with = "lenient")]
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    pub start_date: Option<String>,
    /// `day`, `week`, `semimonth`, `month`, `year`, or another word: the wire has it in small letters.
    #[serde(default, deserialize_with = "lenient")]
    pub period: Option<String>,
    /// So many periods lie between two bills.
    #[serde(default, deserialize_with = "lenient")]
    pub frequency: Option<u32>,
    /// So many bills are made in all; null: without end.
    #[serde(default, deserialize_with = "lenient")]
    pub cycles: Option<u32>,
    /// So many bills are still to be made; null: without end.
    #[serde(default, deserialize_with = "lenient")]
    pub remaining_cycles: Option<u32>,
    /// The amount of a bill at the beginning, in minor units.
    #[serde(default, deserialize_with = "lenient")]
    pub initial_cents: Option<i64>,
    /// When the last bill was made.
    #[serde(default, deserialize_with = "lenient")]
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    pub last_execution_at: Option<String>,
    /// When the next bill will be made.
    #[serde(default, deserialize_with = "lenient")]
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    pub next_execution_at: Option<String>,
    /// When it was made.
    #[serde(default, deserialize_with = "lenient")]
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    pub created_at: Option<String>,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient")]
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    pub updated_at: Option<String>,
    /// True when it was found to have been made already, by a request whose reply was lost.
    #[serde(default)]
    pub already_applied: bool,
}

filters! {
    /// Arguments of [`RecurringBills::list`]: filters, all of which must hold.
    ListRecurringBills {
        text { id, group_id, status, currency, description, period }
        flag {}
        instant {
            created_at: created_at_after, created_at_before, created_at_strictly_after, created_at_strictly_before;
            updated_at: updated_at_after, updated_at_before, updated_at_strictly_after, updated_at_strictly_before;
            start_date: start_date_after, start_date_before, start_date_strictly_after, start_date_strictly_before;
            next_execution_at: next_execution_at_after, next_execution_at_before,
                next_execution_at_strictly_after, next_execution_at_strictly_before;
        }
        number {
            price_cents: price_cents_greater_than, price_cents_strictly_greater_than,
                price_cents_lower_than, price_cents_strictly_lower_than;
        }
    }
}

/// Arguments of [`RecurringBills::create`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateRecurringBill {
    /// The group to charge.
    pub group_id: Id,
    /// The amount of each bill in minor units of the currency (2000 for 20.00): a whole number of at least 1.
    pub price_cents: Cents,
    /// The currency, by three capital letters. It must be given: the vendor's own default would be AUD, whatever the group's is.
    pub currency: String,
    /// What the group reads on its invoices; with the reference at most 255 characters.
    pub description: String,
    /// `Day`, `Week`, `SemiMonth`, `Month` or `Year`, in letters of any size; default `Month`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// So many periods lie between two bills, at most a year in all; default 1, and always 1 with `SemiMonth`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<u32>,
    /// So many bills are made in all; default: without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cycles: Option<u32>,
    /// When it begins, at most an hour ago; default now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    pub start_date: Option<String>,
    /// The amount of a bill that is made at once, in minor units; default 0: none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_cents: Option<Cents>,
    /// The caller's own name of it; see `bills.create`.
    #[serde(default, skip_serializing)]
    pub reference: Option<String>,
    /// Where to remember what was sent; see `bills.create`.
    #[serde(default, skip_serializing)]
    pub journal: Option<Journal>,
    /// Whether period, frequency and a start in the past are refused before sending; default true.
    #[serde(default = "yes", skip_serializing)]
    pub validate: bool,
}

/// A period, and how many of it are a year.
const PERIODS: [(&str, u32); 5] = [("day", 365), ("week", 52), ("semimonth", 1), ("month", 12), ("year", 1)];

impl CreateRecurringBill {
    /// A monthly bill over `price_cents` of `currency` for the group.
    ///
    /// # Errors
    /// `invalid_id` when the group's id is none.
    pub fn new(
        group_id: impl TryInto<Id, Error = Error>,
        price_cents: impl Into<Cents>,
        currency: impl Into<String>,
        description: impl Into<String>,
    ) -> Result<Self> {
        Ok(Self {
            group_id: group_id.try_into()?,
            price_cents: price_cents.into(),
            currency: currency.into(),
            description: description.into(),
            period: None,
            frequency: None,
            cycles: None,
            start_date: None,
            initial_cents: None,
            reference: None,
            journal: None,
            validate: true,
        })
    }

    /// With the caller's own name of it.
    pub fn reference(mut self, reference: impl Into<String>) -> Self {
        self.reference = Some(reference.into());
        self
    }

    fn check_period(&self) -> Result<()> {
        let given = self.period.as_deref().unwrap_or("Month").to_ascii_lowercase();
        let Some((period, a_year)) = PERIODS.iter().find(|(period, _)| *period == given) else {
            return Err(Error::validation("period", "must be Day, Week, SemiMonth, Month or Year"));
        };
        let frequency = self.frequency.unwrap_or(1);
        if frequency == 0 || frequency > *a_year {
            let most = if *a_year == 1 { "1".to_owned() } else { format!("1 to {a_year}") };
            return Err(Error::validation("frequency", format!("must be {most} with the period {period}")));
        }
        if self.cycles == Some(0) {
            return Err(Error::validation("cycles", "must be at least 1, or absent for no end"));
        }
        Ok(())
    }
}

impl Fields for CreateRecurringBill {
    fn body(&self) -> Option<Value> {
        billing::body(self, &self.description, self.reference.as_deref())
    }

    fn check(&self) -> Result<()> {
        if self.price_cents.0 < 1 {
            return Err(Error::validation("price_cents", "must be at least 1"));
        }
        if self.initial_cents.is_some_and(|cents| cents.0 < 0) {
            return Err(Error::validation("initial_cents", "must be at least 0"));
        }
        check_currency(&self.currency)?;
        check_reference(self.reference.as_deref(), self.journal.is_some())?;
        check_description(&self.description, self.reference.as_deref())?;
        instant("start_date", self.start_date.as_deref())?;
        if self.validate { self.check_period() } else { Ok(()) }
    }
}

operations! {
    /// Recurring bills: what a group is charged again and again.
    RecurringBills(Client) in "maestrano.recurring_bills" {
        /// Lists recurring bills, all at once: the vendor has no paging, and promises no order.
        ///
        /// A `group_id` that does not exist gives an empty list.
        /// Source: the vendor's page, "Account Management API"; the filters are those of its API sandbox.
        list(ListRecurringBills) -> Vec<Lossless<RecurringBill>> = GET "/account/recurring_bills", Safe, Basic, Query;
    }
    of_id {
        /// Reads a recurring bill.
        ///
        /// Source: the vendor's page, "Account Management API".
        get -> Lossless<RecurringBill> = GET "/account/recurring_bills/{id}", Safe, Basic, None;

        /// Cancels a recurring bill: no further bills are made.
        ///
        /// Cancelling one that is cancelled changes nothing and is a success.
        ///
        /// Source: the vendor's page, "Account Management API".
        cancel -> Lossless<RecurringBill> = DELETE "/account/recurring_bills/{id}", Idempotent, Basic, None;
    }
    composed {
        /// Charges a group again and again.
        ///
        /// A lost reply is settled as with `bills.create`. While the group's free trial lasts, no bills are made.
        /// Source: the vendor's page, "Account Management API"; optional arguments: its API sandbox.
        create(CreateRecurringBill) -> Lossless<RecurringBill> = POST "/account/recurring_bills", Once, Basic, Json;
    }
}

impl RecurringBills<'_> {
    /// Charges a group again and again; a lost reply is settled as with [`super::bills::Bills::create`].
    ///
    /// # Errors
    /// `validation`, those of a request, and `outcome_unknown` with `candidates`.
    pub async fn create(&self, arguments: CreateRecurringBill) -> Result<Lossless<RecurringBill>> {
        let text = billing::create(self.client, arguments, &self.client.context()).await?;
        crate::ops::decode(&text, "application/json")
    }
}

impl RecurringBill {
    /// Whether nothing will change any more.
    pub fn has_ended(&self) -> bool {
        matches!(self.status.as_deref(), Some("cancelled" | "expired"))
    }
}

/// Refuses a start that the vendor would: more than an hour before `now_ms`.
pub(super) fn check_start(arguments: &CreateRecurringBill, now_ms: i64) -> Result<()> {
    let start = arguments.start_date.as_deref().and_then(crate::page::Instant::parse);
    let past = start.is_some_and(|start| start.nanos() / 1_000_000 < i128::from(now_ms) - 60 * 60 * 1_000);
    if arguments.validate && past {
        return Err(Error::validation("start_date", "is more than an hour in the past"));
    }
    Ok(())
}

/// What of it makes a change worth telling.
pub(super) const SEEN: [&str; 4] = ["status", "last_execution_at", "next_execution_at", "remaining_cycles"];

pub(super) fn seen(bill: &Value) -> Value {
    SEEN.iter().map(|field| bill[*field].clone()).collect()
}
