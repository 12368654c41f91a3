//! Who may call: one token, as a Bearer header or as the cookie DASHSESS2.

use http::header;

use super::state::State;
use crate::call::{Call, text};
use crate::reply::Reply;

/// The user whose token came with a call to the api host, in either carrier; otherwise the 401 to answer.
pub(super) fn api(state: &State, call: &Call<'_>) -> Result<u64, Reply> {
    let bearer = text(call.headers, header::AUTHORIZATION.as_str()).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    user(state, call, bearer.or_else(|| call.cookie("DASHSESS2")))
}

/// The same for the dashboard host, which takes the two cookies only, and a `dashuid` that fits the token.
pub(super) fn dashboard(state: &State, call: &Call<'_>) -> Result<u64, Reply> {
    let user = user(state, call, call.cookie("DASHSESS2"))?;
    match call.cookie("dashuid") {
        Some(dashuid) if dashuid == user.to_string() => Ok(user),
        Some(_) => Err(Reply::error(401, "the cookie dashuid is not the user of the token")),
        None => Err(Reply::error(401, "the cookie dashuid is missing")),
    }
}

fn user(state: &State, call: &Call<'_>, token: Option<&str>) -> Result<u64, Reply> {
    let token = token.ok_or_else(|| Reply::error(401, "no access token was sent"))?;
    let known = state.tokens.get(token).ok_or_else(|| Reply::error(401, "the access token is unknown or revoked"))?;
    if call.now < known.expires_at { Ok(known.user_id) } else { Err(Reply::error(401, "the access token has expired")) }
}
