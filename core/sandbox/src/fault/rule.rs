//! One fault rule, as it is written in JSON.

use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::{pattern, reply};
use crate::chance::Chance;
use crate::error::SandboxError;
use crate::operation;

/// Whether the request is carried out before its reply is spoiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum When {
    #[default]
    Before,
    After,
}

/// `bytes` of the reply at once, then the same again every `every_ms`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Drip {
    pub(crate) bytes: u64,
    pub(crate) every_ms: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    operation: Option<String>,
    method: Option<String>,
    path: Option<String>,
    #[serde(default)]
    pub(super) skip: u64,
    #[serde(default = "once")]
    pub(super) times: Option<u64>,
    percent: Option<f64>,
    #[serde(default = "one")]
    seed: u64,
    #[serde(skip)]
    chance: Option<Chance>,
    #[serde(default)]
    pub(crate) when: When,
    pub(crate) status: Option<u16>,
    #[serde(default)]
    pub(crate) headers: Map<String, Value>,
    pub(crate) body: Option<String>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) json: Option<Value>,
    pub(crate) content_type: Option<String>,
    pub(crate) cut_at: Option<u64>,
    #[serde(default)]
    pub(crate) reset: bool,
    #[serde(default)]
    pub(crate) drop: bool,
    #[serde(default)]
    pub(crate) hold: bool,
    pub(crate) hold_ms: Option<u64>,
    pub(crate) latency_ms: Option<u64>,
    pub(crate) drip: Option<Drip>,
    #[serde(default)]
    pub(crate) merge: Map<String, Value>,
    #[serde(default)]
    pub(crate) remove: Vec<String>,
    pub(crate) commit_delay_ms: Option<u64>,
    pub(crate) idle_close_ms: Option<u64>,
}

fn once() -> Option<u64> {
    Some(1)
}

fn one() -> u64 {
    1
}

/// Tells `"json": null` from no `json` at all.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Rule {
    pub(super) fn read(value: Value) -> Result<Rule, SandboxError> {
        let mut rule: Rule = SandboxError::reading("fault rule", value)?;
        rule.chance = rule.percent.map(|_| Chance::new(rule.seed));
        rule.check().map(|()| rule).map_err(|why| SandboxError::Invalid(format!("fault rule: {why}")))
    }

    fn check(&self) -> Result<(), String> {
        match &self.operation {
            Some(name) if !operation::all().any(|operation| pattern::fits(name, operation.name)) => {
                return Err(format!("key `operation`: there is no operation `{name}`"));
            }
            None if self.method.is_none() && self.path.is_none() => {
                return Err("give `operation` (\"*\" for any), `method` or `path`".to_owned());
            }
            _ => {}
        }
        if self.effects().is_empty() {
            return Err("no effect: give status, headers, body, json, content_type, cut_at, drop, hold, hold_ms, \
                 latency_ms, drip, merge, remove, commit_delay_ms or idle_close_ms"
                .to_owned());
        }
        if self.status.is_some_and(|status| !(200..=599).contains(&status)) {
            return Err("key `status`: from 200 to 599".to_owned());
        }
        reply::headers(&self.headers)?;
        if self.reset && !self.drop && self.cut_at.is_none() {
            return Err("key `reset`: only with `cut_at` or `drop`".to_owned());
        }
        if self.body.is_some() && self.json.is_some() {
            return Err("key `json`: not together with `body`".to_owned());
        }
        if self.percent.is_some_and(|percent| !(percent > 0.0 && percent <= 100.0)) {
            return Err("key `percent`: above 0, at most 100".to_owned());
        }
        if self.drip.is_some_and(|drip| drip.bytes == 0) {
            return Err("key `drip.bytes`: at least 1".to_owned());
        }
        Ok(())
    }

    pub(super) fn matches(&self, operation: Option<&str>, method: &str, path: &str) -> bool {
        let named = match (self.operation.as_deref(), operation) {
            (None | Some("*"), _) => true,
            (Some(_), None) => false,
            (Some(name), Some(operation)) => pattern::fits(name, operation),
        };
        named
            && self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.path.as_deref().is_none_or(|wanted| pattern::fits(wanted, path))
    }

    /// Whether the lot falls on this request; without a percentage it always does.
    pub(super) fn strikes(&mut self) -> bool {
        match (self.percent, &mut self.chance) {
            (Some(percent), Some(chance)) => (chance.below(1_000_000) as f64) < percent * 10_000.0,
            _ => true,
        }
    }

    /// The reply that the request would get is lost or replaced.
    pub(crate) fn spoils(&self) -> bool {
        self.drop || self.hold || self.cut_at.is_some() || self.replaces()
    }

    pub(crate) fn replaces(&self) -> bool {
        self.status.is_some() || self.body.is_some() || self.json.is_some()
    }

    /// How long the reply is held up.
    pub(crate) fn delay(&self) -> Duration {
        Duration::from_millis(self.hold_ms.unwrap_or(0).saturating_add(self.latency_ms.unwrap_or(0)))
    }

    fn effects(&self) -> Vec<&'static str> {
        [
            ("status", self.status.is_some()),
            ("headers", !self.headers.is_empty()),
            ("body", self.body.is_some()),
            ("json", self.json.is_some()),
            ("content_type", self.content_type.is_some()),
            ("cut_at", self.cut_at.is_some()),
            ("drop", self.drop),
            ("reset", self.reset && (self.drop || self.cut_at.is_some())),
            ("hold", self.hold),
            ("hold_ms", self.hold_ms.is_some()),
            ("latency_ms", self.latency_ms.is_some()),
            ("drip", self.drip.is_some()),
            ("merge", !self.merge.is_empty()),
            ("remove", !self.remove.is_empty()),
            ("commit_delay_ms", self.commit_delay_ms.is_some()),
            ("idle_close_ms", self.idle_close_ms.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, present)| present.then_some(name))
        .collect()
    }

    /// For the journal: the effects' names and when, `"after: cut_at, reset"`.
    pub(crate) fn description(&self) -> String {
        let when = if self.when == When::After { "after" } else { "before" };
        format!("{when}: {}", self.effects().join(", "))
    }
}
