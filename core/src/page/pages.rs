//! The pages of one list, in their order; the next ones are fetched while the caller works on this one.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex as Lock, PoisonError};

use futures::future::BoxFuture;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::cursor::total;
use super::{Cursor, KeyLookup, Page, RowKey, Window};
use crate::error::{Error, Result};
use crate::host::Host;
use crate::ops::{Call, Reply, Success};

/// Where a list's pages come from.
pub(crate) trait Source: Send + Sync + fmt::Debug {
    /// How the list can be paged by key, if it can.
    fn key(&self) -> Option<KeyLookup>;

    /// Fetches the page at `window`, its text in ASCII if that is wanted; `None` without any request when no row can match.
    fn fetch(self: Arc<Self>, window: Window, host: Host, ascii: bool) -> BoxFuture<'static, Result<Option<Success>>>;
}

/// How a list is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageOptions {
    /// Rows of a page at most.
    pub(crate) page_size: u64,
    /// Rows in all at most.
    pub(crate) max_items: Option<u64>,
    /// Whether the next page is fetched ahead.
    pub(crate) prefetch: bool,
    /// Whether the caller says that no row enters or leaves the list meanwhile: then several pages are fetched ahead.
    pub(crate) stable: bool,
}

/// Pages of a stable list that are under way at most, and at least, as long as there are that many.
const MOST_AHEAD: usize = 4;
const LEAST_AHEAD: usize = 2;

/// Bytes of pages that are fetched ahead; a larger page has at most [`LEAST_AHEAD`] others beside it.
const BYTES_AHEAD: usize = 32 << 20;

/// One reading of a list, page by page. Cheap to clone; clones share the reading.
#[derive(Clone)]
pub struct Pages {
    source: Arc<dyn Source>,
    host: Host,
    ascii: bool,
    state: Arc<Mutex<State>>,
    /// Pages that a call has brought, until they are taken.
    brought: Arc<Lock<VecDeque<Arc<Page>>>>,
}

struct State {
    cursor: Cursor,
    /// Rows that may still be given out.
    left: u64,
    options: PageOptions,
    ahead: VecDeque<Ahead>,
    /// What a stable list's first page told.
    extent: Option<Extent>,
}

/// How far a stable list goes, and in which steps.
#[derive(Clone, Copy)]
struct Extent {
    rows: u64,
    /// Rows that the server gives in a page, which may be fewer than it was asked for.
    step: u64,
    /// Pages under way at once.
    at_once: usize,
}

