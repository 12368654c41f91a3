//! JSON in and out, with errors that say where.

use std::collections::BTreeMap;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::lossless::BELOW;
use crate::error::{Code, Error, Result};

/// Reads an operation's arguments.
///
/// # Errors
/// `validation` (or `invalid_id`) that names the field.
pub(crate) fn read_arguments<T: DeserializeOwned>(text: &str) -> Result<T> {
    read(text).map_err(|(path, message)| {
        let code = if message.contains("an identifier") { Code::InvalidId } else { Code::Validation };
        let hint = likely(&message).map(|name| format!("did you mean {name}?"));
        let mut error = Error::validation(&path, message);
        error.report_mut().code = code;
        match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    })
}

/// The known field that an unknown one was probably meant to be: the same letters, or two of them wrong at most.
fn likely(message: &str) -> Option<&str> {
    let (unknown, known) = message.strip_prefix("unknown field `")?.split_once('`')?;
    let bare = |name: &str| name.replace('_', "").to_lowercase();
    let known = known.split('`').skip(1).step_by(2);
    let (away, name) = known.map(|name| (distance(&bare(name), &bare(unknown)), name)).min_by_key(|(away, _)| *away)?;
    (away <= 2 && away < unknown.len() / 2).then_some(name)
}

/// How many characters must be put in, taken out or changed to make one text of the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (made, from) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], made + 1);
        for (at, to) in other.chars().enumerate() {
            let changed = diagonal + usize::from(from != to);
            diagonal = row[at + 1];
            row[at + 1] = changed.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

/// Reads a client's or a flow's settings.
///
/// # Errors
/// `config` that names the option.
pub(crate) fn read_config<T: DeserializeOwned>(text: &str) -> Result<T> {
    read(text).map_err(|(path, message)| {
        let error = Error::validation(&path, message);
        let mut error = error.with_hint("see the client's documentation for its options");
        error.report_mut().code = Code::Config;
        error
    })
}

fn read<T: DeserializeOwned>(text: &str) -> std::result::Result<T, (String, String)> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let message = error.inner().to_string();
        // The position inside our own JSON text means nothing to a caller, and the value may be a misplaced secret.
        let message = message.split(" at line ").next().unwrap_or_default();
        let message = match message.split_once(", expected ") {
            Some((what, expected)) if what.starts_with("invalid ") => format!("must be {expected}"),
            _ => message.to_owned(),
        };
        (if path == "." { "arguments".to_owned() } else { path }, message)
    })
}

/// These fields of a JSON object, null where there is none or it cannot be read. What nobody asks for spoils nothing: a
/// number too large for any type, or text that is none, would spoil a whole [`Value`].
///
/// # Errors
/// `decode` when it is no object.
pub(crate) fn picked(object: &str, names: &[&str]) -> Result<Value> {
    let fields: BTreeMap<String, &RawValue> = decode(object, "application/json")?;
    let value = |name: &str| fields.get(name).and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    Ok(Value::Object(names.iter().map(|name| ((*name).to_owned(), value(name))).collect()))
}

/// Accepts every reply that is JSON: only the caller knows what is in it.
pub(crate) fn any_json(body: &str, content_type: &str) -> Result<()> {
    // A value that is read would lose numbers, or refuse them.
    decode::<serde::de::IgnoredAny>(body, content_type).map(drop)
}

/// Reads a reply's body.
///
/// # Errors
/// `decode`, with the path of what is missing or of another shape, or the byte at which the text stops being JSON;
/// `unexpected_content` when it never was JSON.
pub(crate) fn decode<'a, T: Deserialize<'a>>(body: &'a str, content_type: &str) -> Result<T> {
    let mut deserializer = serde_json::Deserializer::from_str(body);
    let decoded = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| (error.path().to_string(), error.into_inner()))
        .and_then(|value| deserializer.end().map(|()| value).map_err(|error| (".".to_owned(), error)));
    decoded.map_err(|(path, error)| match error.classify() {
        Category::Data => {
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            let (path, message) = match message.split_once(BELOW) {
                Some((below, message)) if path == "." => (below.to_owned(), message),
                Some((below, message)) => (format!("{path}.{below}"), message),
                None => (path, message),
            };
            let place = if path == "." { "the reply".to_owned() } else { format!("the reply's {path}") };
            Error::new(Code::Decode, format!("{place}: {message}")).with_detail("path", path)
        }
        _ if !looks_like_json(body, content_type) => {
            Error::new(Code::UnexpectedContent, "the reply is not JSON").with_detail("content_type", content_type)
        }
        _ => {
            let offset = byte_offset(body, error.line(), error.column());
            Error::new(Code::Decode, format!("the reply's JSON is broken at byte {offset}"))
                .with_detail("byte", offset as u64)
        }
    })
}

/// An object of a reply, where PHP writes an empty one as `[]` and others as `""`; for `#[serde(deserialize_with)]`.
pub(crate) fn map<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<BTreeMap<String, Value>>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Object(map) => Ok(Some(map.into_iter().collect())),
        Value::Array(items) if items.is_empty() => Ok(Some(BTreeMap::new())),
        Value::String(text) if text.is_empty() => Ok(Some(BTreeMap::new())),
        Value::Null => Ok(None),
        _ => Err(D::Error::custom("an object was expected")),
    }
}

