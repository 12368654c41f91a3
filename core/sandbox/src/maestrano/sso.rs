//! The identity provider: `GET /api/v1/auth/saml`, `/app_logout`, `/app_access_unauthorized`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, header};
use tenantry::time::Random as _;

use super::assertion::SignOn;
use super::credentials::hex;
use super::identity;
use super::saml_request::SamlRequest;
use super::sessions;
use super::state::State;
use super::user::User;
use super::xml::Escaping;
use crate::call::Call;
use crate::reply::Reply;
use crate::world::Systems;

/// Signs a user in at once: which one, `user_id` says, and of which group, `group_id`; by default the first.
pub(super) fn login(systems: &mut Systems, call: &Call<'_>) -> Reply {
    sign_on(&mut systems.maestrano, call).unwrap_or_else(|refusal| refusal)
}

fn sign_on(state: &mut State, call: &Call<'_>) -> Result<Reply, Reply> {
    let refused = |why: &str| page(400, &format!("<p>{}</p>", Escaping::Canonical.text(why)));
    let encoded = call.query("SAMLRequest").ok_or_else(|| refused("SAMLRequest is missing"))?;
    let request = SamlRequest::read(encoded).map_err(refused)?;
    let identity = identity::shared().map_err(|why| page(500, &why))?;
    let place = call.maestrano.marketplace_of(&request.issuer).ok_or_else(|| turned_away(call))?;
    state.settle(call.wall_ms);
    let behaviour = state.behaviour.clone();
    let account = &mut state.accounts[place];
    let (wanted_user, wanted_group) = (call.query("user_id"), call.query("group_id"));
    let user = account.users.iter_mut().find(|user| {
        wanted_user.is_none_or(|id| user.id() == sessions::unmasked(id)) && wanted_group.is_none_or(|id| user.is_in(id))
    });
    let user = user.ok_or_else(|| turned_away(call))?;
    if user.session().is_none() {
        user.set_session(Some(hex(call.random, 18)));
    }
    let user = user.clone();
    let group = wanted_group.or(user.groups.first().copied()).unwrap_or_default();
    let group = account.group(group).filter(|group| group.is_running()).ok_or_else(|| turned_away(call))?;
    let sign_on = SignOn {
        request: &request,
        issuer: called_url(call),
        user: &user,
        group,
        reseller: account.resellers.iter().find(|reseller| reseller.groups.contains(&group.id())),
        app_owner: account.users.iter().find(|user| user.is_owner_of(group.id())).map_or("", User::id),
        wall_ms: call.wall_ms,
        recheck_ms: behaviour.recheck_ms,
        ids: [(); 2].map(|()| format!("_{}", call.random.uuid())),
        escaping: if behaviour.escape { Escaping::Canonical } else { Escaping::None },
    };
    let response = sign_on.response(identity, behaviour.signature).map_err(|error| page(500, &error.to_string()))?;
    Ok(form(&request.consume_url, &response))
}

/// The page whose form the user's browser posts to the app.
fn form(consume_url: &str, response: &str) -> Reply {
    // In lines of sixty characters, the last one ended too, as Ruby encodes.
    let encoded = identity::lines(&STANDARD.encode(response), 60) + "\n";
    let action = Escaping::Canonical.attribute(consume_url);
    page(
        200,
        &format!(
            "<form action=\"{action}\" method=\"post\">\
                <input type=\"hidden\" name=\"SAMLResponse\" value=\"{encoded}\">\
                <input type=\"submit\" value=\"Go on\"></form>\
                <script>document.forms[0].submit()</script>"
        ),
    )
}

/// The URL that was called, up to its first `&`.
fn called_url(call: &Call<'_>) -> String {
    let query = call.raw_query.split('&').next().unwrap_or_default();
    format!("http://{}/api/v1/auth/saml?{query}", call.host)
}

fn page(status: u16, body: &str) -> Reply {
    let text =
        format!("<!doctype html><html><head><title>Maestrano (sandbox)</title></head><body>{body}</body></html>");
    let content_type = Some("text/html; charset=utf-8".to_owned());
    Reply { status, body: text.into_bytes(), content_type, headers: Vec::new() }
}

/// Where users go who may not use the app.
fn turned_away(call: &Call<'_>) -> Reply {
    let mut reply = page(302, "");
    let location = HeaderValue::try_from(format!("{}/app_access_unauthorized", call.url));
    reply.headers.extend(location.ok().map(|location| (header::LOCATION, location)));
    reply
}

pub(super) fn unauthorized(_: &mut Systems, _: &Call<'_>) -> Reply {
    page(200, "<p>You are not allowed to use this application.</p>")
}

/// Ends the user's sessions: apps learn of it when they look again.
pub(super) fn logout(systems: &mut Systems, call: &Call<'_>) -> Reply {
    if let Some(uid) = call.query("user_uid") {
        for account in &mut systems.maestrano.accounts {
            let uid = sessions::unmasked(uid);
            account.users.iter_mut().filter(|user| user.id() == uid).for_each(|user| user.set_session(None));
        }
    }
    page(200, "<p>You are signed out.</p>")
}
