//! Reductions in a fixed order.

use crate::engine::pass::{Grid, describe};
use crate::engine::recording::View;

/// Values that one workgroup of [`SumOfSquares`] reduces.
pub const SUM_OF_SQUARES_CHUNK: usize = 4096;

/// `output[i]` = sum of input[part, i] over the parts, in order.
#[derive(Clone, Debug)]
pub struct SumPartials {
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

/// `partials[i]` = sum of squares of the i-th chunk of [`SUM_OF_SQUARES_CHUNK`] values.
#[derive(Clone, Debug)]
pub struct SumOfSquares {
    /// `[len]`, a multiple of 4.
    pub input: View,
    /// [ceil(len / SUM_OF_SQUARES_CHUNK)].
    pub partials: View,
    /// Values to square.
    pub len: usize,
}

describe!(|pass: SumPartials| {
    reads: [input],
    writes: [output],
    uniforms: [parts, len],
    grid: Grid::Elements(pass.len),
});

describe!(|pass: Sum| {
    reads: [input, state],
    writes: [output],
    uniforms: [len, columns, column],
    grid: Grid::Groups(1),
});

describe!(|pass: SumOfSquares| {
    reads: [input],
    writes: [partials],
    uniforms: [len],
    grid: Grid::Groups(pass.len.div_ceil(SUM_OF_SQUARES_CHUNK)),
});
