//! Who may log in, and with what: made anew for every sandbox.

use std::fmt;

use serde_json::{Value, json};
use tenantry::time::Random;

/// The production client of the vendor's example and the one of its developers' machine.
const OAUTH_CLIENT_IDS: [u64; 2] = [18, 16];

/// The one login of the sandbox. Its `Debug` shows no secret.
pub(crate) struct Credentials {
    username: &'static str,
    password: String,
    client_secret: String,
}

impl Credentials {
    pub(crate) fn random(random: &dyn Random) -> Credentials {
        Credentials { username: "csm@example.com", password: hex(random, 12), client_secret: hex(random, 20) }
    }

    /// The keyword arguments of a Magento BI client.
    pub(crate) fn line(&self, url: &str) -> Value {
        json!({
            "base_url": url, "dashboard_url": url, "username": self.username, "password": self.password,
            "oauth_client_id": OAUTH_CLIENT_IDS[0], "client_secret": self.client_secret,
        })
    }

    pub(super) fn admit(&self, username: &str, password: &str, oauth_client_id: u64, client_secret: &str) -> bool {
        username == self.username
            && password == self.password
            && OAUTH_CLIENT_IDS.contains(&oauth_client_id)
            && client_secret == self.client_secret
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

/// `bytes` random bytes as hexadecimal text.
pub(super) fn hex(random: &dyn Random, bytes: usize) -> String {
    let mut buffer = vec![0; bytes];
    random.fill(&mut buffer);
    buffer.iter().map(|byte| format!("{byte:02x}")).collect()
}
