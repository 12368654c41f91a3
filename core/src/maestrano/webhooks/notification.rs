//! A notification of Connec!: entities of several groups in one body, split by group.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::body;
use super::event::{Entities, Group};
use super::members::Members;
use super::refusal::Refusal;
use crate::id::Id;

/// Reads `body` and splits it by `group_id`.
///
/// The order is kept: groups by their first entity, resources within a group likewise, entities as they were.
pub(super) fn read(text: &str) -> Result<Vec<Group>, Refusal> {
    let lists: Members<'_> = body::read(text, "an object of lists")?;
    let mut split = Split::default();
    for (list, (resource, entities)) in lists.0.into_iter().enumerate() {
        let entities: Vec<&RawValue> = match entities.get().as_bytes().first() {
            Some(b'[') => body::read(entities.get(), "an object of lists")?,
            // One entity where a list is expected is what a singular resource looks like.
            Some(b'{') => vec![entities],
            _ if entities.get() == "null" => Vec::new(),
            _ => return Err(Refusal::invalid_body(format!("the body's list {list} is no list"))),
        };
        for (place, entity) in entities.into_iter().enumerate() {
            let group = group_of(entity).ok_or_else(|| {
                let what = "is no object, or its group_id is no identifier";
                Refusal::invalid_body(format!("entity {place} of the body's list {list} {what}"))
            })?;
            split.add(group, &resource, entity.to_owned());
        }
    }
    Ok(split.groups)
}

/// The group that an entity names, `Some(None)` where it names none, `None` for what is no entity.
fn group_of(entity: &RawValue) -> Option<Option<Id>> {
    #[derive(Deserialize)]
    struct Head {
        #[serde(default)]
        group_id: Option<Id>,
    }
    // A list would be read as a struct's fields in order.
    let head: Head = entity.get().starts_with('{').then(|| serde_json::from_str(entity.get()).ok())??;
    match head.group_id {
        Some(id) => Some(Some(as_text(&id)?)),
        None => Some(None),
    }
}

/// The id as text, so that 4 and "4" are one group.
pub(super) fn as_text(id: &Id) -> Option<Id> {
    Id::new(id.as_str()).ok()
}

/// Groups as they come to light, and where each one and each of its resources is.
#[derive(Default)]
struct Split {
    groups: Vec<Group>,
    places: BTreeMap<Option<Id>, (usize, BTreeMap<String, usize>)>,
}

impl Split {
    fn add(&mut self, group_id: Option<Id>, resource: &str, entity: Box<RawValue>) {
        let groups = &mut self.groups;
        let (group, resources) = self.places.entry(group_id).or_insert_with_key(|group_id| {
            groups.push(Group { group_id: group_id.clone(), entities: Entities::default() });
            (groups.len() - 1, BTreeMap::new())
        });
        let Some(Group { entities: Entities(lists), .. }) = groups.get_mut(*group) else { return };
        let place = resources.get(resource).copied().unwrap_or_else(|| {
            lists.push((resource.to_owned(), Vec::new()));
            resources.insert(resource.to_owned(), lists.len() - 1);
            lists.len() - 1
        });
        if let Some((_, entities)) = lists.get_mut(place) {
            entities.push(entity);
        }
    }
}
