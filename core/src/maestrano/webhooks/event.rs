//! What a webhook says.

use std::fmt;

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::value::RawValue;

use super::reply::Reply;
use crate::id::Id;

/// A webhook that was proved to come from a marketplace.
#[derive(Debug, Clone, serde::Serialize)]
#[non_exhaustive]
pub struct Unwrapped {
    #[serde(flatten)]
    pub event: Event,
    /// The marketplace that sent it.
    pub marketplace: String,
    /// The same for equal deliveries: the same marketplace, kind and ids, and of notifications and starts the same JSON.
    ///
    /// Maestrano numbers nothing and dates nothing. So two deletions of one group have one key, and so have two
    /// notifications of one text; and so have two *wishes* to start, toggle or report a synchronization, which are
    /// rightly repeated: do not drop those by their key.
    pub dedupe_key: String,
    /// What to answer when it was dealt with. [`Reply`] has the other answers.
    pub reply: Reply,
}

/// What a webhook says.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// The group is gone, and with it its subscription.
    GroupDeleted { group_id: Id },
    /// The user has no access to the group any more.
    GroupUserRemoved {
        group_id: Id,
        /// The user's own id, e.g. `usr-1`, even where the path had `usr-1.cld-1`.
        user_id: Id,
        /// The user's id in this group, e.g. `usr-1.cld-1`: what single sign-on calls `virtual_uid`.
        virtual_user_id: String,
    },
    /// Entities of Connec! were created or changed.
    ConnecNotification {
        /// By group, in the order in which each first appears.
        groups: Vec<Group>,
    },
    /// The group's data are to be synchronized now.
    SynchronizationStart {
        group_id: Id,
        /// An object, as it was written, or null.
        opts: Option<Box<RawValue>>,
    },
    /// Synchronization of the group is to be switched on if it is off, and off if it is on.
    SynchronizationToggle { group_id: Id },
    /// It is asked where the group's synchronization is: answer with [`Reply::synchronization`].
    SynchronizationStatus { group_id: Id },
}

/// The entities of one group in a notification.
#[derive(Debug, Clone, serde::Serialize)]
#[non_exhaustive]
pub struct Group {
    /// `None`: the entities name no group.
    pub group_id: Option<Id>,
    pub entities: Entities,
}

/// Entities by the name of their resource, in the order of the notification, each as it was written.
///
/// Its `Debug` shows how many there are, not what they hold.
#[derive(Clone, Default)]
pub struct Entities(pub(super) Vec<(String, Vec<Box<RawValue>>)>);

impl Entities {
    /// The entities of one resource, e.g. `organizations`.
    pub fn get(&self, resource: &str) -> &[Box<RawValue>] {
        self.0.iter().find(|(name, _)| name == resource).map_or(&[], |(_, entities)| entities)
    }

    /// Each resource with its entities.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[Box<RawValue>])> {
        self.0.iter().map(|(name, entities)| (name.as_str(), entities.as_slice()))
    }
}

impl Serialize for Entities {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        self.0.iter().try_for_each(|(name, entities)| map.serialize_entry(name, entities))?;
        map.end()
    }
}

impl fmt::Debug for Entities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(name, entities)| (name, entities.len()))).finish()
    }
}
