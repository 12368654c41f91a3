//! A client of each system, told the same; a sample takes the one of its own.

use std::fmt;
use std::sync::Arc;

use serde_json::{Value, json};
use tenantry::host::Listener;
use tenantry::http::{HttpSend, Options, ReqwestSend};
use tenantry::maestrano::{self, Marketplaces, marketplaces};
use tenantry::time::Clock;
use tenantry::{Result, cloudblue, magento_bi};

use super::maestrano_samples::marketplace;

/// Connect's paths begin with it.
pub const CONNECT_PREFIX: &str = "/public/v1";

/// Hosts of the tests, which are nobody's to the vendor.
const TRUSTED: [&str; 4] = ["example.com", "tenantry.invalid", "localhost", "127.0.0.1"];

#[derive(Debug, Clone)]
pub struct Client {
    pub magento_bi: magento_bi::Client,
    pub cloudblue: cloudblue::Client,
    /// Of one marketplace.
    pub maestrano: maestrano::Client,
    pub platform: Platform,
}

impl Client {
    /// Fetches the marketplaces as somebody who has none yet; the reply as JSON text.
    pub async fn fetch(&self, options: Options) -> Result<String> {
        let options = over(options, &self.platform.common.options);
        let fetching = self.platform.builder(options)?.build()?;
        Ok(serde_json::to_string(&fetching.refresh().await?).unwrap())
    }
}

/// What every client is told.
#[derive(Clone, Default)]
pub struct Common {
    options: Options,
    clock: Option<Arc<dyn Clock>>,
    send: Option<Arc<dyn HttpSend>>,
    listener: Option<Listener>,
}

impl Common {
    fn builder(&self, config: &Value, options: Options) -> Result<marketplaces::Builder> {
        let mut builder = Marketplaces::builder().config_json(&config.to_string())?.options(options);
        if let Some(clock) = &self.clock {
            builder = builder.clock(clock.clone());
        }
        if let Some(send) = &self.send {
            builder = builder.http_send(send.clone());
        }
        if let Some(listener) = &self.listener {
            builder = builder.on_event(listener.clone());
        }
        Ok(builder)
    }
}

/// Where marketplaces are fetched from; each fetch is somebody's first.
#[derive(Clone)]
pub struct Platform {
    config: Value,
    common: Common,
}

impl Platform {
    fn builder(&self, options: Options) -> Result<marketplaces::Builder> {
        self.common.builder(&self.config, options)
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Platform")
    }
}

/// Builds them all.
#[derive(Default)]
#[must_use]
pub struct Builder {
    magento_bi: magento_bi::Builder,
    cloudblue: cloudblue::Builder,
    /// Of the developer platform: `base_url`, `api_key`, `api_secret`.
    platform: Value,
    /// The configuration of a marketplace, all of whose services are at `base_url`.
    marketplace: Value,
    common: Common,
}

impl Builder {
    /// From the builders of two systems, the settings of the developer platform, and a marketplace of it.
    pub fn of(
        magento_bi: magento_bi::Builder,
        cloudblue: cloudblue::Builder,
        platform: Value,
        marketplace: Value,
    ) -> Self {
        let url = platform["base_url"].as_str().unwrap().to_owned();
        Self { magento_bi, cloudblue, platform, marketplace, common: Common::default() }.maestrano_url(&url)
    }

    fn both(
        mut self,
        magento_bi: impl FnOnce(magento_bi::Builder) -> magento_bi::Builder,
        cloudblue: impl FnOnce(cloudblue::Builder) -> cloudblue::Builder,
    ) -> Self {
        self.magento_bi = magento_bi(self.magento_bi);
        self.cloudblue = cloudblue(self.cloudblue);
        self
    }

    fn maestrano_url(mut self, url: &str) -> Self {
        self.platform["base_url"] = json!(url);
        for service in ["/api/host", "/sso/idp", "/connec/host"] {
            if let Some(host) = self.marketplace.pointer_mut(service) {
                *host = json!(url);
            }
        }
        self
    }

