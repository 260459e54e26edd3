//! A sweep over settings: a grid or random draws from it, several seeds each, selection by
//! validation. Its folder keeps every run that has ended, so that a sweep that was stopped goes on.

mod summary;

use super::settings::full_key;
pub use super::trial::{Choice, Trial, describe};
use super::trial::{canonical, read_trials, write_trials};
use super::{Config, Grouping, Observer, RecordedRun, Settings, Splits, Trainer};
use crate::data::{Dataset, FolderLock, create_folder, write_atomically};
use crate::error::{Error, Result};
use crate::executor::Executor;
use crate::random::{Generator, Stream};
use rand::seq::SliceRandom;
use std::path::Path;
use std::time::Instant;
pub(crate) use summary::mean_and_deviation;
use summary::summarise;
pub use summary::{ChoiceSummary, table};

/// Values to try of one setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// The setting's name, e.g. `neighbours.lambda`.
    pub key: String,
    /// TOML values, or strings.
    pub values: Vec<String>,
}

impl Axis {
    /// Reads `key=value,value,...`; the key may be the name of a flag, and commas within brackets belong to a value.
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
            .map(|value| canonical(value.trim()))
            .collect();
        if key.trim().is_empty() || values.iter().any(String::is_empty) {
            return Err(bad());
        }
        Ok(Self {
            key: full_key(key.trim(), &values[0]),
            values,
        })
    }
}

/// Every combination of `axes`, the last one changing fastest; or `random` different ones of them,
/// drawn by `seed`.
fn choices(axes: &[Axis], random: Option<usize>, seed: u64) -> Vec<Choice> {
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

/// What is tried: every choice with every seed.
///
/// ```
/// use nrae::{cpu::Cpu, train::{Settings, sweep::{Axis, Sweep, table}}};
///
/// let mut base = Settings::default();
/// base.set("data.synthetic", "swiss-roll-official")?;
/// base.set("data.validation_samples", 20)?;
/// base.set("train.epochs", 2)?;
/// let axes = [Axis::parse("train.lr=1e-4,1e-2")?];
/// let sweep = Sweep::new(base, &axes, None, vec![1, 2])?;
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path();
/// let summaries = sweep.run(folder, &Cpu, &mut ())?.expect("nobody stops it");
/// assert_eq!((summaries.len(), summaries[0].runs), (2, 2));
/// assert_eq!(std::fs::read_to_string(folder.join("table.md")).unwrap(), table(&summaries));
/// # Ok::<(), nrae::error::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sweep {
    base: Settings,
    choices: Vec<Choice>,
    seeds: Vec<u64>,
    most_at_once: Option<usize>,
}

impl Sweep {
    /// Every combination of `axes` over `base`, or `random` of them, drawn always alike; each with
    /// every one of `seeds`. Every configuration is checked.
    ///
    /// # Errors
    /// When a setting cannot be used, or there is nothing to try.
    pub fn new(
        base: Settings,
        axes: &[Axis],
        random: Option<usize>,
        seeds: Vec<u64>,
    ) -> Result<Self> {
        Self::of_choices(base, choices(axes, random, 0), seeds)
    }

    /// Every one of `choices` over `base` with every one of `seeds`. Every configuration is checked.
    ///
    /// # Errors
    /// Those of [`Sweep::new`].
    pub fn of_choices(base: Settings, choices: Vec<Choice>, seeds: Vec<u64>) -> Result<Self> {
        let (false, Some(&seed)) = (choices.is_empty(), seeds.first()) else {
            return Err(Error::input(
                "there is nothing to try: give at least one combination and one seed",
            ));
        };
        for choice in &choices {
            configuration(&base, choice, seed)?;
        }
        Ok(Self {
            base,
            choices,
            seeds,
            most_at_once: None,
        })
    }

    /// Lets at most `most` runs of one structure train side by side, instead of as many as pay on
    /// the device. Their results are the same.
    pub fn at_most_at_once(self, most: Option<usize>) -> Self {
        Self {
            most_at_once: most,
            ..self
        }
    }

