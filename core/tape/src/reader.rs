//! The pass over the text: validates it and notes where the known fields lie.

use crate::{Field, Kind, Layout, Shape, Slot, Tape, unescape};

/// Levels of arrays and objects that are read.
pub const MAX_DEPTH: u32 = 128;

/// The longest text whose places fit into a slot.
const MAX_BYTES: usize = 1 << 31;

/// No field, in [`Tape::followers`].
const UNKNOWN: u16 = u16::MAX;

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

type Result<T> = std::result::Result<T, Fault>;

/// Where a block lies.
#[derive(Clone, Copy)]
struct Place {
    table: usize,
    start: usize,
}

pub(crate) struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    depth: u32,
}

impl<'t> Reader<'t> {
    pub(crate) fn new(text: &'t [u8]) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    /// The whole text: an array whose elements are the rows of the first table.
    pub(crate) fn page(mut self, tape: &mut Tape, layout: &'static Layout) -> Result<()> {
        if self.text.len() >= MAX_BYTES {
            return self.fault();
        }
        self.space();
        if self.peek() != b'[' {
            return self.fault();
        }
        self.rows(tape, layout.root, 0)?;
        self.space();
        if self.at == self.text.len() { Ok(()) } else { self.fault() }
    }

    /// The whole text: one value, the row of the first table.
    pub(crate) fn one(mut self, tape: &mut Tape, layout: &'static Layout) -> Result<()> {
        if self.text.len() >= MAX_BYTES {
            return self.fault();
        }
        self.space();
        tape.tables[0].resize(layout.root.width as usize, Slot::default());
        let own = self.record(tape, layout.root, Place { table: 0, start: 0 })?;
        tape.tables[0][0] = own;
        self.space();
        if self.at == self.text.len() { Ok(()) } else { self.fault() }
    }

    /// The whole text: an object, of which the value of one member is wanted. The last of equal keys counts.
    pub(crate) fn member(mut self, name: &str) -> Result<Option<Slot>> {
        let mut found = None;
        if self.text.len() >= MAX_BYTES || self.peek() != b'{' {
            return self.fault();
        }
        self.open()?;
        if self.peek() == b'}' {
            return Ok(None);
        }
        loop {
            let start = self.at;
            if self.peek() != b'"' {
                return self.fault();
            }
            let escaped = self.string()?;
            let key = &self.text[start..self.at];
            let wanted = if escaped {
                std::str::from_utf8(key).ok().and_then(unescape).is_some_and(|key| key == name)
            } else {
                &key[1..key.len() - 1] == name.as_bytes()
            };
            self.space();
            if self.peek() != b':' {
                return self.fault();
            }
            self.at += 1;
            self.space();
            let value = self.value()?;
            if wanted {
                found = Some(value);
            }
            self.space();
            if self.list_ends(b'}')? {
                return Ok(found);
            }
        }
    }

    /// An array of records, as rows of `table`: the first row, and how many.
    fn rows(&mut self, tape: &mut Tape, shape: &'static Shape, table: usize) -> Result<Slot> {
        self.open()?;
        let width = shape.width as usize;
        let first = tape.tables[table].len() / width;
        let mut count = 0;
        if self.peek() == b']' {
            self.close();
            return Ok(Slot { start: short(first), end: 0 });
        }
        loop {
            let start = tape.tables[table].len();
            tape.tables[table].resize(start + width, Slot::default());
            let place = Place { table, start };
            let own = self.record(tape, shape, place)?;
            tape.tables[table][start] = own;
            count += 1;
            self.space();
            if self.list_ends(b']')? {
                return Ok(Slot { start: short(first), end: count });
            }
        }
    }

    /// A value whose fields are noted if it is an object.
    fn record(&mut self, tape: &mut Tape, shape: &'static Shape, place: Place) -> Result<Slot> {
        if self.peek() != b'{' {
            return self.value();
        }
        let start = self.at;
        self.members(tape, shape, place)?;
        Ok(self.slot(start, false))
    }

    fn members(&mut self, tape: &mut Tape, shape: &'static Shape, place: Place) -> Result<()> {
        self.open()?;
        if self.peek() == b'}' {
            self.close();
            return Ok(());
        }
        let id = usize::from(shape.id);
        if tape.followers.len() <= id {
            tape.followers.resize_with(id + 1, Vec::new);
        }
        if tape.followers[id].is_empty() {
            tape.followers[id].resize(shape.fields.len() + 1, 0);
        }
        // Place 0 is for the first key; the field at n is followed by what stands at n + 1.
        let mut before = 0;
        loop {
            let guess = tape.followers[id][before];
            let field = match self.key_if(shape, guess) {
                Some(field) => Some(field),
                None => {
                    let found = self.key(shape)?;
                    tape.followers[id][before] = found.map_or(UNKNOWN, |(at, _)| at);
                    found.map(|(at, field)| (usize::from(at), field))
                }
            };
            self.space();
            if self.peek() != b':' {
                return self.fault();
            }
            self.at += 1;
            self.space();
            match field {
                Some((at, field)) => {
                    before = at + 1;
                    self.field(tape, field, place)?;
                }
                None => drop(self.value()?),
            }
            self.space();
            if self.list_ends(b'}')? {
                return Ok(());
            }
        }
    }

    /// The guessed key, if it stands here.
    fn key_if(&mut self, shape: &'static Shape, guess: u16) -> Option<(usize, &'static Field)> {
        let field = shape.fields.get(usize::from(guess))?;
        let rest = self.text.get(self.at..)?.strip_prefix(b"\"")?;
        let rest = rest.strip_prefix(field.key.as_bytes())?.strip_prefix(b"\"")?;
        self.at = self.text.len() - rest.len();
        Some((usize::from(guess), field))
    }

    /// A key, and which known field it names.
    fn key(&mut self, shape: &'static Shape) -> Result<Option<(u16, &'static Field)>> {
        let start = self.at;
        if self.peek() != b'"' {
            return self.fault();
        }
        let escaped = self.string()?;
        let quoted = &self.text[start..self.at];
        let known = |name: &[u8]| {
            let at = shape.fields.iter().position(|field| field.key.as_bytes() == name)?;
            Some((u16::try_from(at).ok()?, &shape.fields[at]))
        };
        if !escaped {
            return Ok(known(&quoted[1..quoted.len() - 1]));
        }
        let name = std::str::from_utf8(quoted).ok().and_then(unescape);
        Ok(name.and_then(|name| known(name.as_bytes())))
    }

    fn field(&mut self, tape: &mut Tape, field: &'static Field, place: Place) -> Result<()> {
        let start = place.start + field.at as usize;
        match field.kind {
            Kind::Value => {
                let slot = self.value()?;
                tape.tables[place.table][start] = slot;
            }
            Kind::Record(shape) => {
                let block = start..start + shape.width as usize;
                if !tape.tables[place.table][start].is_empty() {
                    // The key came before: of that record nothing counts.
                    tape.tables[place.table][block].fill(Slot::default());
                }
                let own = self.record(tape, shape, Place { table: place.table, start })?;
                tape.tables[place.table][start] = own;
            }
            Kind::Far { shape, table } => {
                let (range, row) = if self.peek() == b'{' {
                    let table = usize::from(table);
                    let row = tape.tables[table].len();
                    tape.tables[table].resize(row + shape.width as usize, Slot::default());
                    let range = self.record(tape, shape, Place { table, start: row })?;
                    tape.tables[table][row] = range;
                    (range, Slot { start: short(row / shape.width as usize), end: 1 })
                } else {
                    (self.value()?, Slot::default())
                };
                tape.tables[place.table][start] = range;
                tape.tables[place.table][start + 1] = row;
            }
            Kind::List { shape, table } => {
                let from = self.at;
                let (range, rows) = if self.peek() == b'[' {
                    let rows = self.rows(tape, shape, usize::from(table))?;
                    (self.slot(from, false), rows)
                } else {
                    (self.value()?, Slot::default())
                };
                tape.tables[place.table][start] = range;
                tape.tables[place.table][start + 1] = rows;
            }
        }
        Ok(())
    }

    /// Any value.
    fn value(&mut self) -> Result<Slot> {
        let start = self.at;
        let mut escaped = false;
        match self.peek() {
            b'"' => escaped = self.string()?,
            b'{' => self.skip_object()?,
            b'[' => self.skip_array()?,
            b't' => self.word(b"true")?,
            b'f' => self.word(b"false")?,
            b'n' => self.word(b"null")?,
            _ => self.number()?,
        }
        Ok(self.slot(start, escaped))
    }

    fn skip_object(&mut self) -> Result<()> {
        self.open()?;
        if self.peek() == b'}' {
            self.close();
            return Ok(());
        }
        loop {
            if self.peek() != b'"' {
                return self.fault();
            }
            self.string()?;
            self.space();
            if self.peek() != b':' {
                return self.fault();
            }
            self.at += 1;
            self.space();
            self.value()?;
            self.space();
            if self.list_ends(b'}')? {
                return Ok(());
            }
        }
    }

    fn skip_array(&mut self) -> Result<()> {
        self.open()?;
        if self.peek() == b']' {
            self.close();
            return Ok(());
        }
        loop {
            self.value()?;
            self.space();
            if self.list_ends(b']')? {
                return Ok(());
            }
        }
    }

    /// Goes past an opening bracket and the space behind it.
    fn open(&mut self) -> Result<()> {
        if self.depth == MAX_DEPTH {
            return self.fault();
        }
        self.depth += 1;
        self.at += 1;
        self.space();
        Ok(())
    }

    fn close(&mut self) {
        self.at += 1;
        self.depth -= 1;
    }

    /// Goes past a comma and the space behind it, or past the bracket that ends the list.
    fn list_ends(&mut self, bracket: u8) -> Result<bool> {
        match self.peek() {
            b',' => {
                self.at += 1;
                self.space();
                Ok(false)
            }
            byte if byte == bracket => {
                self.close();
                Ok(true)
            }
            _ => self.fault(),
        }
    }

    /// A string whose quote is here; tells whether it holds escapes.
    fn string(&mut self) -> Result<bool> {
        self.at += 1;
        let mut escaped = false;
        loop {
            self.at = plain_until(self.text, self.at);
            match self.peek() {
                b'"' => {
                    self.at += 1;
                    return Ok(escaped);
                }
                b'\\' => {
                    escaped = true;
                    let length = match self.text.get(self.at + 1) {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
                        Some(b'u') => {
                            let digits = self.text.get(self.at + 2..self.at + 6);
                            if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                                return self.fault();
                            }
                            6
                        }
                        _ => return self.fault(),
                    };
                    self.at += length;
                }
                // The end, or a control character.
                _ => return self.fault(),
            }
        }
    }

