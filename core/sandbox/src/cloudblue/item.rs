//! What is bought: a product's items, and the lines of a request.

use std::sync::Arc;

use serde_json::json;

use super::json_object::write_text;
use super::param::members;

#[derive(Debug)]
pub(super) struct Item {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) mpn: &'static str,
    /// `Reservation` or `PPU`, which is paid by use.
    pub(super) kind: &'static str,
    constant: String,
}

impl Item {
    pub(super) fn new(id: &'static str, name: &'static str, mpn: &'static str, kind: &'static str) -> Item {
        let constant = json!({
            "id": id, "global_id": format!("{id}-G"), "mpn": mpn, "display_name": name, "type": kind,
            "item_type": if kind == "PPU" { "PPU" } else { "Reservation" }, "period": "Monthly", "params": [],
        });
        Item { id, name, mpn, kind, constant: members(&constant.to_string()) }
    }

    pub(super) fn is_paid_by_use(&self) -> bool {
        self.kind == "PPU"
    }
}

/// An item in a request. Quantities are texts: `"3"`, `"unlimited"`, `"-1"`, `""`.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) item: Arc<Item>,
    pub(super) quantity: Arc<str>,
    pub(super) old_quantity: Arc<str>,
}

impl Line {
    pub(super) fn write(&self, out: &mut String) {
        out.push('{');
        out.push_str(&self.item.constant);
        out.push_str(",\"quantity\":");
        write_text(out, &self.quantity);
        out.push_str(",\"old_quantity\":");
        write_text(out, &self.old_quantity);
        out.push('}');
    }
}
