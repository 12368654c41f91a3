//! The client of one marketplace: where its services are, and as whom an app calls them.

use std::sync::Arc;

use serde::Deserialize;

use super::auth::{Login, Maestrano};
use super::marketplace::{Connec, Marketplace, joined};
use super::sso::{self, Consume, Identity, MemoryReplays, Replays};
use super::{bills, composed, groups, operations, recurring_bills, resellers, sessions, users};
use crate::error::{Error, Result};
use crate::host::{Host, Listener};
use crate::http::{BaseUrl, HttpSend, Options};
use crate::ops::{
    Arguments, Auth, CallContext, Engine, Fields, Kind, Operation, RawRequest, any_json, raw_rows, read_arguments,
    read_config, row,
};
use crate::secret::Secret;
use crate::time::{Clock, Random, SystemClock, SystemRandom};

/// Where requests go when nothing else is said.
pub const BASE_URL: &str = "https://api-hub.maestrano.com/api/v1";

/// What has a method of the client's own.
static PING: Operation = Operation {
    check: any_json,
    ..row!("maestrano.client.ping", GET "/ping", Safe, Basic, None, "", "", Nothing, serde_json::Value)
};

/// The arguments of an operation that takes none.
#[derive(Debug, Deserialize, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl Fields for Nothing {}

static RAW: [Operation; 9] = raw_rows("maestrano.request", Auth::Basic);

/// A client's settings, as Python and Node give them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The account API's base URL; default <https://api-hub.maestrano.com/api/v1>.
    pub base_url: Option<String>,
    /// The app's id.
    pub app_id: Option<String>,
    /// The app's key.
    pub app_key: Option<Secret>,
    /// Connection options.
    #[serde(default)]
    pub options: Options,
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
    /// The account API's base URL; default <https://api-hub.maestrano.com/api/v1>.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.config.base_url = Some(url.into());
        self
    }

    /// The app's id.
    pub fn app_id(mut self, id: impl Into<String>) -> Self {
        self.config.app_id = Some(id.into());
        self
    }

    /// The app's key.
    pub fn app_key(mut self, key: impl Into<Secret>) -> Self {
        self.config.app_key = Some(key.into());
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

    /// Makes a client of the account API alone: sign-on, sessions and data sharing need a marketplace's configuration.
    ///
    /// # Errors
    /// `config` that names the setting which is missing or cannot be used.
    pub fn build(self) -> Result<Client> {
        let config = self.config;
        let insecure = config.options.allow_insecure_http.unwrap_or(false);
        let account = BaseUrl::parse("base_url", config.base_url.as_deref().unwrap_or(BASE_URL), insecure)?;
        let missing = |field: &str| {
            Error::config(format!("{field} is missing"), "give app_id and app_key, or fetch the marketplaces")
                .with_detail("field", field)
        };
        let id = config.app_id.filter(|id| !id.is_empty()).ok_or_else(|| missing("app_id"))?;
        let key = config.app_key.ok_or_else(|| missing("app_key"))?;
        let system = Maestrano { account, idp: None, connec: None, login: login("app_id", id, key)? };
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let random = self.random.unwrap_or_else(|| Arc::new(SystemRandom));
        let replays = Arc::new(MemoryReplays::new(Arc::clone(&clock), MemoryReplays::CAPACITY));
        let engine = Engine::new(system, config.options, clock, random, self.send)?;
        Ok(Client { engine: Arc::new(engine), host: self.host, marketplace: None, sessions: Arc::default(), replays })
    }
}

/// An id and its key; the id must not hold what ends it.
fn login(field: &str, id: String, key: Secret) -> Result<Login> {
    if id.contains(':') {
        return Err(Error::config(
            format!("{field} holds a colon"),
            "the id ends where the colon is: give the id alone",
        ));
    }
    Ok(Login::new(id, key))
}

