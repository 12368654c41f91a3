//! Which request comes next: in order, those of one asset one at a time, and what was left not before its time.
//!
//! It knows no clock and sends nothing.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::options::Lane;

/// A request that waits for its turn, or is in hand.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) id: String,
    /// What it is about; its own id when it does not say.
    pub(super) asset: String,
    pub(super) kind: Option<String>,
    pub(super) lane: Lane,
    pub(super) text: Arc<str>,
    /// When its text was read, by the clock; none when it may have changed since.
    pub(super) read_at: Option<Duration>,
}

/// What is remembered of a request that was left, from cycle to cycle.
#[derive(Debug, Default)]
struct Memory {
    /// Times that handling it failed in a row.
    failures: u32,
    not_before_ms: i64,
}

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// What became of a request in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It needs no more handling.
    Settled,
    /// It is left as it is, until a time in milliseconds.
    Left(i64),
    /// Handling it failed: it is left until a time in milliseconds, and counted.
    Failed(i64),
}

/// What the queue gives.
#[derive(Debug)]
pub(super) enum Turn {
    Job(u64, Box<Candidate>),
    /// An earlier request of its asset was left in this cycle.
    Held,
    /// It was left until a later time.
    NotDue,
    /// All that wait are about assets in hand.
    Wait,
    Empty,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    memory: HashMap<String, Memory>,
    waiting: VecDeque<Candidate>,
    in_hand: HashMap<u64, Candidate>,
    /// Those in hand that are being acted upon.
    acting: HashSet<u64>,
    busy: HashSet<String>,
    /// Assets of which a request was left in this cycle.
    left: HashSet<String>,
    numbers: u64,
}

impl Queue {
    pub(super) fn begin_cycle(&mut self, now_ms: i64) {
        self.left.clear();
        // What was left so long ago has most likely gone: a worker runs for months.
        self.memory.retain(|_, memory| memory.not_before_ms.saturating_add(DAY_MS) > now_ms);
    }

    /// Forgets what waits and what is in hand; what it remembers of requests that were left stays.
    pub(super) fn abandon(&mut self) {
        self.waiting.clear();
        self.in_hand.clear();
        self.acting.clear();
        self.busy.clear();
        self.left.clear();
    }

    pub(super) fn clear_waiting(&mut self) {
        self.waiting.clear();
    }

    pub(super) fn add(&mut self, candidate: Candidate) {
        if !self.in_hand.values().any(|job| job.id == candidate.id) {
            self.waiting.push_back(candidate);
        }
    }

    /// Whether somebody acts upon a job.
    pub(super) fn is_acting(&self) -> bool {
        !self.acting.is_empty()
    }

    /// The job, for the one who acts upon it; none when it is not in hand, or somebody else does.
    pub(super) fn claim(&mut self, number: u64) -> Option<Candidate> {
        let candidate = self.in_hand.get(&number)?;
        self.acting.insert(number).then(|| candidate.clone())
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.in_hand.is_empty()
    }

    pub(super) fn in_hand(&self) -> usize {
        self.in_hand.len()
    }

    /// How often handling the request failed so far, plus one.
    pub(super) fn attempt(&self, id: &str) -> u32 {
        self.memory.get(id).map_or(0, |memory| memory.failures) + 1
    }

    /// The first request that can be handled now.
    pub(super) fn take(&mut self, now_ms: i64) -> Turn {
        let Some(place) = self.waiting.iter().position(|candidate| !self.busy.contains(&candidate.asset)) else {
            return if self.waiting.is_empty() { Turn::Empty } else { Turn::Wait };
        };
        let Some(candidate) = self.waiting.remove(place) else { return Turn::Empty };
        if self.left.contains(&candidate.asset) {
            return Turn::Held;
        }
        if self.memory.get(&candidate.id).is_some_and(|memory| memory.not_before_ms > now_ms) {
            self.left.insert(candidate.asset);
            return Turn::NotDue;
        }
        self.numbers += 1;
        self.busy.insert(candidate.asset.clone());
        self.in_hand.insert(self.numbers, candidate.clone());
        Turn::Job(self.numbers, Box::new(candidate))
    }

    /// Replaces what is known of a request in hand.
    pub(super) fn refresh(&mut self, number: u64, text: Arc<str>, read_at: Duration) {
        if let Some(candidate) = self.in_hand.get_mut(&number) {
            (candidate.text, candidate.read_at) = (text, Some(read_at));
        }
    }

