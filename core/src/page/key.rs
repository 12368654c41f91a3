//! What a page's cursor reads of a row: who it is, and when it was created.

use std::borrow::Cow;

use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// How a list can be asked for the rows from a key on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyLookup {
    /// It takes `ge(created,…)`.
    GreaterOrEqual,
    /// It takes only `gt(created,…)`: a millisecond before the key is asked for.
    Greater,
}

/// The fields of a row that paging reads; nothing else of it is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RowKey<'a> {
    #[serde(borrow, deserialize_with = "text")]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    created: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "events")]
    events: Option<Cow<'a, str>>,
}

/// A value that may be of any kind, of which only text counts.
fn text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    let raw = <&serde_json::value::RawValue>::deserialize(deserializer)?;
    Ok(plain(raw.get()))
}

/// `events.created.at`, wherever it is there and is text.
fn events<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    #[derive(Deserialize)]
    struct Events<'a> {
        #[serde(borrow)]
        created: Option<Created<'a>>,
    }
    #[derive(Deserialize)]
    struct Created<'a> {
        #[serde(borrow)]
        at: Option<&'a serde_json::value::RawValue>,
    }
    let raw = <&serde_json::value::RawValue>::deserialize(deserializer)?;
    let events: Option<Events<'de>> = serde_json::from_str(raw.get()).ok();
    Ok(events.and_then(|events| events.created?.at).and_then(|at| plain(at.get())))
}

fn plain(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') { serde_json::from_str(json).ok().map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
}

impl<'a> RowKey<'a> {
    /// Reads a row's key; a row that is no object has none.
    pub fn read(row: &'a str) -> Self {
        serde_json::from_str(row).unwrap_or_default()
    }

    /// The row's id.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// When the row was created: `created`, else `events.created.at`.
    pub fn created(&self) -> Option<Instant> {
        Instant::parse(self.created.as_deref().or(self.events.as_deref())?)
    }
}

/// A point in time together with the server's own spelling of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instant {
    text: Box<str>,
    at: OffsetDateTime,
}

impl Instant {
    /// Reads RFC 3339 text; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        Some(Self { text: text.into(), at })
    }

    /// Nanoseconds since the Unix epoch.
    pub fn nanos(&self) -> i128 {
        self.at.unix_timestamp_nanos()
    }

    /// The text as the server wrote it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// RFC 3339 text of a millisecond earlier.
    pub(super) fn millisecond_before(&self) -> String {
        let before = self.at - time::Duration::milliseconds(1);
        before.format(&Rfc3339).unwrap_or_else(|_| self.text.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_from_either_place_and_nothing_else_matters() {
        let row =
            RowKey::read(r#"{"id": "PR-1", "created": "2026-01-01T00:00:00+00:00", "asset": {"id": 7}, "events": []}"#);
        assert_eq!((row.id(), row.created().unwrap().nanos()), (Some("PR-1"), 1_767_225_600_000_000_000));
        let row =
            RowKey::read(r#"{"id": "AS-1", "created": null, "events": {"created": {"at": "2026-01-01T00:00:00.5Z"}}}"#);
        assert_eq!(row.created().unwrap().nanos() % 1_000_000_000, 500_000_000);
        for odd in ["7", "[]", "{}", r#"{"id": 7, "created": {}, "events": {"created": 3}}"#] {
            let row = RowKey::read(odd);
            assert!(row.id().is_none() && row.created().is_none(), "{odd}");
        }
    }
}