/// A client of one marketplace. Cheap to clone; clones share connections and what is known of sessions.
///
/// ```
/// # let runtime = tokio::runtime::Runtime::new().unwrap();
/// # runtime.block_on(async {
/// use tenantry::maestrano::{CreateBill, Marketplaces};
/// use tenantry_sandbox::{Sandbox, SandboxOptions};
///
/// let sandbox = Sandbox::start(SandboxOptions::default())?;
/// let marketplaces = Marketplaces::builder().config_json(&sandbox.line()["maestrano"].to_string())?.fetch().await?;
/// let account = marketplaces.client("some-telco")?;
/// let bill = CreateBill::new("cld-4", 2000, "USD", "Product purchase")?.reference("order-123");
/// let bill = account.bills().create(bill).await?;
/// assert_eq!(account.bills().get(&bill.id).await?.status.as_deref(), Some("submitted"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Client {
    pub(crate) engine: Arc<Engine<Maestrano>>,
    pub(crate) host: Host,
    marketplace: Option<Arc<Marketplace>>,
    pub(super) sessions: Arc<sessions::Remembered>,
    replays: Arc<dyn Replays>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("system", &self.engine.system).finish_non_exhaustive()
    }
}

impl Client {
    /// Starts building a client of the account API alone.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// A client of a configured marketplace.
    pub(super) fn of(
        marketplace: Arc<Marketplace>,
        options: Options,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        send: Option<Arc<dyn HttpSend>>,
        host: Host,
        replays: Arc<dyn Replays>,
    ) -> Result<Self> {
        let insecure = options.allow_insecure_http.unwrap_or(false);
        let base = |field: &str, text: &str| BaseUrl::parse(field, text, insecure);
        let api = &marketplace.api;
        let account = base("api.host", joined(&api.host, &api.base).trim_end_matches('/'))?;
        let idp = base("sso.idp", joined(&marketplace.sso.idp, &api.base).trim_end_matches('/'))?;
        let connec = marketplace.connec.as_ref().map(|connec| base("connec.host", &connec.host)).transpose()?;
        let login = login("api.id", api.id.clone(), api.key.clone())?;
        let system = Maestrano { account, idp: Some(idp), connec, login };
        let engine = Engine::new(system, options, clock, random, send)?;
        Ok(Self { engine: Arc::new(engine), host, marketplace: Some(marketplace), sessions: Arc::default(), replays })
    }

    /// The app's id.
    pub fn app_id(&self) -> &str {
        &self.engine.system.login.id
    }

    /// The configuration that the client was made of.
    ///
    /// # Errors
    /// `config` when it was made of an id and a key alone.
    pub fn marketplace(&self) -> Result<&Arc<Marketplace>> {
        self.marketplace.as_ref().ok_or_else(|| {
            Error::config(
                "this client knows the account API alone",
                "sign-on, sessions and data sharing need a marketplace's configuration: use Marketplaces",
            )
        })
    }

    pub(super) fn has_sso(&self) -> Result<()> {
        self.marketplace().map(drop)
    }

    /// Data sharing, as it is configured.
    pub(super) fn connec(&self) -> Result<&Connec> {
        let marketplace = self.marketplace()?;
        marketplace.connec.as_ref().ok_or_else(|| {
            let message = format!("the marketplace {} shares no data", marketplace.marketplace);
            Error::config(message, "its configuration has no connec")
        })
    }

    /// The call with the configured time limit of data sharing, unless the caller set one, for the call or the client.
    pub(super) fn connec_call(&self, call: &CallContext) -> Result<CallContext> {
        let mut call = call.clone();
        let limit = self.connec()?.timeout.saturating_mul(1_000);
        let own = call.options.timeout_ms.or(self.engine.timeout_ms());
        call.options.timeout_ms = own.or(Some(limit).filter(|limit| *limit > 0));
        Ok(call)
    }

