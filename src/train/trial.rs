//! One run of a sweep, and the file that keeps them.

use crate::data::write_atomically;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Settings that differ between the runs of a sweep.
pub type Choice = BTreeMap<String, String>;

/// A value as it is written and compared, whichever way it was typed: `1e-3` is `0.001`.
pub(super) fn canonical(text: &str) -> String {
    match serde_json::from_str(text) {
        Ok(Value::String(_)) | Err(_) => text.to_owned(),
        Ok(value) => value.to_string(),
    }
}

/// Choices with numbers as numbers.
mod choice {
    use super::{Choice, Value, canonical};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::collections::BTreeMap;

    pub(super) fn serialize<S: Serializer>(choice: &Choice, to: S) -> Result<S::Ok, S::Error> {
        let typed = |text: &String| serde_json::from_str(text).unwrap_or(Value::from(&**text));
        let values = choice.iter().map(|(key, text)| (key, typed(text)));
        values.collect::<BTreeMap<_, _>>().serialize(to)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Choice, D::Error> {
        let values = BTreeMap::<String, Value>::deserialize(from)?;
        let text = |value| match value {
            Value::String(text) => canonical(&text),
            other => other.to_string(),
        };
        let texts = values.into_iter().map(|(key, value)| (key, text(value)));
        Ok(texts.collect())
    }
}

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
    #[serde(with = "choice")]
    pub choice: Choice,
    /// Its seed.
    pub seed: u64,
    /// Least validation error; absent where the run diverged.
    pub validation_mse: Option<f64>,
    /// Error on the test data of the parameters with that validation error.
    pub test_mse: Option<f64>,
    /// Error on the training data of the same parameters.
    pub train_mse: Option<f64>,
    /// Seconds that it took; its share of them where several ran side by side.
    pub seconds: f64,
}

impl Trial {
    /// A run that has not been made yet.
    pub(super) fn new(choice: &Choice, seed: u64) -> Self {
        Self {
            choice: choice.clone(),
            seed,
            validation_mse: None,
            test_mse: None,
            train_mse: None,
            seconds: 0.0,
        }
    }

    /// Whether it tried `choice` with `seed`.
    pub(super) fn is_of(&self, choice: &Choice, seed: u64) -> bool {
        self.choice == *choice && self.seed == seed
    }
}

/// The runs that a file holds, none where there is no file.
pub(super) fn read_trials(path: &Path) -> Result<Vec<Trial>> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        outcome => outcome.map_err(|source| Error::file(path, source))?,
    };
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
