//! A timer wheel: when each of many flows is due, in eight bytes a flow.
//!
//! Four levels of 256 slots cover every tick of 32 bits; level 0 holds the ticks of the next 256, each higher level steps
//! that are 256 times as long, whose flows come down when their step begins. A slot is a list that runs through the flows'
//! own links, so that nothing is allocated when a flow is put off.

use super::chunks::Chunks;

const LEVELS: usize = 4;
const SLOTS: usize = 256;
const NONE: u32 = u32::MAX;

/// A flow's place in the list of a slot.
#[derive(Debug, Clone, Copy)]
struct Link {
    due: u32,
    next: u32,
}

impl Default for Link {
    fn default() -> Self {
        Self { due: 0, next: NONE }
    }
}

/// The flows that wait, by the tick at which each is due.
#[derive(Debug)]
pub(super) struct Wheel {
    links: Chunks<Link>,
    heads: [[u32; SLOTS]; LEVELS],
    /// Which slots hold anything, a bit each.
    occupied: [[u64; SLOTS / 64]; LEVELS],
    /// The last tick that was looked at.
    now: u32,
    len: usize,
}

impl Wheel {
    pub(super) fn new() -> Self {
        Self {
            links: Chunks::default(),
            heads: [[NONE; SLOTS]; LEVELS],
            occupied: [[0; SLOTS / 64]; LEVELS],
            now: 0,
            len: 0,
        }
    }

    /// How many flows wait.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.len
    }

    /// Has the flow `id`, which must not wait already, wait until tick `due`; what is past is due at the next one.
    pub(super) fn insert(&mut self, id: u32, due: u32) {
        let due = due.max(self.now.saturating_add(1));
        self.len += 1;
        self.link(id, due);
    }

    fn link(&mut self, id: u32, due: u32) {
        // The highest byte in which the two differ says how far away it is.
        let level = (31 - (self.now ^ due).leading_zeros().min(31)) as usize / 8;
        let slot = slot_of(due, level);
        *self.links.entry(id) = Link { due, next: self.heads[level][slot] };
        self.heads[level][slot] = id;
        self.occupied[level][slot / 64] |= 1 << (slot % 64);
    }

    /// The next tick at which something is to be done: a flow is due, or flows come down a level.
    pub(super) fn next_tick(&self) -> Option<u32> {
        (0..LEVELS).find_map(|level| {
            let slot = self.occupied_after(level, slot_of(self.now, level))?;
            // What lies below the slot's own byte is 0: that is where its step begins.
            let above = u64::from(self.now) >> (8 * (level + 1)) << (8 * (level + 1));
            u32::try_from(above | (slot as u64) << (8 * level)).ok()
        })
    }

    /// Moves to tick `to` and takes out all that is due by then, the earliest first.
    pub(super) fn advance(&mut self, to: u32, mut due: impl FnMut(u32)) {
        while let Some(tick) = self.next_tick().filter(|tick| *tick <= to) {
            self.now = tick;
            for level in (0..LEVELS).rev().filter(|level| u64::from(tick).trailing_zeros() as usize >= 8 * level) {
                let mut id = self.take(level, slot_of(tick, level));
                while id != NONE {
                    let link = *self.links.entry(id);
                    if link.due <= tick {
                        self.len -= 1;
                        due(id);
                    } else {
                        self.link(id, link.due);
                    }
                    id = link.next;
                }
            }
        }
        self.now = self.now.max(to);
    }

    fn take(&mut self, level: usize, slot: usize) -> u32 {
        self.occupied[level][slot / 64] &= !(1 << (slot % 64));
        std::mem::replace(&mut self.heads[level][slot], NONE)
    }

    fn occupied_after(&self, level: usize, slot: usize) -> Option<usize> {
        (slot / 64..SLOTS / 64).find_map(|word| {
            let after = if word == slot / 64 { (!0_u64 << (slot % 64)) << 1 } else { !0 };
            let bits = self.occupied[level][word] & after;
            (bits != 0).then(|| word * 64 + bits.trailing_zeros() as usize)
        })
    }
}

fn slot_of(tick: u32, level: usize) -> usize {
    (tick >> (8 * level)) as usize & (SLOTS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Ticks near and far, so that every level is used.
    fn ticks() -> impl Strategy<Value = u32> {
        prop_oneof![0..300_u32, 0..70_000_u32, 0..20_000_000_u32, any::<u32>().prop_map(|tick| tick.min(NONE - 1))]
    }

    proptest! {
        #[test]
        fn each_flow_comes_out_once_at_its_own_tick_and_in_order(
            dues in proptest::collection::vec(ticks(), 1..200),
            steps in proptest::collection::vec(ticks(), 1..50),
        ) {
            let (mut wheel, mut waiting, mut now) = (Wheel::new(), Vec::new(), 0);
            let mut steps = steps;
            steps.sort_unstable();
            steps.push(NONE - 1);
            let mut dues = dues.into_iter().enumerate();
            for step in steps {
                for (id, due) in dues.by_ref().take(7) {
                    wheel.insert(id as u32, due);
                    waiting.push((due.max(now + 1), id as u32));
                }
                waiting.sort_unstable();
                if let (Some(tick), Some((due, _))) = (wheel.next_tick(), waiting.first()) {
                    prop_assert!(tick <= *due, "the wheel would sleep past {due}: {tick}");
                }
                let mut out = Vec::new();
                wheel.advance(step, |id| out.push(id));
                let split = waiting.partition_point(|(due, _)| *due <= step);
                let expected: Vec<(u32, u32)> = waiting.drain(..split).collect();
                let due_of = |id: &u32| expected.iter().find(|(_, other)| other == id).map(|(due, _)| *due);
                let order: Vec<Option<u32>> = out.iter().map(due_of).collect();
                prop_assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{order:?}");
                prop_assert_eq!(out.len(), expected.len());
                prop_assert_eq!(wheel.len(), waiting.len());
                now = now.max(step);
            }
        }
    }

    #[test]
    fn an_empty_wheel_has_no_next_tick() {
        let mut wheel = Wheel::new();
        assert_eq!(wheel.next_tick(), None);
        wheel.advance(70_000, |_| panic!("nobody waits"));
        wheel.insert(3, 5);
        assert_eq!(wheel.next_tick(), Some(70_001), "what is past is due at once");
    }
}
