//! Kernels of linear layers with what stands beside them.

use crate::engine::jets::Jets;
use crate::engine::ops::{
    Activate, ActivateAdjoint, Linear, LinearBiasAdjoint, LinearInputAdjoint, LinearWeightAdjoint,
    TaylorEvaluate, TaylorEvaluateAdjoint,
};
use crate::engine::pass::describe;
use crate::engine::{Grid, View};
use crate::net::Activation;

/// [`Linear`], then [`Activate`] on what it gives; then [`TaylorEvaluate`] for one direction, where
/// the rows that the loss compares are formed there.
#[derive(Clone, Debug)]
pub(in crate::gpu) struct LinearActivate {
    /// [batch, slots, inputs].
    input: View,
    /// [jets.features, inputs].
    weight: View,
    /// `[jets.features]`.
    bias: View,
    /// [batch, slots, jets.features]: what the linear layer gives.
    output: View,
    /// [batch, output slots, jets.features], or [batch, compared, jets.features].
    activated: View,
    /// Rows that the loss compares of each jet; 0 for jets.
    compared: usize,
    /// Features in.
    inputs: usize,
    /// Shape of what the linear layer gives.
    jets: Jets,
    function: Activation,
    /// Order of what the activation gives.
    output_order: usize,
}

/// [`LinearInputAdjoint`], then [`ActivateAdjoint`] of the activation in front of the linear layer,
/// with [`TaylorEvaluateAdjoint`] for one direction between them where the layer is that of the rows
/// which the loss compares.
#[derive(Clone, Debug)]
pub(in crate::gpu) struct ActivateLinearAdjoint {
    /// Gradient at the linear layer's output: [batch, rows of a jet, outputs].
    d_output: View,
    /// [outputs, jets.features].
    weight: View,
    /// Gradient at the linear layer's input: [batch, rows of a jet, jets.features].
    d_activated: View,
    /// Rows that the loss compares of each jet; 0 for jets.
    compared: usize,
    /// What the activation read: [batch, slots, jets.features].
    input: View,
    /// [batch, slots, jets.features].
    d_input: View,
    /// Features of the linear layer's output.
    outputs: usize,
    /// Shape of what the activation read.
    jets: Jets,
    function: Activation,
    /// Order of what the activation gave.
    output_order: usize,
}

/// [`LinearWeightAdjoint`], and [`LinearBiasAdjoint`] of the same layer beside it.
#[derive(Clone, Debug)]
pub(in crate::gpu) struct LinearParametersAdjoint {
    /// [rows, outputs].
    d_output: View,
    /// [rows, inputs].
    input: View,
    /// [parts, outputs, inputs].
    d_weight: View,
    /// [parts of the jets, outputs].
    d_bias: View,
    rows: usize,
    inputs: usize,
    outputs: usize,
    /// Rows of a part of `d_weight`.
    stretch: usize,
    /// Slots of a jet, of which the first has the bias.
    slots: usize,
    /// Jets of a part of `d_bias`.
    bias_stretch: usize,
}

impl LinearParametersAdjoint {
    pub(super) fn of(weight: &LinearWeightAdjoint, bias: &LinearBiasAdjoint) -> Option<Self> {
        let LinearWeightAdjoint {
            d_output,
            input,
            d_weight,
            rows,
            inputs,
            outputs,
            stretch,
        } = *weight;
        let fits =
            (d_output, rows, outputs) == (bias.d_output, bias.jets * bias.slots, bias.outputs);
        fits.then_some(Self {
            d_output,
            input,
            d_weight,
            d_bias: bias.d_bias,
            rows,
            inputs,
            outputs,
            stretch,
            slots: bias.slots,
            bias_stretch: bias.stretch,
        })
    }
}

impl LinearActivate {
    /// Whether it forms the rows that the loss compares.
    pub(super) fn is_compared(&self) -> bool {
        self.compared > 0
    }

    pub(super) fn of(linear: &Linear, activate: &Activate) -> Option<Self> {
        let Activate {
            output: activated,
            function,
            jets,
            output_order,
            ..
        } = *activate;
        let Linear {
            input,
            weight,
            bias,
            output,
            inputs,
            rows,
            outputs,
            slots,
        } = *linear;
        let fits = output == activate.input
            && (rows, outputs, slots) == (jets.rows(), jets.features, jets.slots())
            && fills_tiles(slots);
        fits.then_some(Self {
            input,
            weight,
            bias,
            output,
            activated,
            compared: 0,
            inputs,
            jets,
            function,
            output_order,
        })
    }

    pub(super) fn of_compared(
        linear: &Linear,
        activate: &Activate,
        taylor: &TaylorEvaluate,
    ) -> Option<Self> {
        let fits = activate.output == taylor.input
            && taylor.jets.directions == 1
            && taylor.jets.order == activate.output_order;
        Self::of(linear, activate)
            .filter(|_| fits)
            .map(|fused| Self {
                activated: taylor.output,
                compared: 1 + usize::from(taylor.centre),
                ..fused
            })
    }
}

