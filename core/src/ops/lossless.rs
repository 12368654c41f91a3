//! A reply's model together with the text it was read from.

use std::fmt;
use std::ops::Deref;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Stands in an error's message between the path below the model and what is wrong there.
pub(super) const BELOW: char = '\u{1f}';

/// A model that keeps the reply's own JSON text: what the model does not name, or reads differently, is not lost.
///
/// It reads as the model itself.
#[derive(Clone)]
pub struct Lossless<T> {
    model: T,
    raw: Box<RawValue>,
}

impl<T> Lossless<T> {
    /// The reply's own JSON text.
    pub fn raw(&self) -> &str {
        self.raw.get()
    }

    /// The model without its text.
    pub fn into_inner(self) -> T {
        self.model
    }
}

impl<T> Deref for Lossless<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.model
    }
}

impl<T: fmt::Debug> fmt::Debug for Lossless<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.model.fmt(f)
    }
}

impl<T> PartialEq for Lossless<T> {
    fn eq(&self, other: &Self) -> bool {
        self.raw() == other.raw()
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Lossless<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let mut text = serde_json::Deserializer::from_str(raw.get());
        let model = serde_path_to_error::deserialize(&mut text).map_err(|error| {
            let (path, message) = (error.path().to_string(), error.inner().to_string());
            let message = message.split(" at line ").next().unwrap_or_default();
            D::Error::custom(if path == "." { message.to_owned() } else { format!("{path}{BELOW}{message}") })
        })?;
        Ok(Self { model, raw })
    }
}

#[cfg(feature = "schema")]
impl<T: schemars::JsonSchema> schemars::JsonSchema for Lossless<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(generator)
    }
}

/// The object with `"already_applied": true` at its end.
pub(crate) fn mark_applied(text: &str) -> String {
    let open = text.trim_end().strip_suffix('}').unwrap_or(text).trim_end();
    let comma = if open.ends_with('{') { "" } else { "," };
    format!("{open}{comma}\"already_applied\":true}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_marked_at_its_end() {
        assert_eq!(mark_applied(r#"{"id":"PR-1"} "#), r#"{"id":"PR-1","already_applied":true}"#);
        assert_eq!(mark_applied("{ }"), r#"{"already_applied":true}"#);
    }
}
