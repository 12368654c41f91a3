//! The conversation that the platform opens for every request.

use serde_json::{Value, json};

use super::instant_text;
use super::request::Request;

/// Who has written, as the platform shows it.
pub(super) fn author(by_platform: bool) -> Value {
    if by_platform {
        json!({ "id": "UR-000-000-000", "name": "Connect" })
    } else {
        json!({ "id": "UR-000-000-001", "name": "Vera Vendor" })
    }
}

#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) number: usize,
    /// `message`, `private` or `state_change`.
    pub(super) kind: String,
    pub(super) text: String,
    pub(super) by_platform: bool,
    pub(super) at_us: i64,
}

impl Message {
    pub(super) fn json(&self, request: &Request) -> Value {
        let (at, by) = (instant_text(self.at_us), author(self.by_platform));
        json!({
            "id": format!("ME-{}-{:03}", digits(&request.id), self.number), "conversation": id_of(request),
            "account": {"id": "VA-000-000", "name": "Coco Vendor"}, "created": at, "creator": by, "text": self.text,
            "type": self.kind, "events": {"created": {"at": at, "by": by}, "updated": {"at": at, "by": by}},
        })
    }
}

fn digits(request_id: &str) -> &str {
    request_id.strip_prefix("PR-").unwrap_or(request_id)
}

pub(super) fn id_of(request: &Request) -> String {
    format!("CO-{}", digits(&request.id))
}

/// The request of a conversation.
pub(super) fn request_id(conversation_id: &str) -> Option<String> {
    conversation_id.strip_prefix("CO-").map(|digits| format!("PR-{digits}"))
}

pub(super) fn json_of(request: &Request) -> Value {
    let (at, by) = (instant_text(request.created_us), author(true));
    json!({
        "id": id_of(request), "instance_id": &*request.id, "topic": format!("Fulfillment request {}", request.id),
        "type": "conversation", "status": "open", "created": at, "creator": by,
        "accounts": [{"id": "VA-000-000", "name": "Coco Vendor"}, {"id": "PA-000-001", "name": "Distributor Europe"}],
        "events": {"created": {"at": at, "by": by}, "updated": {"at": instant_text(request.updated_us), "by": by}},
    })
}
