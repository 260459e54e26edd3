//! One run: all that it depends on, as plain data, and the training and measuring of it.

use super::cache::{Counts, Ended, Outcome};
use super::measures::{Measure, Sketch, measure};
use super::recipe::{Recipe, Samples};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::executor::Executor;
use crate::train::{Config, Splits, Trainer, WarmStart};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant};

/// All that a run depends on but the version of the program.
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

/// Whether a run came to its end.
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
pub(super) enum Trained {
    /// It did, or failed.
    Ended(Ended),
    /// It was stopped, and nothing is kept.
    Stopped,
    /// Its data cannot be had.
    NotRun(String),
}

impl RunSettings {
    /// The name of its file in a cache: a hash of these settings and of the program's version.
    pub fn key(&self) -> String {
        let text = serde_json::to_string(self).expect("plain data");
        let hash = Sha256::digest(format!("{} {text}", env!("CARGO_PKG_VERSION")));
        hash.iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// Trains and measures, until `stop` says so. What goes wrong is an outcome too.
    pub(super) fn run(&self, executor: &dyn Executor, stop: &dyn Fn() -> bool) -> Trained {
        let start = Instant::now();
        let made = self
            .config()
            .and_then(|config| Ok((self.samples(&config)?, config)));
        let (samples, config) = match made {
            Ok(made) => made,
            Err(error) => return Trained::NotRun(error.to_string()),
        };
        let count = |data: &Option<Dataset>| data.as_ref().map_or(0, |data| data.samples);
        let mut ended = Ended {
            version: env!("CARGO_PKG_VERSION").into(),
            run: self.clone(),
            outcome: Outcome::Done,
            samples: Counts {
                train: samples.splits.train.samples,
                validation: count(&samples.splits.validation),
                test: count(&samples.splits.test),
            },
            device: executor.name(),
            driver: executor.driver(),
            seconds: 0.0,
            measures: Default::default(),
            sketch: None,
        };
        match self.train(config, samples, executor, stop, &mut ended) {
            Ok(true) => {}
            Ok(false) => return Trained::Stopped,
            Err(Error::Diverged(why)) => ended.outcome = Outcome::Diverged(why),
            Err(error) => ended.outcome = Outcome::Failed(error.to_string()),
        }
        ended.seconds = start.elapsed().as_secs_f64();
        Trained::Ended(ended)
    }

    /// Its configuration. Where the program could choose better weights to begin with by itself, it
    /// begins at random all the same unless its settings say otherwise, as runs of the paper do.
    pub(super) fn config(&self) -> Result<Config> {
        let mut config = Config::from_table(self.settings.clone(), "the experiment")?;
        // What fits the data by default is not in the paper: where nothing is said, as there.
        config.train.warm_start.get_or_insert(WarmStart::None);
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

    /// Fills in what was measured; `false` where it was stopped.
    fn train(
        &self,
        config: Config,
        samples: Samples,
        executor: &dyn Executor,
        stop: &dyn Fn() -> bool,
        ended: &mut Ended,
    ) -> Result<bool> {
        let Samples { splits, clean } = samples;
        let start = Instant::now();
        let mut trainer = Trainer::new(config, splits, executor, &mut |_| ())?;
        let prepared = start.elapsed();
        let mut spent = Duration::ZERO;
        while !trainer.is_done() {
            if stop() {
                return Ok(false);
            }
            let start = Instant::now();
            trainer.advance()?;
            spent += start.elapsed();
        }
        let steps = trainer.progress().step;
        let figures = &mut ended.measures;
        figures.insert("prepare_seconds".into(), prepared.as_secs_f64());
        figures.insert("train_seconds".into(), spent.as_secs_f64());
        figures.insert(
            "epoch_seconds".into(),
            100.0 * spent.as_secs_f64() / steps as f64,
        );
        figures.insert("steps".into(), steps as f64);
        let model = trainer.best_model()?;
        measure(self, &trainer, &model, clean.as_ref(), executor, ended)?;
        // JSON has no other numbers.
        ended.measures.retain(|_, value| value.is_finite());
        Ok(true)
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
        let Trained::NotRun(why) = missing.run(&Cpu, &|| false) else {
            panic!()
        };
        assert!(why.contains("nowhere.npy"), "{why}");
        let run = settings(
            "[settings]\ndata.synthetic = \"swiss-roll\"\nnet.hidden = [4]\nnet.latent = 1\nneighbours.k = 3\ntrain.epochs = 3\ntrain.lr = 1e30",
        );
        let Trained::Ended(ended) = run.run(&Cpu, &|| false) else {
            panic!()
        };
        assert!(
            matches!(ended.outcome, Outcome::Diverged(_)),
            "{:?}",
            ended.outcome
        );
        assert!(matches!(run.run(&Cpu, &|| true), Trained::Stopped));
    }
}
