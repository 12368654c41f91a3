//! Sixteen bytes at a time: the ends of strings, and text that stood elsewhere already.

use std::ops::Range;

#[cfg(not(target_arch = "x86_64"))]
use self::portable::{same, specials};
use crate::grammar::bytes;
#[cfg(target_arch = "x86_64")]
use crate::sse2::{same, specials};

/// A piece of text to be found again: where it stands, and how long it is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seam {
    from: u32,
    length: u32,
    /// A bit for each of its first [`WIDE`] bytes.
    bits: u32,
}

/// Bytes of a seam that are compared at once.
pub(crate) const WIDE: usize = 32;

impl Seam {
    /// The text of `range`; nothing is a seam that is never found.
    pub(crate) fn new(range: Range<u32>) -> Self {
        let length = range.end - range.start;
        let bits = if length as usize >= WIDE { u32::MAX } else { (1 << length) - 1 };
        Self { from: range.start, length, bits }
    }

    /// Where the text goes on behind the seam, if it stands at `at`.
    #[inline(always)]
    pub(crate) fn behind(self, text: &[u8], at: u32) -> Option<u32> {
        let Self { from, length, bits } = self;
        if bits == 0 || same(bytes(text, at)?, bytes(text, from)?) & bits != bits {
            return None;
        }
        if length as usize > WIDE {
            let piece = |at: u32| text.get(at as usize..at as usize + length as usize);
            if piece(at)? != piece(from)? {
                return None;
            }
        }
        Some(at + length)
    }
}

/// The first place from `at` on of a quote, a backslash or a control character; the end if there is none.
#[inline(always)]
pub(crate) fn plain_until(text: &[u8], mut at: u32) -> u32 {
    while let Some(block) = bytes(text, at) {
        let found = specials(block);
        if found != 0 {
            return at + found.trailing_zeros();
        }
        at += 16;
    }
    plain_until_end(text, at)
}

#[cold]
fn plain_until_end(text: &[u8], mut at: u32) -> u32 {
    let rest = text.get(at as usize..).unwrap_or_default();
    for &byte in rest {
        if byte == b'"' || byte == b'\\' || byte < 0x20 {
            break;
        }
        at += 1;
    }
    at
}

/// Eight bytes of each half as a number, the first one lowest.
#[inline(always)]
pub(crate) fn halves(block: &[u8; 16]) -> (u64, u64) {
    let (halves, _) = block.as_chunks();
    (u64::from_le_bytes(halves[0]), u64::from_le_bytes(halves[1]))
}

/// For every other processor.
#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable {
    use super::{WIDE, halves};

    const ONES: u64 = u64::MAX / 255;
    const TOPS: u64 = ONES << 7;

    /// A bit for each byte that is a quote, a backslash or a control character; those above the lowest one may be wrong.
    pub(super) fn specials(block: &[u8; 16]) -> u32 {
        let (low, high) = halves(block);
        gathered(special(low)) | gathered(special(high)) << 8
    }

    /// The top bit of each byte that is special. Lower bytes borrow from higher ones, never the other way: the lowest hit
    /// is a true one.
    fn special(word: u64) -> u64 {
        let zero = |word: u64| word.wrapping_sub(ONES) & !word;
        let quotes = zero(word ^ (ONES * u64::from(b'"')));
        let backslashes = zero(word ^ (ONES * u64::from(b'\\')));
        // Less than a space, for bytes without a top bit.
        let controls = word.wrapping_sub(ONES * 0x20) & !word;
        (quotes | backslashes | controls) & TOPS
    }

    /// The top bits of the bytes, side by side.
    fn gathered(tops: u64) -> u32 {
        ((tops >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32
    }

    /// A bit for each byte that is the same in both.
    pub(super) fn same(one: &[u8; WIDE], other: &[u8; WIDE]) -> u32 {
        let bit = |at: usize| u32::from(one[at] == other[at]) << at;
        (0..WIDE).map(bit).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks whose bytes are all special and plain ones, of every value.
    fn blocks() -> impl Iterator<Item = [u8; 16]> {
        let mut seed = 1_u64;
        (0..200_000).map(move |_| {
            std::array::from_fn(|_| {
                seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                let (kind, byte) = ((seed >> 60) as u8, (seed >> 40) as u8);
                match kind {
                    0 => b'"',
                    1 => b'\\',
                    2 => byte % 0x22,
                    3 => byte,
                    _ => b'a' + byte % 26,
                }
            })
        })
    }

    #[test]
    fn the_first_special_byte_is_found_on_every_processor() {
        for block in blocks() {
            let wanted = block.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20);
            let wanted = wanted.map_or(32, |at| u32::try_from(at).unwrap());
            assert_eq!(portable::specials(&block).trailing_zeros(), wanted, "{block:?}");
            assert_eq!(specials(&block).trailing_zeros(), wanted, "{block:?}");
        }
    }

    #[test]
    fn equal_bytes_are_found_on_every_processor() {
        let blocks: Vec<[u8; 16]> = blocks().collect();
        for four in blocks.chunks_exact(4) {
            let wide = |two: &[[u8; 16]]| -> [u8; WIDE] { two.concat().try_into().unwrap() };
            let (one, other) = (wide(&four[..2]), wide(&four[2..]));
            let wanted = (0..WIDE).filter(|&at| one[at] == other[at]).map(|at| 1_u32 << at).sum::<u32>();
            assert_eq!((portable::same(&one, &other), same(&one, &other)), (wanted, wanted));
        }
    }

    #[test]
    fn a_seam_is_found_whole_or_not_at_all() {
        let text = "0123456789".repeat(20);
        for length in 1..100 {
            let seam = Seam::new(0..length);
            assert_eq!(seam.behind(text.as_bytes(), 50), Some(50 + length));
            for wrong in 0..length {
                let mut other = text.clone().into_bytes();
                other[50 + wrong as usize] = b'x';
                assert_eq!(seam.behind(&other, 50), None, "byte {wrong} of {length}");
            }
        }
        assert_eq!(Seam::default().behind(text.as_bytes(), 0), None);
        assert_eq!(Seam::new(0..40).behind(text.as_bytes(), 170), None, "it does not fit");
    }
}
