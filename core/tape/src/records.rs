//! The pass over the text: goes through its records and notes where their known fields lie.

use crate::grammar::{Result, broken, byte, colon, deeper, one, space, string, value};
use crate::order::Order;
use crate::scan::Seam;
use crate::{Field, Kind, Layout, MAX_BYTES, Shape, Slot};

/// Slots that any text may fill. A longer one may fill as many as it has bytes: empty records would take a hundred times
/// the memory of their text.
const LEAST_ROOM: usize = 1 << 21;

pub(crate) struct Records<'t> {
    text: &'t [u8],
    tables: &'t mut [Vec<Slot>],
    order: &'t mut Order,
    /// Slots that may still be filled.
    room: usize,
    repeats: &'t mut bool,
}

impl<'t> Records<'t> {
    pub(crate) fn new(text: &'t str, tables: &'t mut [Vec<Slot>], order: &'t mut Order, repeats: &'t mut bool) -> Self {
        Self { text: text.as_bytes(), tables, order, room: text.len().max(LEAST_ROOM), repeats }
    }

    /// The whole text: an array whose elements are the rows of the first table.
    pub(crate) fn page(mut self, layout: &'static Layout) -> Result<()> {
        let at = self.begin()?;
        if byte(self.text, at) != b'[' {
            return broken(at);
        }
        let (end, _) = self.rows(layout.root, 0, at, 0)?;
        self.end(end)
    }

    /// The whole text: one value, the row of the first table.
    pub(crate) fn one(mut self, layout: &'static Layout) -> Result<()> {
        let at = self.begin()?;
        let (range, _) = self.row(layout.root, 0, at, 0)?;
        self.end(range.end())
    }

    fn begin(&self) -> Result<u32> {
        if self.text.len() < MAX_BYTES { Ok(space(self.text, 0)) } else { broken(0) }
    }

    fn end(&self, at: u32) -> Result<()> {
        let at = space(self.text, at);
        if at as usize == self.text.len() { Ok(()) } else { broken(at) }
    }

    /// An array of records, as rows of `table`: where it ends, and the first row and how many.
    fn rows(&mut self, shape: &'static Shape, table: u8, at: u32, depth: u32) -> Result<(u32, Slot)> {
        let first = number(self.tables[usize::from(table)].len(), shape.width as usize);
        let mut rows = Slot { start: first, end: 0 };
        let depth = deeper(at, depth)?;
        let mut at = space(self.text, at + 1);
        if byte(self.text, at) == b']' {
            return Ok((at + 1, rows));
        }
        loop {
            let (range, _) = self.row(shape, table, at, depth)?;
            rows.end += 1;
            at = space(self.text, range.end());
            match byte(self.text, at) {
                b',' => at = space(self.text, at + 1),
                b']' => return Ok((at + 1, rows)),
                _ => return broken(at),
            }
        }
    }

    /// A record as the next row of `table`: its range, and the row's number.
    fn row(&mut self, shape: &'static Shape, table: u8, at: u32, depth: u32) -> Result<(Slot, u32)> {
        let (table, width) = (usize::from(table), shape.width as usize);
        let Some(room) = self.room.checked_sub(width) else { return broken(at) };
        self.room = room;
        // No record has rows of its own table within it, so that nobody looks for this one meanwhile.
        let mut slots = std::mem::take(&mut self.tables[table]);
        let start = slots.len();
        slots.resize(start + width, Slot::default());
        let range = self.record(shape, &mut slots[start..], at, depth);
        self.tables[table] = slots;
        Ok((range?, number(start, width)))
    }

    /// A value whose fields are noted in `block` if it is an object; as is its range.
    #[inline]
    fn record(&mut self, shape: &'static Shape, block: &mut [Slot], at: u32, depth: u32) -> Result<Slot> {
        let range = if byte(self.text, at) == b'{' {
            Slot::new(at, self.members(shape, block, at, depth)?, false)
        } else {
            value(self.text, at, depth)?
        };
        block[0] = range;
        Ok(range)
    }

    /// The members of the object that begins here, and where it ends.
    fn members(&mut self, shape: &'static Shape, block: &mut [Slot], at: u32, depth: u32) -> Result<u32> {
        let depth = deeper(at, depth)?;
        let mut at = at + 1;
        let first = self.order.first(shape);
        let mut place = first;
        loop {
            if byte(self.text, at) == b'}' {
                return Ok(at + 1);
            }
            let field;
            if let Some((step, behind)) = self.order.expected(place, self.text, at) {
                (at, place, field) = (behind, step.next, step.field);
            } else {
                let from = at;
                at = space(self.text, at);
                if byte(self.text, at) == b'}' {
                    continue;
                }
                if place != first {
                    at = space(self.text, one(self.text, at, b',')?);
                }
                let known;
                (at, known) = self.key(shape, at)?;
                place = self.order.learn(shape, place, Seam::new(from..at), known);
                field = known.map(|known| &shape.fields[known]);
            }
            at = space(self.text, at);
            at = match field {
                Some(field) => self.field(field, block, at, depth)?,
                None => value(self.text, at, depth)?.end(),
            };
        }
    }

    /// A key and its colon: where the value begins, and which known field it is of.
    #[inline(never)]
    fn key(&self, shape: &'static Shape, at: u32) -> Result<(u32, Option<usize>)> {
        if byte(self.text, at) != b'"' {
            return broken(at);
        }
        let slot = string(self.text, at)?;
        let quoted = &self.text[slot.range()];
        let known = |name: &[u8]| shape.fields.iter().position(|field| field.key.as_bytes() == name);
        let field = if slot.is_escaped() {
            let name = std::str::from_utf8(quoted).ok().and_then(crate::unescape);
            name.and_then(|name| known(name.as_bytes()))
        } else {
            known(&quoted[1..quoted.len() - 1])
        };
        Ok((colon(self.text, slot.end())?, field))
    }

    /// A known field's value, and where it ends.
    #[inline(always)]
    fn field(&mut self, field: &'static Field, block: &mut [Slot], at: u32, depth: u32) -> Result<u32> {
        let place = field.at as usize;
        *self.repeats |= !block[place].is_empty();
        let range = match field.kind {
            Kind::Value => {
                let range = value(self.text, at, depth)?;
                block[place] = range;
                range
            }
            Kind::Record(shape) => {
                let block = &mut block[place..place + shape.width as usize];
                if !block[0].is_empty() {
                    // The key came before: of that record nothing counts.
                    block.fill(Slot::default());
                }
                self.record(shape, block, at, depth)?
            }
            Kind::Far { shape, table } => {
                let (range, row) = if byte(self.text, at) == b'{' {
                    let (range, row) = self.row(shape, table, at, depth)?;
                    (range, Slot { start: row, end: 1 })
                } else {
                    (value(self.text, at, depth)?, Slot::default())
                };
                (block[place], block[place + 1]) = (range, row);
                range
            }
            Kind::List { shape, table } => {
                let (range, rows) = if byte(self.text, at) == b'[' {
                    let (end, rows) = self.rows(shape, table, at, depth)?;
                    (Slot::new(at, end, false), rows)
                } else {
                    (value(self.text, at, depth)?, Slot::default())
                };
                (block[place], block[place + 1]) = (range, rows);
                range
            }
        };
        Ok(range.end())
    }
}

/// The number of the row that begins at a slot. No table has as many as there are bytes in the text.
fn number(slot: usize, width: usize) -> u32 {
    u32::try_from(slot / width).unwrap_or(u32::MAX)
}
