//! Two passes in one kernel: a linear layer and the activation behind it; on the way back, the
//! product that gives an activation's upstream gradient and the adjoint of that activation, and the
//! gradients of a linear layer to its weights and to its biases; at the end, the loss and the count
//! of the step.
//!
//! The recording knows nothing of this. What is fused, and whether that pays, is a matter of this
//! executor's tiles: one kernel saves a dispatch and the wait for it, and a GPU has the product's
//! results at hand when it needs them again. Software drivers and the CPU gain nothing.

use crate::engine::jets::Jets;
use crate::engine::ops::{
    Activate, ActivateAdjoint, IncrementStep, Linear, LinearBiasAdjoint, LinearInputAdjoint,
    LinearWeightAdjoint, Sum,
};
use crate::engine::pass::describe;
use crate::engine::{Describe, Grid, Pass, Recording, View};
use crate::net::Activation;

/// What one dispatch runs.
#[derive(Clone, Debug)]
pub(super) enum Kernel {
    /// A pass of the recording.
    Pass(Pass),
    /// See [`LinearActivate`].
    LinearActivate(LinearActivate),
    /// See [`ActivateLinearAdjoint`].
    ActivateLinearAdjoint(ActivateLinearAdjoint),
    /// See [`LinearParametersAdjoint`].
    LinearParametersAdjoint(LinearParametersAdjoint),
    /// See [`SumIncrement`].
    SumIncrement(SumIncrement),
}

/// Shaders of fused kernels: name and text.
pub(super) const FUSED_SHADERS: &[(&str, &str)] = &[
    (
        "linear_activate",
        include_str!("../../shaders/linear_activate.wgsl"),
    ),
    (
        "activate_linear_adjoint",
        include_str!("../../shaders/activate_linear_adjoint.wgsl"),
    ),
    (
        "linear_parameters_adjoint",
        include_str!("../../shaders/linear_parameters_adjoint.wgsl"),
    ),
    (
        "sum_increment",
        include_str!("../../shaders/sum_increment.wgsl"),
    ),
];

impl Kernel {
    /// Name of the shader.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Pass(pass) => pass.name(),
            Self::LinearActivate(_) => FUSED_SHADERS[0].0,
            Self::ActivateLinearAdjoint(_) => FUSED_SHADERS[1].0,
            Self::LinearParametersAdjoint(_) => FUSED_SHADERS[2].0,
            Self::SumIncrement(_) => FUSED_SHADERS[3].0,
        }
    }

    /// Bindings, uniforms, overrides and grid.
    pub(super) fn describe(&self) -> &dyn Describe {
        match self {
            Self::Pass(pass) => pass.describe(),
            Self::LinearActivate(pass) => pass,
            Self::ActivateLinearAdjoint(pass) => pass,
            Self::LinearParametersAdjoint(pass) => pass,
            Self::SumIncrement(pass) => pass,
        }
    }

    /// Workgroups along x beside those that the grid asks for.
    pub(super) fn groups_beside(&self) -> u32 {
        u32::from(matches!(self, Self::LinearParametersAdjoint(_)))
    }

    /// `first` and `second` in one kernel; `None` where there is no such kernel or its tiles would
    /// hold whole jets only with much waste.
    pub(super) fn fused(first: &Pass, second: &Pass) -> Option<Self> {
        match (first, second) {
            (Pass::Linear(linear), Pass::Activate(activate)) => {
                LinearActivate::of(linear, activate).map(Self::LinearActivate)
            }
            (Pass::LinearInputAdjoint(linear), Pass::ActivateAdjoint(activate)) => {
                ActivateLinearAdjoint::of(linear, activate).map(Self::ActivateLinearAdjoint)
            }
            (Pass::LinearWeightAdjoint(weight), Pass::LinearBiasAdjoint(bias)) => {
                LinearParametersAdjoint::of(weight, bias).map(Self::LinearParametersAdjoint)
            }
            (Pass::Sum(sum), Pass::IncrementStep(next)) => {
                SumIncrement::of(sum, next).map(Self::SumIncrement)
            }
            _ => None,
        }
    }
}

/// The order in which `recording` runs with as many pairs as possible side by side: a pass that can
/// be fused with an earlier one moves right behind it, where no pass in between conflicts with it.
/// Positions of the passes as recorded.
pub(super) fn order(recording: &Recording, fuses: impl Fn(&Kernel) -> bool) -> Vec<usize> {
    let pass = |position: usize| &recording.passes[position].1;
    let mut order: Vec<usize> = Vec::with_capacity(recording.passes.len());
    for position in 0..recording.passes.len() {
        let place = order
            .iter()
            .rposition(|earlier| pass(*earlier).conflicts(pass(position)));
        let behind = (place.unwrap_or(0)..order.len()).find(|place| {
            let fused = Kernel::fused(pass(order[*place]), pass(position));
            fused.is_some_and(|kernel| fuses(&kernel))
                && segment(recording, order[*place]) == segment(recording, position)
        });
        order.insert(behind.map_or(order.len(), |place| place + 1), position);
    }
    order
}

