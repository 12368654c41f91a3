//! A record of a page, read where it lies.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use tenantry_tape::{Block, unescape};

use super::Path;
use crate::error::Result;
use crate::ops::decode;

/// A view of one record: its fields are looked up in the page's text when they are asked for.
///
/// Fields are named as on the wire, with a dot between the names of a record and its field.
#[derive(Debug, Clone, Copy)]
pub struct Row<'p> {
    text: &'p str,
    block: Block<'p>,
}

impl<'p> Row<'p> {
    pub(super) fn new(text: &'p str, block: Block<'p>) -> Self {
        Self { text, block }
    }

    /// The record's own JSON text.
    pub fn raw(&self) -> &'p str {
        self.block.own().of(self.text)
    }

    /// The JSON text of a field; `None` where it is absent.
    pub fn json(&self, path: &str) -> Option<&'p str> {
        Path::parse(self.block.shape(), path).ok()?.find(self.text, self.block)
    }

    /// The text of a field; `None` where it is absent or no text.
    pub fn text(&self, path: &str) -> Option<Cow<'p, str>> {
        unescape(self.json(path)?)
    }

    /// A field that is a record.
    pub fn record(&self, name: &str) -> Option<Row<'p>> {
        let at = self.place(name)?;
        let slot = self.block.value(at)?;
        slot.of(self.text)
            .starts_with('{')
            .then(|| self.block.record(at).map(|block| Row { text: self.text, block }))?
    }

    /// The records of a field that is a list.
    pub fn list(&self, name: &str) -> impl ExactSizeIterator<Item = Row<'p>> + use<'p> {
        let text = self.text;
        self.block.list(self.place(name).unwrap_or(usize::MAX)).map(move |block| Row { text, block })
    }

    /// The record as a model of its own.
    ///
    /// # Errors
    /// `decode` when it is no such model.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T> {
        decode(self.raw(), "application/json")
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.block.shape().fields.iter().position(|field| field.key == name)
    }
}
