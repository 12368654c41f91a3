//! What each reply means.

use std::borrow::Cow;
use std::time::Duration;

use ring::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::{Value, json};

use super::decide::{CONNECTION_READS_MS, JOB_READS_MS};
use super::machine::Onboarding;
use super::options::Meaning;
use super::requests::Question;
use super::spec::OnboardingSpec;
use super::state::{ConnectionIds, Phase, Step, Test};
use crate::error::{Code, Error, Outcome, Result};
use crate::flow::{FlowEvent, Timestamp};
use crate::id::Id;
use crate::magento_bi::autodash::AutodashJob;
use crate::magento_bi::connections::Connection;
use crate::magento_bi::invites::Invite;
use crate::magento_bi::jobs::Job;
use crate::magento_bi::signups::{Signup, SignupStatus};
use crate::magento_bi::tokens::Token;
use crate::ops::decode;

/// A poll that finds nothing is tolerated this long after the thing was created.
const NOT_FOUND_GRACE_MS: i64 = 30_000;

/// Characters of a status word, and of a public key, that are kept.
const STATUS_CHARS: usize = 200;
const PUBKEY_CHARS: usize = 8_192;

/// All that matters of a poll's reply while the thing is under way.
#[derive(Deserialize)]
struct Word<'t> {
    #[serde(borrow)]
    status: Cow<'t, str>,
}

/// What a poll says.
struct Seen {
    meaning: Meaning,
    status: String,
}

impl Onboarding {
    /// Takes in the reply to the question that [`Onboarding::question`] names.
    pub(super) fn replied(&mut self, reply: Result<String>, now_ms: i64) -> Vec<FlowEvent> {
        let Some(question) = self.question() else { return Vec::new() };
        let result = match (question, self.state.phase) {
            (Question::Create, _) => return self.created(reply, now_ms),
            (Question::Poll, _) => return self.polled(reply, now_ms),
            // The vendor documents no reply to the update: any success is one.
            (Question::Update, _) => reply.map(drop).or_else(undocumented).map(|()| {
                self.finish_step(Phase::Done, "updated", now_ms);
                Vec::new()
            }),
            (Question::Connections, _) => reply.and_then(|text| self.found_connections(&text, now_ms)),
            (Question::Syncs, Phase::Sending) => reply.and_then(|text| self.found_job(&text, now_ms)),
            (Question::Syncs, _) => reply.and_then(|text| self.baseline(&text, now_ms)),
            (Question::Tests, Phase::Waiting) => {
                self.run.tests_turn = false;
                return self.looked_at_tests(reply, now_ms);
            }
            (Question::Tests, _) => {
                self.run.looked = true;
                // Whether the route exists for this type is not documented: without it, failures are seen later.
                self.baseline_tests(reply);
                Ok(Vec::new())
            }
            (Question::TokenUser, _) => reply.and_then(|text| {
                let token: Token = read(&text)?;
                let missing = || Error::new(Code::Decode, "the token's reply has no user_id");
                self.run.token_user = Some(token.user_id.ok_or_else(missing)?);
                Ok(Vec::new())
            }),
        };
        result.unwrap_or_else(|error| self.fail_for_now(error, now_ms))
    }

    /// Stops for an error; the step stays as it is, to be taken up again.
    fn fail_for_now(&mut self, error: Error, now_ms: i64) -> Vec<FlowEvent> {
        let error = error.with_detail("step", self.state.step.name());
        self.note_status(&error);
        let event = self.event("error", now_ms, json!({"code": error.code(), "status": error.status()}));
        self.run.error = Some(Box::new(error));
        vec![event]
    }

    fn note_status(&mut self, error: &Error) {
        if let Some(attempt) = self.state.attempt() {
            attempt.http_status = error.status();
        }
    }

