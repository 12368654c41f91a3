//! A client of each system, told the same; a sample takes the one of its own.

use std::sync::Arc;

use tenantry::host::Listener;
use tenantry::http::{HttpSend, Options};
use tenantry::time::Clock;
use tenantry::{Result, cloudblue, magento_bi};

/// Connect's paths begin with it.
pub const CONNECT_PREFIX: &str = "/public/v1";

#[derive(Debug, Clone)]
pub struct Client {
    pub magento_bi: magento_bi::Client,
    pub cloudblue: cloudblue::Client,
}

/// Builds both.
#[derive(Debug, Default)]
#[must_use]
pub struct Builder {
    magento_bi: magento_bi::Builder,
    cloudblue: cloudblue::Builder,
}

impl Builder {
    /// From the builders of each system.
    pub fn of(magento_bi: magento_bi::Builder, cloudblue: cloudblue::Builder) -> Self {
        Self { magento_bi, cloudblue }
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

    /// The server of both; Connect is below its prefix.
    pub fn base_url(self, url: impl Into<String>) -> Self {
        let url = url.into();
        let below = format!("{url}{CONNECT_PREFIX}");
        self.both(|builder| builder.base_url(url), |builder| builder.base_url(below))
    }

    pub fn dashboard_url(self, url: impl Into<String>) -> Self {
        self.both(|builder| builder.dashboard_url(url), |builder| builder)
    }

    pub fn username(self, name: &str) -> Self {
        self.both(|builder| builder.username(name), |builder| builder)
    }

    /// The caller's secret: Magento BI's password, and the second half of Connect's key.
    pub fn password(self, secret: &str) -> Self {
        let key = format!("SU-000-000-000:{secret}");
        self.both(|builder| builder.password(secret), |builder| builder.api_key(key))
    }

    pub fn oauth_client_id(self, id: u64) -> Self {
        self.both(|builder| builder.oauth_client_id(id), |builder| builder)
    }

    pub fn client_secret(self, secret: &str) -> Self {
        self.both(|builder| builder.client_secret(secret), |builder| builder)
    }

    pub fn options(self, options: Options) -> Self {
        let same = options.clone();
        self.both(|builder| builder.options(options), |builder| builder.options(same))
    }

    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        let same = clock.clone();
        self.both(|builder| builder.clock(clock), |builder| builder.clock(same))
    }

    pub fn http_send(self, send: Arc<dyn HttpSend>) -> Self {
        let same = send.clone();
        self.both(|builder| builder.http_send(send), |builder| builder.http_send(same))
    }

    pub fn on_event(self, listener: Listener) -> Self {
        let same = listener.clone();
        self.both(|builder| builder.on_event(listener), |builder| builder.on_event(same))
    }

    pub fn build(self) -> Result<Client> {
        Ok(Client { magento_bi: self.magento_bi.build()?, cloudblue: self.cloudblue.build()? })
    }
}
