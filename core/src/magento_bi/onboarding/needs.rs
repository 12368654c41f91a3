//! Decisions that a person owes, and what each answer does.

use serde_json::{Map, Value, json};

use super::machine::Onboarding;
use super::state::{ConnectionIds, Phase, Step, UserIdFrom};
use crate::error::{Error, Result};
use crate::flow::{Choice, FlowEvent, Need};
use crate::id::Id;

/// Addresses from which the server opens an SSH tunnel, to be let in beside the key.
const TUNNEL_ADDRESSES: [&str; 2] = ["54.88.76.97", "34.250.211.151"];

/// Why a person is asked, where the question follows from the state.
pub(super) const REASONS: [&str; 4] = ["install_public_key", "confirm_user", "missing_user_id", "outcome_unknown"];

fn choice(name: &str, arguments: &[&str], description: &str) -> Choice {
    Choice {
        choice: name.to_owned(),
        arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
        description: description.to_owned(),
    }
}

fn force_retry(what: &str) -> Choice {
    let when = "Send it again, once the first one can no longer be on its way";
    choice("force_retry", &[], &format!("{when}: if that one is carried out, too, {what}."))
}

impl Onboarding {
    fn need(&self, reason: &str, choices: Vec<Choice>, data: Value) -> Need {
        let data = if let Value::Object(data) = data { data } else { Map::new() };
        Need { step: self.state.step.name().to_owned(), reason: reason.to_owned(), choices, data }
    }

    /// What a step asks before it does anything.
    pub(super) fn need_at_start(&self) -> Option<Need> {
        match self.state.step {
            Step::InstallPublicKey => self.known_need("install_public_key", None),
            Step::ConfirmUser => self.known_need("confirm_user", Some(&self.spec.parts().ok()?.user.email)),
            Step::CreateDashboards => {
                let parts = self.spec.parts().ok()?;
                let missing = self.user_id_from(&parts) == UserIdFrom::Reply && self.user_id(&parts).is_none();
                missing.then(|| self.known_need("missing_user_id", None)).flatten()
            }
            _ => None,
        }
    }

    /// The need of a reason in [`REASONS`], which follows from the state; `email` is where the invitation went.
    pub(super) fn known_need(&self, reason: &str, email: Option<&str>) -> Option<Need> {
        let outputs = &self.state.outputs;
        let (choices, data) = match reason {
            "install_public_key" => (
                vec![choice("installed", &[], "The public key is in authorized_keys of the tunnel's user.")],
                json!({"pubkey": outputs.pubkey, "allow_addresses": TUNNEL_ADDRESSES}),
            ),
            "confirm_user" => (
                vec![choice("confirmed", &[], "The user received the invitation.")],
                json!({"email": email, "user_id": outputs.user_id}),
            ),
            "missing_user_id" => (
                vec![
                    choice("provide", &["user_id"], "The user who will own the dashboards."),
                    choice("token", &[], "The user of the access token owns them."),
                    choice("omit", &[], "Leave the user out, as the vendor's example client in effect does."),
                ],
                json!({"invite_id": outputs.invite_id}),
            ),
            "outcome_unknown" => (self.fates(), json!({"outputs": self.state.outputs_map()})),
            _ => return None,
        };
        Some(self.need(reason, choices, data))
    }

    /// Makes the flow wait for a person.
    pub(super) fn require(&mut self, need: Need, now_ms: i64) -> FlowEvent {
        let event = self.event("attention", now_ms, json!({ "need": need }));
        self.state.attention = Some(Box::new(need));
        self.run.dirty = true;
        event
    }

    /// The announced request's fate is unknown: look where that can be done, else ask.
    pub(super) fn lose(&mut self, now_ms: i64) -> Vec<FlowEvent> {
        self.run.lost = true;
        (self.run.reads, self.run.settle_start, self.run.next_at) = (0, now_ms, now_ms);
        self.state.end_attempt("unknown", now_ms);
        match self.state.step {
            // Connections and jobs can be listed.
            Step::CreateConnection | Step::StartConnectionTest => vec![self.event("settling", now_ms, json!({}))],
            _ => vec![self.ask_fate(now_ms)],
        }
    }

    /// Asks a person what became of the announced request.
    pub(super) fn ask_fate(&mut self, now_ms: i64) -> FlowEvent {
        let need = self.need("outcome_unknown", self.fates(), json!({"outputs": self.state.outputs_map()}));
        self.require(need, now_ms)
    }

    /// What may have become of the announced request.
    fn fates(&self) -> Vec<Choice> {
        match self.state.step {
            Step::CreateClient => vec![
                choice("adopt_signup", &["signup_id"], "It was carried out: go on with this signup."),
                choice("adopt_client", &["client_id"], "It was carried out: go on with this client."),
                force_retry("there will be two clients"),
            ],
            Step::InviteUser => vec![
                choice("assume_done", &["user_id?"], "It was carried out; the user's id if you know it."),
                force_retry("the user is invited twice"),
            ],
            Step::CreateConnection => vec![
                choice(
                    "adopt",
                    &["connection_id"],
                    "It was carried out: go on with this connection (its id or meta_id).",
                ),
                force_retry("there will be one more"),
            ],
            Step::StartConnectionTest => vec![
                choice("assume_done", &[], "It was carried out: wait for its jobs."),
                force_retry("the test runs twice, which does no harm"),
            ],
            _ => vec![
                choice("adopt", &["autodash_id"], "It was carried out: go on with this job."),
                choice("skip", &[], "Finish without waiting for dashboards."),
                force_retry("the dashboards may be there twice"),
            ],
        }
    }

