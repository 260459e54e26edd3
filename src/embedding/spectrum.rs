//! Leading eigenvalues of large symmetric matrices, and singular values of small ones.

use crate::error::{Error, Result};
use crate::gemm::{Matrix, multiply};
use crate::linalg::{Singular, eigenpairs, eigenvalues, orthonormalise, singular_decomposition};
use crate::random::{Generator, Stream};
use rand::RngExt;
use rand_distr::StandardNormal;

/// Vectors that are iterated beyond those that are asked for, so that the last ones also converge.
const EXTRA: usize = 10;
/// Steps of subspace iteration. An eigenvalue that is 0.8 of the last one wanted is left with
/// 0.8^20 = 1 % of its share.
const STEPS: usize = 10;

/// What random numbers are drawn for: the step of their stream.
#[derive(Clone, Copy, Debug)]
pub(super) enum Draw {
    Components,
    Landmarks,
    Classic,
    Clusters,
    Anneal,
}

impl Draw {
    pub(super) fn generator(self, seed: u64) -> Generator {
        Generator::new(seed, Stream::Embedding, self as u64)
    }
}

/// Eigenvalues in descending order, with orthonormal eigenvectors.
pub(super) struct Eigenpairs {
    /// `[count]`.
    pub(super) values: Vec<f64>,
    /// [size, count]: each column's largest element is positive.
    pub(super) vectors: Vec<f64>,
}

/// The `count` leading eigenpairs of a symmetric matrix of `size` rows whose leading eigenvalues
/// are positive. `apply` multiplies the matrix by its argument, [size, width] row by row.
///
/// By subspace iteration from a random start and a Rayleigh-Ritz step (Halko, Martinsson and Tropp,
/// SIAM Review 53, 2011).
pub(super) fn leading_eigenpairs(
    size: usize,
    count: usize,
    draw: Draw,
    seed: u64,
    mut apply: impl FnMut(&[f64], usize) -> Vec<f64>,
) -> Result<Eigenpairs> {
    assert!(
        count > 0 && count <= size,
        "a matrix of {size} rows has no {count} eigenvalues"
    );
    let width = (count + EXTRA).min(size);
    let generator = draw.generator(seed);
    let normals = generator.sample_iter(StandardNormal);
    let mut basis: Vec<f64> = normals.take(size * width).collect();
    orthonormalise(&mut basis, size, width);
    for _ in 0..STEPS {
        basis = apply(&basis, width);
        orthonormalise(&mut basis, size, width);
    }
    let image = apply(&basis, width);
    let mut small = vec![0.0; width * width];
    let columns = Matrix::rows(&basis, width);
    multiply(
        &mut small,
        [width, size, width],
        columns.transposed(),
        Matrix::rows(&image, width),
        false,
    );
    let (mut values, rows) = eigenpairs(&small, width).ok_or_else(|| unsolved(width))?;
    // Those are in ascending order.
    values.reverse();
    values.truncate(count);
    let turn: Vec<f64> = (0..width * count)
        .map(|at| rows[(width - 1 - at % count) * width + at / count])
        .collect();
    let mut vectors = vec![0.0; size * count];
    multiply(
        &mut vectors,
        [size, width, count],
        columns,
        Matrix::rows(&turn, count),
        false,
    );
    for column in 0..count {
        let largest = vectors
            .iter()
            .skip(column)
            .step_by(count)
            .fold(0.0_f64, |a, &b| if b.abs() > a.abs() { b } else { a });
        if largest < 0.0 {
            vectors
                .iter_mut()
                .skip(column)
                .step_by(count)
                .for_each(|value| *value = -*value);
        }
    }
    Ok(Eigenpairs { values, vectors })
}

/// The singular values of a square matrix of `size` rows, in descending order: roots of the
/// eigenvalues of A A^T, so small ones are off by up to 1e-8 of the largest. That is four times
/// faster than a decomposition of A and enough for sums over them.
pub(crate) fn singular_values(matrix: &[f64], size: usize) -> Result<Vec<f64>> {
    let mut gram = vec![0.0; size * size];
    let rows = Matrix::rows(matrix, size);
    multiply(
        &mut gram,
        [size, size, size],
        rows,
        rows.transposed(),
        false,
    );
    let squares = eigenvalues(&gram, size).ok_or_else(|| unsolved(size))?;
    Ok(squares
        .iter()
        .rev()
        .map(|square| square.max(0.0).sqrt())
        .collect())
}

