//! Onboarding many merchants at once: a fleet whose flows take next to nothing while they wait.

use std::fmt;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;

use super::machine::{Onboarding, Run};
use super::options::{FlowOptions, Place};
use super::spec::OnboardingSpec;
use super::state::State;
use crate::error::{Error, Result};
use crate::flow::checkpoint::refused;
use crate::flow::{
    self, CheckpointFolder, Checkpoints, Desk, Driver, FleetStatus, HostCheckpoints, Invoke, Kind, NoCheckpoints,
    Parts, Report, Stop,
};
use crate::host::{Events, Host, Secrets};
use crate::magento_bi::Client;
use crate::ops::read_config;

/// Gives the merchants' specs: each when its flow begins, and again each time it has more to do than to wait. A closure from
/// a key to a spec is one.
pub trait Specs: Send + Sync {
    /// The spec of the flow `key`, the same every time.
    fn spec<'a>(&'a self, key: &'a str, host: &'a Host) -> BoxFuture<'a, Result<OnboardingSpec>>;
}

impl<F: Fn(&str) -> Result<OnboardingSpec> + Send + Sync> Specs for F {
    fn spec<'a>(&'a self, key: &'a str, _: &'a Host) -> BoxFuture<'a, Result<OnboardingSpec>> {
        let spec = self(key);
        async { spec }.boxed()
    }
}

/// Options of a fleet. All have defaults.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FleetOptions {
    /// Options of each flow. `checkpoint` is a folder here, and there is no `flow_id`: a flow is called by its key.
    pub flow: FlowOptions,
    /// Flows that do more than wait, and polls, at most at one time; default 64. So many connections are used at most.
    pub at_once: usize,
    /// Whether each flow's events are reported; default false.
    pub events: bool,
}

impl Default for FleetOptions {
    fn default() -> Self {
        Self { flow: FlowOptions::default(), at_once: 64, events: false }
    }
}

impl FleetOptions {
    fn check(&self) -> Result<()> {
        self.flow.check()?;
        if self.flow.flow_id.is_some() {
            return Err(Error::config("flow_id is set for a whole fleet", "a flow is called by its key: leave it out"));
        }
        if self.at_once == 0 {
            return Err(Error::config("at_once is 0", "give the number of requests that may be under way at a time"));
        }
        Ok(())
    }
}

/// What the onboardings of a fleet are made of.
pub(crate) struct Merchants {
    client: Client,
    specs: Box<dyn Specs>,
    options: Arc<FlowOptions>,
    /// Nobody hears of events.
    quiet: bool,
}

impl Merchants {
    fn machine(&self, state: State, spec: OnboardingSpec) -> Onboarding {
        let (endpoints, options) = (Arc::clone(&self.client.engine.system.endpoints), Arc::clone(&self.options));
        Onboarding { state, endpoints, spec, options, quiet: self.quiet, run: Run::default() }
    }
}

impl Kind for Merchants {
    type Machine = Onboarding;

    fn poller(&self) -> Onboarding {
        self.machine(State::blank("", 0), OnboardingSpec::absent(0))
    }

    fn complete<'a>(
        &'a self,
        key: &'a str,
        poller: Option<Onboarding>,
        host: &'a Host,
    ) -> BoxFuture<'a, Result<(Onboarding, Secrets)>> {
        async move {
            let spec = self.specs.spec(key, host).await?;
            let secrets = spec.secrets();
            let machine = match poller {
                None => self.machine(State::new(key, self.client.engine.clock.wall_ms()), spec),
                Some(poller) if poller.spec.mark() == spec.mark() || self.options.accept_changed_spec => {
                    Onboarding { spec, ..poller }
                }
                Some(_) => {
                    return Err(refused(
                        "mismatch",
                        format!("the spec of {key:?} is another one than the flow was begun with"),
                        "give the same spec each time, or set accept_changed_spec",
                    ));
                }
            };
            Ok((machine, secrets))
        }
        .boxed()
    }
}

impl fmt::Debug for Merchants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Merchants").field("client", &self.client).finish_non_exhaustive()
    }
}

/// Many onboardings that one caller drives: a hundred thousand that wait take some ten megabytes.
///
/// ```
/// # let runtime = tokio::runtime::Runtime::new().unwrap();
/// # runtime.block_on(async {
/// # let spec_text = r#"{"company": "Coco Co.", "tier": "T100",
/// #   "admin": {"email": "csm@example.com", "first_name": "A", "last_name": "B", "role": "csm"},
/// #   "magento": {"customer_id": "MAG0000001", "subscription_id": "1000"},
/// #   "user": {"email": "customer@customer.com", "first_name": "C", "last_name": "D", "client_rights": {"admin": 1}},
/// #   "connection": {"name": "store", "type": "mysql", "properties": {"host": "db.example.com", "port": "3306"}},
/// #   "dashboards": {"package": "magento1_rjql1", "database": "magento_store", "table_prefix": ""}}"#;
/// use tenantry::flow::Report;
/// use tenantry::magento_bi::{Client, onboarding::{FleetOptions, OnboardingSpec}};
/// use tenantry_sandbox::{ClockKind, Sandbox, SandboxOptions};
///
/// let sandbox = Sandbox::start(SandboxOptions { clock: ClockKind::Virtual, ..SandboxOptions::default() })?;
/// let config = sandbox.line()["magento_bi"].to_string();
/// let client = Client::builder().config_json(&config)?.clock(sandbox.clock()).build()?;
///
/// let spec = move |key: &str| OnboardingSpec::from_json(&spec_text.replace("Coco", key));
/// let mut fleet = client.onboarding_fleet(spec, FleetOptions::default())?;
/// for number in 1..=20 {
///     fleet.add(&format!("shop-{number}"))?;
/// }
/// let mut finished = 0;
/// while let Some(report) = fleet.next().await {
///     match report {
///         Report::Done { key, outputs } => {
///             assert!(outputs["client_id"].is_number(), "{key}");
///             finished += 1;
///         }
///         other => panic!("{other:?}"),
///     }
/// }
/// assert_eq!(finished, 20);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
///
/// Each flow is the same machine that [`Client::onboarding`] drives, with the same checkpoints, limits and decisions; a
/// folder of checkpoints holds the same files. Its first poll comes at any time within the first delay, so that flows that
/// begin together do not poll together.
#[derive(Debug)]
pub struct Fleet(Driver<Merchants>);