    /// Its runs, in the order that they are made in.
    pub fn trials(&self) -> Vec<(&Choice, u64)> {
        let of = |choice| self.seeds.iter().map(move |&seed| (choice, seed));
        self.choices.iter().flat_map(of).collect()
    }

    /// Makes every run that `results.jsonl` in `folder` does not hold yet and adds it there; then
    /// writes the table (`table.md`) and the best configuration (`best.toml`). Returns what each
    /// choice gave, the best first; `None` where `observer` has stopped it.
    ///
    /// # Errors
    /// When settings and data do not fit, nothing is held out for validation, the device fails, a
    /// file is damaged or cannot be written, or `observer` fails. A run that diverges is a result.
    pub fn run(
        &self,
        folder: &Path,
        executor: &dyn Executor,
        observer: &mut dyn Observer,
    ) -> Result<Option<Vec<ChoiceSummary>>> {
        create_folder(folder)?;
        let lock = FolderLock::take(folder, folder)?;
        lock.remove_leftovers(folder);
        let results = folder.join("results.jsonl");
        let earlier = read_trials(&results)?;
        let mut trials = earlier.clone();
        let wanted = self.trials();
        let mut grouping = Grouping::new(executor, self.most_at_once);
        let mut end = |group: Vec<(RecordedRun, (Trial, Instant))>,
                       observer: &mut dyn Observer|
         -> Result<bool> {
            let Some(ended) = train(group, executor, observer)? else {
                return Ok(false);
            };
            trials.extend(ended.iter().cloned());
            write_trials(&results, &trials)?;
            ended
                .iter()
                .try_for_each(|trial| observer.trial(trial, true))?;
            Ok(true)
        };
        for &(choice, seed) in &wanted {
            if let Some(trial) = earlier.iter().find(|trial| trial.is_of(choice, seed)) {
                observer.trial(trial, false)?;
                continue;
            }
            observer.trial_begins(choice, seed);
            let start = Instant::now();
            let run = self.recorded(choice, seed, executor)?;
            let trial = Trial {
                choice: choice.clone(),
                seed,
                validation_mse: None,
                test_mse: None,
                train_mse: None,
                seconds: 0.0,
            };
            if let Some(group) = grouping.push(run, (trial, start))?
                && !end(group, observer)?
            {
                return Ok(None);
            }
        }
        for group in grouping.rest() {
            if !end(group, observer)? {
                return Ok(None);
            }
        }
        // Results of an earlier sweep with other values stay in the file, but not in the table.
        trials.retain(|trial| {
            wanted
                .iter()
                .any(|&(choice, seed)| trial.is_of(choice, seed))
        });
        let summaries = summarise(&trials);
        write_text(&folder.join("table.md"), &table(&summaries))?;
        let best = configuration(&self.base, &summaries[0].choice, self.seeds[0])?;
        write_text(
            &folder.join("best.toml"),
            &toml::to_string(&best).expect("plain data"),
        )?;
        Ok(Some(summaries))
    }

    /// One choice with one seed, before its first step.
    fn recorded(&self, choice: &Choice, seed: u64, executor: &dyn Executor) -> Result<RecordedRun> {
        let config = configuration(&self.base, choice, seed)?;
        let splits = Splits::load(&config)?;
        if splits.validation.is_none() {
            return Err(Error::input(
                "a search selects by validation, and nothing is held out: give --validation 0.1, or set data.validation_samples for a \
                 synthetic curve",
            ));
        }
        RecordedRun::new(config, splits, executor, &mut |_| ())
    }
}