    fn number(&mut self) -> Result<()> {
        if self.peek() == b'-' {
            self.at += 1;
        }
        match self.peek() {
            b'0' => self.at += 1,
            b'1'..=b'9' => self.digits()?,
            _ => return self.fault(),
        }
        if self.peek() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    /// One digit or more.
    fn digits(&mut self) -> Result<()> {
        if !self.peek().is_ascii_digit() {
            return self.fault();
        }
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        Ok(())
    }

    fn word(&mut self, word: &[u8]) -> Result<()> {
        if !self.text[self.at..].starts_with(word) {
            return self.fault();
        }
        self.at += word.len();
        Ok(())
    }

    fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\t' | b'\r') {
            self.at += 1;
        }
    }

    /// The byte here; 0, which JSON has nowhere, at the end.
    fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or_default()
    }

    fn slot(&self, start: usize, escaped: bool) -> Slot {
        Slot::new(short(start), short(self.at), escaped)
    }

    fn fault<T>(&self) -> Result<T> {
        Err(Fault { at: self.at })
    }
}

/// A place of the text, whose length was checked.
fn short(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// The first place from `at` on of a quote, a backslash or a control character; the end if there is none.
fn plain_until(text: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const TOPS: u64 = ONES << 7;
    while let Some(eight) = text.get(at..at + 8).and_then(|eight| eight.try_into().ok()) {
        let word = u64::from_le_bytes(eight);
        let zero = |word: u64| word.wrapping_sub(ONES) & !word;
        let special = zero(word ^ (ONES * u64::from(b'"')))
            | zero(word ^ (ONES * u64::from(b'\\')))
            // Less than a space, for bytes without a top bit.
            | (word.wrapping_sub(ONES * 0x20) & !word);
        let special = special & TOPS;
        if special != 0 {
            // Lower bytes borrow from higher ones, never the other way: the first hit is a true one.
            return at + special.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = text.get(at..).unwrap_or_default();
    let found = rest.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20);
    at + found.unwrap_or(rest.len())
}
