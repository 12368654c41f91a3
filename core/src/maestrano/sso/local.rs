//! The functions of sign-on that do no I/O, by name, from JSON text to JSON text.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{login, logout_url, openid_provider_url, session_check_url, unauthorized_url};
use crate::error::{Error, Result};
use crate::maestrano::Marketplace;
use crate::maestrano::saml::{Reason, certificate_fingerprint};
use crate::ops::read_arguments;
use crate::time::{Clock, Random};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LoginArguments {
    #[serde(default)]
    params: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserArguments {
    uid: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SessionArguments {
    uid: String,
    token: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FingerprintArguments {
    #[serde(default)]
    certificate: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoArguments {}

/// Answers one of these operations:
///
/// | name | arguments | answer |
/// |---|---|---|
/// | `login_url` | `{"params": {…}}` | `{"url", "request_id"}` |
/// | `logout_url` | `{"uid"}` | URL |
/// | `unauthorized_url`, `openid_provider_url`, `init_url`, `consume_url` | `{}` | URL |
/// | `session_check_url` | `{"uid", "token"}` | URL, which is a secret |
/// | `fingerprint` | `{"certificate"}`, default: the configured one | `{"sha1", "sha256"}` |
///
/// # Errors
/// `validation` that names an argument; those of the functions of the same names; `internal` for an unknown name.
pub fn local(
    name: &str,
    marketplace: &Marketplace,
    arguments: &str,
    random: &dyn Random,
    clock: &dyn Clock,
) -> Result<String> {
    match name {
        "login_url" => {
            let LoginArguments { params } = read_arguments(arguments)?;
            json(&login(marketplace, &params, random, clock.wall_ms())?)
        }
        "logout_url" => json(&logout_url(marketplace, &read_arguments::<UserArguments>(arguments)?.uid)?),
        "session_check_url" => {
            let SessionArguments { uid, token } = read_arguments(arguments)?;
            json(&session_check_url(marketplace, &uid, &token)?)
        }
        "fingerprint" => {
            let FingerprintArguments { certificate } = read_arguments(arguments)?;
            let certificate = certificate.as_deref().or(marketplace.sso.x509_certificate.as_deref());
            json(&certificate_fingerprint(certificate.ok_or(Reason::NoTrust)?)?)
        }
        _ => {
            let NoArguments {} = read_arguments(arguments)?;
            json(&match name {
                "unauthorized_url" => unauthorized_url(marketplace)?,
                "openid_provider_url" => openid_provider_url(marketplace)?,
                "init_url" => marketplace.init_url(),
                "consume_url" => marketplace.consume_url(),
                _ => return Err(Error::internal(format!("maestrano.sso has no operation {name}"))),
            })
        }
    }
}

fn json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::internal(format!("an answer has no JSON form: {error}")))
}
