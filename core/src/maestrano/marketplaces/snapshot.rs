//! A configuration as it was at one time: marketplaces that can be used, and what is wrong with the others.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::trust::Trust;
use super::{Marketplace, base};
use crate::error::{Code, Error, Result};
use crate::flow::checkpoint::sha256;
use crate::ops::picked;

/// One entry of a configuration.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) state: std::result::Result<Arc<Marketplace>, String>,
    /// Stands for its text.
    pub(super) digest: String,
}

/// A configuration.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub(super) entries: Vec<Entry>,
    /// When it came, by the clock; absent before the first fetch, and where it was given.
    pub(super) at: Option<Duration>,
}

#[derive(Deserialize)]
struct Whole<'t> {
    #[serde(borrow, default)]
    marketplaces: Option<&'t RawValue>,
    #[serde(default)]
    error: Option<Value>,
}

impl Snapshot {
    /// Reads a configuration. One marketplace that cannot be used does not lose the others.
    ///
    /// # Errors
    /// `config` when it is no JSON, tells of an error, or lists nothing.
    pub(super) fn parse(text: &str, trust: &Trust, insecure: bool) -> Result<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let whole: Whole<'_> = serde_json::from_str(text).map_err(|error| no_json(text, &error))?;
        if let Some(error) = whole.error {
            let said = error.as_str().map_or_else(|| error.to_string(), str::to_owned);
            return Err(Error::config(format!("the configuration is an error: {said}"), "see the platform's answer"));
        }
        let Some(marketplaces) = whole.marketplaces else {
            return Err(Error::config("the configuration has no marketplaces", "it must be {\"marketplaces\": […]}"));
        };
        // A single one has come without its list.
        let one = marketplaces.get().starts_with('{');
        let rows: Vec<&RawValue> = if one { vec![marketplaces] } else { list(marketplaces)? };
        let mut entries: Vec<Entry> = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let mut entry = entry(index, row.get(), trust, insecure);
            if entries.iter().any(|other| other.name == entry.name) {
                entry.state = Err(format!("the name {} is given twice", entry.name));
                entry.name = format!("{} ({})", entry.name, index + 1);
            }
            entries.push(entry);
        }
        Ok(Self { entries, at: None })
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.entries.iter().filter(|entry| entry.state.is_ok()).map(|entry| entry.name.clone()).collect()
    }

    pub(super) fn problems(&self) -> Vec<(String, String)> {
        let problem = |entry: &Entry| Some((entry.name.clone(), entry.state.as_ref().err()?.clone()));
        self.entries.iter().filter_map(problem).collect()
    }

    pub(super) fn usable(&self) -> impl Iterator<Item = &Arc<Marketplace>> {
        self.entries.iter().filter_map(|entry| entry.state.as_ref().ok())
    }

    pub(super) fn find(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    pub(super) fn get(&self, name: &str) -> Result<Arc<Marketplace>> {
        match self.find(name).map(|entry| &entry.state) {
            Some(Ok(marketplace)) => Ok(Arc::clone(marketplace)),
            Some(Err(problem)) => Err(Error::config(
                format!("the marketplace {name} cannot be used: {problem}"),
                "correct it on the developer platform; the others work",
            )),
            None => {
                let names = self.names();
                let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                Err(Error::config(format!("there is no marketplace {name}"), format!("known are {known}"))
                    .with_detail("known", names))
            }
        }
    }
}

fn list(marketplaces: &RawValue) -> Result<Vec<&RawValue>> {
    serde_json::from_str(marketplaces.get()).map_err(|_| {
        Error::config("marketplaces is neither a list nor an object", "it must be {\"marketplaces\": […]}")
    })
}

fn entry(index: usize, text: &str, trust: &Trust, insecure: bool) -> Entry {
    let named = picked(text, &["marketplace"]).unwrap_or_default();
    let name = named["marketplace"].as_str().filter(|name| !name.is_empty());
    let name = name.map_or_else(|| format!("marketplaces[{index}]"), str::to_owned);
    let state = usable(&name, text, trust, insecure).map(Arc::new).map_err(|error| {
        let report = error.report();
        match &report.hint {
            Some(hint) => format!("{} ({hint})", report.message),
            None => report.message.clone(),
        }
    });
    Entry { name, state, digest: sha256(text) }
}

