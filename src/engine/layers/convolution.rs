//! Convolutions either way: each is the adjoint of the other, so both have the same three passes.

use super::{Arena, Cotangents, RecordedLayer, with_split_k};
use crate::engine::jets::{Jets, Tensor};
use crate::engine::ops::{
    ChannelSums, Convolve, ConvolveTranspose, ConvolveWeightAdjoint, Geometry, split_k,
};
use crate::engine::recording::{Recording, View};
use crate::net::Convolution;

struct RecordedConvolution {
    name: String,
    transposed: bool,
    geometry: Geometry,
    input: Tensor,
    output: Tensor,
}

/// Records a convolution, or a transposed one, from images of `shape` to images of `output_shape`,
/// both [channels, height, width].
pub(super) fn forward(
    recording: &mut Recording,
    arena: &Arena,
    name: &str,
    convolution: &Convolution,
    transposed: bool,
    input: Tensor,
    [shape, output_shape]: [&[usize]; 2],
) -> (Tensor, Box<dyn RecordedLayer>) {
    // The convolution that a transposed one is the adjoint of goes from its output to its input.
    let (image, windows) = if transposed {
        (output_shape, shape)
    } else {
        (shape, output_shape)
    };
    let geometry = Geometry {
        inputs: image[0],
        height: image[1],
        width: image[2],
        outputs: windows[0],
        output_height: windows[1],
        output_width: windows[2],
        kernel: convolution.kernel,
        stride: convolution.stride,
        padding: convolution.padding,
    };
    let jets = Jets {
        features: output_shape.iter().product(),
        ..input.jets
    };
    let output = Tensor {
        view: recording.temporary(format!("{name} output"), jets.len()),
        jets,
    };
    let node = RecordedConvolution {
        name: name.to_owned(),
        transposed,
        geometry,
        input,
        output,
    };
    let bias = arena.value(&format!("{name}.bias"));
    node.apply(
        recording,
        arena,
        "forward",
        transposed,
        input.view,
        bias,
        output.view,
        (jets.rows(), jets.slots()),
    );
    (output, Box::new(node))
}

impl RecordedConvolution {
    /// Records the convolution, or its transpose, of `rows` rows.
    #[expect(clippy::too_many_arguments, reason = "a pass has as many operands")]
    fn apply(
        &self,
        recording: &mut Recording,
        arena: &Arena,
        what: &str,
        transposed: bool,
        from: View,
        bias: View,
        to: View,
        (rows, slots): (usize, usize),
    ) {
        let weight = arena.value(&format!("{}.weight", self.name));
        let (label, geometry) = (format!("{} {what}", self.name), self.geometry);
        if transposed {
            recording.push(
                label,
                ConvolveTranspose {
                    input: from,
                    weight,
                    bias,
                    image: to,
                    rows,
                    slots,
                    geometry,
                },
            );
        } else {
            recording.push(
                label,
                Convolve {
                    image: from,
                    weight,
                    bias,
                    output: to,
                    rows,
                    slots,
                    geometry,
                },
            );
        }
    }

    /// Records the gradient of `rows` rows to the input.
    fn input_adjoint(
        &self,
        recording: &mut Recording,
        arena: &Arena,
        d_output: View,
        rows: usize,
    ) -> View {
        let d_input = recording.temporary(
            format!("{} d_input", self.name),
            rows * self.input.jets.features,
        );
        let channels = if self.transposed {
            self.geometry.outputs
        } else {
            self.geometry.inputs
        };
        let no_bias = recording.constants("no bias", vec![0.0; channels]);
        self.apply(
            recording,
            arena,
            "d_input",
            !self.transposed,
            d_output,
            no_bias,
            d_input,
            (rows, 1),
        );
        d_input
    }
}

impl RecordedLayer for RecordedConvolution {
    fn backward(
        &self,
        recording: &mut Recording,
        arena: &Arena,
        d_output: View,
        to_input: bool,
    ) -> Option<View> {
        let (name, geometry, jets) = (&self.name, self.geometry, self.output.jets);
        let [weight, bias] = ["weight", "bias"].map(|part| format!("{name}.{part}"));
        let (rows, positions) = (jets.rows(), geometry.positions());
        let d_input = to_input.then(|| self.input_adjoint(recording, arena, d_output, rows));
        // Which side is the image depends on the way that the layer goes.
        let (image, d_windows) = if self.transposed {
            (d_output, self.input.view)
        } else {
            (self.input.view, d_output)
        };
        let stretch = rows
            .div_ceil(split_k(
                rows * positions,
                geometry.outputs,
                geometry.terms(),
            ))
            .max(1);
        with_split_k(
            recording,
            &format!("{name} d_weight"),
            arena.gradient(&weight),
            rows.div_ceil(stretch),
            |d_weight| {
                ConvolveWeightAdjoint {
                    d_output: d_windows,
                    image,
                    d_weight,
                    rows,
                    stretch,
                    geometry,
                }
                .into()
            },
        );
        let channels = if self.transposed {
            geometry.inputs
        } else {
            geometry.outputs
        };
        let (batch, slots, positions) = (jets.batch, jets.slots(), jets.features / channels);
        // A workgroup adds up a channel's values of one part, 64 at a time.
        let stretch = batch
            .div_ceil(split_k(batch * positions / 64, channels, 1))
            .max(1);
        with_split_k(
            recording,
            &format!("{name} d_bias"),
            arena.gradient(&bias),
            batch.div_ceil(stretch),
            |output| {
                ChannelSums {
                    input: d_output,
                    output,
                    jets: batch,
                    slots,
                    channels,
                    positions,
                    stretch,
                }
                .into()
            },
        );
        arena.complete(recording, &weight);
        d_input
    }

    fn transpose(&self, recording: &mut Recording, arena: &Arena, rows: Cotangents) -> Cotangents {
        let view = self.input_adjoint(recording, arena, rows.view, rows.batch * rows.count);
        Cotangents { view, ..rows }
    }
}
