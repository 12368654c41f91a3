//! What an operation replied with.

use crate::page::Page;

/// A reply that was found to be what its operation replies with.
#[derive(Debug)]
pub enum Reply {
    /// JSON text, `null` for an empty one.
    Text(String),
    /// The rows of a list, or one record, and where their fields lie.
    Page(Page),
}

impl Reply {
    /// The reply's own text.
    pub fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Page(page) => page.into_text(),
        }
    }
}

impl From<String> for Reply {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
