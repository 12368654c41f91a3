//! Faults by rule: which requests they hit, and what becomes of them.

mod book;
mod pattern;
mod reply;
mod rule;

pub(crate) use book::Book;
pub(crate) use reply::{overlay, replaced};
pub(crate) use rule::{Rule, When};
