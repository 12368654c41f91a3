//! A list: read page by page, each page by a call.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::bindgen_prelude::{Either, Env, Uint32Array};
use napi::{JsString, JsStringLatin1};
use napi_derive::napi;
use tenantry::Error;
use tenantry::page::{Packed, Page};

use crate::awaitable::Queue;
use crate::call::Call;
use crate::failure;

/// One reading of a list; it fetches a page ahead until it is closed.
#[napi]
pub struct Pages {
    pages: Mutex<Option<tenantry::page::Pages>>,
    queue: Queue,
    brought: Arc<Mutex<VecDeque<Packed>>>,
    /// Bytes of pages that the engine was told of.
    told: AtomicI64,
}

/// A page: one byte for each character of its text, and where its fields lie.
#[napi(object)]
pub struct Brought<'e> {
    pub text: JsString<'e>,
    pub words: Uint32Array,
}

#[napi]
impl Pages {
    pub(crate) fn new(pages: tenantry::page::Pages, queue: Queue) -> Self {
        Self { pages: Mutex::new(Some(pages)), queue, brought: Arc::default(), told: AtomicI64::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, Option<tenantry::page::Pages>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prepares the way to the next page: its envelope holds null at the end, else there is one to take; gives an envelope once the reading is closed.
    #[napi]
    pub fn next(&self) -> Either<Call, String> {
        let brought = Arc::clone(&self.brought);
        // The event loop is spared everything but taking the page.
        self.next_into(true, move |page| {
            if let Some(page) = Arc::into_inner(page) {
                brought.lock().unwrap_or_else(PoisonError::into_inner).push_back(page.pack());
            }
        })
    }

    pub(crate) fn next_into(
        &self,
        ascii: bool,
        taker: impl FnOnce(Arc<Page>) + Send + 'static,
    ) -> Either<Call, String> {
        let Some(pages) = self.lock().clone() else {
            return Either::B(failure(Error::internal("the reading of the list is closed")));
        };
        let pages = if ascii { pages.in_ascii() } else { pages };
        Either::A(Call::new(pages.next_call_into(taker), self.queue.clone()))
    }

    /// The page that was brought. Neither its text nor its words are copied.
    #[napi]
    pub fn take<'e>(&self, env: &'e Env) -> napi::Result<Option<Brought<'e>>> {
        let page = self.brought.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(Packed { text, words }) = page else { return Ok(None) };
        // The engine does not see how much memory hangs on such a text, and would collect dead pages late.
        let bytes = i64::try_from(text.len()).unwrap_or_default();
        env.adjust_external_memory(bytes)?;
        self.told.fetch_add(bytes, Ordering::Relaxed);
        let text = JsStringLatin1::from_data(env, text.into_bytes())?.into_value();
        Ok(Some(Brought { text, words: words.into() }))
    }

    /// Gives up what is fetched ahead.
    #[napi]
    pub fn close(&self, env: &Env) -> napi::Result<()> {
        drop(self.lock().take());
        env.adjust_external_memory(-self.told.swap(0, Ordering::Relaxed))?;
        Ok(())
    }
}
