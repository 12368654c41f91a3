//! What is shared from the beginning: enough organizations for several pages, people, items, and a company for each group.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::{Value, json};

use super::super::instant;
use super::entity::Entity;
use super::store::Shelves;

/// More than fit in a page of a hundred.
const ORGANIZATIONS: u64 = 250;
/// 2016-01-01T00:00:00Z.
const FIRST_MS: i64 = 1_451_606_400_000;
const HOUR_MS: i64 = 3_600_000;

/// The same in every sandbox, so they are made once in a process.
pub(super) fn shelves(place: usize) -> Arc<Shelves> {
    static SHELVES: [OnceLock<Arc<Shelves>>; 2] = [const { OnceLock::new() }; 2];
    SHELVES[place].get_or_init(|| Arc::new(sown(place))).clone()
}

fn sown(place: usize) -> Shelves {
    let mut field = Field { shelves: Shelves::new(), place, made: 0 };
    for n in 1..=ORGANIZATIONS {
        let status = if n % 7 == 0 { "INACTIVE" } else { "ACTIVE" };
        let organization = json!({
            "code": format!("ORG-{n:03}"), "name": format!("Organization {n:03}"), "status": status,
            "is_customer": n % 2 == 0, "is_supplier": n % 2 == 1, "email": {"address": format!("office{n}@example.com")},
        });
        let id = field.add("cld-4", "organizations", organization);
        if n % 10 == 0 {
            let person = json!({
                "first_name": "Pat", "last_name": format!("Number {n:03}"), "organization_id": id,
                "email": {"address": format!("pat{n}@example.com")},
            });
            field.add("cld-4", "people", person);
        }
    }
    for n in 1..=30 {
        let item = json!({
            "code": format!("ITEM-{n:02}"), "name": format!("Item {n:02}"), "type": "SERVICE",
            "sale_price": {"net_amount": n * 10, "currency": "USD"},
        });
        field.add("cld-4", "items", item);
    }
    field.add("cld-5", "organizations", json!({"code": "ORG-001", "name": "Only & Alone", "status": "ACTIVE"}));
    for (group_id, name, currency) in
        [("cld-4", "Coco Co.", "USD"), ("cld-5", "Smith & Sons", "AUD"), ("cld-6", "Bare", "TRY")]
    {
        field.add(group_id, "company", json!({"name": name, "currency": currency, "timezone": "UTC"}));
    }
    field.shelves
}

struct Field {
    shelves: Shelves,
    place: usize,
    made: u64,
}

impl Field {
    /// Gives the id.
    fn add(&mut self, group_id: &str, resource: &str, mut fields: Value) -> String {
        self.made += 1;
        let at = instant::text(FIRST_MS + i64::try_from(self.made).unwrap_or(0) * HOUR_MS);
        for (key, value) in
            [("group_id", group_id), ("resource_type", resource), ("created_at", &at), ("updated_at", &at)]
        {
            fields[key] = value.into();
        }
        let id = format!("5eed0000-0000-4000-8{:03}-{:012}", self.place, self.made);
        let fields = fields.as_object().cloned().unwrap_or_default();
        let entity = Entity { id: id.clone(), fields, foreign_ids: Vec::new(), visible_at: Duration::ZERO };
        let shelf = self.shelves.entry((group_id.to_owned(), resource.to_owned())).or_default();
        shelf.push(Arc::new(entity));
        id
    }
}
