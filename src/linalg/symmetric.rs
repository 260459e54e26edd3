//! Eigenvalues of symmetric matrices: Householder's reduction to a tridiagonal matrix, then the QL
//! algorithm with implicit shifts (Martin, Reinsch and Wilkinson, Numerische Mathematik 11, 1968,
//! `tred2` and `imtql2`). Errors are of the order of rounding times the largest eigenvalue.

use super::{add_scaled, dot, magnitude, rotate, two_rows};

/// Steps of the QL algorithm for one eigenvalue; two are usual.
const MOST_STEPS: usize = 60;

/// The eigenvalues of a symmetric matrix [size, size], ascending. `None` where it is not finite.
pub(crate) fn eigenvalues(matrix: &[f64], size: usize) -> Option<Vec<f64>> {
    let (mut reduced, scale) = Tridiagonal::of(matrix, size)?;
    reduced.diagonalise(&mut [], 0)?;
    let mut values = reduced.diagonal;
    values.sort_by(f64::total_cmp);
    values.iter_mut().for_each(|value| *value *= scale);
    Some(values)
}

/// The eigenvalues of a symmetric matrix [size, size], ascending, and orthonormal eigenvectors
/// [size, size], one a row. `None` where it is not finite.
pub(crate) fn eigenpairs(matrix: &[f64], size: usize) -> Option<(Vec<f64>, Vec<f64>)> {
    let (mut reduced, scale) = Tridiagonal::of(matrix, size)?;
    let mut basis = reduced.basis();
    reduced.diagonalise(&mut basis, size)?;
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|&a, &b| reduced.diagonal[a].total_cmp(&reduced.diagonal[b]));
    let values = order.iter().map(|&k| reduced.diagonal[k] * scale).collect();
    let row = |&k: &usize| &basis[k * size..][..size];
    Some((values, order.iter().flat_map(row).copied().collect()))
}

/// T = Q^T A Q with the diagonal and, in element i, what couples i to i - 1. Q is the product of the
/// reflections H_i = 1 - factor_i v_i v_i^T for i from size - 1 down to 1, where v_i has i elements.
struct Tridiagonal {
    diagonal: Vec<f64>,
    coupling: Vec<f64>,
    /// v_i in row i of [size, size].
    reflections: Vec<f64>,
    factors: Vec<f64>,
}

