//! A list as a Rust program reads it.

use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use futures::Stream;
use futures::stream::try_unfold;
use serde::de::DeserializeOwned;

use super::cursor::total;
use super::{PageOptions, Pages, Source, Window};
use crate::error::{Error, Result};
use crate::host::Host;

/// A list that is read when it is asked for. Each way of reading it begins at its first row.
pub struct Pager<T> {
    source: Result<(Arc<dyn Source>, PageOptions, Host)>,
    item: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + Send> Pager<T> {
    /// A list from `source`; an error of its arguments is met when it is read.
    pub(crate) fn new(source: Result<(Arc<dyn Source>, PageOptions, Host)>) -> Self {
        Self { source, item: PhantomData }
    }

    /// Its pages.
    ///
    /// # Errors
    /// `validation` of the list's arguments.
    pub fn pages(&self) -> Result<Pages> {
        let (source, options, host) = self.source.as_ref().map_err(Error::clone)?;
        Ok(Pages::new(Arc::clone(source), *options, host.clone()))
    }

    /// Its rows, one after the other; the next page is fetched while this one is worked on.
    pub fn into_stream(self) -> impl Stream<Item = Result<T>> + Send + Unpin {
        let pages = self.pages();
        let rows = try_unfold((pages, VecDeque::<T>::new()), |(pages, mut rows)| async move {
            let pages = pages?;
            if rows.is_empty() {
                match pages.next_page().await? {
                    Some(page) => rows = page.decode::<T>()?.into(),
                    None => return Ok(None),
                }
            }
            Ok(rows.pop_front().map(|row| (row, (Ok(pages), rows))))
        });
        Box::pin(rows)
    }

    /// All rows.
    ///
    /// # Errors
    /// Those of [`Pages::next_page`].
    pub async fn to_list(&self) -> Result<Vec<T>> {
        let (pages, mut rows) = (self.pages()?, Vec::new());
        while let Some(page) = pages.next_page().await? {
            rows.extend(page.decode::<T>()?);
        }
        Ok(rows)
    }

    /// The first row, or `None`; one request, for a row or two.
    ///
    /// # Errors
    /// Those of [`Pages::next_page`].
    pub async fn first(&self) -> Result<Option<T>> {
        let (source, _, host) = self.source.as_ref().map_err(Error::clone)?;
        let options = PageOptions { page_size: 1, max_items: Some(1), prefetch: false, stable: false };
        let pages = Pages::new(Arc::clone(source), options, host.clone());
        let Some(page) = pages.next_page().await? else { return Ok(None) };
        Ok(page.decode::<T>()?.into_iter().next())
    }

    /// How many rows there are now, by a request for none of them.
    ///
    /// # Errors
    /// Those of a read, and `unexpected_content` when the server gives no total.
    pub async fn count(&self) -> Result<u64> {
        let (source, _, host) = self.source.as_ref().map_err(Error::clone)?;
        count(Arc::clone(source), host.clone()).await
    }
}

/// The total that a page of no rows tells.
pub(crate) async fn count(source: Arc<dyn Source>, host: Host) -> Result<u64> {
    let Some(page) = source.fetch(Window { from: None, offset: 0, limit: 0 }, host, false).await? else { return Ok(0) };
    page.content_range.as_deref().and_then(total).ok_or_else(|| {
        Error::new(crate::error::Code::UnexpectedContent, "the server gave no total (Content-Range)")
            .with_hint("count the rows of the list instead")
    })
}

impl<T> fmt::Debug for Pager<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pager").field("source", &self.source).finish()
    }
}
