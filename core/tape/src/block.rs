//! A record on the tape.

use crate::{Field, Kind, Shape, Slot, Tape};

/// A place that no table has.
const NOWHERE: u32 = u32::MAX;

/// Where a record lies on its tape: what to keep of it where a borrow cannot be kept.
#[derive(Debug, Clone, Copy)]
pub struct At {
    pub shape: &'static Shape,
    pub table: u8,
    /// Its first slot within the table.
    pub start: u32,
}

/// A record: the ranges of its fields, by their places in [`Shape::fields`].
#[derive(Debug, Clone, Copy)]
pub struct Block<'t> {
    pub(crate) tape: &'t Tape,
    pub(crate) at: At,
}

impl<'t> Block<'t> {
    /// Where it lies.
    pub fn at(&self) -> At {
        self.at
    }

    /// Its shape.
    pub fn shape(&self) -> &'static Shape {
        self.at.shape
    }

    /// The record's own range.
    pub fn own(&self) -> Slot {
        self.slot(0).unwrap_or_default()
    }

    /// The range of a field; `None` if it is absent.
    pub fn value(&self, field: usize) -> Option<Slot> {
        self.slot(self.at.shape.fields.get(field)?.at).filter(|slot| !slot.is_empty())
    }

    /// A field that is a record. If it did not come, or not as an object, none of its own fields did.
    pub fn record(&self, field: usize) -> Option<Block<'t>> {
        let of = self.at.shape.fields.get(field)?;
        let at = match of.kind {
            Kind::Record(shape) => At { shape, table: self.at.table, start: self.at.start.saturating_add(of.at) },
            Kind::Far { shape, table } => {
                self.rows(of.at + 1, shape, table).next().unwrap_or(At { shape, table, start: NOWHERE })
            }
            Kind::Value | Kind::List { .. } => return None,
        };
        Some(Block { tape: self.tape, at })
    }

    /// The rows of a field that is a list; none if it is absent or no list.
    pub fn list(&self, field: usize) -> impl ExactSizeIterator<Item = Block<'t>> + use<'t> {
        let rows = match self.at.shape.fields.get(field) {
            Some(&Field { kind: Kind::List { shape, table }, at, .. }) => self.rows(at + 1, shape, table),
            _ => self.rows(u32::MAX, self.at.shape, self.at.table),
        };
        let tape = self.tape;
        rows.map(move |at| Block { tape, at })
    }

    /// The rows that the slot at `within` tells.
    fn rows(&self, within: u32, shape: &'static Shape, table: u8) -> impl ExactSizeIterator<Item = At> + use<> {
        let Slot { start, end } = self.slot(within).unwrap_or_default();
        (0..end as usize).map(move |row| {
            let row = start.saturating_add(u32::try_from(row).unwrap_or(u32::MAX));
            At { shape, table, start: row.saturating_mul(shape.width) }
        })
    }

    fn slot(&self, within: u32) -> Option<Slot> {
        self.tape.slots(self.at.table).get((self.at.start as usize).checked_add(within as usize)?).copied()
    }
}
