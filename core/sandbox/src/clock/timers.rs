//! What a virtual clock knows: who sleeps, who works, who is held up. No thread and no lock in here.

use std::collections::{BTreeMap, BTreeSet};
use std::task::Waker;
use std::time::{Duration, Instant};

/// A woken sleeper that has not been polled after this much real time never will be (its task waits for something else).
const UNSEEN: Duration = Duration::from_millis(100);

/// How long the server may take, in real time, to notice that the client of a withheld reply has gone.
const LEAVING: Duration = Duration::from_millis(20);

/// Whose request a withheld reply belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// A client that says when it is busy: while it waits for this reply it does not count as busy.
    Counted,
    /// Such a client that has left; the server is about to notice.
    Left,
    /// A client that knows nothing of this clock.
    Stranger,
}

/// What keeps the clock from jumping.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Hindrance {
    /// Something has to change first.
    Change,
    /// Nothing but real time.
    Until(Instant),
}

#[derive(Debug)]
struct Sleeper {
    waker: Waker,
    /// The park that ends with the sleep.
    park: Option<u64>,
}

#[derive(Debug, Default)]
pub(super) struct Timers {
    pub(super) now: Duration,
    /// Grows with every change; a clock that settles looks whether it has grown.
    pub(super) generation: u64,
    pub(super) stopped: bool,
    /// How many calls of `advance` are under way.
    pub(super) by_hand: usize,
    last_id: u64,
    sleepers: BTreeMap<(Duration, u64), Sleeper>,
    /// Woken, but not yet polled.
    unseen: BTreeSet<u64>,
    unseen_until: Option<Instant>,
    busy: usize,
    parks: BTreeMap<u64, Owner>,
    leaving_until: Option<Instant>,
}

impl Timers {
    fn id(&mut self) -> u64 {
        self.last_id += 1;
        self.generation += 1;
        self.last_id
    }

    /// Adds a sleeper, or gives the one called `known` its new waker. The old waker comes back, to be dropped outside the lock.
    pub(super) fn sleep(
        &mut self,
        at: Duration,
        known: Option<u64>,
        waker: Waker,
        park: Option<u64>,
    ) -> (u64, Option<Waker>) {
        let id = known.unwrap_or_else(|| self.id());
        let old = self.sleepers.insert((at, id), Sleeper { waker, park });
        (id, old.map(|sleeper| sleeper.waker))
    }

    /// Forgets a sleeper that was dropped or has seen its time come.
    pub(super) fn forget(&mut self, at: Duration, id: u64) -> Option<Waker> {
        self.generation += 1;
        self.unseen.remove(&id);
        self.sleepers.remove(&(at, id)).map(|sleeper| sleeper.waker)
    }

    pub(super) fn earliest(&self) -> Option<Duration> {
        self.sleepers.first_key_value().map(|((at, _), _)| *at)
    }

    pub(super) fn all_seen(&self) -> bool {
        self.unseen.is_empty()
    }

    /// Moves to `instant` and takes out the sleepers that are due; the caller wakes them without the lock.
    pub(super) fn jump(&mut self, instant: Duration, real: Instant) -> Vec<Waker> {
        self.generation += 1;
        self.now = self.now.max(instant);
        let mut due = Vec::new();
        while let Some(entry) = self.sleepers.first_entry() {
            if entry.key().0 > self.now {
                break;
            }
            self.unseen.insert(entry.key().1);
            let Sleeper { waker, park } = entry.remove();
            park.into_iter().for_each(|park| self.unpark(park));
            due.push(waker);
        }
        self.unseen_until = Some(real + UNSEEN);
        due
    }

    pub(super) fn work(&mut self) {
        self.generation += 1;
        self.busy += 1;
    }

    pub(super) fn rest(&mut self, real: Instant) {
        self.generation += 1;
        self.busy = self.busy.saturating_sub(1);
        let counted = self.counted();
        if counted > self.busy {
            // There are more withheld replies than clients that wait for one: somebody has left.
            self.turn(Owner::Counted, Owner::Left);
        } else if counted > 0 {
            // Whether a parked client has left or a working one has finished shows when the server notices, or does not.
            self.leaving_until = Some(real + LEAVING);
        }
    }

    pub(super) fn park(&mut self) -> u64 {
        let owner = if self.counted() < self.busy { Owner::Counted } else { Owner::Stranger };
        let id = self.id();
        self.parks.insert(id, owner);
        id
    }

    pub(super) fn unpark(&mut self, id: u64) {
        // It may have ended before its guard, in a jump.
        let Some(owner) = self.parks.remove(&id) else { return };
        self.generation += 1;
        self.leaving_until = None;
        // If it was another client that left, the one taken for it still waits.
        if owner == Owner::Counted && self.counted() < self.busy {
            self.turn(Owner::Left, Owner::Counted);
        }
    }

    fn counted(&self) -> usize {
        self.parks.values().filter(|owner| **owner == Owner::Counted).count()
    }

    fn turn(&mut self, from: Owner, to: Owner) {
        if let Some(owner) = self.parks.values_mut().find(|owner| **owner == from) {
            *owner = to;
        }
    }

    /// What keeps the clock from jumping to its earliest sleeper, if anything does.
    pub(super) fn hindrance(&self, real: Instant) -> Option<Hindrance> {
        if self.stopped || self.by_hand > 0 || self.sleepers.is_empty() || self.busy > self.counted() {
            return Some(Hindrance::Change);
        }
        let unseen = self.unseen_until.filter(|_| !self.unseen.is_empty());
        let until = unseen.max(self.leaving_until).filter(|until| *until > real);
        until.map(Hindrance::Until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_jump_wakes_the_sleepers_of_its_instant_and_no_later_one() {
        let (mut timers, real) = (Timers::default(), Instant::now());
        let ids: Vec<u64> = [2, 1, 9, 1].map(|n| timers.sleep(s(n), None, Waker::noop().clone(), None).0).into();
        assert_eq!(timers.hindrance(real), None);
        assert_eq!((timers.earliest(), timers.jump(s(1), real).len()), (Some(s(1)), 2));
        // Until both have been polled, nothing more happens.
        assert_eq!(timers.hindrance(real), Some(Hindrance::Until(real + UNSEEN)));
        timers.forget(s(1), ids[1]);
        timers.forget(s(1), ids[3]);
        assert_eq!(timers.hindrance(real), None);
        assert_eq!((timers.earliest(), timers.jump(s(2), real).len()), (Some(s(2)), 1));
        assert_eq!((timers.earliest(), timers.now), (Some(s(9)), s(2)));
    }

    #[test]
    fn a_strangers_park_does_not_make_a_busy_client_idle() {
        let (mut timers, real) = (Timers::default(), Instant::now());
        timers.sleep(s(1), None, Waker::noop().clone(), None);
        timers.park();
        assert_eq!(timers.hindrance(real), None);
        timers.work();
        assert_eq!(timers.hindrance(real), Some(Hindrance::Change));
        timers.park();
        assert_eq!(timers.hindrance(real), None);
    }
}
