//! What an onboarding does next.

use serde_json::json;

use super::machine::Onboarding;
use super::options::default_limit_ms;
use super::requests::Question;
use super::state::{Phase, Step, UserIdFrom};
use crate::error::{Code, Error};
use crate::flow::Action;

/// When the connections are read, in milliseconds after a creation was lost: a server may commit late.
pub(super) const CONNECTION_READS_MS: [i64; 4] = [0, 2_000, 5_000, 10_000];
/// The same for the jobs after the start of a test was lost.
pub(super) const JOB_READS_MS: [i64; 5] = [0, 3_000, 6_000, 10_000, 15_000];
/// A last poll at the deadline may take this long.
const LAST_POLL_MS: i64 = 1_000;

impl Onboarding {
    pub(super) fn decide(&self, now_ms: i64) -> Action {
        let state = &self.state;
        if self.run.dirty {
            return Action::Save;
        }
        if let Some(report) = &state.failure {
            let mut error = Error::new(report.code, report.message.clone());
            *error.report_mut() = (**report).clone();
            return Action::Failed(Box::new(error));
        }
        if let Some(error) = &self.run.error {
            return Action::Failed(error.clone());
        }
        if state.step == Step::Done {
            return Action::Done(json!(state.outputs));
        }
        if let Some(need) = &state.attention {
            return Action::Need((**need).clone());
        }
        let deadline = self.deadline_ms();
        let polling = state.phase == Phase::Waiting;
        // What was announced is sent, however late: its fate should be known.
        let announced = state.phase == Phase::Sending && !self.run.lost;
        if deadline.is_some_and(|deadline| now_ms >= deadline) && !polling && !announced {
            return Action::Failed(Box::new(self.timed_out(now_ms)));
        }
        if now_ms < self.run.next_at {
            return Action::SleepUntil(deadline.map_or(self.run.next_at, |deadline| self.run.next_at.min(deadline)));
        }
        let needs_connection = matches!(state.step, Step::StartConnectionTest | Step::CreateDashboards);
        if needs_connection && self.connection_id().is_none() {
            let error = Error::new(Code::Decode, "the connection has no meta_id, neither when created nor when listed");
            return Action::Failed(Box::new(error.with_hint("set connection_id_from to id")));
        }
        let Some(question) = self.question() else { return Action::Intend };
        let Some((operation, arguments)) = self.request(question) else {
            return Action::Failed(Box::new(Error::internal(format!("{} has no request", state.step.name()))));
        };
        let once = question == Question::Create;
        Action::Send {
            operation,
            arguments,
            attempts: polling.then_some(1),
            // A request that must not be sent twice is bounded by its own limit alone: its fate should be known.
            deadline_ms: deadline.filter(|_| !once).map(|deadline| deadline.max(now_ms + LAST_POLL_MS)),
            once,
        }
    }

    /// The request to send now; `None` to announce the step's own POST first.
    pub(super) fn question(&self) -> Option<Question> {
        let (state, run) = (&self.state, &self.run);
        match (state.step, state.phase) {
            (Step::UpdateClient, _) => Some(Question::Update),
            (Step::AwaitStructureSync, Phase::Waiting) if run.tests_turn => Some(Question::Tests),
            (_, Phase::Waiting) => Some(Question::Poll),
            (Step::CreateConnection, Phase::Sending) if run.lost => Some(Question::Connections),
            (Step::StartConnectionTest, Phase::Sending) if run.lost => Some(Question::Syncs),
            (_, Phase::Sending) => Some(Question::Create),
            (Step::CreateConnection, _) if !run.looked => Some(Question::Connections),
            (Step::StartConnectionTest, _) => match &state.outputs.test {
                None => Some(Question::Syncs),
                Some(_) if !run.looked => Some(Question::Tests),
                Some(_) => None,
            },
            (Step::CreateDashboards, _) if self.needs_token_user() => Some(Question::TokenUser),
            _ => None,
        }
    }

    /// Whether all that the flow does is poll, which it can do without its spec.
    pub(super) fn polls_only(&self) -> bool {
        let (state, run) = (&self.state, &self.run);
        let polls = matches!(self.question(), Some(Question::Poll | Question::Tests));
        // Without its ids, a connection is known by the spec alone.
        let known = state.step != Step::AwaitConnection || state.outputs.connection.is_some();
        let stands = run.dirty || run.error.is_some() || state.attention.is_some() || state.failure.is_some();
        state.phase == Phase::Waiting && polls && known && !stands
    }

    /// When the next poll is worth sending: the first one at any time within the first delay.
    pub(super) fn next_poll_ms(&self) -> i64 {
        let run = &self.run;
        let first = run.polls == 0 && run.errors == 0;
        let spread = if first { (self.options.poll.min_ms as f64 * self.spread()) as i64 } else { 0 };
        let at_ms = run.next_at.saturating_add(spread);
        self.deadline_ms().map_or(at_ms, |deadline| at_ms.min(deadline))
    }

    fn needs_token_user(&self) -> bool {
        let Ok(parts) = self.spec.parts() else { return false };
        self.user_id_from(&parts) == UserIdFrom::Token && self.user_id(&parts).is_none()
    }

    /// When waiting ends: the flow's limit or the step's, whichever comes first.
    pub(super) fn deadline_ms(&self) -> Option<i64> {
        let at = |start: i64, limit: Option<u64>| {
            limit.map(|ms| start.saturating_add(i64::try_from(ms).unwrap_or(i64::MAX)))
        };
        let flow = at(self.run.flow_start, self.options.max_wait_ms);
        let step = at(self.run.step_start, self.options.limit_ms(self.state.step));
        flow.into_iter().chain(step).min()
    }

    pub(super) fn timed_out(&self, now_ms: i64) -> Error {
        let step = self.state.step.name();
        let last = self.state.history.last().and_then(|attempt| attempt.last_status.as_deref());
        let seconds = (now_ms - self.run.step_start) / 1_000;
        let status = last.map_or(String::new(), |word| format!(", the last status was {word:?}"));
        Error::new(Code::MaxWait, format!("{step} took longer than its limit: {seconds} s{status}"))
            .with_hint(match default_limit_ms(self.state.step) {
                Some(_) => format!("resume to go on waiting, or raise step_max_wait of {step} or max_wait"),
                None => "resume to go on, or raise max_wait".to_owned(),
            })
            .with_detail("step", step)
            .with_detail("last_status", last)
            .with_detail("polls", self.run.polls)
    }
}
