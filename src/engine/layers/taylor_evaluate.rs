//! From jets to the rows that the loss compares.

use super::{Arena, Cotangents, RecordedLayer};
use crate::engine::jets::{Jets, Tensor};
use crate::engine::ops::{TaylorEvaluate, TaylorEvaluateAdjoint};
use crate::engine::recording::{Recording, View};

struct RecordedTaylorEvaluate {
    input: Tensor,
    centre: bool,
}

/// Records the rows (f(z), f~_1, ..., f~_D) of jets; f(z) is left out unless `centre`.
pub(in crate::engine) fn taylor_evaluate(
    recording: &mut Recording,
    stack: &str,
    input: Tensor,
    centre: bool,
) -> (Tensor, Box<dyn RecordedLayer>) {
    let jets = Jets::values(
        input.jets.batch * (usize::from(centre) + input.jets.directions),
        input.jets.features,
    );
    let output = Tensor {
        view: recording.temporary(format!("{stack} rows"), jets.len()),
        jets,
    };
    recording.push(
        format!("{stack} Taylor expansion"),
        TaylorEvaluate {
            input: input.view,
            output: output.view,
            jets: input.jets,
            centre,
        },
    );
    (output, Box::new(RecordedTaylorEvaluate { input, centre }))
}

impl RecordedLayer for RecordedTaylorEvaluate {
    fn backward(
        &self,
        recording: &mut Recording,
        _: &Arena,
        d_output: View,
        _: bool,
    ) -> Option<View> {
        let d_input = recording.temporary("Taylor expansion d_input", self.input.jets.len());
        let pass = TaylorEvaluateAdjoint {
            d_output,
            d_input,
            jets: self.input.jets,
            centre: self.centre,
        };
        recording.push("Taylor expansion adjoint", pass);
        Some(d_input)
    }

    fn transpose(&self, _: &mut Recording, _: &Arena, _: Cotangents) -> Cotangents {
        unreachable!("only stacks of plain values are transposed, and those are not collapsed")
    }
}