    /// The step's own POST was answered, refused, or lost.
    fn created(&mut self, reply: Result<String>, now_ms: i64) -> Vec<FlowEvent> {
        let error = match reply.and_then(|text| self.take_created(&text, now_ms)) {
            Ok(()) => {
                self.finish_step(Phase::Sent, "sent", now_ms);
                return vec![self.event("reply", now_ms, json!({}))];
            }
            Err(error) => error,
        };
        match error.outcome() {
            Some(Outcome::NotSent | Outcome::Rejected) => {
                let outcome = if error.outcome() == Some(Outcome::NotSent) { "not_sent" } else { "rejected" };
                self.note_status(&error);
                self.state.end_attempt(outcome, now_ms);
                (self.state.phase, self.state.intent) = (Phase::Ready, None);
                (self.run.nonce, self.run.dirty) = (None, true);
                self.fail_for_now(error, now_ms)
            }
            _ => {
                self.note_status(&error);
                let mut events =
                    vec![self.event("reply_lost", now_ms, json!({"code": error.code(), "status": error.status()}))];
                events.extend(self.lose(now_ms));
                events
            }
        }
    }

    fn take_created(&mut self, text: &str, now_ms: i64) -> Result<()> {
        let given = |spec: &OnboardingSpec| spec.parts().ok().and_then(|parts| parts.user.user_id);
        let outputs = &mut self.state.outputs;
        match self.state.step {
            Step::CreateClient => outputs.signup_id = Some(read::<Signup>(text)?.id),
            Step::InviteUser => {
                let invite: Invite = read(text)?;
                outputs.invite_id = invite.id;
                outputs.inviter_user_id = invite.inviter_user_id;
                outputs.user_id = given(&self.spec).or(invite.user_id);
            }
            Step::CreateConnection => outputs.connection = Some(Box::new(ids(read(text)?))),
            Step::StartConnectionTest => {
                let job: Job = read(text)?;
                if let Some(test) = &mut outputs.test {
                    (test.requested_at, test.job_id) = (Timestamp(now_ms), job.id);
                }
            }
            Step::CreateDashboards => outputs.autodash_id = Some(read::<AutodashJob>(text)?.id),
            _ => {}
        }
        Ok(())
    }

    /// The connections, read before one is created, or to learn the fate of a creation.
    fn found_connections(&mut self, text: &str, now_ms: i64) -> Result<Vec<FlowEvent>> {
        let listed: Vec<Connection> = read(text)?;
        let mut ours: Vec<ConnectionIds> = listed.into_iter().filter(|one| self.is_ours(one)).map(ids).collect();
        match ours.len() {
            0 if self.run.lost => {
                self.run.reads += 1;
                Ok(self.read_again(&CONNECTION_READS_MS, now_ms))
            }
            0 => {
                self.run.looked = true;
                Ok(Vec::new())
            }
            1 => {
                let found = ours.remove(0);
                let event = self.event("adopted", now_ms, json!({"what": "connection", "id": found.id}));
                self.state.outputs.connection = Some(Box::new(found));
                self.finish_step(Phase::Sent, "adopted", now_ms);
                Ok(vec![event])
            }
            _ => Ok(vec![self.ambiguous(&ours, now_ms)]),
        }
    }

    /// Whether a listed connection has the spec's name, type and host, and its user and database where they are listed.
    fn is_ours(&self, listed: &Connection) -> bool {
        let Ok(parts) = self.spec.parts() else { return false };
        let property = |name: &str| listed.properties.as_ref().and_then(|all| all.get(name)).and_then(Value::as_str);
        let wanted = |name: &str| parts.connection.properties.get(name).and_then(Option::as_deref);
        listed.name.as_deref() == Some(&parts.connection.name)
            && listed.r#type.as_deref() == Some(&parts.connection.r#type)
            && property("host") == wanted("host")
            && ["username", "dbName"].iter().all(|name| match (property(name), wanted(name)) {
                (Some(listed), Some(wanted)) => listed == wanted,
                _ => true,
            })
    }

