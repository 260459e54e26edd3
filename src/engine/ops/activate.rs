//! An activation pushed forward through jets, its adjoint, and its transposed product.

use crate::engine::jets::Jets;
use crate::engine::pass::{Grid, describe};
use crate::engine::recording::View;
use crate::net::Activation;

/// y0 = s(u0), y1 = s'(u0) u1, y2 = s''(u0) u1^2 + s'(u0) u2. Input slots that are not stored are
/// zero.
#[derive(Clone, Debug)]
pub struct Activate {
    /// [batch, input slots, features].
    pub input: View,
    /// [batch, output slots, features].
    pub output: View,
    /// s.
    pub function: Activation,
    /// Shape of the input.
    pub jets: Jets,
    /// Order of the output: that of the input, or 2 where the activation makes the second-order
    /// slots from first-order ones.
    pub output_order: usize,
}

/// The adjoint of [`Activate`]: with a = dL/dy, du2 = s' a2, du1 = s' a1 + 2 s'' u1 a2, du0 = s' a0
/// + sum over directions of (s'' u1 a1 + (s''' u1^2 + s'' u2) a2).
#[derive(Clone, Debug)]
pub struct ActivateAdjoint {
    /// What [`Activate`] read: [batch, input slots, features].
    pub input: View,
    /// [batch, output slots, features].
    pub d_output: View,
    /// [batch, input slots, features].
    pub d_input: View,
    /// s.
    pub function: Activation,
    /// Shape of the input.
    pub jets: Jets,
    /// Order of the output.
    pub output_order: usize,
}

/// output[b, c] = s'(u) rows[b, c] for every cotangent c of sample b, where u is row b * group of
/// the input.
#[derive(Clone, Debug)]
pub struct ActivateTranspose {
    /// What [`Activate`] read, plain values: [batch * group, features].
    pub input: View,
    /// [batch, count, features].
    pub rows: View,
    /// [batch, count, features].
    pub output: View,
    /// s.
    pub function: Activation,
    /// Samples that have cotangents.
    pub batch: usize,
    /// Cotangents of each.
    pub count: usize,
    /// Rows of the input for each of these samples.
    pub group: usize,
    /// Features.
    pub features: usize,
}

describe!(|pass: Activate| {
    reads: [input],
    writes: [output],
    uniforms: [batch = pass.jets.batch, directions = pass.jets.directions, features = pass.jets.features],
    overrides: [
        ACTIVATION = pass.function as u32,
        INPUT_ORDER = pass.jets.order as u32,
        OUTPUT_ORDER = pass.output_order as u32,
    ],
    grid: Grid::Elements(pass.jets.batch * pass.jets.features),
});

describe!(|pass: ActivateAdjoint| {
    reads: [input, d_output],
    writes: [d_input],
    uniforms: [batch = pass.jets.batch, directions = pass.jets.directions, features = pass.jets.features],
    overrides: [
        ACTIVATION = pass.function as u32,
        INPUT_ORDER = pass.jets.order as u32,
        OUTPUT_ORDER = pass.output_order as u32,
    ],
    grid: Grid::Elements(pass.jets.batch * pass.jets.features),
});

describe!(|pass: ActivateTranspose| {
    reads: [input, rows],
    writes: [output],
    uniforms: [batch, count, group, features],
    overrides: [ACTIVATION = pass.function as u32],
    grid: Grid::Elements(pass.batch * pass.features),
});
