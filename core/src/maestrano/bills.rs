//! Bills: what a group is charged once.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Client;
use super::billing::{self, Journal, check_currency, check_description, check_reference};
use super::filters::{filters, instant};
use super::money::{Cents, Units};
use super::wait;
use crate::error::{Error, Result};
use crate::id::Id;
use crate::lenient::lenient;
use crate::ops::{Fields, Lossless, operations};
use crate::page::Instant;

/// What a group is charged.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Bill {
    /// Its id, e.g. `bill-520`.
    pub id: String,
    /// `account_bill`.
    #[serde(default, deserialize_with = "lenient")]
    pub object: Option<String>,
    /// The group that is charged.
    #[serde(default, deserialize_with = "lenient")]
    pub group_id: Option<String>,
    /// `submitted`, `invoiced`, `cancelled`, or another word.
    #[serde(default, deserialize_with = "lenient")]
    pub status: Option<String>,
    /// The amount in minor units of the currency.
    #[serde(default, deserialize_with = "lenient")]
    pub price_cents: Option<i64>,
    /// The currency, by three letters.
    #[serde(default, deserialize_with = "lenient")]
    pub currency: Option<String>,
    /// How many units were billed: a decimal, as a number or as text; null where none were said.
    #[serde(default)]
    pub units: Option<Value>,
    /// What the group reads on its invoice.
    #[serde(default, deserialize_with = "lenient")]
    pub description: Option<String>,
    /// When the billed period began.
    #[serde(default, deserialize_with = "lenient")]
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    pub period_started_at: Option<String>,
    /// When the billed period ended.
    #[serde(default, deserialize_with = "lenient")]
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    pub period_ended_at: Option<String>,
    /// Whether it is billed for somebody else, without commission.
    #[serde(default, deserialize_with = "lenient")]
    pub third_party: Option<bool>,
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
    /// Arguments of [`Bills::list`]: filters, all of which must hold.
    ListBills {
        text { id, group_id, status, currency, description }
        flag {}
        instant {
            created_at: created_at_after, created_at_before, created_at_strictly_after, created_at_strictly_before;
            updated_at: updated_at_after, updated_at_before, updated_at_strictly_after, updated_at_strictly_before;
            period_started_at: period_started_at_after, period_started_at_before,
                period_started_at_strictly_after, period_started_at_strictly_before;
            period_ended_at: period_ended_at_after, period_ended_at_before,
                period_ended_at_strictly_after, period_ended_at_strictly_before;
        }
        number {
            price_cents: price_cents_greater_than, price_cents_strictly_greater_than,
                price_cents_lower_than, price_cents_strictly_lower_than;
        }
    }
}

/// Arguments of [`Bills::create`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateBill {
    /// The group to charge.
    pub group_id: Id,
    /// The amount in minor units of the currency (2000 for 20.00): a whole number of at least 1.
    pub price_cents: Cents,
    /// The currency, by three capital letters. It must be given: the vendor's own default would be AUD, whatever the group's is.
    pub currency: String,
    /// What the group reads on its invoice; with the reference at most 255 characters.
    pub description: String,
    /// How many units are billed: a decimal with at most two digits after the point; default: none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<Units>,
    /// When the billed period began; together with its end, or neither: only then does the invoice show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    pub period_started_at: Option<String>,
    /// When the billed period ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    pub period_ended_at: Option<String>,
    /// Whether it is billed for somebody else, without commission; default false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub third_party: Option<bool>,
    /// The caller's own name of this bill, e.g. an order's number: 1 to 64 characters of `A-Z a-z 0-9 . _ ~ : @ + -`, never used
    /// for another bill. It is written at the end of the description, ` [ref:order-123]`, so that a bill whose reply was lost
    /// is found exactly.
    #[serde(default, skip_serializing)]
    pub reference: Option<String>,
    /// Where to remember what was sent: a file, or a store. With it, a crash between sending and remembering is settled
    /// at the next call with the same reference, and a second call gives the bill that there is. It needs a reference.
    #[serde(default, skip_serializing)]
    pub journal: Option<Journal>,
    /// Whether half a period is refused before sending; default true.
    #[serde(default = "yes", skip_serializing)]
    pub validate: bool,
}

pub(super) fn yes() -> bool {
    true
}

impl CreateBill {
    /// A bill over `price_cents` of `currency` for the group.
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
            units: None,
            period_started_at: None,
            period_ended_at: None,
            third_party: None,
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

    /// Remembered in this file.
    pub fn journal(mut self, path: impl Into<std::path::PathBuf>) -> Self {
        self.journal = Some(Journal::file(path));
        self
    }
}

impl Fields for CreateBill {
    fn body(&self) -> Option<Value> {
        billing::body(self, &self.description, self.reference.as_deref())
    }

