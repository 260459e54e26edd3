//! How each kind of layer is recorded: forward over jets, the way back, and transposed products.

mod activation;
mod convolution;
mod linear;
mod norm;
mod pool;
mod taylor_evaluate;

pub(super) use taylor_evaluate::taylor_evaluate;

use super::arena::Arena;
use super::jets::Tensor;
use super::ops::SumPartials;
use super::pass::Pass;
use super::recording::{Recording, View};
use crate::net::Layer;

/// A layer that has been recorded forward, with what the way back needs.
pub(super) trait RecordedLayer {
    /// Records the adjoint for the gradient `d_output` at the layer's output: the gradient at its
    /// input where `to_input`, which is returned, and then gradients of its parameters, which may
    /// be updated right afterwards.
    fn backward(
        &self,
        recording: &mut Recording,
        arena: &Arena,
        d_output: View,
        to_input: bool,
    ) -> Option<View>;

    /// Records the products of `rows` with the layer's Jacobian, transposed: `rows.count`
    /// cotangents for every `rows.group`-th sample that went forward as a plain value. No parameter
    /// gets a gradient.
    fn transpose(&self, recording: &mut Recording, arena: &Arena, rows: Cotangents) -> Cotangents;
}

/// Cotangents of some samples, [batch, count, features].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cotangents {
    pub(crate) view: View,
    /// Samples that have cotangents.
    pub(crate) batch: usize,
    /// Cotangents of each.
    pub(crate) count: usize,
    /// The samples are the rows 0, group, 2 group, ... of what went forward.
    pub(crate) group: usize,
}

/// Records one layer on `input`, up to derivatives of `order`. `name` is what its parameters begin
/// with, `shapes` those of a sample in front of the layer and behind it.
pub(super) fn forward(
    recording: &mut Recording,
    arena: &Arena,
    name: &str,
    layer: &Layer,
    input: Tensor,
    order: usize,
    shapes: [&[usize]; 2],
) -> (Tensor, Box<dyn RecordedLayer>) {
    match *layer {
        Layer::Linear { outputs, .. } => linear::forward(recording, arena, name, outputs, input),
        Layer::Activation { function } => {
            activation::forward(recording, name, function, input, order)
        }
        Layer::Conv(ref c) => convolution::forward(recording, arena, name, c, false, input, shapes),
        Layer::ConvTranspose(ref c) => {
            convolution::forward(recording, arena, name, c, true, input, shapes)
        }
        Layer::MaxPool(window) => pool::max(recording, name, window, input, shapes),
        Layer::AveragePool(window) => pool::average(recording, name, window, input, shapes),
        Layer::Upsample { align_corners } => {
            pool::upsample(recording, name, align_corners, input, shapes)
        }
        Layer::GroupNorm { groups, channels } => {
            norm::group(recording, arena, name, (channels, groups), input, order)
        }
        Layer::UnitNorm => norm::unit(recording, name, input, order),
        // An image is its values in (channel, height, width) order already.
        Layer::Flatten | Layer::Unflatten { .. } => (input, Box::new(Reshape)),
    }
}

/// A layer that changes nothing but how values are counted.
struct Reshape;

impl RecordedLayer for Reshape {
    fn backward(
        &self,
        _: &mut Recording,
        _: &Arena,
        d_output: View,
        to_input: bool,
    ) -> Option<View> {
        to_input.then_some(d_output)
    }

    fn transpose(&self, _: &mut Recording, _: &Arena, rows: Cotangents) -> Cotangents {
        rows
    }
}

/// Records a pass that writes `parts` sums of the shape of `target`, and then their sum into
/// `target`.
fn with_split_k(
    recording: &mut Recording,
    label: &str,
    target: View,
    parts: usize,
    pass: impl FnOnce(View) -> Pass,
) {
    if parts == 1 {
        return recording.push(label, pass(target));
    }
    let partial = recording.temporary(format!("{label} in parts"), parts * target.len);
    recording.push(label, pass(partial));
    recording.push(
        format!("{label} summed"),
        SumPartials {
            input: partial,
            output: target,
            parts,
            len: target.len,
        },
    );
}
