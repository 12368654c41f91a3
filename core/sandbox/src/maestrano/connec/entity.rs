//! One shared thing.

use std::time::Duration;

use serde_json::{Map, Value, json};
use tenantry::time::Random as _;

use super::super::instant;
use crate::call::Call;

/// The fields that only Connec! writes.
const OWN: [&str; 5] = ["id", "group_id", "resource_type", "created_at", "updated_at"];

#[derive(Debug, Clone)]
pub(super) struct Entity {
    pub(super) id: String,
    /// As they are shown where ids are texts, all of [`OWN`] but the id among them.
    pub(super) fields: Map<String, Value>,
    /// Ids that other systems have given it: `{"realm", "provider", "id"}`.
    pub(super) foreign_ids: Vec<Value>,
    /// Others see it from then on, by the sandbox's clock.
    pub(super) visible_at: Duration,
}

impl Entity {
    pub(super) fn made(sent: &Map<String, Value>, group_id: &str, resource: &str, call: &Call<'_>) -> Entity {
        let wall_ms = instant::whole_second(call.wall_ms);
        let own = json!({"group_id": group_id, "resource_type": resource, "created_at": instant::text(wall_ms)});
        let fields = own.as_object().cloned().unwrap_or_default();
        let mut entity =
            Entity { id: call.random.uuid(), fields, foreign_ids: Vec::new(), visible_at: call.visible_at() };
        entity.merge(sent, wall_ms);
        entity
    }

    /// Lays what was sent over what is there.
    pub(super) fn merge(&mut self, sent: &Map<String, Value>, wall_ms: i64) {
        for (key, value) in sent.iter().filter(|(key, _)| !OWN.contains(&key.as_str())) {
            let value = if key.ends_with("_id") { connec_id(value).cloned() } else { None };
            self.fields.insert(key.clone(), value.unwrap_or_else(|| sent[key].clone()));
        }
        for id in sent.get("id").and_then(Value::as_array).into_iter().flatten() {
            if id["provider"] != "connec" && !self.foreign_ids.contains(id) {
                self.foreign_ids.push(id.clone());
            }
        }
        self.fields.insert("updated_at".to_owned(), instant::text(wall_ms).into());
    }

    pub(super) fn visible(&self, now: Duration) -> bool {
        now >= self.visible_at
    }

    pub(super) fn has(&self, id: &str, now: Duration) -> bool {
        self.id == id && self.visible(now)
    }

    /// With ids as texts, or as lists of all that it is known by.
    pub(super) fn show(&self, lists: bool) -> Value {
        let mut shown = self.fields.clone();
        shown.insert("id".to_owned(), self.id.as_str().into());
        if lists {
            let realm = self.fields.get("group_id").and_then(Value::as_str).unwrap_or_default().replace("cld-", "org-");
            let listed = |id: &str| json!({"realm": realm, "provider": "connec", "id": id});
            for (key, value) in &mut shown {
                if let (true, Some(id)) = (key == "id" || key.ends_with("_id") && key != "group_id", value.as_str()) {
                    *value = json!([listed(id)]);
                }
            }
            if let Some(Value::Array(ids)) = shown.get_mut("id") {
                ids.extend(self.foreign_ids.iter().cloned());
            }
        }
        Value::Object(shown)
    }
}

/// Whether what is to be made says which id Connec! shall give it; ids of other systems are no such.
pub(super) fn names_itself(sent: &Map<String, Value>) -> bool {
    sent.get("id").is_some_and(|id| match id {
        Value::Null => false,
        Value::Array(_) => connec_id(id).is_some(),
        _ => true,
    })
}

/// The text in a list of ids that is Connec!'s own.
fn connec_id(ids: &Value) -> Option<&Value> {
    ids.as_array()?.iter().find(|id| id["provider"] == "connec")?.get("id")
}
