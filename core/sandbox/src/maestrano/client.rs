//! `GET /api/v1/ping`.

use serde_json::json;

use super::envelope;
use crate::call::Call;
use crate::reply::Reply;
use crate::world::Systems;

pub(super) fn ping(systems: &mut Systems, call: &Call<'_>) -> Reply {
    match systems.maestrano.caller(call) {
        Ok(_) => envelope::succeeded(&json!({ "msg": "Hello! Your application is known here." })),
        Err(refusal) => refusal,
    }
}
