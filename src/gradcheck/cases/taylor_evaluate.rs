//! Taylor expansions.

use super::{Case, CaseShape};
use crate::engine::Recording;
use crate::engine::jets::Jets;
use crate::engine::ops::{TaylorEvaluate, TaylorEvaluateAdjoint};

pub(super) fn cases(extents: CaseShape) -> Vec<Case> {
    [(1, true), (1, false), (2, true), (2, false)]
        .map(|(order, centre)| taylor_evaluate(extents, order, centre))
        .to_vec()
}

fn taylor_evaluate(
    CaseShape {
        batch,
        directions,
        inputs: features,
        ..
    }: CaseShape,
    order: usize,
    centre: bool,
) -> Case {
    let mut r = Recording::default();
    let jets = Jets {
        batch,
        directions,
        order,
        features,
    };
    let rows = batch * (directions + usize::from(centre)) * features;
    let [input, d_input] = ["input", "d_input"].map(|name| r.reals(name, jets.len()));
    let [output, d_output] = ["output", "d_output"].map(|name| r.reals(name, rows));
    r.push(
        "Taylor expansion",
        TaylorEvaluate {
            input,
            output,
            jets,
            centre,
        },
    );
    r.push(
        "Taylor expansion adjoint",
        TaylorEvaluateAdjoint {
            d_output,
            d_input,
            jets,
            centre,
        },
    );
    let name = format!(
        "Taylor expansion, order {order}{}",
        if centre { "" } else { ", no centre" }
    );
    Case::new(name, r, output).adjoint(d_output, &[(input, d_input)])
}
