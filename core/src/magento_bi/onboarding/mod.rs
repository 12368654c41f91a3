//! Onboarding a merchant: eleven calls as one flow that can be left at any instant and taken up again.
//!
//! ```
//! # let runtime = tokio::runtime::Runtime::new().unwrap();
//! # runtime.block_on(async {
//! # let spec_text = r#"{"company": "Coco Co.", "tier": "T100",
//! #   "admin": {"email": "csm@example.com", "first_name": "A", "last_name": "B", "role": "csm"},
//! #   "magento": {"customer_id": "MAG0000001", "subscription_id": "1000"},
//! #   "user": {"email": "customer@customer.com", "first_name": "C", "last_name": "D", "client_rights": {"admin": 1}},
//! #   "connection": {"name": "store", "type": "mysql", "properties": {"host": "db.example.com", "port": "3306"}},
//! #   "dashboards": {"package": "magento1_rjql1", "database": "magento_store", "table_prefix": ""}}"#;
//! use tenantry::magento_bi::{Client, onboarding::{FlowOptions, OnboardingSpec}};
//! use tenantry_sandbox::{ClockKind, Sandbox, SandboxOptions};
//!
//! let sandbox = Sandbox::start(SandboxOptions { clock: ClockKind::Virtual, ..SandboxOptions::default() })?;
//! let config = sandbox.line()["magento_bi"].to_string();
//! let client = Client::builder().config_json(&config)?.clock(sandbox.clock()).build()?;
//!
//! let spec = OnboardingSpec::from_json(spec_text)?;
//! let mut flow = client.onboarding(spec, FlowOptions::default())?;
//! let outputs = flow.run(|event| println!("{} {}", event.step, event.r#type)).await?;
//! assert!(outputs["client_id"].is_number());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

mod check;
mod decide;
mod fleet;
mod machine;
mod needs;
mod options;
mod packed;
mod replies;
mod requests;
mod spec;
mod state;

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::Value;

pub use fleet::{Fleet, FleetOptions, Specs};
pub use machine::Onboarding;
pub use options::{ConnectionIdFrom, FlowOptions, Place, default_limit_ms};
pub use spec::OnboardingSpec;
pub use state::{Attempt, ConnectionIds, Outputs, Phase, State, Step, Test, UserIdFrom};

pub(crate) use fleet::open_fleet;
pub(crate) use spec::check_json;

use super::Client;
use crate::error::{Code, Error, Result};
use crate::flow::{
    self, FileStore, FlowEvent, HostStore, Invoke, Machine, Need, NoStore, Progress, Runner, Stop, Store,
};
use crate::host::Host;
use crate::ops::{CallContext, read_config};
use crate::time::{Clock, Random};

/// A spec's JSON text from its TOML text.
///
/// # Errors
/// `validation` that says where the TOML is broken.
pub(crate) fn from_toml(text: &str) -> Result<String> {
    let value: Value =
        toml::from_str(text).map_err(|error| Error::validation("spec", format!("is not TOML: {}", error.message())))?;
    Ok(value.to_string())
}

/// The onboarding of a spec and options in JSON text, as another language holds it.
///
/// # Errors
/// `validation` with all that is wrong with the spec, `config`, or `checkpoint`; nothing was sent.
pub(crate) fn open(client: &Client, spec: &str, options: &str) -> Result<flow::Flow> {
    let spec = OnboardingSpec::from_json(spec)?;
    let options: FlowOptions = if options.is_empty() { FlowOptions::default() } else { read_config(options)? };
    let mode = options.mode;
    let (store, in_file): (Box<dyn Store>, bool) = match &options.checkpoint {
        Some(Place { file: Some(path), host: false }) => (Box::new(FileStore::open(path)?), true),
        Some(Place { file: None, host: true }) => (Box::new(HostStore), false),
        Some(_) => return Err(Error::config("checkpoint is neither a file nor an object", "give one of the two")),
        None => (Box::new(NoStore), false),
    };
    let secrets = spec.secrets();
    let machine: Box<dyn Machine> = Box::new(Onboarding::new(client, spec, options)?);
    let mut runner = Runner::new(machine, store, Arc::new(client.clone()), mode);
    if in_file {
        // Reading a file asks nobody: the wrong checkpoint is refused here and now.
        runner.open(&Host::silent()).now_or_never().transpose()?;
    }
    Ok(flow::Flow::new(runner, secrets))
}

impl Invoke for Client {
    fn invoke<'a>(
        &'a self,
        operation: &'static str,
        arguments: String,
        call: CallContext,
    ) -> BoxFuture<'a, Result<String>> {
        async move { self.invoke_for(operation, &arguments, &call).await }.boxed()
    }

    fn clock(&self) -> &Arc<dyn Clock> {
        &self.engine.clock
    }

    fn random(&self) -> &Arc<dyn Random> {
        &self.engine.random
    }
}

