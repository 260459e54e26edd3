//! Samples of the resident data set, by index, scaled.

use crate::engine::pass::{Grid, describe};
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

describe!(|pass: Gather| {
    reads: [data, indices, state],
    writes: [output],
    uniforms: [rows, features, shift, scale],
    overrides: [BYTES = pass.bytes.into()],
    grid: Grid::Elements(pass.rows * pass.features),
});
