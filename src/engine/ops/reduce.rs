//! Reductions in a fixed order.

use crate::engine::pass::{Grid, describe};
use crate::engine::recording::View;

/// Values that one workgroup of [`Squares`] reduces.
pub const SQUARES_CHUNK: usize = 4096;

/// `output[i]` = sum of input[part, i] over the parts, in order.
#[derive(Clone, Debug)]
pub struct Fold {
    /// [parts, len].
    pub input: View,
    /// `[len]`.
    pub output: View,
    /// Summands of each element.
    pub parts: usize,
    /// Elements.
    pub len: usize,
}

/// output[step * columns + column] = sum of input, as one workgroup with a fixed tree.
#[derive(Clone, Debug)]
pub struct Sum {
    /// `[len]`.
    pub input: View,
    /// Word 0: the step within the block.
    pub state: View,
    /// [steps, columns].
    pub output: View,
    /// Values to add.
    pub len: usize,
    /// Values of one step in the output; 0 where all steps write to the same place.
    pub columns: usize,
    /// Which of them.
    pub column: usize,
}

/// `partials[i]` = sum of squares of the i-th chunk of [`SQUARES_CHUNK`] values.
#[derive(Clone, Debug)]
pub struct Squares {
    /// `[len]`, a multiple of 4.
    pub input: View,
    /// [ceil(len / SQUARES_CHUNK)].
    pub partials: View,
    /// Values to square.
    pub len: usize,
}

describe!(|pass: Fold| "fold" {
    operands: [input, output],
    words: [parts, len],
    grid: Grid::Elements(pass.len),
});

describe!(|pass: Sum| "sum" {
    operands: [input, state, output],
    words: [len, columns, column],
    grid: Grid::Groups(1),
});

describe!(|pass: Squares| "squares" {
    operands: [input, partials],
    words: [len],
    grid: Grid::Groups(pass.len.div_ceil(SQUARES_CHUNK)),
});
