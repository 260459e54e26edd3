//! Copies of matrices whose rows lie a cache line apart.
//!
//! The pieces of a product read a matrix on its right side in strips. Where they come straight from memory, a strip of a few lines of every row
//! takes longer than all rows one after the other; and where rows are a power of two long, the lines of a strip share few places of a cache.

use super::{Real, for_chunks};
use crate::product::Matrix;

/// Values between rows: a cache line.
const GAP: usize = 16;

/// Values that a copy of `rows` of `columns` values takes.
pub(super) fn room(rows: usize, columns: usize) -> usize {
    rows * (columns + GAP)
}

/// Copies `from`, with rows of `columns` values, to memory that has [`room`] for it.
pub(super) fn copy<'a, T: Real>(from: &[T], columns: usize, to: &'a mut [T]) -> Matrix<'a, T> {
    for_chunks(
        to,
        columns + GAP,
        #[inline(always)]
        |row, to| to[..columns].copy_from_slice(&from[row * columns..][..columns]),
    );
    Matrix::rows(to, columns + GAP)
}
