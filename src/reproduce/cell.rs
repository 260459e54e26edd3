//! One run: all that it depends on, as plain data, and the training and measuring of it, alone or beside
//! others.

use super::cache::{Counts, Ended, Outcome};
use super::measures::{Measure, Sketch, measure};
use super::recipe::{Recipe, Samples};
use crate::data::{Dataset, hexadecimal};
use crate::error::{Error, Result};
use crate::executor::Executor;
use crate::train::{Config, OutputBias, RecordedRun, Splits, Trainer, WarmStart};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::time::Instant;

/// The version of the program whose training and measuring this is: raised to the coming one by every change
/// that makes the same settings give other figures, so that no older run in a cache passes for one of it. A
/// later version that changes none of them goes on with the runs that are there.
const FIGURES_VERSION: &str = "0.1.0";

/// All that a run depends on but the program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSettings {
    /// What its `config.toml` would say.
    pub settings: toml::Table,
    /// How its samples are made, where the settings alone do not say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Recipe>,
    /// What is measured beside errors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<Measure>,
    /// What it leaves for a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<Sketch>,
}

/// What has become of a run before its first step.
pub(super) enum Prepared {
    /// It can be trained, and measured afterwards.
    Run(Box<RecordedRun>, Unmeasured),
    /// It failed.
    Ended(Ended),
    /// Its data cannot be had.
    NotRun(String),
}

/// What a run that trains has beside its training.
pub(super) struct Unmeasured {
    ended: Ended,
    clean: Option<Dataset>,
}

impl RunSettings {
    /// The name of its file in a cache: a hash of these settings and of the version that gives its figures.
    pub fn key(&self) -> String {
        let text = serde_json::to_string(self).expect("plain data");
        hexadecimal(&Sha256::digest(format!("{FIGURES_VERSION} {text}"))[..8])
    }

    /// Makes its data and its recording. What goes wrong is an outcome too.
    pub(super) fn prepare(&self, executor: &dyn Executor) -> Prepared {
        let start = Instant::now();
        let made = self
            .config()
            .and_then(|config| Ok((self.samples(&config)?, config)));
        let (samples, config) = match made {
            Ok(made) => made,
            Err(error) => return Prepared::NotRun(error.to_string()),
        };
        let count = |data: &Option<Dataset>| data.as_ref().map_or(0, |data| data.samples);
        let Samples { splits, clean } = samples;
        let mut ended = Ended {
            version: env!("CARGO_PKG_VERSION").into(),
            run: self.clone(),
            outcome: Outcome::Done,
            samples: Counts {
                train: splits.train.samples,
                validation: count(&splits.validation),
                test: count(&splits.test),
            },
            data_sha256: Default::default(),
            device: executor.name(),
            driver: executor.driver(),
            seconds: 0.0,
            at_once: 1,
            measures: Default::default(),
            sketch: None,
        };
        let loaded = start.elapsed();
        let recorded = RecordedRun::new(config, splits, executor, &mut |_| ());
        ended.seconds = start.elapsed().as_secs_f64();
        match recorded {
            Ok(run) => {
                let prepared = ended.seconds - loaded.as_secs_f64();
                let figures = &mut ended.measures;
                figures.insert("prepare_seconds".into(), prepared);
                Prepared::Run(Box::new(run), Unmeasured { ended, clean })
            }
            Err(error) => {
                ended.outcome = error.into();
                Prepared::Ended(ended)
            }
        }
    }

    /// Its configuration. Where the program could choose better weights to begin with by itself, it
    /// begins at random all the same unless its settings say otherwise, as runs of the paper do.
    pub(super) fn config(&self) -> Result<Config> {
        let mut config = Config::from_table(self.settings.clone(), "the experiment")?;
        // What fits the data by default is not in the paper: where nothing is said, as there.
        config.train.warm_start.get_or_insert(WarmStart::None);
        config.train.output_bias.get_or_insert(OutputBias::Random);
        config.neighbours.k = Some(config.neighbours.k());
        Ok(config)
    }

    fn samples(&self, config: &Config) -> Result<Samples> {
        match &self.data {
            Some(recipe) => recipe.make(config.seed),
            None => Ok(Samples {
                splits: Splits::load(config)?,
                clean: None,
            }),
        }
    }
}

