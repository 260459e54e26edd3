//! Differences of codes: the directions of jets.

use super::{Case, CaseShape};
use crate::engine::Recording;
use crate::engine::ops::{Difference, DifferenceAdjoint};

pub(super) fn cases(extents: CaseShape) -> Vec<Case> {
    vec![difference(extents)]
}

fn difference(
    CaseShape {
        batch,
        directions,
        inputs: features,
        ..
    }: CaseShape,
) -> Case {
    let mut r = Recording::default();
    // One row of each group takes no part.
    let group = 2 + directions;
    let [input, d_input] = ["input", "d_input"].map(|name| r.reals(name, batch * group * features));
    let [output, d_output] =
        ["output", "d_output"].map(|name| r.reals(name, batch * (1 + directions) * features));
    r.push(
        "difference",
        Difference {
            input,
            output,
            batch,
            directions,
            group,
            features,
        },
    );
    r.push(
        "difference adjoint",
        DifferenceAdjoint {
            d_output,
            d_input,
            batch,
            directions,
            group,
            features,
        },
    );
    Case::new("difference", r, output).adjoint(d_output, &[(input, d_input)])
}
