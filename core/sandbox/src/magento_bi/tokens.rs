//! `POST /v1/tokens` (step 1).

use std::time::Duration;

use serde_json::json;

use super::credentials::hex;
use super::state::Token;
use crate::call::{Call, required_id, required_text};
use crate::clock::wall;
use crate::reply::Reply;
use crate::world::Systems;

const LIFETIME_S: u64 = 14_400;
const LIFETIME_MS: i64 = 14_400_000;

/// The user of the one login.
const USER_ID: u64 = 1;

pub(super) fn create(systems: &mut Systems, call: &Call<'_>) -> Reply {
    issue(systems, call).unwrap_or_else(|refusal| refusal)
}

fn issue(systems: &mut Systems, call: &Call<'_>) -> Result<Reply, Reply> {
    let sent = call.object()?;
    let scope = required_text(sent, "scope")?;
    let grant_type = required_text(sent, "grant_type")?;
    if grant_type != "password" {
        return Err(Reply::error(400, "field `grant_type`: only \"password\""));
    }
    let oauth_client_id = required_id(sent, "clientId")?;
    let (username, password) = (required_text(sent, "username")?, required_text(sent, "password")?);
    if !call.credentials.admit(username, password, oauth_client_id, required_text(sent, "clientSecret")?) {
        return Err(Reply::error(401, "these credentials are not known"));
    }
    let state = &mut systems.magento_bi;
    let access_token = hex(call.random, 20);
    let token = Token {
        access_token: access_token.clone(),
        user_id: USER_ID,
        expires_at: call.now.saturating_add(Duration::from_secs(LIFETIME_S)),
    };
    state.tokens.insert(token.access_token.clone(), token);
    let issued = wall::stamp(call.wall_ms);
    Ok(Reply::created(&json!({
        "refreshed_at": issued, "oauth_client_id": oauth_client_id, "token_type": "bearer",
        "id": state.next_token_id(), "access_token": access_token, "scope": scope, "user_id": USER_ID,
        "create_at": issued, "client_id": null, "expires_at": wall::stamp(call.wall_ms.saturating_add(LIFETIME_MS)),
        "grant_type": grant_type, "expires_in": LIFETIME_S, "refresh_token": null,
    })))
}
