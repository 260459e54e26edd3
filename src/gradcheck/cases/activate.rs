//! Activations of jets.

use super::{Case, CaseShape};
use crate::engine::Recording;
use crate::engine::jets::Jets;
use crate::engine::ops::{Activate, ActivateAdjoint, ActivateTranspose};
use crate::net::Activation;

/// All of them in all combinations of orders.
pub(super) fn cases(extents: CaseShape) -> Vec<Case> {
    let mut cases = Vec::new();
    for function in Activation::ALL {
        for orders in [(0, 0), (1, 1), (1, 2), (2, 2)] {
            cases.push(activate(extents, function, orders));
        }
    }
    cases
}

/// Rows that go back through an activation.
pub(super) fn transposed_cases(extents: CaseShape) -> Vec<Case> {
    [Activation::Elu, Activation::Relu, Activation::Sine]
        .map(|function| transpose(extents, function))
        .to_vec()
}

fn activate(
    CaseShape {
        batch,
        directions,
        inputs: features,
        ..
    }: CaseShape,
    function: Activation,
    (input_order, output_order): (usize, usize),
) -> Case {
    let mut r = Recording::default();
    let jets = Jets {
        batch,
        directions,
        order: input_order,
        features,
    };
    let output_len = Jets {
        order: output_order,
        ..jets
    }
    .len();
    let [input, d_input] = ["input", "d_input"].map(|name| r.reals(name, jets.len()));
    let [output, d_output] = ["output", "d_output"].map(|name| r.reals(name, output_len));
    r.push(
        "activate",
        Activate {
            input,
            output,
            function,
            jets,
            output_order,
        },
    );
    r.push(
        "activate adjoint",
        ActivateAdjoint {
            input,
            d_output,
            d_input,
            function,
            jets,
            output_order,
        },
    );
    Case::new(
        format!("{}, order {input_order} to {output_order}", function.name()),
        r,
        output,
    )
    .adjoint(d_output, &[(input, d_input)])
}

fn transpose(
    CaseShape {
        batch,
        directions,
        inputs: features,
        ..
    }: CaseShape,
    function: Activation,
) -> Case {
    let mut r = Recording::default();
    let (count, group) = (directions, 2);
    let input = r.reals("input", batch * group * features);
    let [rows, output] = ["rows", "output"].map(|name| r.reals(name, batch * count * features));
    r.push(
        "transpose",
        ActivateTranspose {
            input,
            rows,
            output,
            function,
            batch,
            count,
            group,
            features,
        },
    );
    Case::new(format!("{}, transposed", function.name()), r, output)
}
