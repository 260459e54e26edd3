//! y = W u, plus b in slot 0: one product over all slots.

use super::{Arena, Cotangents, RecordedLayer, with_split_k};
use crate::engine::jets::{Jets, Tensor};
use crate::engine::ops::{
    Linear, LinearBiasAdjoint, LinearInputAdjoint, LinearWeightAdjoint, split_k,
};
use crate::engine::recording::{Recording, View};

struct RecordedLinear {
    name: String,
    input: Tensor,
    output: Tensor,
}

pub(super) fn forward(
    recording: &mut Recording,
    arena: &Arena,
    name: &str,
    outputs: usize,
    input: Tensor,
) -> (Tensor, Box<dyn RecordedLayer>) {
    let jets = Jets {
        features: outputs,
        ..input.jets
    };
    let output = Tensor {
        view: recording.temporary(format!("{name} output"), jets.len()),
        jets,
    };
    let (weight, bias) = (
        arena.value(&format!("{name}.weight")),
        arena.value(&format!("{name}.bias")),
    );
    recording.push(
        format!("{name} linear"),
        Linear {
            input: input.view,
            weight,
            bias,
            output: output.view,
            rows: jets.rows(),
            inputs: input.jets.features,
            outputs,
            slots: jets.slots(),
        },
    );
    (
        output,
        Box::new(RecordedLinear {
            name: name.to_owned(),
            input,
            output,
        }),
    )
}

impl RecordedLinear {
    /// Records d_input = d_output weight on `rows` rows.
    fn input_adjoint(
        &self,
        recording: &mut Recording,
        arena: &Arena,
        d_output: View,
        rows: usize,
    ) -> View {
        let (inputs, outputs) = (self.input.jets.features, self.output.jets.features);
        let weight = arena.value(&format!("{}.weight", self.name));
        let label = format!("{} d_input", self.name);
        let d_input = recording.temporary(&label, rows * inputs);
        recording.push(
            label,
            LinearInputAdjoint {
                d_output,
                weight,
                d_input,
                rows,
                inputs,
                outputs,
            },
        );
        d_input
    }
}

impl RecordedLayer for RecordedLinear {
    fn backward(
        &self,
        recording: &mut Recording,
        arena: &Arena,
        d_output: View,
        to_input: bool,
    ) -> Option<View> {
        let (input, name) = (self.input, &self.name);
        let (rows, inputs, outputs) = (
            self.output.jets.rows(),
            input.jets.features,
            self.output.jets.features,
        );
        let d_input = to_input.then(|| self.input_adjoint(recording, arena, d_output, rows));
        let [weight, bias] = ["weight", "bias"].map(|part| format!("{name}.{part}"));
        let stretch = rows.div_ceil(split_k(rows, outputs, inputs));
        with_split_k(
            recording,
            &format!("{name} d_weight"),
            arena.gradient(&weight),
            rows.div_ceil(stretch),
            |d_weight| {
                LinearWeightAdjoint {
                    d_output,
                    input: input.view,
                    d_weight,
                    rows,
                    inputs,
                    outputs,
                    stretch,
                }
                .into()
            },
        );
        let (jets, slots) = (self.output.jets.batch, self.output.jets.slots());
        let stretch = jets.div_ceil(split_k(jets, outputs, 1));
        with_split_k(
            recording,
            &format!("{name} d_bias"),
            arena.gradient(&bias),
            jets.div_ceil(stretch),
            |d_bias| {
                LinearBiasAdjoint {
                    d_output,
                    d_bias,
                    jets,
                    outputs,
                    slots,
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
