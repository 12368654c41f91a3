//! The door that Python and Node come through: text in, text out, and three handles.

use std::sync::Arc;

use super::{Call, envelope};
use crate::error::{Error, Result};
use crate::flow::Flow;
use crate::http::Options;
use crate::magento_bi;
use crate::ops::{CallContext, read_config};
use crate::time::Clock;

/// A client of one system, as another language holds it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Client {
    MagentoBi(magento_bi::Client),
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
            _ => Err(Error::validation("system", format!("{system} is no system of tenantry"))),
        }
    }

    /// Starts an operation: its name, its arguments and the call's options as JSON text (`""` for none).
    ///
    /// Nothing is sent before the first [`Call::next`]. `<system>.request` is the operation that takes any path.
    pub fn call(&self, operation: &str, arguments: &str, options: &str, events: bool) -> Call {
        let (client, operation, arguments) = (self.clone(), operation.to_owned(), arguments.to_owned());
        let options = if options.is_empty() { Ok(Options::default()) } else { read_config(options) };
        Call::new(events, move |host| async move {
            let call = CallContext { host, options: options?, ..CallContext::default() };
            match client {
                Self::MagentoBi(client) if operation == "magento_bi.request" => {
                    client.request_for(&arguments, &call).await
                }
                Self::MagentoBi(client) => client.invoke_for(&operation, &arguments, &call).await,
            }
        })
    }

    /// Prepares a flow: its kind (`magento_bi.onboarding`), its spec and its options as JSON text.
    ///
    /// # Errors
    /// `validation` with all that is wrong with the spec, `config`, or `checkpoint`; nothing was sent.
    pub fn flow(&self, kind: &str, spec: &str, options: &str) -> Result<Flow> {
        match (self, kind) {
            (Self::MagentoBi(client), "magento_bi.onboarding") => magento_bi::onboarding::open(client, spec, options),
            _ => Err(Error::validation("kind", format!("{kind} is no flow of this client"))),
        }
    }
}

/// Checks a spec or converts it, without a client; answers with an envelope.
///
/// `magento_bi.onboarding.check` takes a spec as JSON and gives `{"errors": [{field, message}], "warnings": […]}`;
/// `magento_bi.onboarding.from_toml` takes TOML text and gives the spec.
pub fn spec(kind: &str, text: &str) -> String {
    envelope(match kind {
        "magento_bi.onboarding.check" => magento_bi::onboarding::check_json(text),
        "magento_bi.onboarding.from_toml" => magento_bi::onboarding::from_toml(text),
        _ => Err(Error::validation("kind", format!("{kind} is no kind of spec"))),
    })
}
