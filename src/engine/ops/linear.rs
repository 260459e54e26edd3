//! The linear layer over all slots of its jets at once, and its three adjoints.

use crate::engine::pass::{Grid, describe};
use crate::engine::recording::View;

/// output = input weight^T, plus the bias in slot 0 of every jet.
#[derive(Clone, Debug)]
pub struct Linear {
    /// [rows, inputs].
    pub input: View,
    /// [outputs, inputs].
    pub weight: View,
    /// `[outputs]`.
    pub bias: View,
    /// [rows, outputs].
    pub output: View,
    /// Jets times slots.
    pub rows: usize,
    /// Features in.
    pub inputs: usize,
    /// Features out.
    pub outputs: usize,
    /// Slots of a jet: rows 0, slots, 2 slots, ... are values and have the bias.
    pub slots: usize,
}

/// d_input = d_output weight.
#[derive(Clone, Debug)]
pub struct LinearInputAdjoint {
    /// [rows, outputs].
    pub d_output: View,
    /// [outputs, inputs].
    pub weight: View,
    /// [rows, inputs].
    pub d_input: View,
    /// Jets times slots.
    pub rows: usize,
    /// Features in.
    pub inputs: usize,
    /// Features out.
    pub outputs: usize,
}

/// d_weight = d_output^T input, summed over rows in a fixed order; where there are many rows, one
/// sum for each stretch of them.
#[derive(Clone, Debug)]
pub struct LinearWeightAdjoint {
    /// [rows, outputs].
    pub d_output: View,
    /// [rows, inputs].
    pub input: View,
    /// [parts, outputs, inputs].
    pub d_weight: View,
    /// Jets times slots.
    pub rows: usize,
    /// Features in.
    pub inputs: usize,
    /// Features out.
    pub outputs: usize,
    /// Rows of a part.
    pub stretch: usize,
}

/// d_bias = sum of slot 0 of d_output over the jets, in a fixed order; where there are many jets,
/// one sum for each stretch of them.
#[derive(Clone, Debug)]
pub struct LinearBiasAdjoint {
    /// [jets * slots, outputs].
    pub d_output: View,
    /// [parts, outputs].
    pub d_bias: View,
    /// Jets.
    pub jets: usize,
    /// Features out.
    pub outputs: usize,
    /// Slots of a jet.
    pub slots: usize,
    /// Jets of a part.
    pub stretch: usize,
}

/// Into how many parts a sum over `terms` is cut, for a matrix of sums with `outputs` and `inputs`
/// as its sides.
///
/// Few sums of many terms would leave most of a GPU idle, and Mesa's software driver ends a
/// shader's loops after 65 535 iterations in all without a word. The count depends on the shape
/// alone.
pub fn split_k(terms: usize, outputs: usize, inputs: usize) -> usize {
    const SIDE: usize = 64;
    const BUSY: usize = 128;
    const SHORTEST: usize = 256;
    const LONGEST: usize = 16_384;
    let tiles = outputs.div_ceil(SIDE) * inputs.div_ceil(SIDE);
    (BUSY / tiles)
        .min(terms / SHORTEST)
        .max(terms.div_ceil(LONGEST))
        .max(1)
}

fn flops(rows: usize, inputs: usize, outputs: usize) -> u64 {
    2 * rows as u64 * inputs as u64 * outputs as u64
}

describe!(|pass: Linear| {
    reads: [input, weight, bias],
    writes: [output],
    uniforms: [rows, inputs, outputs, slots],
    grid: Grid::Product { rows: pass.rows, columns: pass.outputs, terms: pass.inputs, parts: 1, rows_per_jet: 1 },
    flops: flops(pass.rows, pass.inputs, pass.outputs),
});

describe!(|pass: LinearInputAdjoint| {
    reads: [d_output, weight],
    writes: [d_input],
    uniforms: [rows, inputs, outputs],
    grid: Grid::Product { rows: pass.rows, columns: pass.inputs, terms: pass.outputs, parts: 1, rows_per_jet: 1 },
    flops: flops(pass.rows, pass.inputs, pass.outputs),
});

describe!(|pass: LinearWeightAdjoint| {
    reads: [d_output, input],
    writes: [d_weight],
    uniforms: [rows, inputs, outputs, stretch],
    grid: Grid::Product {
        rows: pass.outputs,
        columns: pass.inputs,
        terms: pass.stretch,
        parts: pass.rows.div_ceil(pass.stretch),
        rows_per_jet: 1,
    },
    flops: flops(pass.rows, pass.inputs, pass.outputs),
});

describe!(|pass: LinearBiasAdjoint| {
    reads: [d_output],
    writes: [d_bias],
    uniforms: [jets, outputs, slots, stretch],
    grid: Grid::Elements(pass.jets.div_ceil(pass.stretch) * pass.outputs),
});
