//! All that the groups of one marketplace share. A copy shares everything with its original until one of them changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::entity::Entity;
use super::seed;

/// By group and resource, in the order of their making.
pub(super) type Shelves = BTreeMap<(String, String), Vec<Arc<Entity>>>;

#[derive(Debug, Clone)]
pub(in super::super) struct Connec {
    shelves: Arc<Shelves>,
}

impl Connec {
    pub(in super::super) fn seeded(place: usize) -> Connec {
        Connec { shelves: seed::shelves(place) }
    }

    pub(super) fn shelf(&self, group_id: &str, resource: &str) -> &[Arc<Entity>] {
        self.shelves.get(&key(group_id, resource)).map_or(&[], Vec::as_slice)
    }

    /// The first two of a group, as they are shown.
    pub(in super::super) fn first(&self, group_id: &str, resource: &str, lists: bool) -> Value {
        self.shelf(group_id, resource).iter().take(2).map(|entity| entity.show(lists)).collect()
    }

    pub(super) fn add(&mut self, group_id: &str, resource: &str, entity: Entity) {
        let shelves = Arc::make_mut(&mut self.shelves);
        shelves.entry(key(group_id, resource)).or_default().push(Arc::new(entity));
    }

    pub(super) fn find_mut(
        &mut self,
        group_id: &str,
        resource: &str,
        wanted: impl Fn(&Entity) -> bool,
    ) -> Option<&mut Entity> {
        let shelf = Arc::make_mut(&mut self.shelves).get_mut(&key(group_id, resource))?;
        shelf.iter_mut().find(|entity| wanted(entity)).map(Arc::make_mut)
    }
}

fn key(group_id: &str, resource: &str) -> (String, String) {
    (group_id.to_owned(), resource.to_owned())
}
