//! Amounts as they are given: integers of minor units with their currency, and decimal units. Never a binary fraction.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An amount in minor units of its currency, e.g. cents: a whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Cents(pub i64);

impl From<i64> for Cents {
    fn from(cents: i64) -> Self {
        Self(cents)
    }
}

impl<'de> Deserialize<'de> for Cents {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Cents;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an integer of minor units (2000 for 20.00), not a fraction, text or a truth value")
            }

            fn visit_i64<E: de::Error>(self, cents: i64) -> Result<Cents, E> {
                Ok(Cents(cents))
            }

            fn visit_u64<E: de::Error>(self, cents: u64) -> Result<Cents, E> {
                i64::try_from(cents).map(Cents).map_err(|_| E::custom("is larger than any amount"))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Cents {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Cents".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer" })
    }
}

/// How many units are billed: a decimal of at most eight digits before the point and two after it, as the vendor keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Units(Box<str>);

const WHOLE_DIGITS: usize = 8;
const FRACTION_DIGITS: usize = 2;

impl Units {
    /// Checks `text`, e.g. `1.5`.
    ///
    /// # Errors
    /// A sentence: it is no decimal, not more than zero, or has too many digits.
    pub fn new(text: &str) -> Result<Self, String> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            return Err("must be a decimal, e.g. 1.5".to_owned());
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        if whole.len() > WHOLE_DIGITS || fraction.len() > FRACTION_DIGITS {
            return Err(format!("has more than {WHOLE_DIGITS} digits before the point, or {FRACTION_DIGITS} after it"));
        }
        if whole.is_empty() && fraction.is_empty() {
            return Err("must be more than zero".to_owned());
        }
        Ok(Self(text.into()))
    }
}

impl Serialize for Units {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Units {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = crate::lenient::Scalar::deserialize(deserializer)
            .map_err(|_| de::Error::custom("must be a decimal: a number, or text"))?
            .to_string();
        Units::new(&text).map_err(de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Units {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Units".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "decimal" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_a_whole_number_of_minor_units() {
        assert_eq!(serde_json::from_str::<Cents>("2000").unwrap(), Cents(2000));
        assert_eq!(serde_json::from_str::<Cents>("-1").unwrap(), Cents(-1));
        for other in ["20.0", "2e3", "\"2000\"", "true", "null", "9223372036854775808"] {
            assert!(serde_json::from_str::<Cents>(other).is_err(), "{other}");
        }
    }

    #[test]
    fn units_are_decimals() {
        for (given, sent) in
            [("1", "\"1\""), ("1.5", "\"1.5\""), ("\"0.10\"", "\"0.10\""), ("12345678.25", "\"12345678.25\"")]
        {
            assert_eq!(serde_json::to_string(&serde_json::from_str::<Units>(given).unwrap()).unwrap(), sent);
        }
        for other in ["0", "\"0.00\"", "-1", "1.005", "\"1e3\"", "true", "\"\"", "\"1.\"", "123456789"] {
            assert!(serde_json::from_str::<Units>(other).is_err(), "{other}");
        }
    }
}
