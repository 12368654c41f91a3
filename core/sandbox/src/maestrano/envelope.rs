//! What the account API answers: `{"success", "errors", "data"}`.

use serde_json::{Map, Value, json};

use crate::reply::Reply;

/// What is wrong with a request: field to texts.
#[derive(Debug, Default)]
pub(super) struct Errors(Map<String, Value>);

impl Errors {
    pub(super) fn add(&mut self, field: &str, text: &str) {
        if let Value::Array(texts) = self.0.entry(field).or_insert_with(|| json!([])) {
            texts.push(text.into());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The 400 that lists them all.
    pub(super) fn reply(self) -> Reply {
        failed(400, self.0.into())
    }
}

/// Every success is a 200, also of a POST.
pub(super) fn succeeded(data: &Value) -> Reply {
    Reply::ok(&json!({ "success": true, "errors": {}, "data": data }))
}

pub(super) fn refused(status: u16, field: &str, text: &str) -> Reply {
    failed(status, json!({ field: [text] }))
}

/// For a GET the vendor answers this with 200, for a DELETE with 400.
pub(super) fn unknown_id(status: u16) -> Reply {
    refused(status, "id", "does not exist")
}

fn failed(status: u16, errors: Value) -> Reply {
    Reply::json(status, &json!({ "success": false, "errors": errors, "data": {} }))
}