impl ActivateLinearAdjoint {
    /// Whether its upstream gradient is that of the rows that the loss compares.
    pub(super) fn is_compared(&self) -> bool {
        self.compared > 0
    }

    pub(super) fn of(linear: &LinearInputAdjoint, activate: &ActivateAdjoint) -> Option<Self> {
        let LinearInputAdjoint {
            d_output,
            weight,
            d_input: d_activated,
            rows,
            inputs,
            outputs,
        } = *linear;
        let ActivateAdjoint {
            input,
            d_input,
            function,
            jets,
            output_order,
            ..
        } = *activate;
        let fused = Self {
            d_output,
            weight,
            d_activated,
            compared: 0,
            input,
            d_input,
            outputs,
            jets,
            function,
            output_order,
        };
        let fits = d_activated == activate.d_output
            && (rows, inputs) == (jets.batch * fused.rows_per_jet(), jets.features)
            && fills_tiles(fused.rows_per_jet());
        fits.then_some(fused)
    }

    pub(super) fn of_compared(
        linear: &LinearInputAdjoint,
        taylor: &TaylorEvaluateAdjoint,
        activate: &ActivateAdjoint,
    ) -> Option<Self> {
        let jets = activate.jets;
        let compared = 1 + usize::from(taylor.centre);
        let fits = linear.d_input == taylor.d_output
            && taylor.d_input == activate.d_output
            && [taylor.jets.directions, jets.directions] == [1, 1]
            && taylor.jets.order == activate.output_order
            && (linear.rows, linear.inputs) == (jets.batch * compared, jets.features);
        fits.then_some(Self {
            d_output: linear.d_output,
            weight: linear.weight,
            d_activated: linear.d_input,
            compared,
            input: activate.input,
            d_input: activate.d_input,
            outputs: linear.outputs,
            jets,
            function: activate.function,
            output_order: activate.output_order,
        })
    }

    /// Rows of the product that belong to a jet.
    fn rows_per_jet(&self) -> usize {
        match self.compared {
            0 => self.output_jets().slots(),
            compared => compared,
        }
    }

    fn output_jets(&self) -> Jets {
        Jets {
            order: self.output_order,
            ..self.jets
        }
    }
}

/// Whether 16 rows hold whole jets of `slots` with at most one row left empty: the tiles of kernels
/// that run both in one have multiples of 16 rows.
pub(super) fn fills_tiles(slots: usize) -> bool {
    slots <= 16 && 16 % slots <= 1
}

describe!(|pass: LinearActivate| {
    reads: [input, weight, bias],
    writes: [output, activated],
    uniforms: [batch = pass.jets.batch, directions = pass.jets.directions, inputs, outputs = pass.jets.features],
    overrides: [
        ACTIVATION = pass.function as u32,
        INPUT_ORDER = pass.jets.order as u32,
        OUTPUT_ORDER = pass.output_order as u32,
        ROWS_PER_JET = pass.jets.slots() as u32,
        COMPARED = pass.compared as u32,
    ],
    grid: Grid::Product {
        rows: pass.jets.rows(),
        columns: pass.jets.features,
        terms: pass.inputs,
        parts: 1,
        rows_per_jet: pass.jets.slots(),
    },
    flops: 2 * (pass.jets.rows() * pass.inputs * pass.jets.features) as u64,
});

describe!(|pass: ActivateLinearAdjoint| {
    reads: [d_output, weight, input],
    writes: [d_activated, d_input],
    uniforms: [batch = pass.jets.batch, directions = pass.jets.directions, inputs = pass.jets.features, outputs],
    overrides: [
        ACTIVATION = pass.function as u32,
        INPUT_ORDER = pass.jets.order as u32,
        OUTPUT_ORDER = pass.output_order as u32,
        ROWS_PER_JET = pass.rows_per_jet() as u32,
        COMPARED = pass.compared as u32,
    ],
    grid: Grid::Product {
        rows: pass.jets.batch * pass.rows_per_jet(),
        columns: pass.jets.features,
        terms: pass.outputs,
        parts: 1,
        rows_per_jet: pass.rows_per_jet(),
    },
    flops: 2 * (pass.jets.batch * pass.rows_per_jet() * pass.outputs * pass.jets.features) as u64,
});

describe!(|pass: LinearParametersAdjoint| {
    reads: [d_output, input],
    writes: [d_weight, d_bias],
    uniforms: [rows, inputs, outputs, stretch, slots, bias_stretch],
    grid: Grid::Product {
        rows: pass.outputs,
        columns: pass.inputs,
        terms: pass.stretch,
        parts: pass.rows.div_ceil(pass.stretch),
        rows_per_jet: 1,
    },
    flops: 2 * (pass.rows * pass.inputs * pass.outputs) as u64,
});
