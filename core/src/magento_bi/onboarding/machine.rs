//! The onboarding's machine: what it holds, and how it moves from step to step.

use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

use super::options::FlowOptions;
use super::spec::OnboardingSpec;
use super::state::{Outputs, Phase, State, Step};
use crate::error::{Error, Result};
use crate::flow::checkpoint::{self, refused};
use crate::flow::{Action, FlowEvent, Input, Machine, Timestamp};
use crate::id::Id;
use crate::magento_bi::Client;
use crate::magento_bi::client::Endpoints;

const SCHEMA: &str = "magento_bi.onboarding";
const VERSION: u64 = 1;

/// The onboarding of one merchant, as a machine: no clock, no randomness, no I/O.
#[derive(Debug, Clone)]
pub struct Onboarding {
    pub(super) spec: OnboardingSpec,
    pub(super) options: Arc<FlowOptions>,
    pub(super) endpoints: Arc<Endpoints>,
    pub(super) state: State,
    /// Nobody hears of polls: their events say nothing.
    pub(super) quiet: bool,
    pub(super) run: Run,
}

/// What is forgotten when the flow is left.
#[derive(Debug, Clone, Default)]
pub(super) struct Run {
    /// The state changed since it was kept.
    pub(super) dirty: bool,
    /// The nonce of the request that this process announced.
    pub(super) nonce: Option<Box<str>>,
    /// The announced request's fate is unknown.
    pub(super) lost: bool,
    /// The connections were looked at before one is created.
    pub(super) looked: bool,
    /// Reads done to settle an unknown fate, and when they began.
    pub(super) reads: usize,
    pub(super) settle_start: i64,
    /// The next poll looks at the connection tests.
    pub(super) tests_turn: bool,
    pub(super) flow_start: i64,
    pub(super) step_start: i64,
    pub(super) polls: u32,
    pub(super) errors: u32,
    pub(super) next_at: i64,
    pub(super) token_user: Option<Id>,
    /// What stopped the flow, to be told once.
    pub(super) error: Option<Box<Error>>,
}

/// The checkpoint's content, field by field.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    state: &'a State,
    endpoints: &'a Endpoints,
    spec_digest: String,
    spec_parts: BTreeMap<String, String>,
}

impl Onboarding {
    /// The onboarding of `spec` with `client`, not begun.
    ///
    /// # Errors
    /// `config` that names the option.
    pub fn new(client: &Client, spec: OnboardingSpec, options: FlowOptions) -> Result<Self> {
        options.check()?;
        let engine = &client.engine;
        let flow_id = options.flow_id.clone().unwrap_or_else(|| engine.random.uuid());
        Ok(Self {
            state: State::new(&flow_id, engine.clock.wall_ms()),
            endpoints: Arc::clone(&engine.system.endpoints),
            spec,
            options: options.shared(),
            quiet: false,
            run: Run::default(),
        })
    }

    /// The step the flow is at.
    pub fn step(&self) -> Step {
        self.state.step
    }

    /// What the steps brought so far.
    pub fn outputs(&self) -> &Outputs {
        &self.state.outputs
    }

    pub(super) fn event(&self, r#type: &'static str, now_ms: i64, data: Value) -> FlowEvent {
        let data = if let Value::Object(data) = data { data } else { Map::new() };
        FlowEvent { r#type, step: self.state.step.name(), at: Timestamp(now_ms), data }
    }

    /// Whether a step has anything to do for this spec.
    fn applies(&self, step: Step) -> bool {
        if !matches!(step, Step::InstallPublicKey | Step::ConfirmUser | Step::UpdateClient) {
            return true;
        }
        let Ok(parts) = self.spec.parts() else { return true };
        match step {
            Step::InstallPublicKey => parts.install_public_key.unwrap_or_else(|| parts.has_tunnel()),
            Step::ConfirmUser => parts.confirm_user,
            Step::UpdateClient => parts.client_settings.is_some(),
            _ => true,
        }
    }

    /// Ends the step: its outputs are kept before anything else happens.
    pub(super) fn finish_step(&mut self, phase: Phase, outcome: &str, now_ms: i64) {
        self.state.phase = phase;
        self.state.intent = None;
        self.state.attention = None;
        self.state.end_attempt(outcome, now_ms);
        self.run.dirty = true;
    }

    /// Leaves a finished step for the next one that applies.
    pub(super) fn follow(&mut self, now_ms: i64) -> Vec<FlowEvent> {
        let outputs = json!({ "outputs": self.state.outputs_map() });
        let mut events = vec![self.event("step_finished", now_ms, outputs)];
        let mut step = self.state.step.following();
        while !self.applies(step) {
            step = step.following();
        }
        self.state.step = step;
        self.state.resent = false;
        self.run = Run { flow_start: self.run.flow_start, token_user: self.run.token_user.take(), ..Run::default() };
        self.begin_step(now_ms, &mut events);
        events
    }

    fn begin_step(&mut self, now_ms: i64, events: &mut Vec<FlowEvent>) {
        self.run.step_start = now_ms;
        self.run.next_at = now_ms;
        if self.state.step == Step::Done {
            self.state.phase = Phase::Done;
            self.run.dirty = true;
            events.push(self.event("finished", now_ms, json!({ "outputs": self.state.outputs_map() })));
            return;
        }
        self.state.begin_attempt(now_ms);
        self.state.phase = match self.state.step {
            Step::AwaitClient | Step::AwaitConnection | Step::AwaitStructureSync | Step::AwaitDashboards => {
                Phase::Waiting
            }
            Step::InstallPublicKey | Step::ConfirmUser => Phase::Waiting,
            _ => Phase::Ready,
        };
        events.push(self.event("step_started", now_ms, json!({})));
        if let Some(need) = self.need_at_start() {
            events.push(self.require(need, now_ms));
        }
    }

    fn driven(&mut self, now_ms: i64) -> Vec<FlowEvent> {
        self.run.error = None;
        self.run.flow_start = now_ms;
        self.run.step_start = now_ms;
        (self.run.polls, self.run.errors, self.run.next_at) = (0, 0, now_ms);
        if matches!(self.state.phase, Phase::Sent | Phase::Done) && self.state.step != Step::Done {
            // What a person has just answered is kept first.
            return if self.run.dirty { Vec::new() } else { self.follow(now_ms) };
        }
        if self.state.step == Step::Done || self.state.failure.is_some() {
            return Vec::new();
        }
        if self.state.attempt().is_none() && self.state.phase != Phase::Sending {
            self.state.begin_attempt(now_ms);
        }
        let mut events = vec![self.event("step_started", now_ms, json!({}))];
        let ours = self.run.nonce == self.state.intent;
        if self.state.phase == Phase::Sending && !ours && !self.run.lost && self.state.attention.is_none() {
            events.extend(self.lose(now_ms));
        }
        events
    }
}

impl Machine for Onboarding {
    fn next(&self, now_ms: i64) -> Action {
        self.decide(now_ms)
    }

