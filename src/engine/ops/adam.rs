//! Adam (Kingma and Ba 2015) with decoupled weight decay (Loshchilov and Hutter 2019), on whole arenas; and the step counter.

use crate::engine::pass::{Grid, describe};
use crate::engine::recording::View;

/// One update of all parameters, as PyTorch's `AdamW` does it.
///
/// Where the squared norm of the gradient is not finite nothing is changed, and word 1 of the state becomes 1 + the step
/// within the block, unless an earlier step has already set it: from then on every step is skipped.
#[derive(Clone, Debug)]
pub struct Adam {
    /// `[len]`, a multiple of 4.
    pub parameters: View,
    /// `[len]`.
    pub gradients: View,
    /// First moments, `[len]`.
    pub first: View,
    /// Second moments, `[len]`.
    pub second: View,
    /// [steps, 4]: learning rate, 1 / (1 - beta1^t), 1 / sqrt(1 - beta2^t), unused.
    pub schedule: View,
    /// `[1]`: squared norm of the gradient.
    pub norm: View,
    /// Word 0: the step within the block; word 1: the first step that was not finite, plus 1.
    pub state: View,
    /// Parameters, gaps included.
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
    pub clip: f64,
}

/// Word 0 of the state += 1: the next step of the block.
#[derive(Clone, Debug)]
pub struct Advance {
    /// The step counter and the first step that was not finite.
    pub state: View,
}

describe!(|pass: Adam| "adam" {
    operands: [parameters, gradients, first, second, schedule, norm, state],
    words: [len, beta1, beta2, epsilon, weight_decay, clip],
    grid: Grid::Elements(pass.len.div_ceil(4)),
});

describe!(|pass: Advance| "advance" {
    operands: [state],
    words: [],
    grid: Grid::Groups(1),
});
