//! The random walk, between the samples themselves or between groups of them.

use super::cluster::clusters;
use super::sparse::Sparse;
use super::spectrum::{Draw, leading_eigenpairs};
use crate::error::Result;
use rayon::prelude::*;

/// Leading eigenvectors used as features for grouping samples.
const EIGENVECTORS: usize = 100;

/// A random walk between landmarks.
pub(super) struct Landmarks {
    /// Number of landmarks.
    pub(super) count: usize,
    /// [count, count]: the probability of a step from one to another; rows sum to 1.
    pub(super) operator: Vec<f64>,
    /// [samples, count]: the probability of a step from a sample to a landmark; `None` where
    /// samples are the landmarks.
    pub(super) transitions: Option<Sparse>,
}

impl Landmarks {
    /// Every sample is a landmark: the operator is the kernel with rows divided by their sums.
    pub(super) fn samples(kernel: &Sparse) -> Self {
        let sums = kernel.row_sums();
        let mut operator = kernel.clone();
        operator.scale(|row, _| 1.0 / sums[row]);
        Self {
            count: kernel.rows(),
            operator: operator.to_dense(),
            transitions: None,
        }
    }

    /// At most `count` groups of samples, found by spectral clustering. A step between groups is a
    /// step of the walk from a group to a sample, then one from there to a group; the affinity of a
    /// sample to a group is the sum of those to its members (`graphtools`).
    pub(super) fn grouped(
        kernel: &Sparse,
        count: usize,
        seed: u64,
        progress: &mut dyn FnMut(f64),
    ) -> Result<Self> {
        let features = spectral_features(kernel, seed)?;
        progress(0.3);
        let groups = clusters(
            &features,
            features.len() / kernel.rows(),
            count,
            seed,
            &mut |share| progress(0.3 + 0.6 * share),
        );
        let count = groups.iter().max().map_or(0, |&last| last as usize + 1);

        let join = |sample: usize| {
            let mut joined: Vec<(u32, f64)> = kernel
                .row(sample)
                .map(|(other, affinity)| (groups[other], affinity))
                .collect();
            joined.sort_by_key(|&(group, _)| group);
            joined.dedup_by(|next, kept| {
                let same = next.0 == kept.0;
                kept.1 += if same { next.1 } else { 0.0 };
                same
            });
            joined
        };
        let affinities = Sparse::from_rows((0..kernel.rows()).map(join), count);
        let sums = affinities.row_sums();
        let mut to_groups = affinities.clone();
        to_groups.scale(|sample, _| 1.0 / sums[sample]);
        let mut to_samples = affinities.transposed();
        let sums = to_samples.row_sums();
        to_samples.scale(|group, _| 1.0 / sums[group]);

        let mut operator = vec![0.0; count * count];
        operator
            .par_chunks_mut(count)
            .enumerate()
            .for_each(|(group, row)| {
                for (sample, first) in to_samples.row(group) {
                    to_groups
                        .row(sample)
                        .for_each(|(other, second)| row[other] += first * second);
                }
            });
        Ok(Self {
            count,
            operator,
            transitions: Some(to_groups),
        })
    }
}

/// [samples, eigenvectors]: P V, with V the leading eigenvectors of the symmetric D^-1/2 K D^-1/2
/// and P = D^-1 K. Only the subspace of V matters, for any other basis of it turns all features
/// alike.
fn spectral_features(kernel: &Sparse, seed: u64) -> Result<Vec<f64>> {
    let sums = kernel.row_sums();
    let mut symmetric = kernel.clone();
    symmetric.scale(|row, column| 1.0 / (sums[row] * sums[column]).sqrt());
    let count = EIGENVECTORS.min(kernel.rows());
    let pairs = leading_eigenpairs(
        kernel.rows(),
        count,
        Draw::Landmarks,
        seed,
        |vectors, width| symmetric.apply(vectors, width),
    )?;
    let mut features = kernel.apply(&pairs.vectors, count);
    features
        .chunks_exact_mut(count)
        .zip(&sums)
        .for_each(|(row, sum)| row.iter_mut().for_each(|value| *value /= sum));
    Ok(features)
}

#[cfg(test)]
mod tests {
    use super::super::affinity::kernel;
    use super::*;

    #[test]
    fn rows_of_the_operators_are_probabilities() {
        let points: Vec<f32> = (0..240).map(|at| (at as f32 * 0.37).sin()).collect();
        let kernel = kernel(&points, 2, 4, 40.0, &mut |_| ()).unwrap();
        let dense = kernel.to_dense();
        let walk = Landmarks::samples(&kernel);
        for (row, probabilities) in walk.operator.chunks_exact(120).enumerate() {
            approx::assert_abs_diff_eq!(probabilities.iter().sum::<f64>(), 1.0, epsilon = 1e-12);
            let sum: f64 = dense[row * 120..][..120].iter().sum();
            (0..120).for_each(|column| {
                approx::assert_abs_diff_eq!(probabilities[column], dense[row * 120 + column] / sum)
            });
        }
        let grouped = Landmarks::grouped(&kernel, 15, 0, &mut |_| ()).unwrap();
        assert!(
            grouped.count > 10 && grouped.count <= 15,
            "{}",
            grouped.count
        );
        for probabilities in grouped.operator.chunks_exact(grouped.count) {
            approx::assert_abs_diff_eq!(probabilities.iter().sum::<f64>(), 1.0, epsilon = 1e-12);
        }
        let transitions = grouped.transitions.unwrap();
        assert_eq!(transitions.rows(), 120);
        transitions
            .row_sums()
            .iter()
            .for_each(|sum| approx::assert_abs_diff_eq!(*sum, 1.0, epsilon = 1e-12));
    }

    /// Where every sample is a group of its own, a step between groups is two steps between
    /// samples.
    #[test]
    fn as_many_groups_as_samples_walk_two_steps() {
        let points: Vec<f32> = (0..40).map(|at| (at * at) as f32).collect();
        let kernel = kernel(&points, 1, 3, 40.0, &mut |_| ()).unwrap();
        let grouped = Landmarks::grouped(&kernel, 40, 0, &mut |_| ()).unwrap();
        assert_eq!(grouped.count, 40);
        let one = Landmarks::samples(&kernel).operator;
        let transitions = grouped.transitions.unwrap().to_dense();
        // Groups are numbered in the order of their first samples.
        for (value, want) in transitions.iter().zip(&one) {
            approx::assert_abs_diff_eq!(value, want, epsilon = 1e-12);
        }
        for at in 0..1600 {
            let want: f64 = (0..40)
                .map(|k| one[at / 40 * 40 + k] * one[k * 40 + at % 40])
                .sum();
            approx::assert_abs_diff_eq!(grouped.operator[at], want, epsilon = 1e-12);
        }
    }
}
