//! Fulfillment requests, as the server shows them.

use serde::Deserialize;
use serde_json::Value;

use super::asset::{Asset, Reference};
use crate::lenient::lenient;

/// A fulfillment request: a customer's wish about an asset, which its vendor approves, fails or asks back about.
///
/// Source: the vendor's specification v37, Assets; the page of 2020, "Get Request Details".
#[derive(Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Request {
    /// The request's id, e.g. `PR-0000-0000-0000-001`.
    pub id: String,
    /// `purchase`, `change`, `cancel`, `suspend`, `resume`, `adjustment`, `renew`, `transfer`; others may come.
    #[serde(default, deserialize_with = "lenient")]
    pub r#type: Option<String>,
    /// `draft`, `tiers_setup`, `pending`, `inquiring`, `approved`, `failed`, `scheduled`, `revoking`, `revoked`; others may come.
    #[serde(default, deserialize_with = "lenient")]
    pub status: Option<String>,
    /// When it was made, with an offset.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    #[serde(default, deserialize_with = "lenient")]
    pub created: Option<String>,
    /// When it last changed, with an offset.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    #[serde(default, deserialize_with = "lenient")]
    pub updated: Option<String>,
    /// The asset it is about, as it will be.
    #[serde(default, deserialize_with = "lenient")]
    pub asset: Option<Asset>,
    /// A note of the vendor.
    #[serde(default, deserialize_with = "lenient")]
    pub note: Option<String>,
    /// Why it failed or is revoked.
    #[serde(default, deserialize_with = "lenient")]
    pub reason: Option<String>,
    /// Whether, or when, the customer answered an inquiry.
    #[serde(default, deserialize_with = "lenient")]
    pub answered: Option<Value>,
    /// Who works on it: `""`, text, or `{id, name, email}`.
    #[serde(default, deserialize_with = "lenient")]
    pub assignee: Option<Value>,
    /// What the customer is shown once it is approved; may hold credentials.
    #[serde(default, deserialize_with = "lenient")]
    #[cfg_attr(feature = "schema", schemars(extend("format" = "secret")))]
    pub activation_key: Option<String>,
    /// The form for the customer, while it is inquiring; whoever has it can fill it in.
    #[serde(default, deserialize_with = "lenient")]
    #[cfg_attr(feature = "schema", schemars(extend("format" = "secret")))]
    pub params_form_url: Option<String>,
    /// The template of its current status.
    #[serde(default, deserialize_with = "lenient")]
    pub template: Option<TemplateReference>,
    /// From when an approval counts, with an offset.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    #[serde(default, deserialize_with = "lenient")]
    pub effective_date: Option<String>,
    /// For when it is scheduled, with an offset.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    #[serde(default, deserialize_with = "lenient")]
    pub planned_date: Option<String>,
    /// The approved request before it.
    #[serde(default, deserialize_with = "lenient")]
    pub previous_approved_request: Option<Reference>,
    /// The distributor's own data.
    #[serde(default, deserialize_with = "lenient")]
    pub external_attributes: Option<Value>,
    /// The distribution contract.
    #[serde(default, deserialize_with = "lenient")]
    pub contract: Option<Reference>,
    /// The marketplace it came through.
    #[serde(default, deserialize_with = "lenient")]
    pub marketplace: Option<Reference>,
    /// When what happened, and by whom.
    #[serde(default, deserialize_with = "lenient")]
    pub events: Option<Value>,
    /// How long it has been waiting, against what is agreed.
    #[serde(default, deserialize_with = "lenient")]
    pub sli: Option<Value>,
    /// True when a transition found the request in its target state already: set by tenantry, not by the server.
    #[serde(default, deserialize_with = "lenient")]
    pub already_applied: Option<bool>,
}

/// Shows what it is, and none of its values.
impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("id", &self.id)
            .field("type", &self.r#type)
            .field("status", &self.status)
            .field("created", &self.created)
            .field("asset", &self.asset)
            .field("reason", &self.reason)
            .field("already_applied", &self.already_applied)
            .finish_non_exhaustive()
    }
}

/// A template as a request names it.
#[derive(Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TemplateReference {
    /// Its id, e.g. `TL-000-000-000`.
    #[serde(default, deserialize_with = "lenient")]
    pub id: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: Option<String>,
    /// Its text, filled in for this request; may hold credentials.
    #[serde(default, deserialize_with = "lenient")]
    #[cfg_attr(feature = "schema", schemars(extend("format" = "secret")))]
    pub message: Option<String>,
}

/// Shows what it is, and none of its values.
impl std::fmt::Debug for TemplateReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TemplateReference").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}
