//! Copies of matrices whose rows lie a cache line apart.
//!
//! The pieces of a product read a matrix on its right side in strips. Where they come straight from
//! memory, a strip of a few lines of every row takes longer than all rows one after the other; and
//! where rows are a power of two long, the lines of a strip share few places of a cache.

use super::{Float, for_chunks};
use crate::gemm::Matrix;

/// Values between rows: a cache line.
const ROW_PADDING: usize = 16;
/// Rows on a product's left side from which on a copy, which takes as long as some of them, is
/// worth its time.
const WORTH_COPYING: usize = 64;

/// Values that the copy of `rows` of `columns` values takes, for a product with `left` rows on its
/// left side; none where there is no copy.
pub(super) fn workspace_len(left: usize, rows: usize, columns: usize) -> usize {
    if left < WORTH_COPYING {
        0
    } else {
        rows * (columns + ROW_PADDING)
    }
}

/// Copies `from`, with rows of `columns` values, to memory that has [`workspace_len`] for it;
/// `from` itself where there is to be no copy.
pub(super) fn copy<'a, T: Float>(from: &'a [T], columns: usize, to: &'a mut [T]) -> Matrix<'a, T> {
    if to.is_empty() {
        return Matrix::rows(from, columns);
    }
    for_chunks(
        to,
        columns + ROW_PADDING,
        #[inline(always)]
        |row, to| to[..columns].copy_from_slice(&from[row * columns..][..columns]),
    );
    Matrix::rows(to, columns + ROW_PADDING)
}