impl Tridiagonal {
    /// The reduced matrix divided by a scale, and the scale.
    fn of(matrix: &[f64], size: usize) -> Option<(Self, f64)> {
        assert!(size > 0 && matrix.len() == size * size);
        let scale = magnitude(matrix)?;
        let mut reduced = Self {
            diagonal: vec![0.0; size],
            coupling: vec![0.0; size],
            reflections: matrix.iter().map(|value| value / scale).collect(),
            factors: vec![0.0; size],
        };
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || reduced.reduce(size),
        );
        Some((reduced, scale))
    }

    /// Reads and writes the lower triangle alone, and each row once a step: what the last reflection
    /// leaves of a row, A - v q^T - q v^T, is computed just before the row is multiplied by the next
    /// v.
    #[inline(always)]
    fn reduce(&mut self, size: usize) {
        let (mut product, mut next) = (vec![0.0; size], vec![0.0; size]);
        for i in (0..size).rev() {
            let (above, below) = self.reflections.split_at_mut(i * size);
            let (row, last) = below.split_at_mut(size);
            // Of the reflection before: v is in its row, and q in `product`.
            let last = (i + 1 < size).then(|| &last[..=i]);
            if let Some(v) = last {
                subtract(&mut row[..=i], v, &product, i);
            }
            self.diagonal[i] = row[i];
            let v = &mut row[..i];
            (self.coupling[i], self.factors[i]) = reflect(v);
            next[..i].fill(0.0);
            for (j, row) in above.chunks_exact_mut(size).enumerate() {
                let row = &mut row[..=j];
                if let Some(v) = last {
                    subtract(row, v, &product, j);
                }
                // The row stands for column j too.
                add_scaled(&mut next[..j], v[j], row);
                next[j] += dot(row, &v[..=j]);
            }
            // With p = factor A v, q = p - (factor v^T p / 2) v.
            let factor = self.factors[i];
            let half = 0.5 * factor * factor * dot(v, &next[..i]);
            for ((q, p), v) in product.iter_mut().zip(&next).zip(v) {
                *q = factor * p - half * *v;
            }
        }
    }

    /// Q^T [size, size].
    fn basis(&self) -> Vec<f64> {
        let size = self.diagonal.len();
        let mut basis = vec![0.0; size * size];
        (0..size).for_each(|i| basis[i * size + i] = 1.0);
        for i in 1..size {
            let v = &self.reflections[i * size..][..i];
            for row in basis.chunks_exact_mut(size).take(i) {
                let factor = -self.factors[i] * dot(&row[..i], v);
                add_scaled(&mut row[..i], factor, v);
            }
        }
        basis
    }

    /// Leaves the eigenvalues on the diagonal and turns the rows of `basis` [size, columns] along.
    /// `None` where they do not converge.
    fn diagonalise(&mut self, basis: &mut [f64], columns: usize) -> Option<()> {
        let (d, size) = (&mut self.diagonal, self.coupling.len());
        // Element i now couples i to i + 1.
        self.coupling.rotate_left(1);
        let e = &mut self.coupling;
        for first in 0..size {
            let mut steps = 0;
            loop {
                let apart = |i: &usize| {
                    e[*i].abs() <= f64::EPSILON * (d[*i].abs() + d[i + 1].abs()) + f64::MIN_POSITIVE
                };
                let last = (first..size - 1).find(apart).unwrap_or(size - 1);
                if last == first {
                    break;
                }
                steps += 1;
                if steps > MOST_STEPS {
                    return None;
                }
                step(d, e, [first, last], |i, turn| {
                    if columns > 0 {
                        let [x, y] = two_rows(basis, columns, [i, i + 1]);
                        rotate(x, y, turn);
                    }
                });
            }
        }
        Some(())
    }
}

/// The reflection 1 - factor v v^T that leaves of the vector in `v` its last element alone: what
/// that becomes, and the factor. Puts v in its place.
#[inline(always)]
fn reflect(v: &mut [f64]) -> (f64, f64) {
    let Some((last, rest)) = v.split_last_mut() else {
        return (0.0, 0.0);
    };
    let squares = dot(rest, rest);
    if squares == 0.0 {
        return (*last, 0.0);
    }
    // Of the two signs the one that does not cancel.
    let norm = -(squares + *last * *last).sqrt().copysign(*last);
    *last -= norm;
    (norm, 2.0 / (squares + *last * *last))
}

/// Row j of A - v q^T - q v^T, up to the diagonal.
#[inline(always)]
fn subtract(row: &mut [f64], v: &[f64], q: &[f64], j: usize) {
    let (v_j, q_j) = (v[j], q[j]);
    for ((value, v), q) in row.iter_mut().zip(v).zip(q) {
        *value -= v_j * q + q_j * v;
    }
}

