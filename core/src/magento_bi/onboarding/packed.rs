//! A waiting onboarding as few bytes: its state and its waiting times, without its spec.

use super::machine::{Onboarding, Run};
use super::spec::OnboardingSpec;
use super::state::{Attempt, ConnectionIds, Outputs, Phase, State, Step, Test, UserIdFrom};
use crate::flow::{Need, Packer, Timestamp, Unpacker};
use crate::id::Id;

/// What an attempt's times are counted from: when the one before it began.
type Origin = i64;

impl Onboarding {
    pub(super) fn packed(&self, name: &str) -> Vec<u8> {
        let (state, run) = (&self.state, &self.run);
        let mut packer = Packer::new(name);
        packer.byte(state.step as u8);
        packer.byte(state.phase as u8 | u8::from(state.resent) << 3 | u8::from(run.tests_turn) << 4);
        packer.bytes(&self.spec.mark().to_le_bytes());
        packer.text(&state.flow_id);
        let start = state.created_at.0;
        packer.difference(start);
        packer.difference(state.updated_at.0 - start);
        packer.option(state.intent.as_deref(), Packer::text);
        outputs(&mut packer, &state.outputs, start);
        packer.number(state.history.len() as u64);
        state.history.iter().fold(start, |origin, one| attempt(&mut packer, one, origin));
        packer.option(state.user_id_from, |packer, from| packer.byte(from as u8));
        // A need is rare, and whoever decides takes long: its text will do.
        let need = state.attention.as_deref().and_then(|need| serde_json::to_string(need).ok());
        packer.option(need.as_deref(), Packer::text);
        for time in [run.flow_start, run.step_start, run.next_at] {
            packer.difference(time - start);
        }
        packer.number(run.polls.into());
        packer.number(run.errors.into());
        packer.option(run.token_user.as_ref(), id);
        packer.finish()
    }

    pub(super) fn unpacked(&mut self, name: &str, bytes: &[u8]) -> Option<()> {
        let bytes = &mut Unpacker::new(bytes, name);
        let step = Step::ALL.get(usize::from(bytes.byte()?))?.0;
        let bits = bytes.byte()?;
        let phases = [Phase::Ready, Phase::Sending, Phase::Sent, Phase::Waiting, Phase::Done];
        let phase = *phases.get(usize::from(bits & 7))?;
        let (resent, tests_turn) = (bits & 8 != 0, bits & 16 != 0);
        let mark = u32::from_le_bytes(bytes.take(4)?.try_into().ok()?);
        let flow_id = bytes.text()?;
        let start = bytes.difference()?;
        let updated_at = Timestamp(start + bytes.difference()?);
        let intent = bytes.option(Unpacker::text)?;
        let outputs = read_outputs(bytes, start)?;
        let count: usize = bytes.small()?;
        let mut history = Vec::with_capacity(count);
        let mut origin = start;
        for _ in 0..count {
            let one;
            (one, origin) = read_attempt(bytes, origin)?;
            history.push(one);
        }
        let sources = [UserIdFrom::Reply, UserIdFrom::Token, UserIdFrom::Omit];
        let user_id_from = match bytes.option(Unpacker::byte)? {
            Some(source) => Some(*sources.get(usize::from(source))?),
            None => None,
        };
        let attention = match bytes.option(Unpacker::text)? {
            Some(text) => Some(Box::new(serde_json::from_str::<Need>(&text).ok()?)),
            None => None,
        };
        self.spec = OnboardingSpec::absent(mark);
        self.state = State {
            flow_id,
            created_at: Timestamp(start),
            updated_at,
            step,
            phase,
            intent,
            outputs,
            history,
            attention,
            resent,
            user_id_from,
            failure: None,
        };
        self.run = Run {
            tests_turn,
            flow_start: start + bytes.difference()?,
            step_start: start + bytes.difference()?,
            next_at: start + bytes.difference()?,
            polls: bytes.small()?,
            errors: bytes.small()?,
            token_user: bytes.option(read_id)?,
            ..Run::default()
        };
        Some(())
    }
}

fn id(packer: &mut Packer<'_>, id: &Id) {
    match id.number() {
        // Zero says that the identifier is text.
        Some(number) if number < u64::MAX => packer.number(number + 1),
        _ => {
            packer.number(0);
            packer.text(id.as_str());
        }
    }
}

