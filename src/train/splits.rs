//! The data that a configuration names, read, checked, split and scaled.

use super::Config;
use crate::data::{
    Dataset, ReadOptions, Scaling, ScalingKind, Values, data_folders, find_data, open_dataset,
    read_labels,
};
use crate::error::{Error, Result};
use crate::net::Network;
use std::path::Path;

/// Training data with what is held out, and the scaling that fits the training data.
#[derive(Clone, Debug)]
pub struct Splits {
    /// What is trained on.
    pub train: Dataset,
    /// What decides when to stop and which parameters are best.
    pub validation: Option<Dataset>,
    /// What the result is measured on.
    pub test: Option<Dataset>,
    /// Fitted to `train`.
    pub scaling: Scaling,
}

/// Reads samples, with their labels where the file holds them, by the name of a published set or
/// from a file: see [`open_dataset`](crate::data::open_dataset).
///
/// # Errors
/// When there is no such file or it holds no samples.
pub fn read_samples(path: &Path) -> Result<Dataset> {
    Ok(open_dataset(path, &data_folders(None), &ReadOptions::default())?.data)
}

impl Splits {
    /// Reads and splits what `config` names.
    ///
    /// # Errors
    /// When no data or two sources are named, a file cannot be used, or shapes differ.
    pub fn load(config: &Config) -> Result<Self> {
        let data = &config.data;
        let mut validation = None;
        let (mut train, mut test) = match (&data.train, data.synthetic) {
            (Some(path), None) => {
                let mut train = read_samples(path)?;
                if let Some(labels) = &data.labels {
                    let path = find_data(labels)?;
                    train = train.with_labels(read_labels(&path)?, &path)?;
                }
                if let Some(limit) = data.limit {
                    train = train.take(limit);
                }
                (train, None)
            }
            (None, Some(curve)) => {
                let (samples, noise) = curve.defaults();
                let noise = data.noise.unwrap_or(noise);
                let train = curve.training(data.samples.unwrap_or(samples), noise, config.seed);
                validation = data
                    .validation_samples
                    .map(|samples| curve.validation(samples, noise, config.seed));
                (train, Some(curve.test(curve.test_samples())))
            }
            (None, None) => {
                return Err(Error::input(
                    "there are no data to train on: give --data FILE or --synthetic NAME, or set data.train",
                ));
            }
            (Some(_), Some(_)) => {
                return Err(Error::input(
                    "data.train and data.synthetic both name data to train on: keep one of them",
                ));
            }
        };
        if let Some(path) = &data.test {
            test = Some(read_samples(path)?);
        }
        let whole = train.samples;
        let mut hold_out = |share: f64, name: &str, stream: u64| -> Result<Option<Dataset>> {
            if share == 0.0 {
                return Ok(None);
            }
            let count = (share * whole as f64).round() as usize;
            if count == 0 || count >= train.samples {
                return Err(Error::input(format!(
                    "data.{name}_fraction = {share} takes {count} of {whole} samples: choose another fraction"
                )));
            }
            let (rest, out) = train.split(count, config.seed.wrapping_add(stream));
            train = rest;
            Ok(Some(out))
        };
        if let Some(held_out) = hold_out(data.test_fraction, "test", 1)? {
            test = Some(held_out);
        }
        if let Some(held_out) = hold_out(data.validation_fraction, "validation", 0)? {
            validation = Some(held_out);
        }
        if let Some(path) = &data.validation {
            validation = Some(read_samples(path)?);
        }
        for (other, name) in [(&validation, "validation"), (&test, "test")] {
            if let Some(other) = other
                && other.shape != train.shape
            {
                return Err(Error::input(format!(
                    "the {name} samples have shape {:?}, but the training samples have {:?}",
                    other.shape, train.shape
                )));
            }
        }
        let default = if matches!(train.values, Values::Bytes(_)) {
            ScalingKind::Unit
        } else {
            ScalingKind::None
        };
        let scaling = Scaling::fit(data.scaling.unwrap_or(default), &train);
        Ok(Self {
            train,
            validation,
            test,
            scaling,
        })
    }

    /// The network that `config` asks for on these data.
    ///
    /// # Errors
    /// When the data leave the range of the output activation.
    pub fn network(&self, config: &Config) -> Result<Network> {
        let network = config.network(&self.train.shape, self.scaling.kind == ScalingKind::Unit)?;
        let output = network.output();
        if let Some((low, high)) = output.range() {
            // Scaling to the unit range may round to just outside of it.
            let slack = 1e-5;
            let (smallest, largest) = self.scaling.range(&self.train.values);
            if smallest < low - slack || largest > high + slack {
                return Err(Error::input(format!(
                    "the training data range from {smallest} to {largest} after scaling, which a {} output (from {low} to {high}) never \
                     reaches: choose data.scaling = \"unit\", or net.output = \"linear\"",
                    output.name()
                )));
            }
        }
        Ok(network)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Synthetic;

    /// Both shares are those of all samples, whichever is held out first.
    #[test]
    fn shares_are_those_of_the_whole() {
        let mut config = Config::default();
        config.data.synthetic = Some(Synthetic::Sin);
        config.data.samples = Some(90);
        config.data.test_fraction = 0.5;
        config.data.validation_fraction = 0.3;
        let splits = Splits::load(&config).unwrap();
        let samples = |data: &Option<Dataset>| data.as_ref().unwrap().samples;
        assert_eq!(
            (
                samples(&splits.test),
                samples(&splits.validation),
                splits.train.samples
            ),
            (45, 27, 18)
        );
    }
}
