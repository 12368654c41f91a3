//! The configuration of one marketplace, as the developer platform gives it.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::secret::Secret;

/// One marketplace of an app.
///
/// Where its services are, with which credentials an app calls them, and which paths of the app it calls. Paths and hosts are
/// kept as they were written; what is built from them is checked when it is built.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Marketplace {
    /// The name by which it is chosen.
    pub marketplace: String,
    /// The app's own name there; two marketplaces may share one.
    #[serde(default)]
    pub nid: Option<String>,
    /// The environment's name.
    #[serde(default)]
    pub environment: Option<String>,
    /// The app itself.
    pub app: App,
    /// The account API.
    pub api: Api,
    /// Single sign-on.
    pub sso: Sso,
    /// Data sharing; null where the app shares none.
    #[serde(default)]
    pub connec: Option<Connec>,
    /// The app's paths that are called.
    #[serde(default, alias = "webhook", deserialize_with = "or_default")]
    pub webhooks: Webhooks,
}

/// The app as the marketplace sees it.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MarketplaceApp"))]
#[non_exhaustive]
pub struct App {
    /// Its base URL.
    pub host: String,
    /// Where the start of a synchronization is asked for.
    #[serde(default)]
    pub synchronization_start_path: Option<String>,
    /// Where synchronization is switched on and off.
    #[serde(default)]
    pub synchronization_toggle_path: Option<String>,
    /// Where the state of a synchronization is asked for; holds `:cld-uid`.
    #[serde(default)]
    pub synchronization_status_path: Option<String>,
}

/// The account API: where, and as whom.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MarketplaceApi"))]
#[non_exhaustive]
pub struct Api {
    /// The app's id: opaque.
    pub id: String,
    /// The app's key, which is shown to nobody. It may hold `:`.
    #[serde(serialize_with = "hidden")]
    pub key: Secret,
    /// Scheme and host.
    pub host: String,
    /// The path that all of its paths begin with, e.g. `/api/v1/`.
    pub base: String,
}

/// Single sign-on.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MarketplaceSso"))]
#[non_exhaustive]
pub struct Sso {
    /// The app's host for sign-on, where it is another one than the app's.
    #[serde(default)]
    pub idm: Option<String>,
    /// The app's path where a sign-on begins; may hold a query.
    pub init_path: String,
    /// The app's path where a sign-on ends; may hold a query.
    pub consume_path: String,
    /// The provider's host.
    pub idp: String,
    /// SHA-1 of the provider's certificate in hexadecimal, with or without colons.
    #[serde(default)]
    pub x509_fingerprint: Option<String>,
    /// The provider's certificate: PEM, or base64 alone; not decoded before it is needed.
    #[serde(default)]
    pub x509_certificate: Option<String>,
}

/// Data sharing.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MarketplaceConnec"))]
#[non_exhaustive]
pub struct Connec {
    /// Scheme and host.
    pub host: String,
    /// The path that the paths of groups begin with.
    #[serde(default = "connec_base_path")]
    pub base_path: String,
    /// Seconds for one request.
    #[serde(default = "connec_timeout")]
    pub timeout: u64,
}

fn connec_base_path() -> String {
    "/api/v2".to_owned()
}

fn connec_timeout() -> u64 {
    60
}

/// The app's paths that a marketplace calls.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MarketplaceWebhooks"))]
#[non_exhaustive]
pub struct Webhooks {
    /// Of the account API.
    #[serde(default, deserialize_with = "or_default")]
    pub account: AccountWebhooks,
    /// Of data sharing.
    #[serde(default, deserialize_with = "or_default")]
    pub connec: ConnecWebhooks,
}

/// What is told about accounts.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AccountWebhooks {
    /// Where the end of a group is told; holds `:id`.
    #[serde(default, alias = "groups_path")]
    pub group_path: Option<String>,
    /// Where it is told that a user left a group; holds `:group_id` and `:id`.
    #[serde(default, alias = "group_users_path")]
    pub group_user_path: Option<String>,
}

/// What is told about shared data.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ConnecWebhooks {
    /// Whether ids are lists of `{realm, provider, id}`.
    #[serde(default, deserialize_with = "or_default")]
    pub external_ids: bool,
    /// Where the beginning is told.
    #[serde(default)]
    pub initialization_path: Option<String>,
    /// Where changes are told.
    #[serde(default, alias = "notifications_path")]
    pub notification_path: Option<String>,
    /// The entities that are told about; obsolete.
    #[serde(default)]
    pub subscriptions: Option<BTreeMap<String, bool>>,
}

/// What stands where the key was.
fn hidden<S: Serializer>(_: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str("***")
}

/// The default for null, as for what is absent.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Marketplace {
    /// Everything but the key, as JSON text.
    pub(super) fn shown(&self) -> crate::error::Result<String> {
        serde_json::to_string(self).map_err(|error| crate::error::Error::internal(error.to_string()))
    }

    /// The app's host for sign-on: `sso.idm`, or where that is empty or absent `app.host`.
    pub fn idm(&self) -> &str {
        self.sso.idm.as_deref().filter(|idm| !idm.is_empty()).unwrap_or(&self.app.host)
    }

    /// Where the provider sends users to begin a sign-on.
    pub fn init_url(&self) -> String {
        joined(self.idm(), &self.sso.init_path)
    }

    /// Where the provider sends its response.
    pub fn consume_url(&self) -> String {
        joined(self.idm(), &self.sso.consume_path)
    }
}

/// A host and a path with one slash between them.
pub(super) fn joined(host: &str, path: &str) -> String {
    format!("{}/{}", host.trim_end_matches('/'), path.trim_start_matches('/'))
}
