//! What Maestrano can send: each kind's method, the configured path it is sent to, and the ids in that path.

use serde::{Deserialize, Serialize};

use crate::maestrano::Marketplace;

/// What a webhook is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    GroupDeleted,
    GroupUserRemoved,
    ConnecNotification,
    SynchronizationStart,
    SynchronizationToggle,
    SynchronizationStatus,
}

/// How one kind is sent.
pub(super) struct Row {
    pub(super) kind: Kind,
    /// The kind as events and orders name it.
    pub(super) name: &'static str,
    pub(super) method: &'static str,
    /// The placeholder of the group's id.
    pub(super) group: Option<&'static str>,
    /// The placeholder of the user's id.
    pub(super) user: Option<&'static str>,
    path: fn(&Marketplace) -> Option<&str>,
}

impl Row {
    /// The path that the marketplace is configured to send this kind to; empty is the same as none.
    pub(super) fn path<'a>(&self, marketplace: &'a Marketplace) -> Option<&'a str> {
        (self.path)(marketplace).map(str::trim).filter(|path| !path.is_empty())
    }

    /// The placeholders without which the path does not say what happened to whom.
    pub(super) fn needs(&self) -> impl Iterator<Item = &'static str> {
        self.group.into_iter().chain(self.user)
    }
}

pub(super) static KINDS: [Row; 6] = [
    Row {
        kind: Kind::GroupDeleted,
        name: "group_deleted",
        method: "DELETE",
        group: Some("id"),
        user: None,
        path: |marketplace| marketplace.webhooks.account.group_path.as_deref(),
    },
    Row {
        kind: Kind::GroupUserRemoved,
        name: "group_user_removed",
        method: "DELETE",
        group: Some("group_id"),
        user: Some("id"),
        path: |marketplace| marketplace.webhooks.account.group_user_path.as_deref(),
    },
    Row {
        kind: Kind::ConnecNotification,
        name: "connec_notification",
        method: "POST",
        group: None,
        user: None,
        path: |marketplace| marketplace.webhooks.connec.notification_path.as_deref(),
    },
    Row {
        kind: Kind::SynchronizationStart,
        name: "synchronization_start",
        method: "POST",
        group: None,
        user: None,
        path: |marketplace| marketplace.app.synchronization_start_path.as_deref(),
    },
    Row {
        kind: Kind::SynchronizationToggle,
        name: "synchronization_toggle",
        method: "PUT",
        group: None,
        user: None,
        path: |marketplace| marketplace.app.synchronization_toggle_path.as_deref(),
    },
    Row {
        kind: Kind::SynchronizationStatus,
        name: "synchronization_status",
        method: "GET",
        group: Some("cld-uid"),
        user: None,
        path: |marketplace| marketplace.app.synchronization_status_path.as_deref(),
    },
];

impl Kind {
    pub(super) fn row(self) -> &'static Row {
        // The table is in the order of the variants; a test holds it to that.
        &KINDS[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_kind_at_its_place_under_its_own_name() {
        for (place, row) in KINDS.iter().enumerate() {
            assert_eq!(row.kind as usize, place);
            assert_eq!(serde_json::to_value(row.kind).unwrap(), row.name);
        }
    }
}
