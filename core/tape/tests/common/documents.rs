//! Documents for a layout, and what becomes of them on a bad day.

use tenantry_tape::{Kind, Layout, Shape};

use super::dice::Dice;

const SPACES: [&str; 8] = [" ", "\n", "\t", "\r", "\r\n  ", "   ", "\n\t\t", "                                   "];

const NUMBERS: [&str; 16] = [
    "0",
    "-0",
    "7",
    "-12",
    "0.5",
    "-0.05",
    "1e9",
    "1E+9",
    "2.5e-3",
    "0e0",
    "123456789012345678901234567890",
    "1e999",
    "-1.0",
    "10",
    "9.99E0",
    "4294967295",
];

const TEXTS: [&str; 20] = [
    "",
    "a",
    "text",
    "fifteen bytes..",
    "sixteen bytes...",
    "seventeen bytes..",
    "thirty-one bytes of plain text.",
    "thirty-two bytes of plain text..",
    "a text that takes more than two or three of a processor's registers to be read",
    "Größe",
    "İstanbul",
    "日本語のテキスト",
    "🙂",
    "\u{7f}\u{80}\u{fffd}",
    "[{\\\"a\\\": 1}]",
    "\\n\\t\\\\\\/\\b\\f\\r",
    "\\u0041\\u00e9\\u20ac",
    "\\ud83d\\ude42",
    "\\ud83d",
    "tail\\\\",
];

pub struct Writer<'d> {
    dice: &'d mut Dice,
    out: String,
    /// Whether there is space where there may be.
    spaced: bool,
    /// Brackets that are open.
    depth: usize,
}

/// A valid page for `layout`.
pub fn page(dice: &mut Dice, layout: &Layout) -> String {
    let spaced = dice.once_in(3);
    let mut writer = Writer { dice, out: String::new(), spaced, depth: 0 };
    writer.space();
    let rows = writer.dice.of(&[0, 1, 2, 3, 5, 8]);
    let keep_order = !writer.dice.once_in(4);
    writer.array(rows, |writer| writer.row(layout.root, keep_order));
    writer.space();
    writer.out
}

impl Writer<'_> {
    fn space(&mut self) {
        if self.spaced && self.dice.once_in(2) {
            let space = self.dice.of(&SPACES);
            self.out.push_str(space);
        }
    }

    fn array(&mut self, count: usize, mut one: impl FnMut(&mut Self)) {
        self.out.push('[');
        self.depth += 1;
        self.space();
        for nth in 0..count {
            if nth > 0 {
                self.out.push(',');
                self.space();
            }
            one(self);
            self.space();
        }
        self.depth -= 1;
        self.out.push(']');
    }

    /// What stands where a record of `shape` is to stand.
    fn row(&mut self, shape: &Shape, keep_order: bool) {
        if self.dice.once_in(12) { self.any() } else { self.object(Some(shape), keep_order) }
    }

    fn object(&mut self, shape: Option<&Shape>, keep_order: bool) {
        self.out.push('{');
        self.depth += 1;
        self.space();
        let fields = shape.map_or(&[][..], |shape| shape.fields);
        let skipped = if keep_order { 6 } else { 2 };
        let mut order: Vec<Option<usize>> =
            (0..fields.len()).filter(|_| !self.dice.once_in(skipped)).map(Some).collect();
        let unknown = if keep_order { usize::from(fields.len() % 3 == 1) } else { self.dice.roll(3) };
        order.extend((0..unknown).map(|_| None));
        if !keep_order {
            for last in (1..order.len()).rev() {
                order.swap(last, self.dice.roll(last + 1));
            }
            if !order.is_empty() && self.dice.once_in(4) {
                order.push(order[self.dice.roll(order.len())]);
            }
        }
        for (nth, field) in order.into_iter().enumerate() {
            if nth > 0 {
                self.out.push(',');
                self.space();
            }
            let field = field.and_then(|at| fields.get(at));
            let unknown = if keep_order {
                "unknown"
            } else {
                self.dice.of(&["unknown", "idd", "\\u0069e", "\\ud800", "é", "x"])
            };
            self.key(field.map_or(unknown, |field| field.key));
            self.space();
            self.out.push(':');
            self.space();
            match field.map(|field| field.kind) {
                Some(Kind::Record(shape) | Kind::Far { shape, .. }) => self.row(shape, keep_order),
                Some(Kind::List { shape, .. }) if !self.dice.once_in(12) => {
                    let rows = self.dice.of(&[0, 1, 1, 2, 4]);
                    self.array(rows, |writer| writer.row(shape, keep_order));
                }
                _ => self.any(),
            }
            self.space();
        }
        self.depth -= 1;
        self.out.push('}');
    }

    /// A key, now and then with escapes that mean the same.
    fn key(&mut self, key: &str) {
        self.out.push('"');
        let escape = self.dice.once_in(20) && !key.contains('\\');
        for char in key.chars() {
            if escape && self.dice.once_in(2) && u32::from(char) < 0x80 {
                self.out.push_str(&format!("\\u{:04x}", u32::from(char)));
            } else {
                self.out.push(char);
            }
        }
        self.out.push('"');
    }

    /// Any value.
    fn any(&mut self) {
        match self.dice.roll(if self.depth > 8 { 7 } else { 10 }) {
            0..=3 => {
                let text = self.dice.of(&TEXTS);
                self.out.push('"');
                self.out.push_str(text);
                self.out.push('"');
            }
            4 | 5 => {
                let number = self.dice.of(&NUMBERS);
                self.out.push_str(number);
            }
            6 => {
                let word = self.dice.of(&["null", "true", "false"]);
                self.out.push_str(word);
            }
            7 => {
                let count = self.dice.roll(4);
                self.array(count, Self::any);
            }
            8 if self.dice.once_in(30) => {
                // About as deep as is read, or a little too deep.
                let levels = 124 + self.dice.roll(8) - self.depth;
                self.out.push_str(&"[".repeat(levels));
                self.out.push_str(&"]".repeat(levels));
            }
            _ => self.object(None, false),
        }
    }
}