/// Trains runs of one of [`Grouping`](crate::train::Grouping)'s groups side by side, measures them one
/// after the other, and hands each to `keep`. What goes wrong is an outcome too. A device that refuses a
/// group gets them one by one. Where `stop` has stopped the training only those that ended before are
/// returned: none of a group.
///
/// # Errors
/// Those of `keep`.
pub(super) fn train(
    group: Vec<(RecordedRun, Unmeasured)>,
    executor: &dyn Executor,
    stop: &dyn Fn() -> bool,
    keep: &dyn Fn(&Ended) -> Result<()>,
) -> Result<Vec<Ended>> {
    let at_once = group.len();
    // Each has its share of the time of all.
    let share = |start: Instant| start.elapsed().as_secs_f64() / at_once as f64;
    let start = Instant::now();
    let (runs, unmeasured): (Vec<_>, Vec<_>) = group.into_iter().unzip();
    let trained = Trainer::of_group(runs, executor).and_then(|mut trainers| {
        let prepared = share(start);
        let start = Instant::now();
        let ends = Trainer::finish_together(&mut trainers, stop)?;
        Ok((trainers, ends, [prepared, share(start)]))
    });
    let (mut trainers, ends, seconds) = match trained {
        Ok((trainers, Some(ends), seconds)) => (trainers, ends, seconds),
        Ok((_, None, _)) => return Ok(Vec::new()),
        Err(Error::Device(_)) if at_once > 1 => {
            return train_alone(unmeasured, executor, stop, keep);
        }
        Err(error) => {
            let why = error.to_string();
            let failed = unmeasured
                .into_iter()
                .map(|Unmeasured { ended, .. }| Ended {
                    outcome: Outcome::Failed(why.clone()),
                    seconds: ended.seconds + share(start),
                    ..ended
                });
            let failed: Vec<Ended> = failed.collect();
            failed.iter().try_for_each(keep)?;
            return Ok(failed);
        }
    };
    let mut all = Vec::with_capacity(at_once);
    for ((run, trainer), end) in unmeasured.into_iter().zip(&mut trainers).zip(ends) {
        let Unmeasured { mut ended, clean } = run;
        ended.at_once = at_once;
        let start = Instant::now();
        let measured = match end {
            Some(error) => Err(error),
            None => measured(trainer, clean.as_ref(), executor, seconds, &mut ended),
        };
        if let Err(error) = measured {
            ended.outcome = error.into();
            ended.measures.clear();
            ended.sketch = None;
        }
        ended.seconds += seconds.iter().sum::<f64>() + start.elapsed().as_secs_f64();
        keep(&ended)?;
        all.push(ended);
    }
    Ok(all)
}

/// The same one by one, as many as end before `stop` says so.
fn train_alone(
    runs: Vec<Unmeasured>,
    executor: &dyn Executor,
    stop: &dyn Fn() -> bool,
    keep: &dyn Fn(&Ended) -> Result<()>,
) -> Result<Vec<Ended>> {
    let mut all = Vec::with_capacity(runs.len());
    for Unmeasured { ended, .. } in runs {
        let ended = match ended.run.prepare(executor) {
            Prepared::Run(run, unmeasured) => {
                match train(vec![(*run, unmeasured)], executor, stop, keep)?.pop() {
                    Some(ended) => ended,
                    None => break,
                }
            }
            Prepared::Ended(ended) => {
                keep(&ended)?;
                ended
            }
            Prepared::NotRun(why) => {
                let ended = Ended {
                    outcome: Outcome::Failed(why),
                    ..ended
                };
                keep(&ended)?;
                ended
            }
        };
        all.push(ended);
    }
    Ok(all)
}

/// Fills in what was measured of a run that has been trained, which took so many seconds to prepare
/// on the device and to train.
fn measured(
    trainer: &mut Trainer,
    clean: Option<&Dataset>,
    executor: &dyn Executor,
    [prepared, trained]: [f64; 2],
    ended: &mut Ended,
) -> Result<()> {
    let steps = trainer.progress().step as f64;
    let figures = &mut ended.measures;
    *figures.entry("prepare_seconds".into()).or_default() += prepared;
    figures.insert("train_seconds".into(), trained);
    // A share of the time says nothing about speed.
    if ended.at_once == 1 {
        figures.insert("epoch_seconds".into(), 100.0 * trained / steps);
    }
    figures.insert("steps".into(), steps);
    let model = trainer.best_model()?;
    measure(trainer, &model, clean, executor, ended)?;
    // JSON has no other numbers.
    ended.measures.retain(|_, value| value.is_finite());
    Ok(())
}

impl From<Error> for Outcome {
    fn from(error: Error) -> Self {
        match error {
            Error::Diverged(why) => Self::Diverged(why),
            error => Self::Failed(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;

    fn settings(text: &str) -> RunSettings {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_key_follows_every_setting_and_nothing_else() {
        let one = settings("measures = [\"order\"]\n[settings]\nseed = 1\ntrain.lr = 0.1\n");
        let same = settings("settings.train.lr = 0.1\nsettings.seed = 1\nmeasures = [\"order\"]\n");
        assert_eq!(one.key(), same.key());
        let other = settings("measures = [\"order\"]\n[settings]\nseed = 2\ntrain.lr = 0.1\n");
        assert_ne!(one.key(), other.key());
        let text = serde_json::to_string(&one).unwrap();
        assert_eq!(
            serde_json::from_str::<RunSettings>(&text).unwrap().key(),
            one.key()
        );
    }

    #[test]
    fn data_that_are_missing_are_not_run_and_a_rate_too_high_diverges() {
        let missing = settings("settings.data.train = \"nowhere.npy\"");
        let Prepared::NotRun(why) = missing.prepare(&Cpu) else {
            panic!()
        };
        assert!(why.contains("nowhere.npy"), "{why}");
        let run = settings(
            "[settings]\ndata.synthetic = \"swiss-roll\"\nnet.hidden = [4]\nnet.latent = 1\nneighbours.k = 3\ntrain.epochs = 3\ntrain.lr = 1e30",
        );
        let prepared = || match run.prepare(&Cpu) {
            Prepared::Run(recorded, unmeasured) => vec![(*recorded, unmeasured)],
            _ => panic!(),
        };
        let kept = |_: &Ended| Ok(());
        let ended = train(prepared(), &Cpu, &|| false, &kept).unwrap().remove(0);
        assert!(
            matches!(ended.outcome, Outcome::Diverged(_)),
            "{:?}",
            ended.outcome
        );
        let stopped = train(prepared(), &Cpu, &|| true, &kept).unwrap();
        assert!(stopped.is_empty());
    }
}
