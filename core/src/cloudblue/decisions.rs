//! What a request is told: the arguments of the verbs that move it to another status.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::param::ParamChange;
use super::requests::{check_changes, private};
use crate::error::{Error, Result};
use crate::id::Id;
use crate::ops::Fields;

/// How a request is approved: with a template, or with text of one's own.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Approve {
    #[serde(skip_serializing)]
    /// The request's id.
    pub(crate) id: Id,
    /// The template to show to the customer; this or `activation_tile`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
    /// Markdown to show to the customer, up to 4,096 characters; this or `template_id`. The vendor will drop it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation_tile: Option<String>,
    /// From when it counts, with an offset; default: now.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_date: Option<String>,
    /// When the asset is billed next.
    #[serde(default, skip_serializing)]
    pub next_billing_date: Option<String>,
}

impl Approve {
    /// With a template.
    pub fn template(template_id: impl Into<String>) -> Self {
        Self { template_id: Some(template_id.into()), ..Self::empty() }
    }

    /// With Markdown of one's own.
    pub fn tile(activation_tile: impl Into<String>) -> Self {
        Self { activation_tile: Some(activation_tile.into()), ..Self::empty() }
    }

    pub(super) fn empty() -> Self {
        Self {
            id: Id::unset(),
            template_id: None,
            activation_tile: None,
            effective_date: None,
            next_billing_date: None,
        }
    }
}

impl Fields for Approve {
    fn ids(&self) -> Vec<&Id> {
        vec![&self.id]
    }

    fn check(&self) -> Result<()> {
        match (filled(&self.template_id), filled(&self.activation_tile)) {
            (true, false) | (false, true) => Ok(()),
            (true, true) => {
                Err(Error::validation("template_id", "and activation_tile are both given: give one of them"))
            }
            (false, false) => {
                Err(Error::validation("template_id", "or activation_tile must be given, and not be empty"))
            }
        }
    }

    fn body(&self) -> Option<Value> {
        let mut body = shown_to_customers(&self.template_id, &self.activation_tile);
        if let Some(date) = &self.effective_date {
            body.insert("effective_date".to_owned(), date.as_str().into());
        }
        if let Some(date) = &self.next_billing_date {
            body.insert("asset".to_owned(), json!({"billing": {"next_date": date}}));
        }
        Some(Value::Object(body))
    }
}

/// The one of the two that says something: empty text beside the other is not sent.
fn shown_to_customers(template_id: &Option<String>, activation_tile: &Option<String>) -> Map<String, Value> {
    let fields = [("template_id", template_id), ("activation_tile", activation_tile)];
    let given = fields.into_iter().filter(|(_, text)| filled(text));
    given.map(|(name, text)| (name.to_owned(), json!(text))).collect()
}

pub(super) fn filled(text: &Option<String>) -> bool {
    text.as_deref().is_some_and(|text| !text.trim().is_empty())
}

fn required(name: &str, text: &str) -> Result<()> {
    if text.trim().is_empty() { Err(Error::validation(name, "is empty")) } else { Ok(()) }
}

/// Declares arguments that are an id and one text that must not be empty.
macro_rules! id_and_text {
    ($(#[doc = $doc:literal])* $name:ident { $(#[$field_attribute:meta])* $field:ident }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            #[serde(skip_serializing)]
            /// The request's id.
            pub(crate) id: Id,
            $(#[$field_attribute])*
            pub $field: String,
        }

        impl $name {
            /// With this text.
            pub fn new($field: impl Into<String>) -> Self {
                Self { id: Id::unset(), $field: $field.into() }
            }
        }

        impl Fields for $name {
            fn ids(&self) -> Vec<&Id> {
                vec![&self.id]
            }

            fn check(&self) -> Result<()> {
                required(stringify!($field), &self.$field)
            }
        }
    };
}

id_and_text! {
    /// How a request is failed.
    Fail {
        /// Why, for the customer to read: Markdown, not empty, up to 4,096 characters.
        reason
    }
}
id_and_text! {
    /// How a request is scheduled.
    Schedule {
        /// For when, with an offset.
        #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
        planned_date
    }
}
id_and_text! {
    /// How a scheduled request is revoked.
    Revoke {
        /// Why, not empty.
        reason
    }
}

/// How a customer is asked back.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Inquire {
    #[serde(skip_serializing)]
    /// The request's id.
    pub(crate) id: Id,
    /// What is wrong with which parameter, by its id; written before the inquiry.
    #[serde(default, skip_serializing)]
    pub errors: BTreeMap<String, String>,
    /// The template to show to the customer; not together with `activation_tile`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
    /// Markdown to show to the customer; not together with `template_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation_tile: Option<String>,
}