/// Pieces that break a document, or leave it whole against all appearances.
const PIECES: [&str; 36] = [
    "\"",
    "\\",
    ",",
    ":",
    "[",
    "]",
    "{",
    "}",
    "0",
    "-",
    ".",
    "e",
    "+",
    " ",
    "\n",
    "\0",
    "\u{1f}",
    "\u{7f}",
    "é",
    "null",
    "nul",
    "tru",
    "false",
    "\\u",
    "\\ud800",
    "\\u00e9",
    "\"\"",
    "[]",
    "{}",
    "{\"id\":1}",
    ",\"id\":",
    "01",
    "1.",
    "\u{feff}",
    "'",
    "//",
];

/// The text with some bytes changed, lost, doubled or swapped; still UTF-8.
pub fn mutated(dice: &mut Dice, text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..dice.of(&[1, 1, 1, 2, 3, 6]) {
        let at = dice.roll(bytes.len() + 1);
        let to = (at + dice.of(&[1, 1, 2, 5, 40])).min(bytes.len());
        match dice.roll(8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.roll(7),
            1 => drop(bytes.drain(at..to)),
            2 => {
                let slice = bytes[at..to].to_vec();
                let into = dice.roll(bytes.len() + 1);
                bytes.splice(into..into, slice);
            }
            3 => swap_brackets(dice, &mut bytes),
            4 => bytes.truncate(at),
            5 if at < bytes.len() => {
                let other = dice.roll(bytes.len());
                bytes.swap(at, other);
            }
            6 if at < bytes.len() => bytes[at] = dice.of(b"\"\\,:[]{}0-.eE+ \n\x00\x1ftfnul"),
            _ => {
                let piece = dice.of(&PIECES).bytes();
                bytes.splice(at..at, piece);
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Exchanges one bracket, quote, comma or colon for another one.
fn swap_brackets(dice: &mut Dice, bytes: &mut [u8]) {
    let marks: Vec<usize> = (0..bytes.len()).filter(|&at| b"[]{},:\"".contains(&bytes[at])).collect();
    if marks.len() > 1 {
        bytes.swap(dice.of(&marks), dice.of(&marks));
    }
}
