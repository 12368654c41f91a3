//! Marketplaces with credentials that were made for this run.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tenantry::maestrano::Marketplace;

/// Sixteen letters that nobody can guess.
pub fn random() -> String {
    format!("{:016x}", RandomState::new().hash_one(()))
}

/// The random texts that stand for `$name.id` and `$name.key`.
#[derive(Default)]
pub struct Credentials(BTreeMap<String, String>);

impl Credentials {
    pub fn add(&mut self, name: &str) {
        self.0.insert(format!("${name}.id"), random());
        // A key may hold colons; the id ends at the first one.
        self.0.insert(format!("${name}.key"), format!("{}:{}", random(), random()));
    }

    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(name, _)| name.ends_with(".key")).map(|(_, key)| key.as_str())
    }

    /// Fills the placeholders in every text of `value`.
    pub fn fill(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.filled(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.fill(item)),
            Value::Object(members) => members.values_mut().for_each(|member| self.fill(member)),
            _ => {}
        }
    }

    fn filled(&self, text: &str) -> String {
        // A name may begin with another name: the longer one first.
        let mut names: Vec<_> = self.0.iter().collect();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        let mut text = names.into_iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
        while let Some(start) = text.find("$base64(") {
            let end = start + text[start..].find(')').unwrap();
            let encoded = STANDARD.encode(&text[start + "$base64(".len()..end]);
            text.replace_range(start..=end, &encoded);
        }
        text
    }
}

/// A marketplace from its configuration.
pub fn marketplace(configuration: &Value) -> Marketplace {
    serde_json::from_value(configuration.clone()).unwrap()
}
