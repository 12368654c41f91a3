//! What all lists share: the query, the page, and the `Content-Range` (contract, 1.3).

use http::{HeaderName, HeaderValue, header};
use serde_json::Value;

use super::refusal;
use super::selection::Selection;
use crate::call::Call;
use crate::reply::Reply;
use crate::rql::{Column, Key, Plan, Query, Row, Scalar};

/// The rows of a page that says nothing of its length, unless the server's cap is lower.
const DEFAULT_LIMIT: usize = 1000;

/// Reads the call's query; what is wrong with it is a 400.
pub(super) fn query(call: &Call<'_>) -> Result<Query, Reply> {
    Query::parse(&unquoted(call.raw_query)).map_err(|refused| refusal::invalid(&refused.0))
}

/// Checks a query against what a list knows.
pub(super) fn plan<F: Copy>(query: &Query, columns: &[Column<F>]) -> Result<Plan<F>, Reply> {
    Plan::bind(query, columns).map_err(|refused| refusal::invalid(&refused.0))
}

/// The text with its percent-encoding undone, once; `+` is no space.
pub(crate) fn unquoted(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        let digits = more.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            None => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Which rows of those found a page holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) limit: usize,
    pub(super) offset: usize,
}

impl Window {
    /// What is no number is as if it was not there; more than the server's cap is the cap. Neither is told.
    pub(super) fn of<F>(plan: &Plan<F>, cap: usize) -> Window {
        let number = |text: &Option<String>| text.as_ref().and_then(|text| text.trim().parse::<usize>().ok());
        let limit = number(&plan.limit).unwrap_or(DEFAULT_LIMIT).min(cap);
        // A page without rows begins at nought, whatever was asked for.
        let offset = if limit == 0 { 0 } else { number(&plan.offset).unwrap_or(0) };
        Window { limit, offset }
    }

    pub(super) fn holds(self, place: usize) -> bool {
        place >= self.offset && place - self.offset < self.limit
    }

    /// Of the rows found, those in the window.
    pub(super) fn cut<T>(self, rows: Vec<T>) -> Vec<T> {
        rows.into_iter().skip(self.offset).take(self.limit).collect()
    }
}

/// A finished page: `json` is the array of `rows` rows.
pub(super) fn page(json: String, rows: usize, window: Window, total: usize) -> Reply {
    let last = window.offset + rows.saturating_sub(1);
    let range = format!("items {}-{last}/{total}", window.offset);
    let range = HeaderValue::try_from(range).unwrap_or(HeaderValue::from_static("items 0-0/0"));
    let headers: Vec<(HeaderName, HeaderValue)> = vec![(header::CONTENT_RANGE, range)];
    Reply { status: 200, body: json.into_bytes(), content_type: Some("application/json".to_owned()), headers }
}

/// Filters, orders and cuts rows that come in their default order; also tells how many were found.
pub(super) fn sift<'a, R: Row + 'a>(
    rows: impl Iterator<Item = &'a R>,
    plan: &Plan<R::Field>,
    window: Window,
) -> (usize, Vec<&'a R>) {
    let mut found: Vec<&R> = rows.filter(|row| plan.selects(*row)).collect();
    sort(&mut found, plan.ordering.as_deref().unwrap_or_default(), |row| *row);
    (found.len(), window.cut(found))
}

/// Sorts by the fields named; ties stay as they are.
pub(super) fn sort<'a, T, R: Row + 'a>(rows: &mut [T], ordering: &[(R::Field, bool)], row: impl Fn(&T) -> &'a R) {
    if !ordering.is_empty() {
        rows.sort_by_cached_key(|one| keys(row(one), ordering));
    }
}

/// A key that sorts the other way round when it is to go downwards.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Directed {
    Up(Key),
    Down(std::cmp::Reverse<Key>),
}

pub(super) fn keys<R: Row>(row: &R, ordering: &[(R::Field, bool)]) -> Vec<Directed> {
    let directed = |(field, down): &(R::Field, bool)| {
        let key = row.key(*field);
        if *down { Directed::Down(std::cmp::Reverse(key)) } else { Directed::Up(key) }
    };
    ordering.iter().map(directed).collect()
}

/// A row that is JSON already; its fields are paths.
pub(super) struct JsonRow(pub(super) Value);

impl Row for JsonRow {
    type Field = &'static str;

    fn any(&self, field: &'static str, holds: &mut dyn FnMut(Scalar<'_>) -> bool) -> bool {
        let found = field.split('.').try_fold(&self.0, |value, key| value.get(key));
        match found {
            Some(Value::String(text)) if field.ends_with("created") || field.ends_with(".at") => {
                holds(crate::rql::micros_of(text).map_or(Scalar::Null, Scalar::Integer))
            }
            Some(Value::String(text)) => holds(Scalar::Text(text)),
            Some(Value::Number(number)) => holds(number.as_i64().map_or(Scalar::Null, Scalar::Integer)),
            _ => holds(Scalar::Null),
        }
    }
}

/// A page of rows that are JSON already.
pub(super) fn json_page(
    call: &Call<'_>,
    rows: Vec<Value>,
    columns: &[Column<&'static str>],
    cap: usize,
) -> Result<Reply, Reply> {
    let plan = plan(&query(call)?, columns)?;
    let known = |path: &str| super::asset_columns::above_a_column(columns.iter().map(|column| column.name), path);
    let select = Selection::read(&plan.select, known)?;
    let window = Window::of(&plan, cap);
    let rows: Vec<JsonRow> = rows.into_iter().map(JsonRow).collect();
    let (total, rows) = sift(rows.iter(), &plan, window);
    let count = rows.len();
    let json = Value::Array(rows.into_iter().map(|row| row.0.clone()).collect()).to_string();
    Ok(page(select.finish(json), count, window, total))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(limit: Option<&str>, offset: Option<&str>, cap: usize) -> (usize, usize) {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let (limit, offset) = (owned(limit), owned(offset));
        let plan: Plan<()> = Plan { filter: Vec::new(), ordering: None, select: Vec::new(), limit, offset };
        let Window { limit, offset } = Window::of(&plan, cap);
        (limit, offset)
    }

    #[test]
    fn what_is_no_number_falls_back_and_what_is_too_much_is_cut() {
        assert_eq!(window(None, None, 1000), (1000, 0));
        assert_eq!(window(Some("10"), Some("20"), 1000), (10, 20));
        assert_eq!(window(Some("5000"), None, 1000), (1000, 0));
        assert_eq!(window(None, None, 50), (50, 0));
        for bad in ["-1", "x", "", "1.5"] {
            assert_eq!(window(Some(bad), Some(bad), 1000), (1000, 0), "{bad}");
        }
        assert_eq!(window(Some("0"), Some("20"), 1000), (0, 0));
    }

    #[test]
    fn a_query_is_decoded_once_and_plus_stays_plus() {
        assert_eq!(unquoted("a%20b+c%2520%zz%"), "a b+c%20%zz%");
        assert_eq!(unquoted("%D1%8F"), "я");
    }
}
