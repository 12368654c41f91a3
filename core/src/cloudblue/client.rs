//! The client: where Connect is, and who is calling.

use std::sync::Arc;

use serde::Deserialize;

use super::auth::CloudBlue;
use super::listing::{ListArguments, open};
use super::query::{check_prop, value};
use super::{assets, composed, conversations, operations, requests, templates, transition};
use crate::error::{Error, Result};
use crate::host::{Host, Listener};
use crate::http::{BaseUrl, HttpSend, Options};
use crate::ops::{
    Arguments, Auth, CallContext, Engine, Kind, Operation, RawRequest, Reply, Success, raw_rows, read_arguments,
    read_config,
};
use crate::page::Pager;
use crate::secret::Secret;
use crate::time::{Clock, Random, SystemClock, SystemRandom};

/// Where requests go when nothing else is said.
pub const BASE_URL: &str = "https://api.connect.cloudblue.com/public/v1";

static RAW: [Operation; 9] = raw_rows("cloudblue.request", Auth::ApiKey);

/// A client's settings, as Python and Node give them.
///
/// If no connection setting is given, all are taken from the environment (`TENANTRY_CLOUDBLUE_API_KEY`, `_BASE_URL`); if
/// any is given, none is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The API's base URL; default <https://api.connect.cloudblue.com/public/v1>.
    pub base_url: Option<String>,
    /// The key, `<key id>:<key secret>`, with or without the word `ApiKey` before it.
    pub api_key: Option<Secret>,
    /// Connection options.
    #[serde(default)]
    pub options: Options,
}

impl Config {
    /// Takes all connection settings from the environment that `read` reads, if none is given.
    fn or_environment(mut self, read: impl Fn(&str) -> Option<String>) -> Self {
        if self.base_url.is_some() || self.api_key.is_some() {
            return self;
        }
        let value = |name: &str| read(name).filter(|text| !text.is_empty());
        self.base_url = value("TENANTRY_CLOUDBLUE_BASE_URL");
        self.api_key = value("TENANTRY_CLOUDBLUE_API_KEY").map(|_| Secret::env("TENANTRY_CLOUDBLUE_API_KEY"));
        self
    }
}

/// Builds a [`Client`].
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
    /// The API's base URL; default <https://api.connect.cloudblue.com/public/v1>.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.config.base_url = Some(url.into());
        self
    }

    /// The key, `<key id>:<key secret>`, with or without the word `ApiKey` before it.
    pub fn api_key(mut self, key: impl Into<Secret>) -> Self {
        self.config.api_key = Some(key.into());
        self
    }

    /// Connection options.
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

    /// Makes the client; connects to nothing.
    ///
    /// # Errors
    /// `config` that names the setting which is missing or cannot be used.
    pub fn build(self) -> Result<Client> {
        let config = self.config.or_environment(|name| std::env::var(name).ok());
        let insecure = config.options.allow_insecure_http.unwrap_or(false);
        let api = BaseUrl::parse("base_url", config.base_url.as_deref().unwrap_or(BASE_URL), insecure)?;
        let api_key = config.api_key.ok_or_else(|| {
            let hint = "give api_key, or give no connection argument at all and set TENANTRY_CLOUDBLUE_API_KEY";
            Error::config("api_key is missing", hint).with_detail("field", "api_key")
        })?;
        let system = CloudBlue { api, api_key, found: crate::auth::Cell::default() };
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let random = self.random.unwrap_or_else(|| Arc::new(SystemRandom));
        let engine = Engine::new(system, config.options, clock, random, self.send)?;
        Ok(Client { engine: Arc::new(engine), host: self.host })
    }
}

/// A client of CloudBlue Connect. Cheap to clone; clones share connections.
///
/// ```
/// # let runtime = tokio::runtime::Runtime::new().unwrap();
/// # runtime.block_on(async {
/// use futures::TryStreamExt as _;
/// use tenantry::cloudblue::{Approve, Client, ListRequests};
/// use tenantry_sandbox::{Sandbox, SandboxOptions};
///
/// let sandbox = Sandbox::start(SandboxOptions::default())?;
/// let connect = Client::builder().config_json(&sandbox.line()["cloudblue"].to_string())?.build()?;
/// let mut requests = connect.requests().list(ListRequests::pending().product_id("PRD-1")).into_stream();
/// while let Some(request) = requests.try_next().await? {
///     connect.requests().approve(&request.id, Approve::template("TL-1")).await?;
/// }
/// assert_eq!(connect.requests().list(ListRequests::pending().product_id("PRD-1")).count().await?, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) engine: Arc<Engine<CloudBlue>>,
    pub(crate) host: Host,
}

