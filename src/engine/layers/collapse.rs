//! From jets to the rows that the loss compares.

use super::{Arena, Cotangents, Node};
use crate::engine::jets::{Jets, Tensor};
use crate::engine::ops::{Collapse, CollapseAdjoint};
use crate::engine::recording::{Recording, View};

struct CollapseNode {
    input: Tensor,
    centre: bool,
}

/// Records the rows (f(z), f~_1, ..., f~_D) of jets; f(z) is left out unless `centre`.
pub(in crate::engine) fn collapse(
    recording: &mut Recording,
    stack: &str,
    input: Tensor,
    centre: bool,
) -> (Tensor, Box<dyn Node>) {
    let jets = Jets::values(
        input.jets.batch * (usize::from(centre) + input.jets.directions),
        input.jets.features,
    );
    let output = Tensor {
        view: recording.temporary(format!("{stack} rows"), jets.len()),
        jets,
    };
    recording.push(
        format!("{stack} collapse"),
        Collapse {
            input: input.view,
            output: output.view,
            jets: input.jets,
            centre,
        },
    );
    (output, Box::new(CollapseNode { input, centre }))
}

impl Node for CollapseNode {
    fn backward(
        &self,
        recording: &mut Recording,
        _: &Arena,
        d_output: View,
        _: bool,
    ) -> Option<View> {
        let d_input = recording.temporary("collapse d_input", self.input.jets.len());
        let pass = CollapseAdjoint {
            d_output,
            d_input,
            jets: self.input.jets,
            centre: self.centre,
        };
        recording.push("collapse adjoint", pass);
        Some(d_input)
    }

    fn transpose(&self, _: &mut Recording, _: &Arena, _: Cotangents) -> Cotangents {
        unreachable!("only stacks of plain values are transposed, and those are not collapsed")
    }
}
