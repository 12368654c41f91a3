//! A flow as another language holds it: each turn is a [`Call`].

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};

use super::Machine;
use super::runner::{Progress, Runner, Stop};
use crate::error::{Error, Result};
use crate::host::{Events, Secrets};
use crate::ops::{Call, read_arguments};

/// A flow. Cheap to clone; clones drive the same flow, one at a time.
#[derive(Clone)]
pub struct Flow {
    runner: Arc<tokio::sync::Mutex<Runner<Box<dyn Machine>>>>,
    secrets: Secrets,
    stop: Stop,
    seen: Arc<Mutex<Seen>>,
}

/// What can be looked at while a turn is under way, and the answer that waits for the next one.
struct Seen {
    checkpoint: String,
    answer: Option<Map<String, Value>>,
}

impl Flow {
    /// A flow that `runner` drives; `secrets` are those that its machine names.
    pub(crate) fn new(runner: Runner<Box<dyn Machine>>, secrets: Secrets) -> Self {
        let seen = Seen { checkpoint: runner.machine().checkpoint(), answer: None };
        let stop = runner.stopper();
        Self { runner: Arc::new(tokio::sync::Mutex::new(runner)), secrets, stop, seen: Arc::new(Mutex::new(seen)) }
    }

    /// One turn: its envelope holds `{"event": …}`, `{"need": …}` or `{"result": …}`.
    pub fn advance(&self, events: impl Into<Events>) -> Call {
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

    fn look(&self, runner: &Runner<Box<dyn Machine>>) {
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
