//! A fleet as another language holds it: each turn is a [`Call`].

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::desk::Counter;
use super::drive::Kind;
use super::driver::{Driver, FleetStatus, Report};
use crate::error::{Error, Result};
use crate::flow::{FlowEvent, Need, Stop};
use crate::host::Host;
use crate::ops::{Call, read_arguments};

/// Reports that one turn brings at most.
const REPORTS: usize = 256;

/// With so much to tell, a turn ends at once; with less it waits a moment for more, for a turn is dear.
const ENOUGH: usize = 32;

/// A fleet. Cheap to clone; clones are the same fleet, which one turn at a time drives.
#[derive(Clone)]
pub struct Fleet {
    driver: Arc<Mutex<dyn Drives>>,
    /// What the next turn that ends brings: a turn that is given up loses nothing.
    held: Arc<Mutex<Held>>,
    desk: Arc<dyn Counter>,
    host: Host,
    stop: Stop,
}

#[derive(Debug, Default)]
struct Held {
    reports: Vec<Report>,
    wanted: Vec<String>,
}

/// A [`Driver`] of whatever kind of flow.
trait Drives: Send {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Report>>;

    fn add(&mut self, key: &str) -> Result<()>;
    fn answer(&mut self, key: &str, answer: Map<String, Value>) -> Result<()>;
    fn status(&self) -> FleetStatus;
    fn room(&self) -> usize;
    fn wants_more(&self) -> bool;
    fn moment(&self) -> BoxFuture<'static, ()>;
}

impl<K: Kind> Drives for Driver<K> {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Report>> {
        Driver::poll_next(self, context)
    }

    fn add(&mut self, key: &str) -> Result<()> {
        Driver::add(self, key)
    }

    fn answer(&mut self, key: &str, answer: Map<String, Value>) -> Result<()> {
        Driver::answer(self, key, answer)
    }

    fn status(&self) -> FleetStatus {
        Driver::status(self)
    }

    fn room(&self) -> usize {
        Driver::room(self)
    }

    fn wants_more(&self) -> bool {
        Driver::wants_more(self)
    }

    fn moment(&self) -> BoxFuture<'static, ()> {
        Driver::moment(self)
    }
}

/// What the host program gives at the beginning of a turn.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Given {
    /// Flows to add.
    add: Vec<Spec>,
    /// Specs that were wanted.
    specs: Vec<Spec>,
    /// Whether there are more flows to add.
    more: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    key: String,
    #[serde(default)]
    spec: Option<Value>,
    /// Why there is none.
    #[serde(default)]
    error: Option<String>,
}

/// What a turn brings.
#[derive(Debug, Serialize)]
struct Brought<'a> {
    reports: Vec<Shown<'a>>,
    /// Flows whose spec is wanted.
    wanted: Vec<String>,
    /// How many flows may be added now.
    room: usize,
    /// Nothing will happen before a flow is added or answered.
    over: bool,
}

/// A report as it crosses: one of the four beside the key.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Shown<'a> {
    Result { key: &'a str, result: &'a Value },
    Need { key: &'a str, need: &'a Need },
    Error { key: &'a str, error: &'a Error },
    Event { key: &'a str, event: &'a FlowEvent },
}

impl<'a> From<&'a Report> for Shown<'a> {
    fn from(report: &'a Report) -> Self {
        match report {
            Report::Done { key, outputs } => Self::Result { key, result: outputs },
            Report::Need { key, need } => Self::Need { key, need },
            Report::Failed { key, error } => Self::Error { key, error },
            Report::Event { key, event } => Self::Event { key, event },
        }
    }
}

impl Fleet {
    /// The fleet that `driver` drives, whose specs come over `desk`.
    pub(crate) fn new<K: Kind>(driver: Driver<K>, desk: Arc<dyn Counter>, host: Host) -> Self {
        let stop = driver.stopper();
        Self { driver: Arc::new(Mutex::new(driver)), held: Arc::default(), desk, host, stop }
    }

    /// One turn, which takes `{"add": [{"key", "spec"}], "specs": [{"key", "spec" or "error"}], "more": bool}` as JSON text.
    /// It ends when there are reports, when specs are wanted, when there is room for more flows, or when nothing will happen;
    /// its envelope holds `{"reports": […], "wanted": [key], "room": n, "over": bool}`. A flow that cannot be added is
    /// reported like one that failed.
    pub fn advance(&self, given: &str) -> Call {
        let (fleet, given) = (self.clone(), given.to_owned());
        let turn = async move {
            let Given { add, specs, more } = read_arguments(&given)?;
            let give = |key: &str, spec: Option<Value>, error: Option<String>| {
                fleet.desk.give(key, spec.ok_or_else(|| error.unwrap_or_else(|| "there is none".to_owned())));
            };
            for Spec { key, spec, error } in specs {
                give(&key, spec, error);
            }
            for Spec { key, spec, error } in add {
                let added = fleet.driver().add(&key);
                match added {
                    Ok(()) => give(&key, spec, error),
                    Err(error) => fleet.held().reports.push(Report::Failed { key, error }),
                }
            }
            let mut moment = None;
            poll_fn(|context| fleet.poll(context, more, &mut moment)).await
        };
        Call::on(self.host.clone(), turn)
    }

    fn poll(
        &self,
        context: &mut Context<'_>,
        more: bool,
        moment: &mut Option<BoxFuture<'static, ()>>,
    ) -> Poll<Result<String>> {
        let (mut driver, mut held) = (self.driver(), self.held());
        let mut over = false;
        while held.reports.len() < REPORTS && !over {
            match driver.poll_next(context) {
                Poll::Ready(Some(report)) => held.reports.push(report),
                Poll::Ready(None) => over = true,
                Poll::Pending => break,
            }
        }
        held.wanted.extend(self.desk.wanted());
        let at_once = over || (more && driver.wants_more()) || held.reports.len() + held.wanted.len() >= ENOUGH;
        if !at_once {
            if held.reports.is_empty() && held.wanted.is_empty() {
                return Poll::Pending;
            }
            if moment.get_or_insert_with(|| driver.moment()).as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
        let Held { reports, wanted } = std::mem::take(&mut *held);
        let shown = reports.iter().map(Shown::from).collect();
        let brought = Brought { reports: shown, wanted, room: driver.room(), over };
        Poll::Ready(
            serde_json::to_string(&brought)
                .map_err(|error| Error::internal(format!("a report cannot be written: {error}"))),
        )
    }

    /// Answers the need of the flow `key`: `{"choice": …}` and its arguments as JSON text.
    ///
    /// # Errors
    /// `validation` when it asks nothing, or that lists the choices.
    pub fn answer(&self, key: &str, answer: &str) -> Result<()> {
        let answer = read_arguments(answer)?;
        self.driver().answer(key, answer)
    }

    /// Stops the fleet: what must not be sent twice is waited for, and nothing else is begun.
    pub fn stop(&self) {
        self.stop.stop();
    }

    /// JSON text: how many flows are where, and how punctual the polls are.
    pub fn status(&self) -> String {
        // Numbers and nothing else: they always serialise.
        serde_json::to_string(&self.driver().status()).unwrap_or_default()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn driver(&self) -> MutexGuard<'_, dyn Drives + 'static> {
        // Nothing in a critical section panics half-way through a change.
        self.driver.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet").field("stop", &self.stop.is_stopped()).finish_non_exhaustive()
    }
}
