//! The data that a configuration names, read, checked, split and scaled.

use super::{Config, DataConfig};
use crate::data::{
    Adjustments, Dataset, ReadOptions, Reading, SampleLabels, Scaling, ScalingKind, TableOptions,
    TrainedColumns, data_folders, find_data, open_dataset,
};
use crate::error::{Error, Result};
use crate::net::Network;
use std::path::{Path, PathBuf};

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
    /// Names of the classes 0, 1, ... of `train`; none where they have only numbers.
    pub classes: Vec<String>,
    /// Names of the features, of a table that has them.
    pub columns: Vec<String>,
    /// Means of the features, of a table: what other tables have missing becomes these.
    pub means: Vec<f64>,
}

/// Images in folders with a longer side are brought to [`SIZE`](crate::data::SIZE).
const LARGEST: usize = 256;

/// Reads samples, with their labels where the file holds them, by the name of a published set or
/// from a file: see [`open_dataset`](crate::data::open_dataset); `table` says what of a table. They
/// get the shape `like`, such as that of a model's samples, where an open layout or a crop and a
/// resize of images in a folder gives it.
///
/// # Errors
/// When there is no such file or it holds no samples.
pub fn read_samples(path: &Path, table: &TableOptions, like: Option<&[usize]>) -> Result<Reading> {
    let options = ReadOptions {
        table: table.clone(),
        like: like.map(<[usize]>::to_vec),
        largest: Some(LARGEST),
        ..ReadOptions::default()
    };
    open_and_tell(path, &data_folders(None), &options)
}

/// Samples at a path of `config`, as `options` say: from where the configuration was written, where
/// the current folder does not have it.
fn samples_of(config: &DataConfig, path: &Path, options: &ReadOptions) -> Result<Reading> {
    let Some(elsewhere) = &config.folder else {
        return open_and_tell(path, &data_folders(None), options);
    };
    let mut folders = data_folders(None);
    folders.extend(folders.clone().iter().map(|folder| elsewhere.join(folder)));
    let there = elsewhere.join(path);
    let path = match (find_data(path), find_data(&there)) {
        (Err(_), Ok(found)) => found,
        _ => path.to_owned(),
    };
    open_and_tell(&path, &folders, options)
}

/// [`open_dataset`], with what a person should know of how the samples were read.
fn open_and_tell(path: &Path, folders: &[PathBuf], options: &ReadOptions) -> Result<Reading> {
    let reading = open_dataset(path, folders, options)?;
    for note in &reading.notes {
        log::info!("{note}");
    }
    Ok(reading)
}

impl DataConfig {
    /// How its samples are read: those to train on, or others, which have to be `like` these.
    fn options(&self, like: Option<&Unscaled>) -> ReadOptions {
        ReadOptions {
            table: TableOptions {
                trained: like.map(|sets| TrainedColumns {
                    names: sets.columns.clone(),
                    means: sets.means.clone(),
                }),
                ..self.table()
            },
            layout: self.layout.unwrap_or_default(),
            like: like.map(|sets| sets.train.shape.clone()),
            largest: Some(LARGEST),
            adjustments: Adjustments {
                cover: self.size.map(|side| [side; 2]),
                ..Adjustments::default()
            },
            ..ReadOptions::default()
        }
    }
}

impl Splits {
    /// # Errors
    /// When samples lie in files, and one has been written to since it was opened.
    pub(super) fn unchanged(&self) -> Result<()> {
        let values = &self.train.values;
        values.unchanged()?;
        let held_out = [&self.validation, &self.test].into_iter().flatten();
        let mut others = held_out.filter(|part| !part.values.are_in_the_files_of(values));
        others.try_for_each(|part| part.values.unchanged())
    }

