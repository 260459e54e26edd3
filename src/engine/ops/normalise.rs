//! Group normalisation of jets, and z / |z|; means, variances and reciprocal roots carry
//! derivatives too.

use crate::engine::jets::Jets;
use crate::engine::pass::{Grid, describe};
use crate::engine::recording::View;

/// y = scale (u - mean u) / sqrt(mean (u - mean u)^2 + [`NORM_EPSILON`](crate::net::NORM_EPSILON)) +
/// shift over groups of channels; or u / |u| where `unit`.
#[derive(Clone, Debug)]
pub struct Normalise {
    /// [batch, input slots, channels, positions].
    pub input: View,
    /// `[channels]`; not looked at where `unit`.
    pub scale: View,
    /// `[channels]`; not looked at where `unit`.
    pub shift: View,
    /// [batch, output slots, channels, positions].
    pub output: View,
    /// Shape of the input; features are channels times positions.
    pub jets: Jets,
    /// Order of the output: that of the input, or 2 from 1.
    pub output_order: usize,
    /// Channels.
    pub channels: usize,
    /// Groups of channels.
    pub groups: usize,
    /// No mean is taken off, nothing is scaled or shifted, and norms are sums.
    pub unit: bool,
}

/// The adjoint of [`Normalise`], for jets or for several plain gradients of each sample.
#[derive(Clone, Debug)]
pub struct NormaliseAdjoint {
    /// What went forward: jet b of the gradients begins at row b / count * group.
    pub input: View,
    /// [batch, output slots, channels, positions].
    pub d_output: View,
    /// `[channels]`; not looked at where `unit`.
    pub scale: View,
    /// [batch, input slots, channels, positions].
    pub d_input: View,
    /// [batch, channels]: sums of gradient times normalised value; not written without `sums`.
    pub scale_sums: View,
    /// [batch, channels]: sums of the gradient of slot 0; not written without `sums`.
    pub shift_sums: View,
    /// Shape of `d_input`.
    pub jets: Jets,
    /// Order of `d_output`.
    pub output_order: usize,
    /// Channels.
    pub channels: usize,
    /// Groups of channels.
    pub groups: usize,
    /// See [`Normalise::unit`].
    pub unit: bool,
    /// Gradients that share a row of the input.
    pub count: usize,
    /// Rows of the input for each sample.
    pub group: usize,
    /// Whether the sums are written.
    pub sums: bool,
}

describe!(|pass: Normalise| {
    reads: [input, scale, shift],
    writes: [output],
    uniforms: [
        batch = pass.jets.batch,
        directions = pass.jets.directions,
        channels,
        groups,
        positions = pass.jets.features / pass.channels,
    ],
    overrides: [
        INPUT_ORDER = pass.jets.order as u32,
        OUTPUT_ORDER = pass.output_order as u32,
        UNIT = pass.unit.into(),
    ],
    grid: Grid::Groups(pass.jets.batch * pass.groups),
});

describe!(|pass: NormaliseAdjoint| {
    reads: [input, d_output, scale],
    writes: [d_input, scale_sums, shift_sums],
    uniforms: [
        batch = pass.jets.batch,
        directions = pass.jets.directions,
        channels,
        groups,
        positions = pass.jets.features / pass.channels,
        count,
        group,
    ],
    overrides: [
        INPUT_ORDER = pass.jets.order as u32,
        OUTPUT_ORDER = pass.output_order as u32,
        UNIT = pass.unit.into(),
        SUMS = pass.sums.into(),
    ],
    grid: Grid::Groups(pass.jets.batch * pass.groups),
});
