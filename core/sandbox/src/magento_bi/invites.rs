//! `POST /v3/invites` (step 4).

use serde_json::json;

use super::auth;
use super::state::Invite;
use crate::call::{Call, required_id, required_text};
use crate::options::Vocabulary;
use crate::reply::Reply;
use crate::world::Systems;

pub(super) fn create(systems: &mut Systems, call: &Call<'_>) -> Reply {
    invite(systems, call).unwrap_or_else(|refusal| refusal)
}

fn invite(systems: &mut Systems, call: &Call<'_>) -> Result<Reply, Reply> {
    let state = &mut systems.magento_bi;
    let inviter = auth::api(state, call)?;
    let sent = call.object()?;
    let email = required_text(sent, "email")?.to_owned();
    let client_id = state.client(&required_id(sent, "client_id")?.to_string(), call.now)?.id;
    let birth = state.birth(call.now, call.visible_at());
    let invite = Invite { birth, id: state.next_invite_id(), client_id, email, user_id: state.next_user_id() };
    let mut reply = json!({
        "inviter_user_id": inviter, "client_id": client_id, "email": invite.email, "id": invite.id,
    });
    if call.vocabulary == Vocabulary::Client {
        // The document's sample lacks it, the vendor's client reads it (contract, A7).
        reply["user_id"] = invite.user_id.into();
    }
    state.invites.push(invite);
    Ok(Reply::created(&reply))
}
