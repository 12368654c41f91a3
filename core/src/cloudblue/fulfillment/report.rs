//! What a run did.

use serde::Serialize;

/// What a run did, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// Cycles begun.
    pub cycles: u64,
    /// Requests that the lists held.
    pub seen: u64,
    pub approved: u64,
    pub failed: u64,
    pub inquired: u64,
    pub scheduled: u64,
    pub revoked: u64,
    /// Left as they are, because the handler said so, or nothing.
    pub skipped: u64,
    /// Found in the status that the decision leads to.
    pub already_applied: u64,
    /// Brought to another end by somebody else.
    pub conflicts: u64,
    /// No longer there, or no longer waiting, when their turn came.
    pub gone: u64,
    /// Left because an earlier request of the same asset was left.
    pub held: u64,
    /// Decisions of a dry run.
    pub decided: u64,
    /// Handlers that failed, and decisions that could not be carried out.
    pub error_count: u64,
    /// The newest of them.
    pub errors: Vec<Trouble>,
    /// When the next cycle starts, if there is one.
    pub next_due: Option<String>,
}

/// A handler that failed, or a decision that could not be carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// The request's id.
    pub request: String,
    /// What happened.
    pub message: String,
}

/// Troubles that a report keeps.
const KEPT: usize = 100;

impl Report {
    /// Counts a decision that was carried out.
    pub(super) fn count(&mut self, result: &str) {
        let counter = match result {
            "approved" => &mut self.approved,
            "failed" => &mut self.failed,
            "inquired" => &mut self.inquired,
            "scheduled" => &mut self.scheduled,
            "revoked" => &mut self.revoked,
            _ => &mut self.already_applied,
        };
        *counter += 1;
    }

    pub(super) fn trouble(&mut self, request: &str, message: String) {
        self.error_count += 1;
        if self.errors.len() == KEPT {
            self.errors.remove(0);
        }
        self.errors.push(Trouble { request: request.to_owned(), message });
    }
}
