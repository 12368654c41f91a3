//! Sessions: whether a user who signed on is still signed on. The answer is good until the provider's `recheck`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Client;
use crate::auth::Cell;
use crate::error::{Code, Error, Result};
use crate::flow::checkpoint::sha256;
use crate::id::Id;
use crate::ops::{CallContext, Fields, decode, operations};
use crate::page::Instant;
use crate::secret::{Secret, into_body};

/// Arguments of [`Sessions::check`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CheckSession {
    /// The user: `usr-1`, `usr-1.cld-1`, or the virtual e-mail address.
    #[serde(skip_serializing)]
    pub(crate) id: Id,
    /// The session's token, from the sign-on.
    #[serde(serialize_with = "into_body")]
    pub session: Secret,
    /// What an unreachable provider means: false, the default, that the session is not valid; true, that it is.
    #[serde(default, skip_serializing)]
    pub fail_open: bool,
}

impl CheckSession {
    /// Asks about this token, and takes it for invalid when nobody can be asked.
    pub fn new(session: impl Into<Secret>) -> Self {
        Self { id: Id::unset(), session: session.into(), fail_open: false }
    }
}

impl Fields for CheckSession {
    fn ids(&self) -> Vec<&Id> {
        vec![&self.id]
    }

    fn secrets(&mut self) -> Vec<&mut Secret> {
        vec![&mut self.session]
    }
}

/// Whether a session is valid.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SessionStatus {
    /// Whether the user is signed on.
    pub valid: bool,
    /// Until when the answer is good; asked again within, it comes from memory.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    pub recheck: Option<String>,
    /// False when the provider could not be asked, and the answer is what `fail_open` says.
    #[serde(default = "yes")]
    pub checked: bool,
    /// Why it could not be asked: the error's code.
    #[serde(default)]
    pub reason: Option<String>,
}

fn yes() -> bool {
    true
}

operations! {
    /// Sessions: whether a user who signed on is still signed on.
    Sessions(Client) in "maestrano.sessions" {}
    composed {
        /// Checks the session of a user with the provider of single sign-on.
        ///
        /// A valid answer is remembered until its `recheck`, and asked for once however many wait for it. When the provider
        /// cannot be reached, the session counts as not valid, unless `fail_open` says otherwise; `checked` is false then.
        /// Source: the vendor's SDKs, "session check".
        check(CheckSession) -> SessionStatus = GET "/auth/saml/{id}", Safe, None, Query;
    }
}

/// Valid answers, by user and token.
#[derive(Debug, Default)]
pub(super) struct Remembered(Mutex<HashMap<String, Arc<Cell<String>>>>);

/// Sessions remembered at most: then all are forgotten, and asked about again.
const MOST: usize = 10_000;

impl Remembered {
    fn of(&self, key: String) -> Arc<Cell<String>> {
        let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cells.len() >= MOST && !cells.contains_key(&key) {
            cells.clear();
        }
        Arc::clone(cells.entry(key).or_default())
    }
}

/// The status as JSON text.
pub(super) async fn check(client: &Client, mut arguments: CheckSession, call: &CallContext) -> Result<String> {
    arguments.session.resolve(&call.host).await?;
    let fail_open = arguments.fail_open;
    let key = sha256(&format!("{}\n{}", arguments.id, arguments.session.expose()?));
    let engine = &client.engine;
    let now = engine.clock.now();
    let ask = || async move {
        let operation = Client::operation("maestrano.sessions.check")?;
        let text = engine.execute(operation, &mut arguments, call).await?.into_text();
        let status: SessionStatus = decode(&text, "application/json")?;
        let recheck = status.recheck.as_deref().and_then(Instant::parse).map(|at| at.nanos() / 1_000_000);
        let good = recheck.map_or(0, |at| at.saturating_sub(i128::from(engine.clock.wall_ms())));
        // A session that is over stays so: nothing is gained by remembering it, and it would fill the memory.
        let good = if status.valid { u64::try_from(good).unwrap_or(0) } else { 0 };
        let text = json!({ "valid": status.valid, "recheck": status.recheck, "checked": true }).to_string();
        Ok((text, engine.clock.now().saturating_add(Duration::from_millis(good))))
    };
    match client.sessions.of(key).get(now, None, ask).await {
        Ok((text, _)) => Ok(text.as_str().to_owned()),
        Err(error) if is_outage(&error) => {
            let reason = error.code().to_string();
            Ok(json!({ "valid": fail_open, "recheck": null, "checked": false, "reason": reason }).to_string())
        }
        Err(error) => Err(error),
    }
}

/// Whether nobody could be asked.
fn is_outage(error: &Error) -> bool {
    let outages = [
        Code::Connection,
        Code::Timeout,
        Code::Server,
        Code::RateLimited,
        Code::Decode,
        Code::UnexpectedContent,
        Code::Redirect,
    ];
    outages.contains(&error.code())
}

impl Sessions<'_> {
    /// Checks the session of a user with the provider of single sign-on.
    ///
    /// # Errors
    /// `config` when the client was made without a marketplace's configuration; those of a refusal. An outage is no error.
    pub async fn check(
        &self,
        id: impl TryInto<Id, Error = Error>,
        mut arguments: CheckSession,
    ) -> Result<SessionStatus> {
        arguments.id = id.try_into()?;
        self.client.has_sso()?;
        let text = check(self.client, arguments, &self.client.context()).await?;
        decode(&text, "application/json")
    }
}
