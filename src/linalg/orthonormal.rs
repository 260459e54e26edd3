//! Orthonormal bases by the Gram-Schmidt process, twice, which is enough (Giraud, Langou, Rozložník
//! and van den Eshof, Numerische Mathematik 101, 2005), in panels so that most of the work is matrix
//! products.

use super::{add_scaled, dot, transposed};
use crate::gemm::{Matrix, multiply};

/// Columns that are made orthonormal together.
const PANEL: usize = 16;
/// A column of which no more than this is left depends on those before it: the rest is rounding.
const DEPENDENT: f64 = 1e-13;

/// Makes the columns of [rows, columns] orthonormal without changing what the first ones span;
/// columns <= rows. A column that depends on those before it is replaced.
pub(crate) fn orthonormalise(values: &mut [f64], rows: usize, columns: usize) {
    assert!(columns <= rows && values.len() == rows * columns);
    let mut basis = transposed(values, columns);
    for start in (0..columns).step_by(PANEL) {
        let (done, rest) = basis.split_at_mut(start * rows);
        let panel = &mut rest[..PANEL.min(columns - start) * rows];
        for _ in 0..2 {
            let norms: Vec<f64> = panel.chunks_exact(rows).map(norm).collect();
            remove(panel, done, rows);
            for (at, norm_before) in norms.into_iter().enumerate() {
                let (before, column) = panel.split_at_mut(at * rows);
                let column = &mut column[..rows];
                if !normalised(column, before, norm_before) {
                    // Any other column does: this one is in no special position.
                    let turn = (start + at + 2) as f64;
                    let value = |row| (row as f64 + turn.sqrt() * (row as f64 + 1.0)).sin();
                    (0..rows)
                        .zip(&mut *column)
                        .for_each(|(row, to)| *to = value(row));
                    remove(column, done, rows);
                    normalised(column, before, 0.0);
                }
            }
        }
    }
    values.copy_from_slice(&transposed(&basis, rows));
}

fn norm(vector: &[f64]) -> f64 {
    dot(vector, vector).sqrt()
}

/// Takes from each of `vectors` its part in the span of `basis`; both have vectors as rows.
fn remove(vectors: &mut [f64], basis: &[f64], rows: usize) {
    let (count, known) = (vectors.len() / rows, basis.len() / rows);
    if known == 0 {
        return;
    }
    let basis = Matrix::rows(basis, rows);
    let mut parts = vec![0.0; count * known];
    let shape = [count, rows, known];
    multiply(
        &mut parts,
        shape,
        Matrix::rows(vectors, rows),
        basis.transposed(),
        false,
    );
    parts.iter_mut().for_each(|part| *part = -*part);
    multiply(
        vectors,
        [count, known, rows],
        Matrix::rows(&parts, known),
        basis,
        true,
    );
}

/// Takes from a vector its parts along those `before` and brings it to length 1. `false` where
/// nothing of its former norm is left.
fn normalised(vector: &mut [f64], before: &[f64], norm_before: f64) -> bool {
    for other in before.chunks_exact(vector.len()) {
        add_scaled(vector, -dot(vector, other), other);
    }
    let norm = norm(vector);
    if norm <= DEPENDENT * norm_before {
        return false;
    }
    vector.iter_mut().for_each(|value| *value /= norm);
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::tests::assert_orthonormal_rows;

    /// The basis with vectors in rows, orthonormal.
    fn basis(values: &[f64], rows: usize, columns: usize) -> Vec<f64> {
        let mut result = values.to_vec();
        orthonormalise(&mut result, rows, columns);
        let basis = transposed(&result, columns);
        assert_orthonormal_rows(&basis, rows, 1e-14 * rows as f64);
        basis
    }

    #[test]
    fn the_first_columns_span_what_they_did() {
        let (rows, columns) = (70, 45);
        let values: Vec<f64> = (0..rows * columns)
            .map(|at| ((at * at) as f64).sin())
            .collect();
        let basis = basis(&values, rows, columns);
        for (at, column) in transposed(&values, columns).chunks_exact(rows).enumerate() {
            let mut rest = column.to_vec();
            for vector in basis.chunks_exact(rows).take(at + 1) {
                add_scaled(&mut rest, -dot(column, vector), vector);
            }
            assert!(norm(&rest) < 1e-13 * norm(column), "column {at}");
            assert!(dot(column, &basis[at * rows..][..rows]) > 0.0);
        }
    }

    /// Powers of nearly equal numbers, whose condition number is far beyond 1 / rounding, columns
    /// that occur twice, zeros, and square matrices of all of them.
    #[test]
    fn dependent_columns_are_replaced() {
        let powers = |rows: usize, columns: usize| -> Vec<f64> {
            let value =
                |at: usize| (1.0 + 1e-3 * (at / columns) as f64).powi((at % columns) as i32);
            (0..rows * columns).map(value).collect()
        };
        basis(&powers(200, 40), 200, 40);
        basis(&powers(33, 33), 33, 33);
        let twice: Vec<f64> = (0..30 * 20)
            .map(|at| ((at / 20 * (at % 20 / 2)) as f64).sin())
            .collect();
        basis(&twice, 30, 20);
        basis(&[0.0; 36], 6, 6);
        basis(&[0.0], 1, 1);
        basis(&[2.0; 25], 5, 5);
    }
}
