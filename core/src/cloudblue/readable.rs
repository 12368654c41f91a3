//! Whether a reply is a record that its model reads, told without making one.

use serde::de::DeserializeOwned;

use crate::error::Result;
use crate::ops::{Lossless, decode};
use crate::page::{is_record, layout};

/// Accepts what `T` reads. Of a record of Connect only the id must be there; everything else may be anything.
///
/// # Errors
/// `decode`, as the model's own.
pub(super) fn readable<T: DeserializeOwned>(model: &str, text: &str, content_type: &str) -> Result<()> {
    if layout("cloudblue", model).is_some_and(|layout| is_record(layout, text, &["id"])) {
        return Ok(());
    }
    decode::<Lossless<T>>(text, content_type).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudblue::Request;

    #[test]
    fn it_takes_what_the_model_takes_and_nothing_else() {
        for text in [
            r#"{"id": "PR-1"}"#,
            r#"{"id": "PR-1", "asset": 7, "status": {}, "type": null, "unknown": [1e400, "\ud800"]}"#,
            r#"{"id": "\u0041", "asset": {"items": [{}, 3], "tiers": []}}"#,
            r#"{"id": "\ud800"}"#,
            r#"{"id": "PR-1", "status": "a", "status": "b"}"#,
            r#"{"id": "PR-1", "asset": {"id": "a", "id": "b"}}"#,
            r#"{"id": "PR-1", "unknown": 1, "unknown": 2}"#,
            r#"{"id": 7}"#,
            "{}",
            "[]",
            r#"[{"id": "PR-1"}]"#,
            "null",
            r#"{"id": "PR-1"} x"#,
            r#"{"id": "PR-1",}"#,
            "",
        ] {
            let own = decode::<Lossless<Request>>(text, "application/json").map(drop);
            let ours = readable::<Request>("Request", text, "application/json");
            assert_eq!(own.map_err(|error| error.to_string()), ours.map_err(|error| error.to_string()), "{text}");
        }
    }
}
