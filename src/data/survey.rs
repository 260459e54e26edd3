//! What can be seen in samples before anything is trained on them: `nrae init` tells it.

use super::columns::Columns;
use super::{Dataset, ScalingKind, Values};
use crate::error::Result;
use crate::graph::{Graph, nearest_neighbours};
use serde::Serialize;
use std::collections::HashMap;

/// Samples that neighbours are sought among, at most; more are drawn from.
const MOST_SAMPLES: usize = 3000;

/// What is seen in samples.
#[derive(Clone, Debug, Serialize)]
pub struct Survey {
    /// Samples that equal an earlier one.
    pub duplicates: usize,
    /// Features that never vary.
    pub constant: Vec<usize>,
    /// Features whose mean is so far from 0, in units of their spread, that f32 holds few of the
    /// digits that vary.
    pub far_off: Vec<usize>,
    /// The largest standard deviation of a feature over the smallest that is not 0.
    pub spreads: f64,
    /// How near neighbours are; none where there are too few samples.
    pub neighbours: Option<Neighbourhood>,
}

/// How near the neighbours of samples are, in scaled units.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Neighbourhood {
    /// The neighbour that is looked at: the k-th.
    pub k: usize,
    /// Samples that were looked at.
    pub samples: usize,
    /// The median distance to it.
    pub distance: f64,
    /// The median distance of two samples.
    pub typical: f64,
    /// The share of neighbours, up to the k-th, of the same class; none without classes.
    pub same_class: Option<f64>,
    /// The intrinsic dimension by the distances to the nearest neighbours; none where too few
    /// samples differ.
    pub dimension: Option<f64>,
}

/// Means beyond so many standard deviations are far off: f32 keeps 3 of its 7 digits.
const FAR: f64 = 1e4;

impl Survey {
    /// Looks at `data`, whose neighbours are those of `scaled` [samples, features].
    ///
    /// # Errors
    /// When a value is not finite once it is scaled.
    pub fn of(data: &Dataset, scaled: &[f32], k: usize) -> Result<Self> {
        let columns = columns(data);
        let varying = || columns.iter().filter(|(_, spread)| *spread > 0.0);
        let largest = varying().map(|(_, spread)| *spread).fold(0.0, f64::max);
        let smallest = varying()
            .map(|(_, spread)| *spread)
            .fold(f64::INFINITY, f64::min);
        let place = |wanted: &dyn Fn(&(f64, f64)) -> bool| {
            (0..columns.len())
                .filter(|&at| wanted(&columns[at]))
                .collect()
        };
        Ok(Self {
            duplicates: duplicates(scaled, data.features()),
            constant: place(&|(_, spread)| *spread == 0.0),
            far_off: place(&|(mean, spread)| *spread > 0.0 && mean.abs() > FAR * spread),
            spreads: if largest > 0.0 {
                largest / smallest
            } else {
                1.0
            },
            neighbours: Neighbourhood::of(data, scaled, k)?,
        })
    }
}

/// Mean and standard deviation of every feature, in f64.
fn columns(data: &Dataset) -> Vec<(f64, f64)> {
    let (n, samples) = (data.features(), data.samples as f64);
    let start = (0..n).map(|column| (data.values.get_double(column), 0.0, 0.0));
    let sums = Columns::of(&data.values, n).fold(
        start.collect(),
        |(first, sum, squares): &mut (f64, f64, f64), value| {
            let difference = value - *first;
            *sum += difference;
            *squares += difference * difference;
        },
    );
    let of_column = |(first, sum, squares): (f64, f64, f64)| {
        let mean = sum / samples;
        (
            first + mean,
            (squares / samples - mean * mean).max(0.0).sqrt(),
        )
    };
    sums.into_iter().map(of_column).collect()
}