    /// Takes a request out of hand; none when it was not in hand any more.
    pub(super) fn finish(&mut self, number: u64, fate: Fate) -> Option<Candidate> {
        let candidate = self.in_hand.remove(&number)?;
        let (id, asset) = (candidate.id.clone(), candidate.asset.clone());
        self.busy.remove(&candidate.asset);
        self.acting.remove(&number);
        match fate {
            Fate::Settled => drop(self.memory.remove(&id)),
            Fate::Left(not_before_ms) => {
                self.left.insert(asset);
                if not_before_ms > 0 {
                    self.memory.entry(id).or_default().not_before_ms = not_before_ms;
                }
            }
            Fate::Failed(not_before_ms) => {
                self.left.insert(asset);
                let memory = self.memory.entry(id).or_default();
                memory.failures += 1;
                memory.not_before_ms = not_before_ms;
            }
        }
        Some(candidate)
    }

    /// Puts a request back that nobody has any more. If it was acted upon, it is read again before it counts.
    pub(super) fn put_back(&mut self, number: u64) {
        if let Some(mut candidate) = self.in_hand.remove(&number) {
            self.busy.remove(&candidate.asset);
            if self.acting.remove(&number) {
                candidate.read_at = None;
            }
            self.waiting.push_front(candidate);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(id: &str, asset: &str) -> Candidate {
        let (id, asset) = (id.to_owned(), asset.to_owned());
        Candidate { id, asset, kind: None, lane: Lane::Pending, text: "{}".into(), read_at: None }
    }

    fn queue(rows: &[(&str, &str)]) -> Queue {
        let mut queue = Queue::default();
        rows.iter().for_each(|(id, asset)| queue.add(candidate(id, asset)));
        queue
    }

    fn taken(queue: &mut Queue, now_ms: i64) -> (u64, String) {
        match queue.take(now_ms) {
            Turn::Job(number, candidate) => (number, candidate.id),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn requests_of_one_asset_come_one_at_a_time_and_others_meanwhile() {
        let mut queue = queue(&[("1", "a"), ("2", "a"), ("3", "b")]);
        let (first, id) = taken(&mut queue, 0);
        assert_eq!(id, "1");
        assert_eq!(taken(&mut queue, 0).1, "3");
        assert!(matches!(queue.take(0), Turn::Wait));
        assert!(queue.finish(first, Fate::Settled).is_some());
        assert_eq!(taken(&mut queue, 0).1, "2");
        assert!(queue.finish(first, Fate::Settled).is_none());
    }

    #[test]
    fn a_change_never_overtakes_the_purchase_that_was_left() {
        for fate in [Fate::Left(0), Fate::Failed(500)] {
            let mut queue = queue(&[("1", "a"), ("2", "a")]);
            let (first, _) = taken(&mut queue, 0);
            queue.finish(first, fate);
            assert!(matches!(queue.take(0), Turn::Held));
            assert!(matches!(queue.take(0), Turn::Empty));
        }
    }

    #[test]
    fn what_was_left_comes_again_in_its_time_and_its_failures_are_counted() {
        let mut queue = queue(&[("1", "a")]);
        let (number, _) = taken(&mut queue, 0);
        queue.finish(number, Fate::Failed(1_000));
        assert_eq!(queue.attempt("1"), 2);
        queue.begin_cycle(1_000);
        queue.add(candidate("1", "a"));
        queue.add(candidate("2", "a"));
        assert!(matches!(queue.take(999), Turn::NotDue));
        assert!(matches!(queue.take(999), Turn::Held));
        queue.begin_cycle(1_000);
        queue.add(candidate("1", "a"));
        let (number, _) = taken(&mut queue, 1_000);
        queue.finish(number, Fate::Settled);
        assert_eq!(queue.attempt("1"), 1);
    }

    #[test]
    fn what_was_taken_and_never_handed_out_is_first_again() {
        let mut queue = queue(&[("1", "a"), ("2", "b")]);
        let (number, _) = taken(&mut queue, 0);
        queue.put_back(number);
        assert_eq!((taken(&mut queue, 0).1.as_str(), queue.in_hand()), ("1", 1));
    }
}
