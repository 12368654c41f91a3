//! What a flow is: a machine that decides, and never acts.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Timestamp;
use crate::error::{Error, Result};

/// What a machine wants done next.
#[derive(Debug)]
pub enum Action {
    /// Announce the next request, which must not be sent twice, with a nonce that was never used: [`Input::Intended`].
    Intend,
    /// Keep [`Machine::checkpoint`], then [`Input::Saved`]. Nothing else happens before it is kept.
    Save,
    /// Carry an operation out, then [`Input::Replied`].
    Send {
        operation: &'static str,
        arguments: Value,
        /// Attempts at most; absent, the client's. A poll is one.
        attempts: Option<u32>,
        /// When waiting for the reply ends, in the machine's milliseconds.
        deadline_ms: Option<i64>,
        /// Whether a graceful stop waits for the reply, because the request must not be sent twice.
        once: bool,
    },
    /// Do nothing before this time, in the machine's milliseconds.
    SleepUntil(i64),
    /// Ask a person, then [`Machine::answer`].
    Need(Need),
    /// Finished, with these outputs.
    Done(Value),
    /// Cannot go on; the checkpoint says from where it might.
    Failed(Box<Error>),
}

/// What came of an action.
#[derive(Debug)]
pub enum Input {
    /// A driver takes the machine up, for the first time or again: waiting times start anew.
    Driven,
    /// The intent was given this nonce.
    Intended { nonce: String },
    /// The checkpoint is kept.
    Saved,
    /// The operation's reply, as JSON text, or its error.
    Replied(Result<String>),
    /// A request was under way and the wait for its reply was given up.
    Abandoned,
}

/// A decision that a person owes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Need {
    /// The step that waits for it.
    pub step: String,
    /// Why, in a word: `install_public_key`, `confirm_user`, `outcome_unknown`, `ambiguous_match`, `missing_user_id`.
    pub reason: String,
    /// What can be answered.
    pub choices: Vec<Choice>,
    /// What the person needs to know.
    pub data: Map<String, Value>,
}

/// One possible answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Its name.
    pub choice: String,
    /// Names of its arguments; one that ends in `?` may be left out.
    pub arguments: Vec<String>,
    /// What it does.
    pub description: String,
}

/// Something that a flow tells while it goes on. Holds no secret.
#[derive(Debug, Clone, Serialize)]
pub struct FlowEvent {
    /// What happened, e.g. `step_started`.
    pub r#type: &'static str,
    /// The step it happened in.
    pub step: &'static str,
    /// When.
    pub at: Timestamp,
    /// Facts that belong to the type.
    #[serde(flatten)]
    pub data: Map<String, Value>,
}

/// A flow without clock, randomness or I/O: the same inputs give the same actions.
pub trait Machine: Send + Sync {
    /// What to do at `now_ms`.
    fn next(&self, now_ms: i64) -> Action;

    /// Takes in what happened and tells what it means.
    fn apply(&mut self, input: Input, now_ms: i64) -> Vec<FlowEvent>;

    /// Takes in a person's answer: `{"choice": …}` and its arguments.
    ///
    /// # Errors
    /// `validation` that lists the choices.
    fn answer(&mut self, answer: &Map<String, Value>, now_ms: i64) -> Result<Vec<FlowEvent>>;

    /// Takes up the state of a checkpoint.
    ///
    /// # Errors
    /// `checkpoint` when it is not of this flow.
    fn restore(&mut self, checkpoint: &str) -> Result<()>;

    /// The state as a checkpoint's JSON text, without any secret.
    fn checkpoint(&self) -> String;

    /// When it is next worth calling, if all that it does is poll: its first poll may come at any time within its first
    /// delay, so that flows that begin together do not poll together. A machine that can be packed says so here.
    fn due_ms(&self, _now_ms: i64) -> Option<i64> {
        None
    }

    /// All that a machine which polls, or waits for a person, must remember, for the memory of this process alone. `name`
    /// is how the flow is called, given again to [`Machine::unpack`].
    fn pack(&self, _name: &str) -> Option<Vec<u8>> {
        None
    }

    /// Takes up what [`Machine::pack`] gave; false when that is not possible.
    fn unpack(&mut self, _name: &str, _packed: &[u8]) -> bool {
        false
    }
}

impl<M: Machine + ?Sized> Machine for Box<M> {
    fn next(&self, now_ms: i64) -> Action {
        (**self).next(now_ms)
    }

    fn apply(&mut self, input: Input, now_ms: i64) -> Vec<FlowEvent> {
        (**self).apply(input, now_ms)
    }

    fn answer(&mut self, answer: &Map<String, Value>, now_ms: i64) -> Result<Vec<FlowEvent>> {
        (**self).answer(answer, now_ms)
    }

    fn restore(&mut self, checkpoint: &str) -> Result<()> {
        (**self).restore(checkpoint)
    }

    fn checkpoint(&self) -> String {
        (**self).checkpoint()
    }

    fn due_ms(&self, now_ms: i64) -> Option<i64> {
        (**self).due_ms(now_ms)
    }

    fn pack(&self, name: &str) -> Option<Vec<u8>> {
        (**self).pack(name)
    }

    fn unpack(&mut self, name: &str, packed: &[u8]) -> bool {
        (**self).unpack(name, packed)
    }
}
