//! One key for equal deliveries.

use std::fmt::Write as _;

use ring::digest::{SHA256, digest};
use serde_json::json;

use super::canonical;
use super::refusal::Refusal;

/// Stands in every key, so that keys made by other rules are other keys.
const VERSION: u32 = 1;

/// The key of what `marketplace` tells: a digest of it, of its `kind`, its `ids`, and what else was `said` in JSON.
pub(super) fn key(marketplace: &str, kind: &str, ids: &[&str], said: Option<&str>) -> Result<String, Refusal> {
    let mut canonical = String::new();
    if let Some(said) = said {
        canonical::write(said, &mut canonical)
            .map_err(|_| Refusal::invalid_body("a text of the body holds half of a surrogate pair"))?;
    }
    // As JSON, where one thing ends and the next begins is no matter of luck.
    let whole = json!([VERSION, marketplace, kind, ids, canonical]).to_string();
    let mut key = String::with_capacity(64);
    for byte in digest(&SHA256, whole.as_bytes()).as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(key, "{byte:02x}");
    }
    Ok(key)
}
