//! One run of a sweep, and the file that keeps them.

use crate::data::write_atomically;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Settings that differ between the runs of a sweep.
pub type Choice = BTreeMap<String, String>;

/// A choice in one line: `key=value key=value`.
pub fn describe(choice: &Choice) -> String {
    choice
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// One run of a sweep: a line of `results.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// What was tried.
    pub choice: Choice,
    /// Its seed.
    pub seed: u64,
    /// Least validation error; absent where the run diverged.
    pub validation_mse: Option<f64>,
    /// Error on the test data of the parameters with that validation error.
    pub test_mse: Option<f64>,
    /// Error on the training data of the same parameters.
    pub train_mse: Option<f64>,
    /// Seconds that it took.
    pub seconds: f64,
}

impl Trial {
    /// Whether it tried `choice` with `seed`.
    pub(super) fn is_of(&self, choice: &Choice, seed: u64) -> bool {
        self.choice == *choice && self.seed == seed
    }
}

/// The runs that a file holds, none where there is no file.
pub(super) fn read_trials(path: &Path) -> Result<Vec<Trial>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(path).map_err(|source| Error::file(path, source))?;
    let trials = text
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>();
    trials.map_err(|error| Error::input(format!("{} is damaged: {error}", path.display())))
}

/// Writes `trials`, a line each.
pub(super) fn write_trials(path: &Path, trials: &[Trial]) -> Result<()> {
    write_atomically(path, |file| {
        for trial in trials {
            serde_json::to_writer(&mut *file, trial)?;
            writeln!(file)?;
        }
        Ok(())
    })
}
