//! Data on their principal components, and in a range where squares of f32 are safe.

use super::spectrum::{Draw, leading_eigenpairs};
use crate::error::Result;
use crate::gemm::{Matrix, multiply};
use rayon::prelude::*;

/// Rows that are taken to f64 at once.
const BLOCK: usize = 1024;

/// `points` [samples, features] on their first `components` principal components, where both sides
/// of the matrix are longer than that, and as they are otherwise; with the number of columns that
/// are left. Either way a power of two scales the values to at most 2, which changes no ratio of
/// distances: squares of the largest f32 would overflow.
pub(super) fn project(
    points: &[f32],
    features: usize,
    components: Option<usize>,
    seed: u64,
) -> Result<(Vec<f32>, usize)> {
    let samples = points.len() / features;
    match components {
        Some(components) if components < samples.min(features) => {
            let centred = Centred::new(points, features);
            let axes = centred.axes(components, seed)?;
            let projected = centred.on_axes(&axes, components);
            Ok((scaled(projected.iter().copied()), components))
        }
        _ => {
            let values = points.iter().map(|&value| f64::from(value));
            Ok((scaled(values), features))
        }
    }
}

/// The mean of `points` [samples, features], and their first `components` principal axes,
/// [features, components], orthonormal.
///
/// # Errors
/// When the eigenvalue problem is not solved.
pub(crate) fn principal_axes(
    points: &[f32],
    features: usize,
    components: usize,
    seed: u64,
) -> Result<(Vec<f64>, Vec<f64>)> {
    let centred = Centred::new(points, features);
    let axes = centred.axes(components, seed)?;
    Ok((centred.mean, axes))
}

/// `points` [samples, features] on their first `components` principal components, in their units:
/// [samples, components], around 0. There are at most as many as features; signs are arbitrary.
///
/// # Errors
/// When the eigenvalues cannot be found, as of points that are not finite.
pub fn principal_components(
    points: &[f32],
    features: usize,
    components: usize,
) -> Result<Vec<f32>> {
    let components = components.min(features);
    let centred = Centred::new(points, features);
    let projected = centred.on_axes(&centred.axes(components, 0)?, components);
    let unscaled = projected.iter().map(|value| (value / centred.scale) as f32);
    Ok(unscaled.collect())
}

/// Samples, and how to move them to their mean.
struct Centred<'a> {
    points: &'a [f32],
    features: usize,
    mean: Vec<f64>,
    scale: f64,
}

impl<'a> Centred<'a> {
    fn new(points: &'a [f32], features: usize) -> Self {
        let mut mean = vec![0.0; features];
        for row in points.chunks_exact(features) {
            mean.iter_mut()
                .zip(row)
                .for_each(|(sum, &value)| *sum += f64::from(value));
        }
        let samples = points.len() / features;
        mean.iter_mut().for_each(|sum| *sum /= samples as f64);
        Self {
            points,
            features,
            mean,
            scale: scale(points.iter().map(|&value| f64::from(value))),
        }
    }

    /// Blocks of samples, scaled and moved to their mean.
    fn blocks(&self) -> impl Iterator<Item = Vec<f64>> {
        let row = |row: &[f32]| {
            row.iter()
                .zip(&self.mean)
                .map(|(&value, mean)| (f64::from(value) - mean) * self.scale)
                .collect::<Vec<_>>()
        };
        self.points.chunks(BLOCK * self.features).map(move |rows| {
            rows.par_chunks_exact(self.features)
                .flat_map_iter(row)
                .collect()
        })
    }

