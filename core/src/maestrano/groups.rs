//! Groups: the customers of an app.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Client;
use super::filters::filters;
use crate::lenient::lenient;
use crate::ops::{Lossless, operations};

/// A customer: who uses the app, and is billed.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Group {
    /// Its id, e.g. `cld-4`.
    pub id: String,
    /// `account_group`.
    #[serde(default, deserialize_with = "lenient")]
    pub object: Option<String>,
    /// `running`, `terminated`, or another word.
    #[serde(default, deserialize_with = "lenient")]
    pub status: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: Option<String>,
    /// Its e-mail address.
    #[serde(default, deserialize_with = "lenient")]
    pub email: Option<String>,
    /// Whether it can be charged.
    #[serde(default, deserialize_with = "lenient")]
    pub has_credit_card: Option<bool>,
    /// When its free trial ends; nothing is billed before. A date of the year 0 counts as none.
    #[serde(default, deserialize_with = "lenient")]
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    pub free_trial_end_at: Option<String>,
    /// Its currency, e.g. `USD`. A bill's is another matter: it is given with each bill.
    #[serde(default, deserialize_with = "lenient")]
    pub currency: Option<String>,
    /// Its time zone, e.g. `America/Los_Angeles`.
    #[serde(default, deserialize_with = "lenient")]
    pub timezone: Option<String>,
    /// Its country, usually by two letters.
    #[serde(default, deserialize_with = "lenient")]
    pub country: Option<String>,
    /// Its city.
    #[serde(default, deserialize_with = "lenient")]
    pub city: Option<String>,
    /// The accounting application that it uses mainly.
    #[serde(default, deserialize_with = "lenient")]
    pub main_accounting: Option<String>,
    /// Settings of data sharing: `pull_disabled`, `push_disabled`.
    #[serde(default, deserialize_with = "lenient")]
    pub metadata: Option<Map<String, Value>>,
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
    /// Arguments of [`Groups::list`]: filters, all of which must hold.
    ListGroups {
        text { id, status, name, email, currency, timezone, country, city }
        flag { has_credit_card }
        instant {
            created_at: created_at_after, created_at_before, created_at_strictly_after, created_at_strictly_before;
            updated_at: updated_at_after, updated_at_before, updated_at_strictly_after, updated_at_strictly_before;
            free_trial_end_at: free_trial_end_at_after, free_trial_end_at_before,
                free_trial_end_at_strictly_after, free_trial_end_at_strictly_before;
        }
        number {}
    }
}

operations! {
    /// Groups: the customers of an app.
    Groups(Client) in "maestrano.groups" {
        /// Lists the groups that the app has, all at once: the vendor has no paging, and promises no order.
        ///
        /// Source: the vendor's page, "Account Management API"; the filters are those of its API sandbox.
        list(ListGroups) -> Vec<Lossless<Group>> = GET "/account/groups", Safe, Basic, Query;
    }
    of_id {
        /// Reads a group.
        ///
        /// Source: the vendor's page, "Account Management API".
        get -> Lossless<Group> = GET "/account/groups/{id}", Safe, Basic, None;
    }
}
