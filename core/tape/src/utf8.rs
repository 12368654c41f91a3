//! The text of bytes.

#![allow(unsafe_code, reason = "the standard library would look at every byte a second time")]

use std::string::FromUtf8Error;

/// [`String::from_utf8`], several times as fast on long texts.
///
/// # Errors
/// The bytes, if they are not UTF-8, and where that shows.
pub fn utf8(bytes: Vec<u8>) -> Result<String, FromUtf8Error> {
    if simdutf8::basic::from_utf8(&bytes).is_err() {
        return String::from_utf8(bytes);
    }
    // SAFETY: they were just found to be UTF-8, and nobody else can have changed them since.
    Ok(unsafe { String::from_utf8_unchecked(bytes) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_are_text_as_by_the_standard_library() {
        let good = "Größe, 日本語, 🙂 and more than the sixty-four bytes of a block, to the end of it: ß".repeat(3);
        for at in 0..good.len() {
            for wrong in [0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xc2, 0xe0, 0xed, 0xf0, 0xf4, 0xf8, 0xff] {
                let mut bytes = good.clone().into_bytes();
                bytes[at] = wrong;
                for bytes in [bytes.clone(), bytes[..=at].to_vec(), bytes[at..].to_vec()] {
                    assert_eq!(utf8(bytes.clone()), String::from_utf8(bytes), "{wrong:#x} at {at}");
                }
            }
        }
    }
}
