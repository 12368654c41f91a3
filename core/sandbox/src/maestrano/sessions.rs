//! `GET /api/v1/auth/saml/{uid}?session=…`: whether a session still lives. Nobody has to sign in for it.

use serde_json::json;

use super::instant;
use crate::call::Call;
use crate::reply::Reply;
use crate::world::Systems;

pub(super) fn check(systems: &mut Systems, call: &Call<'_>) -> Reply {
    let state = &systems.maestrano;
    let (segment, session) = (crate::cloudblue::unquoted(call.segment(0)), call.query("session").unwrap_or_default());
    let uid = unmasked(&segment);
    // The provider is the same for all marketplaces.
    let mut users = state.accounts.iter().flat_map(|account| &account.users);
    let lives = users.any(|user| user.id() == uid && user.session() == Some(session));
    let recheck = instant::text(call.wall_ms.saturating_add(state.behaviour.recheck_ms));
    Reply::ok(&json!({ "valid": lives && state.behaviour.session_valid, "recheck": recheck }))
}

/// `usr-1` of `usr-1`, of `usr-1.cld-1` and of the virtual email.
pub(super) fn unmasked(uid: &str) -> &str {
    uid.split('.').next().unwrap_or(uid)
}
