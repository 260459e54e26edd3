//! From latents of a centre and its neighbours to first-order jets, and back.

use crate::engine::pass::{Grid, describe};
use crate::engine::recording::View;

/// (z, z'_1, ..., z'_D) -> (z, z'_1 - z, ..., z'_D - z): rows become first-order jets. Rows of a
/// group beyond 1 + D take no part.
#[derive(Clone, Debug)]
pub struct Difference {
    /// [batch, group, features].
    pub input: View,
    /// [batch, 1 + directions, features].
    pub output: View,
    /// Centres.
    pub batch: usize,
    /// D, neighbours of each.
    pub directions: usize,
    /// Rows of each centre in the input, at least 1 + D.
    pub group: usize,
    /// Features.
    pub features: usize,
}

/// The adjoint of [`Difference`]: dz' = a1, dz = a0 - sum over directions of a1, and 0 for rows
/// that took no part.
#[derive(Clone, Debug)]
pub struct DifferenceAdjoint {
    /// [batch, 1 + directions, features].
    pub d_output: View,
    /// [batch, group, features].
    pub d_input: View,
    /// Centres.
    pub batch: usize,
    /// D, neighbours of each.
    pub directions: usize,
    /// Rows of each centre in the input, at least 1 + D.
    pub group: usize,
    /// Features.
    pub features: usize,
}

describe!(|pass: Difference| {
    reads: [input],
    writes: [output],
    uniforms: [batch, directions, group, features],
    grid: Grid::Elements(pass.batch * pass.features),
});

describe!(|pass: DifferenceAdjoint| {
    reads: [d_output],
    writes: [d_input],
    uniforms: [batch, directions, group, features],
    grid: Grid::Elements(pass.batch * pass.features),
});
