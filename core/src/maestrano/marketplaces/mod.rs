//! The marketplaces of an app: their configuration, fetched from the developer platform and kept fresh.

mod local;
mod platform;
mod refresh;
mod snapshot;
mod trust;

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use serde::Deserialize;
use subtle::ConstantTimeEq as _;

use super::client::Client;
use super::marketplace::Marketplace;
use super::sso::MemoryReplays;
use super::webhooks;
use crate::error::{Error, Result};
use crate::host::{Host, Listener};
use crate::http::{BaseUrl, HttpSend, Options};
use crate::ops::{CallContext, Engine, read_config};
use crate::secret::Secret;
use crate::time::{Clock, Random, SystemClock, SystemRandom};

use platform::Platform;
use snapshot::Snapshot;
use trust::Trust;

pub use platform::{API_PATH, HOST};
pub use refresh::{Change, Refreshed};

/// The settings of a set of marketplaces, as Python and Node give them.
///
/// If no connection setting is given, all are taken from the environment (`MNO_DEVPL_HOST`, `MNO_DEVPL_API_PATH`,
/// `MNO_DEVPL_ENV_KEY`, `MNO_DEVPL_ENV_SECRET`; `MNO_DEVPL_ENV_NAME` is not needed); if any is given, none is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The developer platform; default <https://developer.maestrano.com>.
    pub base_url: Option<String>,
    /// The path of its configuration, with or without `/marketplaces` at its end; default `/api/config/v1/marketplaces`.
    pub api_path: Option<String>,
    /// The environment's API key.
    pub api_key: Option<Secret>,
    /// The environment's API secret.
    pub api_secret: Option<Secret>,
    /// The configuration itself, in the place of the platform's.
    pub json: Option<String>,
    /// Hosts that may be sent credentials besides those of `maestrano.com` and `maestrano.io`: a name with all its subdomains.
    #[serde(default)]
    pub trusted_hosts: Vec<String>,
    /// Milliseconds for which a configuration counts as fresh; default 3,600,000 (an hour).
    pub ttl_ms: Option<u64>,
    /// Connection options, of the platform's and of all marketplaces' clients.
    #[serde(default)]
    pub options: Options,
}

const DEFAULT_TTL_MS: u64 = 60 * 60 * 1_000;

impl Config {
    /// Takes all connection settings from the environment that `read` reads, if none is given.
    fn or_environment(mut self, read: impl Fn(&str) -> Option<String>) -> Self {
        let given = self.base_url.is_some() || self.api_path.is_some() || self.api_key.is_some();
        if given || self.api_secret.is_some() || self.json.is_some() {
            return self;
        }
        let value = |name: &str| read(name).filter(|text| !text.is_empty());
        let secret = |name: &str| value(name).map(|_| Secret::env(name));
        self.base_url = value("MNO_DEVPL_HOST");
        self.api_path = value("MNO_DEVPL_API_PATH");
        self.api_key = secret("MNO_DEVPL_ENV_KEY");
        self.api_secret = secret("MNO_DEVPL_ENV_SECRET");
        self
    }
}

/// Builds [`Marketplaces`].
#[derive(Debug, Default)]
#[must_use]
pub struct Builder {
    config: Config,
    clock: Option<Arc<dyn Clock>>,
    random: Option<Arc<dyn Random>>,
    send: Option<Arc<dyn HttpSend>>,
    host: Host,
}