impl Client {
    /// Prepares a fleet; nothing is sent before [`Fleet::next`]. The options name the folder of its checkpoints.
    ///
    /// # Errors
    /// `config`, or `checkpoint` when the folder is in use.
    pub fn onboarding_fleet(&self, specs: impl Specs + 'static, options: FleetOptions) -> Result<Fleet> {
        let checkpoints: Arc<dyn Checkpoints> = match &options.flow.checkpoint {
            Some(place) => match &place.file {
                Some(folder) if !place.host => Arc::new(CheckpointFolder::open(folder)?),
                _ => {
                    let hint = "give a folder, or a store with onboarding_fleet_in";
                    return Err(Error::config("checkpoint is no folder", hint));
                }
            },
            None => Arc::new(NoCheckpoints),
        };
        self.onboarding_fleet_in(specs, options, checkpoints)
    }

    /// The same with a store of the caller's own.
    ///
    /// # Errors
    /// `config`.
    pub fn onboarding_fleet_in(
        &self,
        specs: impl Specs + 'static,
        options: FleetOptions,
        checkpoints: Arc<dyn Checkpoints>,
    ) -> Result<Fleet> {
        Fleet::new(self, Arc::new(self.clone()), specs, options, checkpoints)
    }
}

impl Specs for Arc<Desk<OnboardingSpec>> {
    fn spec<'a>(&'a self, key: &'a str, _: &'a Host) -> BoxFuture<'a, Result<OnboardingSpec>> {
        self.ask(key).boxed()
    }
}

/// The fleet of options in JSON text, as another language holds it. `checkpoint` is a folder, or kept by the host program.
///
/// # Errors
/// `config`, or `checkpoint`; nothing was sent.
pub(crate) fn open_fleet(client: &Client, options: &str, events: impl Into<Events>) -> Result<flow::Fleet> {
    let options: FleetOptions = if options.is_empty() { FleetOptions::default() } else { read_config(options)? };
    let checkpoints: Arc<dyn Checkpoints> = match &options.flow.checkpoint {
        Some(Place { file: Some(folder), host: false }) => Arc::new(CheckpointFolder::open(folder)?),
        Some(Place { file: None, host: true }) => Arc::new(HostCheckpoints),
        Some(_) => return Err(Error::config("checkpoint is neither a folder nor an object", "give one of the two")),
        None => Arc::new(NoCheckpoints),
    };
    let desk = Arc::new(Desk::new(OnboardingSpec::from_value));
    let host = Host::with_mailbox(events);
    let client = Client { host: host.clone(), ..client.clone() };
    let fleet = Fleet::new(&client, Arc::new(client.clone()), Arc::clone(&desk), options, checkpoints)?;
    Ok(flow::Fleet::new(fleet.0, desk, host))
}

impl Fleet {
    /// The fleet of `client` whose operations `invoke` carries out.
    ///
    /// # Errors
    /// `config`.
    pub fn new(
        client: &Client,
        invoke: Arc<dyn Invoke>,
        specs: impl Specs + 'static,
        options: FleetOptions,
        checkpoints: Arc<dyn Checkpoints>,
    ) -> Result<Self> {
        options.check()?;
        let FleetOptions { flow, at_once, events } = options;
        let (mode, host) = (flow.mode, client.host.clone());
        let specs = Box::new(specs);
        let kind = Merchants { client: client.clone(), specs, options: flow.shared(), quiet: !events };
        Ok(Self(Driver::new(Parts { kind, client: invoke, checkpoints, host, mode, at_once, events })))
    }

    /// Adds the onboarding that `key`, 1 to 128 bytes, names; it is the `flow_id` too. It begins when there is room.
    ///
    /// # Errors
    /// `validation` for a key that cannot be one, or that a flow of the fleet has.
    pub fn add(&mut self, key: &str) -> Result<()> {
        self.0.add(key)
    }

    /// Goes on until there is something to report; `None` when nothing will happen before a flow is added or answered, or
    /// after a stop. Dropping the future loses nothing: the next one goes on.
    pub async fn next(&mut self) -> Option<Report> {
        self.0.next().await
    }

    /// Answers the need of the flow `key`: `{"choice": …}` and its arguments. It takes effect, and is kept, when the flow
    /// goes on.
    ///
    /// # Errors
    /// `validation` when it asks nothing, or that lists the choices.
    pub fn answer(&mut self, key: &str, answer: &Value) -> Result<()> {
        let answer = answer.as_object().ok_or_else(|| Error::validation("answer", "is not an object"))?;
        self.0.answer(key, answer.clone())
    }

    /// Stops the fleet from elsewhere: what must not be sent twice is waited for, and nothing else is begun.
    pub fn stopper(&self) -> Stop {
        self.0.stopper()
    }

    /// How many flows are where, and how punctual the polls are.
    pub fn status(&self) -> FleetStatus {
        self.0.status()
    }
}
