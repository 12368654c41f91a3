//! Requests: what they are asked, and what they are told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Client;
use super::composed;
use super::decisions::{Approve, Fail, Inquire, Pend, Revoke, Schedule, filled};
use super::filters;
use super::listing::list_arguments;
use super::param::ParamChange;
use super::request::Request;
use super::transition::changed;
use crate::error::{Error, Result};
use crate::id::Id;
use crate::ops::{Fields, Lossless, operations};

pub(super) const MARKDOWN: &str = "text/markdown";

list_arguments! {
    /// Arguments of [`Requests::list`]: status `pending` unless said otherwise, oldest first.
    ListRequests(status "pending", key GreaterOrEqual)
}

impl ListRequests {
    /// Pending requests.
    pub fn pending() -> Self {
        Self::default()
    }

    /// Requests of any status.
    pub fn any() -> Self {
        Self::default().status("any")
    }

    /// Requests of one status, or with `any` of all.
    pub fn status(mut self, status: impl Into<Value>) -> Self {
        self.listing.status = Some(status.into());
        self
    }

    /// Requests about assets of this product.
    pub fn product_id(self, id: impl Into<Value>) -> Self {
        self.filter("product_id", id)
    }

    /// Requests of one type, or of several.
    pub fn r#type(self, kind: impl Into<Value>) -> Self {
        self.filter("type", kind)
    }
}

/// Arguments of [`Requests::create`].
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateRequest {
    /// `purchase`, `change`, `cancel`, `suspend`, `resume`, `adjustment`.
    pub r#type: String,
    /// The asset: for a purchase its `product`, `connection`, `items`, `params`, `tiers`, `external_id`, `external_uid`; else its
    /// `id` and what changes.
    pub asset: Map<String, Value>,
    /// The marketplace of a purchase: `{"id": …}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marketplace: Option<Map<String, Value>>,
    /// `draft` for a draft, where the product allows one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Data of the distributor's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_attributes: Option<Map<String, Value>>,
}

impl std::fmt::Debug for CreateRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreateRequest").field("type", &self.r#type).finish_non_exhaustive()
    }
}

impl Fields for CreateRequest {
    fn private(&self) -> Vec<&str> {
        let params = self.asset.get("params").and_then(Value::as_array).into_iter().flatten();
        let values = params.flat_map(|param| [param.get("value"), param.get("structured_value")]);
        values.flatten().flat_map(texts).collect()
    }
}

/// Every text in a value, without the names of its fields.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(object) => object.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// Arguments of [`Requests::update`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Update {
    #[serde(skip_serializing)]
    /// The request's id.
    pub(crate) id: Id,
    /// The parameters to change; the others stay as they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<ParamChange>,
    /// A note of the vendor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Update {
    /// Changes these parameters.
    pub fn params(params: impl IntoIterator<Item = ParamChange>) -> Self {
        Self { id: Id::unset(), params: params.into_iter().collect(), note: None }
    }
}

impl Fields for Update {
    fn ids(&self) -> Vec<&Id> {
        vec![&self.id]
    }

    fn private(&self) -> Vec<&str> {
        private(&self.params)
    }

    fn check(&self) -> Result<()> {
        if self.params.is_empty() && self.note.is_none() {
            return Err(Error::validation("params", "nothing is changed: give params, or a note"));
        }
        check_changes(&self.params)
    }

    fn body(&self) -> Option<Value> {
        let mut body = Map::new();
        if !self.params.is_empty() {
            body.insert("asset".to_owned(), json!({"params": self.params}));
        }
        if let Some(note) = &self.note {
            body.insert("note".to_owned(), note.as_str().into());
        }
        Some(Value::Object(body))
    }
}

pub(super) fn private(params: &[ParamChange]) -> Vec<&str> {
    let structured = params.iter().filter_map(|param| param.structured_value.as_ref()).flat_map(texts);
    params.iter().filter_map(|param| param.value.as_deref()).chain(structured).collect()
}

