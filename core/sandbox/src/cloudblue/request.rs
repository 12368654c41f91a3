//! A request to change what a customer has.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::asset::{Asset, write_events};
use super::conversation::Message;
use super::instant_text;
use super::item::Line;
use super::json_object::Object;
use super::lag::{Lag, Lagging};
use super::param::Param;
use super::party::Assignee;
use super::selection::Selection;
use super::template::Rendered;
use super::words::{RequestType, Status};

#[derive(Debug, Clone, Copy)]
pub(super) struct Transition {
    pub(super) from: Option<Status>,
    pub(super) to: Status,
    pub(super) at: Duration,
}

#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) id: Arc<str>,
    pub(super) kind: RequestType,
    pub(super) status: Status,
    pub(super) asset: u32,
    pub(super) created_us: i64,
    pub(super) updated_us: i64,
    pub(super) note: String,
    pub(super) reason: String,
    pub(super) answered: Option<bool>,
    pub(super) assignee: Assignee,
    pub(super) activation_key: String,
    pub(super) template: Option<Rendered>,
    pub(super) effective_date: Option<String>,
    pub(super) planned_date: Option<String>,
    pub(super) previous_approved: Option<Arc<str>>,
    pub(super) external_attributes: Option<Arc<Value>>,
    pub(super) items: Arc<Vec<Line>>,
    /// The parameters as they were at its end; until then they are the asset's.
    pub(super) params: Option<Arc<Vec<Param>>>,
    pub(super) messages: Vec<Message>,
    pub(super) transitions: Vec<Transition>,
    /// When somebody other than the vendor acts on it next.
    pub(super) due: Option<Duration>,
    pub(super) lag: Option<Box<Lag<Request>>>,
    /// It was a draft that the platform has removed.
    pub(super) gone: bool,
}

impl Lagging for Request {
    fn lag(&self) -> Option<&Lag<Request>> {
        self.lag.as_deref()
    }

    fn gone(&self) -> bool {
        self.gone
    }
}

impl Request {
    /// Where the customer fills in what was asked; only while it is.
    pub(super) fn form_url(&self) -> Option<String> {
        (self.status == Status::Inquiring)
            .then(|| format!("https://connect.example.com/forms/{}?code={}", self.id, self.form_code()))
    }

    /// What `/pend?code=` has to be.
    pub(super) fn form_code(&self) -> String {
        self.id.chars().filter(char::is_ascii_digit).collect()
    }

    pub(super) fn write(&self, out: &mut String, asset: &Asset, wall_us: i64, select: &Selection) {
        let mut object = Object::begin(out);
        object.text("id", &self.id);
        object.text("type", self.kind.word());
        object.text("status", self.status.word());
        object.text("created", &instant_text(self.created_us));
        object.text("updated", &instant_text(self.updated_us));
        object.text("note", &self.note);
        object.text("reason", &self.reason);
        match self.answered {
            Some(answered) => object.raw("answered", if answered { "true" } else { "false" }),
            None => object.raw("answered", "null"),
        }
        self.assignee.write(object.key("assignee"));
        if !select.hides("", "activation_key") {
            object.text("activation_key", &self.activation_key);
        }
        if let Some(url) = self.form_url() {
            object.text("params_form_url", &url);
        }
        if !select.hides("", "template") {
            self.write_template(object.key("template"));
        }
        object.optional_text("effective_date", self.effective_date.as_deref());
        object.optional_text("planned_date", self.planned_date.as_deref());
        match &self.previous_approved {
            Some(id) => object.value("previous_approved_request", &json!({ "id": &**id })),
            None => object.raw("previous_approved_request", "null"),
        }
        match &self.external_attributes {
            Some(attributes) => object.value("external_attributes", attributes),
            None => object.raw("external_attributes", "{}"),
        }
        if !select.hides("", "asset") {
            asset.write_in_request(object.key("asset"), self, select);
        }
        object.raw("contract", &asset.contract.json);
        object.raw("marketplace", &asset.marketplace.json);
        write_events(object.key("events"), self.created_us, self.updated_us);
        let (days, zone) = self.age(wall_us);
        object.raw("sli", &format!("{{\"days\":{days},\"zone\":{zone}}}"));
        object.end();
    }

    fn write_template(&self, out: &mut String) {
        match &self.template {
            Some(Rendered { template: Some(template), message }) => {
                out.push_str(&json!({ "id": template.id, "name": template.name, "message": message }).to_string());
            }
            _ => out.push_str("null"),
        }
    }

    /// As `GET /assets/{id}/requests` lists it.
    pub(super) fn short(&self) -> Value {
        let assignee = match &self.assignee {
            Assignee::User { id, name, .. } => json!({ "id": id, "name": name }),
            Assignee::Text(text) => text.clone().into(),
            Assignee::Nobody => "".into(),
            Assignee::Null => Value::Null,
        };
        let at = |micros| json!({ "at": instant_text(micros) });
        json!({
            "id": &*self.id, "type": self.kind.word(), "status": self.status.word(), "assignee": assignee,
            "events": {"created": at(self.created_us), "updated": at(self.updated_us)},
        })
    }

    pub(super) fn write_as_pending(&self, out: &mut String, with_template: bool) {
        let mut object = Object::begin(out);
        object.text("id", &self.id);
        object.text("type", self.kind.word());
        object.text("status", self.status.word());
        if with_template {
            self.write_template(object.key("template"));
        }
        object.end();
    }

    /// Days since it was made, and its zone: 1 within two days, 2 within five, else 3.
    pub(super) fn age(&self, wall_us: i64) -> (i64, i64) {
        let until = if self.status.is_final() { self.updated_us } else { wall_us };
        let days = (until - self.created_us).max(0) / 86_400_000_000;
        (
            days,
            if days < 2 {
                1
            } else if days < 5 {
                2
            } else {
                3
            },
        )
    }
}
