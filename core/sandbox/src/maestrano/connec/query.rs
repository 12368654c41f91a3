//! `$filter`, `$orderby`, `$top`, `$skip`: what a list holds, in which order, and which part of it.

use std::cmp::Ordering;

use url::form_urlencoded;

use super::super::filter::{self, Cell};
use super::super::group::cell;
use super::entity::Entity;

/// The rows of a page that says nothing of it.
const TOP: usize = 100;

struct Condition {
    field: String,
    passes: &'static [Ordering],
    value: String,
}

pub(super) struct Query<'a> {
    conditions: Vec<Condition>,
    /// Fields, and whether in descending order.
    order: Vec<(String, bool)>,
    pub(super) top: usize,
    pub(super) skip: usize,
    /// As they were sent.
    pairs: &'a [(String, String)],
}

pub(super) struct Page<'a> {
    pub(super) rows: Vec<&'a Entity>,
    pub(super) total: usize,
}

impl<'a> Query<'a> {
    /// The error says which parameter is wrong.
    pub(super) fn read(pairs: &'a [(String, String)]) -> Result<Query<'a>, String> {
        let given = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let number = |name: &str, default: usize| match given(name) {
            Some(text) => text.parse().map_err(|_| format!("{name} is no number")),
            None => Ok(default),
        };
        let (top, skip) = (number("$top", TOP)?, number("$skip", 0)?);
        if top == 0 {
            return Err("$top is at least 1".to_owned());
        }
        let conditions = given("$filter").map_or(Ok(Vec::new()), conditions)?;
        let order = given("$orderby").map_or(Ok(Vec::new()), order)?;
        Ok(Query { conditions, order, top, skip, pairs })
    }

    pub(super) fn page<'e>(&self, mut rows: Vec<&'e Entity>) -> Page<'e> {
        rows.retain(|row| self.conditions.iter().all(|condition| condition.selects(row)));
        rows.sort_by(|one, other| {
            let orders = self.order.iter().map(|(field, descending)| {
                let order = compared(&cell(&one.fields, field), &cell(&other.fields, field));
                if *descending { order.reverse() } else { order }
            });
            orders.fold(Ordering::Equal, Ordering::then)
        });
        let total = rows.len();
        Page { rows: rows.into_iter().skip(self.skip).take(self.top).collect(), total }
    }

    /// The next page's query, if there is one.
    pub(super) fn next(&self, total: usize) -> Option<String> {
        let skip = self.skip.saturating_add(self.top);
        let kept = self.pairs.iter().filter(|(key, _)| key != "$skip" && key != "$top");
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(kept).append_pair("$skip", &skip.to_string()).append_pair("$top", &self.top.to_string());
        (skip < total).then(|| query.finish())
    }
}

/// `updated_at gt '2016-01-01T00:00:00Z' and status eq 'ACTIVE'`.
fn conditions(text: &str) -> Result<Vec<Condition>, String> {
    text.split(" and ").map(condition).collect()
}

fn condition(text: &str) -> Result<Condition, String> {
    let wrong = || format!("$filter: `{text}` is not like `updated_at gt '2016-01-01T00:00:00Z'`");
    let mut words = text.trim().splitn(3, ' ');
    let (field, operator) = (words.next().ok_or_else(wrong)?, words.next().ok_or_else(wrong)?);
    let value = words.next().ok_or_else(wrong)?.trim();
    let passes: &[Ordering] = match operator {
        "eq" => &[Ordering::Equal],
        "ne" => &[Ordering::Less, Ordering::Greater],
        "gt" => &[Ordering::Greater],
        "ge" => &[Ordering::Greater, Ordering::Equal],
        "lt" => &[Ordering::Less],
        "le" => &[Ordering::Less, Ordering::Equal],
        _ => return Err(wrong()),
    };
    let quoted = value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    if quoted.is_none() && value.contains(['\'', ' ']) {
        return Err(wrong());
    }
    Ok(Condition { field: field.to_owned(), passes, value: quoted.unwrap_or(value).replace("''", "'") })
}

/// `name`, `updated_at desc, name asc`.
fn order(text: &str) -> Result<Vec<(String, bool)>, String> {
    let field = |text: &str| {
        let mut words = text.split_whitespace();
        match (words.next(), words.next().unwrap_or("asc"), words.next()) {
            (Some(field), "asc", None) => Ok((field.to_owned(), false)),
            (Some(field), "desc", None) => Ok((field.to_owned(), true)),
            _ => Err(format!("$orderby: `{text}` is not like `updated_at desc`")),
        }
    };
    text.split(',').map(field).collect()
}

impl Condition {
    fn selects(&self, entity: &Entity) -> bool {
        let order = filter::order(&cell(&entity.fields, &self.field), &self.value);
        order.is_some_and(|order| self.passes.contains(&order))
    }
}

/// What is absent comes first.
fn compared(one: &Cell<'_>, other: &Cell<'_>) -> Ordering {
    match (one, other) {
        (Cell::Text(one), Cell::Text(other)) => one.cmp(other),
        (Cell::Instant(one), Cell::Instant(other)) => one.cmp(other),
        (Cell::Boolean(one), Cell::Boolean(other)) => one.cmp(other),
        (Cell::Number(one), Cell::Number(other)) => one.total_cmp(other),
        (Cell::Null, Cell::Null) => Ordering::Equal,
        (Cell::Null, _) => Ordering::Less,
        (_, Cell::Null) => Ordering::Greater,
        _ => Ordering::Equal,
    }
}