impl Builder {
    /// The developer platform; default <https://developer.maestrano.com>.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.config.base_url = Some(url.into());
        self
    }

    /// The environment's API key and secret.
    pub fn credentials(mut self, key: impl Into<Secret>, secret: impl Into<Secret>) -> Self {
        self.config.api_key = Some(key.into());
        self.config.api_secret = Some(secret.into());
        self
    }

    /// Lets credentials be sent to this host and its subdomains.
    pub fn trust(mut self, host: impl Into<String>) -> Self {
        self.config.trusted_hosts.push(host.into());
        self
    }

    /// For how long a configuration counts as fresh; default an hour.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.config.ttl_ms = Some(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// Connection options, of the platform's and of all marketplaces' clients.
    pub fn options(mut self, options: Options) -> Self {
        self.config.options = options;
        self
    }

    /// The clock to live by; default: the machine's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// The randomness of delays; default: the operating system's.
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = Some(random);
        self
    }

    /// Sends requests in the place of reqwest.
    pub fn http_send(mut self, send: Arc<dyn HttpSend>) -> Self {
        self.send = Some(send);
        self
    }

    /// Is told what happens during a call.
    pub fn on_event(mut self, listener: Listener) -> Self {
        self.host = Host::listening(listener);
        self
    }

    /// Replaces the settings by those in `text`, a JSON object with the keys of [`Config`].
    ///
    /// # Errors
    /// `config` that names an unknown or ill-typed setting.
    pub fn config_json(mut self, text: &str) -> Result<Self> {
        self.config = read_config(text)?;
        Ok(self)
    }

    /// Makes the set; connects to nothing. It is empty until it is refreshed, unless it was given its JSON.
    ///
    /// # Errors
    /// `config` that names the setting which is missing or cannot be used.
    pub fn build(self) -> Result<Marketplaces> {
        let config = self.config.or_environment(|name| std::env::var(name).ok());
        let insecure = config.options.allow_insecure_http.unwrap_or(false);
        let platform = match &config.json {
            Some(_) => None,
            None => Some(Platform::new(&config, insecure)?),
        };
        let trust = Trust::new(config.trusted_hosts, platform.as_ref().map(|platform| &platform.base))?;
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let random = self.random.unwrap_or_else(|| Arc::new(SystemRandom));
        let snapshot = match &config.json {
            Some(text) => Snapshot::parse(text, &trust, insecure)?,
            None => Snapshot::default(),
        };
        config.options.check()?;
        let engine = platform
            .map(|platform| {
                let (clock, random) = (Arc::clone(&clock), Arc::clone(&random));
                Engine::new(platform, config.options.clone(), clock, random, self.send.clone())
            })
            .transpose()?;
        Ok(Marketplaces(Arc::new(Inner {
            replays: Arc::new(MemoryReplays::new(Arc::clone(&clock), MemoryReplays::CAPACITY)),
            clients: Mutex::default(),
            engine,
            trust,
            insecure,
            ttl: Duration::from_millis(config.ttl_ms.unwrap_or(DEFAULT_TTL_MS)),
            options: config.options,
            clock,
            random,
            send: self.send,
            host: self.host,
            snapshot: RwLock::new(Arc::new(snapshot)),
            fetching: tokio::sync::Mutex::default(),
            fetches: AtomicU64::new(0),
        })))
    }

    /// Makes the set and fetches the configuration.
    ///
    /// # Errors
    /// Those of [`Builder::build`] and of a read.
    pub async fn fetch(self) -> Result<Marketplaces> {
        let marketplaces = self.build()?;
        marketplaces.refresh().await?;
        Ok(marketplaces)
    }
}

/// The marketplaces of an app. Cheap to clone; clones share the configuration.
///
/// Refreshing swaps the whole configuration at once. A client that was made before goes on with what it was made of.
#[derive(Debug, Clone)]
pub struct Marketplaces(Arc<Inner>);

struct Inner {
    /// Absent where the configuration was given.
    engine: Option<Engine<Platform>>,
    trust: Trust,
    insecure: bool,
    ttl: Duration,
    options: Options,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    send: Option<Arc<dyn HttpSend>>,
    host: Host,
    snapshot: RwLock<Arc<Snapshot>>,
    /// Held by whoever fetches: what came of it last, which those who waited for it share.
    fetching: tokio::sync::Mutex<Option<Result<Refreshed>>>,
    /// How often it was fetched.
    fetches: AtomicU64,
    /// Clients with the set's own options, by the name and the text of their marketplace: what they know of sessions lasts.
    clients: Mutex<HashMap<(String, String), Client>>,
    /// What was used in sign-ons, of all marketplaces.
    replays: Arc<MemoryReplays>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").field("names", &self.current().names()).finish_non_exhaustive()
    }
}

impl Inner {
    fn current(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn swap(&self, snapshot: Snapshot) {
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(snapshot);
    }
}

impl Marketplaces {
    /// Starts building a set of marketplaces.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The marketplaces of a configuration's JSON text: `{"marketplaces": […]}`.
    ///
    /// # Errors
    /// `config` that says where the text stops being JSON, and which marketplaces there are otherwise.
    pub fn from_json(text: &str) -> Result<Self> {
        let config = Config { json: Some(text.to_owned()), ..Config::default() };
        Builder { config, ..Builder::default() }.build()
    }

    /// The names of the marketplaces that can be used, as the configuration has them.
    pub fn names(&self) -> Vec<String> {
        self.0.current().names()
    }

    /// What is wrong with those that cannot be used, by name.
    pub fn problems(&self) -> Vec<(String, String)> {
        self.0.current().problems()
    }

    /// The configuration of a marketplace.
    ///
    /// # Errors
    /// `config` that lists the names there are, or says what is wrong with this one.
    pub fn config(&self, name: &str) -> Result<Arc<Marketplace>> {
        self.0.current().get(name)
    }

    /// All marketplaces that can be used, as they are now.
    pub(crate) fn all(&self) -> Vec<Arc<Marketplace>> {
        self.0.current().usable().cloned().collect()
    }

