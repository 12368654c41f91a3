//! The provider's addresses that an app sends browsers to, or asks.

use url::Url;

use crate::error::{Error, Result};
use crate::http::BaseUrl;
use crate::id::Id;
use crate::maestrano::Marketplace;
use crate::maestrano::marketplace::joined;

/// The path of the provider's sign-on, from its host.
const SIGN_ON: &str = "/api/v1/auth/saml";

/// The provider's host. Whether it may be trusted, and reached without TLS, was decided when the configuration was read.
fn provider(marketplace: &Marketplace) -> Result<BaseUrl> {
    base("sso.idp", &marketplace.sso.idp, marketplace)
}

fn base(field: &str, text: &str, marketplace: &Marketplace) -> Result<BaseUrl> {
    BaseUrl::parse(field, text, true).map_err(|error| of_marketplace(error, marketplace))
}

/// The same error, which says whose configuration it is about.
pub(super) fn of_marketplace(mut error: Error, marketplace: &Marketplace) -> Error {
    let report = error.report_mut();
    report.message = format!("marketplace {}: {}", marketplace.marketplace, report.message);
    error.with_detail("marketplace", marketplace.marketplace.as_str())
}

fn parsed(text: &str) -> Result<Url> {
    Url::parse(text).map_err(|error| Error::internal(format!("a path makes no URL: {error}")))
}

/// Where a sign-on is asked for, without its query.
pub(super) fn sign_on_url(marketplace: &Marketplace) -> Result<Url> {
    provider(marketplace)?.join(SIGN_ON)
}

/// What the issuer of a response begins with: the address where the sign-on was asked for, as the configuration writes it.
pub(super) fn issuer(marketplace: &Marketplace) -> String {
    joined(&marketplace.sso.idp, SIGN_ON)
}

/// Where a browser is sent to leave all apps of the marketplace.
///
/// # Errors
/// `invalid_id` for an id that could change the URL; `config` that names the marketplace when `sso.idp` is no base URL.
pub fn logout_url(marketplace: &Marketplace, uid: &str) -> Result<String> {
    let mut url = provider(marketplace)?.join("/app_logout")?;
    url.query_pairs_mut().append_pair("user_uid", Id::new(uid)?.as_str());
    Ok(url.into())
}

/// Where a browser is sent whose user may not use the app.
///
/// # Errors
/// `config` that names the marketplace when `sso.idp` is no base URL.
pub fn unauthorized_url(marketplace: &Marketplace) -> Result<String> {
    Ok(provider(marketplace)?.join("/app_access_unauthorized")?.into())
}

/// Where it is asked whether a session lasts. The URL holds the session's token: it is a secret.
///
/// `uid` is the user's id, also the one that is unique for user and group.
///
/// # Errors
/// `invalid_id` for an id that could change the URL; `validation` for an empty token; `config` that names the marketplace
/// when `sso.idp` is no base URL.
pub fn session_check_url(marketplace: &Marketplace, uid: &str, token: &str) -> Result<String> {
    if token.is_empty() {
        return Err(Error::validation("token", "is empty"));
    }
    let path = joined(&marketplace.api.base, "auth/saml");
    let path = format!("/{}/{}", path.trim_start_matches('/'), Id::new(uid)?.as_str());
    let mut url = provider(marketplace)?.join(&path)?;
    url.query_pairs_mut().append_pair("session", token);
    Ok(url.into())
}

/// The OpenID 2.0 provider of the app. **OpenID 2.0 is dead technology**, its libraries are unmaintained, and one of the
/// vendor's own examples takes its answers without checking them: use [`super::login`]. The URL serves only to recognise it.
///
/// # Errors
/// `config` that names the marketplace when `api.host` is no base URL.
pub fn openid_provider_url(marketplace: &Marketplace) -> Result<String> {
    let mut url = parsed(base("api.host", &marketplace.api.host, marketplace)?.as_str())?;
    let error = || Error::internal("a base URL takes no path");
    url.path_segments_mut().map_err(|()| error())?.pop_if_empty().extend([
        "api",
        "openid",
        "provider",
        &marketplace.api.id,
    ]);
    Ok(url.into())
}
