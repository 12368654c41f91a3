//! Checkpoints in a folder: a file a flow, all of them held by one fleet.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::Checkpoints;
use crate::error::{Error, Result};
use crate::flow::FileStore;
use crate::flow::file_store::hold_folder;
use crate::host::Host;

/// A folder whose file `KEY.json` is the checkpoint of the flow `KEY`, in the form of a [`FileStore`]'s: a flow of its own can
/// go on from it. One fleet at a time holds the folder, and while it does, no flow of its own can hold a file in it.
#[derive(Debug)]
pub struct CheckpointFolder {
    path: Arc<Path>,
    /// Unlocked when it is closed.
    _lock: File,
}

impl CheckpointFolder {
    /// Opens and locks the folder at `path`, which must exist.
    ///
    /// # Errors
    /// `checkpoint` with the detail `why`: `in_use` when another process, fleet or flow uses it, `store` when it cannot be
    /// used or others may write to it.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let lock = hold_folder(&path)?;
        Ok(Self { path: path.into(), _lock: lock })
    }
}

impl Checkpoints for CheckpointFolder {
    fn load<'a>(&'a self, key: &'a str, _: &'a Host) -> BoxFuture<'a, Result<Option<String>>> {
        let file = self.path.join(name(key));
        beside(move || FileStore::open_in_fleet(file)?.read()).boxed()
    }

    fn save<'a>(&'a self, key: &'a str, text: String, _: &'a Host) -> BoxFuture<'a, Result<()>> {
        let file = self.path.join(name(key));
        beside(move || FileStore::open_in_fleet(file)?.write(&text)).boxed()
    }
}

/// Does what waits for a disk on another thread, so that the other flows go on meanwhile.
async fn beside<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => runtime
            .spawn_blocking(work)
            .await
            .unwrap_or_else(|error| Err(Error::internal(format!("a checkpoint was given up: {error}")))),
        Err(_) => work(),
    }
}

/// The file of the flow `key`: what could be more than a name, or hide the file, is written in hexadecimal.
fn name(key: &str) -> String {
    let mut name = String::with_capacity(key.len() + 5);
    for (place, byte) in key.bytes().enumerate() {
        match byte {
            b'.' if place == 0 => name.push_str("%2E"),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => name.push(char::from(byte)),
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    name + ".json"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn why(error: Error) -> String {
        assert_eq!(error.code(), Code::Checkpoint);
        error.report().details["why"].as_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn a_folder_keeps_each_flows_checkpoint_in_a_file_of_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let (folder, host) = (CheckpointFolder::open(directory.path()).unwrap(), Host::silent());
        for key in ["coco", "../up", ".hidden", "a/b", "é"] {
            assert_eq!(folder.load(key, &host).await.unwrap(), None);
            folder.save(key, format!("{{\"key\":\"{key}\"}}"), &host).await.unwrap();
        }
        assert_eq!(folder.load("a/b", &host).await.unwrap().unwrap().trim(), "{\"key\":\"a/b\"}");
        assert!(directory.path().join("coco.json").is_file() && directory.path().join("%2E.%2Fup.json").is_file());
    }

    #[test]
    fn a_fleet_and_a_flow_of_its_own_never_hold_the_same_file() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("coco.json");
        let fleet = CheckpointFolder::open(directory.path()).unwrap();
        assert_eq!(why(CheckpointFolder::open(directory.path()).unwrap_err()), "in_use");
        assert_eq!(why(FileStore::open(&file).unwrap_err()), "in_use");
        drop(fleet);
        let flow = FileStore::open(&file).unwrap();
        assert_eq!(why(CheckpointFolder::open(directory.path()).unwrap_err()), "in_use");
        drop(flow);
        CheckpointFolder::open(directory.path()).unwrap();
    }
}
