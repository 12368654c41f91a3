//! Where the next page begins, decided from the rows that came; without any request of its own.

use std::collections::{HashMap, HashSet};

use super::key::{Instant, KeyLookup, RowKey, nanos};
use crate::error::{Code, Error, Result};

/// What to ask for next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// A comparison of `created`, as its name and value, that the page begins with.
    pub from: Option<(&'static str, String)>,
    /// Rows to leave out at the beginning.
    pub offset: u64,
    /// Rows at most.
    pub limit: u64,
}

/// The position of a reader in a list.
#[derive(Debug)]
pub struct Cursor {
    mode: Mode,
    limit: u64,
    done: bool,
    /// Whether the last page brought nothing new where there was to be more: rows move while a list is read.
    stalled: bool,
}

#[derive(Debug)]
enum Mode {
    Key(KeyPosition),
    Offset { offset: u64, last: Vec<Box<str>> },
}

#[derive(Debug)]
struct KeyPosition {
    lookup: KeyLookup,
    /// The last row's key.
    last: Option<Instant>,
    /// Rows within the window's overlap that were given out, with their keys in nanoseconds.
    seen: HashMap<Box<str>, i128>,
    /// Rows to pass over that share the key: more than a page of them may.
    offset: u64,
}

/// What a page brings.
#[derive(Debug, PartialEq, Eq)]
pub struct Taken {
    /// For each row, whether it is new, and given out.
    pub new: Vec<bool>,
}

impl Cursor {
    /// A reader at the beginning of a list, which pages by key if `lookup` says how.
    pub fn new(lookup: Option<KeyLookup>, limit: u64) -> Self {
        let mode = match lookup {
            Some(lookup) => Mode::Key(KeyPosition { lookup, last: None, seen: HashMap::new(), offset: 0 }),
            None => Mode::Offset { offset: 0, last: Vec::new() },
        };
        Self { mode, limit, done: false, stalled: false }
    }

    /// Whether the last page was taken.
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// The next page's place.
    pub fn window(&self) -> Window {
        match &self.mode {
            Mode::Offset { offset, .. } => Window { from: None, offset: *offset, limit: self.limit },
            Mode::Key(key) => {
                let from = key.last.as_ref().map(|last| match key.lookup {
                    KeyLookup::GreaterOrEqual => ("ge", last.as_str().to_owned()),
                    KeyLookup::Greater => ("gt", last.millisecond_before()),
                });
                // A page of one row could never show both the row it begins at and the next one.
                Window { from, offset: key.offset, limit: self.limit.max(2) }
            }
        }
    }

    /// Takes in the page at [`Cursor::window`]; `range` is its `Content-Range`.
    ///
    /// # Errors
    /// `unexpected_content` when the page does not move on, or is not in the order that was asked for.
    pub fn take(&mut self, keys: &[RowKey<'_>], range: Option<&str>) -> Result<Taken> {
        let total = range.filter(|_| !keys.is_empty()).and_then(total);
        if let Mode::Key(position) = &mut self.mode {
            match position.take(keys, total, self.limit)? {
                KeyTaken::Rows(new, done) => {
                    (self.done, self.stalled) = (done, false);
                    return Ok(Taken { new });
                }
                KeyTaken::Stalled if self.stalled => {
                    return Err(stuck("the server gives a single row a page, so that the list cannot be read on"));
                }
                KeyTaken::Stalled => {
                    self.stalled = true;
                    return Ok(Taken { new: vec![false; keys.len()] });
                }
                KeyTaken::NotByKey => self.mode = Mode::Offset { offset: 0, last: Vec::new() },
            }
        }
        let Mode::Offset { offset, last } = &mut self.mode else {
            return Err(Error::internal("a cursor in no mode"));
        };
        let names: Vec<Box<str>> = keys.iter().map(|key| key.id().unwrap_or(key.raw()).into()).collect();
        if !names.is_empty() && names == *last {
            if std::mem::replace(&mut self.stalled, true) {
                return Err(stuck("the page at the next offset holds the same rows again"));
            }
            return Ok(Taken { new: vec![false; keys.len()] });
        }
        self.stalled = false;
        *offset += keys.len() as u64;
        self.done = names.is_empty() || total.is_some_and(|total| *offset >= total);
        *last = names;
        Ok(Taken { new: vec![true; keys.len()] })
    }
}

enum KeyTaken {
    /// Which rows are new, and whether the list has ended.
    Rows(Vec<bool>, bool),
    /// One row that was seen, and more behind it.
    Stalled,
    /// The first page shows that the list cannot be paged by key.
    NotByKey,
}

impl KeyPosition {
    fn take(&mut self, keys: &[RowKey<'_>], total: Option<u64>, limit: u64) -> Result<KeyTaken> {
        let count = keys.len() as u64;
        let begins_seen = keys.first().and_then(RowKey::id).is_some_and(|id| self.seen.contains_key(id));
        if self.offset > 0 && !begins_seen {
            // Rows of this key have left the list, so others moved up: what was passed over is looked at again.
            self.offset = self.offset.saturating_sub(limit);
            return Ok(KeyTaken::Rows(vec![false; keys.len()], false));
        }
        let Some(read) = ids_and_times(keys) else {
            return self.first_page_only("a row has no id or no created");
        };
        if !read.is_sorted_by_key(|key| key.nanos) {
            return self.first_page_only("the rows are not in the order of created, which was asked for");
        }
        if let (Some(floor), Some(first)) = (self.floor(), read.first())
            && first.nanos < floor
        {
            return Err(stuck("the page holds rows from before the place it was asked to begin at"));
        }
        let new: Vec<bool> = read.iter().map(|key| !self.seen.contains_key(key.id)).collect();
        let any_new = new.contains(&true);
        let reached = total.map(|total| self.offset + count >= total);
        let done = match (reached, any_new) {
            _ if keys.is_empty() => true,
            (Some(reached), true) => reached,
            (None, true) => false,
            // Nothing new, and more behind it: passing over a single row could pass over others unseen.
            (Some(false), false) if count < 2 => return Ok(KeyTaken::Stalled),
            (Some(reached), false) => reached,
            (None, false) => count < 2,
        };
        let moved = match (&self.last, read.last()) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(last), Some(key)) => key.nanos > last.nanos(),
        };
        if moved {
            self.last = read.last().and_then(|key| Instant::parse(key.created));
            self.offset = 0;
            if let Some(floor) = self.floor() {
                self.seen.retain(|_, nanos| *nanos >= floor);
            }
        }
        // The next page may hold only what is not before its beginning.
        let floor = self.floor().unwrap_or(i128::MIN);
        let overlap = read.iter().filter(|key| key.nanos >= floor);
        self.seen.extend(overlap.map(|key| (key.id.into(), key.nanos)));
        if !moved {
            // The page ends within rows of one key: the next one begins at its last row, which then was seen.
            self.offset += count.saturating_sub(1);
        }
        Ok(KeyTaken::Rows(new, done))
    }

