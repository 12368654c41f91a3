//! JSON in and out, with errors that say where.

use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::error::{Code, Error, Result};

/// Reads an operation's arguments.
///
/// # Errors
/// `validation` (or `invalid_id`) that names the field.
pub(crate) fn read_arguments<T: DeserializeOwned>(text: &str) -> Result<T> {
    read(text).map_err(|(path, message)| {
        let code = if message.contains("an identifier") { Code::InvalidId } else { Code::Validation };
        let mut error = Error::validation(&path, message);
        error.report_mut().code = code;
        error
    })
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
        // The position inside our own JSON text means nothing to a caller.
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        (if path == "." { "arguments".to_owned() } else { path }, message)
    })
}

/// Reads a reply's body.
///
/// # Errors
/// `decode`, with the path of what is missing or of another shape, or the byte at which the text stops being JSON;
/// `unexpected_content` when it never was JSON.
pub(crate) fn decode<T: DeserializeOwned>(body: &str, content_type: &str) -> Result<T> {
    let mut deserializer = serde_json::Deserializer::from_str(body);
    let decoded = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| (error.path().to_string(), error.into_inner()))
        .and_then(|value| deserializer.end().map(|()| value).map_err(|error| (".".to_owned(), error)));
    decoded.map_err(|(path, error)| match error.classify() {
        Category::Data => {
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
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

/// The reply's text: a byte order mark is dropped, and what is not UTF-8 refused.
///
/// # Errors
/// `decode` with the offset of the first byte that is no UTF-8.
pub(crate) fn text(body: Vec<u8>) -> Result<String> {
    let text = String::from_utf8(body).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        Error::new(Code::Decode, format!("the reply is not UTF-8 at byte {offset}")).with_detail("byte", offset as u64)
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

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
    use serde::Deserialize;

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
    fn a_byte_order_mark_is_dropped_and_bad_utf8_located() {
        assert_eq!(text(b"\xef\xbb\xbf{}".to_vec()).unwrap(), "{}");
        let error = text(b"{\"a\":\"\xff\"}".to_vec()).unwrap_err();
        assert_eq!(error.report().details["byte"].as_u64(), Some(6));
    }
}
