//! Requests in the order of their creation, all of them and those of each status.

use std::ops::Range;
use std::sync::Arc;

use super::request::Request;
use super::words::Status;

#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    all: Vec<u32>,
    by_status: [Vec<u32>; Status::ALL.len()],
}

/// Instants of creation, from and up to, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from_us: i64,
    pub(super) to_us: i64,
}

impl Span {
    pub(super) const EVER: Span = Span { from_us: i64::MIN, to_us: i64::MAX };
}

impl Index {
    /// The slots of the requests made in `span`, oldest first, ties by id; of one status or of all.
    pub(super) fn slots(&self, requests: &[Arc<Request>], status: Option<Status>, span: Span) -> &[u32] {
        let list = status.map_or(&self.all, |status| &self.by_status[status.place()]);
        let Range { start, end } = if span == Span::EVER {
            0..list.len()
        } else {
            let place =
                |before: &dyn Fn(i64) -> bool| list.partition_point(|slot| before(requests[*slot as usize].created_us));
            place(&|created| created < span.from_us)..place(&|created| created <= span.to_us)
        };
        list.get(start..end).unwrap_or_default()
    }

    pub(super) fn add(&mut self, requests: &[Arc<Request>], slot: u32) {
        put(&mut self.all, requests, slot);
        put(&mut self.by_status[requests[slot as usize].status.place()], requests, slot);
    }

    pub(super) fn remove(&mut self, requests: &[Arc<Request>], slot: u32) {
        take(&mut self.all, requests, slot);
        take(&mut self.by_status[requests[slot as usize].status.place()], requests, slot);
    }

    /// Puts a request, which has another status by now, to its place.
    pub(super) fn moved(&mut self, requests: &[Arc<Request>], slot: u32, from: Status) {
        take(&mut self.by_status[from.place()], requests, slot);
        put(&mut self.by_status[requests[slot as usize].status.place()], requests, slot);
    }

    /// Takes in all requests from `first` on at once.
    pub(super) fn extend(&mut self, requests: &[Arc<Request>], first: u32) {
        for (slot, request) in (first..).zip(&requests[first as usize..]) {
            self.all.push(slot);
            self.by_status[request.status.place()].push(slot);
        }
        for list in self.by_status.iter_mut().chain([&mut self.all]) {
            list.sort_by(|one, other| key(requests, *one).cmp(&key(requests, *other)));
        }
    }
}

fn key(requests: &[Arc<Request>], slot: u32) -> (i64, &str) {
    let request = &requests[slot as usize];
    (request.created_us, &request.id)
}

fn place(list: &[u32], requests: &[Arc<Request>], slot: u32) -> usize {
    let wanted = key(requests, slot);
    list.partition_point(|other| key(requests, *other) < wanted)
}

fn put(list: &mut Vec<u32>, requests: &[Arc<Request>], slot: u32) {
    list.insert(place(list, requests, slot), slot);
}

fn take(list: &mut Vec<u32>, requests: &[Arc<Request>], slot: u32) {
    let place = place(list, requests, slot);
    if list.get(place) == Some(&slot) {
        list.remove(place);
    }
}