/// Rows that equal an earlier one.
fn duplicates(scaled: &[f32], features: usize) -> usize {
    let mut seen: HashMap<Vec<u32>, ()> = HashMap::new();
    let bits = |row: &[f32]| row.iter().map(|value| (value + 0.0).to_bits()).collect();
    scaled
        .chunks_exact(features.max(1))
        .filter(|row| seen.insert(bits(row), ()).is_some())
        .count()
}

impl Neighbourhood {
    fn of(data: &Dataset, scaled: &[f32], k: usize) -> Result<Option<Self>> {
        let features = data.features();
        let all = Dataset {
            values: Values::Floats(scaled.to_vec().into()),
            ..data.clone()
        };
        let drawn = all.draw(MOST_SAMPLES, 0);
        let k = k.min(drawn.samples.saturating_sub(1));
        if k < 2 {
            return Ok(None);
        }
        let points = drawn.values.to_floats();
        let graph = nearest_neighbours(&points, features, k, &mut |_| {})?;
        let last = (0..drawn.samples).map(|row| graph.distances[row * k + k - 1]);
        Ok(Some(Self {
            k,
            samples: drawn.samples,
            distance: median(last.map(f64::from).collect()),
            typical: typical_distance(&points, features),
            same_class: drawn
                .labels
                .as_ref()
                .map(|labels| same_class(&graph, labels)),
            dimension: dimension(&graph),
        }))
    }
}

/// The median distance of samples to the one half of the set further on.
fn typical_distance(points: &[f32], features: usize) -> f64 {
    let samples = points.len() / features;
    let row = |row: usize| &points[row * features..][..features];
    let distance = |at: usize| {
        let pairs = row(at).iter().zip(row((at + samples / 2) % samples));
        let squared: f64 = pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum();
        squared.sqrt()
    };
    median((0..samples).map(distance).collect())
}

