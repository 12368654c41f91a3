//! Filters of lists. A name that the vendor does not know selects nothing, without an error: so only known ones are taken.

/// Declares the arguments of a list: columns that are compared for equality, and the vendor's suffixes for the others.
macro_rules! filters {
    (
        $(#[doc = $doc:literal])*
        $name:ident {
            text { $($text:ident),* $(,)? }
            flag { $($flag:ident),* $(,)? }
            instant { $($instant:ident: $after:ident, $before:ident, $strictly_after:ident, $strictly_before:ident;)* }
            number { $($number:ident: $ge:ident, $gt:ident, $le:ident, $lt:ident;)* }
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Default, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $(
                #[doc = concat!("Only those whose `", stringify!($text), "` is this.")]
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $text: Option<String>,
            )*
            $(
                #[doc = concat!("Only those whose `", stringify!($flag), "` is this.")]
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $flag: Option<bool>,
            )*
            $(
                #[doc = concat!("Only those whose `", stringify!($instant), "` is this instant or a later one.")]
                #[serde(default, skip_serializing_if = "Option::is_none")]
                #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
                pub $after: Option<String>,
                #[doc = concat!("Only those whose `", stringify!($instant), "` is this instant or an earlier one.")]
                #[serde(default, skip_serializing_if = "Option::is_none")]
                #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
                pub $before: Option<String>,
                #[doc = concat!("Only those whose `", stringify!($instant), "` is later.")]
                #[serde(default, skip_serializing_if = "Option::is_none")]
                #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
                pub $strictly_after: Option<String>,
                #[doc = concat!("Only those whose `", stringify!($instant), "` is earlier.")]
                #[serde(default, skip_serializing_if = "Option::is_none")]
                #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
                pub $strictly_before: Option<String>,
            )*
            $(
                #[doc = concat!("Only those whose `", stringify!($number), "` is this.")]
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $number: Option<i64>,
                #[doc = concat!("Only those whose `", stringify!($number), "` is this or more.")]
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $ge: Option<i64>,
                #[doc = concat!("Only those whose `", stringify!($number), "` is more.")]
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $gt: Option<i64>,
                #[doc = concat!("Only those whose `", stringify!($number), "` is this or less.")]
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $le: Option<i64>,
                #[doc = concat!("Only those whose `", stringify!($number), "` is less.")]
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $lt: Option<i64>,
            )*
        }

        impl crate::ops::Fields for $name {
            fn check(&self) -> crate::error::Result<()> {
                $(
                    super::filters::instant(stringify!($after), self.$after.as_deref())?;
                    super::filters::instant(stringify!($before), self.$before.as_deref())?;
                    super::filters::instant(stringify!($strictly_after), self.$strictly_after.as_deref())?;
                    super::filters::instant(stringify!($strictly_before), self.$strictly_before.as_deref())?;
                )*
                $(super::filters::not_empty(stringify!($text), self.$text.as_deref())?;)*
                Ok(())
            }
        }
    };
}

pub(super) use filters;

use crate::error::{Error, Result};
use crate::page::Instant;

/// Refuses an instant without an offset, or of another form: the vendor would read it as no date.
pub(super) fn instant(field: &str, text: Option<&str>) -> Result<()> {
    match text {
        Some(text) if Instant::parse(text).is_none() => {
            Err(Error::validation(field, "must be an instant with an offset, as 2015-08-27T23:22:37Z"))
        }
        _ => Ok(()),
    }
}

/// Refuses an empty filter, which would select what nobody means.
pub(super) fn not_empty(field: &str, text: Option<&str>) -> Result<()> {
    if text == Some("") { Err(Error::validation(field, "is empty")) } else { Ok(()) }
}