impl Client {
    /// Starts building a client.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Fulfillment requests.
    pub fn requests(&self) -> requests::Requests<'_> {
        requests::Requests::new(self)
    }

    /// Assets.
    pub fn assets(&self) -> assets::Assets<'_> {
        assets::Assets::new(self)
    }

    /// Templates of products.
    pub fn templates(&self) -> templates::Templates<'_> {
        templates::Templates::new(self)
    }

    /// Conversations about requests.
    pub fn conversations(&self) -> conversations::Conversations<'_> {
        conversations::Conversations::new(self)
    }

    /// The operation called `name`.
    ///
    /// # Errors
    /// `validation` when there is none.
    pub(crate) fn operation(name: &str) -> Result<&'static Operation> {
        operations()
            .find(|operation| operation.name == name)
            .ok_or_else(|| Error::validation("operation", format!("{name} is no operation of CloudBlue Connect")))
    }

    /// Carries an operation out: arguments as JSON text in, the reply's own text out. A list is read with its pager.
    ///
    /// # Errors
    /// Every code of the error table that a call can meet.
    pub async fn invoke(&self, name: &str, arguments: &str, options: Options) -> Result<String> {
        Ok(self.invoke_for(name, arguments, &CallContext { options, ..self.context() }).await?.into_text())
    }

    pub(crate) async fn invoke_for(&self, name: &str, arguments: &str, call: &CallContext) -> Result<Reply> {
        let operation = Self::operation(name)?;
        let named = |error| operation.named(error);
        match operation.kind {
            Kind::Single => {
                let mut arguments = (operation.read)(arguments).map_err(named)?;
                self.carry_out(operation, &mut *arguments, call).await
            }
            Kind::Composed => composed::invoke(self, name, arguments, call).await.map_err(named),
            Kind::Local => {
                Err(named(Error::validation("operation", "nothing of Connect is answered without a request")))
            }
            Kind::List => Err(named(Error::validation("operation", "a list is read page by page"))),
        }
    }

    pub(crate) fn context(&self) -> CallContext {
        CallContext { host: self.host.clone(), ..CallContext::default() }
    }

    pub(crate) async fn send(&self, name: &str, mut arguments: Box<dyn Arguments>) -> Result<String> {
        Ok(self.carry_out(Self::operation(name)?, &mut *arguments, &self.context()).await?.into_text())
    }

    /// One operation; one that moves a request to another status is settled by reading when its reply is lost.
    pub(crate) async fn carry_out(
        &self,
        operation: &'static Operation,
        arguments: &mut dyn Arguments,
        call: &CallContext,
    ) -> Result<Reply> {
        Ok(transition::carry_out(self, operation, arguments, call).await?.reply)
    }

    pub(crate) async fn exchange(
        &self,
        operation: &'static Operation,
        arguments: &mut dyn Arguments,
        call: &CallContext,
    ) -> Result<Success> {
        self.engine.execute(operation, arguments, call).await
    }

    pub(crate) fn pager<T: serde::de::DeserializeOwned + Send>(
        &self,
        name: &str,
        arguments: impl ListArguments,
    ) -> Pager<T> {
        Pager::new(open(self, name, arguments.into_listing(), Options::default(), self.host.clone()))
    }

    /// Sends a request that this client has no method for: `{"method", "path", "query", "json"}` as JSON text. `query` is an
    /// object of names and values, or text in the query language.
    ///
    /// A POST or PATCH is never repeated while its fate is unknown.
    ///
    /// # Errors
    /// Those of [`Client::invoke`].
    pub async fn request(&self, request: &str, options: Options) -> Result<String> {
        self.request_for(request, &CallContext { options, ..self.context() }).await
    }

    pub(crate) async fn request_for(&self, request: &str, call: &CallContext) -> Result<String> {
        let mut request: RawRequest = read_arguments(request)?;
        if request.dashboard {
            return Err(Error::validation("dashboard", "is Magento BI's"));
        }
        request.write_query(|name, text| Ok(format!("{}={}", check_prop(name)?, value(name, &text.into())?)))?;
        Ok(self.exchange(request.operation(&RAW)?, &mut request, call).await?.into_text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn a_missing_key_is_named() {
        let error = Client::builder().base_url("https://example.com").build().unwrap_err();
        assert!(error.code() == Code::Config && error.to_string().contains("api_key"), "{error}");
    }

    #[test]
    fn the_environment_is_all_or_nothing() {
        let environment = |name: &str| Some(format!("from {name}"));
        let all = Config::default().or_environment(environment);
        assert_eq!(all.base_url.as_deref(), Some("from TENANTRY_CLOUDBLUE_BASE_URL"));
        assert_eq!(format!("{:?}", all.api_key), "Some(Secret(env TENANTRY_CLOUDBLUE_API_KEY))");
        let some = Config { base_url: Some("http://127.0.0.1:1".to_owned()), ..Config::default() };
        assert!(some.or_environment(environment).api_key.is_none());
    }

    #[test]
    fn debug_shows_no_secret() {
        let client = Client::builder().api_key("SU-1:hunter2-hunter2").build().unwrap();
        assert!(!format!("{client:?}").contains("hunter"));
    }
}