/// An onboarding as a Rust program drives it.
#[derive(Debug)]
pub struct Flow {
    runner: Runner<Onboarding>,
    host: Host,
}

impl Client {
    /// Prepares an onboarding; nothing is sent before [`Flow::next`]. The options say where its checkpoint is kept.
    ///
    /// # Errors
    /// `config`, or `checkpoint` when the file is in use.
    pub fn onboarding(&self, spec: OnboardingSpec, options: FlowOptions) -> Result<Flow> {
        if options.checkpoint.as_ref().is_some_and(|place| place.host || place.file.is_none()) {
            return Err(Error::config("checkpoint is no file", "give a file, or a store with onboarding_in"));
        }
        let store: Box<dyn Store> = match options.checkpoint.as_ref().and_then(|place| place.file.clone()) {
            Some(path) => Box::new(FileStore::open(path)?),
            None => Box::new(NoStore),
        };
        self.onboarding_in(spec, options, store)
    }

    /// The same with a store of the caller's own.
    ///
    /// # Errors
    /// `config`.
    pub fn onboarding_in(&self, spec: OnboardingSpec, options: FlowOptions, store: Box<dyn Store>) -> Result<Flow> {
        let (mode, host) = (options.mode, self.host.with_secrets(spec.secrets()));
        let machine = Onboarding::new(self, spec, options)?;
        Ok(Flow { runner: Runner::new(machine, store, Arc::new(self.clone()), mode), host })
    }
}

impl Flow {
    /// Goes on until something happened. Dropping the future stops at once.
    ///
    /// # Errors
    /// Whatever stops the flow, with the checkpoint to go on from.
    pub async fn next(&mut self) -> Result<Progress> {
        self.runner.next(&self.host).await
    }

    /// Goes on to the end, telling `listener` each event, and returns the outputs.
    ///
    /// # Errors
    /// Those of [`Flow::next`], and `needs_attention` where a person must decide first.
    pub async fn run(&mut self, mut listener: impl FnMut(&FlowEvent)) -> Result<Value> {
        loop {
            match self.next().await? {
                Progress::Event(event) => listener(&event),
                Progress::Done(outputs) => return Ok(outputs),
                Progress::Need(need) => {
                    let mut error = needs_attention(&need);
                    error.report_mut().checkpoint = Some(self.runner.machine().checkpoint());
                    return Err(error);
                }
            }
        }
    }

    /// Answers the need: `{"choice": …}` and its arguments.
    ///
    /// # Errors
    /// `validation` that lists the choices.
    pub fn answer(&mut self, answer: &Value) -> Result<()> {
        let answer = answer.as_object().ok_or_else(|| Error::validation("answer", "is not an object"))?;
        self.runner.answer(answer)
    }

    /// Stops the flow from elsewhere.
    pub fn stopper(&self) -> Stop {
        self.runner.stopper()
    }

    /// The machine, to be looked at.
    pub fn machine(&self) -> &Onboarding {
        self.runner.machine()
    }
}

/// The error for a decision that nobody took.
pub(crate) fn needs_attention(need: &Need) -> Error {
    let choices: Vec<&str> = need.choices.iter().map(|choice| choice.choice.as_str()).collect();
    let message = format!("{} waits for a person's decision ({})", need.step, need.reason);
    Error::new(Code::NeedsAttention, message)
        .with_hint(format!("answer with one of: {}", choices.join(", ")))
        .with_detail("need", serde_json::to_value(need).unwrap_or_default())
}

#[cfg(test)]
pub(crate) fn sample() -> Value {
    serde_json::json!({
        "company": "Coco Co.",
        "tier": "T100",
        "admin": {"email": "csm@example.com", "first_name": "CSMFirst", "last_name": "CSMLast", "role": "csm"},
        "magento": {"customer_id": "MAG0000001", "subscription_id": "1000"},
        "user": {
            "email": "customer@customer.com", "first_name": "tester", "last_name": "mctest",
            "client_rights": {"admin": 1, "billing": 1, "readonly": 1, "technical": 0},
        },
        "client_settings": {"name": "Coco Co.", "properties": {"timezone": "America/New_York"}},
        "connection": {
            "name": "store", "type": "mysql", "password": "db-password-canary",
            "properties": {
                "host": "db.example.com", "port": "3306", "username": "magento", "dbName": "magento_store",
                "encryption_type": "none",
            },
        },
        "dashboards": {"package": "magento1_rjql1", "database": "magento_store", "table_prefix": ""},
    })
}
