//! What can be set about an onboarding, besides the merchant.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;

use super::state::Step;
use crate::error::{Error, Result};
use crate::flow::Mode;
use crate::poll::PollPolicy;

/// Options of a flow. All have defaults.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FlowOptions {
    /// Whether there must be a checkpoint; default: there must be none.
    pub mode: Mode,
    /// Where the checkpoint is kept; default: nowhere.
    pub checkpoint: Option<Place>,
    /// The caller's name for the flow; default: a random UUID.
    pub flow_id: Option<String>,
    /// Milliseconds that the flow may take each time it is driven; default 2 hours, `null` for no limit.
    #[serde(deserialize_with = "explicit")]
    pub max_wait_ms: Option<u64>,
    /// Milliseconds that a waiting step may take; `null` for no limit. Defaults: [`default_limit_ms`].
    pub step_max_wait_ms: BTreeMap<Step, Option<u64>>,
    /// Delays between polls.
    pub poll: PollPolicy,
    /// Resumes although the spec differs from the one that the flow was started with.
    pub accept_changed_spec: bool,
    /// Which of a connection's two ids the later steps use; default `meta_id`, as the vendor's example client does.
    pub connection_id_from: ConnectionIdFrom,
    /// Waits until a connection is `established` before it is tested; default false, for the test may have to come first.
    pub require_established: bool,
    /// Status words that mean success; default [`DONE_WORDS`].
    pub done_words: Option<Vec<String>>,
    /// Status words that mean failure; default [`FAILED_WORDS`]. Any word in neither list means that it is under way.
    pub failed_words: Option<Vec<String>>,
}

/// Where a checkpoint is kept: in a file, or by the host program.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    pub(crate) file: Option<PathBuf>,
    #[serde(default)]
    pub(crate) host: bool,
}

impl Place {
    /// A file.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self { file: Some(path.into()), host: false }
    }
}

/// Which of a connection's two ids the later steps use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionIdFrom {
    #[default]
    MetaId,
    Id,
}

fn explicit<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<u64>, D::Error> {
    Option::deserialize(deserializer)
}

const MINUTE_MS: u64 = 60_000;

/// Status words that mean success, whatever their case.
pub const DONE_WORDS: [&str; 4] = ["completed", "complete", "success", "succeeded"];
/// Status words that mean failure, whatever their case.
pub const FAILED_WORDS: [&str; 9] =
    ["failed", "failure", "error", "errored", "cancelled", "canceled", "aborted", "rejected", "timed_out"];

impl Default for FlowOptions {
    fn default() -> Self {
        Self {
            mode: Mode::Start,
            checkpoint: None,
            flow_id: None,
            max_wait_ms: Some(120 * MINUTE_MS),
            step_max_wait_ms: BTreeMap::new(),
            poll: PollPolicy::default(),
            accept_changed_spec: false,
            connection_id_from: ConnectionIdFrom::MetaId,
            require_established: false,
            done_words: None,
            failed_words: None,
        }
    }
}

/// Milliseconds that a waiting step may take when nothing else is said.
pub fn default_limit_ms(step: Step) -> Option<u64> {
    match step {
        Step::AwaitClient | Step::AwaitStructureSync => Some(30 * MINUTE_MS),
        Step::AwaitConnection => Some(5 * MINUTE_MS),
        Step::AwaitDashboards => Some(15 * MINUTE_MS),
        _ => None,
    }
}

impl FlowOptions {
    /// Milliseconds that `step` may take.
    pub(crate) fn limit_ms(&self, step: Step) -> Option<u64> {
        self.step_max_wait_ms.get(&step).copied().unwrap_or_else(|| default_limit_ms(step))
    }

    /// What the machine needs of them; flows that change nothing share one copy.
    pub(super) fn shared(self) -> Arc<Self> {
        static USUAL: OnceLock<Arc<FlowOptions>> = OnceLock::new();
        let usual = USUAL.get_or_init(Arc::default);
        let own = Self { mode: Mode::default(), checkpoint: None, ..self };
        if own == **usual { Arc::clone(usual) } else { Arc::new(own) }
    }

    /// Checks every value.
    pub(crate) fn check(&self) -> Result<()> {
        if let Some(problem) = self.poll.problem() {
            return Err(Error::config(format!("poll: {problem}"), "see PollPolicy"));
        }
        if let Some(step) = self.step_max_wait_ms.keys().find(|step| default_limit_ms(**step).is_none()) {
            return Err(Error::config(
                format!("step_max_wait: {} is no step that waits", step.name()),
                "the steps that wait are await_client, await_connection, await_structure_sync and await_dashboards",
            ));
        }
        if self.flow_id.as_ref().is_some_and(|id| id.is_empty() || id.len() > 128) {
            return Err(Error::config("flow_id is empty or longer than 128 bytes", "give a short name"));
        }
        Ok(())
    }

    /// What a status word means.
    pub(crate) fn meaning(&self, word: &str) -> Meaning {
        let is = |known: &str| known.eq_ignore_ascii_case(word.trim());
        let is_in = |own: &Option<Vec<String>>, usual: &[&str]| match own {
            Some(words) => words.iter().any(|word| is(word)),
            None => usual.iter().any(|word| is(word)),
        };
        if is_in(&self.done_words, &DONE_WORDS) {
            Meaning::Done
        } else if is_in(&self.failed_words, &FAILED_WORDS) {
            Meaning::Failed
        } else {
            Meaning::UnderWay
        }
    }
}

/// What a status means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    Done,
    Failed,
    UnderWay,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a03_status_words() {
        let options = FlowOptions::default();
        for word in ["completed", "Complete", "SUCCESS", "succeeded"] {
            assert_eq!(options.meaning(word), Meaning::Done, "{word}");
        }
        for word in ["failed", "Failure", "error", "canceled", "CANCELLED", "aborted", "rejected", "timed_out"] {
            assert_eq!(options.meaning(word), Meaning::Failed, "{word}");
        }
        for word in ["pending", "", "provisioning", "completed soon", "not failed"] {
            assert_eq!(options.meaning(word), Meaning::UnderWay, "{word}");
        }
        let own = FlowOptions { done_words: Some(vec!["listo".to_owned()]), ..FlowOptions::default() };
        assert_eq!((own.meaning("Listo"), own.meaning("completed")), (Meaning::Done, Meaning::UnderWay));
    }

    #[test]
    fn impossible_options_are_named() {
        let check = |json: &str| serde_json::from_str::<FlowOptions>(json).unwrap().check().unwrap_err().to_string();
        assert!(check(r#"{"poll": {"min_ms": 0}}"#).contains("min_ms"));
        assert!(check(r#"{"step_max_wait_ms": {"create_client": 1}}"#).contains("create_client"));
        assert!(check(r#"{"flow_id": ""}"#).contains("flow_id"));
        let unknown = serde_json::from_str::<FlowOptions>(r#"{"max_wait": 1}"#).unwrap_err().to_string();
        assert!(unknown.contains("max_wait"), "{unknown}");
        let none: FlowOptions =
            serde_json::from_str(r#"{"max_wait_ms": null, "step_max_wait_ms": {"await_client": null}}"#).unwrap();
        assert_eq!((none.max_wait_ms, none.limit_ms(Step::AwaitClient)), (None, None));
    }
}
