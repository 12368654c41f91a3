//! An account user, the groups that it is in, and its session.

use serde_json::{Map, Value};

use super::filter::{Cell, Row};
use super::group;

#[derive(Debug, Clone)]
pub(super) struct User {
    /// As they are shown, the session among them.
    pub(super) fields: Map<String, Value>,
    /// Ids of groups.
    pub(super) groups: Vec<&'static str>,
    pub(super) role: &'static str,
}

impl User {
    pub(super) fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn id(&self) -> &str {
        self.text("id")
    }

    pub(super) fn session(&self) -> Option<&str> {
        self.fields.get("sso_session").and_then(Value::as_str)
    }

    pub(super) fn set_session(&mut self, session: Option<String>) {
        self.fields.insert("sso_session".to_owned(), session.into());
    }

    pub(super) fn is_owner_of(&self, group_id: &str) -> bool {
        self.is_in(group_id) && self.role == "Super Admin"
    }

    pub(super) fn is_in(&self, group_id: &str) -> bool {
        self.groups.contains(&group_id)
    }
}

impl Row for User {
    const COLUMNS: &'static [&'static str] =
        &["id", "name", "surname", "email", "country", "company_name", "created_at", "updated_at"];

    fn cell(&self, column: &str) -> Cell<'_> {
        group::cell(&self.fields, column)
    }
}
