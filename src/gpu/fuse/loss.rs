//! The kernel of the loss: the end of the decoder with the way back's beginning.

use crate::engine::ops::{
    ActivateAdjoint, TaylorEvaluate, TaylorEvaluateAdjoint, WeightedSquaredError,
};
use crate::engine::pass::describe;
use crate::engine::{Grid, View};
use crate::net::Activation;

/// [`TaylorEvaluate`] for one direction, [`WeightedSquaredError`], [`TaylorEvaluateAdjoint`] and
/// the [`ActivateAdjoint`] of the decoder's last activation; or the error and the adjoint alone,
/// where there are no directions. What lies between is not stored.
#[derive(Clone, Debug)]
pub(in crate::gpu) struct TaylorLoss {
    /// What the activation read: [batch, slots, features].
    input: View,
    /// What it gave: [batch, output slots, features].
    jets: View,
    /// [batch, group, features].
    target_rows: View,
    /// [steps, batch, group].
    weights: View,
    state: View,
    /// [batch, slots, features].
    d_input: View,
    /// [batch, centre + directions].
    losses: View,
    batch: usize,
    directions: usize,
    features: usize,
    /// Whether f(z) is a row.
    centre: bool,
    first: usize,
    group: usize,
    function: Activation,
    input_order: usize,
    output_order: usize,
}

impl TaylorLoss {
    /// Of all four passes.
    pub(super) fn of(
        taylor: &TaylorEvaluate,
        error: &WeightedSquaredError,
        adjoint: &TaylorEvaluateAdjoint,
        activate: &ActivateAdjoint,
    ) -> Option<Self> {
        let chained = [taylor.output, error.d_prediction, adjoint.d_input]
            == [error.prediction, adjoint.d_output, activate.d_output];
        let one = [taylor.jets.directions, activate.jets.directions] == [1, 1];
        let alike = taylor.jets.order == activate.output_order
            && error.features == activate.jets.features
            && error.rows == usize::from(taylor.centre) + 1;
        (chained && one && alike).then(|| Self {
            jets: taylor.input,
            directions: 1,
            centre: taylor.centre,
            ..Self::without_directions(error, activate)
        })
    }

    /// Of the error of plain values, and the adjoint.
    pub(super) fn of_values(
        error: &WeightedSquaredError,
        activate: &ActivateAdjoint,
    ) -> Option<Self> {
        let fits = error.d_prediction == activate.d_output
            && activate.output_order == 0
            && error.rows == 1
            && error.batch == activate.jets.batch
            && error.features == activate.jets.features;
        fits.then(|| Self::without_directions(error, activate))
    }

    fn without_directions(error: &WeightedSquaredError, activate: &ActivateAdjoint) -> Self {
        Self {
            input: activate.input,
            jets: error.prediction,
            target_rows: error.target_rows,
            weights: error.weights,
            state: error.state,
            d_input: activate.d_input,
            losses: error.losses,
            batch: error.batch,
            directions: 0,
            features: error.features,
            centre: true,
            first: error.first,
            group: error.group,
            function: activate.function,
            input_order: activate.jets.order,
            output_order: activate.output_order,
        }
    }
}

describe!(|pass: TaylorLoss| {
    reads: [input, jets, target_rows, weights, state],
    writes: [d_input, losses],
    uniforms: [batch, directions, features, centre, first, group],
    overrides: [
        ACTIVATION = pass.function as u32,
        INPUT_ORDER = pass.input_order as u32,
        OUTPUT_ORDER = pass.output_order as u32,
    ],
    grid: Grid::Groups(pass.batch),
});
