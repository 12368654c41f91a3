//! What an onboarding remembers: the checkpoint's content.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::Report;
use crate::flow::{Need, Timestamp};
use crate::id::Id;

/// The steps, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Step {
    CreateClient,
    AwaitClient,
    InstallPublicKey,
    InviteUser,
    ConfirmUser,
    UpdateClient,
    CreateConnection,
    AwaitConnection,
    StartConnectionTest,
    AwaitStructureSync,
    CreateDashboards,
    AwaitDashboards,
    Done,
}

impl Step {
    /// All steps, in order, with their names.
    pub const ALL: [(Self, &'static str); 13] = [
        (Self::CreateClient, "create_client"),
        (Self::AwaitClient, "await_client"),
        (Self::InstallPublicKey, "install_public_key"),
        (Self::InviteUser, "invite_user"),
        (Self::ConfirmUser, "confirm_user"),
        (Self::UpdateClient, "update_client"),
        (Self::CreateConnection, "create_connection"),
        (Self::AwaitConnection, "await_connection"),
        (Self::StartConnectionTest, "start_connection_test"),
        (Self::AwaitStructureSync, "await_structure_sync"),
        (Self::CreateDashboards, "create_dashboards"),
        (Self::AwaitDashboards, "await_dashboards"),
        (Self::Done, "done"),
    ];

    /// Its name, as checkpoints and events have it.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    pub(super) fn following(self) -> Self {
        Self::ALL[(self as usize + 1).min(Self::ALL.len() - 1)].0
    }
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nothing was sent yet.
    Ready,
    /// Its request was announced, and may have been sent.
    Sending,
    /// Its request was answered.
    Sent,
    /// It waits for the server, or for a person.
    Waiting,
    /// It is over.
    Done,
}

/// What the steps brought.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outputs {
    pub signup_id: Option<Id>,
    pub client_id: Option<Id>,
    pub pubkey: Option<Box<str>>,
    pub invite_id: Option<Id>,
    pub user_id: Option<Id>,
    pub inviter_user_id: Option<Id>,
    pub connection: Option<Box<ConnectionIds>>,
    pub test: Option<Box<Test>>,
    pub autodash_id: Option<Id>,
}

/// Which connection is ours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConnectionIds {
    pub id: Id,
    pub meta_id: Option<Id>,
    pub name: Option<Box<str>>,
}

/// The connection test, and what was there before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Test {
    pub requested_at: Timestamp,
    /// Jobs that were listed before the test: none of them is ours.
    pub baseline_job_ids: Vec<Box<str>>,
    /// Whether jobs of the test's own type can be listed.
    pub tests_listed: bool,
    pub job_id: Option<Id>,
}

/// One attempt at a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    pub step: Step,
    pub attempt: u32,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub polls: u32,
    pub last_status: Option<Box<str>>,
    pub http_status: Option<u16>,
    pub outcome: Option<Box<str>>,
}

/// How the user of step 10 is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserIdFrom {
    /// From the invitation's reply, or a person is asked.
    #[default]
    Reply,
    /// The user of the access token.
    Token,
    /// The key is left out, as the vendor's example client in effect does.
    Omit,
}

/// The evolving part of a checkpoint. It holds no secret: each field is named here.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    pub flow_id: Box<str>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub step: Step,
    pub phase: Phase,
    /// The nonce of the request that was announced; another process does not know it, and so knows that it must look.
    pub intent: Option<Box<str>>,
    pub outputs: Outputs,
    pub history: Vec<Attempt>,
    pub attention: Option<Box<Need>>,
    /// The step's request was sent a second time without asking; a third time a person is asked.
    #[serde(default)]
    pub resent: bool,
    /// A person's answer that replaces the spec's `dashboards.user_id_from`.
    pub user_id_from: Option<UserIdFrom>,
    /// Why the flow cannot go on at all.
    pub failure: Option<Box<Report>>,
}

/// Attempts that are remembered at most.
const HISTORY: usize = 50;

impl State {
    pub(super) fn new(flow_id: &str, now_ms: i64) -> Self {
        let mut state = Self::blank(flow_id, now_ms);
        state.begin_attempt(now_ms);
        state
    }

    /// The same without any attempt.
    pub(super) fn blank(flow_id: &str, now_ms: i64) -> Self {
        let now = Timestamp(now_ms);
        Self {
            flow_id: flow_id.into(),
            created_at: now,
            updated_at: now,
            step: Step::CreateClient,
            phase: Phase::Ready,
            intent: None,
            outputs: Outputs::default(),
            history: Vec::new(),
            attention: None,
            resent: false,
            user_id_from: None,
            failure: None,
        }
    }

    pub(super) fn begin_attempt(&mut self, now_ms: i64) {
        let step = self.step;
        let before =
            self.history.iter().rev().find(|attempt| attempt.step == step).map_or(0, |attempt| attempt.attempt);
        if self.history.len() >= HISTORY {
            self.history.remove(0);
        }
        // Flows wait in great numbers: no room is kept for attempts to come.
        self.history.reserve_exact(1);
        self.history.push(Attempt {
            step,
            attempt: before + 1,
            started_at: Timestamp(now_ms),
            ended_at: None,
            polls: 0,
            last_status: None,
            http_status: None,
            outcome: None,
        });
    }

    /// The attempt under way.
    pub(super) fn attempt(&mut self) -> Option<&mut Attempt> {
        self.history.last_mut().filter(|attempt| attempt.ended_at.is_none())
    }

    pub(super) fn end_attempt(&mut self, outcome: &str, now_ms: i64) {
        if let Some(attempt) = self.attempt() {
            attempt.ended_at = Some(Timestamp(now_ms));
            attempt.outcome = Some(outcome.into());
        }
    }

    pub(super) fn outputs_map(&self) -> Map<String, Value> {
        match serde_json::to_value(&self.outputs) {
            Ok(Value::Object(map)) => map,
            _ => Map::new(),
        }
    }
}
