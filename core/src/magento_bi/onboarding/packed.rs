//! A waiting onboarding as few bytes: its state and its waiting times, without its spec.

use super::machine::{Onboarding, Run};
use super::needs::REASONS;
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
        packer.option(state.attention.as_deref(), |packer, need| {
            let known = REASONS.iter().position(|reason| *reason == need.reason);
            packer.byte(known.unwrap_or(REASONS.len()) as u8);
            if known.is_none() {
                packer.text(&serde_json::to_string(need).unwrap_or_default());
            }
        });
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
        let asks = bytes.option(Unpacker::byte)?;
        let known = asks.and_then(|reason| REASONS.get(usize::from(reason)));
        let attention = match asks {
            Some(_) if known.is_none() => Some(Box::new(serde_json::from_str::<Need>(&bytes.text()?).ok()?)),
            _ => None,
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
        if let Some(reason) = known {
            // What of it the spec knows was told when it was asked, and is not needed to take the answer.
            self.state.attention = self.known_need(reason, None).map(Box::new);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Action, Input, Machine as _};
    use crate::magento_bi::Client;
    use crate::magento_bi::onboarding::{FlowOptions, OnboardingSpec, sample};
    use serde_json::{Value, json};

    fn machine(change: impl FnOnce(&mut Value)) -> Onboarding {
        let client = Client::builder().username("u").password("p").oauth_client_id(1).client_secret("s").build();
        let mut spec = sample();
        change(&mut spec);
        let options = FlowOptions { flow_id: Some("shop-1".to_owned()), ..FlowOptions::default() };
        Onboarding::new(&client.unwrap(), OnboardingSpec::from_json(&spec.to_string()).unwrap(), options).unwrap()
    }

    /// The machine after a stay in its packed form, its spec given back.
    fn parked(machine: &Onboarding) -> Option<Onboarding> {
        let packed = machine.pack("shop-1")?;
        let mut other = Onboarding { spec: OnboardingSpec::absent(0), ..machine.clone() };
        (other.state, other.run) = (State::new("", 0), Run::default());
        assert!(other.unpack("shop-1", &packed), "{packed:?}");
        assert_eq!(other.spec.mark(), machine.spec.mark());
        other.spec = machine.spec.clone();
        Some(other)
    }

    /// A server that takes its time, loses each creation's first reply if `loses`, and has what was made.
    fn reply(operation: &str, polls: u32, loses: bool) -> crate::Result<String> {
        let connection = json!({"id": 10, "meta_id": 20, "name": "store", "type": "mysql", "properties": {"host": "db.example.com"}});
        let jobs = json!([{"id": 50, "status": {"id": 4, "name": "Completed Successfully"}, "start": "s", "end": "e"}]);
        if loses && ["create", "start_connection_test"].iter().any(|verb| operation.ends_with(verb)) {
            return Err(crate::Error::new(crate::Code::Timeout, "no reply").with_outcome(crate::Outcome::Unknown));
        }
        if polls % 3 == 1 {
            return Err(crate::Error::new(crate::Code::Server, "down").with_outcome(crate::Outcome::Answered));
        }
        let done = if polls > 3 { "completed" } else { "brewing something unusual" };
        Ok(match operation.strip_prefix("magento_bi.").unwrap_or_default() {
            "signups.create" => json!({"id": "1827c806-0000-4000-8000-00000000000f"}),
            "signups.get" | "autodash.get" => json!({"status": done, "client_id": 7, "pubkey": "ssh-rsa AAAA ü"}),
            "connections.list" => json!([connection]),
            "jobs.list_by_type" if polls > 3 => jobs,
            "jobs.list_by_type" => json!([]),
            "tokens.create" => json!({"access_token": "t", "user_id": 3}),
            "invites.create" => json!({"id": 1, "user_id": null}),
            _ => json!({"id": "x-1"}),
        }
        .to_string())
    }

    /// Drives two machines alike, one of which is parked whenever it can be: they must not differ.
    fn drive(mut machine: Onboarding, loses: bool) -> (usize, usize) {
        let (mut now, mut polls, mut parks, mut longest) = (machine.state.created_at.0, 0, 0, 0);
        machine.apply(Input::Driven, now);
        for _ in 0..400 {
            now += 7;
            if let Some(other) = parked(&machine) {
                (parks, longest) = (parks + 1, longest.max(machine.pack("shop-1").unwrap_or_default().len()));
                // What a person is asked about is told apart only by what the spec adds to it.
                if machine.state.attention.is_none() {
                    assert_eq!(other.checkpoint(), machine.checkpoint());
                }
                assert_eq!(other.due_ms(now), machine.due_ms(now));
                machine = other;
            }
            match machine.next(now) {
                Action::Intend => drop(machine.apply(Input::Intended { nonce: format!("nonce {now}") }, now)),
                Action::Save => drop(machine.apply(Input::Saved, now)),
                Action::Send { operation, .. } => {
                    polls = if machine.state.phase == Phase::Waiting { polls + 1 } else { 0 };
                    drop(machine.apply(Input::Replied(reply(operation, polls, loses)), now));
                }
                Action::SleepUntil(at) => now = now.max(at),
                Action::Need(need) => {
                    let choice = match need.reason.as_str() {
                        "outcome_unknown" => need.choices[0].choice.as_str(),
                        "missing_user_id" => "token",
                        _ => need.choices[0].choice.as_str(),
                    };
                    let mut answer = json!({"choice": choice});
                    for argument in
                        need.choices.iter().filter(|one| one.choice == choice).flat_map(|one| &one.arguments)
                    {
                        answer[argument.trim_end_matches('?')] = json!(9);
                    }
                    machine.apply(Input::Driven, now);
                    machine.answer(answer.as_object().unwrap(), now).unwrap();
                }
                Action::Done(_) => return (parks, longest),
                Action::Failed(error) => panic!("{error}"),
            }
        }
        panic!("it never ends: {}", machine.checkpoint());
    }

    #[test]
    fn a_machine_that_is_parked_whenever_it_can_be_goes_on_as_if_it_never_was() {
        let gated = |spec: &mut Value| {
            spec["confirm_user"] = true.into();
            spec["install_public_key"] = true.into();
        };
        for loses in [false, true] {
            let (parks, longest) = drive(machine(|_| {}), loses);
            assert!(parks > 10 && longest < 400, "{parks}, {longest} bytes");
            drive(machine(gated), loses);
        }
    }

    #[test]
    fn an_onboarding_that_waits_for_its_client_takes_less_than_eighty_bytes() {
        let mut machine = machine(|_| {});
        let mut now = machine.state.created_at.0;
        machine.apply(Input::Driven, now);
        while machine.pack("shop-1").is_none() {
            now += 40;
            match machine.next(now) {
                Action::Intend => drop(machine.apply(Input::Intended { nonce: "n".to_owned() }, now)),
                Action::Save => drop(machine.apply(Input::Saved, now)),
                Action::Send { operation, .. } => drop(machine.apply(Input::Replied(reply(operation, 2, false)), now)),
                other => panic!("{other:?}"),
            }
        }
        machine.apply(Input::Replied(Ok(json!({"status": "pending"}).to_string())), now);
        let packed = machine.pack("shop-1").unwrap();
        assert!(packed.len() < 80, "{} bytes", packed.len());
    }
}
