//! Tiers: the customer of an asset and the resellers between.

use serde::Deserialize;
use serde_json::Value;

use super::asset::{Asset, Reference};
use crate::lenient::{Scalar, filled, lenient};

/// The accounts of an asset. The page of 2020 nests `tier1` and `tier2` in the customer; `tier` of the asset finds them in both shapes.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Tiers {
    /// The customer.
    #[serde(default, deserialize_with = "filled")]
    pub customer: Option<Tier>,
    /// The reseller who sells to the customer.
    #[serde(default, deserialize_with = "filled")]
    pub tier1: Option<Tier>,
    /// The reseller above that one.
    #[serde(default, deserialize_with = "filled")]
    pub tier2: Option<Tier>,
}

/// An account.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Tier {
    /// Its id, e.g. `TA-0000-0000-0000`.
    #[serde(default, deserialize_with = "lenient")]
    pub id: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: Option<String>,
    /// Its name in the shape of 2020.
    #[serde(default, deserialize_with = "lenient")]
    pub account_name: Option<String>,
    /// The distributor's id of it: text or an integer.
    #[serde(default, deserialize_with = "lenient")]
    pub external_id: Option<Scalar>,
    /// The distributor's unique id of it.
    #[serde(default, deserialize_with = "lenient")]
    pub external_uid: Option<String>,
    /// Its tax number.
    #[serde(default, deserialize_with = "lenient")]
    pub tax_id: Option<String>,
    /// Its kind.
    #[serde(default, deserialize_with = "lenient")]
    pub r#type: Option<String>,
    /// Its address and its contact person.
    #[serde(default, deserialize_with = "lenient")]
    pub contact_info: Option<Value>,
    /// The account above.
    #[serde(default, deserialize_with = "filled")]
    pub parent: Option<Reference>,
    /// Who owns the account.
    #[serde(default, deserialize_with = "filled")]
    pub owner: Option<Reference>,
    /// Its hub.
    #[serde(default, deserialize_with = "filled")]
    pub hub: Option<Reference>,
    /// The roles it has: `customer`, `tier1`, `tier2`.
    #[serde(default, deserialize_with = "lenient")]
    pub scopes: Option<Value>,
    /// Its version.
    #[serde(default, deserialize_with = "lenient")]
    pub version: Option<Value>,
    /// In the shape of 2020, the reseller who sells to this customer.
    #[serde(default, deserialize_with = "filled")]
    pub tier1: Option<Box<Tier>>,
    /// In the shape of 2020, the reseller above that one.
    #[serde(default, deserialize_with = "filled")]
    pub tier2: Option<Box<Tier>>,
    /// In the shape of 2020, the marketplace.
    #[serde(default, deserialize_with = "filled")]
    pub marketplace: Option<Reference>,
}

impl Asset {
    /// The account called `customer`, `tier1` or `tier2`, in either of the shapes that the wire has.
    pub fn tier(&self, name: &str) -> Option<&Tier> {
        let tiers = self.tiers.as_ref()?;
        let customer = tiers.customer.as_ref();
        match name {
            "customer" => customer,
            "tier1" => tiers.tier1.as_ref().or_else(|| customer?.tier1.as_deref()),
            "tier2" => tiers.tier2.as_ref().or_else(|| customer?.tier2.as_deref()),
            _ => None,
        }
    }
}
