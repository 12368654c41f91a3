//! Why a text is not read.

/// The text is no array that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The byte at which that shows.
    pub at: usize,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the JSON array is broken at byte {}", self.at)
    }
}

impl std::error::Error for Fault {}
