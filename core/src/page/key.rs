//! What a page's cursor reads of a row: who it is, and when it was created.

use std::borrow::Cow;

use tenantry_tape::unescape;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::{Page, Path};

/// How a list can be asked for the rows from a key on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyLookup {
    /// It takes `ge(created,…)`.
    GreaterOrEqual,
    /// It takes only `gt(created,…)`: a millisecond before the key is asked for.
    Greater,
}

/// The fields of a row that paging reads; nothing else of it is.
#[derive(Debug)]
pub struct RowKey<'p> {
    raw: &'p str,
    id: Option<Cow<'p, str>>,
    created: Option<Cow<'p, str>>,
}

impl<'p> RowKey<'p> {
    /// The keys of all rows of a page; one that is no object, or whose key is no text, has none.
    pub fn of_page(page: &'p Page) -> Vec<Self> {
        let shape = page.layout().root;
        let place = |path| Path::parse(shape, path).ok();
        let (id, created, events) = (place("id"), place("created"), place("events.created.at"));
        let text = |path: &Option<Path>, row| unescape(path.as_ref()?.find(page.text(), row)?);
        let key = |number: &u32| {
            let row = page.block(*number);
            let created = text(&created, row).or_else(|| text(&events, row));
            Self { raw: row.own().of(page.text()), id: text(&id, row), created }
        };
        page.numbers().iter().map(key).collect()
    }

    /// The row's own text.
    pub fn raw(&self) -> &'p str {
        self.raw
    }

    /// The row's id.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// When the row was created, in the server's own words: `created`, else `events.created.at`.
    pub fn created(&self) -> Option<&str> {
        self.created.as_deref()
    }
}

/// A point in time together with the server's own spelling of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instant {
    text: Box<str>,
    nanos: i128,
}

impl Instant {
    /// Reads RFC 3339 text; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self { text: text.into(), nanos: nanos(text)? })
    }

    /// Nanoseconds since the Unix epoch.
    pub fn nanos(&self) -> i128 {
        self.nanos
    }

    /// The text as the server wrote it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// RFC 3339 text of a millisecond earlier.
    pub(super) fn millisecond_before(&self) -> String {
        let before = OffsetDateTime::parse(&self.text, &Rfc3339).map(|at| at - Duration::milliseconds(1));
        before.ok().and_then(|before| before.format(&Rfc3339).ok()).unwrap_or_else(|| self.text.to_string())
    }
}

/// Nanoseconds from the Unix epoch to what RFC 3339 text says; `None` for anything else.
pub(super) fn nanos(text: &str) -> Option<i128> {
    Some(OffsetDateTime::parse(text, &Rfc3339).ok()?.unix_timestamp_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_from_either_place_and_nothing_else_matters() {
        let rows = [
            r#"{"id": "PR-1", "created": "2026-01-01T00:00:00+00:00", "asset": {"id": 7}, "events": []}"#,
            r#"{"id": "AS-1", "created": null, "events": {"created": {"at": "2026-01-01T00:00:00.5Z"}}}"#,
            "7",
            "[]",
            "{}",
            r#"{"id": 7, "created": {}, "events": {"created": 3}}"#,
        ];
        let layout = crate::page::layout("cloudblue", "Request").unwrap();
        let page = Page::read(layout, format!("[{}]", rows.join(",")), false).unwrap();
        let keys = RowKey::of_page(&page);
        let nanos = |key: &RowKey<'_>| Instant::parse(key.created().unwrap()).unwrap().nanos();
        assert_eq!((keys[0].id(), nanos(&keys[0])), (Some("PR-1"), 1_767_225_600_000_000_000));
        assert_eq!((keys[1].id(), nanos(&keys[1]) % 1_000_000_000), (Some("AS-1"), 500_000_000));
        assert!(keys[2..].iter().all(|key| key.id().is_none() && key.created().is_none()));
        assert!(keys.iter().map(RowKey::raw).eq(rows));
    }
}
