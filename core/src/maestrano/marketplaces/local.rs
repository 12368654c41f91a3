//! A set of marketplaces as other languages hold it: text in, text out.

use serde::Deserialize;
use serde_json::json;

use super::Marketplaces;
use crate::error::{Error, Result};
use crate::maestrano::webhooks;
use crate::ops::{CallContext, read_arguments};
use crate::secret::Secret;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refresh {
    /// Whether it is fetched although it is fresh.
    #[serde(default)]
    force: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    app_id: String,
    app_key: Secret,
}

impl Marketplaces {
    /// Carries `maestrano.marketplaces.<verb>` out: `refresh` fetches, `watch` waits until something changed.
    pub(crate) async fn invoke_for(&self, name: &str, arguments: &str, call: &CallContext) -> Result<String> {
        let refreshed = match name {
            "maestrano.marketplaces.refresh" => {
                let Refresh { force } = read_arguments(arguments)?;
                self.refresh_for(force, call).await?
            }
            "maestrano.marketplaces.watch" => self.next_change_for(call).await?,
            _ => {
                return Err(Error::validation("operation", format!("{name} is no operation of a set of marketplaces")));
            }
        };
        serde_json::to_string(&refreshed).map_err(|error| Error::internal(error.to_string()))
    }

    /// Answers `maestrano.marketplaces.<verb>` without a request.
    pub(crate) fn local(&self, name: &str, arguments: &str) -> Result<String> {
        if let Some(function) = name.strip_prefix("maestrano.webhooks.") {
            let all = self.all();
            let all: Vec<_> = all.iter().map(std::sync::Arc::as_ref).collect();
            return webhooks::local(function, &all, arguments);
        }
        match name {
            "maestrano.marketplaces.names" => Ok(json!(self.names()).to_string()),
            "maestrano.marketplaces.problems" => {
                let problems: serde_json::Map<_, _> =
                    self.problems().into_iter().map(|(name, problem)| (name, problem.into())).collect();
                Ok(json!(problems).to_string())
            }
            "maestrano.marketplaces.config" => {
                let Named { name } = read_arguments(arguments)?;
                self.config(&name)?.shown()
            }
            "maestrano.marketplaces.find_by_credentials" => {
                let Credentials { app_id, app_key } = read_arguments(arguments)?;
                let found = self.find_by_credentials(&app_id, app_key.expose()?)?;
                Ok(json!(found.map(|marketplace| marketplace.marketplace.clone())).to_string())
            }
            _ => Err(Error::validation("operation", format!("{name} is no operation of a set of marketplaces"))),
        }
    }
}
