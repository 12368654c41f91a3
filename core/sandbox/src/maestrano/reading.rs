//! What all lists and gets of the account API have in common.

use serde_json::Value;

use super::envelope;
use super::filter::{Filter, Row};
use crate::call::Call;
use crate::reply::Reply;

/// The rows that the query selects; a list is everything, there are no pages.
pub(super) fn list<'a, R: Row + 'a>(
    call: &Call<'_>,
    rows: impl Iterator<Item = &'a R>,
    show: impl Fn(&R) -> Value,
) -> Reply {
    let filter = Filter::of::<R>(pairs(call));
    envelope::succeeded(&rows.filter(|row| filter.selects(*row)).map(show).collect())
}

pub(super) fn pairs<'a>(call: &'a Call<'_>) -> impl Iterator<Item = (&'a str, &'a str)> {
    call.query.iter().map(|(key, value)| (key.as_str(), value.as_str()))
}

pub(super) fn get(found: Option<Value>) -> Reply {
    found.map_or_else(|| envelope::unknown_id(200), |found| envelope::succeeded(&found))
}
