//! Few bytes for what a waiting flow remembers: numbers by their size, identifiers by their bits, usual words by one byte.

/// Words that waiting flows hold again and again; a word's place is part of no stored format.
const WORDS: [&str; 16] = [
    "pending",
    "sent",
    "done",
    "updated",
    "adopted",
    "completed",
    "not listed",
    "listed",
    "established",
    "",
    "queued",
    "in progress",
    "running",
    "processing",
    "created",
    "success",
];
const TEXT: u8 = 0;
const UUID: u8 = 1;
const NAME: u8 = 2;
const WORD: u8 = 3;

/// Writes values one after another. What is the flow's own name takes one byte.
#[derive(Debug)]
pub(crate) struct Packer<'n> {
    bytes: Vec<u8>,
    name: &'n str,
}

impl<'n> Packer<'n> {
    pub(crate) fn new(name: &'n str) -> Self {
        Self { bytes: Vec::with_capacity(128), name }
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    /// A number that may be negative, and is small in most cases: a difference.
    pub(crate) fn difference(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }

    pub(crate) fn text(&mut self, text: &str) {
        if text == self.name {
            self.byte(NAME);
        } else if let Some(word) = WORDS.iter().position(|word| *word == text) {
            self.byte(WORD + word as u8);
        } else if let Some(bits) = uuid_bits(text) {
            self.byte(UUID);
            self.bytes.extend_from_slice(&bits);
        } else {
            self.byte(TEXT);
            self.number(text.len() as u64);
            self.bytes.extend_from_slice(text.as_bytes());
        }
    }

    pub(crate) fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.byte(u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }
}

/// Reads what a [`Packer`] wrote; `None` where the bytes end too early, which no bytes of this process do.
#[derive(Debug)]
pub(crate) struct Unpacker<'b> {
    bytes: &'b [u8],
    name: &'b str,
}

impl<'b> Unpacker<'b> {
    pub(crate) fn new(bytes: &'b [u8], name: &'b str) -> Self {
        Self { bytes, name }
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    pub(crate) fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(number);
            }
            shift += 7;
        }
    }

    pub(crate) fn small<T: TryFrom<u64>>(&mut self) -> Option<T> {
        T::try_from(self.number()?).ok()
    }

    pub(crate) fn difference(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    pub(crate) fn text(&mut self) -> Option<Box<str>> {
        match self.byte()? {
            TEXT => {
                let length = self.small()?;
                std::str::from_utf8(self.take(length)?).ok().map(Into::into)
            }
            UUID => Some(uuid_text(self.take(16)?).into()),
            NAME => Some(self.name.into()),
            word => WORDS.get(usize::from(word - WORD)).map(|word| (*word).into()),
        }
    }

    pub(crate) fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.byte()? {
            0 => Some(None),
            _ => read(self).map(Some),
        }
    }
}

const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// The 128 bits of a UUID in the form that gives its text back: lower case, hyphens in their places.
fn uuid_bits(text: &str) -> Option<[u8; 16]> {
    let text: &[u8; 36] = text.as_bytes().try_into().ok()?;
    let (mut bits, mut digits) = ([0; 16], 0);
    for (place, byte) in text.iter().enumerate() {
        if HYPHENS.contains(&place) {
            if *byte != b'-' {
                return None;
            }
            continue;
        }
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        bits[digits / 2] |= digit << (4 * (1 - digits % 2));
        digits += 1;
    }
    Some(bits)
}

fn uuid_text(bits: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for byte in bits {
        if HYPHENS.contains(&text.len()) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn values_come_back(
            texts in proptest::collection::vec("\\PC{0,40}", 0..5),
            number in any::<u64>(),
            difference in any::<i64>(),
        ) {
            let mut packer = Packer::new("shop-1");
            packer.number(number);
            packer.difference(difference);
            texts.iter().for_each(|text| packer.text(text));
            packer.option(Some(7), |packer, value| packer.number(value));
            let bytes = packer.finish();
            let mut unpacker = Unpacker::new(&bytes, "shop-1");
            prop_assert_eq!(unpacker.number(), Some(number));
            prop_assert_eq!(unpacker.difference(), Some(difference));
            for text in &texts {
                let read = unpacker.text();
                prop_assert_eq!(read.as_deref(), Some(text.as_str()));
            }
            prop_assert_eq!(unpacker.option(Unpacker::number), Some(Some(7)));
            prop_assert_eq!(unpacker.byte(), None);
        }
    }

    #[test]
    fn identifiers_names_and_usual_words_are_short() {
        let short = ["1827c806-0000-4000-8000-00000000000f", "shop-1", "pending", ""];
        let mut packer = Packer::new("shop-1");
        short.iter().for_each(|text| packer.text(text));
        let bytes = packer.finish();
        assert_eq!(bytes.len(), 17 + 3);
        let mut unpacker = Unpacker::new(&bytes, "shop-1");
        assert_eq!(short.map(|_| unpacker.text().unwrap().into_string()), short);
        // A UUID in another form is text like any other.
        for other in ["1827C806-0000-4000-8000-00000000000F", "1827c806-0000-4000-8000-0000000000-f"] {
            let mut packer = Packer::new("");
            packer.text(other);
            assert_eq!(Unpacker::new(&packer.finish(), "").text().as_deref(), Some(other));
        }
    }
}