    /// The earliest key that the next page may hold.
    fn floor(&self) -> Option<i128> {
        let last = self.last.as_ref()?.nanos();
        Some(match self.lookup {
            KeyLookup::GreaterOrEqual => last,
            KeyLookup::Greater => last - 1_000_000,
        })
    }

    fn first_page_only(&self, why: &str) -> Result<KeyTaken> {
        if self.last.is_none() { Ok(KeyTaken::NotByKey) } else { Err(stuck(why)) }
    }
}

/// A row's id, and when it was created.
struct IdAndTime<'k> {
    id: &'k str,
    created: &'k str,
    nanos: i128,
}

/// `None` if a row lacks one, or two have the same id.
fn ids_and_times<'k>(keys: &'k [RowKey<'_>]) -> Option<Vec<IdAndTime<'k>>> {
    let mut ids = HashSet::with_capacity(keys.len());
    let read = |key: &'k RowKey<'_>| {
        let (id, created) = (key.id().filter(|id| ids.insert(*id))?, key.created()?);
        Some(IdAndTime { id, created, nanos: nanos(created)? })
    };
    keys.iter().map(read).collect()
}

/// The total in `items 0-99/250`; `None` where it is missing or `*`.
///
/// An empty page says a total of 0 whatever the list holds, so it is for pages with rows.
pub(super) fn total(range: &str) -> Option<u64> {
    range.rsplit_once('/')?.1.trim().parse().ok()
}

fn stuck(why: &str) -> Error {
    Error::new(Code::UnexpectedContent, format!("the list does not move: {why}"))
        .with_hint("order it otherwise (order_by), or report it to the vendor")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Page;
    use proptest::prelude::*;

    /// A server that holds rows `(id, second)` in order and pages as Connect does.
    struct Server {
        rows: Vec<(u32, u32)>,
        cap: u64,
        with_total: bool,
    }

    impl Server {
        fn page(&self, window: &Window) -> (Vec<String>, Option<String>) {
            let from = window.from.as_ref().map(|(op, text)| (*op, Instant::parse(text).unwrap().nanos()));
            let matching = self.rows.iter().filter(|(_, second)| {
                let nanos = Instant::parse(&created(*second)).unwrap().nanos();
                match from {
                    None => true,
                    Some(("ge", floor)) => nanos >= floor,
                    Some((_, floor)) => nanos > floor,
                }
            });
            let matching: Vec<&(u32, u32)> = matching.collect();
            let rows: Vec<String> = matching
                .iter()
                .skip(window.offset as usize)
                .take(window.limit.min(self.cap) as usize)
                .map(|(id, second)| format!(r#"{{"id": "PR-{id}", "created": "{}"}}"#, created(*second)))
                .collect();
            let range = match rows.len() {
                0 => "items 0-0/0".to_owned(),
                n => format!("items {}-{}/{}", window.offset, window.offset + n as u64 - 1, matching.len()),
            };
            (rows, self.with_total.then_some(range))
        }
    }

    fn page<R: AsRef<str>>(rows: &[R]) -> Page {
        let rows: Vec<&str> = rows.iter().map(AsRef::as_ref).collect();
        let layout = crate::page::layout("cloudblue", "Request").unwrap();
        Page::read(layout, format!("[{}]", rows.join(",")), false).unwrap()
    }

    fn created(second: u32) -> String {
        format!("2026-01-01T00:{:02}:{:02}+00:00", second / 60, second % 60)
    }

    /// Reads the whole list; `leaves` says of the n-th row given out whether handling it takes it out of the list.
    fn read(server: &mut Server, lookup: KeyLookup, limit: u64, leaves: impl Fn(usize) -> bool) -> Vec<u32> {
        let (mut cursor, mut given, mut requests) = (Cursor::new(Some(lookup), limit), Vec::new(), 0);
        while !cursor.is_done() {
            requests += 1;
            assert!(requests < 2_000, "the list is read for ever");
            let (rows, range) = server.page(&cursor.window());
            let page = page(&rows);
            let keys = RowKey::of_page(&page);
            let taken = cursor.take(&keys, range.as_deref()).unwrap();
            for (key, _) in keys.iter().zip(&taken.new).filter(|(_, new)| **new) {
                let id = key.id().unwrap()[3..].parse().unwrap();
                if leaves(given.len()) {
                    server.rows.retain(|(known, _)| *known != id);
                }
                given.push(id);
            }
        }
        given
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn every_row_comes_once_whatever_leaves_meanwhile(
            mut seconds in proptest::collection::vec(0_u32..40, 0..80),
            limit in 2_u64..12, cap in 2_u64..12, with_total in any::<bool>(), greater in any::<bool>(),
            pattern in proptest::collection::vec(any::<bool>(), 1..7),
        ) {
            seconds.sort_unstable();
            let rows: Vec<(u32, u32)> = (0..).zip(seconds).collect();
            let wanted: Vec<u32> = rows.iter().map(|(id, _)| *id).collect();
            let lookup = if greater { KeyLookup::Greater } else { KeyLookup::GreaterOrEqual };
            let mut server = Server { rows, cap, with_total };
            let mut given = read(&mut server, lookup, limit, |n| pattern[n % pattern.len()]);
            given.sort_unstable();
            prop_assert_eq!(given, wanted);
        }
    }

    #[test]
    fn a_bulk_import_of_one_timestamp_is_read_whole() {
        for (leaving, requests) in [(false, "kept"), (true, "taken out")] {
            let rows: Vec<(u32, u32)> = (0..2_500).map(|id| (id, 7)).collect();
            let mut server = Server { rows, cap: 1_000, with_total: true };
            let given = read(&mut server, KeyLookup::GreaterOrEqual, 100, |_| leaving);
            assert_eq!(given.len(), 2_500, "{requests}");
        }
    }

    #[test]
    fn a_page_that_does_not_move_is_an_error() {
        let page = page(&[
            r#"{"id": "a", "created": "2026-01-01T00:00:01Z"}"#,
            r#"{"id": "b", "created": "2026-01-01T00:00:02Z"}"#,
        ]);
        let page = RowKey::of_page(&page);
        let mut by_key = Cursor::new(Some(KeyLookup::GreaterOrEqual), 2);
        by_key.take(&page, Some("items 0-1/9")).unwrap();
        assert_eq!(by_key.take(&page, Some("items 0-1/9")).unwrap_err().code(), Code::UnexpectedContent);
        let mut by_offset = Cursor::new(None, 2);
        by_offset.take(&page, None).unwrap();
        // Rows that enter in front shift the others: the same page once is no proof.
        assert_eq!(by_offset.take(&page, None).unwrap().new, [false, false]);
        assert_eq!(by_offset.take(&page, None).unwrap_err().code(), Code::UnexpectedContent);
    }

    #[test]
    fn a_list_without_keys_or_order_is_paged_by_offset_by_the_rows_received() {
        for rows in [
            [r#"{"id": "a"}"#, r#"{"id": "b"}"#],
            [r#"{"id": "a", "created": "2026-01-01T00:00:02Z"}"#, r#"{"id": "b", "created": "2026-01-01T00:00:01Z"}"#],
        ] {
            let mut cursor = Cursor::new(Some(KeyLookup::GreaterOrEqual), 100);
            cursor.take(&RowKey::of_page(&page(&rows)), Some("items 0-1/3")).unwrap();
            assert_eq!(cursor.window(), Window { from: None, offset: 2, limit: 100 });
            cursor.take(&RowKey::of_page(&page(&[r#"{"id": "c"}"#])), Some("items 2-2/3")).unwrap();
            assert!(cursor.is_done());
        }
    }

    #[test]
    fn an_empty_page_ends_a_list_whatever_its_header_says() {
        let mut cursor = Cursor::new(Some(KeyLookup::GreaterOrEqual), 100);
        cursor.take(&[], Some("items 0-0/77")).unwrap();
        assert!(cursor.is_done());
    }
}
