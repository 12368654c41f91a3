//! The developer platform, which knows the marketplaces.

use std::fmt;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Serialize;
use zeroize::Zeroizing;

use super::Config;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::http::{BaseUrl, Redactor};
use crate::maestrano::auth::Login;
use crate::ops::{CallContext, Credentials, Engine, Fields, Operation, System, any_json, row};
use crate::secret::Secret;

/// Where the platform is when nothing else is said.
pub const HOST: &str = "https://developer.maestrano.com";
/// Where it has the configuration.
pub const API_PATH: &str = "/api/config/v1/marketplaces";

/// Where and as whom the configuration is fetched.
pub(in crate::maestrano) struct Platform {
    pub(super) base: BaseUrl,
    pub(super) path: String,
    key: Secret,
    secret: Secret,
}

impl Platform {
    pub(super) fn new(config: &Config, insecure: bool) -> Result<Self> {
        let base = BaseUrl::parse("base_url", config.base_url.as_deref().unwrap_or(HOST), insecure)?;
        let missing = |field: &str| {
            let hint = "give api_key and api_secret, or no connection argument at all and set MNO_DEVPL_ENV_KEY and MNO_DEVPL_ENV_SECRET";
            Error::config(format!("{field} is missing"), hint).with_detail("field", field)
        };
        let key = config.api_key.clone().ok_or_else(|| missing("api_key"))?;
        let secret = config.api_secret.clone().ok_or_else(|| missing("api_secret"))?;
        Ok(Self { base, path: path(config.api_path.as_deref().unwrap_or(API_PATH)), key, secret })
    }
}

/// The path of the list: the vendor's own clients mean different things by it.
fn path(given: &str) -> String {
    let bare = given.trim_matches('/');
    if bare.is_empty() {
        return API_PATH.to_owned();
    }
    if bare.ends_with("marketplaces") { format!("/{bare}") } else { format!("/{bare}/marketplaces") }
}

/// The request, whose path is the configured one.
#[derive(Debug, Serialize)]
pub(super) struct Fetch(#[serde(skip)] pub(super) String);

impl Fields for Fetch {
    fn raw_path(&self) -> Option<&str> {
        Some(&self.0)
    }
}

#[derive(Debug, serde::Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Nothing {}

impl Fields for Nothing {}

pub(super) static FETCH: Operation = Operation {
    check: any_json,
    ..row!(
        "maestrano.marketplaces.fetch", GET "/api/config/v1/marketplaces", Safe, Basic, None, "", "", Nothing,
        serde_json::Value
    )
};

impl System for Platform {
    fn base(&self, _: &Operation) -> &BaseUrl {
        &self.base
    }

    fn bases(&self) -> Vec<&BaseUrl> {
        vec![&self.base]
    }

    fn authorize<'a>(
        &'a self,
        engine: &'a Engine<Self>,
        _: &'static Operation,
        refused: Option<u64>,
        call: &'a CallContext,
    ) -> BoxFuture<'a, Result<Credentials>> {
        async move {
            // It is asked rarely: both are looked up each time, and a refusal is final.
            let _ = refused;
            let mut key = self.key.clone();
            key.resolve(&call.host).await?;
            let login = Login::new(key.expose()?.to_owned(), self.secret.clone());
            let mut credentials = login.credentials(engine, None, call).await?;
            credentials.secrets.push(Zeroizing::new(key.expose()?.to_owned()));
            credentials.number = None;
            Ok(credentials)
        }
        .boxed()
    }

    fn login_body<'a>(&'a self, _: &'a Host, _: &'a mut Redactor) -> BoxFuture<'a, Result<Zeroizing<Vec<u8>>>> {
        async { Err(Error::internal("the platform has no login")) }.boxed()
    }

    fn redact(&self, redactor: &mut Redactor) {
        self.key.redact(redactor);
        self.secret.redact(redactor);
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Platform").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_may_end_before_the_list_or_with_it() {
        for given in
            ["/api/config/v1/marketplaces", "/api/config/v1", "/api/config/v1/", "api/config/v1/marketplaces/", ""]
        {
            assert_eq!(path(given), API_PATH, "{given:?}");
        }
    }
}
