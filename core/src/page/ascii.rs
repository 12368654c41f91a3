//! JSON text in ASCII alone, for a language whose strings then have one byte, and one place, for each character.

/// The text with `\uXXXX` for every character outside ASCII; `None` where there is none. Outside of strings JSON has none
/// either, so that text which is JSON means the same.
pub fn in_ascii(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut at = plain(bytes);
    if at == bytes.len() {
        return None;
    }
    // Names in most languages have a letter in sixteen that needs six bytes for its two.
    let mut out = String::with_capacity(text.len() + text.len() / 16 + 16);
    let mut rest = text;
    loop {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let mut chars = after.chars();
        let Some(char) = chars.next() else { return Some(out) };
        for unit in char.encode_utf16(&mut [0; 2]) {
            push_escape(&mut out, *unit);
        }
        rest = chars.as_str();
        at = plain(rest.as_bytes());
    }
}

fn push_escape(out: &mut String, unit: u16) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push_str("\\u");
    for shift in [12, 8, 4, 0] {
        out.push(char::from(DIGITS[usize::from(unit >> shift & 15)]));
    }
}

/// How many bytes at the beginning are ASCII.
fn plain(bytes: &[u8]) -> usize {
    const STEP: usize = 32;
    let steps = bytes.chunks_exact(STEP).take_while(|step| step.iter().fold(0, |all, byte| all | byte) < 0x80).count();
    let rest = &bytes[steps * STEP..];
    steps * STEP + rest.iter().position(|byte| !byte.is_ascii()).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_of_ascii_alone_stays_as_it_is() {
        assert_eq!(in_ascii(r#"{"a": "b\u00e9"}"#), None);
        assert_eq!(in_ascii(""), None);
    }

    #[test]
    fn characters_beyond_sixteen_bits_become_two_escapes() {
        assert_eq!(in_ascii("\"Zoë 😀\"").as_deref(), Some(r#""Zo\u00eb \ud83d\ude00""#));
    }

    proptest! {
        #[test]
        fn the_text_is_ascii_and_means_the_same(words in prop::collection::vec(".{0,40}", 0..6)) {
            let text = serde_json::to_string(&words).unwrap();
            let written = in_ascii(&text).unwrap_or_else(|| text.clone());
            prop_assert!(written.is_ascii());
            prop_assert_eq!(serde_json::from_str::<Vec<String>>(&written).unwrap(), words);
        }
    }
}
