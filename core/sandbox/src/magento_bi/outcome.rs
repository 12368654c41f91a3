//! How asynchronous jobs end that are made from now on.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::state::{End, State};
use crate::error::SandboxError;
use crate::options::Vocabulary;

/// The one final word of a job that is known (contract, step 9).
pub(super) const SUCCESS: &str = "Completed Successfully";

/// Final words; `None` is the usual one.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome {
    signup: Option<String>,
    withholds_client: bool,
    connection_test: Option<End>,
    structure_sync: Option<End>,
    autodash: Option<String>,
}

/// The JSON of a change: absent leaves as it was, `null` goes back to the usual word.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(default, deserialize_with = "given")]
    signup: Option<Option<String>>,
    /// `null`: a signup is done without telling its client id; `true`: it tells again.
    #[serde(default, deserialize_with = "given")]
    signup_client_id: Option<Option<bool>>,
    #[serde(default, deserialize_with = "given")]
    connection_test: Option<Option<JobWord>>,
    #[serde(default, deserialize_with = "given")]
    structure_sync: Option<Option<JobWord>>,
    #[serde(default, deserialize_with = "given")]
    autodash: Option<Option<String>>,
}

fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// The status a job ends in: its name, or name, id and whether it has an `end` time.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a status name, or an object of name, id and ended")]
pub(super) enum JobWord {
    Name(String),
    Status(Status),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Status {
    name: String,
    id: Option<u64>,
    #[serde(default = "yes")]
    ended: bool,
}

fn yes() -> bool {
    true
}

impl From<JobWord> for End {
    fn from(word: JobWord) -> End {
        let (name, id, ended) = match word {
            JobWord::Name(name) => (name, None, true),
            JobWord::Status(Status { name, id, ended }) => (name, id, ended),
        };
        // The ids of other statuses than 1 and 4 are unknown; 5 is as good as any.
        let usual = if name.eq_ignore_ascii_case(SUCCESS) { 4 } else { 5 };
        End { name, id: id.unwrap_or(usual), ended }
    }
}

impl Outcome {
    pub(super) fn signup_word(&self) -> &str {
        self.signup.as_deref().unwrap_or("completed")
    }

    pub(super) fn tells_client(&self) -> bool {
        !self.withholds_client
    }

    pub(super) fn autodash_word(&self, vocabulary: Vocabulary) -> &str {
        self.autodash.as_deref().unwrap_or(match vocabulary {
            Vocabulary::Client => "success",
            Vocabulary::Document => "completed",
        })
    }

    pub(super) fn connection_test(&self) -> End {
        self.connection_test.clone().unwrap_or_else(|| JobWord::Name(SUCCESS.to_owned()).into())
    }

    pub(super) fn structure_sync(&self) -> End {
        self.structure_sync.clone().unwrap_or_else(|| JobWord::Name(SUCCESS.to_owned()).into())
    }
}

impl State {
    pub(crate) fn set_outcome(&mut self, json: Value) -> Result<(), SandboxError> {
        let change: Change = SandboxError::reading("outcome", json)?;
        let outcome = &mut self.outcome;
        if let Some(word) = change.signup {
            outcome.signup = word;
        }
        if let Some(tells) = change.signup_client_id {
            outcome.withholds_client = tells != Some(true);
        }
        if let Some(word) = change.connection_test {
            outcome.connection_test = word.map(End::from);
        }
        if let Some(word) = change.structure_sync {
            outcome.structure_sync = word.map(End::from);
        }
        if let Some(word) = change.autodash {
            outcome.autodash = word;
        }
        Ok(())
    }
}
