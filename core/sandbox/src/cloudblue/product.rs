//! What is sold, and everything that a product defines.

use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};

use super::item::Item;
use super::param::ParamDefinition;
use super::template::Template;

#[derive(Debug)]
pub(super) struct Product {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) items: Vec<Arc<Item>>,
    pub(super) params: Vec<Arc<ParamDefinition>>,
    pub(super) templates: Vec<Arc<Template>>,
    /// The list of its configuration's parameters, as JSON.
    pub(super) configuration: String,
    /// Resellers are set up before the vendor sees a request.
    pub(super) sets_up_tiers: bool,
    /// Knows drafts.
    pub(super) validates: bool,
    /// May suspend and resume.
    pub(super) holds: bool,
    /// As requests show it, without and with its capabilities; written once.
    pub(super) shown: [OnceLock<String>; 2],
}

impl Product {
    /// As requests show it; the capabilities only when they are asked for.
    pub(super) fn json(&self, with_capabilities: bool) -> &str {
        self.shown[usize::from(with_capabilities)].get_or_init(|| self.write(with_capabilities))
    }

    fn write(&self, with_capabilities: bool) -> String {
        let mut json = json!({
            "id": self.id, "name": self.name, "icon": format!("/media/{}/icon.png", self.id), "status": "published",
        });
        if with_capabilities {
            json["capabilities"] = json!({
                "subscription": {"hold": self.holds, "change": {"validation": self.validates}},
                "dynamic_validation": self.validates, "administrative_hold": self.holds,
                "tiers": self.sets_up_tiers.then(|| json!({"level": 1})),
            });
        }
        json.to_string()
    }

    pub(super) fn template(&self, id: &str) -> Option<&Arc<Template>> {
        self.templates.iter().find(|template| template.id == id)
    }

    pub(super) fn item(&self, id: &str) -> Option<&Arc<Item>> {
        self.items.iter().find(|item| item.id == id || item.mpn == id)
    }

    pub(super) fn listed_templates(&self) -> Vec<Value> {
        self.templates.iter().enumerate().map(|(position, template)| template.json(position)).collect()
    }
}
