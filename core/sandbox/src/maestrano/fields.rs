//! The fields of a request, from JSON or a form, and what is wrong with them.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::envelope::Errors;
use super::instant;
use crate::call::{Body, Call};

pub(super) struct Fields<'a> {
    values: Cow<'a, Map<String, Value>>,
    pub(super) errors: Errors,
}

impl<'a> Fields<'a> {
    pub(super) fn of(call: &'a Call<'_>) -> Fields<'a> {
        let values = match call.body {
            Body::Json(Value::Object(object)) => Cow::Borrowed(object),
            Body::Form(pairs) => {
                Cow::Owned(pairs.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect())
            }
            _ => Cow::Owned(Map::new()),
        };
        Fields { values, errors: Errors::default() }
    }

    /// A field that is there and holds something.
    fn value(&self, field: &str) -> Option<&Value> {
        self.values.get(field).filter(|value| match value {
            Value::Null => false,
            Value::String(text) => !text.trim().is_empty(),
            _ => true,
        })
    }

    /// Text as it was sent, and anything else as it is written.
    pub(super) fn text(&self, field: &str) -> Option<String> {
        self.value(field).map(|value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned))
    }

    pub(super) fn required_text(&mut self, field: &str) -> String {
        let text = self.text(field);
        if text.is_none() {
            self.errors.add(field, "can't be blank");
        }
        text.unwrap_or_default()
    }

    /// A whole number that is at least `least`; a form and JSON may write it as text.
    pub(super) fn integer(&mut self, field: &str, least: i64) -> Option<i64> {
        let text = self.text(field)?;
        let error = match text.parse::<i64>() {
            Ok(number) if number >= least => return Some(number),
            Ok(_) if least == 0 => "must be greater than or equal to 0",
            Ok(_) => "must be greater than 0",
            Err(_) if text.parse::<f64>().is_ok() => "must be an integer",
            Err(_) => "is not a number",
        };
        self.errors.add(field, error);
        None
    }

    pub(super) fn required_integer(&mut self, field: &str, least: i64) -> i64 {
        if self.value(field).is_none() {
            self.errors.add(field, "can't be blank");
            self.errors.add(field, "is not a number");
        }
        self.integer(field, least).unwrap_or_default()
    }

    /// A positive decimal, in hundredths; the vendor keeps two places.
    pub(super) fn hundredths(&mut self, field: &str) -> Option<i64> {
        let text = self.text(field)?;
        let error = match text.parse::<f64>() {
            #[expect(clippy::cast_possible_truncation, reason = "the bound is far below what an i64 holds")]
            Ok(number) if number > 0.0 && number < 1e8 => return Some((number * 100.0).round() as i64),
            Ok(number) if number <= 0.0 => "must be greater than 0",
            Ok(number) if number >= 1e8 => "must be less than 100000000",
            _ => "is not a number",
        };
        self.errors.add(field, error);
        None
    }

    pub(super) fn instant(&mut self, field: &str) -> Option<i64> {
        let text = self.text(field)?;
        let instant = instant::millis_of(&text);
        if instant.is_none() {
            self.errors.add(field, "is not a valid date");
        }
        instant
    }

    pub(super) fn boolean(&self, field: &str) -> Option<bool> {
        self.text(field).map(|text| matches!(text.as_str(), "true" | "1" | "t" | "on"))
    }
}
