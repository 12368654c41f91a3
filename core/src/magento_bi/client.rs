//! The client: where the two hosts are, and who is calling.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::auth::{AuthStyle, MagentoBi};
use super::{autodash, clients, connections, invites, jobs, operations, signups, tokens};
use crate::error::{Error, Result};
use crate::host::{Host, Listener};
use crate::http::{BaseUrl, HttpSend, Options};
use crate::ops::{Auth, CallContext, Engine, Operation, RawRequest, raw_rows, read_arguments, read_config};
use crate::secret::Secret;
use crate::time::{Clock, Random, SystemClock, SystemRandom};

/// Where a client's requests go, as checkpoints name it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Endpoints {
    pub(super) api: Box<str>,
    pub(super) dashboard: Box<str>,
}

/// Where requests go when nothing else is said.
pub const BASE_URL: &str = "https://api.rjmetrics.com";
/// Where job requests go when nothing else is said.
pub const DASHBOARD_URL: &str = "https://dashboard.rjmetrics.com";

/// A client's settings, as Python and Node give them.
///
/// If no connection setting is given, all are taken from the environment (`TENANTRY_MAGENTO_BI_USERNAME`, `_PASSWORD`,
/// `_OAUTH_CLIENT_ID`, `_CLIENT_SECRET`, `_BASE_URL`, `_DASHBOARD_URL`); if any is given, none is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The API's base URL; default <https://api.rjmetrics.com>.
    pub base_url: Option<String>,
    /// The dashboard's base URL; default <https://dashboard.rjmetrics.com>.
    pub dashboard_url: Option<String>,
    /// The e-mail address of an existing user who may onboard.
    pub username: Option<String>,
    /// That user's password.
    pub password: Option<Secret>,
    /// The OAuth client that Magento BI gave with the client secret; not the client that an onboarding creates.
    pub oauth_client_id: Option<u64>,
    /// The secret of the OAuth client.
    pub client_secret: Option<Secret>,
    /// How operations that take both show the token; default: what the vendor's own client does.
    #[serde(default)]
    pub auth_style: Option<AuthStyle>,
    /// Connection options.
    #[serde(default)]
    pub options: Options,
}

impl Config {
    fn is_bare(&self) -> bool {
        let texts = [&self.base_url, &self.dashboard_url, &self.username];
        texts.iter().all(|text| text.is_none())
            && self.password.is_none()
            && self.client_secret.is_none()
            && self.oauth_client_id.is_none()
    }

    /// Takes all connection settings from the environment that `read` reads, if none is given.
    fn or_environment(mut self, read: impl Fn(&str) -> Option<String>) -> Result<Self> {
        if !self.is_bare() {
            return Ok(self);
        }
        let name = |field: &str| format!("TENANTRY_MAGENTO_BI_{field}");
        let value = |field: &str| read(&name(field)).filter(|text| !text.is_empty());
        let secret = |field: &str| value(field).map(|_| Secret::env(name(field)));
        self.base_url = value("BASE_URL");
        self.dashboard_url = value("DASHBOARD_URL");
        self.username = value("USERNAME");
        self.password = secret("PASSWORD");
        self.client_secret = secret("CLIENT_SECRET");
        self.oauth_client_id = match value("OAUTH_CLIENT_ID") {
            Some(text) => Some(text.trim().parse().map_err(|_| {
                Error::config(format!("{} is not a number", name("OAUTH_CLIENT_ID")), "set it to the OAuth client's id")
            })?),
            None => None,
        };
        Ok(self)
    }
}

static API: [Operation; 9] = raw_rows("magento_bi.request", Auth::BearerOrCookie);
static DASHBOARD: [Operation; 9] = raw_rows("magento_bi.request", Auth::DashboardCookies);

