//! A list: read page by page, each page by a call.

use std::sync::{Mutex, MutexGuard, PoisonError};

use napi::bindgen_prelude::Either;
use napi_derive::napi;
use tenantry::Error;

use crate::awaitable::Queue;
use crate::call::Call;
use crate::failure;

/// One reading of a list; it fetches a page ahead until it is closed.
#[napi]
pub struct Pages {
    pages: Mutex<Option<tenantry::page::Pages>>,
    queue: Queue,
}

#[napi]
impl Pages {
    pub(crate) fn new(pages: tenantry::page::Pages, queue: Queue) -> Self {
        Self { pages: Mutex::new(Some(pages)), queue }
    }

    fn lock(&self) -> MutexGuard<'_, Option<tenantry::page::Pages>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prepares the way to the next page: its envelope holds null at the end, else there is one to take; gives an envelope once the reading is closed.
    #[napi]
    pub fn next(&self) -> Either<Call, String> {
        match &*self.lock() {
            Some(pages) => Either::A(Call::new(pages.next_call(), self.queue.clone())),
            None => Either::B(failure(Error::internal("the reading of the list is closed"))),
        }
    }

    /// The page that was brought, as the text of an array.
    #[napi]
    pub fn take(&self) -> Option<String> {
        let page = self.lock().as_ref()?.take()?;
        Some(page.json().into_owned())
    }

    /// Gives up what is fetched ahead.
    #[napi]
    pub fn close(&self) {
        drop(self.lock().take());
    }
}
