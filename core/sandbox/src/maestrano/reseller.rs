//! A reseller of the platform.

use serde_json::{Map, Value};

use super::filter::{Cell, Row};
use super::group;

#[derive(Debug, Clone)]
pub(super) struct Reseller {
    pub(super) fields: Map<String, Value>,
    /// Ids of the groups that it has brought.
    pub(super) groups: Vec<&'static str>,
}

impl Row for Reseller {
    const COLUMNS: &'static [&'static str] = &["id", "name", "code", "country", "created_at", "updated_at"];

    fn cell(&self, column: &str) -> Cell<'_> {
        group::cell(&self.fields, column)
    }
}
