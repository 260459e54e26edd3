//! Nearest neighbours block by block: the distances of a block, and the nearest of every row so
//! far. Step t of a recording takes the block in row t / A and column t % A of the blocks, of which
//! A lie next to each other.

use crate::engine::pass::{Grid, describe};
use crate::engine::recording::View;

/// Most neighbours that [`Nearest`] keeps of a sample.
pub const MOST_NEAREST: usize = 256;

/// distances[i, j] = |b|^2 - 2 a.b for the samples a and b of row i and column j of the block: the
/// squared distance but for |a|^2, which does not change the order of a row. Beyond the last sample
/// it is repeated.
#[derive(Clone, Debug)]
pub struct BlockDistances {
    /// [samples, features].
    pub points: View,
    /// `[samples]`: |b|^2.
    pub squares: View,
    /// Word 0: the step.
    pub state: View,
    /// [rows, columns].
    pub distances: View,
    /// Samples.
    pub samples: usize,
    /// Features of each.
    pub features: usize,
    /// Rows of a block.
    pub rows: usize,
    /// Columns of a block.
    pub columns: usize,
}

/// Keeps the `count` samples that are nearest to each row among those that the step and the steps
/// before it in the same row of blocks have seen, without the row's own sample: nearest first, ties
/// by index.
#[derive(Clone, Debug)]
pub struct Nearest {
    /// [rows, columns].
    pub distances: View,
    /// Word 0: the step.
    pub state: View,
    /// [samples, count]: f32::MAX where fewer have been seen.
    pub nearest: View,
    /// [samples, count] words: samples; 2^31 + position where fewer have been seen.
    pub neighbours: View,
    /// Samples.
    pub samples: usize,
    /// Rows of a block.
    pub rows: usize,
    /// Columns of a block.
    pub columns: usize,
    /// Neighbours of each sample, up to [`MOST_NEAREST`].
    pub count: usize,
}

describe!(|pass: BlockDistances| {
    reads: [points, squares, state],
    writes: [distances],
    uniforms: [samples, features, rows, columns],
    grid: Grid::Product { rows: pass.rows, columns: pass.columns, terms: pass.features, parts: 1, rows_per_jet: 1 },
    flops: 2 * (pass.rows * pass.columns * pass.features) as u64,
});

describe!(|pass: Nearest| {
    reads: [distances, state],
    writes: [],
    updates: [nearest, neighbours],
    uniforms: [samples, rows, columns, count],
    grid: Grid::Groups(pass.rows),
});
