//! Folders that one process at a time writes into.

use super::write::TEMPORARY;
use crate::error::{Error, Result};
use fs4::fs_std::FileExt;
use std::fs::File;
use std::path::{Path, PathBuf};

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
        let (file, path) = open(folder)?;
        match file.try_lock_exclusive() {
            Ok(true) => Ok(Self(file)),
            // A file system that cannot lock does not keep a run from training.
            Err(error) if error.kind() == std::io::ErrorKind::Unsupported => Ok(Self(file)),
            Ok(false) => Err(Error::input(format!(
                "another nrae process is writing into {}: wait until it has ended, or choose another --out",
                what.display()
            ))),
            Err(source) => Err(Error::file(&path, source)),
        }
    }

    /// As [`Self::take`], but waits for whoever has the lock: for what takes a moment.
    ///
    /// # Errors
    /// When the file `lock` cannot be opened or locked.
    pub fn wait(folder: &Path) -> Result<Self> {
        let (file, path) = open(folder)?;
        match file.lock_exclusive() {
            Ok(()) => Ok(Self(file)),
            Err(error) if error.kind() == std::io::ErrorKind::Unsupported => Ok(Self(file)),
            Err(source) => Err(Error::file(&path, source)),
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

/// The file `lock` in `folder`, and its path.
fn open(folder: &Path) -> Result<(File, PathBuf)> {
    let path = folder.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path);
    match file {
        Ok(file) => Ok((file, path)),
        Err(source) => Err(Error::file(&path, source)),
    }
}
