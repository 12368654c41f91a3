//! The door that Python and Node come through: text in, text out, and three handles.

use std::sync::Arc;

use super::{Call, Kind, Reply, envelope};
use crate::cloudblue;
use crate::cloudblue::fulfillment::Worker;
use crate::error::{Error, Result};
use crate::flow::{Fleet, Flow};
use crate::host::{Events, Host};
use crate::http::Options;
use crate::maestrano::{self, Marketplaces};
use crate::magento_bi;
use crate::ops::{CallContext, read_arguments, read_config};
use crate::page::{Pages, count};
use crate::time::Clock;

/// A client of one system, as another language holds it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Client {
    MagentoBi(magento_bi::Client),
    CloudBlue(cloudblue::Client),
    Maestrano(maestrano::Client),
    /// Not a client yet: [`Client::marketplace`] makes one.
    Marketplaces(Marketplaces),
}

impl Client {
    /// Makes the client of `system` from its settings as JSON text; `clock` replaces the machine's.
    ///
    /// # Errors
    /// `config`, naming the setting.
    pub fn open(system: &str, config: &str, clock: Option<Arc<dyn Clock>>) -> Result<Self> {
        match system {
            "magento_bi" => {
                let builder = magento_bi::Client::builder().config_json(config)?;
                let builder = if let Some(clock) = clock { builder.clock(clock) } else { builder };
                Ok(Self::MagentoBi(builder.build()?))
            }
            "cloudblue" => {
                let builder = cloudblue::Client::builder().config_json(config)?;
                let builder = if let Some(clock) = clock { builder.clock(clock) } else { builder };
                Ok(Self::CloudBlue(builder.build()?))
            }
            "maestrano" => {
                let builder = maestrano::Client::builder().config_json(config)?;
                let builder = if let Some(clock) = clock { builder.clock(clock) } else { builder };
                Ok(Self::Maestrano(builder.build()?))
            }
            "maestrano.marketplaces" => {
                let builder = Marketplaces::builder().config_json(config)?;
                let builder = if let Some(clock) = clock { builder.clock(clock) } else { builder };
                Ok(Self::Marketplaces(builder.build()?))
            }
            _ => Err(Error::validation("system", format!("{system} is no system of tenantry"))),
        }
    }

    /// Starts an operation: its name, its arguments and the call's options as JSON text (`""` for none).
    ///
    /// Nothing is sent before the first [`Call::next`]. `<system>.request` is the operation that takes any path.
    pub fn call(&self, operation: &str, arguments: &str, options: &str, events: impl Into<Events>) -> Call {
        let (client, operation, arguments) = (self.clone(), operation.to_owned(), arguments.to_owned());
        let options = if options.is_empty() { Ok(Options::default()) } else { read_config(options) };
        let inline = options.as_ref().is_ok_and(|options| self.runs_inline(&operation, options));
        let call = Call::new(events, move |host| async move {
            let call = CallContext { host, options: options?, ..CallContext::default() };
            match client {
                Self::MagentoBi(client) if operation == "magento_bi.request" => {
                    client.request_for(&arguments, &call).await
                }
                Self::MagentoBi(client) => client.invoke_for(&operation, &arguments, &call).await,
                Self::CloudBlue(client) if operation == "cloudblue.request" => {
                    client.request_for(&arguments, &call).await
                }
                Self::CloudBlue(client) => return client.invoke_for(&operation, &arguments, &call).await,
                Self::Maestrano(client) if operation == "maestrano.request" => {
                    client.request_for(&arguments, &call).await
                }
                Self::Maestrano(client) => client.invoke_for(&operation, &arguments, &call).await,
                Self::Marketplaces(marketplaces) => marketplaces.invoke_for(&operation, &arguments, &call).await,
            }
            .map(Reply::Text)
        });
        call.inline(inline)
    }

    /// The client of a marketplace, as it is configured now: connection options as JSON text (`""` for none).
    ///
    /// # Errors
    /// `config` that lists the marketplaces there are, or says what is wrong with this one.
    pub fn marketplace(&self, name: &str, options: &str) -> Result<Self> {
        let Self::Marketplaces(marketplaces) = self else {
            return Err(Error::validation("system", "only a set of marketplaces has clients"));
        };
        let client = match options {
            "" | "{}" => marketplaces.client(name)?,
            options => marketplaces.client_with(name, read_config(options)?)?,
        };
        Ok(Self::Maestrano(client))
    }

    fn runs_inline(&self, operation: &str, options: &Options) -> bool {
        match self {
            Self::MagentoBi(client) => client.engine.runs_inline(options),
            Self::CloudBlue(client) => client.engine.runs_inline(options),
            Self::Maestrano(client) => {
                // What sends nothing needs no connections: handing it to another thread takes longer than carrying it out.
                let is_local = maestrano::Client::operation(operation).is_ok_and(|row| row.kind == Kind::Local);
                is_local || client.engine.runs_inline(options)
            }
            Self::Marketplaces(marketplaces) => marketplaces.runs_inline(options),
        }
    }

    /// Takes over what `parent` knows, which this client was made like in a forked child; the parent itself is left alone.
    pub fn inherit(&self, parent: &Self) {
        if let (Self::Marketplaces(own), Self::Marketplaces(parent)) = (self, parent) {
            own.inherit(parent);
        }
    }

