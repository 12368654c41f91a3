//! A page for a language that reads the slots itself, without a call per field: its text in ASCII, and words.

use tenantry_tape::{Kind, Shape, Slot};

use super::Page;

/// A page's text and its slots.
///
/// The words begin with 1 if they are wide, else 0; the number of rows that are given out; their numbers; for each table the
/// word at which it begins. Then come the tables, row behind row.
///
/// Narrow words tell places within a row: a row begins with the first byte of its record and the byte behind it, and has then
/// one word for each further slot of its shape: 16 bits of where the value begins, counted from the record's first byte, 15
/// bits of length, and the top bit for a string with escapes. Where rows are told: 20 bits of the first one, and 12 of how
/// many. Wide words are the slots as they are, two for each: only pages with a record of 32 KiB or more need them.
#[derive(Debug)]
pub struct Packed {
    pub text: String,
    pub words: Vec<u32>,
}

impl Page {
    /// Packs it; the page was read in ASCII.
    pub fn pack(self) -> Packed {
        let mut words = Vec::new();
        if !self.narrow(&mut words) {
            words.clear();
            self.wide(&mut words);
        }
        Packed { text: self.into_text(), words }
    }

    fn head(&self, words: &mut Vec<u32>, wide: bool, stride: impl Fn(&Shape) -> usize) {
        let (tables, rows) = (self.layout().tables, self.numbers());
        let slots = |table: usize| u8::try_from(table).map_or(&[][..], |table| self.slots(table));
        words.extend([u32::from(wide), short(rows.len())]);
        words.extend(rows);
        let mut start = 2 + tables.len() + rows.len();
        for (table, shape) in tables.iter().enumerate() {
            words.push(short(start));
            start += slots(table).len() / shape.width as usize * stride(shape);
        }
        words.reserve_exact(start - words.len());
    }

    /// False when a slot does not fit.
    fn narrow(&self, words: &mut Vec<u32>) -> bool {
        self.head(words, false, |shape| shape.width as usize + 1);
        let mut fits = true;
        for (table, shape) in (0_u8..).zip(self.layout().tables) {
            let mut tells_rows = vec![false; shape.width as usize];
            mark_rows(shape, &mut tells_rows);
            for row in self.slots(table).chunks_exact(shape.width as usize) {
                let own = row[0].range();
                words.extend([short(own.start), short(own.end)]);
                words.extend(row.iter().zip(&tells_rows).skip(1).map(|(slot, rows)| {
                    let word = if *rows { pair(*slot, 20, 12) } else { range(*slot, row[0].start) };
                    fits &= word.is_some();
                    word.unwrap_or_default()
                }));
            }
        }
        fits
    }

    fn wide(&self, words: &mut Vec<u32>) {
        self.head(words, true, |shape| 2 * shape.width as usize);
        for (table, _) in (0_u8..).zip(self.layout().tables) {
            words.extend(self.slots(table).iter().flat_map(|slot| [slot.start, slot.end]));
        }
    }
}

/// Marks the slots that tell rows, not a range.
fn mark_rows(shape: &Shape, slots: &mut [bool]) {
    for field in shape.fields {
        let at = field.at as usize;
        match field.kind {
            Kind::Value => {}
            Kind::Record(inner) => mark_rows(inner, &mut slots[at..]),
            Kind::Far { .. } | Kind::List { .. } => slots[at + 1] = true,
        }
    }
}

/// A range as a narrow word; `None` if it does not fit.
fn range(slot: Slot, from: u32) -> Option<u32> {
    if slot.is_empty() {
        return Some(0);
    }
    let range = slot.range();
    let (at, length) = (slot.start.wrapping_sub(from), short(range.len()));
    let fits = at < 1 << 16 && length < 1 << 15;
    fits.then_some(at | length << 16 | u32::from(slot.is_escaped()) << 31)
}

/// The first row and their number as a narrow word; `None` if they do not fit.
fn pair(slot: Slot, first: u32, count: u32) -> Option<u32> {
    (slot.start < 1 << first && slot.end < 1 << count).then_some(slot.start | slot.end << first)
}

fn short(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
