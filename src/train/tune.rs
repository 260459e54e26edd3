//! Settings that fit the data, by a search from the given ones: k, lambda, learning rate and width,
//! judged on samples that are held out for validation.

use super::sweep::{Choice, ChoiceSummary, Sweep, Trial};
use super::{Config, NeighbourConfig, Observer, Settings};
use crate::error::{Error, Result};
use crate::executor::Executor;
use crate::net::Preset;
use std::path::Path;

/// The fraction of a file that is held out to judge settings by, where nothing is said of it.
const FRACTION: f64 = 0.2;
/// Neighbours of each sample, by the given number.
const K: [f64; 5] = [0.25, 0.5, 1.0, 2.0, 4.0];
/// Weights of a neighbour or a term, by the given one.
const WEIGHT: [f64; 5] = [0.1, 0.3, 1.0, 3.0, 10.0];
/// Learning rates, by the given one.
const RATE: [f64; 3] = [0.3, 1.0, 3.0];
/// Widths of the hidden layers, by the given ones.
const WIDTH: [f64; 4] = [0.25, 0.5, 1.0, 2.0];

/// A setting with the values that it may take, smallest first.
struct Ladder {
    key: String,
    values: Vec<String>,
    /// The given one.
    start: usize,
}

impl Ladder {
    /// The rungs that `make` makes of `factors`, without repetitions. Of the factors one is 1.
    fn new(key: &str, factors: &[f64], make: impl Fn(f64) -> Option<String>) -> Self {
        let mut values: Vec<String> = factors.iter().filter_map(|&factor| make(factor)).collect();
        values.dedup();
        let given = make(1.0);
        let start = values
            .iter()
            .position(|value| Some(value) == given.as_ref());
        Self {
            key: key.into(),
            start: start.unwrap_or(0),
            values,
        }
    }
}

/// A search over settings: it begins with the given ones and always tries what is next to the best
/// found so far, one setting changed at a time.
pub struct Tuning {
    base: Settings,
    ladders: Vec<Ladder>,
    trials: usize,
    /// Of every run.
    seed: u64,
}

impl Tuning {
    /// A search of `trials` runs over k, lambda or the weight of the method's term, the learning rate
    /// and the width of an mlp, as far as `given` leaves them open: what it sets stays as it is. A
    /// fifth of the data is held out to judge by, where nothing is said of that.
    ///
    /// # Errors
    /// When the settings cannot be used, everything is given, or no run is asked for.
    pub fn new(mut given: Settings, trials: usize, samples: usize) -> Result<Self> {
        let config = given.clone().finish()?;
        let mut ladders = ladders(&config, samples)?;
        ladders.retain(|ladder| !given.has(&ladder.key) && ladder.values.len() > 1);
        if trials == 0 {
            return Err(Error::input(
                "a search of 0 runs finds nothing: give --tune 12 or so",
            ));
        }
        if ladders.is_empty() {
            return Err(Error::input(
                "there is nothing to tune: k, lambda, learning rate and width are all given; leave some of them out",
            ));
        }
        let data = &config.data;
        if data.validation.is_none() && data.validation_fraction.is_none() {
            match data.synthetic {
                None => given.set("data.validation_fraction", FRACTION)?,
                Some(_) if data.validation_samples.is_none() => {
                    given.set("data.validation_samples", samples as i64)?;
                }
                Some(_) => {}
            }
        }
        Ok(Self {
            seed: config.seed,
            base: given,
            ladders,
            trials,
        })
    }

    /// The settings that are tried, with their values.
    pub fn axes(&self) -> impl Iterator<Item = (&str, &[String])> {
        let ladders = self.ladders.iter();
        ladders.map(|ladder| (ladder.key.as_str(), ladder.values.as_slice()))
    }

    /// Runs, at most.
    pub fn trials(&self) -> usize {
        let all: usize = self
            .ladders
            .iter()
            .map(|ladder| ladder.values.len())
            .product();
        self.trials.min(all)
    }

