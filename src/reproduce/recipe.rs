//! How the samples of an experiment are made, where settings alone do not say so.

use crate::data::{
    Dataset, ReadOptions, Scaling, ScalingKind, data_folders, noisy, open_dataset, rotated, shifted,
};
use crate::error::{Error, Result};
use crate::train::Splits;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Samples made from a data set. Splits are drawn by fixed seeds, so that every method and run is
/// measured on the same samples; of what is left, each run draws its own training samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// A data set as `--data` takes it, e.g. `mnist` or `mnist:train+test`.
    pub from: String,
    /// Where test samples are from; the same set, where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_from: Option<String>,
    /// Only this class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<u32>,
    /// Only the first so many images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<usize>,
    /// Side in pixels that images are brought to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<usize>,
    /// Each image rotated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotated: Option<Rotated>,
    /// Each image shifted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shifted: Option<Shifted>,
    /// Deviation of Gaussian noise that is added to all samples, which are of 0 to 1 before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<f64>,
    /// Whether images half a step between those of `rotated` or `shifted` are held out to validate
    /// with: a plan says so for runs that choose something.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub between: bool,
    /// Training, validation and test samples; fewer where there are fewer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples: Option<[usize; 3]>,
}

/// Rotations in even steps from 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotated {
    /// Copies of each image.
    pub count: usize,
    /// Their range; the last copy is one step short of it.
    pub degrees: f64,
    /// Copies that make the test set.
    #[serde(default)]
    pub test: usize,
}

/// Horizontal shifts by whole pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shifted {
    /// Scale of the image.
    pub scale: f64,
    /// The first shift.
    pub from: i32,
    /// The last one.
    pub to: i32,
}

/// What a run trains on and is measured on.
pub(super) struct Samples {
    pub(super) splits: Splits,
    /// The test samples without noise, where it was added.
    pub(super) clean: Option<Dataset>,
}

impl Recipe {
    /// Whether it moves images.
    pub(super) fn moves(&self) -> bool {
        self.rotated.is_some() || self.shifted.is_some()
    }

    /// Makes the samples for a run with `seed`.
    ///
    /// # Errors
    /// When the data set is not here, or has no such images.
    pub(super) fn make(&self, seed: u64) -> Result<Samples> {
        let whole = self.chosen(&self.from)?;
        if self.moves() {
            return self.moved(&whole);
        }
        let wanted = self.samples.unwrap_or([usize::MAX, 0, usize::MAX]);
        let (rest, [train, validation], tests) = match &self.test_from {
            Some(from) => {
                let validation = wanted[1].min(whole.samples / 5);
                (
                    whole,
                    [wanted[0], validation],
                    self.chosen(from)?.draw(wanted[2], 0),
                )
            }
            None => {
                let [train, validation, test] = shared(wanted, whole.samples);
                let (rest, tests) = whole.split(test, 1);
                (rest, [train, validation], tests)
            }
        };
        let (rest, held_out) = rest.split(validation, 0);
        let train = rest.draw(train, seed);
        let held_out = (validation > 0).then_some(held_out);
        let Some(deviation) = self.noise else {
            return Ok(unit(train, held_out, Some(tests), None));
        };
        // Each split has noise of its own, and each run other noise.
        let noise = |data: &Dataset, part| noisy(data, deviation, false, 3 * seed + part);
        let clean = noisy(&tests, 0.0, false, 0);
        let held_out = held_out.map(|data| noise(&data, 1));
        Ok(unit(
            noise(&train, 0),
            held_out,
            Some(noise(&tests, 2)),
            Some(clean),
        ))
    }

    /// The images that it takes of the set `name`.
    fn chosen(&self, name: &str) -> Result<Dataset> {
        let mut options = ReadOptions::default();
        options.adjustments.cover = self.size.map(|side| [side; 2]);
        let data = open(name, &options)?;
        let rows: Vec<usize> = match (self.class, &data.labels) {
            (None, _) => (0..data.samples).collect(),
            (Some(_), None) => {
                return Err(Error::input(format!(
                    "{name} has no labels to choose a class by"
                )));
            }
            (Some(class), Some(labels)) => (0..data.samples)
                .filter(|&row| labels[row] == class)
                .collect(),
        };
        let rows = &rows[..self.images.unwrap_or(rows.len()).min(rows.len())];
        if rows.is_empty() {
            return Err(Error::input(format!(
                "{name} has no image of class {}",
                self.class.unwrap_or(0)
            )));
        }
        Ok(data.subset(rows))
    }

    /// Moved copies of all images of `data`.
    fn moved(&self, data: &Dataset) -> Result<Samples> {
        let rows: Vec<usize> = (0..data.samples).collect();
        let turned = |turn: &Rotated, count| rotated(data, &rows, count, turn.degrees, 0.0);
        let (train, between, test) = match (&self.rotated, &self.shifted) {
            (Some(turn), _) => {
                let test = (turn.test > 0)
                    .then(|| turned(turn, turn.test))
                    .transpose()?;
                // Twice as many rotations, of which every second is half-way.
                let between = self
                    .between
                    .then(|| turned(turn, 2 * turn.count))
                    .transpose()?;
                let odd = |all: Dataset| {
                    let rows: Vec<usize> = (1..all.samples).step_by(2).collect();
                    all.subset(&rows)
                };
                (turned(turn, turn.count)?, between.map(odd), test)
            }
            (None, Some(way)) => {
                let moved = |by: f32| {
                    let shifts: Vec<f32> =
                        (way.from..=way.to).map(|shift| shift as f32 + by).collect();
                    shifted(data, &rows, &shifts, way.scale, 0.0)
                };
                (
                    moved(0.0)?,
                    self.between.then(|| moved(0.5)).transpose()?,
                    None,
                )
            }
            (None, None) => unreachable!("a recipe that moves images"),
        };
        Ok(unit(train, between, test, None))
    }
}

