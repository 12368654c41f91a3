//! A query as it was written, before anybody knows which properties exist.

use super::{Refused, parser};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
    In,
    Out,
    Like,
    Ilike,
}

impl Operator {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
            Self::In => "in",
            Self::Out => "out",
            Self::Like => "like",
            Self::Ilike => "ilike",
        }
    }

    pub(super) fn of_word(word: &str) -> Option<Operator> {
        [Self::Eq, Self::Ne, Self::Gt, Self::Ge, Self::Lt, Self::Le, Self::In, Self::Out, Self::Like, Self::Ilike]
            .into_iter()
            .find(|operator| operator.word() == word)
    }

    /// May stand between two equals signs: `created=ge=2020-01-01`.
    pub(super) fn compares(self) -> bool {
        !matches!(self, Self::In | Self::Out | Self::Like | Self::Ilike)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operand {
    /// The text without its quotes; `quoted` text is never a constant.
    Text {
        text: String,
        quoted: bool,
    },
    Null,
    Empty,
    /// `t(…)`: conditions on one element of a list.
    Tuple(Vec<Term>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Term {
    And(Vec<Term>),
    Or(Vec<Term>),
    Not(Box<Term>),
    /// One operand, or for `in` and `out` at least one.
    Test {
        property: String,
        operator: Operator,
        operands: Vec<Operand>,
    },
    /// `ordering(…)` with its properties as written, sign included.
    Ordering(Vec<String>),
    Select(Vec<String>),
    Tuple(Vec<Term>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query {
    /// What must hold together.
    pub(crate) terms: Vec<Term>,
}

impl Query {
    /// Parses the text of a query string that has been percent-decoded once.
    pub(crate) fn parse(text: &str) -> Result<Query, Refused> {
        parser::parse(text).map(|terms| Query { terms })
    }

    /// Whether a property is spoken of anywhere in the query.
    pub(crate) fn mentions(&self, property: &str) -> bool {
        self.terms.iter().any(|term| term.mentions(property))
    }
}

impl Term {
    fn mentions(&self, wanted: &str) -> bool {
        match self {
            Self::And(terms) | Self::Or(terms) => terms.iter().any(|term| term.mentions(wanted)),
            Self::Not(term) => term.mentions(wanted),
            Self::Test { property, .. } => property == wanted,
            Self::Ordering(_) | Self::Select(_) | Self::Tuple(_) => false,
        }
    }
}
