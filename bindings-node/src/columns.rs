//! Fields of a list's rows as columns, written while the pages come.

use std::sync::{Arc, Mutex, PoisonError};

use napi::bindgen_prelude::{Either, Uint8Array};
use napi_derive::napi;
use tenantry::page::Stream;

use crate::call::Call;
use crate::failure;
use crate::pages::Pages;

/// An Arrow IPC stream.
#[napi]
pub struct Columns {
    stream: Arc<Mutex<Stream>>,
}

/// Begins a stream of these fields of a system's model, or gives the envelope of the error.
#[napi]
pub fn columns(system: String, model: String, paths: Vec<String>) -> Either<Columns, String> {
    match Stream::new(&system, &model, &paths) {
        Ok(stream) => Either::A(Columns { stream: Arc::new(Mutex::new(stream)) }),
        Err(error) => Either::B(failure(error)),
    }
}

#[napi]
impl Columns {
    /// Prepares the way of the next page into the stream, as [`Pages::next`] does to the caller.
    #[napi]
    pub fn next(&self, pages: &Pages) -> Either<Call, String> {
        let stream = Arc::clone(&self.stream);
        pages.next_into(false, move |page| stream.lock().unwrap_or_else(PoisonError::into_inner).add(&page))
    }

    /// The stream, whole; what it held is given away.
    #[napi]
    pub fn finish(&self) -> Uint8Array {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner).finish().into()
    }
}