    /// The structure syncs that were there before the test.
    fn baseline(&mut self, text: &str, now_ms: i64) -> Result<Vec<FlowEvent>> {
        let jobs: Vec<Job> = read(text)?;
        self.state.outputs.test = Some(Box::new(Test {
            requested_at: Timestamp(now_ms),
            baseline_job_ids: jobs.iter().map(key).collect(),
            tests_listed: false,
            job_id: None,
        }));
        Ok(Vec::new())
    }

    fn baseline_tests(&mut self, reply: Result<String>) {
        if let (Some(test), Ok(jobs)) = (&mut self.state.outputs.test, reply.and_then(|text| read::<Vec<Job>>(&text))) {
            for job in &jobs {
                let key = key(job);
                if !test.baseline_job_ids.contains(&key) {
                    test.baseline_job_ids.push(key);
                }
            }
            test.tests_listed = true;
        }
    }

    /// The newest job of a list that was not there before the test.
    fn new_job(&self, jobs: Vec<Job>) -> Option<Job> {
        let baseline = &self.state.outputs.test.as_ref()?.baseline_job_ids;
        jobs.into_iter().find(|job| !baseline.contains(&key(job)))
    }

    /// The jobs, read to learn whether a lost start was carried out.
    fn found_job(&mut self, text: &str, now_ms: i64) -> Result<Vec<FlowEvent>> {
        if let Some(job) = self.new_job(read(text)?) {
            let event = self.event("adopted", now_ms, json!({"what": "job", "id": job.id}));
            self.finish_step(Phase::Sent, "adopted", now_ms);
            return Ok(vec![event]);
        }
        self.run.reads += 1;
        Ok(self.read_again(&JOB_READS_MS, now_ms))
    }

    /// Nothing was found: reads again at the next time; after the last one sends again, once, and then asks.
    fn read_again(&mut self, reads_ms: &[i64], now_ms: i64) -> Vec<FlowEvent> {
        match reads_ms.get(self.run.reads) {
            Some(offset) => self.run.next_at = self.run.settle_start + offset,
            None if self.state.resent => return vec![self.ask_fate(now_ms)],
            None => {
                self.send_again();
                self.state.resent = true;
            }
        }
        Vec::new()
    }

    /// A poll was answered, or failed.
    fn polled(&mut self, reply: Result<String>, now_ms: i64) -> Vec<FlowEvent> {
        self.run.polls += 1;
        let seen = match reply.and_then(|text| self.look(&text)) {
            // A checkpoint stays small, whatever a server says.
            Ok(seen) => Seen { status: seen.status.chars().take(STATUS_CHARS).collect(), ..seen },
            Err(error) => return self.poll_failed(error, now_ms),
        };
        self.run.errors = 0;
        let polls = self.run.polls;
        if let Some(attempt) = self.state.attempt() {
            attempt.polls = polls;
            attempt.last_status = Some(seen.status.as_str().into());
        }
        match seen.meaning {
            Meaning::Done => {
                let event = self.polled_event(&seen.status, None, now_ms);
                self.finish_step(Phase::Done, "done", now_ms);
                vec![event]
            }
            Meaning::Failed => self.step_failed(&seen.status, now_ms),
            Meaning::UnderWay if self.run.tests_turn => Vec::new(),
            Meaning::UnderWay => self.wait(&seen.status, None, now_ms),
        }
    }

    fn polled_event(&self, status: &str, next_delay_ms: Option<i64>, now_ms: i64) -> FlowEvent {
        if self.quiet {
            return self.event("polled", now_ms, Value::Null);
        }
        let data = json!({
            "attempt": self.run.polls,
            "status_raw": status,
            "elapsed_ms": now_ms - self.run.step_start,
            "next_delay_ms": next_delay_ms,
        });
        self.event("polled", now_ms, data)
    }