/// A page under way; dropping it gives it up.
struct Ahead {
    window: Window,
    task: JoinHandle<Result<Option<Success>>>,
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Pages {
    pub(crate) fn new(source: Arc<dyn Source>, options: PageOptions, host: Host) -> Self {
        let left = options.max_items.unwrap_or(u64::MAX);
        let limit = options.page_size.min(left.max(1));
        let key = source.key().filter(|_| !options.stable);
        let cursor = Cursor::new(key, limit);
        let state = State { cursor, left, options, ahead: VecDeque::new(), extent: None };
        Self { source, host, ascii: false, state: Arc::new(Mutex::new(state)), brought: Arc::default() }
    }

    /// Reads its pages with `\uXXXX` for every character outside ASCII.
    pub fn in_ascii(mut self) -> Self {
        self.ascii = true;
        self
    }

    /// The next page; `None` at the end. After an error the same page is tried again.
    ///
    /// # Errors
    /// Those of a read, and `unexpected_content` when the list does not move on.
    pub async fn next_page(&self) -> Result<Option<Arc<Page>>> {
        let mut state = self.state.lock().await;
        let state = &mut *state;
        loop {
            if state.left == 0 || state.cursor.is_done() {
                return Ok(None);
            }
            let Some(reply) = self.reply(state).await? else {
                state.left = 0;
                return Ok(None);
            };
            let Success { reply: Reply::Page(mut page), content_range, at } = reply else {
                return Err(Error::internal("a list whose reply is no page"));
            };
            let taken = state.cursor.take(&RowKey::of_page(&page), content_range.as_deref())?;
            let new = taken.new.iter().filter(|new| **new).count() as u64;
            let given = new.min(state.left);
            state.left -= given;
            if state.options.stable && state.extent.is_none() {
                state.extent = Extent::of(&page, content_range.as_deref());
            }
            self.fetch_ahead(state);
            if given > 0 {
                page.keep(&taken.new, usize::try_from(given).unwrap_or(usize::MAX));
                page.came_at(at);
                return Ok(Some(Arc::new(page)));
            }
        }
    }

    /// [`Pages::next_page`] as another language drives it: its envelope says whether there is a page, which then is taken
    /// by [`Pages::take`].
    pub fn next_call(&self) -> Call {
        let brought = Arc::clone(&self.brought);
        self.next_call_into(move |page| brought.lock().unwrap_or_else(PoisonError::into_inner).push_back(page))
    }

    /// [`Pages::next_call`], whose page goes to `taker` where it is made: on no thread of the other language.
    pub fn next_call_into(&self, taker: impl FnOnce(Arc<Page>) + Send + 'static) -> Call {
        let pages = self.clone();
        Call::on(self.host.clone(), async move {
            let Some(page) = pages.next_page().await? else { return Ok("null".to_owned()) };
            taker(page);
            Ok("true".to_owned())
        })
    }

    /// A page that a [`Pages::next_call`] has brought.
    pub fn take(&self) -> Option<Arc<Page>> {
        self.brought.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    pub(crate) fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.source)
    }

    async fn reply(&self, state: &mut State) -> Result<Option<Success>> {
        let window = state.cursor.window();
        // Pages were planned from where the last one was to end: if it ended elsewhere, they are of no use.
        if state.ahead.front().is_some_and(|ahead| ahead.window != window) {
            state.ahead.clear();
        }
        self.fetch_ahead(state);
        let Some(ahead) = state.ahead.front_mut() else {
            return Arc::clone(&self.source).fetch(window, self.host.clone(), self.ascii).await;
        };
        // It stays in the state while it is awaited: a caller who gives up does not lose it.
        let result = (&mut ahead.task).await;
        state.ahead.pop_front();
        let result = result.unwrap_or_else(|error| Err(Error::internal(format!("fetching a page ahead: {error}"))));
        if result.is_err() {
            state.ahead.clear();
        }
        result
    }

    /// Starts to fetch what may be fetched now.
    fn fetch_ahead(&self, state: &mut State) {
        // Without a runtime to work in the background, the page is fetched when it is asked for.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        while let Some(window) = state.next_window() {
            let page = Arc::clone(&self.source).fetch(window.clone(), self.host.clone(), self.ascii);
            state.ahead.push_back(Ahead { window, task: runtime.spawn(page) });
        }
    }
}

impl State {
    /// The window of the next page that may be fetched now.
    fn next_window(&self) -> Option<Window> {
        if !self.options.prefetch || self.left == 0 || self.cursor.is_done() {
            return None;
        }
        let Some(last) = self.ahead.back() else { return Some(self.cursor.window()) };
        let Extent { rows, step, at_once } = self.extent?;
        let next = Window { offset: last.window.offset + step, ..last.window.clone() };
        let wanted = self.cursor.window().offset.saturating_add(self.left).min(rows);
        (self.ahead.len() < at_once && next.offset < wanted).then_some(next)
    }
}

impl Extent {
    /// `None` where the server tells no total: then the pages come one after the other.
    fn of(page: &Page, range: Option<&str>) -> Option<Self> {
        let step = page.numbers().len() as u64;
        let rows = range.and_then(total).filter(|_| step > 0)?;
        let at_once = (BYTES_AHEAD / page.size().max(1)).clamp(LEAST_AHEAD, MOST_AHEAD);
        Some(Self { rows, step, at_once })
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("source", &self.source).finish_non_exhaustive()
    }
}
