//! Copies of matrices whose rows lie a cache line apart.
//!
//! The pieces of a product read a matrix on its right side in strips. Where they come straight from
//! memory, a strip of a few lines of every row takes longer than all rows one after the other; and
//! where rows are a power of two long, the lines of a strip share few places of a cache.

use super::{Real, for_chunks};
use crate::product::Matrix;

/// Values between rows: a cache line.
const GAP: usize = 16;
/// Rows on a product's left side from which on a copy, which takes as long as some of them, is
/// worth its time.
const WORTH_COPYING: usize = 64;

/// Values that the copy of `rows` of `columns` values takes, for a product with `left` rows on its
/// left side; none where there is no copy.
pub(super) fn room(left: usize, rows: usize, columns: usize) -> usize {
    if left < WORTH_COPYING {
        0
    } else {
        rows * (columns + GAP)
    }
}

/// Copies `from`, with rows of `columns` values, to memory that has [`room`] for it; `from` itself
/// where there is to be no copy.
pub(super) fn copy<'a, T: Real>(from: &'a [T], columns: usize, to: &'a mut [T]) -> Matrix<'a, T> {
    if to.is_empty() {
        return Matrix::rows(from, columns);
    }
    for_chunks(
        to,
        columns + GAP,
        #[inline(always)]
        |row, to| to[..columns].copy_from_slice(&from[row * columns..][..columns]),
    );
    Matrix::rows(to, columns + GAP)
}
