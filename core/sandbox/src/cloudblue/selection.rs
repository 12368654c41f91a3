//! `select(…)`: what a list leaves out, and what it shows beyond the usual.

use serde_json::Value;

use super::refusal;
use crate::reply::Reply;

/// Paths that the writers leave out by themselves; any other is taken out of the finished JSON.
const WRITTEN: [&str; 13] = [
    "activation_key",
    "template",
    "asset",
    "asset.items",
    "asset.params",
    "asset.tiers",
    "asset.configuration",
    "items",
    "params",
    "tiers",
    "configuration",
    "pending_request",
    "pending_request.template",
];

#[derive(Debug, Default)]
pub(super) struct Selection {
    hidden: Vec<String>,
    shown: Vec<String>,
    /// Shows what lists hide by default: a single thing is shown whole.
    whole: bool,
}

impl Selection {
    /// Of a single thing.
    pub(super) fn whole() -> Selection {
        Selection { whole: true, ..Selection::default() }
    }

    /// Reads the properties of `select(…)`; `known` tells which paths there are.
    pub(super) fn read(properties: &[String], known: impl Fn(&str) -> bool) -> Result<Selection, Reply> {
        let mut selection = Selection::default();
        for property in properties {
            let (path, place) = match property.strip_prefix('-') {
                Some(path) => (path, &mut selection.hidden),
                None => (property.as_str(), &mut selection.shown),
            };
            if !known(path) {
                return Err(refusal::invalid(&format!("Bad select filter: {path}.")));
            }
            place.push(path.to_owned());
        }
        // To show `b.c` is to show `b`.
        let above = |path: &String, hidden: &String| {
            path.strip_prefix(hidden).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if selection.hidden.iter().any(|hidden| selection.shown.iter().any(|shown| above(shown, hidden))) {
            return Err(refusal::invalid("Bad select filter: incompatible properties."));
        }
        Ok(selection)
    }

    /// Whether `prefix` + `path` is left out.
    pub(super) fn hides(&self, prefix: &str, path: &str) -> bool {
        self.hidden.iter().any(|hidden| hidden.strip_prefix(prefix).is_some_and(|rest| rest == path))
    }

    /// Whether what lists hide by default is asked for by its own path or by one below it.
    pub(super) fn shows(&self, path: &str) -> bool {
        let asked =
            |shown: &String| shown.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        self.whole || self.shown.iter().any(asked)
    }

    /// What even a single thing does not show unless it is asked for.
    pub(super) fn shows_hidden(&self, prefix: &str, path: &str) -> bool {
        self.shown.iter().any(|shown| shown.strip_prefix(prefix).is_some_and(|rest| rest == path))
    }

    /// Takes out of a list's JSON what its writer did not leave out.
    pub(super) fn finish(&self, page: String) -> String {
        let rest: Vec<&String> = self.hidden.iter().filter(|path| !WRITTEN.contains(&path.as_str())).collect();
        if rest.is_empty() {
            return page;
        }
        let Ok(Value::Array(mut rows)) = serde_json::from_str(&page) else { return page };
        for row in &mut rows {
            rest.iter().for_each(|path| remove(row, path));
        }
        Value::Array(rows).to_string()
    }
}

/// Takes a path out, of each element where a list is on the way.
fn remove(value: &mut Value, path: &str) {
    match (value, path.split_once('.')) {
        (Value::Array(elements), _) => elements.iter_mut().for_each(|element| remove(element, path)),
        (Value::Object(object), None) => {
            object.remove(path);
        }
        (Value::Object(object), Some((head, rest))) => {
            if let Some(below) = object.get_mut(head) {
                remove(below, rest);
            }
        }
        _ => {}
    }
}
