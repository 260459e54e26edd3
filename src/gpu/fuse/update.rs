//! Kernels of the end of a step: the update, the sum of a loss, and the count of the step.

use crate::engine::ops::{Adam, IncrementStep, Sum};
use crate::engine::pass::describe;
use crate::engine::{Grid, View};

/// Workgroups along one side of a dispatch that every device allows.
const GROUPS: usize = 65_535;
/// Parameters that a workgroup of `adam_sum_increment.wgsl` updates.
const PARAMETERS: usize = 4 * 256;

/// [`Sum`] of a loss, then [`IncrementStep`].
#[derive(Clone, Debug)]
pub(in crate::gpu) struct SumIncrement {
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
    pub(super) fn of(sum: &Sum, next: &IncrementStep) -> Option<Self> {
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

/// [`Adam`] without clipping, then [`SumIncrement`].
#[derive(Clone, Debug)]
pub(in crate::gpu) struct AdamSumIncrement {
    /// `[len]`, as are the next three.
    parameters: View,
    gradients: View,
    first: View,
    second: View,
    /// [steps, 4].
    schedule: View,
    /// `[losses]`.
    input: View,
    /// [steps, columns].
    output: View,
    state: View,
    len: usize,
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    weight_decay: f64,
    losses: usize,
    columns: usize,
    column: usize,
}

impl AdamSumIncrement {
    pub(super) fn of(adam: &Adam, sum: &Sum, next: &IncrementStep) -> Option<Self> {
        let end = SumIncrement::of(sum, next)?;
        let fits = adam.len.div_ceil(PARAMETERS) < GROUPS;
        (fits && adam.grad_clip_norm == 0.0 && adam.state == end.state).then_some(Self {
            parameters: adam.parameters,
            gradients: adam.gradients,
            first: adam.first,
            second: adam.second,
            schedule: adam.schedule,
            input: end.input,
            output: end.output,
            state: end.state,
            len: adam.len,
            beta1: adam.beta1,
            beta2: adam.beta2,
            epsilon: adam.epsilon,
            weight_decay: adam.weight_decay,
            losses: end.len,
            columns: end.columns,
            column: end.column,
        })
    }
}

describe!(|pass: SumIncrement| {
    reads: [input],
    writes: [output],
    updates: [state],
    uniforms: [len, columns, column],
    grid: Grid::Groups(1),
});

describe!(|pass: AdamSumIncrement| {
    reads: [gradients, schedule, input],
    writes: [output],
    updates: [parameters, first, second, state],
    uniforms: [len, beta1, beta2, epsilon, weight_decay, losses, columns, column],
    grid: Grid::Elements(pass.len.div_ceil(4)),
});
