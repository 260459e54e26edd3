//! What a report measures of a model on its training data. All of it takes a fraction of a second,
//! whatever the data: of large samples, fewer are taken.

use crate::data::Dataset;
use crate::embedding::principal_components;
use crate::error::Result;
use crate::eval::{ManifoldMeasures, Preservation};
use crate::executor::Executor;
use crate::graph::nearest_neighbours;
use crate::model::Model;
use crate::train::Splits;

/// Neighbours of each sample, at most, and the samples for each of them.
const K: usize = 10;
/// Samples squared times features: what finding neighbours may cost.
const WORK: f64 = 2e8;
/// Samples among which neighbours are found, at most.
const MOST: usize = 1000;

/// Measures of a model on a draw of its training samples, in scaled units.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    /// Of the latents; `None` where there are too few samples.
    pub(super) neighbourhoods: Option<Preservation>,
    /// Likewise of as many principal components, where those lose something.
    pub(super) of_pca: Option<Preservation>,
    /// The median distance to the nearest neighbour over that between any two samples.
    pub(super) nearness: Option<f64>,
    /// The decoder's geometry at some latents.
    pub(super) geometry: ManifoldMeasures,
    /// The standard deviations of the scaled features: the least that is not 0, and the largest.
    pub(super) deviations: (f64, f64),
}

impl Measured {
    pub(super) fn of(
        model: &Model,
        splits: &Splits,
        seed: u64,
        executor: &dyn Executor,
    ) -> Result<Self> {
        let (n, m) = (model.network.features(), model.network.latent());
        let samples = ((WORK / n as f64).sqrt() as usize).clamp(4 * K, MOST);
        let drawn = splits.train.draw(samples, seed);
        let codes = model.encode(&drawn.values, executor)?;
        let scaled = model.scaling.apply(&drawn.values);
        let (mut neighbourhoods, mut of_pca) = (None, None);
        // Of few samples, fewer neighbours: a third of all are not near.
        let k = (drawn.samples / K).clamp(3, K);
        if drawn.samples > 2 * k {
            neighbourhoods = Some(Preservation::measure(&scaled, n, &codes, m, k)?);
            if m < n.min(drawn.samples - 1) {
                let components = principal_components(&scaled, n, m)?;
                of_pca = Some(Preservation::measure(&scaled, n, &components, m, k)?);
            }
        }
        // Second derivatives are taken along m (m + 1) / 2 directions.
        let places = (500 / (m * (m + 1) / 2)).clamp(10, 50).min(drawn.samples);
        Ok(Self {
            neighbourhoods,
            of_pca,
            nearness: nearness(&scaled, n)?,
            geometry: ManifoldMeasures::measure(model, &codes[..places * m], executor)?,
            deviations: deviations(&scaled, &drawn),
        })
    }
}

/// The median distance of a sample to its nearest over the median of that to the one after it, which
/// is any: samples are drawn in no order.
fn nearness(scaled: &[f32], features: usize) -> Result<Option<f64>> {
    let samples = scaled.len() / features;
    if samples < 2 {
        return Ok(None);
    }
    let nearest = nearest_neighbours(scaled, features, 1, &mut |_| ())?;
    let row = |i: usize| &scaled[i % samples * features..][..features];
    let half = samples / 2;
    let any = (0..samples).map(|i| {
        let pairs = row(i).iter().zip(row(i + half.max(1)));
        let square: f64 = pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum();
        square.sqrt()
    });
    let (near, any) = (
        median(nearest.distances.iter().map(|&d| d.into()).collect()),
        median(any.collect()),
    );
    Ok((any > 0.0).then(|| near / any))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// The least standard deviation of a feature that is not 0, and the largest.
fn deviations(scaled: &[f32], data: &Dataset) -> (f64, f64) {
    let (features, count) = (data.features(), data.samples as f64);
    let (mut sums, mut squares) = (vec![0.0; features], vec![0.0; features]);
    for row in scaled.chunks_exact(features) {
        for ((sum, square), &value) in sums.iter_mut().zip(&mut squares).zip(row) {
            *sum += f64::from(value);
            *square += f64::from(value).powi(2);
        }
    }
    let of_features = sums
        .iter()
        .zip(&squares)
        .map(|(sum, square)| (square / count - (sum / count).powi(2)).max(0.0).sqrt());
    of_features.filter(|&deviation| deviation > 1e-6).fold(
        (f64::INFINITY, 0.0),
        |(least, largest): (f64, f64), deviation| (least.min(deviation), largest.max(deviation)),
    )
}
