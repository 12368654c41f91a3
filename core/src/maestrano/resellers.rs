//! Resellers: who sells the app on a marketplace.

use serde::{Deserialize, Serialize};

use super::Client;
use super::filters::filters;
use super::groups::Group;
use crate::lenient::lenient;
use crate::ops::{Lossless, operations};

/// Who sells the app.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Reseller {
    /// Its id, e.g. `rsl-1`.
    pub id: String,
    /// `account_reseller`.
    #[serde(default, deserialize_with = "lenient")]
    pub object: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: Option<String>,
    /// Its code.
    #[serde(default, deserialize_with = "lenient")]
    pub code: Option<String>,
    /// Its country.
    #[serde(default, deserialize_with = "lenient")]
    pub country: Option<String>,
    /// When it was made.
    #[serde(default, deserialize_with = "lenient")]
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    pub created_at: Option<String>,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient")]
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    pub updated_at: Option<String>,
}

filters! {
    /// Arguments of [`Resellers::list`]: filters, all of which must hold.
    ListResellers {
        text { id, name, code, country }
        flag {}
        instant {}
        number {}
    }
}

operations! {
    /// Resellers: who sells the app on a marketplace.
    Resellers(Client) in "maestrano.resellers" {
        /// Lists the resellers.
        ///
        /// Source: the vendor's API sandbox; the vendor's page does not have it.
        list(ListResellers) -> Vec<Lossless<Reseller>> = GET "/account/resellers", Safe, Basic, Query;
    }
    of_id {
        /// Reads a reseller.
        ///
        /// Source: the vendor's API sandbox; the vendor's page does not have it.
        get -> Lossless<Reseller> = GET "/account/resellers/{id}", Safe, Basic, None;

        /// Lists the groups of a reseller.
        ///
        /// Source: the vendor's API sandbox; the vendor's page does not have it.
        groups -> Vec<Lossless<Group>> = GET "/account/resellers/{id}/groups", Safe, Basic, None;
    }
}