fn segment(recording: &Recording, position: usize) -> bool {
    recording.update.is_some_and(|update| position >= update)
}

/// What is dispatched for passes in this order: neighbours that `fuses` allows as one kernel, with
/// the position of the first pass of each.
pub(super) fn kernels<'a>(
    passes: impl IntoIterator<Item = &'a Pass>,
    fuses: impl Fn(&Kernel) -> bool,
) -> Vec<(usize, Kernel)> {
    let mut kernels: Vec<(usize, Kernel)> = Vec::new();
    for (position, pass) in passes.into_iter().enumerate() {
        let fused = match kernels.last() {
            Some((_, Kernel::Pass(last))) => Kernel::fused(last, pass).filter(&fuses),
            _ => None,
        };
        match (fused, kernels.last_mut()) {
            (Some(fused), Some((_, last))) => *last = fused,
            _ => kernels.push((position, Kernel::Pass(pass.clone()))),
        }
    }
    kernels
}

/// `recording` with its passes in `order`.
pub(super) fn ordered(recording: &Recording, order: &[usize]) -> Recording {
    let mut ordered = recording.clone();
    ordered.passes = order
        .iter()
        .map(|position| recording.passes[*position].clone())
        .collect();
    ordered
}

/// `recording` with its passes in `order`, and with memory that buffers share where no kernel uses
/// both: of two passes in one, the second may not write what the first reads.
pub(super) fn planned(
    recording: &Recording,
    order: &[usize],
    fuses: impl Fn(&Kernel) -> bool,
) -> Recording {
    let ordered = ordered(recording, order);
    let passes = ordered.passes.iter().map(|(_, pass)| pass);
    let firsts: Vec<usize> = kernels(passes, fuses)
        .into_iter()
        .map(|(first, _)| first)
        .collect();
    let kernel = |position| firsts.partition_point(|first| *first <= position);
    ordered.with_memory_planned_for(kernel).into_owned()
}

/// [`Linear`], then [`Activate`] on what it gives.
#[derive(Clone, Debug)]
pub(super) struct LinearActivate {
    /// [batch, slots, inputs].
    input: View,
    /// [jets.features, inputs].
    weight: View,
    /// `[jets.features]`.
    bias: View,
    /// [batch, slots, jets.features]: what the linear layer gives.
    output: View,
    /// [batch, output slots, jets.features].
    activated: View,
    /// Features in.
    inputs: usize,
    /// Shape of what the linear layer gives.
    jets: Jets,
    function: Activation,
    /// Order of what the activation gives.
    output_order: usize,
}

