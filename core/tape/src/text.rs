//! The text of a JSON string.

use std::borrow::Cow;

use crate::MAX_BYTES;
use crate::grammar::{byte, colon, space, string, value};

/// The text between the quotes of a JSON string, its escapes resolved; `None` for what is no string, and for the escape of a
/// surrogate without its other half, which no text holds.
pub fn unescape(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if is_plain(inner) {
        return Some(Cow::Borrowed(inner));
    }
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let (char, length) = escape(&rest[at..])?;
        out.push(char);
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    Some(Cow::Owned(out))
}

/// The text of a member of a JSON object; `None` where there is none, and for what is no object. Of a key that comes twice
/// the last one counts.
pub fn member<'t>(object: &'t str, name: &str) -> Option<&'t str> {
    let text = object.as_bytes();
    if text.len() >= MAX_BYTES || byte(text, 0) != b'{' {
        return None;
    }
    let (mut at, mut found) = (space(text, 1), None);
    while byte(text, at) == b'"' {
        let key = string(text, at).ok()?;
        let value = value(text, colon(text, key.end()).ok()?, 1).ok()?;
        if unescape(key.of(object)).is_some_and(|key| key == name) {
            found = Some(value);
        }
        at = space(text, value.end());
        match byte(text, at) {
            b',' => at = space(text, at + 1),
            b'}' => return found.map(|value| value.of(object)),
            _ => return None,
        }
    }
    None
}

/// Whether text between quotes is without escapes.
pub fn is_plain(inner: &str) -> bool {
    !inner.contains('\\')
}

/// The character that an escape at the beginning of `text` means, and the escape's length.
fn escape(text: &str) -> Option<(char, usize)> {
    let char = match text.as_bytes().get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let first = unit(text)?;
            if !(0xd800..0xe000).contains(&first) {
                return Some((char::from_u32(first)?, 6));
            }
            let second = unit(text.get(6..)?)?;
            let pair = (first < 0xdc00 && (0xdc00..0xe000).contains(&second))
                .then(|| 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))?;
            return Some((char::from_u32(pair)?, 12));
        }
        _ => return None,
    };
    Some((char, 2))
}

/// The number of a `\uXXXX` at the beginning of `text`.
fn unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    if digits.bytes().all(|digit| digit.is_ascii_hexdigit()) { u32::from_str_radix(digits, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_found_whatever_stands_around_it() {
        let object = r#"{ "a": {"b": 1}, "\u0062" : [ "}" ] ,"a":2, "c": "\"" }"#;
        assert_eq!(member(object, "a"), Some("2"));
        assert_eq!(member(object, "b"), Some(r#"[ "}" ]"#));
        assert_eq!(member(object, "c"), Some(r#""\"""#));
        for (object, name) in [(object, "d"), ("{}", "a"), (r#"["a"]"#, "a"), ("null", "a"), (r#"{"a":1"#, "a")] {
            assert_eq!(member(object, name), None, "{object}");
        }
    }
}
