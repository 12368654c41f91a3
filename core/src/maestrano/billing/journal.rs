//! Where intents are remembered: a file, or whatever the host program keeps them in.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::intent::Remembered;
use crate::error::{Code, Error, Result};
use crate::flow::FileStore;
use crate::flow::checkpoint::{self, refused};
use crate::host::Host;
use crate::time::Clock;

/// Where the intents of bills are remembered.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Journal {
    /// A file, made when it is first needed, with all intents in it: about 300 bytes each.
    File(PathBuf),
    /// A store of the host program, by the name that it has there: it is asked to load and save one intent by its key.
    Store {
        /// Its name.
        store: String,
    },
}

const SCHEMA: &str = "tenantry.maestrano.journal";
const VERSION: u64 = 1;
/// How long another writer of the file is waited for, and how often it is tried meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

#[derive(Default, Serialize, Deserialize)]
struct Entries {
    entries: BTreeMap<String, Remembered>,
}

impl Journal {
    /// Remembers in this file.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::File(path.into())
    }

    /// Replaces what is remembered under `key` by what `change` makes of it; gives what it returns.
    ///
    /// With a file nobody comes between reading and writing; a store of the host program is asked for one after the other.
    /// `change` gives `None` to leave everything as it is.
    ///
    /// # Errors
    /// `checkpoint` when it cannot be read or kept; nothing may be sent then.
    pub(super) async fn update<T>(
        &self,
        key: &str,
        host: &Host,
        clock: &dyn Clock,
        change: impl FnOnce(Option<Remembered>) -> (Option<Remembered>, T),
    ) -> Result<T> {
        match self {
            Self::File(path) => {
                let mut file = open(path, clock).await?;
                let mut entries = match file.read()? {
                    Some(text) => parse(checkpoint::read(SCHEMA, VERSION, &text)?)?,
                    None => Entries::default(),
                };
                let (remembered, told) = change(entries.entries.get(key).cloned());
                if let Some(remembered) = remembered {
                    entries.entries.insert(key.to_owned(), remembered);
                    file.write(&checkpoint::write(SCHEMA, VERSION, &entries))?;
                }
                crate::flow::Store::release(&mut file);
                Ok(told)
            }
            Self::Store { store } => {
                let kept = host.ask("load", json!({ "store": store, "key": key })).await.map_err(failed)?;
                let kept = match kept {
                    Value::Null => None,
                    Value::String(text) => Some(parse(serde_json::from_str(&text).unwrap_or(Value::Null))?),
                    other => Some(parse(other)?),
                };
                let (remembered, told) = change(kept);
                if let Some(remembered) = remembered {
                    let text =
                        serde_json::to_string(&remembered).map_err(|error| Error::internal(error.to_string()))?;
                    host.ask("save", json!({ "store": store, "key": key, "checkpoint": text }))
                        .await
                        .map_err(failed)?;
                }
                Ok(told)
            }
        }
    }
}

fn parse<T: serde::de::DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|_| {
        let hint = "restore it from a copy: without it, a bill could be sent twice";
        refused("invalid", "the journal holds something else than intents", hint)
    })
}

fn failed(error: Error) -> Error {
    let message = format!("the journal could not be kept or read: {}", error.report().message);
    refused("store", message, "no bill is sent until it can be kept: mend the store and call again")
}

/// The file, once no other writer holds it.
async fn open(path: &PathBuf, clock: &dyn Clock) -> Result<FileStore> {
    let until = clock.now() + PATIENCE;
    loop {
        match FileStore::open(path) {
            Err(error)
                if error.code() == Code::Checkpoint
                    && error.report().details.get("why").and_then(Value::as_str) == Some("in_use")
                    && clock.now() < until =>
            {
                clock.sleep_until(clock.now() + PAUSE).await;
            }
            opened => return opened,
        }
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Journal {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Journal".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "journal" })
    }
}