/// The singular value decomposition of a small square matrix.
pub(super) fn singular_vectors(matrix: &[f64], size: usize) -> Result<Singular> {
    singular_decomposition(matrix, size).ok_or_else(|| unsolved(size))
}

fn unsolved(size: usize) -> Error {
    Error::input(format!(
        "the eigenvalues of a matrix of {size} rows did not converge: look for extreme values in the data"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Q diag(values) Q^T for a reflection Q.
    fn symmetric(values: &[f64]) -> Vec<f64> {
        let size = values.len();
        let normal: Vec<f64> = (0..size).map(|i| (i as f64 + 1.0).sqrt()).collect();
        let square: f64 = normal.iter().map(|v| v * v).sum();
        let q =
            |i: usize, j: usize| f64::from(u8::from(i == j)) - 2.0 * normal[i] * normal[j] / square;
        (0..size * size)
            .map(|at| {
                (0..size)
                    .map(|k| q(at / size, k) * values[k] * q(at % size, k))
                    .sum()
            })
            .collect()
    }

    fn apply(matrix: &[f64], vectors: &[f64], width: usize) -> Vec<f64> {
        let size = vectors.len() / width;
        let mut result = vec![0.0; size * width];
        multiply(
            &mut result,
            [size, size, width],
            Matrix::rows(matrix, size),
            Matrix::rows(vectors, width),
            false,
        );
        result
    }

    #[test]
    fn leading_eigenpairs_are_those_of_the_matrix() {
        let values: Vec<f64> = (0..40)
            .map(|k| {
                if k < 3 {
                    10.0 - k as f64
                } else {
                    3.0 / (k as f64)
                }
            })
            .collect();
        let matrix = symmetric(&values);
        let pairs = leading_eigenpairs(40, 3, Draw::Classic, 0, |vectors, width| {
            apply(&matrix, vectors, width)
        })
        .unwrap();
        for (k, &want) in values.iter().enumerate().take(3) {
            approx::assert_relative_eq!(pairs.values[k], want, max_relative = 1e-9);
            let vector: Vec<f64> = (0..40).map(|i| pairs.vectors[i * 3 + k]).collect();
            let image = apply(&matrix, &vector, 1);
            for (image, value) in image.iter().zip(&vector) {
                approx::assert_abs_diff_eq!(*image, value * want, epsilon = 1e-6);
            }
            assert!(
                vector
                    .iter()
                    .fold(0.0_f64, |a, &b| if b.abs() > a.abs() { b } else { a })
                    > 0.0
            );
        }
    }

    #[test]
    fn a_matrix_of_lower_rank_has_zeros() {
        let matrix = symmetric(&[2.0, 0.0, 0.0, 0.0]);
        let pairs = leading_eigenpairs(4, 4, Draw::Classic, 0, |vectors, width| {
            apply(&matrix, vectors, width)
        })
        .unwrap();
        for (value, want) in pairs.values.iter().zip([2.0, 0.0, 0.0, 0.0]) {
            approx::assert_abs_diff_eq!(*value, want, epsilon = 1e-12);
        }
        let zero = leading_eigenpairs(4, 2, Draw::Classic, 0, |vectors, _| {
            vec![0.0; vectors.len()]
        })
        .unwrap();
        assert_eq!(zero.values, [0.0, 0.0]);
        assert!(zero.vectors.iter().all(|value| value.is_finite()));
    }

    #[test]
    fn singular_values_of_a_known_matrix() {
        // [[3, 0], [4, 5]] has the singular values sqrt 45 and sqrt 5.
        let Singular {
            left,
            right,
            values,
        } = singular_vectors(&[3.0, 0.0, 4.0, 5.0], 2).unwrap();
        for (value, want) in values
            .iter()
            .chain(&singular_values(&[3.0, 0.0, 4.0, 5.0], 2).unwrap())
            .zip([45.0_f64, 5.0, 45.0, 5.0])
        {
            approx::assert_relative_eq!(*value, want.sqrt(), max_relative = 1e-12);
        }
        let element = |i: usize, j: usize| {
            (0..2)
                .map(|k| left[i * 2 + k] * values[k] * right[j * 2 + k])
                .sum::<f64>()
        };
        approx::assert_abs_diff_eq!(element(1, 0), 4.0, epsilon = 1e-12);
        approx::assert_abs_diff_eq!(element(0, 1), 0.0, epsilon = 1e-12);
    }
}