    /// Groups: the customers of the app.
    pub fn groups(&self) -> groups::Groups<'_> {
        groups::Groups::new(self)
    }

    /// Users of the groups.
    pub fn users(&self) -> users::Users<'_> {
        users::Users::new(self)
    }

    /// Bills.
    pub fn bills(&self) -> bills::Bills<'_> {
        bills::Bills::new(self)
    }

    /// Recurring bills.
    pub fn recurring_bills(&self) -> recurring_bills::RecurringBills<'_> {
        recurring_bills::RecurringBills::new(self)
    }

    /// Resellers.
    pub fn resellers(&self) -> resellers::Resellers<'_> {
        resellers::Resellers::new(self)
    }

    /// Sessions of users who signed on.
    pub fn sessions(&self) -> sessions::Sessions<'_> {
        sessions::Sessions::new(self)
    }

    /// The operation called `name`.
    ///
    /// # Errors
    /// `validation` when there is none.
    pub(crate) fn operation(name: &str) -> Result<&'static Operation> {
        operations()
            .chain([&PING])
            .find(|operation| operation.name == name)
            .ok_or_else(|| Error::validation("operation", format!("{name} is no operation of Maestrano")))
    }

    /// Carries an operation out: arguments as JSON text in, the reply's own text out.
    ///
    /// # Errors
    /// Every code of the error table that a call can meet.
    pub async fn invoke(&self, name: &str, arguments: &str, options: Options) -> Result<String> {
        self.invoke_for(name, arguments, &CallContext { options, ..self.context() }).await
    }

    pub(crate) async fn invoke_for(&self, name: &str, arguments: &str, call: &CallContext) -> Result<String> {
        if let Ok(operation) = Self::operation(name)
            && operation.kind == Kind::Single
        {
            let mut arguments = (operation.read)(arguments).map_err(|error| operation.named(error))?;
            return Ok(self.engine.execute(operation, &mut *arguments, call).await?.into_text());
        }
        composed::invoke(self, name, arguments, call).await.map_err(|mut error| {
            let report = error.report_mut();
            report.system.get_or_insert_with(|| "maestrano".to_owned());
            report.operation.get_or_insert_with(|| name.to_owned());
            error
        })
    }

    /// Answers without a request.
    pub(crate) fn local(&self, name: &str, arguments: &str) -> Result<String> {
        match name.strip_prefix("maestrano.sso.") {
            Some(function) => {
                let engine = &self.engine;
                sso::local(function, self.marketplace()?, arguments, &*engine.random, &*engine.clock)
            }
            None if name == "maestrano.client.config" => self.marketplace()?.shown(),
            None => Err(Error::validation("operation", format!("{name} is not answered without a request"))),
        }
    }

    pub(crate) fn context(&self) -> CallContext {
        CallContext { host: self.host.clone(), ..CallContext::default() }
    }

    pub(crate) async fn send(&self, name: &str, mut arguments: Box<dyn Arguments>) -> Result<String> {
        Ok(self.engine.execute(Self::operation(name)?, &mut *arguments, &self.context()).await?.into_text())
    }

    /// Verifies the response that the provider had posted to the consume URL, and tells who signed in.
    ///
    /// Neither the response nor the request that it answers is taken twice: they are remembered by this client and its clones,
    /// and by all clients of one set of marketplaces. Several processes need a store of their own: [`sso::consume`].
    ///
    /// # Errors
    /// `saml` with a reason; nothing of a response that is not proved is returned. `config` without a marketplace's configuration.
    pub async fn sign_in(&self, consume: &Consume) -> Result<Identity> {
        sso::consume(self.marketplace()?, consume, &*self.replays, self.engine.clock.wall_ms()).await
    }

    pub(super) fn replays(&self) -> &dyn Replays {
        &*self.replays
    }

    /// Asks whether the account API is there and knows the credentials; gives its data.
    ///
    /// # Errors
    /// Those of a read.
    pub async fn ping(&self) -> Result<serde_json::Value> {
        crate::ops::decode(&self.invoke("maestrano.client.ping", "{}", Options::default()).await?, "application/json")
    }

    /// Sends a request of the account API that this client has no method for: `{"method", "path", "query", "json"}` as JSON text;
    /// gives the reply with its envelope.
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
        Ok(self.engine.execute(request.operation(&RAW)?, &mut request, call).await?.into_text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn a_missing_setting_is_named() {
        for (field, builder) in
            [("app_id", Client::builder().app_key("k")), ("app_key", Client::builder().app_id("app-1"))]
        {
            let error = builder.build().unwrap_err();
            assert!(error.code() == Code::Config && error.to_string().contains(field), "{error}");
        }
        let error = Client::builder().app_id("a:b").app_key("k").build().unwrap_err();
        assert!(error.to_string().contains("app_id holds a colon"), "{error}");
    }

    #[test]
    fn what_needs_a_configuration_says_so() {
        let client = Client::builder().app_id("app-1").app_key("k").build().unwrap();
        assert!(client.marketplace().unwrap_err().to_string().contains("Marketplaces"));
        assert!(client.connec().is_err());
    }

    #[test]
    fn debug_shows_no_secret() {
        let client = Client::builder().app_id("app-1").app_key("hunter2-hunter2").build().unwrap();
        assert!(!format!("{client:?}").contains("hunter"));
    }
}
