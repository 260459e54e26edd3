//! Tensors side by side: cotangents behind samples, and the columns of a matrix that is used in blocks.

use crate::engine::pass::{Grid, describe};
use crate::engine::recording::View;

/// Rows of two tensors side by side: `output[b]` = (the first head_rows of group b, `tail[b]`).
#[derive(Clone, Debug)]
pub struct Concat {
    /// [batch, head_group, features].
    pub head: View,
    /// [batch, tail_rows, features].
    pub tail: View,
    /// [batch, head_rows + tail_rows, features].
    pub output: View,
    /// Groups.
    pub batch: usize,
    /// Rows of a group that are taken.
    pub head_rows: usize,
    /// Rows of a group.
    pub head_group: usize,
    /// Rows of the tail for each group.
    pub tail_rows: usize,
    /// Features.
    pub features: usize,
}

describe!(|pass: Concat| {
    reads: [head, tail],
    writes: [output],
    uniforms: [batch, head_rows, head_group, tail_rows, features],
    grid: Grid::Elements(pass.batch * (pass.head_rows + pass.tail_rows) * pass.features),
});
