//! A search over settings: a grid or random draws from it, several seeds each, selection by
//! validation.

use super::{Config, Settings, Splits, Trainer};
use crate::error::{Error, Result};
use crate::executor::Executor;
use crate::random::{Generator, Stream};
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Values to try of one setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// The setting's name, e.g. `neighbours.lambda`.
    pub key: String,
    /// TOML values, or strings.
    pub values: Vec<String>,
}

impl Axis {
    /// Reads `key=value,value,...`; commas within brackets belong to a value.
    ///
    /// # Errors
    /// When there is no `=` or no value.
    pub fn parse(text: &str) -> Result<Self> {
        let bad = || {
            Error::input(format!(
                "`--over {text}` is no list of values: write --over key.sub=1,2,3"
            ))
        };
        let (key, list) = text.split_once('=').ok_or_else(bad)?;
        let (mut values, mut depth) = (vec![String::new()], 0_i32);
        for character in list.chars() {
            depth += i32::from(character == '[') - i32::from(character == ']');
            if character == ',' && depth == 0 {
                values.push(String::new());
            } else {
                values.last_mut().expect("never empty").push(character);
            }
        }
        let values: Vec<String> = values
            .into_iter()
            .map(|value| value.trim().to_owned())
            .collect();
        if key.trim().is_empty() || values.iter().any(String::is_empty) {
            return Err(bad());
        }
        Ok(Self {
            key: key.trim().to_owned(),
            values,
        })
    }
}

/// Settings that differ between the runs of a search.
pub type Choice = BTreeMap<String, String>;

/// Every combination of `axes`, the last one changing fastest; or `random` different ones of them,
/// drawn by `seed`.
pub fn choices(axes: &[Axis], random: Option<usize>, seed: u64) -> Vec<Choice> {
    let mut all = vec![Choice::new()];
    for axis in axes {
        let with = |choice: &Choice, value: &String| {
            let mut choice = choice.clone();
            choice.insert(axis.key.clone(), value.clone());
            choice
        };
        all = all
            .iter()
            .flat_map(|choice| {
                axis.values
                    .iter()
                    .map(|value| with(choice, value))
                    .collect::<Vec<_>>()
            })
            .collect();
    }
    if let Some(count) = random {
        all.shuffle(&mut Generator::new(seed, Stream::Search, 0));
        all.truncate(count);
    }
    all
}

/// One run of a search: a line of `results.jsonl`.
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

/// `base` with `choice` and `seed`.
///
/// # Errors
/// When a setting cannot be used.
pub fn configuration(base: &Settings, choice: &Choice, seed: u64) -> Result<Config> {
    let mut settings = base.clone();
    for (key, value) in choice {
        settings.set_text(&format!("{key}={value}"))?;
    }
    settings.set("seed", seed as i64)?;
    settings.finish()
}

/// Trains one choice with one seed. A run that diverges is a result too.
///
/// # Errors
/// When settings and data do not fit, nothing is held out for validation, or the device fails.
pub fn run(base: &Settings, choice: &Choice, seed: u64, executor: &dyn Executor) -> Result<Trial> {
    let start = std::time::Instant::now();
    let config = configuration(base, choice, seed)?;
    let splits = Splits::load(&config)?;
    if splits.validation.is_none() {
        return Err(Error::input(
            "a search selects by validation, and nothing is held out: give --validation 0.1, or set data.validation_samples for a \
             synthetic curve",
        ));
    }
    let mut trainer = Trainer::new(config, splits, executor, &mut |_| ())?;
    let mut trial = Trial {
        choice: choice.clone(),
        seed,
        validation_mse: None,
        test_mse: None,
        train_mse: None,
        seconds: 0.0,
    };
    match trainer.run() {
        Ok(model) => {
            let splits = trainer.splits();
            let mse =
                |data: &crate::data::Dataset| model.mean_squared_error(&data.values, executor);
            trial.validation_mse = trainer.progress().best.map(|(error, _)| error);
            trial.test_mse = splits.test.as_ref().map(mse).transpose()?;
            trial.train_mse = Some(mse(&splits.train)?);
        }
        Err(Error::Diverged(_)) => {}
        Err(error) => return Err(error),
    }
    trial.seconds = start.elapsed().as_secs_f64();
    Ok(trial)
}

