//! From jets to the rows that the loss compares, and back.

use crate::engine::jets::Jets;
use crate::engine::pass::{Grid, describe};
use crate::engine::recording::View;

/// Rows (y0, f~_1, ..., f~_D) with f~_d = y0 + y1_d + y2_d / 2, or without y0 where the centre is
/// not compared.
///
/// The map is linear, so in front of a linear output layer it runs before that layer, on fewer
/// rows.
#[derive(Clone, Debug)]
pub struct TaylorEvaluate {
    /// [batch, slots, features].
    pub input: View,
    /// [batch, centre + directions, features].
    pub output: View,
    /// Shape of the input, of order 1 or 2.
    pub jets: Jets,
    /// Whether y0 is a row of its own.
    pub centre: bool,
}

/// The adjoint of [`TaylorEvaluate`]: every f~_d gives to y0, y1_d and half to y2_d.
#[derive(Clone, Debug)]
pub struct TaylorEvaluateAdjoint {
    /// [batch, centre + directions, features].
    pub d_output: View,
    /// [batch, slots, features].
    pub d_input: View,
    /// Shape of the jets.
    pub jets: Jets,
    /// Whether y0 is a row of its own.
    pub centre: bool,
}

describe!(|pass: TaylorEvaluate| {
    reads: [input],
    writes: [output],
    uniforms: [
        batch = pass.jets.batch,
        directions = pass.jets.directions,
        features = pass.jets.features,
        order = pass.jets.order,
        centre,
    ],
    grid: Grid::Elements(pass.jets.batch * pass.jets.features),
});

describe!(|pass: TaylorEvaluateAdjoint| {
    reads: [d_output],
    writes: [d_input],
    uniforms: [
        batch = pass.jets.batch,
        directions = pass.jets.directions,
        features = pass.jets.features,
        order = pass.jets.order,
        centre,
    ],
    grid: Grid::Elements(pass.jets.batch * pass.jets.features),
});
