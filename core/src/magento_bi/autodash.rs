//! Steps 10 and 11: templated dashboards.

use serde::{Deserialize, Serialize};

use super::Client;
use crate::id::Id;
use crate::ops::{Fields, operations};

/// Arguments of [`Autodash::create`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateAutodash {
    /// The client that the signup created.
    #[serde(skip_serializing)]
    pub client_id: Id,
    /// Where the dashboards read.
    pub connections: AutodashConnections,
    /// The template; `magento1_rjql1` is the only one documented.
    pub package: String,
    /// The user who will own them; absent, the key is not sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<Id>,
}

/// Where dashboards read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AutodashConnections {
    /// The merchant's database.
    pub db: AutodashDatabase,
}

/// A database that dashboards read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AutodashDatabase {
    /// The connection: its `meta_id`, as the vendor's example client has it.
    pub connection_id: Id,
    /// The database's name.
    pub database: String,
    /// What every table's name starts with; may be empty.
    pub table_prefix: String,
}

impl Fields for CreateAutodash {
    fn ids(&self) -> Vec<&Id> {
        vec![&self.client_id]
    }
}

/// A creation of dashboards that was started.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AutodashJob {
    /// The job's id, to be asked about with `get`.
    pub id: Id,
}

/// Arguments of [`Autodash::get`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GetAutodash {
    /// The client that the signup created.
    #[serde(skip_serializing)]
    pub client_id: Id,
    /// The id that `create` returned.
    #[serde(skip_serializing)]
    pub autodash_id: Id,
}

impl Fields for GetAutodash {
    fn ids(&self) -> Vec<&Id> {
        vec![&self.client_id, &self.autodash_id]
    }
}

/// How far a creation of dashboards is.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AutodashStatus {
    /// `completed` (the vendor's document) or `success` (its example client) when it is done.
    pub status: String,
    /// The job's id.
    pub job_id: Option<Id>,
}

operations! {
    /// Templated dashboards (the vendor's document, sections 10 and 11).
    Autodash(Client) in "magento_bi.autodash" {
        /// Starts the creation of dashboards from a template; `get` tells how far it is.
        ///
        /// Each sending may create them once more: a request whose reply was lost is not sent again, and raises
        /// `outcome_unknown`. They show data after the client's next full update.
        /// Source: Magento BI Cloud Onboarding API, section 10.
        create(CreateAutodash) -> AutodashJob = POST "/v1/clients/{client_id}/autodash", Once, CookieOrBearer, Json;

        /// Reads how far the creation of dashboards is.
        ///
        /// Raises `not_found` for an unknown id.
        /// Source: Magento BI Cloud Onboarding API, section 11.
        get(GetAutodash) -> AutodashStatus = GET "/v1/clients/{client_id}/autodash/{autodash_id}", Safe, CookieOrBearer, None;
    }
}