/// [`LinearInputAdjoint`], then [`ActivateAdjoint`] of the activation in front of the linear layer.
#[derive(Clone, Debug)]
pub(super) struct ActivateLinearAdjoint {
    /// Gradient at the linear layer's output: [batch, output slots, outputs].
    d_output: View,
    /// [outputs, jets.features].
    weight: View,
    /// Gradient between the activation and the linear layer: [batch, output slots, jets.features].
    d_activated: View,
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
pub(super) struct LinearParametersAdjoint {
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
    fn of(weight: &LinearWeightAdjoint, bias: &LinearBiasAdjoint) -> Option<Self> {
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

/// [`Sum`] of a loss, then [`IncrementStep`].
#[derive(Clone, Debug)]
pub(super) struct SumIncrement {
    /// `[len]`.
    input: View,
    state: View,
    /// [steps, columns].
    output: View,
    len: usize,
    columns: usize,
    column: usize,
}

impl SumIncrement {
    fn of(sum: &Sum, next: &IncrementStep) -> Option<Self> {
        let Sum {
            input,
            state,
            output,
            len,
            columns,
            column,
        } = *sum;
        (state == next.state).then_some(Self {
            input,
            state,
            output,
            len,
            columns,
            column,
        })
    }
}

impl LinearActivate {
    fn of(linear: &Linear, activate: &Activate) -> Option<Self> {
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
            inputs,
            jets,
            function,
            output_order,
        })
    }
}

impl ActivateLinearAdjoint {
    fn of(linear: &LinearInputAdjoint, activate: &ActivateAdjoint) -> Option<Self> {
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
            input,
            d_input,
            outputs,
            jets,
            function,
            output_order,
        };
        let output_jets = fused.output_jets();
        let fits = d_activated == activate.d_output
            && (rows, inputs) == (output_jets.rows(), jets.features)
            && fills_tiles(output_jets.slots());
        fits.then_some(fused)
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
fn fills_tiles(slots: usize) -> bool {
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
        ROWS_PER_JET = pass.output_jets().slots() as u32,
    ],
    grid: Grid::Product {
        rows: pass.output_jets().rows(),
        columns: pass.jets.features,
        terms: pass.outputs,
        parts: 1,
        rows_per_jet: pass.output_jets().slots(),
    },
    flops: 2 * (pass.output_jets().rows() * pass.outputs * pass.jets.features) as u64,
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

describe!(|pass: SumIncrement| {
    reads: [input],
    writes: [output],
    updates: [state],
    uniforms: [len, columns, column],
    grid: Grid::Groups(1),
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Optimiser, Stack, inference, jets_inference};
    use crate::net::Network;
    use crate::objective::{Data, Method, Sampling, Variants, gradient_step, training_step};

    fn step(method: &str, output: Activation, neighbours: usize, trains: bool) -> Recording {
        let network = Network::mlp(&[20], &[30, 30], 2, Activation::Elu, output).unwrap();
        let sampling = Sampling {
            neighbours,
            centre: true,
        };
        let objective = Method::find(method)
            .unwrap()
            .objective(sampling, Variants::default());
        let data = Data::floats(10);
        if trains {
            training_step(&network, &objective, data, 5, 1, 1, &Optimiser::default()).recording
        } else {
            gradient_step(&network, &objective, data, 5, 1, 1).recording
        }
    }

    fn fused(recording: &Recording) -> Vec<(usize, Kernel)> {
        let order = order(recording, |_| true);
        let passes = order.iter().map(|position| &recording.passes[*position].1);
        kernels(passes, |_| true)
    }

    fn count(kernels: &[(usize, Kernel)], names: [&str; 4]) -> [usize; 4] {
        names.map(|name| {
            kernels
                .iter()
                .filter(|(_, kernel)| kernel.name() == name)
                .count()
        })
    }

    #[test]
    fn activations_join_the_products_beside_them() {
        let names = [
            "linear_activate",
            "activate",
            "activate_linear_adjoint",
            "activate_adjoint",
        ];
        for trains in [false, true] {
            let fused = |method, output, neighbours| {
                count(&fused(&step(method, output, neighbours, trains)), names)
            };
            // Two hidden activations each of encoder and decoder. Rows of neighbourhoods are formed
            // in front of a last layer that is linear.
            assert_eq!(fused("ae", Activation::Linear, 1), [4, 0, 4, 0]);
            assert_eq!(fused("nrae-q", Activation::Linear, 1), [4, 0, 3, 1]);
            // One more, whose upstream gradient comes from the loss.
            for method in ["ae", "nrae-l", "nrae-q"] {
                assert_eq!(
                    fused(method, Activation::Sigmoid, 1),
                    [5, 0, 4, 1],
                    "{method}"
                );
            }
            // Jets of 7 slots would leave 2 of 16 rows empty.
            assert_eq!(fused("nrae-l", Activation::Linear, 6), [2, 2, 2, 2]);
        }
    }

    #[test]
    fn every_pass_runs_once_and_behind_all_that_it_waits_for() {
        for method in Method::all() {
            let name = method.name();
            if method.base.variational {
                continue;
            }
            let recording = step(&name, Activation::Sigmoid, 1, true);
            let order = order(&recording, |_| true);
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..recording.passes.len()).collect::<Vec<_>>());
            for (i, first) in order.iter().enumerate() {
                for second in &order[i + 1..] {
                    let [a, b] = [first, second].map(|position| &recording.passes[*position].1);
                    assert!(
                        first < second || !a.conflicts(b),
                        "{name}: {first} before {second}"
                    );
                }
            }
        }
    }

    /// A device refuses a kernel that writes a buffer which it binds a second time; passes and fused
    /// kernels alike.
    #[test]
    fn no_kernel_writes_a_buffer_that_it_binds_twice() {
        let network = Network::mlp(
            &[20],
            &[30, 30, 30],
            2,
            Activation::Elu,
            Activation::Sigmoid,
        )
        .unwrap();
        let inferences = [Stack::Encoder, Stack::Decoder, Stack::Whole]
            .map(|stack| inference(&network, stack, 5).recording);
        let jets = [1, 2].map(|order| jets_inference(&network, 5, 1, order).recording);
        let steps = ["ae", "grae", "nrae-l", "nrae-q"]
            .map(|method| step(method, Activation::Sigmoid, 1, true));
        for recording in inferences.into_iter().chain(jets).chain(steps) {
            let planned = planned(&recording, &order(&recording, |_| true), |_| true);
            assert!(planned.shares_memory);
            let passes = planned.passes.iter().map(|(_, pass)| pass);
            for (_, kernel) in kernels(passes, |_| true) {
                let bindings = kernel.describe().bindings();
                for (i, a) in bindings.iter().enumerate() {
                    assert!(
                        !bindings[..i].iter().any(|b| a.conflicts(*b)),
                        "{}: {bindings:?}",
                        kernel.name()
                    );
                }
            }
        }
    }
}