    /// The first `components` principal axes, [features, components].
    fn axes(&self, components: usize, seed: u64) -> Result<Vec<f64>> {
        let features = self.features;
        // X^T (X v) for the eigenvectors of the covariance, which is itself never formed: it has
        // features^2 elements.
        let mut projected = vec![0.0; BLOCK * features.min(components + 32)];
        let covariance_times = |vectors: &[f64], width: usize| {
            let mut sum = vec![0.0; features * width];
            projected.resize(BLOCK * width, 0.0);
            for rows in self.blocks() {
                let count = rows.len() / features;
                let rows = Matrix::rows(&rows, features);
                multiply(
                    &mut projected,
                    [count, features, width],
                    rows,
                    Matrix::rows(vectors, width),
                    false,
                );
                multiply(
                    &mut sum,
                    [features, count, width],
                    rows.transposed(),
                    Matrix::rows(&projected, width),
                    true,
                );
            }
            sum
        };
        let pairs = leading_eigenpairs(
            features,
            components,
            Draw::Components,
            seed,
            covariance_times,
        )?;
        Ok(pairs.vectors)
    }

    /// The samples on `axes`.
    fn on_axes(&self, axes: &[f64], components: usize) -> Vec<f64> {
        let mut result = vec![0.0; self.points.len() / self.features * components];
        for (output, rows) in result.chunks_mut(BLOCK * components).zip(self.blocks()) {
            multiply(
                output,
                [rows.len() / self.features, self.features, components],
                Matrix::rows(&rows, self.features),
                Matrix::rows(axes, components),
                false,
            );
        }
        result
    }
}

/// `values` times a power of two that brings the largest absolute value into 1..2.
fn scaled(values: impl Iterator<Item = f64> + Clone) -> Vec<f32> {
    let scale = scale(values.clone());
    values.map(|value| (value * scale) as f32).collect()
}

/// The power of two that brings the largest absolute value into 1..2.
fn scale(values: impl Iterator<Item = f64>) -> f64 {
    let largest = values.fold(0.0, |largest: f64, value| largest.max(value.abs()));
    if largest > 0.0 {
        (-largest.log2().floor()).exp2()
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Generator, Stream};
    use rand::RngExt;
    use rand_distr::StandardNormal;

    #[test]
    fn distances_in_the_principal_subspace_stay() {
        // Three directions of different variance in twelve features, far from the origin.
        let (samples, features) = (1100, 12);
        let mut generator = Generator::new(5, Stream::Test, 0);
        let hidden: Vec<f64> = (0..samples * 3)
            .map(|at| generator.sample::<f64, _>(StandardNormal) * [5.0, 2.0, 1.0][at % 3])
            .collect();
        let axis =
            |feature: usize, direction: usize| ((feature * (direction + 1)) as f64 * 0.7).cos();
        let points: Vec<f32> = (0..samples * features)
            .map(|at| {
                let sample = &hidden[at / features * 3..][..3];
                (100.0
                    + (0..3)
                        .map(|k| sample[k] * axis(at % features, k))
                        .sum::<f64>()) as f32
            })
            .collect();
        let (projected, width) = project(&points, features, Some(3), 1).unwrap();
        assert_eq!((projected.len(), width), (samples * 3, 3));
        let distance = |points: &[f32], width: usize, i: usize, j: usize| {
            (0..width)
                .map(|k| f64::from(points[i * width + k] - points[j * width + k]).powi(2))
                .sum::<f64>()
                .sqrt()
        };
        let ratio = distance(&projected, 3, 0, 1) / distance(&points, features, 0, 1);
        assert!(
            ratio.log2().fract().abs() < 1e-3 || ratio.log2().fract().abs() > 0.999,
            "no power of two: {ratio}"
        );
        for pair in 0..200 {
            let (i, j) = (pair, 1099 - pair);
            let (all, three) = (
                distance(&points, features, i, j),
                distance(&projected, 3, i, j),
            );
            approx::assert_relative_eq!(three, all * ratio, max_relative = 1e-4);
        }
    }

    #[test]
    fn few_features_are_only_scaled() {
        let (points, features) = project(&[3.0e38, 0.0, -1.5e38, 0.75e38], 2, Some(2), 0).unwrap();
        assert_eq!(features, 2);
        assert_eq!(
            points
                .iter()
                .map(|value| value / points[0])
                .collect::<Vec<_>>(),
            [1.0, 0.0, -0.5, 0.25]
        );
        assert!((1.0..2.0).contains(&points[0]));
        assert_eq!(project(&[0.0; 4], 2, None, 0).unwrap().0, [0.0; 4]);
    }
}
