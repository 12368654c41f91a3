//! The flows of a fleet, each as one small piece of memory: its key, and the packed state if it waits.

use super::chunks::Chunks;
use super::index::Index;
use crate::error::{Error, Result};

/// Where a flow is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Added, and not begun.
    New = 0,
    /// Parked: it polls, or waits in line to.
    Polls,
    /// Parked until a person answers.
    Asks,
    /// Driven at this moment, or kept whole.
    Away,
}

const PLACES: [Place; 4] = [Place::New, Place::Polls, Place::Asks, Place::Away];

/// The longest key in bytes.
const KEY: usize = 128;

/// All flows by number, and their numbers by key. A flow is `[place, length of the key, key…, packed state…]`.
#[derive(Debug, Default)]
pub(super) struct Parked {
    flows: Chunks<Box<[u8]>>,
    index: Index,
    /// Numbers that flows left.
    free: Vec<u32>,
    next: u32,
    counts: [usize; PLACES.len()],
}

impl Parked {
    /// Adds a flow and returns its number.
    ///
    /// # Errors
    /// `validation` for a key that cannot be one, or that a flow has already.
    pub(super) fn add(&mut self, key: &str) -> Result<u32> {
        if key.is_empty() || key.len() > KEY {
            return Err(Error::validation("key", format!("is empty or longer than {KEY} bytes")));
        }
        if self.find(key).is_some() {
            return Err(Error::validation("key", format!("a flow called {key:?} is in the fleet already")));
        }
        let number = self.free.pop().unwrap_or(self.next);
        self.next = self.next.max(number + 1);
        self.counts[Place::New as usize] += 1;
        // The length of a key was checked.
        *self.flows.entry(number) = [&[Place::New as u8, key.len() as u8], key.as_bytes()].concat().into();
        let flows = &self.flows;
        self.index.insert(number, |number| key_of(flows, number));
        Ok(number)
    }

    pub(super) fn find(&self, key: &str) -> Option<u32> {
        self.index.find(key, |number| key_of(&self.flows, number))
    }

    pub(super) fn key(&self, number: u32) -> &str {
        key_of(&self.flows, number)
    }

    pub(super) fn place(&self, number: u32) -> Place {
        let flow = self.flows.get(number).and_then(|flow| flow.first());
        flow.and_then(|place| PLACES.get(usize::from(*place))).copied().unwrap_or(Place::Away)
    }

    pub(super) fn packed(&self, number: u32) -> &[u8] {
        self.flows.get(number).and_then(|flow| flow.get(2 + usize::from(*flow.get(1)?)..)).unwrap_or(&[])
    }

    /// Puts the flow `number` into a place.
    pub(super) fn park(&mut self, number: u32, place: Place, packed: &[u8]) {
        self.counts[self.place(number) as usize] -= 1;
        self.counts[place as usize] += 1;
        let flow = self.flows.entry(number);
        let head = flow.get(1).map_or(0, |key| 2 + usize::from(*key));
        let mut parked = [&flow[..head], packed].concat().into_boxed_slice();
        if let Some(first) = parked.first_mut() {
            *first = place as u8;
        }
        *flow = parked;
    }

    /// Takes the flow out and returns its key.
    pub(super) fn remove(&mut self, number: u32) -> Box<str> {
        let key: Box<str> = self.key(number).into();
        self.counts[self.place(number) as usize] -= 1;
        let flows = &self.flows;
        self.index.remove(&key, |number| key_of(flows, number));
        *self.flows.entry(number) = Box::default();
        self.free.push(number);
        key
    }

    pub(super) fn count(&self, place: Place) -> usize {
        self.counts[place as usize]
    }
}

fn key_of(flows: &Chunks<Box<[u8]>>, number: u32) -> &str {
    let key = flows.get(number).and_then(|flow| flow.get(2..2 + usize::from(*flow.get(1)?)));
    // It was text when it was put there.
    key.and_then(|key| std::str::from_utf8(key).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_keeps_its_key_from_place_to_place_and_its_number_goes_to_another() {
        let mut parked = Parked::default();
        let (coco, dodo) = (parked.add("coco").unwrap(), parked.add("dodo").unwrap());
        parked.park(coco, Place::Polls, b"state");
        assert_eq!((parked.key(coco), parked.place(coco), parked.packed(coco)), ("coco", Place::Polls, &b"state"[..]));
        assert_eq!((parked.place(dodo), parked.packed(dodo)), (Place::New, &b""[..]));
        assert!(parked.add("coco").unwrap_err().to_string().contains("already"));
        assert_eq!(&*parked.remove(coco), "coco");
        assert_eq!((parked.find("coco"), parked.find("dodo")), (None, Some(dodo)));
        assert_eq!(parked.add("third").unwrap(), coco);
        assert_eq!((parked.count(Place::New), parked.count(Place::Polls)), (2, 0));
    }

    #[test]
    fn a_key_is_1_to_128_bytes() {
        let mut parked = Parked::default();
        assert!(parked.add("").is_err() && parked.add(&"x".repeat(129)).is_err());
        let longest = parked.add(&"x".repeat(128)).unwrap();
        assert_eq!(parked.key(longest).len(), 128);
    }
}