fn missing(field: &str) -> Error {
    Error::config(
        format!("{field} is missing"),
        format!(
            "give {field}, or give no connection argument at all and set TENANTRY_MAGENTO_BI_{}",
            field.to_uppercase()
        ),
    )
    .with_detail("field", field)
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
    /// The API's base URL; default <https://api.rjmetrics.com>.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.config.base_url = Some(url.into());
        self
    }

    /// The dashboard's base URL; default <https://dashboard.rjmetrics.com>.
    pub fn dashboard_url(mut self, url: impl Into<String>) -> Self {
        self.config.dashboard_url = Some(url.into());
        self
    }

    /// The e-mail address of an existing user who may onboard.
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.config.username = Some(username.into());
        self
    }

    /// That user's password.
    pub fn password(mut self, password: impl Into<Secret>) -> Self {
        self.config.password = Some(password.into());
        self
    }

    /// The OAuth client that Magento BI gave.
    pub fn oauth_client_id(mut self, id: u64) -> Self {
        self.config.oauth_client_id = Some(id);
        self
    }

    /// The secret of the OAuth client.
    pub fn client_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.config.client_secret = Some(secret.into());
        self
    }

    /// How operations that take both show the token.
    pub fn auth_style(mut self, style: AuthStyle) -> Self {
        self.config.auth_style = Some(style);
        self
    }

    /// Connection options.
    pub fn options(mut self, options: Options) -> Self {
        self.config.options = options;
        self
    }

    /// Is told each [`crate::host::Event`].
    pub fn on_event(mut self, listener: Listener) -> Self {
        self.host = Host::listening(listener);
        self
    }

    /// The clock to wait by, e.g. a sandbox's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// The randomness of jitter and request ids.
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = Some(random);
        self
    }

    /// What sends requests, in place of reqwest.
    pub fn http_send(mut self, send: Arc<dyn HttpSend>) -> Self {
        self.send = Some(send);
        self
    }

    /// Settings as JSON text.
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
        let config = self.config.or_environment(|name| std::env::var(name).ok())?;
        let insecure = config.options.allow_insecure_http.unwrap_or(false);
        let base = |field, text: &Option<String>, default: &str| {
            BaseUrl::parse(field, text.as_deref().unwrap_or(default), insecure)
        };
        let api = base("base_url", &config.base_url, BASE_URL)?;
        let dashboard = base("dashboard_url", &config.dashboard_url, DASHBOARD_URL)?;
        let endpoints = Endpoints { api: api.as_str().into(), dashboard: dashboard.as_str().into() };
        let system = MagentoBi {
            api,
            dashboard,
            endpoints: Arc::new(endpoints),
            username: config.username.ok_or_else(|| missing("username"))?,
            password: config.password.ok_or_else(|| missing("password"))?,
            oauth_client_id: config.oauth_client_id.ok_or_else(|| missing("oauth_client_id"))?,
            client_secret: config.client_secret.ok_or_else(|| missing("client_secret"))?,
            auth_style: config.auth_style,
            token: crate::auth::Cell::default(),
        };
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let random = self.random.unwrap_or_else(|| Arc::new(SystemRandom));
        let engine = Engine::new(system, config.options, clock, random, self.send)?;
        Ok(Client { engine: Arc::new(engine), host: self.host })
    }
}

/// A client of Magento BI's Cloud Onboarding API. Cheap to clone; clones share connections and the access token.
///
/// ```
/// # let runtime = tokio::runtime::Runtime::new().unwrap();
/// # runtime.block_on(async {
/// use tenantry::magento_bi::{Client, signups::GetSignup};
/// use tenantry_sandbox::{Sandbox, SandboxOptions};
///
/// let sandbox = Sandbox::start(SandboxOptions::default())?;
/// let client = Client::builder().config_json(&sandbox.line()["magento_bi"].to_string())?.build()?;
/// let lost = client.signups().get(GetSignup { signup_id: "no-such-job".parse()? }).await;
/// assert_eq!(lost.unwrap_err().code(), tenantry::Code::NotFound);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) engine: Arc<Engine<MagentoBi>>,
    pub(crate) host: Host,
}