/// One step of the QL algorithm on rows `first` to `last`, where e[i] couples i to i + 1, with the
/// shift of Wilkinson; calls `turned` with each i of which rows i and i + 1 are turned.
fn step(
    d: &mut [f64],
    e: &mut [f64],
    [first, last]: [usize; 2],
    mut turned: impl FnMut(usize, [f64; 2]),
) {
    let ratio = (d[first + 1] - d[first]) / (2.0 * e[first]);
    let shift = e[first] / (ratio + ratio.hypot(1.0).copysign(ratio));
    let mut g = d[last] - d[first] + shift;
    let (mut c, mut s, mut p) = (1.0, 1.0, 0.0);
    for i in (first..last).rev() {
        let (f, b) = (s * e[i], c * e[i]);
        let r = f.hypot(g);
        e[i + 1] = r;
        if r == 0.0 {
            // The matrix falls apart here.
            d[i + 1] -= p;
            e[last] = 0.0;
            return;
        }
        (s, c) = (f / r, g / r);
        g = d[i + 1] - p;
        let t = (d[i] - g) * s + 2.0 * c * b;
        p = s * t;
        d[i + 1] = g + p;
        g = c * t - b;
        turned(i, [c, s]);
    }
    d[first] -= p;
    e[first] = g;
    e[last] = 0.0;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::tests::{assert_orthonormal_rows, reflected};

    /// Values as given, ascending, and vectors that the matrix multiplies by them.
    fn assert_solved(values: &[f64], tolerance: f64) {
        let size = values.len();
        let matrix = reflected(values);
        let mut want = values.to_vec();
        want.sort_by(f64::total_cmp);
        let largest = values.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
        let (found, vectors) = eigenpairs(&matrix, size).unwrap();
        let alone = eigenvalues(&matrix, size).unwrap();
        for ((found, alone), want) in found.iter().zip(&alone).zip(&want) {
            approx::assert_abs_diff_eq!(found, want, epsilon = tolerance * largest);
            approx::assert_abs_diff_eq!(alone, want, epsilon = tolerance * largest);
        }
        assert_orthonormal_rows(&vectors, size, 1e-13 * size as f64);
        for (vector, value) in vectors.chunks_exact(size).zip(&found) {
            for (row, element) in matrix.chunks_exact(size).zip(vector) {
                let image = dot(row, vector);
                approx::assert_abs_diff_eq!(image, element * value, epsilon = tolerance * largest);
            }
        }
    }

    #[test]
    fn known_spectra_are_found() {
        assert_solved(&[7.0], 1e-15);
        assert_solved(&[-2.0, 5.0], 1e-14);
        // Of multiplicity 6, of rank 2, graded, of both signs, far from 1.
        assert_solved(&[3.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], 1e-14);
        assert_solved(&[4.0, 0.0, 0.0, 1.0, 0.0, 0.0], 1e-14);
        let graded: Vec<f64> = (0..24).map(|k| 10.0_f64.powi(-k)).collect();
        assert_solved(&graded, 1e-14);
        let reversed: Vec<f64> = graded.iter().rev().copied().collect();
        assert_solved(&reversed, 1e-14);
        let even: Vec<f64> = (0..75).map(|k| f64::from(k) - 30.0).collect();
        assert_solved(&even, 1e-13);
        assert_solved(&[1e200, 2e200, -3e200], 1e-14);
        assert_solved(&[1e-200, 2e-200, -3e-200, 5e-201], 1e-14);
    }

    /// 2 on the diagonal and -1 beside it: 2 - 2 cos(pi k / (n + 1)).
    #[test]
    fn the_second_difference_has_the_eigenvalues_of_a_string() {
        let size = 41_usize;
        let matrix: Vec<f64> = (0..size * size)
            .map(|at| match (at / size).abs_diff(at % size) {
                0 => 2.0,
                1 => -1.0,
                _ => 0.0,
            })
            .collect();
        for (k, value) in eigenvalues(&matrix, size).unwrap().into_iter().enumerate() {
            let angle = std::f64::consts::PI * (k + 1) as f64 / (size + 1) as f64;
            approx::assert_abs_diff_eq!(value, 2.0 - 2.0 * angle.cos(), epsilon = 1e-14);
        }
    }

    #[test]
    fn diagonal_matrices_are_exact_and_zeros_have_a_basis() {
        let diagonal = [3.0, 0.0, 0.0, 0.0, -0.1, 0.0, 0.0, 0.0, 1e-9];
        let (values, vectors) = eigenpairs(&diagonal, 3).unwrap();
        assert_eq!(values, [-0.1, 1e-9, 3.0]);
        assert_orthonormal_rows(&vectors, 3, 0.0);
        let (values, vectors) = eigenpairs(&[0.0; 16], 4).unwrap();
        assert_eq!(values, [0.0; 4]);
        assert_orthonormal_rows(&vectors, 4, 0.0);
    }

    #[test]
    fn what_is_not_finite_has_none() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(eigenpairs(&[1.0, bad, bad, 2.0], 2).is_none());
            assert!(eigenvalues(&[bad], 1).is_none());
        }
    }
}