    /// Answers without a request: an operation and its arguments as JSON text in, an envelope out.
    pub fn local(&self, operation: &str, arguments: &str) -> String {
        envelope(match self {
            Self::Marketplaces(marketplaces) => marketplaces.local(operation, arguments),
            Self::Maestrano(client) => client.local(operation, arguments),
            _ => Err(Error::validation("operation", format!("{operation} is not answered without a request"))),
        })
    }

    /// Prepares the reading of a list: its operation, its arguments and the calls' options as JSON text (`""` for none).
    ///
    /// Each [`Pages::next_call`] brings a page, as the text of a JSON array, and null at the end. Nothing is sent before.
    ///
    /// # Errors
    /// `validation` that names the argument.
    pub fn list(&self, operation: &str, arguments: &str, options: &str, events: impl Into<Events>) -> Result<Pages> {
        let Self::CloudBlue(client) = self else {
            return Err(Error::validation("operation", "this system has no lists that are read page by page"));
        };
        let options = if options.is_empty() { Options::default() } else { read_config(options)? };
        let host = Host::with_mailbox(events);
        let (source, pages, host) = cloudblue::list(client, operation, arguments, options, host)?;
        Ok(Pages::new(source, pages, host))
    }

    /// Starts the counting of a list's rows, by a request for none of them; its envelope holds the number.
    pub fn count(&self, operation: &str, arguments: &str, options: &str, events: impl Into<Events>) -> Call {
        let pages = self.list(operation, arguments, options, events);
        let host = pages.as_ref().map_or_else(|_| Host::with_mailbox(false), |pages| pages.host().clone());
        Call::on(host.clone(), async move { Ok(count(pages?.source(), host).await?.to_string()) })
    }

    /// A worker that handles fulfillment requests: its options as JSON text.
    ///
    /// # Errors
    /// `validation` that names the option.
    pub fn worker(&self, options: &str) -> Result<Worker> {
        match self {
            Self::CloudBlue(client) => client.fulfillment_worker(read_arguments(options)?),
            _ => Err(Error::validation("worker", "only CloudBlue Connect has requests to handle")),
        }
    }

    /// Prepares a flow: its kind (`magento_bi.onboarding`), its spec and its options as JSON text.
    ///
    /// # Errors
    /// `validation` with all that is wrong with the spec, `config`, or `checkpoint`; nothing was sent.
    pub fn flow(&self, kind: &str, spec: &str, options: &str) -> Result<Flow> {
        match (self, kind) {
            (Self::MagentoBi(client), "magento_bi.onboarding") => magento_bi::onboarding::open(client, spec, options),
            (_, kind) => Err(Error::validation("kind", format!("{kind} is no flow of this client"))),
        }
    }

    /// Prepares a fleet of flows: their kind (`magento_bi.onboarding`) and its options as JSON text; `events` says whether
    /// the caller wants to hear of their requests.
    ///
    /// # Errors
    /// `config`, or `checkpoint`; nothing was sent.
    pub fn fleet(&self, kind: &str, options: &str, events: impl Into<Events>) -> Result<Fleet> {
        match (self, kind) {
            (Self::MagentoBi(client), "magento_bi.onboarding") => {
                magento_bi::onboarding::open_fleet(client, options, events)
            }
            (_, kind) => Err(Error::validation("kind", format!("{kind} is no flow of this client"))),
        }
    }
}

/// Checks a spec or converts it, without a client; answers with an envelope.
///
/// `magento_bi.onboarding.check` takes a spec as JSON and gives `{"errors": [{field, message}], "warnings": […]}`;
/// `magento_bi.onboarding.from_toml` takes TOML text and gives the spec; `cloudblue.query` takes a query as JSON and gives
/// its text in the query language.
pub fn spec(kind: &str, text: &str) -> String {
    envelope(match kind {
        "magento_bi.onboarding.check" => magento_bi::onboarding::check_json(text),
        "magento_bi.onboarding.from_toml" => magento_bi::onboarding::from_toml(text),
        "cloudblue.query" => {
            cloudblue::Query::from_json(text).and_then(|query| Ok(serde_json::Value::from(query.to_rql()?).to_string()))
        }
        _ => Err(Error::validation("kind", format!("{kind} is no kind of spec"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_on_needs_no_runtime_wherever_the_marketplace_is() {
        let config = r#"{"base_url": "https://api.example.com", "app_id": "app-1", "app_key": "x"}"#;
        let client = Client::open("maestrano", config, None).unwrap();
        assert!(client.call("maestrano.sso.consume", "{}", "", false).runs_inline());
        assert!(!client.call("maestrano.groups.list", "{}", "", false).runs_inline());
    }

    #[test]
    fn only_options_that_ask_for_other_connections_need_a_runtime_of_its_own() {
        let inline = |base: &str, options: &str| {
            let config = format!(r#"{{"base_url": "{base}", "api_key": "SU-1:x", "options": {{"proxy": false}}}}"#);
            let client = Client::open("cloudblue", &config, None).unwrap();
            client.call("cloudblue.requests.get", r#"{"id": "PR-1"}"#, options, false).runs_inline()
        };
        for options in ["", "{}", r#"{"timeout_ms": 5}"#, r#"{"max_retries": 0}"#, r#"{"proxy": false}"#] {
            assert!(inline("http://127.0.0.1:1", options), "{options}");
            assert!(!inline("https://127.0.0.1:1", options), "{options}");
        }
        for options in
            [r#"{"proxy": "http://127.0.0.1:2"}"#, r#"{"connect_timeout_ms": 5}"#, r#"{"ca_file": "x"}"#, "x"]
        {
            assert!(!inline("http://127.0.0.1:1", options), "{options}");
        }
    }
}
