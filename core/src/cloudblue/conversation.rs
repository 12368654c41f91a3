//! Conversations: what vendor and distributor write to each other about a request.

use serde::Deserialize;
use serde_json::Value;

use super::asset::Reference;
use crate::lenient::{filled, lenient};

/// A conversation about something, e.g. a request.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Conversation {
    /// Its id, e.g. `CO-000-000-000`.
    pub id: String,
    /// What it is about, e.g. a request's id.
    #[serde(default, deserialize_with = "lenient")]
    pub instance_id: Option<String>,
    /// Its topic.
    #[serde(default, deserialize_with = "lenient")]
    pub topic: Option<String>,
    /// Its kind.
    #[serde(default, deserialize_with = "lenient")]
    pub r#type: Option<String>,
    /// Its status.
    #[serde(default, deserialize_with = "lenient")]
    pub status: Option<String>,
    /// When it was made, with an offset.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    #[serde(default, deserialize_with = "lenient")]
    pub created: Option<String>,
    /// Who takes part.
    #[serde(default, deserialize_with = "lenient")]
    pub accounts: Option<Value>,
    /// When what happened, and by whom.
    #[serde(default, deserialize_with = "lenient")]
    pub events: Option<Value>,
}

/// A message of a conversation.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Message {
    /// Its id, e.g. `ME-000-000-000-001`.
    pub id: String,
    /// The conversation's id.
    #[serde(default, deserialize_with = "lenient")]
    pub conversation: Option<String>,
    /// What it says.
    #[serde(default, deserialize_with = "lenient")]
    pub text: Option<String>,
    /// `message`, `private` (the own account alone sees it), `state_change` (the platform's).
    #[serde(default, deserialize_with = "lenient")]
    pub r#type: Option<String>,
    /// When it was written, with an offset.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    #[serde(default, deserialize_with = "lenient")]
    pub created: Option<String>,
    /// Who wrote it.
    #[serde(default, deserialize_with = "lenient")]
    pub creator: Option<Value>,
    /// The account that wrote it.
    #[serde(default, deserialize_with = "filled")]
    pub account: Option<Reference>,
    /// When what happened, and by whom.
    #[serde(default, deserialize_with = "lenient")]
    pub events: Option<Value>,
}
