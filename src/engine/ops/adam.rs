//! Adam (Kingma and Ba 2015) with decoupled weight decay (Loshchilov and Hutter 2019), on parts of
//! arenas; and the step counter.

use crate::engine::pass::{Grid, describe};
use crate::engine::recording::View;

/// One update of some parameters, as PyTorch's `AdamW` does it.
///
/// A parameter whose gradient has a square that is not finite stays as it is, and so do all where
/// the norm is not finite; word 1 of the state then becomes this step plus 1, which puts an end to
/// updates in later steps.
#[derive(Clone, Debug)]
pub struct Adam {
    /// `[len]`.
    pub parameters: View,
    /// `[len]`.
    pub gradients: View,
    /// First moments, `[len]`.
    pub first: View,
    /// Second moments, `[len]`.
    pub second: View,
    /// [steps, 4]: learning rate, 1 / (1 - beta1^t), 1 / sqrt(1 - beta2^t), unused.
    pub schedule: View,
    /// `[1]`: squared norm of the whole gradient, which only clipping needs.
    pub norm: View,
    /// Word 0: the step within the block; word 1: 0, or the first step whose gradient was not finite
    /// plus 1.
    pub state: View,
    /// Number of parameters.
    pub len: usize,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Decoupled weight decay, per unit of learning rate.
    pub weight_decay: f64,
    /// Largest norm of the gradient; 0 for no clipping.
    pub grad_clip_norm: f64,
}

/// Word 0 of the state += 1: the next step of the block.
#[derive(Clone, Debug)]
pub struct IncrementStep {
    /// `[4]`, as [`Adam`] has it.
    pub state: View,
}

describe!(|pass: Adam| {
    reads: [gradients, schedule, norm],
    writes: [],
    updates: [parameters, first, second, state],
    uniforms: [len, beta1, beta2, epsilon, weight_decay, grad_clip_norm],
    grid: Grid::Elements(pass.len.div_ceil(4)),
});

describe!(|pass: IncrementStep| {
    reads: [],
    writes: [],
    updates: [state],
    uniforms: [],
    grid: Grid::Groups(1),
});
