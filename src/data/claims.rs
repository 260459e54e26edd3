//! Runs that several processes make in one folder: each takes the next one that nobody has.

use super::lock::{FolderLock, lock, try_lock};
use super::write::{TEMPORARY, create_folder};
use crate::error::Result;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long to wait before looking again for what other processes have claimed.
pub const PAUSE: Duration = Duration::from_millis(300);

/// A folder in which several processes make runs. A run that is being made has a file of its own there, which
/// is locked: the operating system unlocks it when the process ends, however it ends, so that another makes
/// the run again. On a file system that cannot lock, runs are made more than once.
#[derive(Clone, Debug)]
pub struct Claims {
    folder: PathBuf,
}

impl Claims {
    /// Those in `folder`, which is made where it is missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn of(folder: &Path) -> Result<Self> {
        create_folder(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// The right to change what all processes have in common, for a moment: waits for whoever has it.
    ///
    /// # Errors
    /// When its file cannot be opened or locked.
    pub fn guard(&self) -> Result<Guard> {
        lock(&self.folder.join(".claims")).map(Guard)
    }

    /// Counts this process among those that work in the folder, as long as the lock is held, and tells
    /// whether it is the first of them.
    ///
    /// # Errors
    /// When another process has locked the whole folder.
    pub fn join(&self, _guard: &Guard) -> Result<(FolderLock, bool)> {
        FolderLock::share(&self.folder)
    }

    /// The right to make `run`, a part of a file name, which no other process has as long as it is held;
    /// `None` where another is making it. The other may have ended it since the last look.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn claim(&self, run: &str) -> Result<Option<Claim>> {
        let path = self.folder.join(format!("{TEMPORARY}claim-{run}"));
        let _guard = self.guard()?;
        Ok(try_lock(&path)?.map(|file| Claim {
            path,
            claims: self.clone(),
            _lock: file,
        }))
    }
}

/// See [`Claims::guard`].
#[derive(Debug)]
pub struct Guard(#[allow(dead_code, reason = "open as long as the lock is held")] File);

/// See [`Claims::claim`].
#[derive(Debug)]
pub struct Claim {
    path: PathBuf,
    claims: Claims,
    _lock: File,
}

impl Drop for Claim {
    fn drop(&mut self) {
        // While nobody takes it, who would have a file that is no longer there. One that a killed process
        // leaves is in nobody's way.
        let _guard = self.claims.guard();
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn a_run_has_one_maker_at_a_time_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let claims = Claims::of(folder.path()).unwrap();
        let makers = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let mut made = 0;
                    while made < 200 {
                        if let Some(_claim) = claims.claim("a").unwrap() {
                            assert_eq!(makers.fetch_add(1, Ordering::SeqCst), 0);
                            made += 1;
                            makers.fetch_sub(1, Ordering::SeqCst);
                        }
                    }
                });
            }
        });
        let _other = claims.claim("a").unwrap().unwrap();
        assert!(claims.claim("a").unwrap().is_none());
        assert!(claims.claim("b").unwrap().is_some());
        assert!(folder.path().join(".nrae-claim-a").exists());
        assert!(!folder.path().join(".nrae-claim-b").exists());
    }

    #[test]
    fn the_first_process_of_a_folder_knows_that_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let claims = Claims::of(folder.path()).unwrap();
        let join = || claims.join(&claims.guard().unwrap());
        let (one, first) = join().unwrap();
        let (other, second) = join().unwrap();
        assert!(first && !second);
        assert!(FolderLock::take(folder.path(), folder.path()).is_err());
        drop((one, other));
        let whole = FolderLock::take(folder.path(), folder.path()).unwrap();
        let told = join().unwrap_err().to_string();
        assert!(told.contains("another nrae process is writing"), "{told}");
        drop(whole);
        assert!(join().unwrap().1);
    }
}
