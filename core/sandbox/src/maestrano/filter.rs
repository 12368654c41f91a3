//! How lists are filtered: `column=value`, and `column_after=value` and the like; an unknown key selects nothing.

use std::cmp::Ordering;

use super::instant;

/// What a row holds in a column.
#[derive(Debug, PartialEq)]
pub(super) enum Cell<'a> {
    Text(&'a str),
    /// Milliseconds since 1970.
    Instant(i64),
    Number(f64),
    Boolean(bool),
    /// Null compares with nothing.
    Null,
}

pub(super) trait Row {
    const COLUMNS: &'static [&'static str];

    fn cell(&self, column: &str) -> Cell<'_>;
}

/// Suffixes, and which orders of the row's value to the given one they let pass. The longer ones come first, because the
/// shorter ones end them.
const SUFFIXES: [(&str, &[Ordering]); 8] = [
    ("_strictly_before", &[Ordering::Less]),
    ("_strictly_after", &[Ordering::Greater]),
    ("_strictly_greater_than", &[Ordering::Greater]),
    ("_strictly_lower_than", &[Ordering::Less]),
    ("_before", &[Ordering::Less, Ordering::Equal]),
    ("_after", &[Ordering::Greater, Ordering::Equal]),
    ("_greater_than", &[Ordering::Greater, Ordering::Equal]),
    ("_lower_than", &[Ordering::Less, Ordering::Equal]),
];

struct Condition<'a> {
    column: &'a str,
    value: &'a str,
    passes: &'static [Ordering],
}

pub(super) struct Filter<'a> {
    conditions: Vec<Condition<'a>>,
    /// A key is unknown.
    selects_nothing: bool,
}

impl<'a> Filter<'a> {
    pub(super) fn of<R: Row>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Filter<'a> {
        let mut filter = Filter { conditions: Vec::new(), selects_nothing: false };
        for (key, value) in pairs {
            match condition::<R>(key, value) {
                Some(condition) => filter.conditions.push(condition),
                None => filter.selects_nothing = true,
            }
        }
        filter
    }

    pub(super) fn selects<R: Row>(&self, row: &R) -> bool {
        let passes = |condition: &Condition<'_>| {
            let order = order(&row.cell(condition.column), condition.value);
            order.is_some_and(|order| condition.passes.contains(&order))
        };
        !self.selects_nothing && self.conditions.iter().all(passes)
    }
}

fn condition<'a, R: Row>(key: &'a str, value: &'a str) -> Option<Condition<'a>> {
    if R::COLUMNS.contains(&key) {
        return Some(Condition { column: key, value, passes: &[Ordering::Equal] });
    }
    let (column, passes) = SUFFIXES.iter().find_map(|(suffix, passes)| Some((key.strip_suffix(suffix)?, *passes)))?;
    R::COLUMNS.contains(&column).then_some(Condition { column, value, passes })
}

/// None where the two cannot be compared.
pub(super) fn order(cell: &Cell<'_>, value: &str) -> Option<Ordering> {
    match cell {
        Cell::Text(text) => Some((*text).cmp(value)),
        Cell::Instant(at) => instant::millis_of(value).map(|value| at.cmp(&value)),
        Cell::Number(number) => value.parse().ok().and_then(|value| number.partial_cmp(&value)),
        Cell::Boolean(boolean) => match value {
            "true" | "1" | "t" => Some(boolean.cmp(&true)),
            "false" | "0" | "f" => Some(boolean.cmp(&false)),
            _ => None,
        },
        Cell::Null => None,
    }
}
