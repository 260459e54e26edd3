//! Samples of one shape, as training and evaluation take them.

use super::{Array, Layout, Values};
use crate::error::{Error, Result};
use crate::random::{Generator, Stream};
use rand::seq::index;
use std::path::Path;

/// A data set, one sample a row, images in (channel, height, width) order.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Rows.
    pub samples: usize,
    /// Shape of one sample: `[n]`, or [channels, height, width].
    pub shape: Vec<usize>,
    /// [samples, features], not yet scaled.
    pub values: Values,
    /// `[samples]`: classes, for colouring pictures.
    pub labels: Option<Vec<u32>>,
    /// `[samples]`: the coordinate along a synthetic curve.
    pub parameter: Option<Vec<f32>>,
}

impl Dataset {
    /// Reads an array as samples, [N, n] vectors or images and signals with their axes by `layout`.
    ///
    /// # Errors
    /// When the array holds no samples or does not have the axes of the layout; `source` names it
    /// in the sentence.
    pub fn from_array(array: Array, layout: Layout, source: &Path) -> Result<Self> {
        let refused = |what| Error::input(format!("{} {what}", source.display()));
        let shape = &array.shape;
        // Beside a 0, other sides may be of any size.
        if array.values.is_empty() {
            let what = format!("has the shape {shape:?}, so it holds no data");
            return Err(refused(what));
        }
        let samples = shape.first().copied().unwrap_or(1);
        let (sample, values) = layout.samples(array).map_err(refused)?;
        Ok(Self {
            samples,
            shape: sample,
            values,
            labels: None,
            parameter: None,
        })
    }

    /// n, the number of features of a sample.
    pub fn features(&self) -> usize {
        self.shape.iter().product()
    }

    /// The given rows, in the given order: without a copy of their values where those lie in a file.
    pub fn subset(&self, rows: &[usize]) -> Self {
        fn pick<T: Copy>(values: &[T], rows: &[usize]) -> Vec<T> {
            rows.iter().map(|&row| values[row]).collect()
        }
        Self {
            samples: rows.len(),
            shape: self.shape.clone(),
            values: self.values.rows(rows, self.features()),
            labels: self.labels.as_ref().map(|labels| pick(labels, rows)),
            parameter: self
                .parameter
                .as_ref()
                .map(|parameter| pick(parameter, rows)),
        }
    }

    /// The first `samples` rows, or all where there are fewer.
    pub fn take(&self, samples: usize) -> Self {
        self.subset(&(0..samples.min(self.samples)).collect::<Vec<_>>())
    }

    /// These rows, then those of `next`; labels only where both have them. `source` names both.
    ///
    /// # Errors
    /// When their samples have other shapes.
    pub fn followed_by(self, next: Self, source: &str) -> Result<Self> {
        if self.shape != next.shape {
            return Err(Error::input(format!(
                "the parts of {source} have samples of the shapes {:?} and {:?}, which cannot be joined",
                self.shape, next.shape
            )));
        }
        let values = match (&self.values, &next.values) {
            (Values::Bytes(one), Values::Bytes(two)) => {
                Values::Bytes([one.whole(), two.whole()].concat().into())
            }
            (one, two) => Values::Floats([one.to_floats(), two.to_floats()].concat().into()),
        };
        let labels = self.labels.zip(next.labels);
        Ok(Self {
            samples: self.samples + next.samples,
            shape: self.shape,
            values,
            labels: labels.map(|(one, two)| [one, two].concat()),
            parameter: None,
        })
    }

    /// Holds out `held_out` rows, drawn by `seed`: (the rest, the held-out rows), both in the order
    /// of the data.
    pub fn split(&self, held_out: usize, seed: u64) -> (Self, Self) {
        let out = drawn(self.samples, held_out, seed, 0);
        let rest: Vec<usize> = (0..self.samples)
            .filter(|row| out.binary_search(row).is_err())
            .collect();
        (self.subset(&rest), self.subset(&out))
    }

    /// At most `most` rows, drawn by `seed`, in the order of the data.
    pub fn draw(&self, most: usize, seed: u64) -> Self {
        if self.samples <= most {
            return self.clone();
        }
        // Another step than that of splits: the same seed must not draw what was held out of the
        // same file.
        self.subset(&drawn(self.samples, most, seed, 1))
    }

