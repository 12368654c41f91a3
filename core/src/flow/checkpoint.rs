//! A checkpoint's outer form: schema, version, and a checksum over the rest.

use ring::digest::{SHA256, digest};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::{Code, Error, Result};

/// A checkpoint that cannot be used: `why` is `invalid`, `future`, `mismatch`, `in_use`, `exists`, `missing` or `store`.
pub(crate) fn refused(why: &'static str, message: impl Into<String>, hint: &str) -> Error {
    Error::new(Code::Checkpoint, message).with_hint(hint).with_detail("why", why)
}

/// Lower-case hexadecimal SHA-256 of `text`.
pub(crate) fn sha256(text: &str) -> String {
    digest(&SHA256, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The checkpoint's text: `state` with schema, version and checksum.
pub(crate) fn write(schema: &str, version: u64, state: &impl Serialize) -> String {
    // A state is made of text, integers, lists and maps with text keys: it always serialises, to an object.
    let mut object = match serde_json::to_value(state) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    };
    object.insert("schema".to_owned(), schema.into());
    object.insert("version".to_owned(), version.into());
    let checksum = checksum(&object);
    object.insert("checksum".to_owned(), checksum.into());
    Value::Object(object).to_string()
}

/// The state in a checkpoint's text, schema, version and checksum verified and taken away.
///
/// # Errors
/// `checkpoint` with the detail `why`: `invalid` when it is damaged or of another schema, `future` when it is newer.
pub(crate) fn read(schema: &str, version: u64, text: &str) -> Result<Value> {
    let invalid = |what: &str| {
        refused("invalid", format!("the checkpoint is {what}"), "restore it from a copy, or start with another one")
    };
    if text.trim().is_empty() {
        return Err(invalid("empty"));
    }
    let Ok(Value::Object(mut object)) = serde_json::from_str(text) else {
        return Err(invalid("not complete JSON"));
    };
    if object.get("schema").and_then(Value::as_str) != Some(schema) {
        return Err(invalid(&format!("not one of {schema}")));
    }
    match object.get("version").and_then(Value::as_u64) {
        Some(found) if found > version => {
            let message = format!("the checkpoint has version {found}; this tenantry reads versions 1 to {version}");
            return Err(refused("future", message, "use the newer tenantry that wrote it"));
        }
        Some(1..) => {}
        _ => return Err(invalid("without a version")),
    }
    let found = object.remove("checksum");
    if found.as_ref().and_then(Value::as_str) != Some(checksum(&object).as_str()) {
        return Err(invalid("damaged: its checksum does not match"));
    }
    object.remove("schema");
    object.remove("version");
    Ok(Value::Object(object))
}

/// Keys are sorted and there are no fractions, so any JSON library's round trip keeps the checksum.
fn checksum(object: &Map<String, Value>) -> String {
    let mut keys: Vec<&String> = object.keys().collect();
    keys.sort();
    let canonical: Vec<String> =
        keys.iter().map(|key| format!("{}:{}", Value::from(key.as_str()), object[*key])).collect();
    format!("sha256:{}", sha256(&canonical.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sample() -> (Value, String) {
        let state = json!({"flow_id": "f", "outputs": {"client_id": 14, "pubkey": "ssh-rsa ü"}, "history": [1, null]});
        let text = write("s", 1, &state);
        (state, text)
    }

    fn why(text: &str) -> String {
        let error = read("s", 1, text).unwrap_err();
        assert_eq!(error.code(), Code::Checkpoint);
        error.report().details["why"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_checkpoint_survives_another_librarys_round_trip() {
        let (state, text) = sample();
        assert_eq!(read("s", 1, &text).unwrap(), state);
        let reordered = text.replacen('{', "{ \n", 1) + "\n";
        assert_eq!(read("s", 1, &reordered).unwrap(), state);
    }

    #[test]
    fn every_truncation_is_refused() {
        let (_, text) = sample();
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            assert_eq!(why(&text[..end]), "invalid", "{end}");
        }
    }

    #[test]
    fn no_flipped_bit_changes_what_is_read() {
        let (state, text) = sample();
        for position in 0..text.len() {
            for bit in 0..8 {
                let mut bytes = text.clone().into_bytes();
                bytes[position] ^= 1 << bit;
                if let Ok(Ok(read)) = String::from_utf8(bytes).map(|flipped| read("s", 1, &flipped)) {
                    assert_eq!(read, state, "byte {position} bit {bit}");
                }
            }
        }
    }

    #[test]
    fn a_newer_version_and_another_schema_are_told_apart() {
        assert_eq!(why(&write("s", 2, &json!({}))), "future");
        assert_eq!(why(&write("t", 1, &json!({}))), "invalid");
        assert_eq!(why("[]"), "invalid");
    }
}
