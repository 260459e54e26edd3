//! The folder that keeps runs, one JSON file each: runs made in several calls, by several processes
//! or on several machines come together in it.

use super::cell::RunSettings;
use super::measures::Drawn;
use crate::data::{FolderLock, create_folder, write_atomically};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A run that has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// The program's version.
    pub version: String,
    /// What it was made of.
    pub run: RunSettings,
    /// How it ended.
    pub outcome: Outcome,
    /// Samples that were used.
    pub samples: Counts,
    /// What it ran on.
    pub device: String,
    /// The driver of that.
    pub driver: String,
    /// Seconds of all of it.
    pub seconds: f64,
    /// What was measured, by the names of `docs/measures.md`.
    pub measures: BTreeMap<String, f64>,
    /// What it leaves for a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sketch: Option<Drawn>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Trained and measured.
    Done,
    /// The loss stopped being finite: a result.
    Diverged(String),
    /// Something else went wrong: tried again by the next call.
    Failed(String),
}

/// Samples of each split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Trained on.
    pub train: usize,
    /// To choose the epoch and the settings by.
    pub validation: usize,
    /// Measured on.
    pub test: usize,
}

/// A folder of runs. A run that is being made has a folder of its own in it, which is locked; those come and
/// go while the file `lock` of the whole is held, so that none is removed while another process takes it.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The cache in `folder`, which is made where it is missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(folder: &Path) -> Result<Self> {
        create_folder(folder)?;
        // What processes that were killed have claimed is removed. What cannot be removed is in nobody's way.
        let _claims = FolderLock::wait(folder);
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let claimed = entry.path();
            if claimed.is_dir()
                && let Ok(_lock) = FolderLock::take(&claimed, &claimed)
            {
                let _ = std::fs::remove_dir_all(&claimed);
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    fn file(&self, run: &RunSettings) -> PathBuf {
        self.folder.join(format!("{}.json", run.key()))
    }

    /// The run of these settings, where it has ended. A file that is damaged counts as none.
    pub fn get(&self, run: &RunSettings) -> Option<Ended> {
        let path = self.file(run);
        let text = std::fs::read_to_string(&path).ok()?;
        match serde_json::from_str::<Ended>(&text) {
            Ok(ended) if ended.run == *run => Some(ended),
            _ => {
                log::warn!("{} is damaged, so that run is made again", path.display());
                None
            }
        }
    }

    /// Keeps `ended`.
    ///
    /// # Errors
    /// When its file cannot be written.
    pub fn put(&self, ended: &Ended) -> Result<()> {
        let path = self.file(&ended.run);
        write_atomically(&path, |file| {
            serde_json::to_writer(&mut *file, ended)?;
            writeln!(file)
        })
    }

    /// The right to make this run, which no other process has as long as it is held; `None` where
    /// another is making it.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub(super) fn claim(&self, run: &RunSettings) -> Result<Option<Claimed>> {
        let folder = self.folder.join(format!(".{}", run.key()));
        let _claims = FolderLock::wait(&self.folder)?;
        create_folder(&folder)?;
        match FolderLock::take(&folder, &folder) {
            Ok(lock) => Ok(Some(Claimed {
                folder,
                claims: self.folder.clone(),
                _lock: lock,
            })),
            Err(Error::Input(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// See [`Cache::claim`].
pub(super) struct Claimed {
    folder: PathBuf,
    claims: PathBuf,
    _lock: FolderLock,
}

impl Drop for Claimed {
    fn drop(&mut self) {
        let _claims = FolderLock::wait(&self.claims);
        // One that stays behind is in nobody's way.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    #[test]
    fn a_run_is_found_again_and_claimed_once() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("runs")).unwrap();
        let run: RunSettings = toml::from_str("settings.seed = 3").unwrap();
        assert!(cache.get(&run).is_none());
        let claimed = cache.claim(&run).unwrap().unwrap();
        assert!(cache.claim(&run).unwrap().is_none());
        let ended = Ended {
            version: "1".into(),
            run: run.clone(),
            outcome: Outcome::Diverged("so".into()),
            samples: Counts::default(),
            device: "d".into(),
            driver: "d".into(),
            seconds: 1.5,
            measures: [("test_mse".to_owned(), 0.1)].into(),
            sketch: None,
        };
        cache.put(&ended).unwrap();
        drop(claimed);
        assert_eq!(cache.get(&run), Some(ended));
        assert!(cache.claim(&run).unwrap().is_some());
        let left = folder.path().join("runs/.left");
        std::fs::create_dir(&left).unwrap();
        Cache::open(&folder.path().join("runs")).unwrap();
        assert!(!left.exists());
        std::fs::write(cache.file(&run), "{").unwrap();
        assert!(cache.get(&run).is_none());
    }

    #[test]
    fn a_run_has_one_maker_while_others_open_the_cache() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs");
        let cache = Cache::open(&path).unwrap();
        let run: RunSettings = toml::from_str("settings.seed = 3").unwrap();
        let ended = AtomicBool::new(false);
        let makers = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    Cache::open(&path).unwrap();
                }
            });
            let claims: Vec<_> = (0..2)
                .map(|_| {
                    scope.spawn(|| {
                        let mut claims = 0;
                        while claims < 200 {
                            if let Some(_claimed) = cache.claim(&run)? {
                                assert_eq!(makers.fetch_add(1, Ordering::SeqCst), 0);
                                claims += 1;
                                makers.fetch_sub(1, Ordering::SeqCst);
                            }
                        }
                        Ok(())
                    })
                })
                .collect();
            let claims: Vec<std::thread::Result<Result<()>>> =
                claims.into_iter().map(|claims| claims.join()).collect();
            ended.store(true, Ordering::Relaxed);
            for claim in claims {
                claim.unwrap().unwrap();
            }
        });
    }

    #[test]
    fn a_run_that_nobody_makes_can_be_claimed_while_others_open_the_cache() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs");
        let cache = Cache::open(&path).unwrap();
        let run: RunSettings = toml::from_str("settings.seed = 3").unwrap();
        let ended = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    Cache::open(&path).unwrap();
                }
            });
            let claims: Vec<_> = (0..200)
                .map(|_| cache.claim(&run).map(|c| c.is_some()))
                .collect();
            ended.store(true, Ordering::Relaxed);
            for claim in claims {
                assert!(claim.unwrap());
            }
        });
    }
}
