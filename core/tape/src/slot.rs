//! The range of one value.

/// A string with escapes.
const ESCAPED: u32 = 1 << 31;

/// Where a value lies in the text. No value begins at 0, where the array itself does: such a slot is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Slot {
    /// Its first byte; of a list's second slot the first row.
    pub start: u32,
    /// The byte behind it, with the top bit set for a string that holds escapes; of a list's second slot the number of rows.
    pub end: u32,
}

impl Slot {
    pub(crate) const fn new(start: u32, end: u32, escaped: bool) -> Self {
        Self { start, end: if escaped { end | ESCAPED } else { end } }
    }

    /// The byte behind it.
    #[inline(always)]
    pub(crate) const fn end(self) -> u32 {
        self.end & !ESCAPED
    }

    /// Whether it holds nothing: the field is absent.
    pub const fn is_empty(self) -> bool {
        self.start == 0
    }

    /// Whether it is a string that holds escapes.
    pub const fn is_escaped(self) -> bool {
        self.end & ESCAPED != 0
    }

    /// The bytes of the text that it is.
    pub const fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end() as usize
    }

    /// The value's own text; `""` if `text` is not the one that was read.
    pub fn of(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or_default()
    }
}
