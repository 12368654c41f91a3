//! The way of one bill: remembered, sent, and when its reply is lost, looked for before anything else is done.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Chargeable;
use super::intent::{FACTS, Intent, Remembered};
use super::lookup::{Found, look, matching};
use crate::error::{Code, Error, Outcome, Result};
use crate::id::Id;
use crate::maestrano::Client;
use crate::ops::{CallContext, OfId, Operation, mark_applied, picked};

/// Times that a bill is sent in all, each after the looks found none.
const SENDINGS: u32 = 3;
/// Beyond the time that a request may take, a claim is good for so long.
const LEASE_MARGIN_MS: u64 = 5_000;

/// Makes what `arguments` say, once.
///
/// # Errors
/// `validation`; those of a request; `checkpoint` when the journal cannot be kept; `conflict` when its reference stands for
/// another bill; `outcome_unknown` with `candidates`.
pub(in crate::maestrano) async fn create<A: Chargeable>(
    client: &Client,
    arguments: A,
    call: &CallContext,
) -> Result<String> {
    let way = Way::<A>::new(client, arguments, call);
    match way {
        Ok(mut way) => way.create(false).await.map_err(|error| way.named(error)),
        Err(error) => Err(named::<A>(error)),
    }
}

/// A bill that a person decided about: the arguments of its creation, and of those that may be it the one that is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::maestrano) struct Adopt<A> {
    id: Id,
    arguments: A,
}

/// Takes one of the candidates for the bill that was to be made.
///
/// # Errors
/// Those of a read; `conflict` when it is another group's.
pub(in crate::maestrano) async fn adopt<A: Chargeable + DeserializeOwned>(
    client: &Client,
    adopt: Adopt<A>,
    call: &CallContext,
) -> Result<String> {
    let way = Way::<A>::new(client, adopt.arguments, call).map_err(named::<A>)?;
    let text = way.read(adopt.id).await.map_err(|error| way.named(error))?;
    way.adopt(text).await.map_err(|error| way.named(error))
}

/// Sends the bill although there are candidates: a person knows that none of them is it.
///
/// # Errors
/// Those of [`create`].
pub(in crate::maestrano) async fn force<A: Chargeable>(
    client: &Client,
    arguments: A,
    call: &CallContext,
) -> Result<String> {
    let mut way = Way::<A>::new(client, arguments, call).map_err(named::<A>)?;
    way.create(true).await.map_err(|error| way.named(error))
}

fn operation<A: Chargeable>(verb: &str) -> Result<&'static Operation> {
    Client::operation(&format!("maestrano.{}.{verb}", A::RESOURCE))
}

/// The error as the creation's own, whichever request it comes from.
fn named<A: Chargeable>(mut error: Error) -> Error {
    let report = error.report_mut();
    report.system = Some("maestrano".to_owned());
    report.operation = Some(format!("maestrano.{}.create", A::RESOURCE));
    error
}

struct Way<'a, A> {
    client: &'a Client,
    call: &'a CallContext,
    arguments: A,
    intent: Intent,
    /// Tells this call's claims from those of others.
    by: String,
    /// When it was first sent, or may have been.
    sent_ms: i64,
}

/// What the journal says when somebody wants to send.
enum Claim {
    /// Nobody else sends it.
    Ours,
    /// Nobody else sends it now, but somebody may have, since then.
    Unsettled(i64),
    /// Somebody may be sending it until then; they said so at the first time.
    Theirs { since_ms: i64, until_ms: i64 },
    /// It is there.
    Done { digest: String, id: String },
}

impl<'a, A: Chargeable> Way<'a, A> {
    fn new(client: &'a Client, arguments: A, call: &'a CallContext) -> Result<Self> {
        let now = client.engine.clock.wall_ms();
        arguments.check()?;
        arguments.check_at(now)?;
        let intent = Intent::of(&arguments, client.app_id())?;
        let by = client.engine.random.uuid();
        Ok(Self { client, call, arguments, intent, by, sent_ms: now })
    }

    fn named(&self, error: Error) -> Error {
        named::<A>(error)
    }

    fn now(&self) -> i64 {
        self.client.engine.clock.wall_ms()
    }

    async fn create(&mut self, forced: bool) -> Result<String> {
        let (mut sendings, mut forced) = (0, forced);
        loop {
            match self.claim(std::mem::take(&mut forced)).await? {
                Claim::Ours => {
                    sendings += 1;
                    match self.send(sendings).await? {
                        Some(text) => return Ok(text),
                        None => continue,
                    }
                }
                Claim::Done { digest, id } if digest == self.intent.digest => {
                    return Ok(mark_applied(&self.read(Id::new(id)?).await?));
                }
                Claim::Done { id, .. } => return Err(self.another(&id)),
                Claim::Theirs { since_ms, until_ms } => {
                    // Most often it has arrived, and whoever sent it is no more.
                    let rows = matching::<A>(self.client, &self.intent, since_ms, self.call).await?;
                    if let [row] = &rows[..] {
                        return self.adopt(row.clone()).await;
                    }
                    self.sleep_until(until_ms).await;
                }
                Claim::Unsettled(since_ms) => {
                    self.sent_ms = since_ms;
                    if let Some(text) = self.settle(None).await? {
                        return Ok(text);
                    }
                }
            }
        }
    }