    /// Schedules the next poll, or gives up.
    fn wait(&mut self, status: &str, retry_after: Option<Duration>, now_ms: i64) -> Vec<FlowEvent> {
        let deadline = self.deadline_ms();
        if deadline.is_some_and(|deadline| now_ms >= deadline) {
            self.run.error = Some(Box::new(self.timed_out(now_ms)));
            return vec![self.polled_event(status, None, now_ms)];
        }
        let remaining = deadline.map_or(u64::MAX, |deadline| u64::try_from(deadline - now_ms).unwrap_or(0));
        let remaining = Duration::from_millis(remaining);
        let delay = self.options.poll.delay(self.run.polls, self.spread(), retry_after, remaining);
        let delay_ms = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        self.run.next_at = now_ms.saturating_add(delay_ms);
        vec![self.polled_event(status, Some(delay_ms), now_ms)]
    }

    /// A number in `[0, 1)` that differs from flow to flow and poll to poll, and is the same when asked again.
    pub(super) fn spread(&self) -> f64 {
        let seed = format!("{}/{}/{}", self.state.flow_id, self.state.step.name(), self.run.polls);
        let hash = digest(&SHA256, seed.as_bytes());
        let bits = hash.as_ref().iter().take(8).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        crate::time::unit_of(bits)
    }

    fn poll_failed(&mut self, error: Error, now_ms: i64) -> Vec<FlowEvent> {
        self.run.errors += 1;
        let young = now_ms - self.run.step_start < NOT_FOUND_GRACE_MS;
        let tolerated = match error.code() {
            Code::NotFound => young,
            Code::Connection | Code::Timeout | Code::RateLimited | Code::Server => true,
            // A reply that cannot be read may be a proxy's; one that lacks a field says what the server means.
            Code::UnexpectedContent => true,
            Code::Decode => error.report().details.contains_key("byte"),
            _ => false,
        };
        if !tolerated || self.run.errors > self.options.poll.max_errors {
            let errors = self.run.errors;
            return self.fail_for_now(error.with_detail("poll_errors", errors), now_ms);
        }
        let data = json!({"n": self.run.errors, "kind": error.code(), "status": error.status()});
        let mut events = vec![self.event("poll_error", now_ms, data)];
        let retry_after = error.report().retry_after_ms.map(Duration::from_millis);
        events.extend(self.wait("", retry_after, now_ms));
        events
    }

    fn step_failed(&mut self, status: &str, now_ms: i64) -> Vec<FlowEvent> {
        let step = self.state.step.name();
        let mut error = Error::new(Code::StepFailed, format!("{step}: the server reports {status:?}"))
            .with_outcome(Outcome::Answered)
            .with_hint("the flow ends here: mend the cause and start another one")
            .with_detail("step", step)
            .with_detail("last_status", status);
        error.report_mut().system = Some("magento_bi".to_owned());
        self.state.failure = Some(Box::new(error.report().clone()));
        self.state.end_attempt("failed", now_ms);
        self.run.dirty = true;
        vec![self.event("step_failed", now_ms, json!({ "status_raw": status }))]
    }

    /// What the poll's reply says, its outputs taken.
    fn look(&mut self, text: &str) -> Result<Seen> {
        match self.state.step {
            Step::AwaitClient => {
                let Word { status } = read(text)?;
                let meaning = self.options.meaning(&status);
                if meaning == Meaning::Done {
                    let signup: SignupStatus = read(text)?;
                    let missing = || Error::new(Code::Decode, "the signup is done and has no client_id");
                    self.state.outputs.client_id = Some(signup.client_id.ok_or_else(missing)?);
                    let pubkey = signup.pubkey.filter(|key| key.len() <= PUBKEY_CHARS);
                    self.state.outputs.pubkey = pubkey.map(Into::into);
                }
                Ok(Seen { meaning, status: status.into_owned() })
            }
            Step::AwaitConnection => self.look_for_connection(read(text)?),
            Step::AwaitStructureSync => Ok(self.look_for_sync(read(text)?)),
            _ => {
                let Word { status } = read(text)?;
                Ok(Seen { meaning: self.options.meaning(&status), status: status.into_owned() })
            }
        }
    }