    /// Reads and splits what `config` names.
    ///
    /// # Errors
    /// When no data or two sources are named, a file cannot be used, or shapes differ.
    pub fn load(config: &Config) -> Result<Self> {
        let data = &config.data;
        let mut sets = Unscaled::named_by(config)?;
        if let Some(path) = &data.test {
            let options = data.options(Some(&sets));
            sets.test = Some(samples_of(data, path, &options)?.data);
        }
        sets.hold_out_parts(config)?;
        if let Some(path) = &data.validation {
            let options = data.options(Some(&sets));
            sets.validation = Some(samples_of(data, path, &options)?.data);
        }
        let scaling = sets.scaling(config)?;
        let alike = |set: Option<Dataset>, path: &Option<PathBuf>| match path {
            Some(path) => set.map(|set| set.in_units_of(&scaling, path)),
            None => set,
        };
        Ok(Self {
            train: sets.train,
            validation: alike(sets.validation, &data.validation),
            test: alike(sets.test, &data.test),
            scaling,
            classes: sets.classes,
            columns: sets.columns,
            means: sets.means,
        })
    }

    /// Splits and scales samples in memory as [`Splits::load`] does those of a file: `config`, which
    /// names no data, says what is held out of `train`. Nothing is for validation where there are
    /// `validation` samples.
    ///
    /// # Errors
    /// When shapes differ, or a fraction leaves nothing.
    pub fn of(config: &Config, train: Dataset, validation: Option<Dataset>) -> Result<Self> {
        let mut sets = Unscaled {
            train,
            validation: None,
            test: None,
            classes: Vec::new(),
            columns: Vec::new(),
            means: Vec::new(),
        };
        let mut config = config.clone();
        if validation.is_some() {
            config.data.validation_fraction = Some(0.0);
        }
        sets.hold_out_parts(&config)?;
        sets.validation = sets.validation.or(validation);
        let scaling = sets.scaling(&config)?;
        let alike = |set: Dataset| set.in_units_of(&scaling, Path::new("the validation samples"));
        Ok(Self {
            validation: sets.validation.map(alike),
            train: sets.train,
            test: sets.test,
            scaling,
            classes: sets.classes,
            columns: sets.columns,
            means: sets.means,
        })
    }

