//! A pointwise nonlinearity; curved ones are where second-order slots come into being.

use super::{Arena, Cotangents, RecordedLayer};
use crate::engine::jets::{Jets, Tensor};
use crate::engine::ops::{Activate, ActivateAdjoint, ActivateTranspose};
use crate::engine::recording::{Recording, View};
use crate::net::Activation;

struct RecordedActivation {
    name: String,
    function: Activation,
    input: Tensor,
    output: Tensor,
}

pub(super) fn forward(
    recording: &mut Recording,
    name: &str,
    function: Activation,
    input: Tensor,
    order: usize,
) -> (Tensor, Box<dyn RecordedLayer>) {
    let curved =
        input.jets.directions > 0 && input.jets.order >= 1 && !function.is_piecewise_linear();
    let output_order = if curved { order } else { input.jets.order };
    let jets = Jets {
        order: output_order,
        ..input.jets
    };
    let output = Tensor {
        view: recording.temporary(format!("{name} output"), jets.len()),
        jets,
    };
    let pass = Activate {
        input: input.view,
        output: output.view,
        function,
        jets: input.jets,
        output_order,
    };
    let label = format!("{name} {}", function.name());
    recording.push(label, pass);
    (
        output,
        Box::new(RecordedActivation {
            name: name.to_owned(),
            function,
            input,
            output,
        }),
    )
}

impl RecordedLayer for RecordedActivation {
    fn backward(
        &self,
        recording: &mut Recording,
        _: &Arena,
        d_output: View,
        to_input: bool,
    ) -> Option<View> {
        if !to_input {
            return None;
        }
        let (input, function) = (self.input, self.function);
        let d_input = recording.temporary(format!("{} d_input", self.name), input.jets.len());
        let output_order = self.output.jets.order;
        let pass = ActivateAdjoint {
            input: input.view,
            d_output,
            d_input,
            function,
            jets: input.jets,
            output_order,
        };
        let label = format!("{} {} adjoint", self.name, function.name());
        recording.push(label, pass);
        Some(d_input)
    }

    fn transpose(&self, recording: &mut Recording, _: &Arena, rows: Cotangents) -> Cotangents {
        let features = self.input.jets.features;
        let Cotangents {
            batch,
            count,
            group,
            ..
        } = rows;
        let view = recording.temporary(
            format!("{} transposed", self.name),
            batch * count * features,
        );
        recording.push(
            format!("{} {} transposed", self.name, self.function.name()),
            ActivateTranspose {
                input: self.input.view,
                rows: rows.view,
                output: view,
                function: self.function,
                batch,
                count,
                group,
                features,
            },
        );
        Cotangents { view, ..rows }
    }
}
