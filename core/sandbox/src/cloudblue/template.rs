//! Templates of a product: what a customer reads when a request is approved or inquired about.

use std::sync::Arc;

use serde_json::{Value, json};

use super::asset::Asset;
use super::instant_text;

#[derive(Debug)]
pub(super) struct Template {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) scope: &'static str,
    /// `fulfillment`, `inquire`, `pending`, or none.
    pub(super) kind: Option<&'static str>,
    pub(super) body: &'static str,
}

impl Template {
    pub(super) fn json(&self, position: usize) -> Value {
        let at = instant_text(0);
        let by = json!({ "id": "UR-000-000-001", "name": "Vera Vendor" });
        json!({
            "id": self.id, "title": self.name, "name": self.name, "body": self.body, "scope": self.scope,
            "type": self.kind, "position": 10_000 * (position + 1),
            "events": {"created": {"at": at, "by": by}, "updated": {"at": at, "by": by}},
        })
    }

    /// The body with what it says in double braces filled in.
    pub(super) fn render(&self, asset: &Asset, params: &[super::param::Param]) -> String {
        let mut rendered = String::new();
        let mut rest = self.body;
        while let Some((before, from)) = rest.split_once("{{") {
            let Some((name, after)) = from.split_once("}}") else { break };
            rendered.push_str(before);
            rendered.push_str(&word(name.trim(), asset, params));
            rest = after;
        }
        rendered + rest
    }
}

fn word(name: &str, asset: &Asset, params: &[super::param::Param]) -> String {
    match name {
        "asset.id" => asset.id.to_string(),
        "asset.external_id" => asset.external_id.text().unwrap_or_default(),
        "product.name" => asset.product.name.to_owned(),
        "customer.name" => asset.tiers.customer.named.name.clone(),
        _ => {
            let param =
                name.strip_prefix("params.").and_then(|id| params.iter().find(|param| param.definition.id == id));
            param.and_then(|param| param.value.as_deref()).unwrap_or_default().to_owned()
        }
    }
}

/// A template in a request, rendered; or the raw text that was sent in its place.
#[derive(Debug, Clone)]
pub(super) struct Rendered {
    pub(super) template: Option<Arc<Template>>,
    pub(super) message: String,
}
