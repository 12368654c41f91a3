//! What may be asked of a table.

/// What a property's values are, and so how an operand is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Integer,
    /// An ISO 8601 instant, in microseconds since 1970.
    Instant,
}

/// The lookups that a property supports, as a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lookup(u16);

impl Lookup {
    pub(crate) const EQ: Lookup = Lookup(1);
    pub(crate) const NE: Lookup = Lookup(1 << 1);
    pub(crate) const GT: Lookup = Lookup(1 << 2);
    pub(crate) const GE: Lookup = Lookup(1 << 3);
    pub(crate) const LT: Lookup = Lookup(1 << 4);
    pub(crate) const LE: Lookup = Lookup(1 << 5);
    pub(crate) const IN: Lookup = Lookup(1 << 6);
    pub(crate) const OUT: Lookup = Lookup(1 << 7);
    pub(crate) const LIKE: Lookup = Lookup(1 << 8);
    pub(crate) const ILIKE: Lookup = Lookup(1 << 9);
    pub(crate) const NULL: Lookup = Lookup(1 << 10);

    pub(crate) const fn and(self, more: Lookup) -> Lookup {
        Lookup(self.0 | more.0)
    }

    pub(crate) const fn has(self, wanted: Lookup) -> bool {
        self.0 & wanted.0 != 0
    }
}

/// One property of a table: `field` is how a row names it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column<F> {
    pub(crate) name: &'static str,
    pub(crate) field: F,
    pub(crate) kind: Kind,
    pub(crate) lookups: Lookup,
    pub(crate) ordering: bool,
    /// `search=` looks into it.
    pub(crate) search: bool,
    /// A word that means `null()`, or none.
    pub(crate) null_word: &'static str,
}

impl<F> Column<F> {
    pub(crate) const fn new(name: &'static str, field: F, kind: Kind, lookups: Lookup) -> Column<F> {
        Column { name, field, kind, lookups, ordering: false, search: false, null_word: "" }
    }
}

impl<F: Copy> Column<F> {
    pub(crate) const fn ordered(mut self) -> Column<F> {
        self.ordering = true;
        self
    }

    pub(crate) const fn searched(mut self) -> Column<F> {
        self.search = true;
        self
    }

    pub(crate) const fn null_as(mut self, word: &'static str) -> Column<F> {
        self.null_word = word;
        self
    }
}