    /// A client of a marketplace, as it is configured now.
    ///
    /// # Errors
    /// Those of [`Marketplaces::config`], and `config` when a host of it cannot be used.
    pub fn client(&self, name: &str) -> Result<Client> {
        let snapshot = self.0.current();
        let digest = snapshot.find(name).map(|entry| entry.digest.clone()).unwrap_or_default();
        let key = (name.to_owned(), digest);
        let mut clients = self.0.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        let client = self.client_with(name, Options::default())?;
        // What a marketplace was before is not asked for again.
        clients.retain(|(other, _), _| other != name);
        clients.insert(key, client.clone());
        Ok(client)
    }

    /// A client of its own, with these connection options over the set's.
    ///
    /// # Errors
    /// Those of [`Marketplaces::client`].
    pub fn client_with(&self, name: &str, options: Options) -> Result<Client> {
        let inner = &self.0;
        let marketplace = self.config(name)?;
        let (clock, random) = (Arc::clone(&inner.clock), Arc::clone(&inner.random));
        let replays = Arc::clone(&inner.replays);
        let (send, host) = (inner.send.clone(), inner.host.clone());
        Client::of(marketplace, options.or(&inner.options), clock, random, send, host, replays)
    }

    /// Reads a webhook: which marketplace sent it, and what it says.
    ///
    /// # Errors
    /// `webhook`, with the reply to give in its details.
    pub fn unwrap(&self, request: &webhooks::Request) -> Result<webhooks::Unwrapped> {
        webhooks::unwrap(self.all().iter().map(Arc::as_ref), request)
    }

    /// The marketplace that calls with these credentials; compared in constant time.
    pub fn find_by_credentials(&self, app_id: &str, app_key: &str) -> Result<Option<Arc<Marketplace>>> {
        let digest = |id: &str, key: &str| {
            ring::digest::digest(&ring::digest::SHA256, format!("{}:{id}{key}", id.len()).as_bytes())
        };
        let given = digest(app_id, app_key);
        let mut found = None;
        // All are compared, so that the time tells nothing of which one it was.
        for marketplace in self.all() {
            let known = digest(&marketplace.api.id, marketplace.api.key.expose()?);
            if bool::from(given.as_ref().ct_eq(known.as_ref())) && found.is_none() {
                found = Some(marketplace);
            }
        }
        Ok(found)
    }

    /// Fetches the configuration again, whatever its age, and tells what changed. Whoever asks meanwhile waits for the same answer.
    ///
    /// # Errors
    /// Those of a read, when there is no configuration yet; later, an old one stays, and the reply says so.
    pub async fn refresh(&self) -> Result<Refreshed> {
        self.refresh_for(true, &self.context()).await
    }

    /// Fetches the configuration again if it is older than its time to live.
    ///
    /// # Errors
    /// Those of [`Marketplaces::refresh`].
    pub async fn refresh_if_old(&self) -> Result<Refreshed> {
        self.refresh_for(false, &self.context()).await
    }

    /// Waits until the configuration is old, fetches it, and goes on so until something changed.
    ///
    /// # Errors
    /// `config` when there is no platform to fetch from.
    pub async fn next_change(&self) -> Result<Refreshed> {
        self.next_change_for(&self.context()).await
    }

    /// Takes the configuration of `parent` over, in a forked child.
    pub(crate) fn inherit(&self, parent: &Self) {
        // A lock that another thread held at the fork stays locked here: the set is empty then, until it is refreshed.
        if let Ok(snapshot) = parent.0.snapshot.try_read() {
            *self.0.snapshot.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&snapshot);
        }
    }

    fn context(&self) -> CallContext {
        CallContext { host: self.0.host.clone(), ..CallContext::default() }
    }

    pub(crate) fn runs_inline(&self, options: &Options) -> bool {
        self.0.engine.as_ref().is_none_or(|engine| engine.runs_inline(options))
    }

    pub(super) fn engine(&self) -> Result<&Engine<Platform>> {
        self.0.engine.as_ref().ok_or_else(|| {
            Error::config("the configuration was given as JSON", "there is nothing to fetch it from: use fetch")
        })
    }
}

/// Reads a base, naming the marketplace and the field.
fn base(marketplace: &str, field: &str, text: &str, insecure: bool) -> Result<BaseUrl> {
    BaseUrl::parse(&format!("{marketplace}: {field}"), text, insecure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_all_or_nothing() {
        let environment = |name: &str| Some(format!("from {name}"));
        let all = Config::default().or_environment(environment);
        assert_eq!(all.base_url.as_deref(), Some("from MNO_DEVPL_HOST"));
        assert_eq!(format!("{:?}", all.api_secret), "Some(Secret(env MNO_DEVPL_ENV_SECRET))");
        let some = Config { base_url: Some("http://127.0.0.1:1".to_owned()), ..Config::default() };
        assert!(some.or_environment(environment).api_key.is_none());
    }
}
