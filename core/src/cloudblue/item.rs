//! Items: how much of what.

use serde::Deserialize;
use serde_json::Value;

use super::param::Param;
use crate::lenient::{Scalar, lenient};

/// An item of an asset, with its quantity now and before.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Item {
    /// Its id.
    #[serde(default, deserialize_with = "lenient")]
    pub id: Option<String>,
    /// Its id across products.
    #[serde(default, deserialize_with = "lenient")]
    pub global_id: Option<String>,
    /// The vendor's own number of it.
    #[serde(default, deserialize_with = "lenient")]
    pub mpn: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub display_name: Option<String>,
    /// How much there will be: text such as `"3"`, `"unlimited"`, `"-1"` (pay per use) or `""`; a number in old replies.
    #[serde(default, deserialize_with = "lenient")]
    pub quantity: Option<Scalar>,
    /// How much there was, in the same forms.
    #[serde(default, deserialize_with = "lenient")]
    pub old_quantity: Option<Scalar>,
    /// The unit's name.
    #[serde(default, deserialize_with = "lenient")]
    pub r#type: Option<String>,
    /// `Reservation`, `PPU`; others may come.
    #[serde(default, deserialize_with = "lenient")]
    pub item_type: Option<String>,
    /// `Monthly`, `Yearly`, `OneTime` …
    #[serde(default, deserialize_with = "lenient")]
    pub period: Option<String>,
    /// Its parameters.
    #[serde(default, deserialize_with = "lenient")]
    pub params: Option<Vec<Param>>,
    /// Its renewal.
    #[serde(default, deserialize_with = "lenient")]
    pub renewal: Option<Value>,
}

/// A quantity in any of the forms that the wire has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Quantity {
    /// A decimal number, as the wire writes it.
    Number(String),
    /// `"unlimited"`, or `"-1"` of an item that is paid per use.
    Unlimited,
}

impl Item {
    /// How much there will be; `None` when the wire says nothing that counts.
    pub fn quantity_value(&self) -> Option<Quantity> {
        self.read(self.quantity.as_ref())
    }

    /// How much there was.
    pub fn old_quantity_value(&self) -> Option<Quantity> {
        self.read(self.old_quantity.as_ref())
    }

    /// Whether there was none and there will be some.
    pub fn is_new(&self) -> bool {
        self.none(self.old_quantity_value()) && !self.none(self.quantity_value())
    }

    /// Whether there was some and there will be another amount of it.
    pub fn is_changed(&self) -> bool {
        let (new, old) = (self.quantity_value(), self.old_quantity_value());
        !self.none(old.clone()) && !self.none(new.clone()) && new != old
    }

    /// Whether there was some and there will be none.
    pub fn is_removed(&self) -> bool {
        !self.none(self.old_quantity_value()) && self.none(self.quantity_value())
    }

    fn none(&self, quantity: Option<Quantity>) -> bool {
        match quantity {
            None => true,
            Some(Quantity::Unlimited) => false,
            Some(Quantity::Number(text)) => !text.contains(|c: char| ('1'..='9').contains(&c)),
        }
    }

    fn read(&self, quantity: Option<&Scalar>) -> Option<Quantity> {
        let text = quantity?.to_string();
        let per_use = self.item_type.as_deref() == Some("PPU");
        match text.trim() {
            text if text.eq_ignore_ascii_case("unlimited") => Some(Quantity::Unlimited),
            "-1" if per_use => Some(Quantity::Unlimited),
            text if text.parse::<f64>().is_ok_and(f64::is_finite) => Some(Quantity::Number(trimmed(text))),
            _ => None,
        }
    }
}

/// `3.0` and `3` are one amount.
fn trimmed(text: &str) -> String {
    match text.contains('.') && !text.contains(['e', 'E']) {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    }
}
