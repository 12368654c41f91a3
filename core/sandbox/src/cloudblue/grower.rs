//! Makes assets and requests as they come in real life, with all their oddities (contract, 1.8).

use std::sync::Arc;

use serde_json::{Value, json};

use super::asset::{Asset, Tier, Tiers};
use super::catalog::Catalog;
use super::item::Line;
use super::param::{Param, ParamError};
use super::party::{Account, Assignee, ExternalId};
use super::product::Product;
use super::request::Request;
use super::template::Rendered;
use super::words::{AssetStatus, ParamType, RequestType, Status};
use super::workflow::asset_status;
use super::{ids, instant_text, people};
use crate::chance::Chance;

/// So many different customers share any number of assets.
const CUSTOMERS: u64 = 500;
const RESELLERS: u64 = 24;
/// So many different structured values share any number of parameters.
const VARIANTS: usize = 16;
const DAY_US: i64 = 86_400_000_000;

pub(super) struct Grower {
    pub(super) chance: Chance,
    catalog: &'static Catalog,
    customers: Vec<Arc<Account>>,
    resellers: Vec<Arc<Account>>,
    addresses: Vec<Arc<Value>>,
    phones: Vec<Arc<Value>>,
    features: Vec<Arc<Value>>,
    objects: Vec<Arc<Value>>,
    /// Texts that many parameters and lines share.
    empty: Arc<str>,
    zero: Arc<str>,
    quantities: Vec<Arc<str>>,
    uses: Vec<Arc<str>>,
}

impl Grower {
    pub(super) fn new(seed: u64, assets: u64) -> Grower {
        let mut chance = Chance::new(seed);
        let customers = (0..assets.clamp(1, CUSTOMERS)).map(|n| people::customer(&mut chance, n + 1)).collect();
        let resellers = (0..assets.clamp(3, RESELLERS)).map(|n| people::reseller(&mut chance, 900_000 + n)).collect();
        let values = |make: &mut dyn FnMut() -> Value| (0..VARIANTS).map(|_| Arc::new(make())).collect();
        let addresses = values(&mut || people::address(&mut chance));
        let phones = values(&mut || people::phone(&mut chance));
        let features = values(&mut || json!({ "sso": chance.once_in(2), "audit": chance.once_in(3) }));
        // Lists are as good as objects here.
        let objects = values(&mut || {
            if chance.once_in(2) {
                json!({ "source": "on-premise", "mailboxes": chance.below(500), "since": null })
            } else {
                json!([{ "host": format!("old-{}.example.com", chance.below(90)) }, "rest"])
            }
        });
        let texts = |texts: &[&str]| texts.iter().map(|text| Arc::from(*text)).collect();
        Grower {
            chance,
            catalog: Catalog::shared(),
            customers,
            resellers,
            addresses,
            phones,
            features,
            objects,
            empty: "".into(),
            zero: "0".into(),
            quantities: texts(&["1", "3", "5", "12", "unlimited", "250", "2", "7"]),
            uses: texts(&["-1", "unlimited", ""]),
        }
    }

    /// A product: the one named, or mostly the first.
    pub(super) fn product(&mut self, named: Option<&Arc<Product>>) -> Arc<Product> {
        let any = if self.chance.once_in(4) { &self.catalog.products[1] } else { &self.catalog.products[0] };
        named.unwrap_or(any).clone()
    }

