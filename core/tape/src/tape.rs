//! The tables of slots, and their reuse.

use crate::grammar;
use crate::order::Order;
use crate::records::Records;
use crate::{At, Block, Fault, Layout, Shape, Slot};

/// The slots of one page. A tape that is used again allocates nothing once it has grown.
#[derive(Debug, Default)]
pub struct Tape {
    /// The blocks of each table, one behind the other.
    tables: Vec<Vec<Slot>>,
    order: Order,
    repeats: bool,
    layout: Option<&'static Layout>,
}

impl Tape {
    /// Reads `text`, the array of a page.
    ///
    /// # Errors
    /// The place at which it is no such array; the tape then holds nothing.
    pub fn parse(&mut self, layout: &'static Layout, text: &str) -> Result<(), Fault> {
        self.read(layout, text, |records| records.page(layout))
    }

    /// Reads `text`, one record: the only row of the first table. Its own range begins at 0.
    ///
    /// # Errors
    /// The place at which it is no JSON value.
    pub fn parse_one(&mut self, layout: &'static Layout, text: &str) -> Result<(), Fault> {
        self.read(layout, text, |records| records.one(layout))
    }

    fn read(
        &mut self,
        layout: &'static Layout,
        text: &str,
        read: impl FnOnce(Records<'_>) -> grammar::Result<()>,
    ) -> Result<(), Fault> {
        self.clear();
        self.tables.resize_with(layout.tables.len().max(self.tables.len()), Vec::new);
        self.layout = Some(layout);
        self.repeats = false;
        let read = read(Records::new(text, &mut self.tables, &mut self.order, &mut self.repeats));
        // It says nothing of another text.
        self.order.clear();
        if read.is_err() {
            self.clear();
        }
        read.map_err(Fault::from)
    }

    /// Whether a known field came twice in a record: then the last one counts.
    pub fn has_repeats(&self) -> bool {
        self.repeats
    }

    /// The same slots in no more memory than they need: this tape, which has grown, may then be used again.
    pub fn compact(&self) -> Self {
        Self { tables: self.tables.clone(), order: Order::default(), repeats: self.repeats, layout: self.layout }
    }

    /// Forgets the page and keeps the memory.
    pub fn clear(&mut self) {
        self.tables.iter_mut().for_each(Vec::clear);
        self.layout = None;
    }

    /// How many rows a table has.
    pub fn rows(&self, table: u8) -> u32 {
        let width = self.shape(table).map_or(0, |shape| shape.width);
        u32::try_from(self.slots(table).len()).unwrap_or(u32::MAX).checked_div(width).unwrap_or_default()
    }

    /// A table's slots, block behind block.
    pub fn slots(&self, table: u8) -> &[Slot] {
        self.tables.get(usize::from(table)).map_or(&[], Vec::as_slice)
    }

    /// A row of a table. One that is not there has no fields.
    pub fn block(&self, table: u8, row: u32) -> Block<'_> {
        let shape = self.shape(table).unwrap_or(&EMPTY);
        self.at(At { shape, table, start: row.saturating_mul(shape.width) })
    }

    /// The block at a place that [`Block::at`] told.
    pub fn at(&self, at: At) -> Block<'_> {
        Block { tape: self, at }
    }

    /// Bytes of memory that it holds.
    pub fn capacity(&self) -> usize {
        self.tables.iter().map(|table| table.capacity() * size_of::<Slot>()).sum()
    }

    fn shape(&self, table: u8) -> Option<&'static Shape> {
        self.layout?.tables.get(usize::from(table)).copied()
    }
}

static EMPTY: Shape = Shape { id: 0, name: "", fields: &[], width: 1 };
