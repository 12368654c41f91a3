//! What a customer has bought.

use std::sync::Arc;

use super::instant_text;
use super::item::Line;
use super::json_object::Object;
use super::lag::{Lag, Lagging};
use super::param::Param;
use super::party::{Account, Connection, ExternalId, Named};
use super::product::Product;
use super::request::Request;
use super::selection::Selection;
use super::template::Template;
use super::words::AssetStatus;

/// A reseller above the customer, in all the ways that the vendor writes that there is none.
#[derive(Debug, Clone)]
pub(super) enum Tier {
    Absent,
    Null,
    /// `{}`.
    Empty,
    Of(Arc<Account>),
}

impl Tier {
    pub(super) fn account(&self) -> Option<&Account> {
        match self {
            Self::Of(account) => Some(account),
            _ => None,
        }
    }

    fn write(&self, key: &str, object: &mut Object<'_>) {
        match self {
            Self::Absent => {}
            Self::Null => object.raw(key, "null"),
            Self::Empty => object.raw(key, "{}"),
            Self::Of(account) => object.raw(key, &account.named.json),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Tiers {
    pub(super) customer: Arc<Account>,
    pub(super) tier1: Tier,
    pub(super) tier2: Tier,
    /// The resellers and the marketplace stand inside the customer, as on the vendor's page of 2020.
    pub(super) nested: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Asset {
    pub(super) id: Arc<str>,
    pub(super) status: AssetStatus,
    pub(super) external_id: ExternalId,
    pub(super) external_uid: Arc<str>,
    pub(super) external_name: Option<Arc<str>>,
    pub(super) product: Arc<Product>,
    pub(super) connection: Arc<Connection>,
    pub(super) contract: Arc<Named>,
    pub(super) marketplace: Arc<Named>,
    pub(super) items: Arc<Vec<Line>>,
    pub(super) params: Arc<Vec<Param>>,
    pub(super) tiers: Tiers,
    pub(super) template: Option<Arc<Template>>,
    pub(super) next_billing_date: Option<String>,
    pub(super) created_us: i64,
    pub(super) updated_us: i64,
    /// Its requests, oldest first.
    pub(super) requests: Vec<u32>,
    pub(super) lag: Option<Box<Lag<Asset>>>,
    /// It was a draft that the platform has removed.
    pub(super) gone: bool,
}

impl Lagging for Asset {
    fn lag(&self) -> Option<&Lag<Asset>> {
        self.lag.as_deref()
    }

    fn gone(&self) -> bool {
        self.gone
    }
}

impl Asset {
    /// As a request shows it: with the request's lines and parameters in the place of its own.
    pub(super) fn write_in_request(&self, out: &mut String, request: &Request, select: &Selection) {
        let params = request.params.as_ref().unwrap_or(&self.params);
        let mut object = Object::begin(out);
        self.write_head(&mut object, "asset.", select);
        self.write_body(&mut object, "asset.", &request.items, params, select);
        object.end();
    }

    pub(super) fn write(&self, out: &mut String, pending: Option<&Request>, select: &Selection) {
        let mut object = Object::begin(out);
        self.write_head(&mut object, "", select);
        self.write_body(&mut object, "", &self.items, &self.params, select);
        if select.shows("template") {
            match &self.template {
                Some(template) => {
                    object.value("template", &serde_json::json!({ "id": template.id, "name": template.name }));
                }
                None => object.raw("template", "null"),
            }
        }
        if select.shows("pending_request") {
            let out = object.key("pending_request");
            match pending {
                Some(request) => request.write_as_pending(out, select.shows("pending_request.template")),
                None => out.push_str("null"),
            }
        }
        object.end();
    }

    fn write_head(&self, object: &mut Object<'_>, prefix: &str, select: &Selection) {
        object.text("id", &self.id);
        object.text("status", self.status.word());
        self.external_id.write(object.key("external_id"));
        object.text("external_uid", &self.external_uid);
        if let Some(name) = &self.external_name {
            object.text("external_name", name);
        }
        object.raw("product", self.product.json(select.shows_hidden(prefix, "product.capabilities")));
        object.raw("connection", &self.connection.json);
        object.raw("contract", &self.contract.json);
        object.raw("marketplace", &self.marketplace.json);
    }

    fn write_body(&self, object: &mut Object<'_>, prefix: &str, items: &[Line], params: &[Param], select: &Selection) {
        if !select.hides(prefix, "items") {
            object.list("items", items, Line::write);
        }
        if !select.hides(prefix, "params") {
            object.list("params", params, Param::write);
        }
        if !select.hides(prefix, "tiers") {
            self.write_tiers(object.key("tiers"));
        }
        if !select.hides(prefix, "configuration") {
            let out = object.key("configuration");
            out.push_str("{\"params\":");
            out.push_str(&self.product.configuration);
            out.push('}');
        }
        if let Some(date) = &self.next_billing_date {
            object.value("billing", &serde_json::json!({ "next_date": date }));
        }
        object.raw("renewal_expiration_date", "null");
        write_events(object.key("events"), self.created_us, self.updated_us);
    }

    fn write_tiers(&self, out: &mut String) {
        let mut tiers = Object::begin(out);
        if self.tiers.nested {
            let out = tiers.key("customer");
            out.push('{');
            out.push_str(&self.tiers.customer.members);
            for (key, tier) in [("tier1", &self.tiers.tier1), ("tier2", &self.tiers.tier2)] {
                if let Some(account) = tier.account() {
                    out.push_str(&format!(",\"{key}\":"));
                    out.push_str(&account.named.json);
                }
            }
            out.push_str(",\"marketplace\":");
            out.push_str(&self.marketplace.json);
            out.push('}');
        } else {
            tiers.raw("customer", &self.tiers.customer.named.json);
            self.tiers.tier1.write("tier1", &mut tiers);
            self.tiers.tier2.write("tier2", &mut tiers);
        }
        tiers.end();
    }
}

pub(super) fn write_events(out: &mut String, created_us: i64, updated_us: i64) {
    let mut events = Object::begin(out);
    for (key, at) in [("created", created_us), ("updated", updated_us)] {
        let mut event = Object::begin(events.key(key));
        event.text("at", &instant_text(at));
        event.end();
    }
    events.end();
}
