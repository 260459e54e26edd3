//! Small dense decompositions in f64. Each is one plain algorithm: the matrices have as many rows as
//! a latent space has dimensions, or PHATE landmarks.

mod orthonormal;
mod singular;
mod symmetric;

pub(crate) use orthonormal::orthonormalise;
pub(crate) use singular::{Singular, singular_decomposition};
pub(crate) use symmetric::{eigenpairs, eigenvalues};

/// The power of two that is next below the largest absolute value, and 1 for zeros: divided by it,
/// values have squares that neither overflow nor all vanish. `None` where a value is not finite.
fn magnitude(values: &[f64]) -> Option<f64> {
    let largest = values.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
    let finite = values.iter().all(|value| value.is_finite());
    let power = largest.max(f64::MIN_POSITIVE).log2().floor().exp2();
    finite.then_some(if largest == 0.0 { 1.0 } else { power })
}

/// The sum of products of two slices of one length, as running sums side by side, which become
/// vector registers.
#[inline(always)]
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    let mut sums = [0.0; 16];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

/// y += factor x
#[inline(always)]
fn add_scaled(y: &mut [f64], factor: f64, x: &[f64]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y += factor * x);
}

/// Turns two vectors in their plane: (c x - s y, s x + c y).
#[inline(always)]
fn rotate(x: &mut [f64], y: &mut [f64], [c, s]: [f64; 2]) {
    for (x, y) in x.iter_mut().zip(y) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
}

/// Rows `i` < `j` of a matrix of `columns`.
fn two_rows(matrix: &mut [f64], columns: usize, [i, j]: [usize; 2]) -> [&mut [f64]; 2] {
    let (before, after) = matrix.split_at_mut(j * columns);
    [&mut before[i * columns..][..columns], &mut after[..columns]]
}

/// [columns, rows] of [rows, columns].
fn transposed(matrix: &[f64], columns: usize) -> Vec<f64> {
    let column = |j: usize| matrix.iter().skip(j).step_by(columns).copied();
    (0..columns).flat_map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::dot;

    /// Q diag(values) Q^T for a reflection Q.
    pub(super) fn reflected(values: &[f64]) -> Vec<f64> {
        let size = values.len();
        let square = (size * (size + 1)) as f64 / 2.0;
        let q = |i: usize, j: usize| {
            f64::from(u8::from(i == j)) - 2.0 * ((i + 1) as f64 * (j + 1) as f64).sqrt() / square
        };
        let element = |at: usize| -> f64 {
            (0..size)
                .map(|k| q(at / size, k) * values[k] * q(at % size, k))
                .sum()
        };
        (0..size * size).map(element).collect()
    }

    pub(super) fn assert_orthonormal_rows(rows: &[f64], columns: usize, tolerance: f64) {
        for (i, a) in rows.chunks_exact(columns).enumerate() {
            for (j, b) in rows.chunks_exact(columns).enumerate().take(i + 1) {
                let want = f64::from(u8::from(i == j));
                approx::assert_abs_diff_eq!(dot(a, b), want, epsilon = tolerance);
            }
        }
    }
}
