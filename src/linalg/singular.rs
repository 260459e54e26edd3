//! Singular values and vectors of small square matrices by Jacobi's method: pairs of columns are
//! turned until all are orthogonal (Hestenes, Journal of SIAM 6, 1958).

use super::{dot, magnitude, orthonormalise, rotate, transposed, two_rows};

/// Rounds over all pairs; six to ten are usual.
const MOST_ROUNDS: usize = 60;

/// A = U diag(values) V^T for a matrix [size, size].
pub(crate) struct Singular {
    /// U, left singular vectors in columns.
    pub(crate) left: Vec<f64>,
    /// V, right singular vectors in columns.
    pub(crate) right: Vec<f64>,
    /// Descending.
    pub(crate) values: Vec<f64>,
}

/// The singular value decomposition of a matrix [size, size]. `None` where it is not finite.
pub(crate) fn singular_decomposition(matrix: &[f64], size: usize) -> Option<Singular> {
    let scale = magnitude(matrix)?;
    // A V has orthogonal columns, here in rows, beside those of V.
    let mut images = transposed(matrix, size);
    images.iter_mut().for_each(|value| *value /= scale);
    let mut turns = vec![0.0; size * size];
    (0..size).for_each(|i| turns[i * size + i] = 1.0);
    let mut rounds = 0;
    while round(&mut images, &mut turns, size) {
        rounds += 1;
        if rounds == MOST_ROUNDS {
            return None;
        }
    }
    let norms: Vec<f64> = images
        .chunks_exact(size)
        .map(|row| dot(row, row).sqrt())
        .collect();
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|&a, &b| norms[b].total_cmp(&norms[a]));
    let sorted = |rows: &[f64]| -> Vec<f64> {
        let row = |&k: &usize| &rows[k * size..][..size];
        transposed(
            &order.iter().flat_map(row).copied().collect::<Vec<f64>>(),
            size,
        )
    };
    // What has no length has no direction: any that completes the basis does.
    let least = f64::EPSILON * size as f64 * norms[order[0]];
    for (row, norm) in images.chunks_exact_mut(size).zip(&norms) {
        if *norm <= least {
            row.fill(0.0);
        }
    }
    let mut left = sorted(&images);
    orthonormalise(&mut left, size, size);
    Some(Singular {
        left,
        right: sorted(&turns),
        values: order.iter().map(|&k| norms[k] * scale).collect(),
    })
}

/// Makes each pair of rows of `images` orthogonal in turn, with the rows of `turns` along. `false`
/// when all were.
fn round(images: &mut [f64], turns: &mut [f64], size: usize) -> bool {
    let mut turned = false;
    for j in 1..size {
        for i in 0..j {
            let [x, y] = two_rows(images, size, [i, j]);
            let (xx, yy, xy) = (dot(x, x), dot(y, y), dot(x, y));
            if xy.abs() <= size as f64 * f64::EPSILON * (xx * yy).sqrt() + f64::MIN_POSITIVE {
                continue;
            }
            turned = true;
            // The smaller of the two angles.
            let ratio = (yy - xx) / (2.0 * xy);
            let tangent = 1.0_f64.copysign(ratio) / (ratio.abs() + ratio.hypot(1.0));
            let c = 1.0 / tangent.hypot(1.0);
            let turn = [c, c * tangent];
            rotate(x, y, turn);
            let [x, y] = two_rows(turns, size, [i, j]);
            rotate(x, y, turn);
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::tests::{assert_orthonormal_rows, reflected};

    /// U diag(values) V^T is the matrix, and both bases are orthonormal.
    fn assert_decomposed(matrix: &[f64], size: usize, tolerance: f64) -> Vec<f64> {
        let parts = singular_decomposition(matrix, size).unwrap();
        let (left, right) = (
            transposed(&parts.left, size),
            transposed(&parts.right, size),
        );
        assert_orthonormal_rows(&left, size, 1e-13 * size as f64);
        assert_orthonormal_rows(&right, size, 1e-13 * size as f64);
        assert!(parts.values.is_sorted_by(|a, b| a >= b));
        let largest = parts.values[0];
        for (at, want) in matrix.iter().enumerate() {
            let term = |k: usize| {
                let (u, v) = (left[k * size + at / size], right[k * size + at % size]);
                u * parts.values[k] * v
            };
            let sum: f64 = (0..size).map(term).sum();
            approx::assert_abs_diff_eq!(sum, *want, epsilon = tolerance * largest);
        }
        parts.values
    }

    #[test]
    fn matrices_are_decomposed() {
        assert_eq!(assert_decomposed(&[-3.0], 1, 0.0), [3.0]);
        // sqrt 45 and sqrt 5.
        let values = assert_decomposed(&[3.0, 0.0, 4.0, 5.0], 2, 1e-15);
        approx::assert_relative_eq!(values[0], 45.0_f64.sqrt(), max_relative = 1e-14);
        approx::assert_relative_eq!(values[1], 5.0_f64.sqrt(), max_relative = 1e-14);
        let waves: Vec<f64> = (0..400).map(|at| f64::from(at * at).sin()).collect();
        assert_decomposed(&waves, 20, 1e-13);
        let huge: Vec<f64> = waves.iter().map(|value| value * 1e200).collect();
        assert_decomposed(&huge, 20, 1e-13);
    }

    #[test]
    fn what_has_lower_rank_has_whole_bases() {
        let outer: Vec<f64> = (0..36)
            .map(|at| f64::from(at / 6 + 1) * f64::from(at % 6))
            .collect();
        let values = assert_decomposed(&outer, 6, 1e-14);
        approx::assert_relative_eq!(values[0], (91.0_f64 * 55.0).sqrt(), max_relative = 1e-14);
        assert!(values[1..].iter().all(|value| *value < 1e-13));
        assert_eq!(assert_decomposed(&[0.0; 9], 3, 0.0), [0.0; 3]);
        let graded: Vec<f64> = (0..12).map(|k| 10.0_f64.powi(-15 * k)).collect();
        assert_decomposed(&reflected(&graded), 12, 1e-14);
    }

    #[test]
    fn what_is_not_finite_has_none() {
        assert!(singular_decomposition(&[1.0, f64::NAN, 0.0, 1.0], 2).is_none());
    }
}
