//! Kernels of the linear layers on both sides of the latent space, with the differences of latents
//! between them.

use super::linear::fills_tiles;
use crate::engine::ops::{Difference, DifferenceAdjoint, Linear, LinearInputAdjoint};
use crate::engine::pass::describe;
use crate::engine::{Grid, View};

/// [`Linear`], then [`Difference`] of the latents that it gives.
#[derive(Clone, Debug)]
pub(in crate::gpu) struct LinearDifference {
    /// [rows, inputs].
    input: View,
    /// [outputs, inputs].
    weight: View,
    /// `[outputs]`.
    bias: View,
    /// [rows, outputs].
    output: View,
    /// [rows, outputs].
    difference: View,
    rows: usize,
    inputs: usize,
    outputs: usize,
    /// Rows of a centre and its neighbours.
    group: usize,
}

/// [`LinearInputAdjoint`], then [`DifferenceAdjoint`].
#[derive(Clone, Debug)]
pub(in crate::gpu) struct DifferenceLinearAdjoint {
    /// [rows, outputs].
    d_output: View,
    /// [outputs, inputs].
    weight: View,
    /// [rows, inputs].
    d_difference: View,
    /// [rows, inputs].
    d_input: View,
    rows: usize,
    inputs: usize,
    outputs: usize,
    /// Rows of a centre and its neighbours.
    group: usize,
}

impl LinearDifference {
    pub(super) fn of(linear: &Linear, difference: &Difference) -> Option<Self> {
        let group = difference.group;
        let fits = linear.output == difference.input
            && linear.slots == 1
            && group == 1 + difference.directions
            && linear.rows == difference.batch * group
            && fills_tiles(group);
        fits.then_some(Self {
            input: linear.input,
            weight: linear.weight,
            bias: linear.bias,
            output: linear.output,
            difference: difference.output,
            rows: linear.rows,
            inputs: linear.inputs,
            outputs: linear.outputs,
            group,
        })
    }
}

impl DifferenceLinearAdjoint {
    pub(super) fn of(linear: &LinearInputAdjoint, difference: &DifferenceAdjoint) -> Option<Self> {
        let group = difference.group;
        let fits = linear.d_input == difference.d_output
            && group == 1 + difference.directions
            && linear.rows == difference.batch * group
            && fills_tiles(group);
        fits.then_some(Self {
            d_output: linear.d_output,
            weight: linear.weight,
            d_difference: linear.d_input,
            d_input: difference.d_input,
            rows: linear.rows,
            inputs: linear.inputs,
            outputs: linear.outputs,
            group,
        })
    }
}

describe!(|pass: LinearDifference| {
    reads: [input, weight, bias],
    writes: [output, difference],
    uniforms: [rows, inputs, outputs],
    overrides: [ROWS_PER_JET = pass.group as u32],
    grid: Grid::Product {
        rows: pass.rows,
        columns: pass.outputs,
        terms: pass.inputs,
        parts: 1,
        rows_per_jet: pass.group,
    },
    flops: 2 * (pass.rows * pass.inputs * pass.outputs) as u64,
});

describe!(|pass: DifferenceLinearAdjoint| {
    reads: [d_output, weight],
    writes: [d_difference, d_input],
    uniforms: [rows, inputs, outputs],
    overrides: [ROWS_PER_JET = pass.group as u32],
    grid: Grid::Product {
        rows: pass.rows,
        columns: pass.inputs,
        terms: pass.outputs,
        parts: 1,
        rows_per_jet: pass.group,
    },
    flops: 2 * (pass.rows * pass.inputs * pass.outputs) as u64,
});
