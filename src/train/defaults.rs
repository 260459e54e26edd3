//! What a run takes where its configuration leaves it open: by the data, and so that a first run
//! without any flags gives a sane result.

use super::{Config, NeighbourConfig, OutputBias, Splits, WarmStart};
use crate::data::find_data;
use crate::error::{Error, Result};

/// Steps that a run takes by default, about, where samples are not wide.
const ENOUGH_STEPS: usize = 2000;
/// Epochs that it takes by default, at least.
const LEAST_EPOCHS: usize = 100;
/// Features of a sample from which on a run is shorter, as its steps take longer: images of 32 x 32 in
/// colour.
const WIDE: usize = 3072;
/// The share of steps and epochs that the widest have.
const LEAST_SHARE: f64 = 0.25;
/// Steps that a run can have.
const MOST_STEPS: usize = 1 << 52;
/// Samples of a file from which on a part of them is held out for validation by default.
const ENOUGH_SAMPLES: usize = 50;
/// That part.
const DEFAULT_FRACTION: f64 = 0.1;

/// Centres of a batch.
pub(super) fn batch(config: &Config, samples: usize) -> Result<usize> {
    let batch = config.train.batch.unwrap_or(samples.min(100));
    if batch > samples {
        return Err(Error::input(format!(
            "train.batch is {batch}, but there are only {samples} training samples: choose a batch of at most {samples}"
        )));
    }
    Ok(batch)
}

impl Config {
    /// Epochs of the run: the least number where none is given and no run has resolved it.
    pub fn epochs(&self) -> usize {
        self.train.epochs.unwrap_or(LEAST_EPOCHS)
    }

    /// The fraction of `samples`, all that the data hold, that is held out for validation.
    pub fn validation_fraction(&self, samples: usize) -> f64 {
        let data = &self.data;
        // The rows of a graph from a file are those of all samples.
        let tenth = data.synthetic.is_none()
            && data.validation.is_none()
            && data.validation_samples.is_none()
            && self.neighbours.graph.is_none()
            && samples >= ENOUGH_SAMPLES;
        data.validation_fraction
            .unwrap_or(if tenth { DEFAULT_FRACTION } else { 0.0 })
    }

    /// Writes down what a run on `splits`, the data of this configuration, takes where a setting is
    /// not given.
    ///
    /// # Errors
    /// When the batch is larger than the training set, there are more steps than can be counted, or
    /// validation is to end the run and nothing is held out for it.
    pub fn resolve(&mut self, splits: &Splits) -> Result<()> {
        let batch = batch(self, splits.train.samples)?;
        self.train.batch = Some(batch);
        let steps = splits.train.samples.div_ceil(batch);
        let share = (WIDE as f64 / splits.train.features() as f64).clamp(LEAST_SHARE, 1.0);
        let of = |number: usize| (share * number as f64).ceil() as usize;
        self.train
            .epochs
            .get_or_insert(of(ENOUGH_STEPS).div_ceil(steps).max(of(LEAST_EPOCHS)));
        if self
            .epochs()
            .checked_mul(steps)
            .is_none_or(|all| all > MOST_STEPS)
        {
            return Err(Error::input(format!(
                "train.epochs is {}, which is more than can be trained: {steps} steps an epoch make more than {MOST_STEPS}",
                self.epochs()
            )));
        }
        if self.train.patience > 0 && splits.validation.is_none() {
            return Err(Error::input(
                "train.patience ends a run by its validation error, and nothing is held out: give --validation 0.1, or no --patience",
            ));
        }
        let k = NeighbourConfig::suited(splits.train.samples);
        self.neighbours.k.get_or_insert(k);
        if self.train.warm_start.is_none() {
            self.train.warm_start = Some(WarmStart::suited(self, splits)?);
        }
        if self.train.output_bias.is_none() {
            self.train.output_bias = Some(OutputBias::suited(&splits.network(self)?));
        }
        let data = &mut self.data;
        let held_out = splits.validation.is_some()
            && data.synthetic.is_none()
            && data.validation_samples.is_none();
        data.validation_fraction
            .get_or_insert(if held_out && data.validation.is_none() {
                DEFAULT_FRACTION
            } else {
                0.0
            });
        data.scaling = Some(splits.scaling.kind);
        if let Some(path) = &data.train
            && (data.folder.is_none() || find_data(path).is_ok())
        {
            data.folder = std::env::current_dir().ok();
        }
        Ok(())
    }
}