fn read_id(bytes: &mut Unpacker<'_>) -> Option<Id> {
    match bytes.number()? {
        0 => Some(Id::checked(bytes.text()?)),
        number => Some(Id::from(number - 1)),
    }
}

fn outputs(packer: &mut Packer<'_>, outputs: &Outputs, start: i64) {
    let Outputs { signup_id, client_id, pubkey, invite_id, user_id, inviter_user_id, connection, test, autodash_id } =
        outputs;
    let ids = [signup_id, client_id, invite_id, user_id, inviter_user_id, autodash_id];
    let there = |(place, id): (usize, &&Option<Id>)| u8::from(id.is_some()) << place;
    packer.byte(ids.iter().enumerate().map(there).sum());
    ids.into_iter().flatten().for_each(|one| id(packer, one));
    packer.option(pubkey.as_deref(), Packer::text);
    packer.option(connection.as_deref(), |packer, ConnectionIds { id: one, meta_id, name }| {
        id(packer, one);
        packer.option(meta_id.as_ref(), id);
        packer.option(name.as_deref(), Packer::text);
    });
    packer.option(test.as_deref(), |packer, Test { requested_at, baseline_job_ids, tests_listed, job_id }| {
        packer.difference(requested_at.0 - start);
        packer.number(baseline_job_ids.len() as u64);
        baseline_job_ids.iter().for_each(|key| packer.text(key));
        packer.byte(u8::from(*tests_listed));
        packer.option(job_id.as_ref(), id);
    });
}

fn read_outputs(bytes: &mut Unpacker<'_>, start: i64) -> Option<Outputs> {
    let there = bytes.byte()?;
    let mut outputs = Outputs::default();
    let Outputs { signup_id, client_id, invite_id, user_id, inviter_user_id, autodash_id, .. } = &mut outputs;
    let ids = [signup_id, client_id, invite_id, user_id, inviter_user_id, autodash_id];
    for (_, id) in ids.into_iter().enumerate().filter(|(place, _)| there & 1 << place != 0) {
        *id = Some(read_id(bytes)?);
    }
    outputs.pubkey = bytes.option(Unpacker::text)?;
    outputs.connection = bytes.option(|bytes| {
        let (id, meta_id) = (read_id(bytes)?, bytes.option(read_id)?);
        Some(Box::new(ConnectionIds { id, meta_id, name: bytes.option(Unpacker::text)? }))
    })?;
    outputs.test = bytes.option(|bytes| {
        let requested_at = Timestamp(start + bytes.difference()?);
        let count: usize = bytes.small()?;
        let baseline_job_ids = (0..count).map(|_| bytes.text()).collect::<Option<_>>()?;
        let tests_listed = bytes.byte()? != 0;
        Some(Box::new(Test { requested_at, baseline_job_ids, tests_listed, job_id: bytes.option(read_id)? }))
    })?;
    Some(outputs)
}

/// Returns the origin of the attempt after it.
fn attempt(packer: &mut Packer<'_>, attempt: &Attempt, origin: Origin) -> Origin {
    let Attempt { step, attempt, started_at, ended_at, polls, last_status, http_status, outcome } = attempt;
    packer.byte(*step as u8);
    packer.number((*attempt).into());
    packer.difference(started_at.0 - origin);
    packer.option(ended_at.as_ref(), |packer, at| packer.difference(at.0 - started_at.0));
    packer.number((*polls).into());
    packer.option(last_status.as_deref(), Packer::text);
    packer.option(*http_status, |packer, status| packer.number(status.into()));
    packer.option(outcome.as_deref(), Packer::text);
    started_at.0
}

fn read_attempt(bytes: &mut Unpacker<'_>, origin: Origin) -> Option<(Attempt, Origin)> {
    let step = Step::ALL.get(usize::from(bytes.byte()?))?.0;
    let attempt = bytes.small()?;
    let started_at = origin + bytes.difference()?;
    let ended_at = bytes.option(Unpacker::difference)?.map(|after| Timestamp(started_at + after));
    let (polls, last_status) = (bytes.small()?, bytes.option(Unpacker::text)?);
    let (http_status, outcome) = (bytes.option(Unpacker::small)?, bytes.option(Unpacker::text)?);
    let started = Timestamp(started_at);
    Some((
        Attempt { step, attempt, started_at: started, ended_at, polls, last_status, http_status, outcome },
        started_at,
    ))
}