    pub(super) fn asset(&mut self, number: u64, product: &Arc<Product>, created_us: i64) -> Asset {
        let chance = &mut self.chance;
        let number_text = format!("{}", 70_000_000 + number);
        let external_id = match chance.below(5) {
            0 => ExternalId::Integer(i64::try_from(70_000_000 + number).unwrap_or(0)),
            _ => ExternalId::Text(number_text),
        };
        let tier = |chance: &mut Chance, resellers: &[Arc<Account>]| match chance.below(6) {
            0 => Tier::Absent,
            1 => Tier::Null,
            2 => Tier::Empty,
            _ => Tier::Of(chance.one_of(resellers).clone()),
        };
        let tier1 = if chance.once_in(8) { Tier::Empty } else { Tier::Of(chance.one_of(&self.resellers).clone()) };
        let tier2 = tier(chance, &self.resellers);
        let customer = chance.one_of(&self.customers).clone();
        let tiers = Tiers { customer, tier1, tier2, nested: chance.once_in(9) };
        let connection = chance.one_of(&self.catalog.connections[..3]).clone();
        let lines: Vec<Line> = product
            .items
            .iter()
            .map(|item| {
                let pool = if item.is_paid_by_use() { &self.uses } else { &self.quantities };
                let old = if self.chance.once_in(2) { &self.empty } else { &self.zero };
                Line { item: item.clone(), quantity: self.chance.one_of(pool).clone(), old_quantity: old.clone() }
            })
            .collect();
        let params = product.params.iter().map(|definition| {
            let mut param = Param::new(definition, None);
            self.fill(&mut param, number);
            param
        });
        let params = Arc::new(params.collect());
        let named = self.chance.once_in(3).then(|| Arc::from(format!("Subscription {number}")));
        Asset {
            id: ids::asset(number).into(),
            status: AssetStatus::Processing,
            external_id,
            external_uid: people::uid(&mut self.chance).into(),
            external_name: named,
            product: product.clone(),
            connection,
            contract: self.chance.one_of(&self.catalog.contracts).clone(),
            marketplace: self.chance.one_of(&self.catalog.marketplaces).clone(),
            items: Arc::new(lines),
            params,
            tiers,
            template: None,
            next_billing_date: None,
            created_us,
            updated_us: created_us,
            requests: Vec::new(),
            lag: None,
            gone: false,
        }
    }

    fn fill(&mut self, param: &mut Param, number: u64) {
        let chance = &mut self.chance;
        let fulfilled = param.definition.phase != "fulfillment";
        param.value = match param.definition.kind {
            ParamType::Address => {
                param.structured = Some(chance.one_of(&self.addresses).clone());
                None
            }
            ParamType::Phone => {
                param.structured = Some(chance.one_of(&self.phones).clone());
                Some(self.empty.clone())
            }
            ParamType::Checkbox => {
                param.structured = Some(chance.one_of(&self.features).clone());
                Some(self.empty.clone())
            }
            ParamType::Object => {
                let object = chance.one_of(&self.objects).clone();
                let text = object.to_string();
                param.structured = Some(object);
                Some(text.into())
            }
            // What the vendor has to fill in is null or "".
            _ if !fulfilled => (!chance.once_in(2)).then(|| self.empty.clone()),
            ParamType::Email => Some(format!("admin-{number}@example.com").into()),
            ParamType::Domain => Some(format!("customer-{number}.example.com").into()),
            ParamType::Subdomain => Some(format!("c{number}").into()),
            ParamType::Url => Some(format!("https://customer-{number}.example.com/").into()),
            ParamType::Dropdown => Some((*chance.one_of(&["s", "l"])).into()),
            ParamType::Choice => Some((*chance.one_of(&["eu", "us"])).into()),
            _ => Some(format!("Customer {number}").into()),
        };
    }

    /// The asset's next request, which becomes its n-th, and what it makes of the asset.
    pub(super) fn request(
        &mut self,
        asset: &mut Asset,
        place: u32,
        n: usize,
        (kind, status): (RequestType, Status),
        created_us: i64,
    ) -> Request {
        let items = self.lines(asset, kind);
        asset.status = asset_status(kind, status, asset.status);
        asset.updated_us = created_us;
        let age = i64::try_from(self.chance.below(3_600_000_000)).unwrap_or(0);
        let mut request = Request {
            id: ids::request(&asset.id, n).into(),
            kind,
            status,
            asset: place,
            created_us,
            updated_us: if status == Status::Pending { created_us } else { created_us + age },
            note: String::new(),
            reason: String::new(),
            answered: None,
            assignee: self.assignee(),
            activation_key: String::new(),
            template: None,
            effective_date: None,
            planned_date: None,
            previous_approved: (n > 1).then(|| ids::request(&asset.id, n - 1).into()),
            external_attributes: None,
            items,
            params: None,
            messages: Vec::new(),
            transitions: Vec::new(),
            due: None,
            lag: None,
            gone: false,
        };
        self.outfit(asset, &mut request);
        request
    }

