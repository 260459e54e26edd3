//! A sweep over settings: a grid or random draws from it, several seeds each, selection by
//! validation. Its folder keeps every run that has ended, so that a sweep that was stopped goes on, and
//! several processes that work in it make each run once.

mod folder;
mod summary;
mod wanted;

use super::settings::full_key;
use super::trial::canonical;
pub use super::trial::{Choice, Trial, describe};
use super::{Config, Grouping, Observer, RecordedRun, Settings, Splits, Trainer};
use crate::data::{Claim, Dataset, PAUSE};
use crate::error::{Error, Result};
use crate::executor::Executor;
use crate::random::{Generator, Stream};
use folder::SweepFolder;
use rand::seq::SliceRandom;
use std::path::Path;
use std::time::Instant;
pub(crate) use summary::mean_and_deviation;
use summary::summarise;
pub use summary::{ChoiceSummary, table};
use wanted::Wanted;

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
    processes: usize,
}

/// A run that this process makes.
struct Making {
    trial: Trial,
    start: Instant,
    _claim: Claim,
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
            processes: 1,
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

    /// Lets so many processes that begin together share the runs: each takes no more than its part of them
    /// at a time, however many pay side by side. Processes of any number may come and go without this.
    pub fn among(self, processes: usize) -> Self {
        let processes = processes.max(1);
        Self { processes, ..self }
    }

    /// Its runs, in the order that they are made in.
    pub fn trials(&self) -> Vec<(&Choice, u64)> {
        let of = |choice| self.seeds.iter().map(move |&seed| (choice, seed));
        self.choices.iter().flat_map(of).collect()
    }

    /// Makes every run that `results.jsonl` in `folder` does not hold yet and that no other process makes,
    /// and adds it there. Once all are there, those of others too, it writes the table (`table.md`) and the
    /// best configuration (`best.toml`). Returns what each choice gave, the best first; `None` where
    /// `observer` has stopped it.
    ///
    /// # Errors
    /// When settings and data do not fit, nothing is held out for validation, `folder` is of runs with other
    /// settings, the device fails, a file is damaged or cannot be written, or `observer` fails. A run that
    /// diverges is a result.
    pub fn run(
        &self,
        folder: &Path,
        executor: &dyn Executor,
        observer: &mut dyn Observer,
    ) -> Result<Option<Vec<ChoiceSummary>>> {
        let folder = SweepFolder::open(folder, &self.common())?;
        let mut wanted = Wanted::of(self.trials());
        let mut fresh = false;
        loop {
            let trials = folder.trials()?;
            wanted.tell(&trials, fresh, observer)?;
            if let Some(trials) = wanted.all(&trials) {
                let summaries = summarise(&trials);
                folder.conclude(&self.base, &summaries, self.seeds[0])?;
                return Ok(Some(summaries));
            }
            let left = wanted.left(&trials);
            match self.make(left, &mut wanted, &folder, executor, observer)? {
                None => return Ok(None),
                Some(0) if observer.should_stop() => return Ok(None),
                // Others make what is left.
                Some(0) => std::thread::sleep(PAUSE),
                Some(_) => {}
            }
            fresh = true;
        }
    }

    /// Makes those runs of `left` that nobody else makes; how many, or `None` where `observer` has stopped
    /// it.
    fn make(
        &self,
        left: Vec<(&Choice, u64)>,
        wanted: &mut Wanted,
        folder: &SweepFolder,
        executor: &dyn Executor,
        observer: &mut dyn Observer,
    ) -> Result<Option<usize>> {
        let part = wanted.runs.len().div_ceil(self.processes);
        let mut grouping = Grouping::new(executor, self.most_at_once);
        let last = left.len();
        let mut made = 0;
        for (i, (choice, seed)) in left.into_iter().enumerate() {
            let mut groups = Vec::new();
            if let Some(claim) = folder.claim(choice, seed)? {
                observer.trial_begins(choice, seed);
                let making = Making {
                    trial: Trial::new(choice, seed),
                    start: Instant::now(),
                    _claim: claim,
                };
                groups.extend(grouping.push(self.recorded(choice, seed, executor)?, making)?);
                made += 1;
            }
            if made % part == 0 || i + 1 == last {
                groups.extend(grouping.rest());
            }
            for group in groups {
                let Some(ended) = train(group, executor, observer)? else {
                    return Ok(None);
                };
                let trials: Vec<Trial> = ended.iter().map(|making| making.trial.clone()).collect();
                let trials = folder.add(&trials, &wanted.runs)?;
                wanted.tell(&trials, true, observer)?;
            }
        }
        Ok(Some(made))
    }

    /// What all runs have in common.
    fn common(&self) -> Settings {
        let mut common = self.base.clone();
        common.unset("seed");
        let tried = self.choices.iter().flat_map(Choice::keys);
        tried.for_each(|key| common.unset(key));
        common
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

/// Trains runs side by side; `None` where `observer` has stopped them. A run that diverges is a result too.
fn train(
    group: Vec<(RecordedRun, Making)>,
    executor: &dyn Executor,
    observer: &dyn Observer,
) -> Result<Option<Vec<Making>>> {
    let (runs, mut made): (Vec<_>, Vec<Making>) = group.into_iter().unzip();
    let mut trainers = Trainer::of_group(runs, executor)?;
    let Some(ends) = Trainer::finish_together(&mut trainers, &|| observer.should_stop())? else {
        return Ok(None);
    };
    for ((trainer, end), making) in trainers.iter_mut().zip(ends).zip(&mut made) {
        match end {
            None => {}
            Some(Error::Diverged(_)) => continue,
            Some(error) => return Err(error),
        }
        let model = trainer.best_model()?;
        let splits = trainer.splits();
        let mse = |data: &Dataset| model.mean_squared_error(&data.values, executor);
        making.trial.validation_mse = trainer.progress().best.map(|(error, _)| error);
        making.trial.test_mse = splits.test.as_ref().map(mse).transpose()?;
        making.trial.train_mse = Some(mse(&splits.train)?);
    }
    // A share of the time of all.
    let seconds = made[0].start.elapsed().as_secs_f64() / made.len() as f64;
    made.iter_mut()
        .for_each(|making| making.trial.seconds = seconds);
    Ok(Some(made))
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
        let sweep = sweep.at_most_at_once(Some(1));
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
