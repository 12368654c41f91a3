//! What a handler decides about a request.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::decisions::{Approve, Fail, Inquire, Schedule};
use crate::error::Result;
use crate::id::Id;
use crate::ops::Fields as _;

/// A decision about a request. Only a decision is sent; anything else leaves the request as it is.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Outcome {
    /// Approve it, after its parameters were given these values.
    Approve {
        #[serde(default)]
        template_id: Option<String>,
        #[serde(default)]
        activation_tile: Option<String>,
        #[serde(default)]
        effective_date: Option<String>,
        #[serde(default)]
        next_billing_date: Option<String>,
        #[serde(default)]
        params: BTreeMap<String, Value>,
    },
    /// Fail it, for good.
    Fail { reason: String },
    /// Ask the customer back, with what is wrong with which parameter.
    Inquire {
        #[serde(default)]
        errors: BTreeMap<String, String>,
        #[serde(default)]
        template_id: Option<String>,
        #[serde(default)]
        activation_tile: Option<String>,
    },
    /// Schedule it for a later date.
    Schedule { planned_date: String },
    /// Confirm that it is revoked.
    ConfirmRevoke {},
    /// Leave it, perhaps until a time (RFC 3339).
    Skip {
        #[serde(default)]
        reason: Option<String>,
        #[serde(default)]
        not_before: Option<String>,
    },
    /// The handler decided nothing: it is left.
    Nothing {},
    /// The handler failed: it is left, and offered again later.
    Error { message: String },
}

impl Outcome {
    /// Approves with a template.
    pub fn approve(template_id: impl Into<String>) -> Self {
        Self::Approve {
            template_id: Some(template_id.into()),
            activation_tile: None,
            effective_date: None,
            next_billing_date: None,
            params: BTreeMap::new(),
        }
    }

    /// Fails for a reason.
    pub fn fail(reason: impl Into<String>) -> Self {
        Self::Fail { reason: reason.into() }
    }

    /// Asks back with a template.
    pub fn inquire(template_id: impl Into<String>) -> Self {
        Self::Inquire { errors: BTreeMap::new(), template_id: Some(template_id.into()), activation_tile: None }
    }

    /// Leaves it.
    pub fn skip() -> Self {
        Self::Skip { reason: None, not_before: None }
    }

    /// Gives a parameter a value before an approval; does nothing to other decisions.
    #[must_use]
    pub fn param(mut self, id: impl Into<String>, value: impl Into<Value>) -> Self {
        if let Self::Approve { params, .. } = &mut self {
            params.insert(id.into(), value.into());
        }
        self
    }

    /// Says what is wrong with a parameter in an inquiry; does nothing to other decisions.
    #[must_use]
    pub fn error(mut self, param: impl Into<String>, message: impl Into<String>) -> Self {
        if let Self::Inquire { errors, .. } = &mut self {
            errors.insert(param.into(), message.into());
        }
        self
    }

    /// What a display shows: no value of a parameter, and no text for customers.
    pub(super) fn shown(&self) -> Value {
        let mut shown = serde_json::to_value(self).unwrap_or_default();
        if let Some(fields) = shown.get_mut("approve").and_then(Value::as_object_mut) {
            let params = fields.get("params").and_then(Value::as_object);
            let names: Vec<Value> =
                params.into_iter().flat_map(|params| params.keys().cloned().map(Value::from)).collect();
            fields.insert("params".to_owned(), names.into());
            fields.retain(|_, value| !value.is_null());
            fields.entry("activation_tile").and_modify(|tile| *tile = "***".into());
        }
        shown
    }

    /// What is to be sent about the request `id`; `None` when it is left as it is.
    ///
    /// # Errors
    /// `validation`, as the client's own methods.
    pub(super) fn step(self, id: &Id) -> Result<Option<Step>> {
        let id = id.clone();
        let step = match self {
            Self::Approve { template_id, activation_tile, effective_date, next_billing_date, params } => {
                let approve = Approve { id, template_id, activation_tile, effective_date, next_billing_date };
                approve.check()?;
                Step::Approve(approve, params)
            }
            Self::Fail { reason } => {
                let fail = Fail { id, reason };
                fail.check()?;
                Step::Fail(fail)
            }
            Self::Inquire { errors, template_id, activation_tile } => {
                let inquire = Inquire { id, errors, template_id, activation_tile };
                inquire.check()?;
                Step::Inquire(inquire)
            }
            Self::Schedule { planned_date } => {
                let schedule = Schedule { id, planned_date };
                schedule.check()?;
                Step::Schedule(schedule)
            }
            Self::ConfirmRevoke {} => Step::Confirm,
            Self::Skip { .. } | Self::Nothing {} | Self::Error { .. } => return Ok(None),
        };
        Ok(Some(step))
    }
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.shown().fmt(f)
    }
}

/// A decision that is sent.
pub(super) enum Step {
    Approve(Approve, BTreeMap<String, Value>),
    Fail(Fail),
    Inquire(Inquire),
    Schedule(Schedule),
    Confirm,
}

impl Step {
    /// Whether it changes parameters before it moves the request.
    pub(super) fn writes_params(&self) -> bool {
        match self {
            Self::Approve(_, params) => !params.is_empty(),
            Self::Inquire(inquire) => !inquire.errors.is_empty(),
            _ => false,
        }
    }

    /// The status that it leads to.
    pub(super) fn target(&self) -> &'static str {
        match self {
            Self::Approve(..) => "approved",
            Self::Fail(_) => "failed",
            Self::Inquire(_) => "inquiring",
            Self::Schedule(_) => "scheduled",
            Self::Confirm => "revoked",
        }
    }
}
