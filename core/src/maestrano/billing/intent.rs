//! What a journal remembers of one bill: that it was going to be sent, and what came of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Chargeable, marked};
use crate::error::{Error, Result};
use crate::flow::checkpoint::sha256;

/// What is known of a bill by its reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(super) enum Remembered {
    /// It was going to be sent; until `lease_until_ms` whoever said so may still be sending it.
    Intended {
        digest: String,
        at_ms: i64,
        lease_until_ms: i64,
        /// Who said so: a random text.
        by: String,
    },
    /// It is there.
    Done { digest: String, id: String },
    /// The server refused it, or never heard of it: there is none.
    Refused,
}

/// A bill to be made, with what finds it again.
pub(super) struct Intent {
    /// The group whose bills are read.
    pub(super) group_id: String,
    pub(super) price_cents: i64,
    pub(super) currency: String,
    /// As it is sent, with the reference at its end.
    pub(super) description: String,
    pub(super) reference: Option<String>,
    /// Under which name a journal keeps it.
    pub(super) key: String,
    /// Stands for everything that is sent.
    pub(super) digest: String,
}

impl Intent {
    /// Notes what finds the bill again.
    pub(super) fn of<A: Chargeable>(arguments: &A, app_id: &str) -> Result<Self> {
        let reference = arguments.reference().map(str::to_owned);
        let description = match &reference {
            Some(reference) => marked(arguments.description(), reference),
            None => arguments.description().to_owned(),
        };
        let sent = arguments.encode(crate::ops::Body::Json)?;
        let sent = std::str::from_utf8(&sent).map_err(|_| Error::internal("a body that is not UTF-8"))?;
        let name = reference.as_deref().unwrap_or_default();
        Ok(Self {
            group_id: arguments.group_id().to_owned(),
            price_cents: arguments.price_cents(),
            currency: arguments.currency().to_owned(),
            description,
            key: format!("{app_id}/{}/{name}", A::RESOURCE),
            digest: sha256(sent),
            reference,
        })
    }

    /// Whether a row of the list may be what was sent at `sent_ms`.
    ///
    /// A cancelled one is not: whoever cancelled it does not pay it.
    pub(super) fn matches(&self, row: &Value, sent_ms: i64) -> bool {
        let text = |field: &str| row[field].as_str().unwrap_or_default();
        if text("status") == "cancelled" || text("group_id") != self.group_id {
            return false;
        }
        if let Some(reference) = &self.reference {
            return super::bears(text("description"), reference);
        }
        let created = crate::page::Instant::parse(text("created_at")).map(|at| at.nanos() / 1_000_000);
        row["price_cents"].as_i64() == Some(self.price_cents)
            && text("currency").eq_ignore_ascii_case(&self.currency)
            && text("description") == self.description
            // A row without a readable date may be it.
            && created.is_none_or(|created| created >= i128::from(sent_ms) - SKEW_MS)
    }
}

/// What of a row tells whether it is the one.
pub(super) const FACTS: [&str; 7] =
    ["id", "group_id", "status", "price_cents", "currency", "description", "created_at"];

/// By so much the server's clock may be behind.
const SKEW_MS: i128 = 5 * 60 * 1_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maestrano::bills::CreateBill;
    use serde_json::json;

    const SENT: i64 = 1_767_225_600_000; // 2026-01-01T00:00:00Z

    fn intent(reference: Option<&str>) -> Intent {
        let mut bill = CreateBill::new("cld-4", 2000, "USD", "Product purchase").unwrap();
        bill.reference = reference.map(str::to_owned);
        Intent::of(&bill, "app-1").unwrap()
    }

    fn row(change: Value) -> Value {
        let mut row = json!({
            "id": "bill-1", "group_id": "cld-4", "price_cents": 2000, "currency": "USD", "status": "submitted",
            "description": "Product purchase", "created_at": "2026-01-01T00:00:01Z",
        });
        for (name, value) in change.as_object().unwrap() {
            row[name] = value.clone();
        }
        row
    }

    #[test]
    fn without_a_reference_everything_that_was_said_must_agree() {
        let intent = intent(None);
        assert!(intent.matches(&row(json!({})), SENT));
        assert!(intent.matches(&row(json!({"created_at": null})), SENT), "it may be it");
        assert!(intent.matches(&row(json!({"created_at": "2025-12-31T23:56:00Z"})), SENT), "clocks differ");
        for other in [
            json!({"group_id": "cld-5"}),
            json!({"price_cents": 2001}),
            json!({"currency": "AUD"}),
            json!({"description": "Product purchase [ref:order-123]"}),
            json!({"created_at": "2025-12-31T23:00:00Z"}),
            json!({"status": "cancelled"}),
        ] {
            assert!(!intent.matches(&row(other.clone()), SENT), "{other}");
        }
    }

    #[test]
    fn with_a_reference_nothing_else_matters() {
        let intent = intent(Some("order-123"));
        assert_eq!(intent.description, "Product purchase [ref:order-123]");
        let found = json!({"description": "Product purchase [ref:order-123]", "price_cents": 1, "created_at": "2020-01-01T00:00:00Z"});
        assert!(intent.matches(&row(found), SENT));
        assert!(!intent.matches(&row(json!({})), SENT), "an identical bill of somebody else");
    }

    #[test]
    fn the_digest_stands_for_everything_that_is_sent() {
        let (one, same) = (intent(Some("a")), intent(Some("a")));
        assert_eq!(one.digest, same.digest);
        assert_ne!(one.digest, intent(Some("b")).digest);
        assert_eq!(one.key, "app-1/bills/a");
    }
}
