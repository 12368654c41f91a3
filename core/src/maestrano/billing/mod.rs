//! Creating what is paid for, without ever charging twice: the vendor has no idempotency key, so what was sent is looked for.
//!
//! The look-up reads all bills of the group and compares here. It never asks by amount or date: a filter that the live API did
//! not know would give an empty list, and an empty list would count as proof that nothing was charged.

mod intent;
mod journal;
mod lookup;
mod settle;

pub use journal::Journal;

pub(super) use settle::{adopt, create, force};

use serde::Serialize;
use serde_json::Value;

use super::bills::CreateBill;
use super::recurring_bills::CreateRecurringBill;
use crate::error::{Error, Result};
use crate::ops::Arguments;

/// What can be created by a request that charges somebody.
pub(super) trait Chargeable: Arguments {
    /// `bills` or `recurring_bills`: the resource, as the operations call it.
    const RESOURCE: &'static str;

    fn group_id(&self) -> &str;
    fn price_cents(&self) -> i64;
    fn currency(&self) -> &str;
    fn description(&self) -> &str;
    fn reference(&self) -> Option<&str>;
    fn journal(&self) -> Option<&Journal>;

    /// Refuses what depends on the time.
    ///
    /// # Errors
    /// `validation` that names the argument.
    fn check_at(&self, _now_ms: i64) -> Result<()> {
        Ok(())
    }
}

macro_rules! chargeable {
    ($arguments:ty, $resource:literal) => {
        const RESOURCE: &'static str = $resource;

        fn group_id(&self) -> &str {
            self.group_id.as_str()
        }

        fn price_cents(&self) -> i64 {
            self.price_cents.0
        }

        fn currency(&self) -> &str {
            &self.currency
        }

        fn description(&self) -> &str {
            &self.description
        }

        fn reference(&self) -> Option<&str> {
            self.reference.as_deref()
        }

        fn journal(&self) -> Option<&Journal> {
            self.journal.as_ref()
        }
    };
}

impl Chargeable for CreateBill {
    chargeable!(CreateBill, "bills");
}

impl Chargeable for CreateRecurringBill {
    chargeable!(CreateRecurringBill, "recurring_bills");

    fn check_at(&self, now_ms: i64) -> Result<()> {
        super::recurring_bills::check_start(self, now_ms)
    }
}

/// Characters of a description at most: a longer one might be cut, and with it the reference that finds it.
const MAX_DESCRIPTION: usize = 255;
const MAX_REFERENCE: usize = 64;
const MARK: &str = "[ref:";

/// A description with the reference at its end.
fn marked(description: &str, reference: &str) -> String {
    format!("{description} {MARK}{reference}]")
}

/// The body of a request whose description bears its reference; `None` when there is none to bear.
pub(super) fn body(arguments: &impl Serialize, description: &str, reference: Option<&str>) -> Option<Value> {
    let mut body = serde_json::to_value(arguments).ok()?;
    body["description"] = marked(description, reference?).into();
    Some(body)
}

/// Whether a description ends with this reference.
fn bears(description: &str, reference: &str) -> bool {
    description.strip_suffix(']').and_then(|rest| rest.rsplit_once(MARK)).is_some_and(|(_, found)| found == reference)
}

/// Refuses what is no currency. Which ones the vendor takes only it knows.
pub(super) fn check_currency(currency: &str) -> Result<()> {
    if currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(());
    }
    Err(Error::validation("currency", "must be a currency's three capital letters, e.g. USD"))
}

/// Refuses a reference that could not be found again, and a journal without one.
pub(super) fn check_reference(reference: Option<&str>, journal: bool) -> Result<()> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._~:@+-".contains(&byte);
    match reference {
        Some(text) if text.is_empty() || text.len() > MAX_REFERENCE || !text.bytes().all(allowed) => {
            Err(Error::validation(
                "reference",
                format!("must be 1 to {MAX_REFERENCE} characters of A-Z a-z 0-9 . _ ~ : @ + -"),
            ))
        }
        None if journal => {
            Err(Error::validation("reference", "is missing: a journal remembers bills by their references"))
        }
        _ => Ok(()),
    }
}

/// Refuses a description that is empty, too long, or looks as if it bore a reference.
pub(super) fn check_description(description: &str, reference: Option<&str>) -> Result<()> {
    if description.trim().is_empty() {
        return Err(Error::validation("description", "is empty"));
    }
    let whole = reference.map_or_else(|| description.to_owned(), |reference| marked(description, reference));
    if whole.chars().count() > MAX_DESCRIPTION {
        let message = format!("is longer than {MAX_DESCRIPTION} characters, the reference included");
        return Err(Error::validation("description", message));
    }
    if description.contains(MARK) {
        return Err(Error::validation("description", "holds the mark of a reference: give it as reference"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_found_exactly() {
        let text = marked("Product purchase", "order-123");
        assert_eq!(text, "Product purchase [ref:order-123]");
        assert!(bears(&text, "order-123"));
        for other in ["order-12", "order-1234", "rder-123", ""] {
            assert!(!bears(&text, other), "{other}");
        }
        assert!(!bears("Product purchase order-123", "order-123"));
    }

    #[test]
    fn what_could_not_be_found_again_is_refused() {
        assert!(check_reference(Some("a b"), false).is_err());
        assert!(check_reference(Some("a]"), false).is_err());
        assert!(check_reference(Some(&"a".repeat(65)), false).is_err());
        assert!(check_reference(None, true).is_err());
        assert!(check_reference(None, false).is_ok());
        assert!(check_description(&"ü".repeat(255), None).is_ok());
        assert!(check_description(&"ü".repeat(255), Some("a")).is_err());
        assert!(check_description("x [ref:y]", None).is_err());
        assert!(check_description(" ", None).is_err());
    }

    #[test]
    fn a_currency_is_three_capital_letters() {
        assert!(check_currency("USD").is_ok());
        for other in ["usd", "US", "USDX", "", "U$D"] {
            assert!(check_currency(other).is_err(), "{other}");
        }
    }
}