fn usable(name: &str, text: &str, trust: &Trust, insecure: bool) -> Result<Marketplace> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let marketplace: Marketplace = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let (path, message) = (error.path().to_string(), error.inner().to_string());
        // The value may be the key.
        let message = message.split(" at line ").next().unwrap_or_default();
        let message = match message.split_once(", expected ") {
            Some((_, expected)) => format!("must be {expected}"),
            None => message.to_owned(),
        };
        let place = if path == "." { String::new() } else { format!("{path}: ") };
        Error::new(Code::Config, format!("{place}{message}"))
    })?;
    let api_key = marketplace.api.key.expose().unwrap_or_default();
    for (field, value) in
        [("marketplace", marketplace.marketplace.as_str()), ("api.id", &marketplace.api.id), ("api.key", api_key)]
    {
        if value.is_empty() {
            return Err(Error::new(Code::Config, format!("{field} is empty")));
        }
    }
    let hosts = [
        ("api.host", Some(&marketplace.api.host)),
        ("sso.idp", Some(&marketplace.sso.idp)),
        ("connec.host", marketplace.connec.as_ref().map(|connec| &connec.host)),
    ];
    for (field, host) in hosts {
        let Some(host) = host else { continue };
        trust.check(name, field, &base(name, field, host, insecure)?)?;
    }
    Ok(marketplace)
}

/// What keeps a text from being JSON, where it is; comments are told by their name.
fn no_json(text: &str, error: &serde_json::Error) -> Error {
    let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
    let comment = line.trim_start().starts_with(['#', '/']);
    let what = if comment { "a comment, which JSON has none of" } else { "no JSON" };
    let message = format!("the configuration holds {what}, at line {} column {}", error.line(), error.column());
    let hint = if comment { "take the comments out" } else { "it must be {\"marketplaces\": […]}" };
    Error::config(message, hint).with_detail("line", error.line() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn marketplace(name: &str) -> Value {
        json!({
            "marketplace": name, "app": {"host": "https://app.example.com"},
            "api": {"id": "app-1", "key": "k:1", "host": "https://api-hub.maestrano.com", "base": "/api/v1/"},
            "sso": {"init_path": "/init", "consume_path": "/consume", "idp": "https://api-hub.maestrano.com"},
            "webhook": {"account": {"groups_path": "/groups/:id", "group_users_path": null}, "connec": null},
        })
    }

    fn parse(whole: &Value) -> Result<Snapshot> {
        Snapshot::parse(&whole.to_string(), &Trust::new(Vec::new(), None).unwrap(), false)
    }

    #[test]
    fn old_names_one_object_and_absent_parts_are_understood() {
        let snapshot = parse(&json!({"marketplaces": marketplace("one")})).unwrap();
        let one = snapshot.get("one").unwrap();
        assert_eq!(one.webhooks.account.group_path.as_deref(), Some("/groups/:id"));
        assert_eq!(
            (one.idm(), one.consume_url().as_str()),
            ("https://app.example.com", "https://app.example.com/consume")
        );
        assert!(one.connec.is_none());
    }

    #[test]
    fn one_that_is_malformed_does_not_lose_the_others() {
        let mut odd = marketplace("odd");
        odd["api"].as_object_mut().unwrap().remove("key");
        let mut evil = marketplace("evil");
        evil["api"]["host"] = "https://maestrano.com.evil.example".into();
        let snapshot =
            parse(&json!({"marketplaces": [odd, marketplace("good"), 7, evil, marketplace("good")]})).unwrap();
        assert_eq!(snapshot.names(), ["good"]);
        let said = |name: &str| snapshot.get(name).unwrap_err().to_string();
        assert!(said("odd").contains("api: missing field `key`"), "{}", said("odd"));
        assert!(said("evil").contains("trusted_hosts"), "{}", said("evil"));
        assert!(said("good (5)").contains("twice"), "{}", said("good (5)"));
        assert!(said("nobody").contains("known are good"), "{}", said("nobody"));
        assert_eq!(snapshot.problems().len(), 4);
    }

    #[test]
    fn a_key_of_another_kind_is_not_shown() {
        let mut odd = marketplace("odd");
        odd["api"]["key"] = json!(["hunter2"]);
        let said = parse(&json!({"marketplaces": [odd]})).unwrap().get("odd").unwrap_err().to_string();
        assert!(said.contains("api.key") && !said.contains("hunter2"), "{said}");
    }

    #[test]
    fn what_is_no_configuration_says_where() {
        let trust = Trust::new(Vec::new(), None).unwrap();
        let said = |text: &str| Snapshot::parse(text, &trust, false).unwrap_err().to_string();
        let commented = said("{\n  \"marketplaces\": [\n    # => the name\n    {}\n  ]\n}");
        assert!(commented.contains("a comment") && commented.contains("line 3"), "{commented}");
        assert!(said("{").contains("no JSON"));
        assert!(said("{}").contains("no marketplaces"));
        assert!(said(r#"{"error": "Invalid credentials"}"#).contains("Invalid credentials"));
        assert!(said(r#"{"marketplaces": 7}"#).contains("neither a list"));
    }
}
