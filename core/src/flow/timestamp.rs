//! Instants that are stored: RFC 3339 text in UTC outside, milliseconds inside.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // RFC 3339 ends with the year 9999, and knows none before 0.
        let seconds = self.0.div_euclid(1_000).clamp(-62_167_219_200, 253_402_300_799);
        let nanos = i128::from(seconds) * 1_000_000_000 + i128::from(self.0.rem_euclid(1_000)) * 1_000_000;
        let instant = OffsetDateTime::from_unix_timestamp_nanos(nanos);
        let text = instant.ok().and_then(|instant| instant.format(&Rfc3339).ok());
        f.write_str(&text.ok_or(std::fmt::Error)?)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let instant = OffsetDateTime::parse(&text, &Rfc3339).map_err(de::Error::custom)?;
        i64::try_from(instant.unix_timestamp_nanos() / 1_000_000).map(Self).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_survives_its_text() {
        for (ms, text) in [
            (0, "\"1970-01-01T00:00:00Z\""),
            (1_700_000_000_123, "\"2023-11-14T22:13:20.123Z\""),
            (2_147_483_648_000, "\"2038-01-19T03:14:08Z\""),
        ] {
            assert_eq!(serde_json::to_string(&Timestamp(ms)).unwrap(), text);
            assert_eq!(serde_json::from_str::<Timestamp>(text).unwrap(), Timestamp(ms));
        }
        let offset: Timestamp = serde_json::from_str("\"2023-11-15T00:13:20.123+02:00\"").unwrap();
        assert_eq!(offset, Timestamp(1_700_000_000_123));
    }
}