    fn apply(&mut self, input: Input, now_ms: i64) -> Vec<FlowEvent> {
        self.state.updated_at = Timestamp(now_ms);
        match input {
            Input::Driven => self.driven(now_ms),
            Input::Intended { nonce } => {
                let nonce: Box<str> = nonce.into();
                self.state.intent = Some(nonce.clone());
                self.state.phase = Phase::Sending;
                if self.state.attempt().is_none() {
                    self.state.begin_attempt(now_ms);
                }
                (self.run.nonce, self.run.lost, self.run.dirty) = (Some(nonce), false, true);
                Vec::new()
            }
            Input::Saved => {
                self.run.dirty = false;
                let mut events = vec![self.event("checkpoint", now_ms, json!({ "phase": self.state.phase }))];
                if matches!(self.state.phase, Phase::Sent | Phase::Done) && self.state.step != Step::Done {
                    events.extend(self.follow(now_ms));
                } else if self.state.phase == Phase::Sending && !self.run.lost {
                    events.push(self.event("request_sent", now_ms, json!({})));
                }
                events
            }
            Input::Replied(reply) => self.replied(reply, now_ms),
            Input::Abandoned if self.state.phase == Phase::Sending && !self.run.lost => self.lose(now_ms),
            Input::Abandoned => Vec::new(),
        }
    }

    fn answer(&mut self, answer: &Map<String, Value>, now_ms: i64) -> Result<Vec<FlowEvent>> {
        self.answered(answer, now_ms)
    }

    fn restore(&mut self, text: &str) -> Result<()> {
        let mut document = checkpoint::read(SCHEMA, VERSION, text)?;
        let mismatch = |message: String, hint: &str| refused("mismatch", message, hint);
        let endpoints: Option<Endpoints> = serde_json::from_value(document["endpoints"].take()).ok();
        if endpoints.as_ref() != Some(&*self.endpoints) {
            let theirs = endpoints.map_or("none".to_owned(), |found| format!("{} and {}", found.api, found.dashboard));
            let ours = format!("{} and {}", self.endpoints.api, self.endpoints.dashboard);
            return Err(mismatch(
                format!("the checkpoint belongs to other endpoints: {theirs}, not {ours}"),
                "resume with a client of the endpoints that the flow was started with",
            ));
        }
        if document["spec_digest"].as_str() != Some(&*self.spec.digest()) && !self.options.accept_changed_spec {
            let (theirs, ours) = (document["spec_parts"].take(), self.spec.digests());
            let known = theirs.as_object().into_iter().flatten().map(|(name, _)| name);
            let mut differing: Vec<&String> = known.chain(ours.keys()).collect();
            differing.sort();
            differing.dedup();
            differing.retain(|name| theirs.get(*name).and_then(Value::as_str) != ours.get(*name).map(String::as_str));
            let names = differing.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(mismatch(
                format!("the checkpoint belongs to another spec: {names} differ"),
                "resume with the spec that the flow was started with, or set accept_changed_spec",
            ));
        }
        let state: State = serde_json::from_value(document)
            .map_err(|error| refused("invalid", format!("the checkpoint cannot be read: {error}"), "restore a copy"))?;
        if self.options.flow_id.as_deref().is_some_and(|id| id != &*state.flow_id) {
            return Err(mismatch(
                format!("the checkpoint belongs to the flow {}", state.flow_id),
                "resume it by that flow_id, or by none",
            ));
        }
        self.state = state;
        self.run = Run::default();
        Ok(())
    }

    fn checkpoint(&self) -> String {
        let document = Document {
            state: &self.state,
            endpoints: &self.endpoints,
            spec_digest: self.spec.digest(),
            spec_parts: self.spec.digests(),
        };
        checkpoint::write(SCHEMA, VERSION, &document)
    }

    fn due_ms(&self, now_ms: i64) -> Option<i64> {
        self.polls_only().then(|| self.next_poll_ms().max(now_ms))
    }

    fn pack(&self, name: &str) -> Option<Vec<u8>> {
        let asks = self.state.attention.is_some() && !self.run.dirty;
        (self.polls_only() || asks).then(|| self.packed(name))
    }

    fn unpack(&mut self, name: &str, packed: &[u8]) -> bool {
        self.unpacked(name, packed).is_some()
    }
}
