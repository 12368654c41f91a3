//! Conversations about requests.

use serde::{Deserialize, Serialize};

use super::Client;
use super::conversation::{Conversation, Message};
use super::filters;
use super::listing::list_arguments;
use crate::error::{Error, Result};
use crate::id::Id;
use crate::ops::{Fields, Lossless, operations};

list_arguments! {
    /// Arguments of [`Conversations::list`].
    ListConversations(key GreaterOrEqual)
}
list_arguments! {
    /// Arguments of [`Conversations::messages`].
    ListMessages(of conversation_id)
}

/// A message to write.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PostMessage {
    #[serde(skip_serializing)]
    /// The conversation's id.
    pub(crate) id: Id,
    /// What to say, not empty.
    pub text: String,
    /// `message` (the default), or `private`: the own account alone sees it.
    #[serde(default = "message", rename = "type")]
    pub kind: String,
}

fn message() -> String {
    "message".to_owned()
}

impl PostMessage {
    /// A message to all who take part.
    pub fn new(text: impl Into<String>) -> Self {
        Self { id: Id::unset(), text: text.into(), kind: message() }
    }
}

impl Fields for PostMessage {
    fn ids(&self) -> Vec<&Id> {
        vec![&self.id]
    }

    fn check(&self) -> Result<()> {
        if self.text.trim().is_empty() { Err(Error::validation("text", "is empty")) } else { Ok(()) }
    }
}

operations! {
    /// Conversations: what vendor and distributor write to each other, e.g. about a request.
    Conversations(Client) in "cloudblue.conversations" {}
    lists {
        /// Lists conversations; `instance_id` finds that of a request.
        ///
        /// Source: the vendor's specification v37, `GET /conversations`.
        list(ListConversations) -> Lossless<Conversation> = "/conversations", ApiKey, filters::CONVERSATIONS;

        /// Lists the messages of a conversation, paged by offset.
        ///
        /// Source: the vendor's specification v37, `GET /conversations/{conversation_id}/messages`.
        messages(ListMessages) -> Lossless<Message> = "/conversations/{conversation_id}/messages", ApiKey, filters::MESSAGES;
    }
    of_id {
        /// Reads a conversation.
        ///
        /// Source: the vendor's specification v37, `GET /conversations/{id}`.
        get -> Lossless<Conversation> = GET "/conversations/{id}", Safe, ApiKey, None;
    }
    by_id {
        /// Writes a message. Each sending writes one more, so a lost reply raises `outcome_unknown`.
        ///
        /// The platform writes its own when a request is approved, failed or inquired: repeat none of them here.
        /// Source: the vendor's specification v37, `POST /conversations/{conversation_id}/messages`.
        post_message(PostMessage) -> Lossless<Message> = POST "/conversations/{id}/messages", Once, ApiKey, Json;
    }
}