    /// Makes the runs, in `folder` as [`Sweep::run`] does. Returns what each choice gave, the best
    /// first, and that configuration; `None` where `observer` has stopped it.
    ///
    /// # Errors
    /// Those of [`Sweep::run`].
    pub fn run(
        &self,
        folder: &Path,
        executor: &dyn Executor,
        observer: &mut dyn Observer,
    ) -> Result<Option<(Vec<ChoiceSummary>, Config)>> {
        let mut observer = Once {
            observer,
            told: Vec::new(),
        };
        let mut tried: Vec<Vec<usize>> =
            vec![self.ladders.iter().map(|ladder| ladder.start).collect()];
        loop {
            let choices = tried.iter().map(|rungs| self.choice(rungs)).collect();
            let sweep = Sweep::of_choices(self.base.clone(), choices, vec![self.seed])?;
            let Some(summaries) = sweep.run(folder, executor, &mut observer)? else {
                return Ok(None);
            };
            let best = tried
                .iter()
                .find(|rungs| self.choice(rungs) == summaries[0].choice)
                .expect("the best choice has been tried");
            let fresh = self.next(best, &tried);
            if fresh.is_empty() {
                let best =
                    super::sweep::configuration(&self.base, &summaries[0].choice, self.seed)?;
                return Ok(Some((summaries, best)));
            }
            tried.extend(fresh);
        }
    }

    /// The choice of a rung of each ladder.
    fn choice(&self, rungs: &[usize]) -> Choice {
        let pairs = self.ladders.iter().zip(rungs);
        pairs
            .map(|(ladder, &rung)| (ladder.key.clone(), ladder.values[rung].clone()))
            .collect()
    }

    /// What is to be tried next, as far as runs are left: one rung up or down from `best`; where all
    /// that has been `tried`, two.
    fn next(&self, best: &[usize], tried: &[Vec<usize>]) -> Vec<Vec<usize>> {
        let left = self.trials - tried.len().min(self.trials);
        let longest = self.ladders.iter().map(|ladder| ladder.values.len()).max();
        for far in 1..longest.unwrap_or(0) as isize {
            let mut fresh = Vec::new();
            for (at, ladder) in self.ladders.iter().enumerate() {
                for step in [-far, far] {
                    let mut rungs = best.to_vec();
                    match rungs[at].checked_add_signed(step) {
                        Some(rung) if rung < ladder.values.len() => rungs[at] = rung,
                        _ => continue,
                    }
                    if !tried.contains(&rungs) {
                        fresh.push(rungs);
                    }
                }
            }
            if !fresh.is_empty() {
                fresh.truncate(left);
                return fresh;
            }
        }
        Vec::new()
    }
}

/// Tells an observer of every run once, though each round of a search has those of the earlier ones.
struct Once<'a> {
    observer: &'a mut dyn Observer,
    told: Vec<Choice>,
}

impl Observer for Once<'_> {
    fn trial_begins(&mut self, choice: &Choice, seed: u64) {
        self.observer.trial_begins(choice, seed);
    }

    fn trial(&mut self, trial: &Trial, fresh: bool) -> Result<()> {
        if self.told.contains(&trial.choice) {
            return Ok(());
        }
        self.told.push(trial.choice.clone());
        self.observer.trial(trial, fresh)
    }

    fn should_stop(&self) -> bool {
        self.observer.should_stop()
    }
}

