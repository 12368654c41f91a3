//! The rules in force.

use serde_json::Value;

use super::rule::Rule;
use crate::error::SandboxError;

#[derive(Debug, Default)]
pub(crate) struct Book {
    rules: Vec<Rule>,
}

impl Book {
    /// Adds one rule or an array of them; if one of an array is wrong, none is added.
    pub(crate) fn add(&mut self, value: Value) -> Result<usize, SandboxError> {
        let values = match value {
            Value::Array(values) => values,
            one => vec![one],
        };
        let rules = values.into_iter().map(Rule::read).collect::<Result<Vec<_>, _>>()?;
        let added = rules.len();
        self.rules.extend(rules);
        Ok(added)
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// The first rule, in the order of adding, that applies to this request. A request counts for the rules up to that one only.
    pub(crate) fn hit(&mut self, operation: Option<&str>, method: &str, path: &str) -> Option<Rule> {
        self.rules.retain(|rule| rule.times != Some(0));
        for rule in &mut self.rules {
            if !rule.matches(operation, method, path) {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            if !rule.strikes() {
                continue;
            }
            rule.times = rule.times.map(|times| times - 1);
            return Some(rule.clone());
        }
        None
    }
}
