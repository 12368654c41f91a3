//! Users: the people of the groups.

use serde::{Deserialize, Serialize};

use super::Client;
use super::filters::filters;
use crate::lenient::lenient;
use crate::ops::{Lossless, operations};

/// A person who uses the app.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct User {
    /// The user's id, e.g. `usr-2`.
    pub id: String,
    /// `account_user`.
    #[serde(default, deserialize_with = "lenient")]
    pub object: Option<String>,
    /// First name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: Option<String>,
    /// Last name.
    #[serde(default, deserialize_with = "lenient")]
    pub surname: Option<String>,
    /// E-mail address.
    #[serde(default, deserialize_with = "lenient")]
    pub email: Option<String>,
    /// Country, usually by two letters; the vendor has also sent `UK`.
    #[serde(default, deserialize_with = "lenient")]
    pub country: Option<String>,
    /// The company's name.
    #[serde(default, deserialize_with = "lenient")]
    pub company_name: Option<String>,
    /// The token of the user's session; treat it as a password.
    #[serde(default, deserialize_with = "lenient")]
    #[cfg_attr(feature = "schema", schemars(extend("format" = "secret")))]
    pub sso_session: Option<String>,
    /// When the user was made.
    #[serde(default, deserialize_with = "lenient")]
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    pub created_at: Option<String>,
    /// When the user was last changed.
    #[serde(default, deserialize_with = "lenient")]
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    pub updated_at: Option<String>,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("id", &self.id).field("email", &self.email).finish_non_exhaustive()
    }
}

filters! {
    /// Arguments of [`Users::list`]: filters, all of which must hold.
    ListUsers {
        text { id, group_id, name, surname, email, country, company_name }
        flag {}
        instant {
            created_at: created_at_after, created_at_before, created_at_strictly_after, created_at_strictly_before;
            updated_at: updated_at_after, updated_at_before, updated_at_strictly_after, updated_at_strictly_before;
        }
        number {}
    }
}

operations! {
    /// Users: the people of the groups.
    Users(Client) in "maestrano.users" {
        /// Lists the users, all at once: the vendor has no paging, and promises no order.
        ///
        /// A `group_id` that does not exist gives an empty list.
        /// Source: the vendor's page, "Account Management API"; the filters are those of its API sandbox.
        list(ListUsers) -> Vec<Lossless<User>> = GET "/account/users", Safe, Basic, Query;
    }
    of_id {
        /// Reads a user.
        ///
        /// Source: the vendor's page, "Account Management API".
        get -> Lossless<User> = GET "/account/users/{id}", Safe, Basic, None;
    }
}
