//! The secrets of one sandbox's Maestrano, made anew for each.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tenantry::time::Random;

use super::basic;
use super::envelope;
use crate::call::Call;
use crate::reply::Reply;

/// The marketplaces that the app is on, in the order of the configuration.
pub(super) const MARKETPLACES: [&str; 2] = ["maestrano", "some-telco"];

/// The app as one marketplace knows it.
#[derive(Clone)]
pub(super) struct App {
    pub(super) id: String,
    pub(super) key: String,
}

/// Of the configuration endpoint, and of each marketplace. Its `Debug` shows no secret.
pub(crate) struct Credentials {
    api_key: String,
    api_secret: String,
    apps: Mutex<[App; 2]>,
}

impl Credentials {
    pub(crate) fn random(random: &dyn Random) -> Credentials {
        let apps = [0, 1].map(|place| App { id: format!("app-{}", hex(random, 4)), key: key(random, place) });
        Credentials { api_key: random.uuid(), api_secret: hex(random, 20), apps: Mutex::new(apps) }
    }

    /// The keyword arguments of the call that fetches the configuration.
    pub(crate) fn line(&self, url: &str) -> Value {
        json!({ "base_url": url, "api_key": self.api_key, "api_secret": self.api_secret })
    }

    /// Lets a call to the configuration pass; otherwise the 401 to answer.
    pub(super) fn admit(&self, call: &Call<'_>) -> Result<(), Reply> {
        match basic::credentials(call.headers) {
            Some((key, secret)) if key == self.api_key && secret == self.api_secret => Ok(()),
            _ => Err(Reply::json(401, &json!({ "error": "Invalid API credentials" }))),
        }
    }

    /// The place of the marketplace whose app calls.
    pub(super) fn caller(&self, call: &Call<'_>) -> Option<usize> {
        let (id, key) = basic::credentials(call.headers)?;
        self.apps().iter().position(|app| app.id == id && app.key == key)
    }

    /// The same for a call of the account API; otherwise the 401 to answer.
    pub(super) fn account_caller(&self, call: &Call<'_>) -> Result<usize, Reply> {
        self.caller(call).ok_or_else(|| envelope::refused(401, "authentication", "Invalid API token"))
    }

    /// The place of the marketplace where the app has this id.
    pub(super) fn marketplace_of(&self, app_id: &str) -> Option<usize> {
        self.apps().iter().position(|app| app.id == app_id)
    }

    pub(super) fn app(&self, marketplace: usize) -> App {
        self.apps()[marketplace].clone()
    }

    /// Gives every app a new key; the old ones are worth nothing from now on.
    pub(crate) fn rotate(&self, random: &dyn Random) {
        for (place, app) in self.apps().iter_mut().enumerate() {
            app.key = key(random, place);
        }
    }

    fn apps(&self) -> MutexGuard<'_, [App; 2]> {
        self.apps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The second marketplace's keys hold a colon, which Basic authentication allows in a password.
fn key(random: &dyn Random, place: usize) -> String {
    if place == 0 { random.uuid() } else { format!("{}:{}", hex(random, 16), hex(random, 8)) }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// `bytes` random bytes as hexadecimal text.
pub(super) fn hex(random: &dyn Random, bytes: usize) -> String {
    let mut buffer = vec![0; bytes];
    random.fill(&mut buffer);
    buffer.iter().map(|byte| format!("{byte:02x}")).collect()
}
