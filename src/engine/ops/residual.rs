//! The weighted squared error of every compared row, and its derivative.

use crate::engine::pass::{Describe, Grid, Word};
use crate::engine::recording::View;

/// losses[b, r] = w |prediction - target|^2 and d_prediction = 2 w (prediction - target), with w = weights[step, b, t].
///
/// Row r is compared with target t = r + targets - rows: without the centre, target 0 is left out. The weights hold the
/// kernel, the means, and a zero where a batch is padded.
#[derive(Clone, Debug)]
pub struct Residual {
    /// [batch, rows, features].
    pub prediction: View,
    /// [batch, targets, features]: centre, then neighbours.
    pub target: View,
    /// [steps, batch, targets].
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
    /// Rows gathered for each centre, at least `rows`.
    pub targets: usize,
    /// Features of a sample.
    pub features: usize,
}

impl Residual {
    /// The target, counted over the whole batch, that row `row` of the batch is compared with.
    pub fn target_of(&self, row: usize) -> usize {
        row / self.rows * self.targets + row % self.rows + self.targets - self.rows
    }
}

impl Describe for Residual {
    const NAME: &'static str = "residual";

    fn operands(&self) -> Vec<(&'static str, View)> {
        vec![
            ("prediction", self.prediction),
            ("target_rows", self.target),
            ("weights", self.weights),
            ("state", self.state),
            ("d_prediction", self.d_prediction),
            ("losses", self.losses),
        ]
    }

    fn words(&self) -> Vec<(&'static str, Word)> {
        vec![
            ("batch", Word::Int(self.batch)),
            ("rows", Word::Int(self.rows)),
            ("targets", Word::Int(self.targets)),
            ("features", Word::Int(self.features)),
        ]
    }

    fn grid(&self) -> Grid {
        Grid::Groups(self.batch * self.rows)
    }
}
