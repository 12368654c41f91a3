//! Keeping a configuration fresh: fetched once however many ask, swapped at once, and kept when a fetch fails.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Serialize;

use super::Marketplaces;
use super::platform::{FETCH, Fetch};
use super::snapshot::{Entry, Snapshot};
use crate::error::{Code, Error, Outcome, Result};
use crate::ops::CallContext;

/// How a marketplace changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// `added`, `removed`, `changed`, or `malformed`: what came cannot be used, and the old one stays, if there is one.
    pub r#type: &'static str,
    /// Its name.
    pub marketplace: String,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What a refresh brought.
#[derive(Debug, Clone, Serialize)]
pub struct Refreshed {
    /// The marketplaces that can be used now.
    pub names: Vec<String>,
    /// What is different from before.
    pub changes: Vec<Change>,
    /// Whether the fetch failed, and the configuration is the one from before.
    pub stale: bool,
    /// The fetch's error, when it is stale.
    pub error: Option<Error>,
}

/// After a failed fetch the next one is tried sooner than the time to live.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

impl Marketplaces {
    /// Fetches the configuration, if it is old or `force` says so.
    pub(crate) async fn refresh_for(&self, force: bool, call: &CallContext) -> Result<Refreshed> {
        let inner = &self.0;
        self.engine()?;
        if !force && self.age().is_some_and(|age| age < inner.ttl) {
            return Ok(self.unchanged());
        }
        let seen = inner.fetches.load(Ordering::Acquire);
        let mut last = inner.fetching.lock().await;
        // While this call waited, another one fetched: that answer is this call's too.
        if inner.fetches.load(Ordering::Acquire) != seen
            && let Some(result) = &*last
        {
            return result.clone();
        }
        let result = self.fetch(call).await;
        inner.fetches.fetch_add(1, Ordering::AcqRel);
        *last = Some(result.clone());
        result
    }

    fn age(&self) -> Option<Duration> {
        Some(self.0.clock.now().saturating_sub(self.0.current().at?))
    }

    fn unchanged(&self) -> Refreshed {
        Refreshed { names: self.names(), changes: Vec::new(), stale: false, error: None }
    }

    async fn fetch(&self, call: &CallContext) -> Result<Refreshed> {
        let inner = &self.0;
        let engine = self.engine()?;
        let mut request = Fetch(engine.system.path.clone());
        let fetched = engine.execute(&FETCH, &mut request, call).await.and_then(|success| {
            Snapshot::parse(&success.into_text(), &inner.trust, inner.insecure).map_err(|mut error| {
                error.report_mut().code = Code::Decode;
                FETCH.named(error.with_outcome(Outcome::Answered))
            })
        });
        let before = inner.current();
        match fetched {
            Ok(mut snapshot) => {
                let changes = merge(&before, &mut snapshot);
                snapshot.at = Some(inner.clock.now());
                inner.swap(snapshot);
                Ok(Refreshed { names: self.names(), changes, stale: false, error: None })
            }
            // Nothing to go on with.
            Err(error) if before.at.is_none() => Err(error),
            Err(error) => Ok(Refreshed { stale: true, error: Some(error), ..self.unchanged() }),
        }
    }

    /// Sleeps until the configuration is old, fetches it, and comes back when something changed or the fetch failed.
    pub(crate) async fn next_change_for(&self, call: &CallContext) -> Result<Refreshed> {
        let inner = &self.0;
        self.engine()?;
        loop {
            let age = self.age();
            if let Some(age) = age {
                let wait = inner.ttl.saturating_sub(age);
                // A stale configuration is old already: the platform is not asked without a pause.
                let wait = if wait.is_zero() { AGAIN_AFTER.min(inner.ttl.max(Duration::from_millis(1))) } else { wait };
                inner.clock.sleep_until(inner.clock.now().saturating_add(wait)).await;
            }
            let refreshed = self.refresh_for(true, call).await?;
            if refreshed.stale || !refreshed.changes.is_empty() {
                return Ok(refreshed);
            }
        }
    }
}

/// What is different in `after`. A marketplace that cannot be used any more stays as it was.
fn merge(before: &Snapshot, after: &mut Snapshot) -> Vec<Change> {
    let mut changes = Vec::new();
    let change = |r#type, entry: &Entry, message| Change { r#type, marketplace: entry.name.clone(), message };
    for entry in &mut after.entries {
        let old = before.find(&entry.name);
        match (&entry.state, old) {
            (Err(message), old) => {
                if old.is_none_or(|old| old.digest != entry.digest) {
                    changes.push(change("malformed", entry, Some(message.clone())));
                }
                if let Some(Entry { state: Ok(good), .. }) = old {
                    entry.state = Ok(std::sync::Arc::clone(good));
                }
            }
            (Ok(_), None) => changes.push(change("added", entry, None)),
            (Ok(_), Some(old)) if old.digest != entry.digest => changes.push(change("changed", entry, None)),
            (Ok(_), Some(_)) => {}
        }
    }
    let gone = before.entries.iter().filter(|old| after.find(&old.name).is_none());
    changes.extend(gone.map(|old| change("removed", old, None)));
    changes
}
