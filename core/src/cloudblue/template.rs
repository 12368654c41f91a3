//! Templates: what a customer is shown when a request is approved or asked back about.

use serde::Deserialize;
use serde_json::Value;

use crate::lenient::lenient;

/// A template of a product.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Template {
    /// Its id, e.g. `TL-000-000-000`.
    pub id: String,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: Option<String>,
    /// Its title.
    #[serde(default, deserialize_with = "lenient")]
    pub title: Option<String>,
    /// `asset`, `tier1`, `tier2`.
    #[serde(default, deserialize_with = "lenient")]
    pub scope: Option<String>,
    /// `fulfillment`, `inquire`, `pending`; others may come.
    #[serde(default, deserialize_with = "lenient")]
    pub r#type: Option<String>,
    /// Its text, with placeholders.
    #[serde(default, deserialize_with = "lenient")]
    pub body: Option<String>,
    /// When what happened, and by whom.
    #[serde(default, deserialize_with = "lenient")]
    pub events: Option<Value>,
}
