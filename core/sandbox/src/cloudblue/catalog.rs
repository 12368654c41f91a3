//! What exists before the first request: two products, and the parties that sell them. The same in every sandbox.

use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};

use super::item::Item;
use super::param::{ParamDefinition, configuration};
use super::party::{Connection, Named};
use super::product::Product;
use super::template::Template;
use super::words::ParamType;

#[derive(Debug)]
pub(super) struct Catalog {
    pub(super) products: Vec<Arc<Product>>,
    pub(super) connections: Vec<Arc<Connection>>,
    pub(super) marketplaces: Vec<Arc<Named>>,
    pub(super) contracts: Vec<Arc<Named>>,
}

impl Catalog {
    pub(super) fn shared() -> &'static Catalog {
        static CATALOG: OnceLock<Catalog> = OnceLock::new();
        CATALOG.get_or_init(|| Catalog {
            products: vec![Arc::new(drive()), Arc::new(mail())],
            connections: connections(),
            marketplaces: named(&[("MP-00001", "Coco Market Europe"), ("MP-00002", "Coco Market Americas")], "icon"),
            contracts: named(
                &[("CRD-00000-00000-00001", "Distribution of Cloud Europe"), ("CRD-00000-00000-00002", "Syndication")],
                "type",
            ),
        })
    }

    pub(super) fn product(&self, id: &str) -> Option<&Arc<Product>> {
        self.products.iter().find(|product| product.id == id)
    }
}

fn named(pairs: &[(&str, &str)], more: &str) -> Vec<Arc<Named>> {
    let named = |(id, name): &(&str, &str)| {
        let value = if more == "icon" { format!("/media/{id}.png") } else { "distribution".to_owned() };
        Arc::new(Named::new(&json!({ "id": id, "name": name, more: value })))
    };
    pairs.iter().map(named).collect()
}

fn connections() -> Vec<Arc<Connection>> {
    let (europe, america) = (("PA-000-001", "Distributor Europe"), ("PA-000-002", "Distributor Americas"));
    [
        Connection::new("CT-0000-0000-0001", "production", europe, ("HB-0000-0001", "Hub Europe")),
        Connection::new("CT-0000-0000-0002", "production", america, ("HB-0000-0002", "Hub Americas")),
        Connection::new("CT-0000-0000-0003", "test", europe, ("HB-0000-0001", "Hub Europe")),
        Connection::new("CT-0000-0000-0004", "preview", europe, ("HB-0000-0001", "Hub Europe")),
    ]
    .map(Arc::new)
    .into()
}

/// The quickstart's product: parameters of all types, no tier setup.
fn drive() -> Product {
    let param = |id, title, kind, phase, required, choices: Value| {
        Arc::new(ParamDefinition::new(id, title, kind, phase, required, &choices))
    };
    let labelled = |pairs: &[(&str, &str)]| -> Value {
        pairs.iter().map(|(value, label)| json!({ "value": value, "label": label })).collect()
    };
    Product {
        id: "PRD-1",
        name: "Coco Drive",
        items: vec![
            Arc::new(Item::new("PRD-1-0001", "Seat", "DRIVE-SEAT", "Reservation")),
            Arc::new(Item::new("PRD-1-0002", "Backup space", "DRIVE-BACKUP", "Reservation")),
            Arc::new(Item::new("PRD-1-0003", "Traffic", "DRIVE-TRAFFIC", "PPU")),
        ],
        // `value_choices` comes in all the forms that the vendor sends: texts, pairs, nothing, and "".
        params: vec![
            param("company_name", "Company name", ParamType::Text, "ordering", true, json!([])),
            param("email", "Administrator's email", ParamType::Email, "ordering", false, json!([])),
            param("plan", "Plan", ParamType::Dropdown, "ordering", false, labelled(&[("s", "Small"), ("l", "Large")])),
            param("region", "Region", ParamType::Choice, "ordering", false, json!(["eu", "us"])),
            param(
                "features",
                "Features",
                ParamType::Checkbox,
                "ordering",
                false,
                labelled(&[("sso", "Single sign-on"), ("audit", "Audit log")]),
            ),
            param("domain", "Domain", ParamType::Domain, "ordering", false, json!("")),
            param("subdomain", "Subdomain", ParamType::Subdomain, "ordering", false, json!("")),
            param("website", "Website", ParamType::Url, "ordering", false, json!([])),
            param("office", "Office", ParamType::Address, "ordering", false, json!([])),
            param("phone", "Phone", ParamType::Phone, "ordering", false, json!([])),
            param("migration_info", "Migration", ParamType::Object, "ordering", false, json!([])),
            param("admin_password", "Administrator's password", ParamType::Password, "fulfillment", false, json!([])),
            param("subscription_id", "Subscription id", ParamType::Text, "fulfillment", false, json!([])),
        ],
        templates: templates(["TL-1", "TL-2", "TL-3", "TL-4"]),
        configuration: format!("[{}]", configuration("api_endpoint", "https://drive.example.com/api")),
        sets_up_tiers: false,
        validates: true,
        holds: true,
        shown: Default::default(),
    }
}

/// A product whose resellers are set up first, and which knows neither drafts nor suspension.
fn mail() -> Product {
    let param =
        |id, title, kind, phase, required| Arc::new(ParamDefinition::new(id, title, kind, phase, required, &json!([])));
    Product {
        id: "PRD-2",
        name: "Coco Mail",
        items: vec![
            Arc::new(Item::new("PRD-2-0001", "Mailbox", "MAIL-BOX", "Reservation")),
            Arc::new(Item::new("PRD-2-0002", "Archive", "MAIL-ARCHIVE", "PPU")),
        ],
        params: vec![
            param("domain", "Domain", ParamType::Domain, "ordering", true),
            param("postmaster", "Postmaster", ParamType::Email, "ordering", false),
            param("tenant_id", "Tenant id", ParamType::Text, "fulfillment", false),
        ],
        templates: templates(["TL-5", "TL-6", "TL-7", "TL-8"]),
        configuration: "[]".to_owned(),
        sets_up_tiers: true,
        validates: false,
        holds: false,
        shown: Default::default(),
    }
}

fn templates(ids: [&'static str; 4]) -> Vec<Arc<Template>> {
    let template = |id, name, scope, kind, body| Arc::new(Template { id, name, scope, kind, body });
    let [ready, asked, waits, reseller] = ids;
    vec![
        template(
            ready,
            "Ready to use",
            "asset",
            Some("fulfillment"),
            "# {{ product.name }} is ready\n\nSubscription {{ asset.external_id }} of {{ customer.name }} is active.\n",
        ),
        template(
            asked,
            "We need more of you",
            "asset",
            Some("inquire"),
            "# One more question\n\nPlease complete the form of {{ product.name }} {{ asset.external_id }}.\n",
        ),
        template(
            waits,
            "In the works",
            "asset",
            Some("pending"),
            "# In the works\n\nWe set up {{ product.name }} now.\n",
        ),
        template(reseller, "Reseller is set up", "tier1", None, "# Welcome\n\nYou may sell {{ product.name }} now.\n"),
    ]
}
