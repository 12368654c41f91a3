//! Step 5: properties of a client.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Client;
use crate::id::Id;
use crate::ops::{Fields, map, operations};

/// Arguments of [`Clients::update`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateClient {
    /// The client that the signup created.
    #[serde(skip_serializing)]
    pub client_id: Id,
    /// The client's name; it renames the client.
    pub name: String,
    /// Properties by name, sent as they are: the vendor mixes text, booleans and nulls.
    #[serde(default)]
    pub properties: BTreeMap<String, Value>,
}

impl Fields for UpdateClient {
    fn ids(&self) -> Vec<&Id> {
        vec![&self.client_id]
    }
}

/// A client as the server shows it after an update; the vendor documents no field of it.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ClientRecord {
    /// The client's id.
    pub id: Option<Id>,
    /// The client's name.
    pub name: Option<String>,
    /// Properties by name.
    #[serde(default, deserialize_with = "map")]
    pub properties: Option<BTreeMap<String, Value>>,
}

operations! {
    /// Properties of a client (the vendor's document, section 5).
    Clients(Client) in "magento_bi.clients" {
        /// Sets a client's name and properties; exactly those given are sent.
        ///
        /// Whether the server merges them or replaces all is not documented. Repeating it is harmless.
        /// Source: Magento BI Cloud Onboarding API, section 5.
        update(UpdateClient) -> Option<ClientRecord> = PUT "/v1/clients/{client_id}", Idempotent, CookieOrBearer, Json;
    }
}