    /// What a request has because of its status.
    fn outfit(&mut self, asset: &mut Asset, request: &mut Request) {
        let render = |asset: &Asset, kind: &str| {
            let template = asset.product.templates.iter().find(|template| template.kind == Some(kind))?;
            Some(Rendered { template: Some(template.clone()), message: template.render(asset, &asset.params) })
        };
        match request.status {
            Status::Approved => {
                request.template = render(asset, "fulfillment");
                request.activation_key = request.template.as_ref().map(|one| one.message.clone()).unwrap_or_default();
                request.effective_date = self.chance.once_in(2).then(|| instant_text(request.updated_us));
                asset.items = request.items.clone();
                asset.template = request.template.as_ref().and_then(|one| one.template.clone());
            }
            Status::Failed => "The customer has no credit.".clone_into(&mut request.reason),
            Status::Inquiring => {
                request.template = render(asset, "inquire");
                request.answered = Some(false);
                let params = Arc::make_mut(&mut asset.params);
                if let Some(param) = params.iter_mut().find(|param| param.definition.kind == ParamType::Email) {
                    param.error =
                        Some(Box::new(ParamError { text: "Please fill this in".to_owned(), structured: None }));
                }
            }
            Status::Scheduled | Status::Revoking | Status::Revoked => {
                let days = i64::try_from(self.chance.below(60)).unwrap_or(0) + 30;
                request.planned_date = Some(instant_text(request.created_us + days * DAY_US));
            }
            _ => {}
        }
        if matches!(request.status, Status::Revoking | Status::Revoked) {
            "The customer has changed their mind.".clone_into(&mut request.reason);
        }
        if request.status.is_final() {
            request.params = Some(asset.params.clone());
        }
    }

    fn lines(&mut self, asset: &Asset, kind: RequestType) -> Arc<Vec<Line>> {
        match kind {
            RequestType::Purchase => asset.items.clone(),
            RequestType::Change => Arc::new(
                asset
                    .items
                    .iter()
                    .enumerate()
                    .map(|(place, line)| {
                        // One is removed, the others grow or shrink.
                        let pool = if place == 1 { std::slice::from_ref(&self.zero) } else { &self.quantities[..] };
                        let quantity = self.chance.one_of(pool).clone();
                        Line { item: line.item.clone(), quantity, old_quantity: line.quantity.clone() }
                    })
                    .collect(),
            ),
            _ => {
                let same = |line: &Line| Line { old_quantity: line.quantity.clone(), ..line.clone() };
                Arc::new(asset.items.iter().map(same).collect())
            }
        }
    }

    fn assignee(&mut self) -> Assignee {
        match self.chance.below(6) {
            0 => Assignee::Null,
            1 => Assignee::Text("vera@example.com".to_owned()),
            2 => Assignee::User {
                id: "UR-000-000-001".to_owned(),
                name: "Vera Vendor".to_owned(),
                email: "vera@example.com".to_owned(),
            },
            _ => Assignee::Nobody,
        }
    }

    /// Takes the administrator's email out of an asset.
    pub(super) fn forget_email(&self, asset: &mut Asset) {
        let params = Arc::make_mut(&mut asset.params);
        if let Some(param) = params.iter_mut().find(|param| param.definition.kind == ParamType::Email) {
            param.value = Some(self.empty.clone());
        }
    }
}