pub(super) fn check_changes(params: &[ParamChange]) -> Result<()> {
    for (index, param) in params.iter().enumerate() {
        if param.id.is_empty() {
            return Err(Error::validation(&format!("params[{index}].id"), "is empty"));
        }
        if params[..index].iter().any(|other| other.id == param.id) {
            return Err(Error::validation(&format!("params[{index}].id"), "is given twice"));
        }
    }
    Ok(())
}

/// Parameters to be checked without being kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Validate {
    #[serde(skip_serializing)]
    /// The request's id.
    pub(crate) id: Id,
    /// The parameters.
    #[serde(default)]
    pub params: Vec<ParamChange>,
}

impl Validate {
    /// Checks these parameters.
    pub fn params(params: impl IntoIterator<Item = ParamChange>) -> Self {
        Self { id: Id::unset(), params: params.into_iter().collect() }
    }
}

impl Fields for Validate {
    fn ids(&self) -> Vec<&Id> {
        vec![&self.id]
    }

    fn private(&self) -> Vec<&str> {
        private(&self.params)
    }

    fn body(&self) -> Option<Value> {
        Some(json!({"asset": {"params": self.params}}))
    }
}

/// Who a request is assigned to: one of the two.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Assign {
    #[serde(skip_serializing)]
    /// The request's id.
    pub(crate) id: Id,
    /// The user's id; this or `email`.
    #[serde(default)]
    pub user_id: Option<String>,
    /// The user's e-mail address; this or `user_id`.
    #[serde(default)]
    pub email: Option<String>,
}

impl Assign {
    /// To the user with this id.
    pub fn user(id: impl Into<String>) -> Self {
        Self { id: Id::unset(), user_id: Some(id.into()), email: None }
    }

    /// To the user with this e-mail address.
    pub fn email(email: impl Into<String>) -> Self {
        Self { id: Id::unset(), user_id: None, email: Some(email.into()) }
    }
}

impl Fields for Assign {
    fn ids(&self) -> Vec<&Id> {
        vec![&self.id]
    }

    fn check(&self) -> Result<()> {
        if filled(&self.user_id) == filled(&self.email) {
            return Err(Error::validation("user_id", "or email must be given, and only one of them"));
        }
        Ok(())
    }

    fn body(&self) -> Option<Value> {
        Some(if filled(&self.user_id) { json!({"id": self.user_id}) } else { json!({"email": self.email}) })
    }
}

/// How something is rendered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Render {
    #[serde(skip_serializing)]
    /// The id.
    pub(crate) id: Id,
    /// A locale's id, or a translation's (`TRN-…`); default: the customer's.
    #[serde(default, skip_serializing)]
    pub locale: Option<String>,
}

impl Render {
    /// In the customer's language.
    pub fn new() -> Self {
        Self { id: Id::unset(), locale: None }
    }
}

impl Default for Render {
    fn default() -> Self {
        Self::new()
    }
}

impl Fields for Render {
    fn ids(&self) -> Vec<&Id> {
        vec![&self.id]
    }

    fn header(&self) -> Option<(&'static str, &str)> {
        Some(("connect-localization", self.locale.as_deref()?))
    }
}

/// Values of parameters, by their ids.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SetParamValues {
    /// The request's id.
    pub(crate) id: Id,
    /// Text; an object or a list for an address, a phone, a checkbox or an object.
    pub values: BTreeMap<String, Value>,
}

impl SetParamValues {
    /// Sets these values.
    pub fn new<V: Into<Value>>(values: impl IntoIterator<Item = (impl Into<String>, V)>) -> Self {
        let values = values.into_iter().map(|(id, value)| (id.into(), value.into())).collect();
        Self { id: Id::unset(), values }
    }
}

impl std::fmt::Debug for SetParamValues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&String> = self.values.keys().collect();
        f.debug_struct("SetParamValues").field("id", &self.id).field("values", &names).finish()
    }
}

impl Fields for SetParamValues {
    fn private(&self) -> Vec<&str> {
        self.values.values().flat_map(texts).collect()
    }
}

/// What is waited for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WaitFor {
    /// The request's id.
    pub(crate) id: Id,
    /// The statuses that end the waiting; default: `approved`, `failed`, `revoked`.
    #[serde(default)]
    pub until: Vec<String>,
    /// Milliseconds to wait at most; default 1,800,000 (half an hour).
    #[serde(default)]
    pub max_wait_ms: Option<u64>,
}

