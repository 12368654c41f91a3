//! Usage of an asset, summed up.

use serde::Deserialize;
use serde_json::Value;

use super::asset::Reference;
use super::item::Item;
use crate::lenient::{filled, lenient};

/// The usage of one item of an asset.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct UsageAggregate {
    /// The asset.
    #[serde(default, deserialize_with = "filled")]
    pub asset: Option<Reference>,
    /// The item.
    #[serde(default, deserialize_with = "filled")]
    pub item: Option<Item>,
    /// How much was used.
    #[serde(default, deserialize_with = "lenient")]
    pub value: Option<Value>,
    /// From when to when.
    #[serde(default, deserialize_with = "lenient")]
    pub period: Option<Value>,
}