    /// The same samples with a class each.
    ///
    /// # Errors
    /// When there are not as many labels as samples; `source` names the labels.
    pub fn with_labels(mut self, labels: Vec<u32>, source: &Path) -> Result<Self> {
        if labels.len() != self.samples {
            return Err(Error::input(format!(
                "{} has {} labels for {} samples: give one label a sample",
                source.display(),
                labels.len(),
                self.samples
            )));
        }
        self.labels = Some(labels);
        Ok(self)
    }
}

/// `count` of 0..`samples`, or all where there are fewer, in ascending order.
fn drawn(samples: usize, count: usize, seed: u64, step: u64) -> Vec<usize> {
    let mut generator = Generator::new(seed, Stream::Split, step);
    let mut rows = index::sample(&mut generator, samples, count.min(samples)).into_vec();
    rows.sort_unstable();
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset(shape: &[usize], values: Values) -> Result<Dataset> {
        Dataset::from_array(
            Array {
                shape: shape.to_vec(),
                values,
            },
            Layout::Auto,
            Path::new("x.npy"),
        )
    }

    #[test]
    fn bytes_with_channels_last_become_channels_first() {
        let data = dataset(
            &[1, 1, 2, 3],
            Values::Bytes(vec![10, 20, 30, 11, 21, 31].into()),
        )
        .unwrap();
        assert_eq!(
            (data.shape, data.values),
            (
                vec![3, 1, 2],
                Values::Bytes(vec![10, 11, 20, 21, 30, 31].into())
            )
        );
        let floats = dataset(&[1, 3, 1, 2], Values::Floats(vec![0.0; 6].into())).unwrap();
        assert_eq!(floats.shape, [3, 1, 2]);
    }

    #[test]
    fn other_shapes_are_refused_with_what_is_possible() {
        for (shape, what) in [
            (vec![4], "x.reshape(-1, 1)"),
            (vec![1, 1, 1, 1, 1], "[N, n]"),
        ] {
            let values = Values::Floats(vec![0.0; shape.iter().product()].into());
            let message = dataset(&shape, values).unwrap_err().to_string();
            assert!(
                message.starts_with("x.npy has the shape") && message.contains(what),
                "{message}"
            );
        }
        // The last as fuzzing found it, with channels that are brought to the front.
        for shape in [&[0, 3][..], &[0, 1 << 31, 1 << 31, 4]] {
            let message = dataset(shape, Values::Bytes(vec![].into())).unwrap_err();
            assert!(message.to_string().contains("holds no data"), "{message}");
        }
    }

    #[test]
    fn a_split_loses_nothing_and_follows_the_seed() {
        let data = dataset(
            &[20, 1],
            Values::Floats((0..20_u8).map(f32::from).collect()),
        )
        .unwrap();
        let data = data.with_labels((0..20).collect(), Path::new("l")).unwrap();
        let (rest, out) = data.split(6, 3);
        let mut all = [rest.labels.unwrap(), out.labels.clone().unwrap()].concat();
        assert_eq!(
            out.values.to_floats(),
            out.labels
                .unwrap()
                .iter()
                .map(|&l| l as f32)
                .collect::<Vec<_>>()
        );
        all.sort_unstable();
        assert_eq!(all, (0..20).collect::<Vec<_>>());
        assert_ne!(data.split(6, 3).1, data.split(6, 4).1);
    }

    #[test]
    fn a_draw_is_a_subset_by_seed_and_not_what_a_split_holds_out() {
        let data = dataset(
            &[20, 1],
            Values::Floats((0..20_u8).map(f32::from).collect()),
        )
        .unwrap();
        assert_eq!(data.draw(20, 3), data);
        let drawn = data.draw(6, 3);
        let values = drawn.values.to_floats();
        assert!(
            drawn.samples == 6 && values.windows(2).all(|pair| pair[0] < pair[1]),
            "{values:?}"
        );
        assert_eq!(drawn, data.draw(6, 3));
        assert_ne!(drawn, data.draw(6, 4));
        assert_ne!(drawn, data.split(6, 3).1);
    }
}
