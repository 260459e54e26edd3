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
    let components = match components {
        Some(components) if components < samples.min(features) => components,
        _ => {
            let scale = scale(points.iter().map(|&value| f64::from(value)));
            return Ok((
                points
                    .iter()
                    .map(|&value| (f64::from(value) * scale) as f32)
                    .collect(),
                features,
            ));
        }
    };

    let mut mean = vec![0.0; features];
    for row in points.chunks_exact(features) {
        mean.iter_mut()
            .zip(row)
            .for_each(|(sum, &value)| *sum += f64::from(value));
    }
    mean.iter_mut().for_each(|sum| *sum /= samples as f64);
    let scale_in = scale(points.iter().map(|&value| f64::from(value)));
    let centred = |rows: &[f32]| -> Vec<f64> {
        let row = |row: &[f32]| {
            row.iter()
                .zip(&mean)
                .map(|(&value, mean)| (f64::from(value) - mean) * scale_in)
                .collect::<Vec<_>>()
        };
        rows.par_chunks_exact(features).flat_map_iter(row).collect()
    };

    // X^T (X v) for the eigenvectors of the covariance, which is itself never formed: it has
    // features^2 elements.
    let mut projected = vec![0.0; BLOCK * features.min(components + 32)];
    let axes = leading_eigenpairs(
        features,
        components,
        Draw::Components,
        seed,
        |vectors, width| {
            let mut sum = vec![0.0; features * width];
            projected.resize(BLOCK * width, 0.0);
            for rows in points.chunks(BLOCK * features) {
                let (count, rows) = (rows.len() / features, centred(rows));
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
        },
    )?;

    let mut result = vec![0.0; samples * components];
    for (output, rows) in result
        .chunks_mut(BLOCK * components)
        .zip(points.chunks(BLOCK * features))
    {
        let shape = [rows.len() / features, features, components];
        multiply(
            output,
            shape,
            Matrix::rows(&centred(rows), features),
            Matrix::rows(&axes.vectors, components),
            false,
        );
    }
    let scale = scale(result.iter().copied());
    Ok((
        result
            .into_iter()
            .map(|value| (value * scale) as f32)
            .collect(),
        components,
    ))
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
