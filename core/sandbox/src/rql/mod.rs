//! RQL, the query language of CloudBlue Connect's lists: a parser, and an evaluator over rows of any kind.
//!
//! [`Query::parse`] knows the language only, [`Plan::bind`] checks a query against a table of [`Column`]s, and the plan's
//! [`Predicate`] tells whether a [`Row`] is selected (contract, 1.4).

mod column;
mod instant;
mod parser;
mod pattern;
mod plan;
mod predicate;
mod query;
mod row;

pub(crate) use column::{Column, Kind, Lookup};
pub(crate) use instant::{micros_of, text_of};
pub(crate) use plan::Plan;
pub(crate) use predicate::{Check, Constant, Predicate};
pub(crate) use query::{Operand, Operator, Query, Term};
pub(crate) use row::{Key, Row, Scalar};

/// Why a query is refused; the text is for the one who wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) String);

impl Refused {
    fn new(text: impl Into<String>) -> Refused {
        Refused(text.into())
    }
}
