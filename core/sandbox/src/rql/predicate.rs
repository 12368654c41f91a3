//! The part of a query that selects rows, checked against a table.

use std::cmp::Ordering;

use super::pattern::Pattern;
use super::query::Operator;
use super::row::{Row, Scalar};

/// What a value is compared with, read as its column's kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Constant {
    Null,
    Text(String),
    Integer(i64),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Check {
    /// Equal to one of them; `ne` and `out` are the negation of this.
    OneOf(Vec<Constant>),
    /// `gt`, `ge`, `lt` or `le`.
    Compare(Operator, Constant),
    Like(Pattern),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Predicate<F> {
    All(Vec<Predicate<F>>),
    Any(Vec<Predicate<F>>),
    Not(Box<Predicate<F>>),
    Test(F, Check),
}

impl<F: Copy> Predicate<F> {
    pub(crate) fn selects(&self, row: &impl Row<Field = F>) -> bool {
        match self {
            Self::All(all) => all.iter().all(|one| one.selects(row)),
            Self::Any(any) => any.iter().any(|one| one.selects(row)),
            Self::Not(one) => !one.selects(row),
            Self::Test(field, check) => row.any(*field, &mut |scalar| check.holds(scalar)),
        }
    }
}

impl Check {
    pub(crate) fn holds(&self, scalar: Scalar<'_>) -> bool {
        match self {
            Self::OneOf(constants) => constants.iter().any(|constant| constant.is(scalar)),
            Self::Compare(operator, constant) => constant.order(scalar).is_some_and(|order| match operator {
                Operator::Gt => order == Ordering::Greater,
                Operator::Ge => order != Ordering::Less,
                Operator::Lt => order == Ordering::Less,
                _ => order != Ordering::Greater,
            }),
            Self::Like(pattern) => matches!(scalar, Scalar::Text(text) if pattern.fits(text)),
        }
    }
}

impl Constant {
    fn is(&self, scalar: Scalar<'_>) -> bool {
        match (self, scalar) {
            (Self::Null, Scalar::Null) => true,
            (Self::Text(wanted), Scalar::Text(text)) => wanted == text,
            (Self::Integer(wanted), Scalar::Integer(number)) => *wanted == number,
            _ => false,
        }
    }

    /// How a value stands to this constant; null to nothing.
    fn order(&self, scalar: Scalar<'_>) -> Option<Ordering> {
        match (self, scalar) {
            (Self::Text(constant), Scalar::Text(text)) => Some(text.cmp(constant)),
            (Self::Integer(constant), Scalar::Integer(number)) => Some(number.cmp(constant)),
            _ => None,
        }
    }
}
