//! A flow as another language holds it: each turn is a [`Call`].

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};

use super::runner::{Progress, Runner, Stop};
use super::{FileStore, HostStore, Machine as _, NoStore, Store};
use crate::error::{Error, Result};
use crate::host::Host;
use crate::magento_bi;
use crate::magento_bi::onboarding::{FlowOptions, Onboarding, OnboardingSpec};
use crate::ops::{Call, read_arguments, read_config};

/// A flow. Cheap to clone; clones drive the same flow, one at a time.
#[derive(Clone)]
pub struct Flow {
    runner: Arc<tokio::sync::Mutex<Runner<Onboarding>>>,
    secrets: crate::host::Secrets,
    stop: Stop,
    seen: Arc<Mutex<Seen>>,
}

/// What can be looked at while a turn is under way, and the answer that waits for the next one.
#[derive(Default)]
struct Seen {
    checkpoint: String,
    answer: Option<Map<String, Value>>,
}

impl Flow {
    pub(crate) fn onboarding(client: &magento_bi::Client, spec: &str, options: &str) -> Result<Self> {
        let spec = OnboardingSpec::from_json(spec)?;
        let options: FlowOptions = if options.is_empty() { FlowOptions::default() } else { read_config(options)? };
        let (checkpoint, mode) = (options.checkpoint.clone(), options.mode);
        let in_file = checkpoint.as_ref().is_some_and(|place| place.file.is_some());
        let store: Box<dyn Store> = match checkpoint {
            Some(place) => match (place.file, place.host) {
                (Some(path), false) => Box::new(FileStore::open(path)?),
                (None, true) => Box::new(HostStore),
                _ => return Err(Error::config("checkpoint is neither a file nor an object", "give one of the two")),
            },
            None => Box::new(NoStore),
        };
        let secrets = spec.secrets();
        let machine = Onboarding::new(client, spec, options)?;
        let mut runner = Runner::new(machine, store, Arc::new(client.clone()), mode);
        if in_file {
            // Reading a file asks nobody: the wrong checkpoint is refused here and now.
            futures::FutureExt::now_or_never(runner.open(&Host::silent())).transpose()?;
        }
        let flow = Self {
            secrets,
            stop: runner.stopper(),
            seen: Arc::default(),
            runner: Arc::new(tokio::sync::Mutex::new(runner)),
        };
        if let Ok(runner) = flow.runner.try_lock() {
            flow.look(&runner);
        }
        Ok(flow)
    }

    /// One turn: its envelope holds `{"event": …}`, `{"need": …}` or `{"result": …}`.
    pub fn advance(&self, events: bool) -> Call {
        let flow = self.clone();
        Call::new(events, move |host| async move {
            let mut runner = flow.runner.lock().await;
            let answer = flow.seen().answer.take();
            let progress = match answer.map(|answer| runner.answer(&answer)).transpose() {
                Ok(_) => runner.next(&host.with_secrets(flow.secrets.clone())).await,
                Err(mut error) => {
                    error.report_mut().checkpoint = Some(runner.machine().checkpoint());
                    Err(error)
                }
            };
            // Polls change nothing that a status shows, and there are many of them.
            if !matches!(&progress, Ok(Progress::Event(event)) if event.r#type == "polled") {
                flow.look(&runner);
            }
            Ok(match progress? {
                Progress::Event(event) => json!({ "event": event }),
                Progress::Need(need) => json!({ "need": need }),
                Progress::Done(outputs) => json!({ "result": outputs }),
            }
            .to_string())
        })
    }

    /// Answers the need: `{"choice": …}` and its arguments. It takes effect, and is kept, at the next turn.
    ///
    /// # Errors
    /// `validation` that lists the choices.
    pub fn answer(&self, answer: &str) -> Result<()> {
        let answer: Map<String, Value> = read_arguments(answer)?;
        match self.runner.try_lock() {
            Ok(mut runner) => runner.answer(&answer),
            // A turn is under way: it is judged at the next one.
            Err(_) => {
                let mut seen = self.seen();
                if seen.answer.is_some() {
                    return Err(Error::validation("answer", "another one waits for the flow to go on"));
                }
                seen.answer = Some(answer);
                Ok(())
            }
        }
    }

    /// Ends the waiting: at once, but for a request that must not be sent twice, which is waited for.
    pub fn stop(&self) {
        self.stop.stop();
    }

    /// JSON text: `{flow_id, step, phase, done, outputs, need, checkpoint}`; while a turn is under way, as it was before it.
    pub fn status(&self) -> String {
        if let Ok(runner) = self.runner.try_lock() {
            self.look(&runner);
        }
        let checkpoint = self.seen().checkpoint.clone();
        let state: Value = serde_json::from_str(&checkpoint).unwrap_or_default();
        json!({
            "flow_id": state["flow_id"],
            "step": state["step"],
            "phase": state["phase"],
            "done": state["step"] == "done",
            "outputs": state["outputs"],
            "need": state["attention"],
            "checkpoint": checkpoint,
        })
        .to_string()
    }

    fn look(&self, runner: &Runner<Onboarding>) {
        self.seen().checkpoint = runner.machine().checkpoint();
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flow").field("stop", &self.stop.is_stopped()).finish_non_exhaustive()
    }
}
