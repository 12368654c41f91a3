//! Steps 6 and 7: the connection to the merchant's database.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Client;
use crate::id::Id;
use crate::ops::{Fields, map, operations};
use crate::secret::{Secret, into_body, option_into_body};

/// Arguments of [`Connections::create`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateConnection {
    /// The client that the signup created.
    #[serde(skip_serializing)]
    pub client_id: Id,
    /// The secrets of the connection; they never come back.
    pub credentials: ConnectionCredentials,
    /// The name to show.
    pub display_name: String,
    /// The name.
    pub name: String,
    /// How to reach the database.
    pub properties: ConnectionProperties,
    /// The kind of database, e.g. `mysql`.
    pub r#type: String,
}

/// The secrets of a connection.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ConnectionCredentials {
    /// Password of the encryption, e.g. of a VPN.
    #[serde(default, serialize_with = "option_into_body")]
    pub encryption_password: Option<Secret>,
    /// Password of the database's user.
    #[serde(default, serialize_with = "option_into_body")]
    pub password: Option<Secret>,
}

/// How to reach a database, by name: text, null, or a secret given by its source.
///
/// `host`, `port`, `username`, `dbName`, `encryption_type` … as the wire has them; `encryption_groupSecret` is always a
/// secret.
#[derive(Debug, Clone, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConnectionProperties(
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, Option<Secret>>"))]
    pub  BTreeMap<String, Option<Property>>,
);

/// The value of a property.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Property {
    /// Plain text.
    Text(String),
    /// A secret.
    Secret(#[serde(serialize_with = "into_body")] Secret),
}

impl<'de> Deserialize<'de> for ConnectionProperties {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut properties = BTreeMap::<String, Option<Property>>::deserialize(deserializer)?;
        hide_group_secret(&mut properties);
        Ok(Self(properties))
    }
}

/// The group secret of a VPN stands among the properties: plain text there is a secret all the same.
fn hide_group_secret(properties: &mut BTreeMap<String, Option<Property>>) {
    if let Some(Some(value)) = properties.get_mut("encryption_groupSecret")
        && let Property::Text(text) = value
    {
        *value = Property::Secret(Secret::text(std::mem::take(text)));
    }
}

impl Fields for CreateConnection {
    fn ids(&self) -> Vec<&Id> {
        vec![&self.client_id]
    }

    fn secrets(&mut self) -> Vec<&mut Secret> {
        hide_group_secret(&mut self.properties.0);
        let credentials = [&mut self.credentials.encryption_password, &mut self.credentials.password];
        let properties = self.properties.0.values_mut().filter_map(|value| match value {
            Some(Property::Secret(secret)) => Some(secret),
            _ => None,
        });
        credentials.into_iter().flatten().chain(properties).collect()
    }
}

/// A database connection of a client.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Connection {
    /// One of its two ids.
    pub id: Id,
    /// The other one; the vendor's example client uses this one for jobs and dashboards.
    pub meta_id: Option<Id>,
    /// The name.
    pub name: Option<String>,
    /// The name to show.
    pub display_name: Option<String>,
    /// The kind of database, e.g. `mysql`.
    pub r#type: Option<String>,
    /// The client it belongs to.
    pub client_id: Option<Id>,
    /// Always `input-connections` in the vendor's samples.
    pub namespace: Option<String>,
    /// Properties by name; `established` is set once a connection has succeeded.
    #[serde(default, deserialize_with = "map")]
    pub properties: Option<BTreeMap<String, Value>>,
    /// What the kind of database can do.
    #[serde(default, deserialize_with = "map")]
    pub integration_type: Option<BTreeMap<String, Value>>,
    /// When it was made, on the server's clock, without a zone.
    pub created_at: Option<String>,
    /// When it was changed, on the server's clock, without a zone.
    pub updated_at: Option<String>,
}

/// Arguments of [`Connections::list`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListConnections {
    /// The client that the signup created.
    #[serde(skip_serializing)]
    pub client_id: Id,
    /// Whether deleted ones are listed too; default false.
    #[serde(default)]
    pub include_deleted: bool,
}

impl Fields for ListConnections {
    fn ids(&self) -> Vec<&Id> {
        vec![&self.client_id]
    }
}

operations! {
    /// Database connections of a client (the vendor's document, sections 6 and 7).
    Connections(Client) in "magento_bi.connections" {
        /// Adds a database connection to a client.
        ///
        /// Each sending adds one more: a request whose reply was lost is not sent again, and raises `outcome_unknown`;
        /// `list` shows whether it was carried out.
        /// Source: Magento BI Cloud Onboarding API, section 6.
        create(CreateConnection) -> Connection
            = POST "/v1/v2/clients/{client_id}/connections/input-connections", Once, BearerOrCookie, Json;

        /// Lists the database connections of a client.
        ///
        /// Source: Magento BI Cloud Onboarding API, section 7.
        list(ListConnections) -> Vec<Connection>
            = GET "/v1/v2/clients/{client_id}/connections/input-connections", Safe, BearerOrCookie, Query;
    }
}
