//! A page as it came: its text, and where each known field lies.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::ops::Deref;
use std::sync::Mutex;
use std::time::Duration;

use serde::de::{DeserializeOwned, IgnoredAny};
use tenantry_tape::{At, Block, Layout, Slot, Tape, unescape};

use super::Row;
use super::ascii::in_ascii;
use crate::error::{Code, Error, Result};
use crate::http::buffers::give_back;
use crate::ops::{any_json, check_depth, decode};

/// A page of a list. Nothing of it is read before somebody looks at it; its memory is used again when it is dropped.
///
/// ```
/// # let runtime = tokio::runtime::Runtime::new().unwrap();
/// # runtime.block_on(async {
/// # let sandbox = tenantry_sandbox::Sandbox::start(tenantry_sandbox::SandboxOptions::default())?;
/// # let config = sandbox.line()["cloudblue"].to_string();
/// use tenantry::cloudblue::{Client, ListRequests};
///
/// let client = Client::builder().config_json(&config)?.build()?;
/// let pages = client.requests().list(ListRequests::default()).pages()?;
/// while let Some(page) = pages.next_page().await? {
///     for request in page.rows() {
///         let (id, product) = (request.text("id"), request.text("asset.product.id"));
///         assert!(id.is_some() && product.is_some());
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub struct Page {
    text: PooledText,
    tape: PooledTape,
    layout: &'static Layout,
    /// The rows that are given out.
    rows: Vec<u32>,
    at: Duration,
}

impl Page {
    /// Reads a page, with its text rewritten first if it is wanted in `ascii`; gives the text back if it is no array that can
    /// be read.
    pub(crate) fn read(layout: &'static Layout, text: String, ascii: bool) -> std::result::Result<Self, String> {
        let mut tape = PooledTape::take(text.len());
        let written = if ascii { in_ascii(&text) } else { None };
        match tape.0.parse(layout, written.as_ref().unwrap_or(&text)) {
            Ok(()) => {
                let text = match written {
                    Some(written) => {
                        give_back(text.into_bytes());
                        written
                    }
                    None => text,
                };
                let rows = (0..tape.rows(0)).collect();
                Ok(Self { text: PooledText(text), tape, layout, rows, at: Duration::ZERO })
            }
            Err(_) => Err(text),
        }
    }

    /// Reads one record as a page of its own.
    ///
    /// # Errors
    /// `decode` when the text is no JSON.
    pub fn of_one(layout: &'static Layout, text: String) -> Result<Self> {
        Self::alone(layout, text, |_| true).or_else(|text| {
            any_json(&text, "application/json")?;
            check_depth(&text)?;
            Err(next_to_empty())
        })
    }

    /// Reads one record whose `required` fields are text, as those of its model must be: a model whose other fields take
    /// anything then reads it. Gives any other text back.
    pub(crate) fn of_record(
        layout: &'static Layout,
        text: String,
        required: &[&str],
    ) -> std::result::Result<Self, String> {
        Self::alone(layout, text, |page| {
            let is_text = |row: &Row<'_>, name: &&str| row.json(name).is_some_and(|json| unescape(json).is_some());
            // Of two values for one field nobody knows which one is meant.
            !page.tape.has_repeats()
                && page.rows().all(|row| row.raw().starts_with('{') && required.iter().all(|name| is_text(&row, name)))
        })
    }

    /// Reads a text as one record, if that can be done and `fits` finds nothing wrong.
    fn alone(
        layout: &'static Layout,
        text: String,
        fits: impl FnOnce(&Self) -> bool,
    ) -> std::result::Result<Self, String> {
        let Some(tape) = PooledTape::of_one(layout, &text) else { return Err(text) };
        let page = Self { text: PooledText(text), tape, layout, rows: vec![0], at: Duration::ZERO };
        if fits(&page) { Ok(page) } else { Err(page.into_text()) }
    }

    /// Reads the rows of an array that is no page of a list.
    ///
    /// # Errors
    /// `decode` when the text is no JSON, or no array.
    pub fn of_rows(layout: &'static Layout, text: String) -> Result<Self> {
        Self::read(layout, text, false).or_else(|text| {
            decode::<Vec<IgnoredAny>>(&text, "application/json")?;
            check_depth(&text)?;
            Err(next_to_empty())
        })
    }

    /// Leaves only the rows that `given` says yes to, `most` of them at most.
    pub(super) fn keep(&mut self, given: &[bool], most: usize) {
        self.rows = (0_u32..).zip(given).filter(|(_, given)| **given).map(|(row, _)| row).take(most).collect();
    }