    /// The server of all; Connect is below its prefix.
    pub fn base_url(self, url: impl Into<String>) -> Self {
        let url = url.into();
        let below = format!("{url}{CONNECT_PREFIX}");
        self.maestrano_url(&url).both(|builder| builder.base_url(url), |builder| builder.base_url(below))
    }

    pub fn dashboard_url(self, url: impl Into<String>) -> Self {
        self.both(|builder| builder.dashboard_url(url), |builder| builder)
    }

    pub fn username(self, name: &str) -> Self {
        self.both(|builder| builder.username(name), |builder| builder)
    }

    /// The caller's secret: Magento BI's password, the second half of Connect's key, and Maestrano's keys.
    pub fn password(mut self, secret: &str) -> Self {
        let key = format!("SU-000-000-000:{secret}");
        self.platform["api_key"] = json!(format!("environment-{secret}"));
        self.platform["api_secret"] = json!(secret);
        // A key may hold a colon.
        self.marketplace = marketplace("", "app-1", &format!("k:{secret}"));
        let url = self.platform["base_url"].as_str().unwrap_or_default().to_owned();
        self.maestrano_url(&url).both(|builder| builder.password(secret), |builder| builder.api_key(key))
    }

    pub fn oauth_client_id(self, id: u64) -> Self {
        self.both(|builder| builder.oauth_client_id(id), |builder| builder)
    }

    pub fn client_secret(self, secret: &str) -> Self {
        self.both(|builder| builder.client_secret(secret), |builder| builder)
    }

    pub fn options(mut self, options: Options) -> Self {
        self.common.options = options.clone();
        let same = options.clone();
        self.both(|builder| builder.options(options), |builder| builder.options(same))
    }

    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.common.clock = Some(clock.clone());
        let same = clock.clone();
        self.both(|builder| builder.clock(clock), |builder| builder.clock(same))
    }

    pub fn http_send(mut self, send: Arc<dyn HttpSend>) -> Self {
        self.common.send = Some(send.clone());
        let same = send.clone();
        self.both(|builder| builder.http_send(send), |builder| builder.http_send(same))
    }

    pub fn on_event(mut self, listener: Listener) -> Self {
        self.common.listener = Some(listener.clone());
        let same = listener.clone();
        self.both(|builder| builder.on_event(listener), |builder| builder.on_event(same))
    }

    pub fn build(mut self) -> Result<Client> {
        let text = json!({"marketplaces": [self.marketplace]}).to_string();
        let given = json!({"json": text, "trusted_hosts": TRUSTED});
        let marketplaces = self.common.builder(&given, self.common.options.clone())?.build()?;
        let maestrano = marketplaces.client("some-telco")?;
        if self.common.send.is_none() {
            // Whoever fetches anew needs no connections anew.
            self.common.send = Some(ReqwestSend::new(&self.common.options)?);
        }
        self.platform["trusted_hosts"] = json!(TRUSTED);
        let platform = Platform { config: self.platform, common: self.common };
        Ok(Client { magento_bi: self.magento_bi.build()?, cloudblue: self.cloudblue.build()?, maestrano, platform })
    }
}

/// The options of a call, where absent those of `base`.
fn over(call: Options, base: &Options) -> Options {
    let base = base.clone();
    Options {
        timeout_ms: call.timeout_ms.or(base.timeout_ms),
        connect_timeout_ms: call.connect_timeout_ms.or(base.connect_timeout_ms),
        first_byte_timeout_ms: call.first_byte_timeout_ms.or(base.first_byte_timeout_ms),
        max_retries: call.max_retries.or(base.max_retries),
        proxy: call.proxy.or(base.proxy),
        ca_file: call.ca_file.or(base.ca_file),
        allow_insecure_http: call.allow_insecure_http.or(base.allow_insecure_http),
        user_agent: call.user_agent.or(base.user_agent),
        extra_headers: call.extra_headers.or(base.extra_headers),
        max_response_bytes: call.max_response_bytes.or(base.max_response_bytes),
    }
}
