//! Samples of the resident data set, by index, scaled.

use crate::engine::pass::{Describe, Grid, Word};
use crate::engine::recording::View;

/// `output[r]` = (data[indices[step, r]] - shift) / scale, for every row r of a batch.
#[derive(Clone, Debug)]
pub struct Gather {
    /// [samples, features]: f32 by their bits, or bytes packed four to a word, lowest first.
    pub data: View,
    /// [steps, rows] indices of samples.
    pub indices: View,
    /// Word 0: the step within the block.
    pub state: View,
    /// [rows, features].
    pub output: View,
    /// Rows of one step.
    pub rows: usize,
    /// Features of a sample.
    pub features: usize,
    /// Whether the data are bytes.
    pub bytes: bool,
    /// Subtracted from every value.
    pub shift: f32,
    /// Divides every value.
    pub scale: f32,
}

impl Describe for Gather {
    const NAME: &'static str = "gather";

    fn operands(&self) -> Vec<(&'static str, View)> {
        vec![("data", self.data), ("indices", self.indices), ("state", self.state), ("output", self.output)]
    }

    fn words(&self) -> Vec<(&'static str, Word)> {
        vec![
            ("rows", Word::Int(self.rows)),
            ("features", Word::Int(self.features)),
            ("shift", Word::Real(self.shift.into())),
            ("scale", Word::Real(self.scale.into())),
        ]
    }

    fn constants(&self) -> Vec<(&'static str, u32)> {
        vec![("BYTES", self.bytes.into())]
    }

    fn grid(&self) -> Grid {
        Grid::Elements(self.rows * self.features)
    }
}
