//! Folders that one process at a time writes into.

use super::write::TEMPORARY;
use crate::error::{Error, Result};
use fs4::fs_std::FileExt;
use std::fs::File;
use std::path::Path;

/// The file of a folder that is locked.
const LOCK: &str = "lock";

/// The right to write into a folder, which the operating system takes back when the process ends,
/// however it ends.
#[derive(Debug)]
pub struct FolderLock(#[allow(dead_code, reason = "open as long as the lock is held")] File);

impl FolderLock {
    /// Locks the file `lock` in `folder`, which exists. `what` is what is told to be in use.
    ///
    /// # Errors
    /// When another process, or another part of this one, writes into the folder.
    pub fn take(folder: &Path, what: &Path) -> Result<Self> {
        try_lock(&folder.join(LOCK))?.map_or_else(|| Err(in_use(what)), |file| Ok(Self(file)))
    }

    /// Locks `folder` beside others that do so too, and tells whether there are none yet. Who does this calls
    /// it one at a time.
    ///
    /// # Errors
    /// When another process has locked it for itself.
    pub(super) fn share(folder: &Path) -> Result<(Self, bool)> {
        let path = folder.join(LOCK);
        let alone = try_lock(&path)?.is_some();
        let file = open(&path)?;
        match is_locked(FileExt::try_lock_shared(&file), &path)? {
            true => Ok((Self(file), alone)),
            false => Err(in_use(folder)),
        }
    }

    /// Removes what a process that was killed was writing in `folder`: only the holder of its lock
    /// can know that nobody is writing it any more.
    pub fn remove_leftovers(&self, folder: &Path) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
                // What cannot be removed is in nobody's way.
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

fn in_use(what: &Path) -> Error {
    Error::input(format!(
        "another nrae process is writing into {}: wait until it has ended, or choose another --out",
        what.display()
    ))
}

/// Locks the file at `path`, which is made where it is missing: `None` where another has locked it.
///
/// # Errors
/// When it cannot be opened or locked.
pub(super) fn try_lock(path: &Path) -> Result<Option<File>> {
    let file = open(path)?;
    let locked = is_locked(file.try_lock_exclusive(), path)?;
    Ok(locked.then_some(file))
}

/// As [`try_lock`], but waits for whoever has locked it: for what takes a moment.
///
/// # Errors
/// Those of [`try_lock`].
pub(super) fn lock(path: &Path) -> Result<File> {
    let file = open(path)?;
    is_locked(file.lock_exclusive().map(|()| true), path)?;
    Ok(file)
}

/// What came of locking the file at `path`. A file system that cannot lock does not keep a run from training.
fn is_locked(outcome: std::io::Result<bool>, path: &Path) -> Result<bool> {
    match outcome {
        Err(error) if is_without_locks(&error) => Ok(true),
        outcome => outcome.map_err(|source| Error::file(path, source)),
    }
}

/// Whether a file system says by `error` that it has no locks.
fn is_without_locks(error: &std::io::Error) -> bool {
    // What a network file system without its lock daemon says has no kind of its own.
    #[cfg(target_os = "linux")]
    if error.raw_os_error() == Some(libc::ENOLCK) {
        return true;
    }
    error.kind() == std::io::ErrorKind::Unsupported
}

fn open(path: &Path) -> Result<File> {
    let file = File::options()
        .create(true)
        .truncate(false)
        // Some file systems share locks only of files that are read.
        .read(true)
        .write(true)
        .open(path);
    file.map_err(|source| Error::file(path, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_without_locks_is_written_to() {
        let path = Path::new("x");
        let without = || std::io::Error::from(std::io::ErrorKind::Unsupported);
        assert!(is_locked(Err(without()), path).unwrap());
        #[cfg(target_os = "linux")]
        assert!(is_locked(Err(std::io::Error::from_raw_os_error(libc::ENOLCK)), path).unwrap());
        let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        is_locked(Err(denied), path).unwrap_err();
        assert!(!is_locked(Ok(false), path).unwrap());
    }
}