impl WaitFor {
    /// Waits until the request is approved, failed or revoked.
    pub fn the_end() -> Self {
        Self { id: Id::unset(), until: Vec::new(), max_wait_ms: None }
    }
}

impl Fields for WaitFor {}

operations! {
    /// Fulfillment requests: what customers ask about assets.
    Requests(Client) in "cloudblue.requests" {
        /// Makes a request, as a distributor does, and for adjustments a vendor.
        ///
        /// A request whose reply was lost is not sent again, and raises `outcome_unknown`. One that exists already raises
        /// `conflict`, whose details name it.
        /// Source: the vendor's specification v37, `POST /requests`.
        create(CreateRequest) -> Lossless<Request> = POST "/requests", Once, ApiKey, Json;
    }
    lists {
        /// Lists requests, the oldest first, without skipping any that leave the list meanwhile.
        ///
        /// The status is always sent: `pending` unless `status` or the query says otherwise; `any` stands for all that the
        /// specification knows.
        /// Source: the page of 2020, "Get Requests List"; the vendor's specification v37, `GET /requests`.
        list(ListRequests) -> Lossless<Request> = "/requests", ApiKey, filters::REQUESTS;
    }
    of_id {
        /// Reads a request.
        ///
        /// Source: the page of 2020, "Get Request Details".
        get -> Lossless<Request> = GET "/requests/{id}", Safe, ApiKey, None { record: Some("Request") };

        /// Confirms that a request is revoked, as its vendor does: from `revoking` to `revoked`.
        ///
        /// Source: the vendor's specification v37, `POST /requests/{id}/confirm`.
        confirm -> Lossless<Request> = POST "/requests/{id}/confirm", Once, ApiKey, Json { check: changed };

        /// Places the order that a draft holds, as a buyer does: to `pending`, `tiers_setup` or `inquiring`.
        ///
        /// Source: the vendor's specification v37, `POST /requests/{id}/purchase`.
        purchase -> Lossless<Request> = POST "/requests/{id}/purchase", Once, ApiKey, None { check: changed };

        /// Submits a request.
        ///
        /// Source: the vendor's specification v37, `POST /requests/{id}/submit`.
        submit -> Lossless<Request> = POST "/requests/{id}/submit", Once, ApiKey, Json { check: changed };

        /// Takes a request from whom it was assigned to. Repeating it is harmless.
        ///
        /// Source: the vendor's specification v37, `POST /requests/{id}/unassign`.
        unassign -> Lossless<Request> = POST "/requests/{id}/unassign", Idempotent, ApiKey, None { check: changed };
    }
    by_id {
        /// Changes parameters of a request; those that are not named stay as they are. Repeating it is harmless.
        ///
        /// Source: the page of 2020, "Modify Request Data"; the vendor's specification v37, `PUT /requests/{id}`.
        update(Update) -> Lossless<Request> = PUT "/requests/{id}", Idempotent, ApiKey, Json { check: changed };

        /// Approves a pending request.
        ///
        /// A lost reply is settled by reading: approved already is a success, marked `already_applied`; another end raises
        /// `conflict` with the `current` status. It is sent again only when the request was read and still is as it was.
        /// Source: the page of 2020, "Status change to Approve"; the vendor's specification v37.
        approve(Approve) -> Lossless<Request> = POST "/requests/{id}/approve", Once, ApiKey, Json { check: changed };

        /// Fails a pending request, for good. A lost reply is settled as with `approve`.
        ///
        /// Source: the page of 2020, "Status change to Fail".
        fail(Fail) -> Lossless<Request> = POST "/requests/{id}/fail", Once, ApiKey, Json { check: changed };

        /// Sends an inquiring request back to pending.
        ///
        /// The server answers with the request or with nothing; then the request is read. A lost reply is settled by
        /// reading, and never sent again: `outcome_unknown` when the request is as it was.
        /// Source: the page of 2020, "Status change to Pend" (204); the vendor's specification v37 (200).
        pend(Pend) -> Lossless<Request> = POST "/requests/{id}/pend", Once, ApiKey, Json { check: changed };

        /// Schedules a pending request for a later date. A lost reply is settled as with `pend`.
        ///
        /// Source: the vendor's specification v37, `POST /requests/{id}/schedule`.
        schedule(Schedule) -> Lossless<Request> = POST "/requests/{id}/schedule", Once, ApiKey, Json { check: changed };

        /// Revokes a scheduled request, as a distributor or reseller does. A lost reply is settled as with `pend`.
        ///
        /// Source: the vendor's specification v37, `POST /requests/{id}/revoke`.
        revoke(Revoke) -> Lossless<Request> = POST "/requests/{id}/revoke", Once, ApiKey, Json { check: changed };

        /// Has a draft's or an inquiry's parameters checked by the vendor's own validation, without keeping them.
        ///
        /// Source: the vendor's specification v37, `POST /requests/{id}/validate`.
        validate(Validate) -> Lossless<Request> = POST "/requests/{id}/validate", Idempotent, ApiKey, Json { check: changed };

        /// Assigns a request to a user: a sign to others, and no lock. Repeating it is harmless.
        ///
        /// Source: the vendor's specification v37, `POST /requests/{id}/assign`.
        assign(Assign) -> Lossless<Request> = POST "/requests/{id}/assign", Idempotent, ApiKey, Json { check: changed };

        /// Renders the template of a request's status, as the customer sees it, in Markdown.
        ///
        /// Source: the vendor's specification v37, `GET /requests/{id}/render`.
        render(Render) -> String = GET "/requests/{id}/render", Safe, ApiKey, None { accept: MARKDOWN };
    }
    composed {
        /// Asks the customer back about a pending request.
        ///
        /// With `errors`, they are written to the parameters first, then the inquiry is sent: when the second fails, the error's
        /// details say `params_written`. A lost reply is settled as with `pend`.
        /// Source: the page of 2020, "Status change to Inquire"; the vendor's specification v37.
        inquire(Inquire) -> Lossless<Request> = POST "/requests/{id}/inquire", Once, ApiKey, Json { check: changed };

        /// Sets values of parameters: reads the request, and sends only those that differ.
        ///
        /// An object or a list, which an address, a phone and a checkbox take, is sent as
        /// `structured_value`. An id that the request does not have is refused. Repeating it is harmless.
        /// Source: the vendor's specification v37, `PUT /requests/{id}`.
        set_param_values(SetParamValues) -> Lossless<Request> = PUT "/requests/{id}", Idempotent, ApiKey, None;

        /// Waits until a request has one of the statuses; raises `max_wait` when it does not in time.
        ///
        /// It is read after 3, 4.5, 6.75 … 30 seconds.
        /// Source: the vendor's specification v37, `GET /requests/{id}`.
        wait(WaitFor) -> Lossless<Request> = GET "/requests/{id}", Safe, ApiKey, None;
    }
}

/// Declares methods that are carried out by several requests.
macro_rules! composed_methods {
    ($($(#[doc = $doc:literal])* $name:ident($arguments:ty);)*) => {
        impl Requests<'_> {$(
            $(#[doc = $doc])*
            ///
            /// # Errors
            /// Those of the requests that it is made of.
            pub async fn $name(
                &self,
                id: impl TryInto<Id, Error = Error>,
                mut arguments: $arguments,
            ) -> Result<Lossless<Request>> {
                let operation = Client::operation(concat!("cloudblue.requests.", stringify!($name)))?;
                arguments.id = id.try_into()?;
                let carried = composed::$name(self.client, arguments, &self.client.context()).await;
                let carried = carried.map_err(|error| operation.named(error))?;
                crate::ops::decode(&carried.reply.into_text(), "application/json")
            }
        )*}
    };
}

composed_methods! {
    /// Asks the customer back about a pending request; with errors, they are written to the parameters first.
    inquire(Inquire);
    /// Sets values of parameters: reads the request, and sends only those that differ.
    set_param_values(SetParamValues);
    /// Waits until a request has one of the statuses.
    wait(WaitFor);
}
