//! `POST /v1/clients/{client_id}/autodash` (step 10) and `GET …/autodash/{id}` (step 11).

use std::time::Duration;

use serde_json::json;
use tenantry::time::Random as _;

use super::auth;
use super::state::Autodash;
use crate::call::{Call, required_id, required_text};
use crate::reply::Reply;
use crate::world::Systems;

/// Until it is final: the vendor has not told its word.
const PENDING: &str = "pending";

pub(super) fn create(systems: &mut Systems, call: &Call<'_>) -> Reply {
    order(systems, call).unwrap_or_else(|refusal| refusal)
}

fn order(systems: &mut Systems, call: &Call<'_>) -> Result<Reply, Reply> {
    let state = &mut systems.magento_bi;
    auth::api(state, call)?;
    state.client(call.segment(0), call.now)?;
    let sent = call.object()?;
    let package = required_text(sent, "package")?.to_owned();
    let given = required_id(sent, "connections.db.connection_id")?;
    let birth = state.birth(call.now, call.visible_at());
    let word = state.outcome.autodash_word(call.vocabulary).to_owned();
    let client = state.client(call.segment(0), call.now)?;
    let connection = client.connection(given, call.now);
    let connection = connection.ok_or_else(|| Reply::error(404, "this client has no such connection"))?.meta_id;
    let done_at = birth.visible_at.saturating_add(call.wait);
    let user_id = sent.get("user_id").cloned();
    let dashboards = Autodash { birth, id: call.random.uuid(), package, connection, user_id, done_at, word };
    let reply = json!({ "id": dashboards.id });
    client.autodash.insert(dashboards.id.clone(), dashboards);
    Ok(Reply::created(&reply))
}

pub(super) fn get(systems: &mut Systems, call: &Call<'_>) -> Reply {
    look_up(systems, call).unwrap_or_else(|refusal| refusal)
}

fn look_up(systems: &mut Systems, call: &Call<'_>) -> Result<Reply, Reply> {
    auth::api(&systems.magento_bi, call)?;
    let client = systems.magento_bi.client(call.segment(0), call.now)?;
    let found = client.autodash.get(call.segment(1)).filter(|dashboards| dashboards.birth.visible(call.now));
    let dashboards = found.ok_or_else(|| Reply::error(404, "this client has no such autodash job"))?;
    Ok(Reply::ok(&json!({ "status": dashboards.status(call.now), "job_id": dashboards.id })))
}

impl Autodash {
    pub(super) fn status(&self, now: Duration) -> &str {
        if now >= self.done_at { &self.word } else { PENDING }
    }
}
