//! Finds the requests of a page without looking at those that an index excludes.

use std::sync::Arc;

use super::index::Span;
use super::lag::Lagging as _;
use super::list::{Window, keys};
use super::request::Request;
use super::request_columns::{RequestField, RequestRow};
use super::state::{Moment, State};
use super::words::Status;
use crate::rql::{Check, Constant, Operator, Plan, Predicate};

/// A page's requests and how many there are in all.
pub(super) struct Found {
    pub(super) total: usize,
    pub(super) page: Vec<Arc<Request>>,
}

/// How the rows come.
enum Order<'a> {
    Oldest,
    Newest,
    By(&'a [(RequestField, bool)]),
}

/// What an index can say of a filter, and the rest of it.
struct Narrowed<'a> {
    span: Span,
    /// None when the filter does not name statuses.
    statuses: Option<Vec<Status>>,
    rest: Vec<&'a Predicate<RequestField>>,
}

pub(super) fn search(state: &State, plan: &Plan<RequestField>, window: Window, moment: Moment) -> Found {
    let order = match plan.ordering.as_deref().unwrap_or_default() {
        [] | [(RequestField::Created, false)] => Order::Oldest,
        [(RequestField::Created, true)] => Order::Newest,
        fields => Order::By(fields),
    };
    let mut narrowed = narrow(&plan.filter);
    let lags = state.lags(moment.at);
    if lags {
        // The indexes know requests as they are, not as they are seen.
        narrowed = Narrowed { span: Span::EVER, statuses: None, rest: plan.filter.iter().collect() };
    }
    let one_status = match narrowed.statuses.as_deref() {
        None => None,
        Some([]) => return Found { total: 0, page: Vec::new() },
        Some([status]) => Some(*status),
        Some(_) => None,
    };
    let slots = state.index.slots(&state.requests, one_status, narrowed.span);
    let several = if one_status.is_none() { narrowed.statuses } else { None };
    let matches = |slot: u32| -> Option<&Arc<Request>> {
        let request = if lags { state.request(slot).seen(moment.at)? } else { state.request(slot) };
        if several.as_ref().is_some_and(|statuses| !statuses.contains(&request.status)) {
            return None;
        }
        let row = RequestRow { request, asset: state.asset_seen(request, moment.at), wall_us: moment.wall_us };
        narrowed.rest.iter().all(|predicate| predicate.selects(&row)).then_some(request)
    };
    let everything = several.is_none() && narrowed.rest.is_empty() && !lags;
    match order {
        Order::Oldest if everything => whole(state, slots.len(), slots.iter().copied(), window),
        Order::Newest if everything => whole(state, slots.len(), slots.iter().rev().copied(), window),
        Order::Oldest => walk(slots.iter().copied(), matches, window),
        Order::Newest => walk(slots.iter().rev().copied(), matches, window),
        Order::By(fields) => {
            let mut found: Vec<&Arc<Request>> = slots.iter().filter_map(|slot| matches(*slot)).collect();
            found.sort_by_cached_key(|request| {
                let row = RequestRow { request, asset: state.asset_seen(request, moment.at), wall_us: moment.wall_us };
                (keys(&row, fields), request.id.clone())
            });
            Found { total: found.len(), page: window.cut(found).into_iter().cloned().collect() }
        }
    }
}

/// A page of slots that all match: nothing is looked at but the page.
fn whole(state: &State, total: usize, slots: impl Iterator<Item = u32>, window: Window) -> Found {
    let page = slots.skip(window.offset).take(window.limit).map(|slot| state.request(slot).clone());
    Found { total, page: page.collect() }
}

fn walk<'a>(
    slots: impl Iterator<Item = u32>,
    matches: impl Fn(u32) -> Option<&'a Arc<Request>>,
    window: Window,
) -> Found {
    let mut found = Found { total: 0, page: Vec::new() };
    for request in slots.filter_map(matches) {
        if window.holds(found.total) {
            found.page.push(request.clone());
        }
        found.total += 1;
    }
    found
}

fn narrow(filter: &[Predicate<RequestField>]) -> Narrowed<'_> {
    let mut narrowed = Narrowed { span: Span::EVER, statuses: None, rest: Vec::new() };
    for predicate in filter {
        let taken = match predicate {
            Predicate::Test(RequestField::Created, check) => narrowed.span.meet(check),
            Predicate::Test(RequestField::Status, Check::OneOf(words)) if narrowed.statuses.is_none() => {
                let mut statuses: Vec<Status> = words.iter().filter_map(status_of).collect();
                statuses.sort_unstable();
                statuses.dedup();
                narrowed.statuses = Some(statuses);
                true
            }
            _ => false,
        };
        if !taken {
            narrowed.rest.push(predicate);
        }
    }
    narrowed
}

fn status_of(constant: &Constant) -> Option<Status> {
    match constant {
        Constant::Text(word) => Status::of_word(word),
        _ => None,
    }
}

impl Span {
    /// Narrows the span by a check of the instant of creation, if it can.
    fn meet(&mut self, check: &Check) -> bool {
        let (from, to) = match check {
            Check::Compare(Operator::Ge, Constant::Integer(at)) => (*at, i64::MAX),
            Check::Compare(Operator::Gt, Constant::Integer(at)) => (at.saturating_add(1), i64::MAX),
            Check::Compare(Operator::Le, Constant::Integer(at)) => (i64::MIN, *at),
            Check::Compare(Operator::Lt, Constant::Integer(at)) => (i64::MIN, at.saturating_sub(1)),
            Check::OneOf(constants) => match constants.as_slice() {
                [Constant::Integer(at)] => (*at, *at),
                _ => return false,
            },
            _ => return false,
        };
        *self = Span { from_us: self.from_us.max(from), to_us: self.to_us.min(to) };
        true
    }
}
