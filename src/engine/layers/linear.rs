//! y = W u, plus b in slot 0: one product over all slots.

use super::{Arena, Cotangents, Node, in_parts};
use crate::engine::jets::{Jets, Tensor};
use crate::engine::ops::{Linear, LinearBiasAdjoint, LinearInputAdjoint, LinearWeightAdjoint, parts_of_sum};
use crate::engine::recording::{Recording, View};

struct LinearNode {
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
) -> (Tensor, Box<dyn Node>) {
    let jets = Jets { features: outputs, ..input.jets };
    let output = Tensor { view: recording.reals(format!("{name} output"), jets.len()), jets };
    let (weight, bias) = (arena.find(&format!("{name}.weight")).0, arena.find(&format!("{name}.bias")).0);
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
    (output, Box::new(LinearNode { name: name.to_owned(), input, output }))
}

impl LinearNode {
    /// Records d_input = d_output weight on `rows` rows.
    fn input_adjoint(&self, recording: &mut Recording, arena: &Arena, d_output: View, rows: usize) -> View {
        let (inputs, outputs) = (self.input.jets.features, self.output.jets.features);
        let weight = arena.find(&format!("{}.weight", self.name)).0;
        let label = format!("{} d_input", self.name);
        let d_input = recording.reals(&label, rows * inputs);
        recording.push(label, LinearInputAdjoint { d_output, weight, d_input, rows, inputs, outputs });
        d_input
    }
}

impl Node for LinearNode {
    fn backward(&self, recording: &mut Recording, arena: &Arena, d_output: View, to_input: bool) -> Option<View> {
        let (input, name) = (self.input, &self.name);
        let (rows, inputs, outputs) = (self.output.jets.rows(), input.jets.features, self.output.jets.features);
        // First, so that nothing comes between the gradient of the weight and its update.
        let d_input = to_input.then(|| self.input_adjoint(recording, arena, d_output, rows));
        let gradient =
            |part: &str| arena.find(&format!("{name}.{part}")).1.expect("a recording that goes backward has gradients");
        let parts = parts_of_sum(rows, outputs, inputs);
        in_parts(recording, &format!("{name} d_weight"), gradient("weight"), parts, |d_weight| {
            let stretch = rows.div_ceil(parts);
            LinearWeightAdjoint { d_output, input: input.view, d_weight, rows, inputs, outputs, stretch }.into()
        });
        let (jets, slots) = (self.output.jets.batch, self.output.jets.slots());
        let parts = parts_of_sum(jets, outputs, 1);
        in_parts(recording, &format!("{name} d_bias"), gradient("bias"), parts, |d_bias| {
            let stretch = jets.div_ceil(parts);
            LinearBiasAdjoint { d_output, d_bias, jets, outputs, slots, stretch }.into()
        });
        d_input
    }

    fn transpose(&self, recording: &mut Recording, arena: &Arena, rows: Cotangents) -> Cotangents {
        let view = self.input_adjoint(recording, arena, rows.view, rows.batch * rows.count);
        Cotangents { view, ..rows }
    }
}
