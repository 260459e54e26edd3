//! The folder that keeps runs, one JSON file each: runs made in several calls, by several processes
//! or on several machines come together in it.

use super::cell::RunSettings;
use super::measures::Drawn;
use super::sources::Sources;
use crate::data::{Claim, Claims, write_atomically};
use crate::error::Result;
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
    /// SHA-256 of the data it read that may change, by what its settings call them: filled in by a cache.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data_sha256: BTreeMap<String, String>,
    /// What it ran on.
    pub device: String,
    /// The driver of that.
    pub driver: String,
    /// Seconds of all of it; shares of them where runs trained side by side.
    pub seconds: f64,
    /// Runs that trained side by side, this one among them.
    #[serde(default = "alone", skip_serializing_if = "is_alone")]
    pub at_once: usize,
    /// What was measured, by the names of `docs/measures.md`.
    pub measures: BTreeMap<String, f64>,
    /// What it leaves for a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sketch: Option<Drawn>,
}

fn alone() -> usize {
    1
}

fn is_alone(at_once: &usize) -> bool {
    *at_once == 1
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

/// A folder of runs, each of which one process at a time makes.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    claims: Claims,
    sources: Sources,
}

impl Cache {
    /// The cache in `folder`, which is made where it is missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(folder: &Path) -> Result<Self> {
        let claims = Claims::of(folder)?;
        // A report can be written of runs in a folder that cannot.
        if let Ok(guard) = claims.guard() {
            claims.remove_lost(&guard);
        }
        Ok(Self {
            folder: folder.to_owned(),
            claims,
            sources: Sources::default(),
        })
    }

    fn file(&self, run: &RunSettings) -> PathBuf {
        self.folder.join(format!("{}.json", run.key()))
    }

    /// The run of these settings, where it has ended. A file that is damaged counts as none, and so does
    /// a run of data that are here with other content by now.
    pub fn get(&self, run: &RunSettings) -> Option<Ended> {
        let path = self.file(run);
        let text = std::fs::read_to_string(&path).ok()?;
        let why = match serde_json::from_str::<Ended>(&text) {
            Ok(ended) if ended.run == *run => match self.sources.changed(&ended.data_sha256) {
                None => return Some(ended),
                Some(name) => format!("is of what {name} was before it changed"),
            },
            _ => "is damaged".into(),
        };
        log::warn!("{} {why}, so that run is made again", path.display());
        None
    }

    /// Keeps `ended`.
    ///
    /// # Errors
    /// When its file cannot be written.
    pub fn put(&self, ended: &Ended) -> Result<()> {
        let path = self.file(&ended.run);
        let mut ended = ended.clone();
        ended.data_sha256 = self.sources.of(&ended.run);
        write_atomically(&path, |file| {
            serde_json::to_writer(&mut *file, &ended)?;
            writeln!(file)
        })
    }

    /// The right to make this run, which no other process has as long as it is held; `None` where
    /// another is making it.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub(super) fn claim(&self, run: &RunSettings) -> Result<Option<Claim>> {
        self.claims.claim(&run.key())
    }
}

#[cfg(test)]
impl Ended {
    /// A run for tests.
    pub(super) fn example(outcome: Outcome, measures: &[(&str, f64)]) -> Self {
        let figure = |(name, value): &(&str, f64)| (name.to_string(), *value);
        Self {
            version: "1".into(),
            run: toml::from_str("settings.seed = 3").unwrap(),
            outcome,
            samples: Counts::default(),
            data_sha256: BTreeMap::new(),
            device: "d".into(),
            driver: "d".into(),
            seconds: 1.5,
            at_once: 1,
            measures: measures.iter().map(figure).collect(),
            sketch: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_found_again_and_claimed_once() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("runs")).unwrap();
        let run: RunSettings = toml::from_str("settings.seed = 3").unwrap();
        assert!(cache.get(&run).is_none());
        let claimed = cache.claim(&run).unwrap().unwrap();
        assert!(cache.claim(&run).unwrap().is_none());
        let ended = Ended::example(Outcome::Diverged("so".into()), &[("test_mse", 0.1)]);
        assert_eq!(ended.run, run);
        cache.put(&ended).unwrap();
        drop(claimed);
        assert_eq!(cache.get(&run), Some(ended));
        assert!(cache.claim(&run).unwrap().is_some());
        std::fs::write(cache.file(&run), "{").unwrap();
        assert!(cache.get(&run).is_none());
    }
}
