//! Header values, checked before they are sent.

use http::HeaderValue;

use crate::error::{Error, Result};

/// Makes a header value; `field` is what the caller calls it.
///
/// # Errors
/// `validation` that names `field` and never shows the value.
pub(crate) fn header_value(field: &str, text: &str) -> Result<HeaderValue> {
    let allowed = |byte: u8| byte == b'\t' || (0x20..=0x7e).contains(&byte);
    if let Some(position) = text.bytes().position(|byte| !allowed(byte)) {
        let message = format!("holds a control or non-ASCII character at position {position}");
        return Err(Error::validation(field, message));
    }
    HeaderValue::from_str(text).map_err(|_| Error::validation(field, "cannot stand in a header"))
}

/// The same, for a value that no log may show.
pub(crate) fn sensitive_header(field: &str, text: &str) -> Result<HeaderValue> {
    let mut value = header_value(field, text)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_value_is_named_and_not_shown() {
        for text in ["hunter2\r\nx: y", "hunter2\0", "hunter2ü", "hunter2\n"] {
            let error = header_value("extra_headers.x-tag", text).unwrap_err().to_string();
            assert!(error.contains("extra_headers.x-tag") && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_sensitive_value_is_hidden_by_debug() {
        assert!(!format!("{:?}", sensitive_header("cookie", "hunter2").unwrap()).contains("hunter2"));
    }
}
