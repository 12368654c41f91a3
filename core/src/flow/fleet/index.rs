//! Flows by their keys, in four to eight bytes a flow: the keys themselves lie with the flows.

use std::hash::{BuildHasher as _, RandomState};

const FREE: u32 = u32::MAX;

/// An open-addressed table of flow numbers. Whoever asks gives the keys: `key` of a number that the table holds.
#[derive(Debug, Default)]
pub(super) struct Index {
    places: Vec<u32>,
    len: usize,
    state: RandomState,
}

impl Index {
    fn home(&self, key: &str) -> usize {
        // Truncation only mixes less.
        self.state.hash_one(key) as usize & (self.places.len() - 1)
    }

    /// The flow called `key`.
    pub(super) fn find<'k>(&self, key: &str, key_of: impl Fn(u32) -> &'k str) -> Option<u32> {
        self.place(key, &key_of).map(|place| self.places[place])
    }

    fn place<'k>(&self, key: &str, key_of: &impl Fn(u32) -> &'k str) -> Option<usize> {
        if self.places.is_empty() {
            return None;
        }
        let mut place = self.home(key);
        while self.places[place] != FREE {
            if key_of(self.places[place]) == key {
                return Some(place);
            }
            place = (place + 1) & (self.places.len() - 1);
        }
        None
    }

    /// Adds the flow `number`, whose key no other has.
    pub(super) fn insert<'k>(&mut self, number: u32, key_of: impl Fn(u32) -> &'k str) {
        if (self.len + 1) * 8 > self.places.len() * 7 {
            let larger = vec![FREE; (self.places.len() * 2).max(64)];
            let old = std::mem::replace(&mut self.places, larger);
            old.into_iter().filter(|other| *other != FREE).for_each(|other| self.put(other, &key_of));
        }
        self.put(number, &key_of);
        self.len += 1;
    }

    fn put<'k>(&mut self, number: u32, key_of: &impl Fn(u32) -> &'k str) {
        let mut place = self.home(key_of(number));
        while self.places[place] != FREE {
            place = (place + 1) & (self.places.len() - 1);
        }
        self.places[place] = number;
    }

    /// Takes the flow called `key` out.
    pub(super) fn remove<'k>(&mut self, key: &str, key_of: impl Fn(u32) -> &'k str) {
        let Some(mut hole) = self.place(key, &key_of) else { return };
        self.len -= 1;
        let mask = self.places.len() - 1;
        let mut place = (hole + 1) & mask;
        // Those behind it move up, unless they would then stand before their home.
        while self.places[place] != FREE {
            let home = self.home(key_of(self.places[place]));
            if (place.wrapping_sub(home) & mask) >= (place.wrapping_sub(hole) & mask) {
                self.places[hole] = self.places[place];
                hole = place;
            }
            place = (place + 1) & mask;
        }
        self.places[hole] = FREE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_holds_what_was_added_and_not_removed(changes in proptest::collection::vec((0..300_u32, any::<bool>()), 0..800)) {
            let keys: Vec<String> = (0..300).map(|number| format!("shop-{number}")).collect();
            let key_of = |number: u32| keys[number as usize].as_str();
            let (mut index, mut expected) = (Index::default(), BTreeSet::new());
            for (number, add) in changes {
                match (add, expected.contains(&number)) {
                    (true, false) => {
                        index.insert(number, key_of);
                        expected.insert(number);
                    }
                    (false, _) => {
                        index.remove(key_of(number), key_of);
                        expected.remove(&number);
                    }
                    _ => {}
                }
                for number in 0..300 {
                    prop_assert_eq!(index.find(key_of(number), key_of), expected.get(&number).copied());
                }
            }
        }
    }
}
