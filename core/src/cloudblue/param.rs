//! Parameters: the questions of a product and their answers.

use serde::Deserialize;
use serde_json::Value;

use crate::lenient::lenient;

/// A parameter of an asset.
#[derive(Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Param {
    /// Its id, e.g. `email`.
    #[serde(default, deserialize_with = "lenient")]
    pub id: Option<String>,
    /// Its value as text, null or `""`; may hold a password or a customer's data, so displays hide it.
    #[serde(default, deserialize_with = "lenient")]
    #[cfg_attr(feature = "schema", schemars(extend("format" = "secret")))]
    pub value: Option<String>,
    /// Its value as an object or a list: address, phone, checkbox, object.
    #[serde(default, deserialize_with = "lenient")]
    pub structured_value: Option<Value>,
    /// What is wrong with the value, for the customer to read.
    #[serde(default, deserialize_with = "lenient")]
    pub value_error: Option<String>,
    /// What is wrong with parts of a structured value.
    #[serde(default, deserialize_with = "lenient")]
    pub structured_error: Option<Value>,
    /// `text`, `dropdown`, `password`, `email`, `checkbox`, `subdomain`, `domain`, `phone`, `url`, `choice`, `address`, `object`; others may come.
    #[serde(default, deserialize_with = "lenient")]
    pub r#type: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: Option<String>,
    /// Its title.
    #[serde(default, deserialize_with = "lenient")]
    pub title: Option<String>,
    /// What it asks for.
    #[serde(default, deserialize_with = "lenient")]
    pub description: Option<String>,
    /// `asset`, `tier1`, `tier2`, `product`, `item`, `marketplace`, `item_marketplace`.
    #[serde(default, deserialize_with = "lenient")]
    pub scope: Option<String>,
    /// `ordering`, `fulfillment`, `configuration`.
    #[serde(default, deserialize_with = "lenient")]
    pub phase: Option<String>,
    /// What can be chosen: `""`, texts, or `{value, label}`.
    #[serde(default, deserialize_with = "lenient")]
    pub value_choices: Option<Value>,
    /// `required`, `hidden`, `readonly`, `unique`, `reconciliation`, `shared`; each may be null.
    #[serde(default, deserialize_with = "lenient")]
    pub constraints: Option<Value>,
    /// Whether assets are matched by it.
    #[serde(default, deserialize_with = "lenient")]
    pub reconciliation: Option<Value>,
    /// When what happened, and by whom.
    #[serde(default, deserialize_with = "lenient")]
    pub events: Option<Value>,
}

/// Shows what it is, and none of its values.
impl std::fmt::Debug for Param {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Param").field("id", &self.id).field("type", &self.r#type).finish_non_exhaustive()
    }
}

/// A change of a parameter; what is absent stays as it is.
#[derive(Clone, Default, serde::Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ParamChange {
    /// The parameter's id.
    pub id: String,
    /// Its new value as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Its new value as an object or a list: address, phone, checkbox, object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structured_value: Option<Value>,
    /// What is wrong with the value, for the customer to read; `""` takes it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_error: Option<String>,
    /// What is wrong with parts of a structured value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structured_error: Option<Value>,
}

/// Shows what it is, and none of its values.
impl std::fmt::Debug for ParamChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParamChange").field("id", &self.id).finish_non_exhaustive()
    }
}
