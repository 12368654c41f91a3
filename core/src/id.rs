//! Identifiers that become part of a URL.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{Code, Error, Outcome};

/// An identifier, checked when it is made: 1 to 128 characters of `A-Z a-z 0-9 . _ ~ : @ + -`, not `.` or `..`.
///
/// The wire has identifiers as text or as integers; an `Id` remembers which, and both read as text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id {
    text: Box<str>,
    number: bool,
}

impl Id {
    /// Checks `text`.
    ///
    /// # Errors
    /// `invalid_id` when it is empty, longer than 128 characters, or holds a character that could change a URL.
    pub fn new(text: impl AsRef<str>) -> Result<Self, Error> {
        let text = text.as_ref();
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._~:@+-".contains(c);
        let problem = if text.is_empty() {
            "is empty".to_owned()
        } else if text.len() > 128 {
            format!("is {} bytes long, more than 128", text.len())
        } else if text == "." || text == ".." {
            "is a path step".to_owned()
        } else if let Some(position) = text.chars().position(|c| !allowed(c)) {
            // The offending text is not echoed: it may be a secret pasted into the wrong place.
            format!("holds a character that is not allowed, at position {position}")
        } else {
            return Ok(Self { text: text.into(), number: false });
        };
        Err(Error::new(Code::InvalidId, format!("an identifier {problem}"))
            .with_outcome(Outcome::NotSent)
            .with_hint("identifiers are 1 to 128 characters of A-Z a-z 0-9 . _ ~ : @ + -"))
    }

    /// The place of an identifier that a method fills in before anything is sent.
    pub(crate) fn unset() -> Self {
        Self { text: "".into(), number: false }
    }

    /// The identifier of a text that was checked before.
    pub(crate) fn checked(text: Box<str>) -> Self {
        Self { text, number: false }
    }

    /// The identifier as a number, if that is what the wire had.
    pub(crate) fn number(&self) -> Option<u64> {
        if self.number { self.text.parse().ok() } else { None }
    }

    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl From<u64> for Id {
    fn from(number: u64) -> Self {
        Self { text: number.to_string().into(), number: true }
    }
}

impl FromStr for Id {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::new(text)
    }
}

impl TryFrom<&str> for Id {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        Self::new(text)
    }
}

impl TryFrom<&String> for Id {
    type Error = Error;

    fn try_from(text: &String) -> Result<Self, Error> {
        Self::new(text)
    }
}

impl TryFrom<String> for Id {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::new(text)
    }
}

impl TryFrom<&Id> for Id {
    type Error = Error;

    fn try_from(id: &Id) -> Result<Self, Error> {
        Ok(id.clone())
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.text.parse::<u64>() {
            Ok(number) if self.number => serializer.serialize_u64(number),
            _ => serializer.serialize_str(&self.text),
        }
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Id;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an identifier (text or a non-negative integer)")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Id, E> {
                Ok(number.into())
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Id, E> {
                u64::try_from(number).map(Id::from).map_err(|_| E::custom("an identifier is negative"))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Id, E> {
                Id::new(text).map_err(|error| E::custom(error.report().message.clone()))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Id {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["integer", "string"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_identifiers_are_refused() {
        let long = "x".repeat(10_240);
        let hostile =
            ["", ".", "..", "a/b", "../x", "a?b", "a#b", "%2f", "a\\b", "a\r\nb", "a\0b", "ü", "a b", "a;b", &long];
        for text in hostile {
            assert_eq!(Id::new(text).unwrap_err().code(), Code::InvalidId, "{text:?}");
        }
    }

    #[test]
    fn numbers_stay_numbers_and_text_stays_text() {
        for json in ["14", "\"14\"", "\"1827c806-aa\""] {
            let id: Id = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&id).unwrap(), json);
        }
        assert!(serde_json::from_str::<Id>("-1").is_err());
        assert!(serde_json::from_str::<Id>("1.5").is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn an_accepted_identifier_is_one_path_segment_and_nothing_else(text in any::<String>()) {
            if let Ok(id) = Id::new(&text) {
                let url = url::Url::parse(&format!("https://example.com/a/{id}/b")).unwrap();
                prop_assert_eq!(url.path(), format!("/a/{text}/b"));
                prop_assert!(url.query().is_none() && url.fragment().is_none());
            }
        }
    }
}
