//! Steps 2 and 3: a client is created, and takes its time.

use serde::{Deserialize, Serialize};

use super::Client;
use crate::id::Id;
use crate::ops::{Fields, operations};

/// Arguments of [`Signups::create`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateSignup {
    /// The plan, e.g. `T100`.
    pub tier: String,
    /// The merchant's name.
    pub company: String,
    /// First name of the administrator.
    pub first_name: String,
    /// Last name of the administrator.
    pub last_name: String,
    /// E-mail address of the administrator: an existing user, not the merchant's.
    pub email: String,
    /// Role of the administrator, e.g. `csm`.
    pub role: String,
    /// What the merchant is to Magento.
    pub magento: MagentoAccount,
}

/// What a merchant is to Magento.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MagentoAccount {
    /// The merchant's number, e.g. `MAG0000001`.
    pub customer_id: String,
    /// The merchant's subscription, e.g. `1000`.
    pub subscription_id: String,
}

impl Fields for CreateSignup {}

/// A signup that was started.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Signup {
    /// The signup's id, to be asked about with `get`.
    pub id: Id,
    /// Where the vendor says it can be asked about; never followed.
    pub url: Option<String>,
}

/// Arguments of [`Signups::get`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GetSignup {
    /// The id that `create` returned.
    #[serde(skip_serializing)]
    pub signup_id: Id,
}

impl Fields for GetSignup {
    fn ids(&self) -> Vec<&Id> {
        vec![&self.signup_id]
    }
}

/// How far a signup is.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SignupStatus {
    /// `completed` when it is done; other words are not documented.
    pub status: String,
    /// The client that was created, once there is one.
    pub client_id: Option<Id>,
    /// The public key to install on the host of an SSH tunnel.
    pub pubkey: Option<String>,
}

operations! {
    /// Creation of clients (the vendor's document, sections 2 and 3).
    Signups(Client) in "magento_bi.signups" {
        /// Starts the creation of a client and returns at once; `get` tells how far it is.
        ///
        /// Each sending creates one more client, and clients cannot be listed: a request whose reply was lost is not sent
        /// again, and raises `outcome_unknown`.
        /// Source: Magento BI Cloud Onboarding API, section 2.
        create(CreateSignup) -> Signup = POST "/v3/signups", Once, None, Json;

        /// Reads how far the creation of a client is.
        ///
        /// Raises `not_found` for an unknown id.
        /// Source: Magento BI Cloud Onboarding API, section 3.
        get(GetSignup) -> SignupStatus = GET "/v3/signups/{signup_id}", Safe, None, None;
    }
}
