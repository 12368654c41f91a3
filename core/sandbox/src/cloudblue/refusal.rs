//! Errors in the vendor's shape: `{"error_code", "errors", "params"?}` (contract, 1.6).

use serde_json::{Value, json};

use crate::reply::Reply;

pub(crate) fn reply(status: u16, error_code: &str, error: &str) -> Reply {
    Reply::json(status, &json!({ "error_code": error_code, "errors": [error] }))
}

pub(super) fn invalid(error: &str) -> Reply {
    reply(400, "VAL_001", error)
}

pub(super) fn missing(field: &str) -> Reply {
    invalid(&format!("Field '{field}' is required."))
}

pub(super) fn not_found(what: &str) -> Reply {
    reply(404, "NFND_000", &format!("{what} does not exist."))
}

/// A transition out of turn. The vendor's code for it is not public.
pub(super) fn out_of_turn(from: &str, to: &str) -> Reply {
    let error = format!("The request cannot go from status `{from}` to status `{to}`.");
    reply(400, "REQ_003", &error)
}

pub(super) fn conflict(error: &str, params: &Value) -> Reply {
    Reply::json(409, &json!({ "error_code": "REQ_009", "errors": [error], "params": params }))
}

/// What the server answers by itself, before any operation: 400, 404, 405, 413.
pub(crate) fn of_server(status: u16, error: &str) -> Reply {
    let code = match status {
        404 => "NFND_000",
        405 => "SYS_405",
        _ => "VAL_001",
    };
    reply(status, code, error)
}
