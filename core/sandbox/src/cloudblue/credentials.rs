//! The one API key of a sandbox, made anew for each.

use std::fmt;

use http::header;
use serde_json::{Value, json};
use tenantry::time::Random;

use super::refusal;
use crate::call::{Call, text};
use crate::reply::Reply;

/// All paths of the API begin with it.
pub(crate) const PREFIX: &str = "/public/v1";

/// What `Authorization` has to be. Its `Debug` shows no secret.
pub(crate) struct Credentials {
    api_key: String,
}

impl Credentials {
    pub(crate) fn random(random: &dyn Random) -> Credentials {
        Credentials { api_key: format!("ApiKey SU-000-000-000:{}", random.uuid().replace('-', "")) }
    }

    /// The keyword arguments of a CloudBlue client.
    pub(crate) fn line(&self, url: &str) -> Value {
        json!({ "base_url": format!("{url}{PREFIX}"), "api_key": self.api_key })
    }

    /// Lets a call with the key pass; otherwise the 401 to answer.
    pub(super) fn admit(&self, call: &Call<'_>) -> Result<(), Reply> {
        match text(call.headers, header::AUTHORIZATION.as_str()) {
            Some(given) if given == self.api_key => Ok(()),
            _ => Err(refusal::reply(401, "AUTH_001", "API request is unauthorized.")),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Credentials").finish_non_exhaustive()
    }
}