    pub(super) fn came_at(&mut self, at: Duration) {
        self.at = at;
    }

    /// When it came, by the clock.
    pub(crate) fn at(&self) -> Duration {
        self.at
    }

    /// The reply's own text, with the rows that were given out before in it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its text, for who has no use of the places in it.
    pub fn into_text(mut self) -> String {
        std::mem::take(&mut self.text.0)
    }

    /// Its layout.
    pub fn layout(&self) -> &'static Layout {
        self.layout
    }

    /// Its rows.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        self.rows.iter().map(|row| Row::new(&self.text, self.tape.block(0, *row)))
    }

    /// The numbers of its rows among all rows of the first table.
    pub fn numbers(&self) -> &[u32] {
        &self.rows
    }

    /// The block of a row by its number.
    pub fn block(&self, number: u32) -> Block<'_> {
        self.tape.block(0, number)
    }

    /// The block at a place.
    pub fn block_at(&self, at: At) -> Block<'_> {
        self.tape.at(at)
    }

    /// All slots of a table.
    pub fn slots(&self, table: u8) -> &[Slot] {
        self.tape.slots(table)
    }

    /// The text of an array of its rows.
    pub fn json(&self) -> Cow<'_, str> {
        if self.rows.len() == self.tape.rows(0) as usize {
            return Cow::Borrowed(&self.text);
        }
        let rows: Vec<&str> = self.rows().map(|row| row.raw()).collect();
        Cow::Owned(format!("[{}]", rows.join(",")))
    }

    /// Its rows as models of their own.
    ///
    /// # Errors
    /// `decode` of a row that is no such model.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<Vec<T>> {
        decode(&self.json(), "application/json")
    }

    /// Bytes that it keeps.
    pub(super) fn size(&self) -> usize {
        self.text.capacity() + self.tape.capacity()
    }
}

/// What was not read though it is JSON: the places of its records' fields would take many times the text's memory.
pub(crate) fn next_to_empty() -> Error {
    Error::new(Code::Decode, "the reply holds too many records with next to nothing in them")
        .with_hint("ask for fewer rows a page (page_size)")
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its text may hold what a customer filled in.
        f.debug_struct("Page").field("rows", &self.rows.len()).finish_non_exhaustive()
    }
}

/// A text whose memory goes back to where replies are read into.
struct PooledText(String);

impl Deref for PooledText {
    type Target = String;

    fn deref(&self) -> &String {
        &self.0
    }
}

impl Drop for PooledText {
    fn drop(&mut self) {
        give_back(std::mem::take(&mut self.0).into_bytes());
    }
}

/// A tape that goes back to the pool.
struct PooledTape(Tape);

/// Tapes that are kept, and bytes of memory of each: more would only be held.
const POOLED: usize = 8;
const POOLED_BYTES: usize = 16 << 20;

/// Bytes of text below which a tape is no larger than it must be, and of a tape below which it is not worth the lock.
const SMALL: usize = 32 << 10;

/// Nobody waits for it: a child that was forked while a thread held it would do so for ever.
static POOL: Mutex<Vec<Tape>> = Mutex::new(Vec::new());

impl PooledTape {
    /// A tape for a text of so many bytes. Small ones get none of the pool: they would keep the memory of a large one.
    fn take(bytes: usize) -> Self {
        if bytes < SMALL {
            return Self(Tape::default());
        }
        Self(POOL.try_lock().ok().and_then(|mut pool| pool.pop()).unwrap_or_default())
    }

    /// A tape of one record, if the text is one. Small ones are read by a tape of the thread's, which has grown already.
    fn of_one(layout: &'static Layout, text: &str) -> Option<Self> {
        thread_local! {
            static OWN: RefCell<Tape> = RefCell::new(Tape::default());
        }
        if text.len() >= SMALL {
            let mut tape = Self::take(text.len());
            return tape.0.parse_one(layout, text).is_ok().then_some(tape);
        }
        OWN.with_borrow_mut(|own| own.parse_one(layout, text).is_ok().then(|| Self(own.compact())))
    }
}

impl Deref for PooledTape {
    type Target = Tape;

    fn deref(&self) -> &Tape {
        &self.0
    }
}

impl Drop for PooledTape {
    fn drop(&mut self) {
        let mut tape = std::mem::take(&mut self.0);
        if (SMALL..POOLED_BYTES).contains(&tape.capacity()) {
            tape.clear();
            if let Ok(mut pool) = POOL.try_lock()
                && pool.len() < POOLED
            {
                pool.push(tape);
            }
        }
    }
}