    fn look_for_connection(&mut self, listed: Vec<Connection>) -> Result<Seen> {
        let under_way = |status: &str| Ok(Seen { meaning: Meaning::UnderWay, status: status.to_owned() });
        let ours = self.state.outputs.connection.clone();
        let is = |one: &Connection| match &ours {
            Some(ours) => {
                let same = |a: &Id, b: &Id| a.as_str() == b.as_str();
                same(&one.id, &ours.id)
                    || ours.meta_id.as_ref().is_some_and(|id| one.meta_id.as_ref().is_some_and(|other| same(id, other)))
            }
            None => self.is_ours(one),
        };
        let position = listed.iter().position(is);
        let Some(found) = position.and_then(|position| listed.into_iter().nth(position)) else {
            return under_way("not listed");
        };
        let established =
            found.properties.as_ref().and_then(|all| all.get("established")).is_some_and(|at| !at.is_null());
        let mut found = ids(found);
        found.meta_id = found.meta_id.or_else(|| ours.and_then(|ours| ours.meta_id));
        self.state.outputs.connection = Some(Box::new(found));
        if self.options.require_established && !established {
            return under_way("listed, not established");
        }
        Ok(Seen { meaning: Meaning::Done, status: if established { "established" } else { "listed" }.to_owned() })
    }

    fn look_for_sync(&mut self, jobs: Vec<Job>) -> Seen {
        if let Some(job) = self.new_job(jobs) {
            let (meaning, status) = self.job_meaning(&job);
            if meaning == Meaning::Done
                && let Some(test) = &mut self.state.outputs.test
            {
                test.job_id = job.id;
            }
            return Seen { meaning, status };
        }
        // If the test failed there will be no structure sync: look at the test too, where that can be done.
        self.run.tests_turn = self.state.outputs.test.as_ref().is_some_and(|test| test.tests_listed);
        Seen { meaning: Meaning::UnderWay, status: "not listed".to_owned() }
    }

    fn looked_at_tests(&mut self, reply: Result<String>, now_ms: i64) -> Vec<FlowEvent> {
        let jobs = reply.and_then(|text| read::<Vec<Job>>(&text)).unwrap_or_default();
        match self.new_job(jobs).map(|job| self.job_meaning(&job)) {
            Some((Meaning::Failed, status)) => self.step_failed(&format!("connection test: {status}"), now_ms),
            Some((_, status)) => self.wait(&format!("connection test: {status}"), None, now_ms),
            None => self.wait("not listed", None, now_ms),
        }
    }

    /// A job that ended without success has failed; success is status 4, or its name.
    fn job_meaning(&self, job: &Job) -> (Meaning, String) {
        let name = job.status.name.clone().unwrap_or_default();
        let id = job.status.id.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default();
        let ended = job.end.as_deref().is_some_and(|end| !end.is_empty());
        let meaning = match self.options.meaning(&name) {
            _ if id == "4" || name.to_lowercase().contains("completed successfully") => Meaning::Done,
            Meaning::UnderWay if ended && id != "1" => Meaning::Failed,
            word => word,
        };
        (meaning, if name.is_empty() { id } else { name })
    }
}

/// JSON of another shape than expected is still the answer of who carried it out; a page is not.
fn undocumented(error: Error) -> Result<()> {
    let success = error.status().is_some_and(|status| (200..300).contains(&status));
    if success && error.code() == Code::Decode { Ok(()) } else { Err(error) }
}

fn read<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T> {
    decode(text, "application/json").map_err(|error| error.with_outcome(Outcome::Unknown))
}

fn ids(connection: Connection) -> ConnectionIds {
    ConnectionIds { id: connection.id, meta_id: connection.meta_id, name: connection.name.map(Into::into) }
}

/// What tells a job from others: its id, or where it has none, its times.
fn key(job: &Job) -> Box<str> {
    match &job.id {
        Some(id) => id.as_str().into(),
        None => {
            format!("{}/{}", job.start.as_deref().unwrap_or_default(), job.end.as_deref().unwrap_or_default()).into()
        }
    }
}
