//! Bodies: JSON, read so that nothing is lost, refused without a word of what they hold.

use serde::Deserialize;
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::refusal::Refusal;
use crate::id::Id;
use crate::ops::check_depth;

type Result<T> = std::result::Result<T, Refusal>;

/// What the start of a synchronization is told with.
#[derive(Debug, Deserialize)]
pub(super) struct Start {
    pub(super) group_id: Id,
    #[serde(default)]
    pub(super) opts: Option<Box<RawValue>>,
}

impl Start {
    pub(super) fn read(body: &str) -> Result<Self> {
        let start: Self = object(body)?;
        match &start.opts {
            Some(opts) if !opts.get().starts_with('{') => Err(Refusal::invalid_body("the body's opts are no object")),
            _ => Ok(start),
        }
    }
}

/// What a switch of synchronization is told with.
#[derive(Debug, Deserialize)]
pub(super) struct Toggle {
    pub(super) group_id: Id,
}

impl Toggle {
    pub(super) fn read(body: &str) -> Result<Self> {
        object(body)
    }
}

/// The body's text. A byte order mark is dropped.
pub(super) fn text(body: &[u8]) -> Result<&str> {
    let text = std::str::from_utf8(body)
        .map_err(|error| Refusal::invalid_body(format!("the body is not UTF-8 at byte {}", error.valid_up_to())))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // What this crate skips without recursion, its caller's JSON parser would have to descend into.
    check_depth(text).map_err(|_| Refusal::invalid_body("the body is nested too deeply"))?;
    Ok(text)
}

/// Reads the body's text as the object that `T` is.
fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T> {
    const SHAPE: &str = "an object with a group_id";
    let raw: &RawValue = read(text, SHAPE)?;
    // A list would be read as a struct's fields in order.
    match raw.get().starts_with('{') {
        true => read(raw.get(), SHAPE),
        false => Err(Refusal::invalid_body(format!("the body is not {SHAPE}"))),
    }
}

/// Reads the body's text as a `T`, of which `shape` says what it is.
pub(super) fn read<'a, T: Deserialize<'a>>(text: &'a str, shape: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| match error.classify() {
        Category::Data => Refusal::invalid_body(format!("the body is not {shape}")),
        _ => Refusal::invalid_body(format!("the body is not JSON at line {}, column {}", error.line(), error.column())),
    })
}