/// The reply's text: a byte order mark is dropped, and what is not UTF-8 refused.
///
/// # Errors
/// `decode` with the offset of the first byte that is no UTF-8, and the body.
pub(crate) fn text(body: Vec<u8>) -> std::result::Result<String, (Error, Vec<u8>)> {
    let text = tenantry_tape::utf8(body).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let what = Error::new(Code::Decode, format!("the reply is not UTF-8 at byte {offset}"));
        (what.with_detail("byte", offset as u64), error.into_bytes())
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Refuses JSON that is nested deeper than [`MAX_DEPTH`], even where no field is read.
///
/// What this crate skips without recursion, the JSON parsers of other languages would have to descend into.
///
/// # Errors
/// `decode` with the offset of the bracket that is one too many.
pub(crate) fn check_depth(text: &str) -> Result<()> {
    // Most replies have fewer brackets in all.
    if text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count() <= MAX_DEPTH {
        return Ok(());
    }
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                if depth > MAX_DEPTH {
                    let message = format!("the reply is nested deeper than {MAX_DEPTH} levels at byte {offset}");
                    return Err(Error::new(Code::Decode, message).with_detail("byte", offset as u64));
                }
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// Levels of lists and objects in a reply.
const MAX_DEPTH: usize = 128;

fn looks_like_json(body: &str, content_type: &str) -> bool {
    let start = body.trim_start();
    start.starts_with(['{', '[']) || (content_type.contains("json") && !start.starts_with('<'))
}

fn byte_offset(body: &str, line: usize, column: usize) -> usize {
    let before: usize = body.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (before + column.saturating_sub(1)).min(body.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Inner {
        #[expect(dead_code, reason = "only its presence is read")]
        id: u64,
    }
    #[derive(Debug, Deserialize)]
    struct Outer {
        #[expect(dead_code, reason = "only its presence is read")]
        inner: Vec<Inner>,
    }

    fn problem(body: &str, content_type: &str) -> Error {
        decode::<Outer>(body, content_type).unwrap_err()
    }

    #[test]
    fn an_unknown_field_is_refused_with_the_likely_one_beside_it() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "it is read, and never looked at")]
        struct Bill {
            price_cents: i64,
            currency: String,
        }
        let hint = |text: &str| read_arguments::<Bill>(text).unwrap_err().report().hint.clone();
        for (text, meant) in [(r#"{"priceCents":1}"#, "price_cents"), (r#"{"currenzy":"USD"}"#, "currency")] {
            assert_eq!(hint(text), Some(format!("did you mean {meant}?")), "{text}");
        }
        for text in [r#"{"limit":1}"#, r#"{"x":1}"#, r#"{"price_cents":"1"}"#] {
            assert_eq!(hint(text), None, "{text}");
        }
    }

    #[test]
    fn a_missing_field_is_named_by_its_path() {
        let error = problem(r#"{"inner": [{"id": 1}, {}]}"#, "application/json");
        assert_eq!(error.code(), Code::Decode);
        assert_eq!(error.to_string(), "the reply's inner[1]: missing field `id`");
    }

    #[test]
    fn broken_json_is_located() {
        for (body, byte) in [("{\"inner\": [", 10), ("{\"inner\": []}x", 13), ("{\n\"inner\": ]}", 11)] {
            let error = problem(body, "application/json");
            assert_eq!((error.code(), error.report().details["byte"].as_u64()), (Code::Decode, Some(byte)), "{body}");
        }
    }

    #[test]
    fn what_never_was_json_is_unexpected_content() {
        for body in ["<html>", "Bad gateway", "", "  "] {
            assert_eq!(problem(body, "text/html").code(), Code::UnexpectedContent, "{body:?}");
        }
        assert_eq!(problem("<html>", "application/json").code(), Code::UnexpectedContent);
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_an_overflow() {
        assert_eq!(problem(&"[".repeat(1_000_000), "application/json").code(), Code::Decode);
    }

    #[test]
    fn depth_is_counted_outside_strings_only() {
        let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert!(check_depth(&nested(MAX_DEPTH)).is_ok());
        let error = check_depth(&nested(MAX_DEPTH + 1)).unwrap_err();
        assert_eq!(error.report().details["byte"].as_u64(), Some(MAX_DEPTH as u64));
        let text = serde_json::to_string(&format!("\\\"{}", nested(1_000))).unwrap();
        assert!(check_depth(&text).is_ok());
        assert!(check_depth(&"[],".repeat(1_000)).is_ok());
    }

    #[test]
    fn a_byte_order_mark_is_dropped_and_bad_utf8_located() {
        assert_eq!(text(b"\xef\xbb\xbf{}".to_vec()).unwrap(), "{}");
        let (error, _) = text(b"{\"a\":\"\xff\"}".to_vec()).unwrap_err();
        assert_eq!(error.report().details["byte"].as_u64(), Some(6));
    }
}
