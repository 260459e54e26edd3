//! The weighted squared error of every compared row, and its derivative.

use crate::engine::pass::{Grid, describe};
use crate::engine::recording::View;

/// losses[b, r] = w |prediction - target|^2 and d_prediction = 2 w (prediction - target), with w =
/// weights[step, b, t].
///
/// Row r is compared with target t = first + r of the centre's group: without the centre, target 0
/// is left out. The weights hold the kernel, the means, and a zero where a batch is padded.
#[derive(Clone, Debug)]
pub struct WeightedSquaredError {
    /// [batch, rows, features].
    pub prediction: View,
    /// [batch, group, features]: centre, then neighbours, then rows that are not compared.
    pub target_rows: View,
    /// [steps, batch, group].
    pub weights: View,
    /// Word 0: the step within the block.
    pub state: View,
    /// [batch, rows, features].
    pub d_prediction: View,
    /// [batch, rows].
    pub losses: View,
    /// Centres.
    pub batch: usize,
    /// Rows compared for each centre.
    pub rows: usize,
    /// The target of row 0.
    pub first: usize,
    /// Rows gathered for each centre, at least `first + rows`.
    pub group: usize,
    /// Features of a sample.
    pub features: usize,
}

impl WeightedSquaredError {
    /// The target, counted over the whole batch, that row `row` of the batch is compared with.
    pub fn target_of(&self, row: usize) -> usize {
        row / self.rows * self.group + row % self.rows + self.first
    }
}

describe!(|pass: WeightedSquaredError| {
    reads: [prediction, target_rows, weights, state],
    writes: [d_prediction, losses],
    uniforms: [batch, rows, first, group, features],
    grid: Grid::Groups(pass.batch * pass.rows),
});