impl Client {
    /// Starts building a client.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Access tokens; a client gets and renews its own, so few programs need this.
    pub fn tokens(&self) -> tokens::Tokens<'_> {
        tokens::Tokens::new(self)
    }

    /// Creation of clients.
    pub fn signups(&self) -> signups::Signups<'_> {
        signups::Signups::new(self)
    }

    /// Users of a client.
    pub fn invites(&self) -> invites::Invites<'_> {
        invites::Invites::new(self)
    }

    /// Properties of a client.
    pub fn clients(&self) -> clients::Clients<'_> {
        clients::Clients::new(self)
    }

    /// Database connections of a client.
    pub fn connections(&self) -> connections::Connections<'_> {
        connections::Connections::new(self)
    }

    /// Jobs of a client: connection tests and structure syncs.
    pub fn jobs(&self) -> jobs::Jobs<'_> {
        jobs::Jobs::new(self)
    }

    /// Templated dashboards.
    pub fn autodash(&self) -> autodash::Autodash<'_> {
        autodash::Autodash::new(self)
    }

    /// The operation called `name`.
    ///
    /// # Errors
    /// `validation` when there is none.
    pub(crate) fn operation(name: &str) -> Result<&'static Operation> {
        operations()
            .find(|operation| operation.name == name)
            .ok_or_else(|| Error::validation("operation", format!("{name} is no operation of Magento BI")))
    }

    /// Carries an operation out: arguments as JSON text in, the reply's own text out.
    ///
    /// # Errors
    /// Every code of the error table that a single call can meet.
    pub async fn invoke(&self, name: &str, arguments: &str, options: Options) -> Result<String> {
        self.invoke_for(name, arguments, &CallContext { options, host: self.host.clone(), ..CallContext::default() })
            .await
    }

    pub(crate) async fn invoke_for(&self, name: &str, arguments: &str, call: &CallContext) -> Result<String> {
        let operation = Self::operation(name)?;
        let mut arguments = (operation.read)(arguments).map_err(|error| operation.named(error))?;
        Ok(self.engine.execute(operation, &mut *arguments, call).await?.into_text())
    }

    pub(crate) async fn send(&self, name: &str, mut arguments: Box<dyn crate::ops::Arguments>) -> Result<String> {
        let call = CallContext { host: self.host.clone(), ..CallContext::default() };
        Ok(self.engine.execute(Self::operation(name)?, &mut *arguments, &call).await?.into_text())
    }

    /// Sends a request that this client has no method for: `{"method", "path", "query", "json", "dashboard"}` as JSON text.
    ///
    /// A POST or PATCH is never repeated while its fate is unknown.
    ///
    /// # Errors
    /// Those of [`Client::invoke`].
    pub async fn request(&self, request: &str, options: Options) -> Result<String> {
        let call = CallContext { options, host: self.host.clone(), ..CallContext::default() };
        self.request_for(request, &call).await
    }

    pub(crate) async fn request_for(&self, request: &str, call: &CallContext) -> Result<String> {
        let mut request: RawRequest = read_arguments(request)?;
        let rows: &'static [Operation] = if request.dashboard { &DASHBOARD } else { &API };
        Ok(self.engine.execute(request.operation(rows)?, &mut request, call).await?.into_text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn full() -> Builder {
        Client::builder().username("you@example.com").password("p").oauth_client_id(18).client_secret("s")
    }

    #[test]
    fn a_missing_setting_is_named() {
        for (field, builder) in [
            ("username", Client::builder().password("p").oauth_client_id(1).client_secret("s")),
            ("password", Client::builder().username("u").oauth_client_id(1).client_secret("s")),
            ("oauth_client_id", Client::builder().username("u").password("p").client_secret("s")),
            ("client_secret", Client::builder().username("u").password("p").oauth_client_id(1)),
        ] {
            let error = builder.build().unwrap_err();
            assert!(error.code() == Code::Config && error.to_string().contains(field), "{error}");
        }
    }

    #[test]
    fn an_unknown_setting_is_named() {
        let error = Client::builder().config_json(r#"{"user_name": "x"}"#).unwrap_err();
        assert!(error.to_string().contains("user_name"), "{error}");
    }

    #[test]
    fn plain_http_is_refused() {
        let error = full().dashboard_url("http://dashboard.example.com").build().unwrap_err();
        assert!(error.to_string().contains("dashboard_url is plain http"), "{error}");
    }

    #[test]
    fn the_environment_is_all_or_nothing() {
        let environment =
            |name: &str| Some(if name.ends_with("_ID") { "16".to_owned() } else { format!("from {name}") });
        let all = Config::default().or_environment(environment).unwrap();
        assert_eq!(all.username.as_deref(), Some("from TENANTRY_MAGENTO_BI_USERNAME"));
        assert_eq!(format!("{:?}", all.password), "Some(Secret(env TENANTRY_MAGENTO_BI_PASSWORD))");
        let some = Config { base_url: Some("http://127.0.0.1:1".to_owned()), ..Config::default() };
        let some = some.or_environment(environment).unwrap();
        assert!(some.username.is_none() && some.password.is_none() && some.client_secret.is_none());
    }

    #[test]
    fn debug_shows_no_secret() {
        let client = full().password("hunter2-hunter2").client_secret("hunter3-hunter3").build().unwrap();
        let shown = format!("{client:?}");
        assert!(!shown.contains("hunter"), "{shown}");
    }
}
