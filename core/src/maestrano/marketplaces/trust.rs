//! Which hosts a configuration may name: they are sent the app's key.

use url::Url;

use crate::error::{Error, Result};
use crate::http::BaseUrl;

const VENDOR: [&str; 2] = ["maestrano.com", "maestrano.io"];

/// Hosts that may be sent credentials.
#[derive(Debug)]
pub(super) struct Trust {
    suffixes: Vec<String>,
    /// The host that the configuration itself comes from, and whether it is this machine.
    platform: Option<(String, bool)>,
}

impl Trust {
    /// # Errors
    /// `config` when an entry is no host name.
    pub(super) fn new(given: Vec<String>, platform: Option<&BaseUrl>) -> Result<Self> {
        let mut suffixes: Vec<String> = VENDOR.map(str::to_owned).into();
        for host in given {
            let host = host.trim().trim_start_matches('.').to_ascii_lowercase();
            let allowed = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
            if host.is_empty() || !host.chars().all(allowed) {
                return Err(Error::config("trusted_hosts holds no host name", "give names alone, e.g. example.com"));
            }
            suffixes.push(host);
        }
        let platform = platform.map(|base| (host_of(base.as_str()), base.is_loopback()));
        Ok(Self { suffixes, platform })
    }

    /// Refuses a host that nobody trusts.
    ///
    /// # Errors
    /// `config` that names the marketplace, the field and the host.
    pub(super) fn check(&self, marketplace: &str, field: &str, base: &BaseUrl) -> Result<()> {
        let host = host_of(base.as_str());
        let suffix = |suffix: &String| {
            host == *suffix || host.strip_suffix(suffix.as_str()).is_some_and(|rest| rest.ends_with('.'))
        };
        // A sandbox names itself, or another server of this machine.
        let platform =
            self.platform.as_ref().is_some_and(|(platform, local)| *platform == host || (*local && base.is_loopback()));
        if platform || self.suffixes.iter().any(suffix) {
            return Ok(());
        }
        Err(Error::config(
            format!("the marketplace {marketplace} names {field} {host}, which is not trusted with the app's key"),
            "add it to trusted_hosts if it is the vendor's",
        )
        .with_detail("host", host))
    }
}

fn host_of(url: &str) -> String {
    Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_ascii_lowercase)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusts(trust: &Trust, url: &str) -> bool {
        trust.check("m", "api.host", &BaseUrl::parse("u", url, true).unwrap()).is_ok()
    }

    #[test]
    fn only_the_vendor_and_who_was_named_are_trusted() {
        let trust = Trust::new(vec!["Telco.example".to_owned()], None).unwrap();
        for url in [
            "https://api-hub.maestrano.com",
            "https://MAESTRANO.io",
            "https://telco.example",
            "https://a.b.telco.example",
        ] {
            assert!(trusts(&trust, url), "{url}");
        }
        for url in [
            "https://maestrano.com.evil.example",
            "https://evilmaestrano.com",
            "https://telco.example.org",
            "http://127.0.0.1:5000",
        ] {
            assert!(!trusts(&trust, url), "{url}");
        }
    }

    #[test]
    fn this_machine_is_trusted_when_the_configuration_comes_from_it() {
        let sandbox = BaseUrl::parse("u", "http://127.0.0.1:5000", false).unwrap();
        let trust = Trust::new(Vec::new(), Some(&sandbox)).unwrap();
        assert!(trusts(&trust, "http://127.0.0.1:5001") && !trusts(&trust, "https://api.example.com"));
    }
}