    /// More than one connection could be ours.
    pub(super) fn ambiguous(&mut self, candidates: &[ConnectionIds], now_ms: i64) -> FlowEvent {
        let choices = vec![
            choice("adopt", &["connection_id"], "This one is ours (its id or meta_id)."),
            force_retry("there will be one more"),
        ];
        let need = self.need("ambiguous_match", choices, json!({ "candidates": candidates }));
        self.require(need, now_ms)
    }

    /// Takes in an answer.
    pub(super) fn answered(&mut self, answer: &Map<String, Value>, now_ms: i64) -> Result<Vec<FlowEvent>> {
        let Some(need) = self.state.attention.as_deref().cloned() else {
            return Err(Error::validation("answer", "the flow asks nothing"));
        };
        let name = answer.get("choice").and_then(Value::as_str).unwrap_or_default();
        let Some(chosen) = need.choices.iter().find(|choice| choice.choice == name) else {
            let names: Vec<&str> = need.choices.iter().map(|choice| choice.choice.as_str()).collect();
            return Err(Error::validation("choice", format!("must be one of {}", names.join(", "))));
        };
        let id = read_arguments(chosen, answer)?;
        let now = now_ms;
        match (self.state.step, name, id) {
            (Step::InstallPublicKey | Step::ConfirmUser, _, _) => self.finish_step(Phase::Done, name, now),
            (Step::CreateDashboards, "provide", Some(id)) => self.settle_user(Some(id), UserIdFrom::Reply),
            (Step::CreateDashboards, "token", _) => self.settle_user(None, UserIdFrom::Token),
            (Step::CreateDashboards, "omit", _) => self.settle_user(None, UserIdFrom::Omit),
            (_, "force_retry", _) => self.send_again(),
            (Step::CreateClient, "adopt_signup", Some(id)) => {
                self.state.outputs.signup_id = Some(id);
                self.finish_step(Phase::Sent, name, now);
            }
            (Step::CreateClient, "adopt_client", Some(id)) => {
                self.state.outputs.client_id = Some(id);
                // There is no signup to wait for.
                self.state.step = Step::AwaitClient;
                self.finish_step(Phase::Done, name, now);
            }
            (Step::StartConnectionTest, "assume_done", _) => self.finish_step(Phase::Sent, name, now),
            (Step::InviteUser, "assume_done", id) => {
                self.state.outputs.user_id = id;
                self.finish_step(Phase::Sent, name, now);
            }
            (Step::CreateConnection, "adopt", Some(id)) => {
                self.state.outputs.connection = Some(Box::new(candidate(&need, &id)?));
                self.finish_step(Phase::Sent, name, now);
            }
            (Step::CreateDashboards, "adopt", Some(id)) => {
                self.state.outputs.autodash_id = Some(id);
                self.finish_step(Phase::Sent, name, now);
            }
            (Step::CreateDashboards, "skip", _) => {
                self.state.step = Step::AwaitDashboards;
                self.finish_step(Phase::Done, name, now);
            }
            _ => return Err(Error::internal(format!("{name} is no answer to {}", need.reason))),
        }
        Ok(vec![self.event("answered", now_ms, json!({ "choice": name, "reason": need.reason }))])
    }

    fn settle_user(&mut self, user_id: Option<Id>, from: UserIdFrom) {
        if user_id.is_some() {
            self.state.outputs.user_id = user_id;
        }
        self.state.user_id_from = Some(from);
        self.state.attention = None;
        self.run.dirty = true;
    }

    /// Forgets the announced request, so that the step sends it anew.
    pub(super) fn send_again(&mut self) {
        self.state.phase = Phase::Ready;
        self.state.intent = None;
        self.state.attention = None;
        (self.run.nonce, self.run.lost, self.run.looked, self.run.dirty) = (None, false, true, true);
    }
}

/// Checks an answer's arguments; the choices of this flow take at most one, an identifier.
fn read_arguments(chosen: &Choice, answer: &Map<String, Value>) -> Result<Option<Id>> {
    for key in answer.keys().filter(|key| *key != "choice") {
        if !chosen.arguments.iter().any(|argument| argument.trim_end_matches('?') == key) {
            return Err(Error::validation(key, format!("{} takes no such argument", chosen.choice)));
        }
    }
    let Some(argument) = chosen.arguments.first() else { return Ok(None) };
    let (name, optional) = (argument.trim_end_matches('?'), argument.ends_with('?'));
    match answer.get(name).filter(|value| !value.is_null()) {
        Some(value) => serde_json::from_value(value.clone()).map(Some).map_err(|error| Error::validation(name, error)),
        None if optional => Ok(None),
        None => Err(Error::validation(name, format!("{} needs it", chosen.choice))),
    }
}

/// The candidate with this id; where there are none, whatever the person found: the list will tell its other id.
fn candidate(need: &Need, id: &Id) -> Result<ConnectionIds> {
    let Some(candidates) = need.data.get("candidates").cloned() else {
        return Ok(ConnectionIds { id: id.clone(), meta_id: Some(id.clone()), name: None });
    };
    let candidates: Vec<ConnectionIds> = serde_json::from_value(candidates).unwrap_or_default();
    let is = |other: &Id| other.as_str() == id.as_str();
    candidates
        .into_iter()
        .find(|ours| is(&ours.id) || ours.meta_id.as_ref().is_some_and(is))
        .ok_or_else(|| Error::validation("connection_id", format!("{id} is none of the candidates")))
}
