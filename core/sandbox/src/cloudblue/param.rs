//! Parameters: what a product defines, and what an asset holds of it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::json_object::{Object, write_text};
use super::words::ParamType;

/// A parameter as the product defines it.
#[derive(Debug)]
pub(super) struct ParamDefinition {
    pub(super) id: &'static str,
    pub(super) kind: ParamType,
    pub(super) phase: &'static str,
    pub(super) required: bool,
    /// The members that never change, without the braces.
    constant: String,
}

impl ParamDefinition {
    pub(super) fn new(
        id: &'static str,
        title: &str,
        kind: ParamType,
        phase: &'static str,
        required: bool,
        choices: &Value,
    ) -> ParamDefinition {
        // Constraints may be null, as in the vendor's fixtures.
        let unique = if kind == ParamType::Subdomain { Value::Bool(true) } else { Value::Null };
        let constant = json!({
            "id": id, "name": id, "title": title, "description": format!("{title} of the subscription"),
            "type": kind.word(), "scope": "asset", "phase": phase, "value_choices": choices,
            "constraints": {"required": required, "hidden": false, "readonly": false, "unique": unique, "shared": null},
        });
        ParamDefinition { id, kind, phase, required, constant: members(&constant.to_string()) }
    }

    /// Its value is structured, not a text.
    pub(super) fn is_structured(&self) -> bool {
        matches!(self.kind, ParamType::Address | ParamType::Phone | ParamType::Checkbox | ParamType::Object)
    }
}

/// What is wrong with a value, when something is.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ParamError {
    pub(super) text: String,
    pub(super) structured: Option<Value>,
}

#[derive(Debug, Clone)]
pub(super) struct Param {
    pub(super) definition: Arc<ParamDefinition>,
    pub(super) value: Option<Arc<str>>,
    pub(super) structured: Option<Arc<Value>>,
    pub(super) error: Option<Box<ParamError>>,
}

impl Param {
    pub(super) fn new(definition: &Arc<ParamDefinition>, value: Option<Arc<str>>) -> Param {
        Param { definition: definition.clone(), value, structured: None, error: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.value.as_deref().unwrap_or_default().is_empty() && self.structured.is_none()
    }

    /// Something that a buyer would fill in.
    pub(super) fn fill_in(&mut self) {
        self.error = None;
        if self.definition.is_structured() {
            return;
        }
        let value = match self.definition.kind {
            ParamType::Email => "buyer@example.com",
            ParamType::Domain => "buyer.example.com",
            ParamType::Url => "https://buyer.example.com/",
            _ => "as-asked",
        };
        self.value = Some(value.into());
    }

    /// What a form says of the value as it stands; none when it is well.
    pub(super) fn complaint(&self) -> Option<&'static str> {
        if self.is_empty() {
            return self.definition.required.then_some("This field is required.");
        }
        let value = self.value.as_deref().unwrap_or_default();
        let well = match self.definition.kind {
            ParamType::Email => {
                value.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
            }
            ParamType::Url => value.starts_with("http://") || value.starts_with("https://"),
            ParamType::Domain => value.contains('.') && !value.contains(['/', ' ', '@']),
            _ => true,
        };
        (!well).then_some("This value is not valid.")
    }

    pub(super) fn write(&self, out: &mut String) {
        out.push('{');
        out.push_str(&self.definition.constant);
        out.push_str(",\"value\":");
        match &self.value {
            Some(value) => write_text(out, value),
            None => out.push_str("null"),
        }
        out.push_str(",\"value_error\":");
        let error = self.error.as_deref();
        write_text(out, error.map_or("", |error| &error.text));
        if let Some(structured) = error.and_then(|error| error.structured.as_ref()) {
            out.push_str(",\"structured_error\":");
            out.push_str(&structured.to_string());
        }
        if self.definition.is_structured() {
            out.push_str(",\"structured_value\":");
            match &self.structured {
                Some(structured) => out.push_str(&structured.to_string()),
                None => out.push_str("{}"),
            }
        }
        out.push('}');
    }
}

/// The members of an object's JSON, without its braces.
pub(super) fn members(json: &str) -> String {
    json.strip_prefix('{').and_then(|json| json.strip_suffix('}')).unwrap_or(json).to_owned()
}

/// A parameter of a product's configuration, finished.
pub(super) fn configuration(id: &str, value: &str) -> String {
    let mut out = String::new();
    let mut object = Object::begin(&mut out);
    object.text("id", id);
    object.text("title", id);
    object.text("description", "");
    object.text("type", "text");
    object.text("scope", "product");
    object.text("phase", "configuration");
    object.text("value", value);
    object.value("constraints", &json!({"required": true, "hidden": null, "readonly": false, "unique": false}));
    object.end();
    out
}
