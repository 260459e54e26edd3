//! The folder of a sweep, in which several processes may work: its runs, and the settings that all of them
//! have in common.

use super::{ChoiceSummary, Settings, configuration, table};
use crate::data::{Claim, Claims, FolderLock, hexadecimal, named_content_sha256, write_atomically};
use crate::error::{Error, Result};
use crate::train::origin::{changes, flatten, named_data};
use crate::train::trial::{Choice, Trial, read_trials, write_trials};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The table in the file of settings that holds the sums of the data.
const SUMS: &str = "data_sha256";

/// A sweep's folder, as long as this process works in it.
pub(super) struct SweepFolder {
    path: PathBuf,
    claims: Claims,
    _lock: FolderLock,
}

impl SweepFolder {
    /// The folder at `path`, for runs that differ from `base` in what they try and in their seeds.
    ///
    /// # Errors
    /// When it holds runs of other settings or data, or another process makes such runs; when it cannot be written
    /// to, or a file is damaged.
    pub(super) fn open(path: &Path, base: &Settings) -> Result<Self> {
        // Of many data it takes a while, in which no other process need wait.
        let sums = data_sums(base);
        let claims = Claims::of(path)?;
        let guard = claims.guard()?;
        let (lock, first) = claims.join(&guard)?;
        if first {
            lock.remove_leftovers(path);
        }
        let folder = Self {
            path: path.to_owned(),
            claims,
            _lock: lock,
        };
        let free = first && folder.trials()?.is_empty();
        folder.agree(base, sums, free)?;
        drop(guard);
        Ok(folder)
    }

    /// Writes what all runs have in common, `base` and the `sums` of the data, where that is not known or the
    /// folder is `free`, and compares it with what is there where not.
    fn agree(&self, base: &Settings, sums: BTreeMap<String, String>, free: bool) -> Result<()> {
        let path = self.path.join("settings.toml");
        let was = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            outcome => Some(outcome.map_err(|source| Error::file(&path, source))?),
        };
        let Some(was) = was.filter(|_| !free) else {
            let mut kept = base.table().clone();
            kept.insert(SUMS.into(), toml::Value::try_from(sums).expect("texts"));
            return write_text(&path, &kept.to_string());
        };
        let mut was: toml::Table = was.parse().map_err(|error: toml::de::Error| {
            Error::input(format!(
                "{} is damaged: {}",
                path.display(),
                error.message()
            ))
        })?;
        // What was not here then, or is not now, cannot be compared.
        let old = was.remove(SUMS);
        let old = |key: &str| old.as_ref()?.get(key)?.as_str();
        let changed = sums
            .iter()
            .filter(|(key, sum)| old(key).is_some_and(|old| old != **sum));
        let changed = changed.map(|(key, _)| key);
        let [was, is] = [&was, base.table()].map(|table| {
            let mut settings = BTreeMap::new();
            flatten("", table, &mut settings);
            settings
        });
        let mut changes = changes(&was, &is);
        changes.extend(changed.map(|key| format!("the data of {key} have changed")));
        if changes.is_empty() {
            return Ok(());
        }
        Err(Error::input(format!(
            "{} is of runs with other settings or data, which do not belong into one table: {}. Choose another --out",
            self.path.display(),
            changes.join("; ")
        )))
    }

    /// The runs that have ended, of this sweep and of earlier ones.
    pub(super) fn trials(&self) -> Result<Vec<Trial>> {
        read_trials(&self.path.join("results.jsonl"))
    }

    /// The right to make a run; `None` where another process is making it, or has just ended it.
    ///
    /// # Errors
    /// When the folder cannot be read or written to.
    pub(super) fn claim(&self, choice: &Choice, seed: u64) -> Result<Option<Claim>> {
        let text = serde_json::to_string(&(choice, seed)).expect("plain data");
        let claim = self
            .claims
            .claim(&hexadecimal(&Sha256::digest(text)[..8]))?;
        let ended = |trials: Vec<Trial>| trials.iter().any(|trial| trial.is_of(choice, seed));
        Ok(match claim {
            Some(claim) if !ended(self.trials()?) => Some(claim),
            _ => None,
        })
    }

    /// Adds runs that have ended, each once, and returns all. Those of `order` stand in its order, so that the
    /// file does not tell who has made which, behind those of earlier sweeps.
    ///
    /// # Errors
    /// When the file is damaged or cannot be written.
    pub(super) fn add(&self, ended: &[Trial], order: &[(&Choice, u64)]) -> Result<Vec<Trial>> {
        let _guard = self.claims.guard()?;
        let mut trials = self.trials()?;
        for trial in ended {
            if !trials
                .iter()
                .any(|other| other.is_of(&trial.choice, trial.seed))
            {
                trials.push(trial.clone());
            }
        }
        trials.sort_by_cached_key(|trial| {
            order
                .iter()
                .position(|&(choice, seed)| trial.is_of(choice, seed))
        });
        write_trials(&self.path.join("results.jsonl"), &trials)?;
        Ok(trials)
    }

    /// Writes the table, and the best configuration as it is with `seed`. Every process does so, since the
    /// last to end may be any of them: all write the same.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(super) fn conclude(
        &self,
        base: &Settings,
        summaries: &[ChoiceSummary],
        seed: u64,
    ) -> Result<()> {
        let guard = self.claims.guard()?;
        // A process may have been killed when others had made the run that it was about to take.
        self.claims.remove_lost(&guard);
        write_text(&self.path.join("table.md"), &table(summaries))?;
        let best = configuration(base, &summaries[0].choice, seed)?;
        let best = toml::to_string(&best).expect("plain data");
        write_text(&self.path.join("best.toml"), &best)
    }
}

fn write_text(path: &Path, text: &str) -> Result<()> {
    write_atomically(path, |file| file.write_all(text.as_bytes()))
}

/// SHA-256 of the data that `settings` name, by the keys of those settings.
fn data_sums(settings: &Settings) -> BTreeMap<String, String> {
    let named = named_data(settings.table()).into_iter();
    let sum = |(key, name): (String, String)| Some((key, named_content_sha256(&name)?));
    named.filter_map(sum).collect()
}
