//! Which fields are known.

/// A record's known fields. Its block of slots holds the record's own range first, then those of its fields, each behind
/// the one before.
#[derive(Debug)]
pub struct Shape {
    /// Tells shapes apart; small, as tables are indexed by it.
    pub id: u16,
    /// The model's name.
    pub name: &'static str,
    pub fields: &'static [Field],
    /// Slots of one block.
    pub width: u32,
}

/// A known field.
#[derive(Debug)]
pub struct Field {
    /// Its name on the wire; plain ASCII that JSON does not escape.
    pub key: &'static str,
    pub kind: Kind,
    /// What its documentation promises; the tape takes anything.
    pub holds: Holds,
    /// Its first slot within the block.
    pub at: u32,
}

/// What is noted of a field.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// One slot, its range.
    Value,
    /// The whole block of a record, whose first slot is the field's range.
    Record(&'static Shape),
    /// Two slots: its range, and where its block lies, which is a row of `table`: for large records that are often absent.
    Far { shape: &'static Shape, table: u8 },
    /// Two slots: its range, and the first row and the number of rows in `table`.
    List { shape: &'static Shape, table: u8 },
}

/// What a field is documented to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    Text,
    /// A point in time, as RFC 3339 text.
    Instant,
    Integer,
    Boolean,
    /// Anything, or a record, or a list.
    Any,
}

/// The layout of a page. No shape lies within itself, by whatever way, and the first table has only the rows of the page:
/// so the rows of a list lie side by side.
#[derive(Debug)]
pub struct Layout {
    /// The rows of the page.
    pub root: &'static Shape,
    /// The shape of the rows of each table; the first is `root`.
    pub tables: &'static [&'static Shape],
}