/// Trains runs side by side, each with what is known of it and when it began; `None` where
/// `observer` has stopped them. A run that diverges is a result too.
fn train(
    group: Vec<(RecordedRun, (Trial, Instant))>,
    executor: &dyn Executor,
    observer: &dyn Observer,
) -> Result<Option<Vec<Trial>>> {
    let (runs, known): (Vec<_>, Vec<(Trial, Instant)>) = group.into_iter().unzip();
    let start = known[0].1;
    let mut trainers = Trainer::of_group(runs, executor)?;
    let mut diverged = vec![false; trainers.len()];
    while trainers
        .iter()
        .zip(&diverged)
        .any(|(trainer, diverged)| !trainer.is_done() && !diverged)
    {
        if observer.should_stop() {
            return Ok(None);
        }
        let ended = Trainer::advance_together(&mut trainers.iter_mut().collect::<Vec<_>>())?;
        for (diverged, ended) in diverged.iter_mut().zip(ended) {
            match ended {
                Err(Error::Diverged(_)) => *diverged = true,
                outcome => drop(outcome?),
            }
        }
    }
    let mut trials = Vec::with_capacity(trainers.len());
    for ((trainer, diverged), (mut trial, _)) in trainers.iter_mut().zip(diverged).zip(known) {
        if !diverged {
            let model = trainer.best_model()?;
            let splits = trainer.splits();
            let mse = |data: &Dataset| model.mean_squared_error(&data.values, executor);
            trial.validation_mse = trainer.progress().best.map(|(error, _)| error);
            trial.test_mse = splits.test.as_ref().map(mse).transpose()?;
            trial.train_mse = Some(mse(&splits.train)?);
        }
        trials.push(trial);
    }
    // A share of the time of all.
    let seconds = start.elapsed().as_secs_f64() / trials.len() as f64;
    trials.iter_mut().for_each(|trial| trial.seconds = seconds);
    Ok(Some(trials))
}

/// `base` with `choice` and `seed`.
pub(super) fn configuration(base: &Settings, choice: &Choice, seed: u64) -> Result<Config> {
    let mut settings = base.clone();
    for (key, value) in choice {
        settings.set_text(&format!("{key}={value}"))?;
    }
    settings.set_seed(seed)?;
    settings.finish()
}

fn write_text(path: &Path, text: &str) -> Result<()> {
    write_atomically(path, |file| file.write_all(text.as_bytes()))
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
        let short = Axis::parse("lr=1e-3, 0.10").unwrap();
        assert_eq!(
            (short.key.as_str(), short.values),
            ("train.lr", vec!["0.001".into(), "0.1".into()])
        );
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
    fn a_sweep_that_was_stopped_goes_on_with_what_it_lacks() {
        use crate::cpu::Cpu;

        /// Lists what begins and what has ended, and stops with the run after the first.
        #[derive(Default)]
        struct Listed {
            began: Vec<u64>,
            ended: Vec<(u64, bool)>,
            stops: bool,
        }

        impl Observer for Listed {
            fn trial_begins(&mut self, _: &Choice, seed: u64) {
                self.began.push(seed);
            }

            fn trial(&mut self, trial: &Trial, fresh: bool) -> Result<()> {
                self.ended.push((trial.seed, fresh));
                Ok(())
            }

            fn should_stop(&self) -> bool {
                self.stops && !self.ended.is_empty()
            }
        }

        let mut base = Settings::default();
        base.set("data.synthetic", "swiss-roll-official").unwrap();
        base.set("data.validation_samples", 10).unwrap();
        base.set("train.epochs", 2).unwrap();
        let axes = [Axis::parse("train.lr=1e-3").unwrap()];
        let sweep = Sweep::new(base.clone(), &axes, None, vec![7, 8]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let run = |listed: &mut Listed| sweep.run(folder.path(), &Cpu, listed).unwrap();
        let mut first = Listed {
            stops: true,
            ..Default::default()
        };
        assert!(run(&mut first).is_none());
        assert_eq!((first.began, first.ended), (vec![7, 8], vec![(7, true)]));
        assert!(!folder.path().join("table.md").exists());
        let mut second = Listed::default();
        let summaries = run(&mut second).unwrap();
        assert_eq!(
            (second.began, second.ended),
            (vec![8], vec![(7, false), (8, true)])
        );
        assert_eq!((summaries.len(), summaries[0].runs), (1, 2));
        assert!(folder.path().join("best.toml").exists());

        for (random, seeds) in [(Some(0), vec![1]), (None, vec![])] {
            let error = Sweep::new(base.clone(), &axes, random, seeds).unwrap_err();
            assert!(error.to_string().contains("nothing to try"), "{error}");
        }
    }
}
