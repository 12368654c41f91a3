//! Assets, as the server shows them: what a customer has bought.

use serde::Deserialize;
use serde_json::Value;

use super::item::Item;
use super::param::Param;
use super::tier::Tiers;
use crate::lenient::{Scalar, filled, lenient};

/// A subscription of a customer to a product.
///
/// Source: the vendor's specification v37, Assets.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Asset {
    /// The asset's id, e.g. `AS-0000-0000-0000`.
    pub id: String,
    /// `draft`, `processing`, `active`, `suspended`, `terminating`, `terminated`; others may come.
    #[serde(default, deserialize_with = "lenient")]
    pub status: Option<String>,
    /// The distributor's id of it: text or an integer.
    #[serde(default, deserialize_with = "lenient")]
    pub external_id: Option<Scalar>,
    /// The distributor's unique id of it.
    #[serde(default, deserialize_with = "lenient")]
    pub external_uid: Option<String>,
    /// The distributor's name of it.
    #[serde(default, deserialize_with = "lenient")]
    pub external_name: Option<String>,
    /// What was bought.
    #[serde(default, deserialize_with = "filled")]
    pub product: Option<Product>,
    /// Through which connection.
    #[serde(default, deserialize_with = "filled")]
    pub connection: Option<Connection>,
    /// The distribution contract.
    #[serde(default, deserialize_with = "filled")]
    pub contract: Option<Reference>,
    /// The marketplace it came through.
    #[serde(default, deserialize_with = "filled")]
    pub marketplace: Option<Reference>,
    /// How much of which item.
    #[serde(default, deserialize_with = "lenient")]
    pub items: Option<Vec<Item>>,
    /// Its parameters; `param` finds one by its id.
    #[serde(default, deserialize_with = "lenient")]
    pub params: Option<Vec<Param>>,
    /// The customer and the resellers; `tier` finds one in either of the shapes that the wire has.
    #[serde(default, deserialize_with = "filled")]
    pub tiers: Option<Tiers>,
    /// Parameters of the configuration phase.
    #[serde(default, deserialize_with = "filled")]
    pub configuration: Option<Configuration>,
    /// When what happened, and by whom.
    #[serde(default, deserialize_with = "lenient")]
    pub events: Option<Value>,
    /// The template shown for it; hidden unless selected.
    #[serde(default, deserialize_with = "filled")]
    pub template: Option<Reference>,
    /// Its open request; hidden unless selected.
    #[serde(default, deserialize_with = "filled")]
    pub pending_request: Option<Reference>,
    /// Its billing: period, next date, anniversary.
    #[serde(default, deserialize_with = "lenient")]
    pub billing: Option<Value>,
    /// Until when it runs.
    #[serde(default, deserialize_with = "lenient")]
    pub renewal_expiration_date: Option<String>,
}

impl Asset {
    /// The parameter called `id`, if there is one.
    pub fn param(&self, id: &str) -> Option<&Param> {
        self.params.iter().flatten().find(|param| param.id.as_deref() == Some(id))
    }
}

/// A product as an asset names it.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Product {
    /// Its id, e.g. `PRD-000-000-000`.
    #[serde(default, deserialize_with = "lenient")]
    pub id: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: Option<String>,
    /// Its status.
    #[serde(default, deserialize_with = "lenient")]
    pub status: Option<String>,
    /// The path of its icon.
    #[serde(default, deserialize_with = "lenient")]
    pub icon: Option<String>,
    /// Its category.
    #[serde(default, deserialize_with = "lenient")]
    pub category: Option<Value>,
}

/// The way an asset came: who sells it to whom.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Connection {
    /// Its id, e.g. `CT-0000-0000-0000`.
    #[serde(default, deserialize_with = "lenient")]
    pub id: Option<String>,
    /// `production`, `test`, `preview`; others may come.
    #[serde(default, deserialize_with = "lenient")]
    pub r#type: Option<String>,
    /// The distributor.
    #[serde(default, deserialize_with = "filled")]
    pub provider: Option<Reference>,
    /// The vendor.
    #[serde(default, deserialize_with = "filled")]
    pub vendor: Option<Reference>,
    /// The distributor's hub.
    #[serde(default, deserialize_with = "filled")]
    pub hub: Option<Reference>,
}

/// Parameters of the configuration phase.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Configuration {
    /// The parameters.
    #[serde(default, deserialize_with = "lenient")]
    pub params: Option<Vec<Param>>,
}

/// Something else by its id and its name.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Reference {
    /// Its id.
    #[serde(default, deserialize_with = "lenient")]
    pub id: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: Option<String>,
    /// Its status.
    #[serde(default, deserialize_with = "lenient")]
    pub status: Option<String>,
    /// The path of its icon.
    #[serde(default, deserialize_with = "lenient")]
    pub icon: Option<String>,
    /// The distributor's id of it.
    #[serde(default, deserialize_with = "lenient")]
    pub external_id: Option<Scalar>,
}