/// Samples of a set by its name, or of a file. Of a set that is not here, or only in part, what
/// somebody has put into a file of its name is taken.
fn open(name: &str, options: &ReadOptions) -> Result<Dataset> {
    let open = |name: &str| Ok(open_dataset(Path::new(name), &data_folders(None), options)?.data);
    open(name).or_else(|error| {
        let [file, packed] = in_place_of(name);
        open(&file).or_else(|_| open(&packed)).map_err(|_| error)
    })
}

/// Files that may hold the set `name`: `cifar10-train.npy` for `cifar10:train`, or that with `.gz`.
pub(super) fn in_place_of(name: &str) -> [String; 2] {
    let file = format!("{}.npy", name.replace([':', '+'], "-"));
    let packed = format!("{file}.gz");
    [file, packed]
}

/// Training, validation and test samples of `whole`: as many as are wanted, or shares of it where
/// those are too many.
fn shared(wanted: [usize; 3], whole: usize) -> [usize; 3] {
    let [train, validation, test] = wanted;
    match train.saturating_add(validation).saturating_add(test) <= whole {
        true => wanted,
        false => [train, validation.min(whole / 10), test.min(whole / 5)],
    }
}

/// Samples with images brought to 0 to 1, and the columns of a table as a run scales them.
fn unit(
    train: Dataset,
    validation: Option<Dataset>,
    test: Option<Dataset>,
    clean: Option<Dataset>,
) -> Samples {
    // What has noise is in the unit range already.
    let kind = match (&clean, train.shape.len()) {
        (Some(_), _) => ScalingKind::None,
        (None, 1) => ScalingKind::Auto,
        (None, _) => ScalingKind::Unit,
    };
    let scaling = Scaling::fit(kind, &train);
    let splits = Splits {
        train,
        validation,
        test,
        scaling,
        classes: Vec::new(),
        columns: Vec::new(),
        means: Vec::new(),
    };
    Samples { splits, clean }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(text: &str) -> Recipe {
        let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/data/");
        toml::from_str(&text.replace("DATA", shipped)).unwrap()
    }

    #[test]
    fn splits_are_fixed_and_training_samples_follow_the_seed() {
        let recipe = recipe("from = \"DATAdigits.npy\"\nsamples = [100, 50, 60]\nnoise = 0.1");
        let [one, again, two] = [1, 1, 2].map(|seed| recipe.make(seed).unwrap());
        let sizes = |made: &Samples| {
            let held_out = [&made.splits.validation, &made.splits.test, &made.clean];
            (
                made.splits.train.samples,
                held_out.map(|data| data.as_ref().unwrap().samples),
            )
        };
        assert_eq!(sizes(&one), (100, [50, 60, 60]));
        assert_eq!(one.splits.train, again.splits.train);
        assert_ne!(one.splits.train, two.splits.train);
        assert_eq!(one.clean, two.clean);
        let clean = one.clean.unwrap().values.to_floats();
        assert!(clean.iter().all(|value| (0.0..=1.0).contains(value)));
        let noisy = one.splits.test.unwrap().values.to_floats();
        let squares = clean
            .iter()
            .zip(&noisy)
            .map(|(a, b)| f64::from(a - b).powi(2));
        let deviation = (squares.sum::<f64>() / clean.len() as f64).sqrt();
        assert!((deviation - 0.1).abs() < 0.005, "{deviation}");
    }

    #[test]
    fn moved_images_know_their_angles() {
        let made = recipe("from = \"DATAdigits.npy\"\nimages = 1\nrotated = { count = 8, degrees = 360, test = 20 }").make(1).unwrap();
        assert_eq!(made.splits.train.parameter.unwrap()[1], 45.0);
        assert_eq!(made.splits.test.unwrap().samples, 20);
        assert!(made.splits.validation.is_none());
        let made = recipe(
            "from = \"DATAdigits.npy\"\nimages = 2\nbetween = true\nrotated = { count = 2, degrees = 180 }",
        );
        let held_out = made.make(1).unwrap().splits.validation.unwrap();
        assert_eq!(held_out.parameter.unwrap(), [45.0, 135.0, 45.0, 135.0]);
        let made = recipe(
            "from = \"DATAdigits.npy\"\nimages = 2\nshifted = { scale = 0.7, from = -1, to = 1 }",
        )
        .make(1)
        .unwrap();
        assert_eq!(
            made.splits.train.parameter.unwrap(),
            [-1.0, 0.0, 1.0, -1.0, 0.0, 1.0]
        );
    }

    #[test]
    fn what_is_too_much_is_shared() {
        assert_eq!(
            shared([1000, 10_000, 50_000], 70_000),
            [1000, 10_000, 50_000]
        );
        assert_eq!(shared([1000, 10_000, 50_000], 5000), [1000, 500, 1000]);
        assert_eq!(
            shared([usize::MAX, 0, usize::MAX], 100),
            [usize::MAX, 0, 20]
        );
    }

    #[test]
    fn a_set_that_is_not_here_is_a_sentence() {
        let message = recipe("from = \"nowhere.npy\"")
            .make(1)
            .err()
            .unwrap()
            .to_string();
        assert!(
            message.contains("there is no file nowhere.npy"),
            "{message}"
        );
    }
}