/// The settings of `config` that can be tuned on `samples` samples.
fn ladders(config: &Config, samples: usize) -> Result<Vec<Ladder>> {
    let method = config.method()?;
    let number = |value: f64| Some(rounded(value).to_string());
    let mut ladders = Vec::new();
    if method.reconstruction.order() > 0 {
        // Some samples are held out.
        let most = (samples / 2).max(1);
        let suited = || NeighbourConfig::suited(samples);
        let k = config.neighbours.k.unwrap_or_else(suited) as f64;
        ladders.push(Ladder::new("neighbours.k", &K, |factor| {
            let k = (k * factor).round().max(1.0) as usize;
            (k <= most || factor == 1.0).then(|| k.to_string())
        }));
        let lambda = config.neighbours.lambda;
        if lambda > 0.0 {
            let of = |factor| number(lambda * factor);
            ladders.push(Ladder::new("neighbours.lambda", &WEIGHT, of));
        }
    }
    for term in method.base.terms {
        let weight = config.weight(*term);
        if weight > 0.0 {
            let key = format!("{}.weight", term.name());
            ladders.push(Ladder::new(&key, &WEIGHT, |factor| number(weight * factor)));
        }
    }
    ladders.push(Ladder::new("train.lr", &RATE, |factor| {
        number(config.train.lr * factor)
    }));
    if config.net.preset == Preset::Mlp && config.net.encoder.is_empty() {
        ladders.push(Ladder::new("net.hidden", &WIDTH, |factor| {
            let widths = config.net.hidden.iter();
            let widths = widths.map(|&width| (width as f64 * factor).round().max(1.0) as usize);
            Some(format!("{:?}", widths.collect::<Vec<_>>()).replace(' ', ""))
        }));
    }
    Ok(ladders)
}

/// `value` to two significant digits.
fn rounded(value: f64) -> f64 {
    format!("{value:.1e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        let mut settings = Settings::default();
        for (key, value) in pairs {
            settings.set_text(&format!("{key}={value}")).unwrap();
        }
        settings
    }

    #[test]
    fn a_search_begins_with_what_is_given_and_walks_to_what_is_next_to_the_best() {
        let given = settings(&[("data.train", "x.npy"), ("neighbours.lambda", "2")]);
        let tuning = Tuning::new(given, 9, 300).unwrap();
        let axes: Vec<_> = tuning.axes().collect();
        let values = |texts: &[&str]| texts.iter().map(|&t| t.to_owned()).collect::<Vec<_>>();
        let (k, rates) = (
            values(&["3", "5", "10", "20", "40"]),
            values(&["0.0003", "0.001", "0.003"]),
        );
        let widths = values(&["[64,64]", "[128,128]", "[256,256]", "[512,512]"]);
        assert_eq!(
            axes,
            [
                ("neighbours.k", &k[..]),
                ("train.lr", &rates[..]),
                ("net.hidden", &widths[..])
            ]
        );
        let start = vec![2, 1, 2];
        let next = tuning.next(&start, std::slice::from_ref(&start));
        let around: [[usize; 3]; 6] = [
            [1, 1, 2],
            [3, 1, 2],
            [2, 0, 2],
            [2, 2, 2],
            [2, 1, 1],
            [2, 1, 3],
        ];
        assert_eq!(next, around);
        let tried = [vec![start.clone()], next].concat();
        // Two runs are left; where all around has been tried, the search looks farther.
        assert_eq!(tuning.next(&start, &tried), [[0, 1, 2], [4, 1, 2]]);
        assert_eq!(tuning.next(&[3, 1, 2], &tried), [[4, 1, 2], [3, 0, 2]]);
    }

    #[test]
    fn what_is_given_is_not_tuned() {
        let all = settings(&[
            ("method", "nrae-l"),
            ("data.train", "x.npy"),
            ("neighbours.k", "3"),
            ("neighbours.lambda", "2"),
            ("train.lr", "1e-3"),
            ("net.hidden", "[8]"),
        ]);
        let told = Tuning::new(all.clone(), 4, 90).err().unwrap().to_string();
        assert!(told.contains("nothing to tune"), "{told}");
        let weighted = settings(&[
            ("method", "wae"),
            ("data.train", "x.npy"),
            ("train.lr", "0.1"),
        ]);
        let tuning = Tuning::new(weighted, 4, 90).unwrap();
        let keys: Vec<_> = tuning.axes().map(|(key, _)| key).collect();
        assert_eq!(keys, ["mmd.weight", "net.hidden"]);
    }
}
