//! Ends a sign-on: from the posted response to who signed in.

use std::fmt;

use serde::Deserialize;
use url::Url;

use super::replays::Replays;
use super::urls::{issuer, of_marketplace};
use crate::error::Result;
use crate::maestrano::Marketplace;
use crate::maestrano::saml::{Expected, Identity, Reason, verify};
use crate::ops::read_arguments;

/// How far the provider's clock and this machine's may differ.
const SKEW_MS: i64 = 60_000;

/// A posted response, and how it may be.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Consume {
    /// The form field `SAMLResponse`, as it was posted.
    pub saml_response: String,
    /// The id that [`super::login`] returned, from the browser's own session.
    #[serde(default)]
    pub request_id: Option<String>,
    /// Accepts a response that answers no request (the provider began), and where no `request_id` is given one that answers
    /// any. Whoever catches a response can then use it in another browser, once.
    #[serde(default)]
    pub allow_unsolicited: bool,
    /// Accepts SHA-1, with which the vendor's provider signs unless set otherwise, and keys of 1024 bits and more.
    #[serde(default)]
    pub allow_sha1: bool,
    /// Accepts that all trust hangs on a SHA-1 fingerprint, where no certificate is configured.
    #[serde(default)]
    pub allow_sha1_fingerprint: bool,
}

impl Consume {
    /// A response to the request `request_id`.
    pub fn new(saml_response: impl Into<String>, request_id: impl Into<String>) -> Self {
        Self { saml_response: saml_response.into(), request_id: Some(request_id.into()), ..Self::default() }
    }

    /// A response that need not answer a request that is known.
    pub fn unsolicited(saml_response: impl Into<String>) -> Self {
        Self { saml_response: saml_response.into(), allow_unsolicited: true, ..Self::default() }
    }

    /// Accepts SHA-1.
    #[must_use]
    pub fn allow_sha1(mut self, allow: bool) -> Self {
        self.allow_sha1 = allow;
        self
    }

    /// Accepts a SHA-1 fingerprint alone.
    #[must_use]
    pub fn allow_sha1_fingerprint(mut self, allow: bool) -> Self {
        self.allow_sha1_fingerprint = allow;
        self
    }
}

impl fmt::Debug for Consume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consume").field("request_id", &self.request_id).finish_non_exhaustive()
    }
}

/// Verifies a posted response, makes sure that neither it nor its request was used before, and tells who signed in.
///
/// # Errors
/// `saml` with `details.reason` (one of [`Reason`]) and `details.marketplace`; those of the replay store.
pub async fn consume(
    marketplace: &Marketplace,
    arguments: &Consume,
    replays: &dyn Replays,
    now_ms: i64,
) -> Result<Identity> {
    let consume_url = marketplace.consume_url();
    let verified = verify(
        &arguments.saml_response,
        &Expected {
            certificate: marketplace.sso.x509_certificate.as_deref(),
            fingerprint: marketplace.sso.x509_fingerprint.as_deref(),
            allow_sha1: arguments.allow_sha1,
            allow_sha1_fingerprint: arguments.allow_sha1_fingerprint,
            consume_url: &consume_url,
            issuer: &issuer(marketplace),
            audiences: &audiences(marketplace, &consume_url),
            request_id: arguments.request_id.as_deref(),
            allow_unsolicited: arguments.allow_unsolicited,
            now_ms,
            skew_ms: SKEW_MS,
        },
    )
    .map_err(|error| of_marketplace(error, marketplace))?;
    // The assertion first: a replayed response must not use up a request that still waits for its own.
    let mut uses = vec![("assertion", verified.identity.assertion_id.as_str())];
    uses.extend(arguments.request_id.as_deref().filter(|id| !id.is_empty()).map(|id| ("request", id)));
    for (kind, id) in uses {
        let key = format!("maestrano/{}/{kind}/{id}", marketplace.marketplace);
        if !replays.claim(&key, verified.until_ms).await? {
            return Err(of_marketplace(Reason::Replayed.error(), marketplace).with_detail("used", kind));
        }
    }
    Ok(verified.identity)
}

/// What [`consume`] does, from the arguments' JSON text to the identity's.
///
/// # Errors
/// Those of [`consume`]; `validation` that names an argument.
pub async fn consume_for(
    name: &str,
    marketplace: &Marketplace,
    arguments: &str,
    replays: &dyn Replays,
    now_ms: i64,
) -> Result<String> {
    let consumed = match read_arguments::<Consume>(arguments) {
        Ok(arguments) => consume(marketplace, &arguments, replays, now_ms).await,
        Err(error) => Err(error),
    };
    consumed.and_then(|identity| identity.to_json()).map_err(|mut error| {
        let report = error.report_mut();
        report.system = Some("maestrano".to_owned());
        report.operation = Some(name.to_owned());
        error
    })
}

/// Whom the provider may mean: it writes the beginning of the consume URL with a slash. Others write the app's id.
fn audiences(marketplace: &Marketplace, consume_url: &str) -> Vec<String> {
    let mut audiences = vec![marketplace.api.id.clone()];
    let mut add = |origin: &str| {
        audiences.push(origin.to_owned());
        audiences.push(format!("{origin}/"));
    };
    if let Ok(url) = Url::parse(consume_url) {
        add(&url.origin().ascii_serialization());
    }
    // As it is written: the provider cuts the text and does not parse it.
    if let Some((scheme, rest)) = consume_url.split_once("://")
        && let Some((host, _)) = rest.split_once('/')
    {
        add(&format!("{scheme}://{host}"));
    }
    audiences.retain(|audience| !audience.is_empty());
    audiences
}