    /// The network that `config` asks for on these data.
    ///
    /// # Errors
    /// When the data leave the range of the output activation.
    pub fn network(&self, config: &Config) -> Result<Network> {
        let network = config.network(&self.train.shape, self.scaling.kind.is_unit())?;
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

/// A part of the samples: their number where it is given, else a fraction.
struct Part {
    samples: Option<usize>,
    fraction: f64,
}

/// The data before a scaling is fitted to them.
struct Unscaled {
    train: Dataset,
    validation: Option<Dataset>,
    test: Option<Dataset>,
    classes: Vec<String>,
    columns: Vec<String>,
    means: Vec<f64>,
}

impl Unscaled {
    /// Reads or draws the training data, with the held-out samples that come with a synthetic set.
    fn named_by(config: &Config) -> Result<Self> {
        let data = &config.data;
        match (&data.train, data.synthetic) {
            (Some(path), None) => {
                let reading = training_file(path, data)?;
                Ok(Self {
                    train: reading.data,
                    validation: None,
                    test: None,
                    classes: reading.classes.unwrap_or_default(),
                    columns: reading.columns,
                    means: reading.means,
                })
            }
            (None, Some(curve)) => {
                let (samples, noise) = curve.defaults();
                let noise = data.noise.unwrap_or(noise);
                Ok(Self {
                    train: curve.training(data.samples.unwrap_or(samples), noise, config.seed),
                    validation: data
                        .validation_samples
                        .map(|samples| curve.validation(samples, noise, config.seed)),
                    test: Some(curve.test(curve.test_samples())),
                    classes: Vec::new(),
                    columns: Vec::new(),
                    means: Vec::new(),
                })
            }
            (None, None) => Err(Error::input(
                "there are no data to train on: give --data FILE or --synthetic NAME, or set data.train",
            )),
            (Some(_), Some(_)) => Err(Error::input(
                "data.train and data.synthetic both name data to train on: keep one of them",
            )),
        }
    }

    /// Holds out what `config` asks for of the training data, as a number or a fraction: first the
    /// test samples, then the validation samples.
    fn hold_out_parts(&mut self, config: &Config) -> Result<()> {
        let (data, seed, whole) = (&config.data, config.seed, self.train.samples);
        let part = |samples, fraction| Part { samples, fraction };
        let test = part(data.test_samples, data.test_fraction);
        if let Some(count) = self.held_out("test", test, whole)? {
            self.test = Some(self.hold_out(count, seed.wrapping_add(1)));
        }
        let samples = data.validation_samples.filter(|_| data.synthetic.is_none());
        let validation = part(samples, config.validation_fraction(whole));
        if let Some(count) = self.held_out("validation", validation, whole)? {
            self.validation = Some(self.hold_out(count, seed));
        }
        Ok(())
    }

    /// How many samples `part` of `whole` is, which must leave some to train on; none for 0.
    fn held_out(&self, name: &str, part: Part, whole: usize) -> Result<Option<usize>> {
        let (count, key) = match (part.samples, part.fraction) {
            (Some(samples), _) => (samples, format!("samples = {samples}")),
            (None, 0.0) => return Ok(None),
            (None, fraction) => (
                (fraction * whole as f64).round() as usize,
                format!("fraction = {fraction}"),
            ),
        };
        if count == 0 || count >= self.train.samples {
            return Err(Error::input(format!(
                "data.{name}_{key} takes {count} of {whole} samples: choose another {}",
                if part.samples.is_some() {
                    "number"
                } else {
                    "fraction"
                }
            )));
        }
        Ok(Some(count))
    }

    /// Takes `count` samples, drawn by `seed`, from the training data.
    fn hold_out(&mut self, count: usize, seed: u64) -> Dataset {
        let (rest, out) = self.train.split(count, seed);
        self.train = rest;
        out
    }

    /// The scaling that `config` asks for, fitted to the training data.
    fn scaling(&self, config: &Config) -> Result<Scaling> {
        self.check_shapes()?;
        let data = &config.data;
        let default = match data.synthetic {
            Some(_) => ScalingKind::None,
            None => ScalingKind::Auto,
        };
        let scaling = Scaling::fit(data.scaling.unwrap_or(default), &self.train);
        let name = match (&data.train, data.synthetic) {
            (Some(path), _) => path,
            (None, Some(_)) => Path::new("the curve"),
            (None, None) => Path::new("the data"),
        };
        scaling.check(&self.train.values, name)?;
        Ok(scaling)
    }

    /// Refuses held-out samples of another shape than the training data.
    fn check_shapes(&self) -> Result<()> {
        for (other, name) in [(&self.validation, "validation"), (&self.test, "test")] {
            if let Some(other) = other
                && other.shape != self.train.shape
            {
                return Err(Error::input(format!(
                    "the {name} samples have shape {:?}, but the training samples have {:?}",
                    other.shape, self.train.shape
                )));
            }
        }
        Ok(())
    }
}

/// Reads the training data, with the labels of a file of their own, up to the limit.
fn training_file(path: &Path, data: &DataConfig) -> Result<Reading> {
    let mut train = samples_of(data, path, &data.options(None))?;
    if let Some(labels) = &data.labels {
        let path = match (find_data(labels), &data.folder) {
            (Err(error), Some(folder)) => find_data(&folder.join(labels)).map_err(|_| error)?,
            (found, _) => found?,
        };
        let whole = train.data.samples;
        train = train.labelled_by(SampleLabels::read(&path)?, 0..whole, whole, &path)?;
    }
    if let Some(limit) = data.limit {
        train.data = train.data.take(limit);
    }
    Ok(train)
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
        config.data.validation_fraction = Some(0.3);
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