/// What the seeds of one choice gave.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// What was tried.
    pub choice: Choice,
    /// Runs, those that diverged included.
    pub runs: usize,
    /// Runs that diverged.
    pub diverged: usize,
    /// Mean and standard deviation of the validation error.
    pub validation_mse: [f64; 2],
    /// Mean and standard deviation of the test error, where there are test data.
    pub test_mse: Option<[f64; 2]>,
}

/// The choices in the order of their mean validation error; one with a run that diverged comes
/// after all without.
pub fn summarise(trials: &[Trial]) -> Vec<Summary> {
    let mut groups: BTreeMap<&Choice, Vec<&Trial>> = BTreeMap::new();
    trials
        .iter()
        .for_each(|trial| groups.entry(&trial.choice).or_default().push(trial));
    let mut summaries: Vec<Summary> = groups
        .into_iter()
        .map(|(choice, trials)| {
            let values = |of: fn(&Trial) -> Option<f64>| {
                trials
                    .iter()
                    .filter_map(|trial| of(trial))
                    .collect::<Vec<_>>()
            };
            let (validation, test) = (values(|t| t.validation_mse), values(|t| t.test_mse));
            Summary {
                choice: choice.clone(),
                runs: trials.len(),
                diverged: trials.len() - validation.len(),
                validation_mse: mean_and_deviation(&validation),
                test_mse: (!test.is_empty()).then(|| mean_and_deviation(&test)),
            }
        })
        .collect();
    summaries.sort_by(|a, b| {
        (a.diverged > 0)
            .cmp(&(b.diverged > 0))
            .then(a.validation_mse[0].total_cmp(&b.validation_mse[0]))
    });
    summaries
}

fn mean_and_deviation(values: &[f64]) -> [f64; 2] {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    [
        mean,
        (values
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>()
            / (count - 1.0).max(1.0))
        .sqrt(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_has_every_combination_and_a_draw_some_of_them() {
        let axes = [
            Axis::parse("neighbours.k=3,5").unwrap(),
            Axis::parse("net.hidden=[8,8],[16]").unwrap(),
        ];
        assert_eq!(axes[1].values, ["[8,8]", "[16]"]);
        let all = choices(&axes, None, 0);
        assert_eq!(all.len(), 4);
        assert_eq!(
            (
                all[1]["neighbours.k"].as_str(),
                all[1]["net.hidden"].as_str()
            ),
            ("3", "[16]")
        );
        let some = choices(&axes, Some(2), 1);
        assert!(
            some.len() == 2 && some[0] != some[1] && some.iter().all(|choice| all.contains(choice))
        );
        for bad in ["k", "k=", "=1", "k=1,,2"] {
            assert!(Axis::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_best_mean_comes_first_and_divergence_last() {
        let trial = |k: &str, seed, validation_mse| Trial {
            choice: Choice::from([("k".to_owned(), k.to_owned())]),
            seed,
            validation_mse,
            test_mse: Some(1.0),
            train_mse: None,
            seconds: 0.0,
        };
        let trials = [
            trial("a", 1, Some(2.0)),
            trial("a", 2, Some(4.0)),
            trial("b", 1, Some(0.1)),
            trial("b", 2, None),
            trial("c", 1, Some(2.5)),
        ];
        let summaries = summarise(&trials);
        assert_eq!(
            summaries
                .iter()
                .map(|s| s.choice["k"].as_str())
                .collect::<Vec<_>>(),
            ["c", "a", "b"]
        );
        assert_eq!(summaries[1].validation_mse, [3.0, 2.0_f64.sqrt()]);
        assert_eq!((summaries[2].runs, summaries[2].diverged), (2, 1));
    }
}
