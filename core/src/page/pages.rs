//! The pages of one list, read one after the other; the next one is fetched while the caller works on this one.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::value::RawValue;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::{Cursor, KeyLookup, Window};
use crate::error::{Error, Result};
use crate::host::Host;
use crate::ops::{Call, Success, decode};

/// Where a list's pages come from.
pub(crate) trait Source: Send + Sync + fmt::Debug {
    /// How the list can be paged by key, if it can.
    fn key(&self) -> Option<KeyLookup>;

    /// Fetches the page at `window`; `None` without any request when no row can match.
    fn fetch(self: Arc<Self>, window: Window, host: Host) -> BoxFuture<'static, Result<Option<Success>>>;
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
}

/// One reading of a list, page by page. Cheap to clone; clones share the reading.
#[derive(Clone)]
pub struct Pages {
    source: Arc<dyn Source>,
    host: Host,
    state: Arc<Mutex<State>>,
}

struct State {
    cursor: Cursor,
    /// Rows that may still be given out.
    left: u64,
    prefetch: bool,
    ahead: Option<Ahead>,
}

/// A page under way; dropping it gives it up.
struct Ahead(JoinHandle<Result<Option<Success>>>);

impl Drop for Ahead {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Pages {
    pub(crate) fn new(source: Arc<dyn Source>, options: PageOptions, host: Host) -> Self {
        let left = options.max_items.unwrap_or(u64::MAX);
        let limit = options.page_size.min(left.max(1));
        let cursor = Cursor::new(source.key(), limit);
        let state = State { cursor, left, prefetch: options.prefetch, ahead: None };
        Self { source, host, state: Arc::new(Mutex::new(state)) }
    }

    /// The next page's rows as the text of one JSON array; `None` at the end. After an error the same page is tried again.
    ///
    /// # Errors
    /// Those of a read, and `unexpected_content` when the list does not move on.
    pub async fn next(&self) -> Result<Option<String>> {
        Ok(self.next_at().await?.map(|(text, _)| text))
    }

    /// [`Pages::next`], and when the page came, by the clock.
    pub(crate) async fn next_at(&self) -> Result<Option<(String, Duration)>> {
        let mut state = self.state.lock().await;
        let state = &mut *state;
        loop {
            if state.left == 0 || state.cursor.is_done() {
                return Ok(None);
            }
            let Some(page) = self.page(state).await? else {
                state.left = 0;
                return Ok(None);
            };
            let rows: Vec<&RawValue> = decode(&page.text, "application/json")?;
            let rows: Vec<&str> = rows.into_iter().map(RawValue::get).collect();
            let taken = state.cursor.take(&rows, page.content_range.as_deref())?;
            let new = taken.new.iter().filter(|new| **new).count() as u64;
            let given = new.min(state.left);
            state.left -= given;
            if state.prefetch && state.left > 0 && !state.cursor.is_done() {
                self.fetch_ahead(state);
            }
            if given == 0 {
                continue;
            }
            if given == rows.len() as u64 {
                return Ok(Some((page.text, page.at)));
            }
            let new: Vec<&str> = rows.iter().zip(&taken.new).filter(|(_, new)| **new).map(|(row, _)| *row).collect();
            let text = format!("[{}]", new[..usize::try_from(given).unwrap_or(new.len())].join(","));
            return Ok(Some((text, page.at)));
        }
    }

    /// [`Pages::next`] as another language drives it; its envelope holds the array, or null at the end.
    pub fn next_call(&self) -> Call {
        let pages = self.clone();
        Call::on(self.host.clone(), async move { Ok(pages.next().await?.unwrap_or_else(|| "null".to_owned())) })
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    pub(crate) fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.source)
    }

    async fn page(&self, state: &mut State) -> Result<Option<Success>> {
        if state.prefetch && state.ahead.is_none() {
            self.fetch_ahead(state);
        }
        if let Some(ahead) = &mut state.ahead {
            // It stays in the state while it is awaited: a caller who gives up does not lose it.
            let result = (&mut ahead.0).await;
            state.ahead = None;
            return match result {
                Ok(result) => result,
                Err(error) => Err(Error::internal(format!("fetching a page ahead: {error}"))),
            };
        }
        Arc::clone(&self.source).fetch(state.cursor.window(), self.host.clone()).await
    }

    fn fetch_ahead(&self, state: &mut State) {
        // Without a runtime to work in the background, the page is fetched when it is asked for.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let page = Arc::clone(&self.source).fetch(state.cursor.window(), self.host.clone());
            state.ahead = Some(Ahead(runtime.spawn(page)));
        }
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("source", &self.source).finish_non_exhaustive()
    }
}