impl Inquire {
    /// With the product's default template.
    pub fn new() -> Self {
        Self { id: Id::unset(), errors: BTreeMap::new(), template_id: None, activation_tile: None }
    }

    /// With a template.
    pub fn template(template_id: impl Into<String>) -> Self {
        Self { template_id: Some(template_id.into()), ..Self::new() }
    }

    /// Says what is wrong with a parameter.
    pub fn error(mut self, param: impl Into<String>, message: impl Into<String>) -> Self {
        self.errors.insert(param.into(), message.into());
        self
    }
}

impl Default for Inquire {
    fn default() -> Self {
        Self::new()
    }
}

impl Fields for Inquire {
    fn ids(&self) -> Vec<&Id> {
        vec![&self.id]
    }

    fn check(&self) -> Result<()> {
        if let Some((id, _)) = self.errors.iter().find(|(id, message)| id.is_empty() || message.trim().is_empty()) {
            return Err(Error::validation(&format!("errors.{id}"), "needs a parameter's id and a message"));
        }
        if filled(&self.template_id) && filled(&self.activation_tile) {
            return Err(Error::validation("template_id", "and activation_tile are both given: give one of them"));
        }
        Ok(())
    }

    fn body(&self) -> Option<Value> {
        Some(Value::Object(shown_to_customers(&self.template_id, &self.activation_tile)))
    }
}

/// How a request goes back to pending.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Pend {
    #[serde(skip_serializing)]
    /// The request's id.
    pub(crate) id: Id,
    /// The code of the customer's form; then `params` are due.
    #[serde(default, skip_serializing)]
    pub code: Option<String>,
    /// What the customer filled in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<ParamChange>,
}

impl Pend {
    /// Without the customer's form.
    pub fn new() -> Self {
        Self { id: Id::unset(), code: None, params: Vec::new() }
    }
}

impl std::fmt::Debug for Pend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pend").field("id", &self.id).field("params", &self.params).finish_non_exhaustive()
    }
}

impl Default for Pend {
    fn default() -> Self {
        Self::new()
    }
}

impl Fields for Pend {
    fn ids(&self) -> Vec<&Id> {
        vec![&self.id]
    }

    fn private(&self) -> Vec<&str> {
        private(&self.params).into_iter().chain(self.code.as_deref()).collect()
    }

    fn raw_query(&self) -> Option<String> {
        let code = self.code.as_ref()?;
        let code: String = url::form_urlencoded::byte_serialize(code.as_bytes()).collect();
        // Connect takes a plus sign for itself.
        Some(format!("code={}", code.replace('+', "%20")))
    }

    fn check(&self) -> Result<()> {
        match (&self.code, self.params.is_empty()) {
            (Some(_), true) => Err(Error::validation("params", "are due together with code")),
            (None, false) => Err(Error::validation("code", "is due together with params: update changes parameters")),
            _ => check_changes(&self.params),
        }
    }

    fn body(&self) -> Option<Value> {
        Some(match self.params.is_empty() {
            true => json!({}),
            false => json!({"asset": {"params": self.params}}),
        })
    }
}