    fn check(&self) -> Result<()> {
        if self.price_cents.0 < 1 {
            return Err(Error::validation("price_cents", "must be at least 1"));
        }
        check_currency(&self.currency)?;
        check_reference(self.reference.as_deref(), self.journal.is_some())?;
        check_description(&self.description, self.reference.as_deref())?;
        instant("period_started_at", self.period_started_at.as_deref())?;
        instant("period_ended_at", self.period_ended_at.as_deref())?;
        if !self.validate {
            return Ok(());
        }
        match (&self.period_started_at, &self.period_ended_at) {
            (None, None) => Ok(()),
            (Some(start), Some(end)) => match (Instant::parse(start), Instant::parse(end)) {
                (Some(start), Some(end)) if start.nanos() > end.nanos() => {
                    Err(Error::validation("period_ended_at", "is before period_started_at"))
                }
                _ => Ok(()),
            },
            (None, Some(_)) => {
                Err(Error::validation("period_started_at", "is missing: a period has both ends, or none"))
            }
            (Some(_), None) => Err(Error::validation("period_ended_at", "is missing: a period has both ends, or none")),
        }
    }
}

/// What is waited for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WaitForBill {
    /// The bill's id.
    pub(crate) id: Id,
    /// The statuses that end the waiting; default: `invoiced`, `cancelled`.
    #[serde(default)]
    pub until: Vec<String>,
    /// Milliseconds to wait at most; default 1,800,000 (half an hour). Invoicing closes once a month, on the 25th.
    #[serde(default)]
    pub max_wait_ms: Option<u64>,
    /// Milliseconds between two looks; default: 30,000, growing to 300,000.
    #[serde(default)]
    pub interval_ms: Option<u64>,
}

impl WaitForBill {
    /// Waits until the bill is invoiced or cancelled.
    pub fn the_end() -> Self {
        Self { id: Id::unset(), until: Vec::new(), max_wait_ms: None, interval_ms: None }
    }
}

impl Fields for WaitForBill {}

operations! {
    /// Bills: what a group is charged once.
    Bills(Client) in "maestrano.bills" {
        /// Lists bills, all at once: the vendor has no paging, and promises no order.
        ///
        /// A `group_id` that does not exist gives an empty list.
        /// Source: the vendor's page, "Account Management API"; the filters are those of its API sandbox.
        list(ListBills) -> Vec<Lossless<Bill>> = GET "/account/bills", Safe, Basic, Query;
    }
    of_id {
        /// Reads a bill.
        ///
        /// Source: the vendor's page, "Account Management API".
        get -> Lossless<Bill> = GET "/account/bills/{id}", Safe, Basic, None;

        /// Cancels a bill that is not invoiced yet. Cancelling one that is cancelled changes nothing and is a success.
        ///
        /// One that is invoiced raises `conflict`.
        /// Source: the vendor's page, "Account Management API".
        cancel -> Lossless<Bill> = DELETE "/account/bills/{id}", Idempotent, Basic, None;
    }
    composed {
        /// Charges a group.
        ///
        /// The vendor knows no idempotency key, so a request whose reply is lost is looked for among the group's bills, four times
        /// within 17 seconds. With a `reference` it is found exactly, and comes back with `already_applied`; without one, any bill
        /// like it raises `outcome_unknown` with `candidates`, because an identical bill may be legitimate. When there is none, it
        /// is sent again, at most twice. Each call makes a bill, also with a reference used before, unless a `journal` remembers
        /// it. Do not wrap it in a retry library.
        /// Source: the vendor's page, "Account Management API"; optional arguments: its API sandbox.
        create(CreateBill) -> Lossless<Bill> = POST "/account/bills", Once, Basic, Json;

        /// Waits until a bill has one of the statuses; raises `max_wait` when it does not in time.
        ///
        /// The vendor tells nobody when a bill changes: it is read again and again.
        /// Source: the vendor's wiki, "Single Billing".
        wait(WaitForBill) -> Lossless<Bill> = GET "/account/bills/{id}", Safe, Basic, None;
    }
}

impl Bills<'_> {
    /// Charges a group; a lost reply is settled as `billing` documents it.
    ///
    /// # Errors
    /// `validation`, those of a request, and `outcome_unknown` with `candidates`.
    pub async fn create(&self, arguments: CreateBill) -> Result<Lossless<Bill>> {
        let text = billing::create(self.client, arguments, &self.client.context()).await?;
        crate::ops::decode(&text, "application/json")
    }

    /// Waits until a bill has one of the statuses.
    ///
    /// # Errors
    /// Those of a read, `conflict` when it came to another end, and `max_wait`.
    pub async fn wait(
        &self,
        id: impl TryInto<Id, Error = Error>,
        mut arguments: WaitForBill,
    ) -> Result<Lossless<Bill>> {
        arguments.id = id.try_into()?;
        let text = wait::for_bill(self.client, arguments, &self.client.context()).await?;
        crate::ops::decode(&text, "application/json")
    }
}
