//! Queries of Connect: what they can say ([`Query`]), how it is written ([`render`]), and filters by keyword.
//!
//! ```
//! use tenantry::cloudblue::R;
//!
//! let query = R("status").eq("pending") & !(R("asset.product.id").one_of(["PRD-1", "PRD-2"]) | R("created").ge("2026-01-01"));
//! assert_eq!(
//!     query.to_rql()?,
//!     "eq(status,pending)&not(in(asset.product.id,(PRD-1,PRD-2)))&not(ge(created,2026-01-01))"
//! );
//! # Ok::<(), tenantry::Error>(())
//! ```
//! Source: the grammar of `lib-rql`, the vendor's own parser.

mod filter;
mod render;

use std::ops::{BitAnd, BitOr, Not};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};

pub use filter::Filter;
pub(crate) use filter::{by_keyword, lookups};
pub use render::Selects;
pub(crate) use render::{check_name, check_prop, value};

/// A condition on the rows of a list. `&`, `|` and `!` combine conditions; a negation may stand before any of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Query {
    /// One comparison.
    Test(Test),
    /// All of them hold; none at all: always.
    And(Vec<Query>),
    /// At least one holds; none at all: never.
    Or(Vec<Query>),
    /// It does not hold.
    Not(Box<Query>),
    /// Text in the query language, sent as it is. It cannot be negated, nor stand under an `or`.
    Raw(String),
}

/// One comparison of a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// The field, e.g. `asset.product.id`.
    pub field: String,
    /// How it is compared.
    pub op: Op,
    /// With what: text, a number, a boolean; a list for `in` and `out`; true or false for `is_null` and `is_empty`.
    pub value: Value,
}

/// The comparisons of the query language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Op {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
    In,
    Out,
    /// `*` stands for any text; upper and lower case differ.
    Like,
    /// `*` stands for any text; upper and lower case are the same.
    Ilike,
    IsNull,
    IsEmpty,
}

impl Query {
    /// Text in the query language, sent as it is, beside the other conditions.
    pub fn raw(text: impl Into<String>) -> Self {
        Self::Raw(text.into())
    }

    /// Reads a query from its JSON form.
    ///
    /// # Errors
    /// `validation`.
    pub fn from_json(text: &str) -> Result<Self> {
        crate::ops::read_arguments(text)
    }

    /// The query's text, `None` when it can select nothing.
    ///
    /// # Errors
    /// `validation` for what the language cannot say: a value with both kinds of quotes, a field that is no name, a
    /// negated raw part.
    pub fn selects(&self) -> Result<Selects> {
        render::render(self)
    }

    /// The query's text; empty when it selects everything.
    ///
    /// # Errors
    /// Those of [`Query::selects`], and `validation` when it can select nothing.
    pub fn to_rql(&self) -> Result<String> {
        match self.selects()? {
            Selects::Nothing => {
                Err(Error::validation("query", "selects nothing: the language has no words for an empty list"))
            }
            Selects::Rows(text) => Ok(text),
        }
    }

    /// Whether a comparison in it is about `field`.
    pub(crate) fn mentions(&self, field: &str) -> bool {
        match self {
            Self::Test(test) => test.field.replace("__", ".") == field,
            Self::And(parts) | Self::Or(parts) => parts.iter().any(|part| part.mentions(field)),
            Self::Not(part) => part.mentions(field),
            Self::Raw(text) => {
                let of_a_name = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
                text.split(|c| !of_a_name(c)).any(|word| word == field)
            }
        }
    }
}

impl BitAnd for Query {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        match self {
            Self::And(mut parts) => {
                parts.push(other);
                Self::And(parts)
            }
            first => Self::And(vec![first, other]),
        }
    }
}

impl BitOr for Query {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        match self {
            Self::Or(mut parts) => {
                parts.push(other);
                Self::Or(parts)
            }
            first => Self::Or(vec![first, other]),
        }
    }
}

impl Not for Query {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            query => Self::Not(Box::new(query)),
        }
    }
}

/// Names a field, to be compared: `R("created").ge("2026-01-01")`.
#[expect(non_snake_case, reason = "the vendor's own clients call it R, and so do its documents")]
pub fn R(field: impl Into<String>) -> Field {
    Field(field.into())
}

/// A field by its name; its methods make conditions.
#[derive(Debug, Clone)]
#[must_use]
pub struct Field(String);

macro_rules! comparisons {
    ($($(#[doc = $doc:literal])* $name:ident = $op:ident;)*) => {$(
        $(#[doc = $doc])*
        pub fn $name(self, value: impl Into<Value>) -> Query {
            self.test(Op::$op, value.into())
        }
    )*};
}

impl Field {
    fn test(self, op: Op, value: Value) -> Query {
        Query::Test(Test { field: self.0, op, value })
    }

    comparisons! {
        /// Equal.
        eq = Eq;
        /// Not equal.
        ne = Ne;
        /// Greater, or later.
        gt = Gt;
        /// Greater or equal, or not earlier.
        ge = Ge;
        /// Less, or earlier.
        lt = Lt;
        /// Less or equal, or not later.
        le = Le;
        /// Like a pattern in which `*` stands for any text and `\*` for itself; upper and lower case differ.
        like = Like;
        /// As `like`; upper and lower case are the same.
        ilike = Ilike;
    }

    /// One of the values; of none, never.
    pub fn one_of<V: Into<Value>>(self, values: impl IntoIterator<Item = V>) -> Query {
        self.test(Op::In, values.into_iter().map(Into::into).collect())
    }

    /// None of the values; of none, always.
    pub fn none_of<V: Into<Value>>(self, values: impl IntoIterator<Item = V>) -> Query {
        self.test(Op::Out, values.into_iter().map(Into::into).collect())
    }

    /// Null, or with `false` not null.
    pub fn is_null(self, null: bool) -> Query {
        self.test(Op::IsNull, null.into())
    }

    /// Empty text, or with `false` anything else.
    pub fn is_empty(self, empty: bool) -> Query {
        self.test(Op::IsEmpty, empty.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_mentions_the_fields_that_it_compares_and_no_others() {
        let query = |text: &str| Query::raw(text).mentions("status");
        assert!(query("eq(status,pending)") && query("status=in=(a,b)") && query("(status=a|status=b)"));
        assert!(!query("eq(asset.status,active)") && !query("eq(asset__status,active)") && !query("eq(substatus,x)"));
        assert!((R("id").eq("x") & !R("status").eq("a")).mentions("status"));
        assert!(!R("asset.status").eq("active").mentions("status"));
    }
}
