//! A checkpoint in a file: written beside it, synced, renamed over it, and held by one process at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::Store;
use super::checkpoint::refused;
use crate::error::{Error, Result};
use crate::host::Host;

/// A checkpoint file. Its lock is a file beside it, named `.NAME.lock`, which stays.
#[derive(Debug)]
pub struct FileStore {
    path: PathBuf,
    lock: Option<File>,
    /// Keeps fleets away from the folder, where there ever was one.
    folder: Option<File>,
    /// A forked child shares the lock with its parent, and must not give it away.
    owner: u32,
}

impl FileStore {
    /// Opens and locks the checkpoint at `path`, which need not exist yet.
    ///
    /// # Errors
    /// `checkpoint` with the detail `why`: `in_use` when another process holds it, `store` when the directory cannot be
    /// used or others may write to it.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let folder = match OpenOptions::new().write(true).open(directory(&path).join(FLEET_LOCK)) {
            Ok(lock) => {
                taken(lock.try_lock_shared(), &path, "a fleet")?;
                Some(lock)
            }
            Err(_) => None,
        };
        let mut store = Self::open_in_fleet(path)?;
        store.folder = folder;
        Ok(store)
    }

    /// The same for the fleet that holds the folder.
    pub(super) fn open_in_fleet(path: PathBuf) -> Result<Self> {
        let directory = directory(&path);
        check_directory(directory).map_err(|error| failed(&path, &error))?;
        let lock = lock_file(&beside(&path, ".lock")?).map_err(|error| failed(&path, &error))?;
        taken(lock.try_lock(), &path, "another flow")?;
        Ok(Self { path, lock: Some(lock), folder: None, owner: std::process::id() })
    }

    /// The kept text, if there is one.
    ///
    /// # Errors
    /// `checkpoint` when the file cannot be read.
    pub fn read(&self) -> Result<Option<String>> {
        match std::fs::read(&self.path) {
            // What is not UTF-8 is damaged, and refused as such where it is parsed.
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&self.path, &error)),
        }
    }

    pub(crate) fn write(&self, text: &str) -> Result<()> {
        if self.owner != std::process::id() {
            let message = format!(
                "the checkpoint {} is in use by the process that this one was forked from",
                self.path.display()
            );
            return Err(refused("in_use", message, "open the flow in one process alone"));
        }
        let temporary = beside(&self.path, &format!(".{}.tmp", std::process::id()))?;
        let written = write_durably(&temporary, &self.path, text);
        if written.is_err() {
            // The old checkpoint stays; what was half-written goes.
            let _ = std::fs::remove_file(&temporary);
        }
        written.map_err(|error| failed(&self.path, &error))
    }
}

/// What a fleet locks in the folder of its checkpoints.
const FLEET_LOCK: &str = ".fleet.lock";

/// Locks a folder for a fleet, until the file is closed.
pub(super) fn hold_folder(path: &Path) -> Result<File> {
    check_directory(path).map_err(|error| failed(path, &error))?;
    let lock = lock_file(&path.join(FLEET_LOCK)).map_err(|error| failed(path, &error))?;
    taken(lock.try_lock(), path, "another fleet or flow")?;
    Ok(lock)
}

fn lock_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).open(path)
}

fn taken(lock: std::result::Result<(), TryLockError>, path: &Path, by: &str) -> Result<()> {
    match lock {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            let message = format!("the checkpoint {} is in use by {by}", path.display());
            Err(refused("in_use", message, "let it end first"))
        }
        Err(TryLockError::Error(error)) => Err(failed(path, &error)),
    }
}

fn write_durably(temporary: &Path, path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(temporary)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    std::fs::rename(temporary, path)?;
    // The new name is durable only when its directory is.
    #[cfg(unix)]
    File::open(directory(path))?.sync_all()?;
    Ok(())
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn beside(path: &Path, ending: &str) -> Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| {
        refused("store", format!("the checkpoint {} is no file name", path.display()), "name a file, e.g. shop.json")
    })?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(ending);
    Ok(directory(path).join(hidden))
}

/// Refuses a directory in which anybody could replace the checkpoint; a sticky one protects each owner's files.
#[cfg(unix)]
fn check_directory(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(directory)?.permissions().mode();
    if mode & 0o022 != 0 && mode & 0o1000 == 0 {
        let message = format!("others may write to the directory {} (mode {:o})", directory.display(), mode & 0o777);
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_directory(directory: &Path) -> io::Result<()> {
    std::fs::metadata(directory).map(drop)
}

fn failed(path: &Path, error: &io::Error) -> Error {
    let message = format!("the checkpoint {} cannot be used: {error}", path.display());
    refused(
        "store",
        message,
        "no further request leaves until it can be kept: give a directory that you alone may write to, with space left",
    )
}

impl Store for FileStore {
    fn load<'a>(&'a mut self, _: &'a Host) -> BoxFuture<'a, Result<Option<String>>> {
        let read = self.read();
        async { read }.boxed()
    }

    fn save<'a>(&'a mut self, text: String, _: &'a Host) -> BoxFuture<'a, Result<()>> {
        let written = self.write(&text);
        async { written }.boxed()
    }

    fn release(&mut self) {
        if let Some(lock) = self.lock.take()
            && self.owner == std::process::id()
        {
            // Unlocking frees the lock even where a forked child still holds the same open file.
            let _ = lock.unlock();
            let _ = self.folder.take().map(|lock| lock.unlock());
        }
    }
}

impl Drop for FileStore {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn why(result: Result<impl Sized>) -> String {
        let error = result.err().unwrap();
        assert_eq!(error.code(), Code::Checkpoint);
        error.report().details["why"].as_str().unwrap().to_owned()
    }

    #[test]
    fn one_flow_at_a_time_holds_a_checkpoint() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("shop.json");
        let mut first = FileStore::open(&path).unwrap();
        assert_eq!(why(FileStore::open(&path)), "in_use");
        first.release();
        assert_eq!(FileStore::open(&path).unwrap().read().unwrap(), None);
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_its_owners_alone_and_nothing_else_is_left_but_the_lock() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("shop.json");
        let store = FileStore::open(&path).unwrap();
        store.write("{}").unwrap();
        store.write("{\"a\":1}").unwrap();
        assert_eq!(store.read().unwrap().unwrap(), "{\"a\":1}\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let names: Vec<_> = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_that_others_may_write_to_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(why(FileStore::open(directory.path().join("shop.json"))), "store");
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o1777)).unwrap();
        assert!(FileStore::open(directory.path().join("shop.json")).is_ok());
    }

    #[test]
    fn a_missing_directory_is_an_error_before_anything_is_sent() {
        assert_eq!(why(FileStore::open("/nonexistent-directory/shop.json")), "store");
        assert_eq!(why(FileStore::open("..")), "store");
    }
}