    /// Sends it; `None` when its reply was lost, it was looked for and is not there.
    async fn send(&mut self, sending: u32) -> Result<Option<String>> {
        let operation = operation::<A>("create")?;
        let error = match self.client.engine.execute(operation, &mut self.arguments, self.call).await {
            Ok(success) => {
                let text = success.into_text();
                self.done(&text).await?;
                return Ok(Some(text));
            }
            Err(error) => error,
        };
        if error.outcome() != Some(Outcome::Unknown) {
            self.remember(Remembered::Refused).await?;
            return Err(error);
        }
        if let Some(text) = self.settle(Some(error.clone())).await? {
            return Ok(Some(text));
        }
        // What was answered, but cannot be read, would be answered again.
        if error.code() != Code::OutcomeUnknown || sending >= SENDINGS {
            return Err(error.with_detail("candidates", Vec::<Value>::new()));
        }
        Ok(None)
    }

    /// The bill if it is there; `None` when it is not and may be sent.
    async fn settle(&self, error: Option<Error>) -> Result<Option<String>> {
        match look::<A>(self.client, &self.intent, self.sent_ms, self.call).await {
            Found::Some(rows) => match &rows[..] {
                [row] if self.intent.reference.is_some() => self.adopt(row.clone()).await.map(Some),
                _ => Err(unknown(error, rows)),
            },
            Found::None => Ok(None),
            Found::Unknown(failed) => Err(unknown(error.or(Some(failed)), Vec::new())),
        }
    }

    /// Takes what was found for what was to be made.
    async fn adopt(&self, text: String) -> Result<String> {
        let row = picked(&text, &FACTS)?;
        let same = row["group_id"] == self.intent.group_id
            && row["price_cents"].as_i64() == Some(self.intent.price_cents)
            && row["currency"].as_str().is_some_and(|currency| currency.eq_ignore_ascii_case(&self.intent.currency));
        if !same {
            return Err(self.another(row["id"].as_str().unwrap_or_default()));
        }
        self.done(&text).await?;
        Ok(mark_applied(&text))
    }

    /// The reference, or the id, is that of a bill over something else.
    fn another(&self, id: &str) -> Error {
        let what = match &self.intent.reference {
            Some(reference) => format!("the reference {reference} stands for another bill, {id}"),
            None => format!("{id} is another bill"),
        };
        Error::new(Code::Conflict, what)
            .with_outcome(Outcome::NotSent)
            .with_hint("give each bill a reference of its own")
            .with_detail("current", id)
    }

    async fn read(&self, id: Id) -> Result<String> {
        Ok(self.client.engine.execute(operation::<A>("get")?, &mut OfId { id }, self.call).await?.into_text())
    }

    fn intended(&self, at_ms: i64) -> Remembered {
        let lease = self.client.engine.longest_ms(self.call).saturating_add(LEASE_MARGIN_MS);
        Remembered::Intended {
            digest: self.intent.digest.clone(),
            at_ms,
            lease_until_ms: self.now().saturating_add(i64::try_from(lease).unwrap_or(i64::MAX)),
            by: self.by.clone(),
        }
    }

    async fn remember(&self, remembered: Remembered) -> Result<()> {
        let Some(journal) = self.arguments.journal() else { return Ok(()) };
        let engine = &self.client.engine;
        journal.update(&self.intent.key, &self.call.host, &*engine.clock, |_| (Some(remembered), ())).await
    }

    async fn done(&self, text: &str) -> Result<()> {
        if self.arguments.journal().is_none() {
            return Ok(());
        }
        let row = picked(text, &["id"])?;
        let id = row["id"].as_str().unwrap_or_default().to_owned();
        self.remember(Remembered::Done { digest: self.intent.digest.clone(), id }).await
    }

    /// Asks the journal for the right to send, which is this call's for as long as a request may take.
    async fn claim(&self, forced: bool) -> Result<Claim> {
        let Some(journal) = self.arguments.journal() else { return Ok(Claim::Ours) };
        let (now, engine) = (self.now(), &self.client.engine);
        let claim = |remembered| match remembered {
            Some(Remembered::Intended { at_ms, by, .. }) if forced || by == self.by => {
                (Some(self.intended(at_ms)), Claim::Ours)
            }
            None | Some(Remembered::Refused) => (Some(self.intended(self.sent_ms)), Claim::Ours),
            Some(Remembered::Intended { lease_until_ms, at_ms, .. }) if now < lease_until_ms => {
                (None, Claim::Theirs { since_ms: at_ms, until_ms: lease_until_ms })
            }
            Some(Remembered::Intended { at_ms, .. }) => (Some(self.intended(at_ms)), Claim::Unsettled(at_ms)),
            Some(Remembered::Done { digest, id }) => (None, Claim::Done { digest, id }),
        };
        journal.update(&self.intent.key, &self.call.host, &*engine.clock, claim).await
    }

    async fn sleep_until(&self, wall_ms: i64) {
        let clock = &self.client.engine.clock;
        let wait = u64::try_from(wall_ms.saturating_sub(clock.wall_ms())).unwrap_or(0);
        clock.sleep_until(clock.now() + std::time::Duration::from_millis(wait)).await;
    }
}

/// Nobody knows whether the bill is there; `rows` may be it.
fn unknown(error: Option<Error>, rows: Vec<String>) -> Error {
    let candidates: Vec<Value> =
        rows.iter().filter_map(|row| serde_json::from_str(row).or_else(|_| picked(row, &FACTS)).ok()).collect();
    let mut unknown =
        error.unwrap_or_else(|| Error::new(Code::OutcomeUnknown, "an earlier call may have been carried out"));
    let code = unknown.code();
    let hint = if candidates.is_empty() {
        "the bills could not be read: look before sending it again"
    } else {
        "adopt the candidate that it is, or force it if it is none of them"
    };
    if code != Code::OutcomeUnknown {
        unknown = unknown.with_detail("cause", code.to_string());
    }
    unknown.report_mut().code = Code::OutcomeUnknown;
    unknown.report_mut().retryable = false;
    unknown.with_outcome(Outcome::Unknown).with_hint(hint).with_detail("candidates", candidates)
}
