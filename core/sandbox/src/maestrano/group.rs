//! An account group: an organization that uses the app.

use serde_json::{Map, Value};

use super::filter::{Cell, Row};
use super::instant;

/// Its fields are kept as they are shown, because few of them are always there.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) fields: Map<String, Value>,
}

impl Group {
    pub(super) fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn id(&self) -> &str {
        self.text("id")
    }

    pub(super) fn is_running(&self) -> bool {
        self.text("status") == "running"
    }

    pub(super) fn terminate(&mut self, wall_ms: i64) {
        self.fields.insert("status".to_owned(), "terminated".into());
        self.fields.insert("updated_at".to_owned(), instant::text(wall_ms).into());
    }

    /// Whether it pays nothing yet at this instant.
    pub(super) fn is_on_trial(&self, wall_ms: i64) -> bool {
        instant::millis_of(self.text("free_trial_end_at")).is_some_and(|end| wall_ms < end)
    }
}

impl Row for Group {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "created_at",
        "updated_at",
        "has_credit_card",
        "status",
        "name",
        "free_trial_end_at",
        "email",
        "currency",
        "timezone",
        "country",
        "city",
        "main_accounting",
    ];

    fn cell(&self, column: &str) -> Cell<'_> {
        cell(&self.fields, column)
    }
}

/// What an object holds in a column.
pub(super) fn cell<'a>(fields: &'a Map<String, Value>, column: &str) -> Cell<'a> {
    match fields.get(column) {
        Some(Value::String(text)) if column.ends_with("_at") => {
            instant::millis_of(text).map_or(Cell::Null, Cell::Instant)
        }
        Some(Value::String(text)) => Cell::Text(text),
        Some(Value::Bool(boolean)) => Cell::Boolean(*boolean),
        Some(Value::Number(number)) => number.as_f64().map_or(Cell::Null, Cell::Number),
        _ => Cell::Null,
    }
}