fn median(mut values: Vec<f64>) -> f64 {
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

fn same_class(graph: &Graph, labels: &[u32]) -> f64 {
    let edges =
        (0..labels.len()).flat_map(|row| graph.of(row).iter().map(move |&other| (row, other)));
    let same = edges.filter(|&(row, other)| labels[row] == labels[other as usize]);
    same.count() as f64 / graph.neighbours.len() as f64
}

/// The intrinsic dimension by maximum likelihood (Levina and Bickel, 2004, equation 8, averaged as
/// MacKay and Ghahramani correct it): 1 over the mean of ln(T_k / T_j) over the neighbours j < k of
/// all samples, T_j being the distance to the j-th.
fn dimension(graph: &Graph) -> Option<f64> {
    let k = graph
        .k
        .min(graph.neighbours.len().div_ceil(graph.k).isqrt());
    let (mut sum, mut count) = (0.0, 0);
    for distances in graph.distances.chunks_exact(graph.k) {
        let farthest = f64::from(*distances.get(k.checked_sub(1)?)?);
        // Duplicates tell nothing of the dimension.
        let nearer = distances[..k - 1]
            .iter()
            .filter(|distance| **distance > 0.0);
        for distance in nearer {
            sum += (farthest / f64::from(*distance)).ln();
            count += 1;
        }
    }
    (count >= 40 && sum > 0.0).then(|| f64::from(count) / sum)
}

impl Survey {
    /// The latent dimensions that the intrinsic dimension suggests, at most `features`.
    pub fn latent(&self, features: usize) -> Option<usize> {
        let dimension = self.neighbours?.dimension?;
        Some((dimension.round() as usize).clamp(1, features.max(1)))
    }

    /// What is remarkable and what to do about it, a sentence each. `scaling` is the one that is
    /// taken.
    pub fn advice(&self, data: &Dataset, scaling: ScalingKind) -> Vec<String> {
        let mut advice = Vec::new();
        if self.duplicates > 0 {
            advice.push(format!(
                "{} of {} samples equal an earlier one: kept; they are each other's neighbours at distance 0, so leave them out where \
                 that is not meant",
                self.duplicates, data.samples
            ));
        }
        if !self.constant.is_empty() {
            advice.push(format!(
                "{} never {}: kept, and reconstructed as they are",
                named(&self.constant, data.features()),
                if self.constant.len() == 1 {
                    "varies"
                } else {
                    "vary"
                }
            ));
        }
        if !self.far_off.is_empty() {
            advice.push(format!(
                "{} far from 0 for {} spread: {}",
                named(&self.far_off, data.features()),
                if self.far_off.len() == 1 {
                    "its"
                } else {
                    "their"
                },
                match data.values {
                    Values::Doubles(_) => "kept in f64 until they are scaled",
                    _ => "give them as f64, or subtract their mean first",
                }
            ));
        }
        if self.spreads > 100.0 && data.shape.len() == 1 && scaling != ScalingKind::Standardise {
            advice.push(format!(
                "the spreads of features differ by a factor of {:.0}: the largest decide who is near; --scaling standardise gives each \
                 the same weight",
                self.spreads
            ));
        }
        if let Some(near) = &self.neighbours
            && near.distance > 0.7 * near.typical
        {
            advice.push(format!(
                "the {}th neighbour is hardly nearer than any other sample: neighbourhoods say little here; fewer features, \
                 more samples, or a smaller --k would help",
                near.k
            ));
        }
        advice
    }
}

/// Features by their numbers, the first of them.
fn named(features: &[usize], all: usize) -> String {
    const SHOWN: usize = 5;
    let numbers: Vec<String> = features.iter().take(SHOWN).map(usize::to_string).collect();
    let more = if features.len() > SHOWN { ", ..." } else { "" };
    match features.len() {
        1 => format!("feature {} of {all}", numbers[0]),
        count => format!("{count} of {all} features ({}{more})", numbers.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Generator, Stream};
    use rand::RngExt;

    fn dataset(features: usize, values: Vec<f32>) -> Dataset {
        Dataset {
            samples: values.len() / features,
            shape: vec![features],
            values: Values::Floats(values.into()),
            labels: None,
            parameter: None,
        }
    }

    /// Points of a `dimension`-dimensional cube in a space of 6.
    fn cube(dimension: usize) -> Vec<f32> {
        let mut generator = Generator::new(3, Stream::Split, 9);
        let point = |_| -> Vec<f32> {
            let mut point: Vec<f32> = (0..dimension).map(|_| generator.random()).collect();
            point.resize(6, 0.5);
            point
        };
        (0..1500).flat_map(point).collect()
    }

    #[test]
    fn the_dimension_is_that_of_the_points() {
        for dimension in [1, 2, 4] {
            let values = cube(dimension);
            let data = dataset(6, values.clone());
            let survey = Survey::of(&data, &values, 10).unwrap();
            let found = survey.neighbours.unwrap().dimension.unwrap();
            let error = (found - dimension as f64).abs() / dimension as f64;
            assert!(error < 0.15, "{dimension}: {found}");
            assert_eq!(survey.latent(6), Some(dimension));
            assert_eq!(survey.constant, (dimension..6).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_is_remarkable_is_said() {
        let mut values = vec![0.0, 1e6, 5.0, 0.0, 1e6, 5.0];
        for row in 0..40_u8 {
            values.extend([f32::from(row), 1e6 + f32::from(row % 2), 5.0]);
        }
        let data = dataset(3, values.clone());
        let survey = Survey::of(&data, &values, 5).unwrap();
        assert_eq!(
            (survey.duplicates, &survey.constant[..], &survey.far_off[..]),
            (2, &[2][..], &[1][..])
        );
        let advice = survey.advice(&data, ScalingKind::Standardise);
        assert!(advice[0].starts_with("2 of 42 samples equal"), "{advice:?}");
        assert!(
            advice[1].starts_with("feature 2 of 3 never varies"),
            "{advice:?}"
        );
        assert!(advice[2].starts_with("feature 1 of 3 far"), "{advice:?}");
    }
}
