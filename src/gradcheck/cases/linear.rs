//! Linear layers, with the adjoints of weights in parts and in one.

use super::{Case, CaseShape, add_up};
use crate::engine::jets::Jets;
use crate::engine::ops::{Linear, LinearBiasAdjoint, LinearInputAdjoint, LinearWeightAdjoint};
use crate::engine::{Recording, View};

pub(super) fn cases(extents: CaseShape) -> Vec<Case> {
    (0..=2).map(|order| linear(extents, order)).collect()
}

fn linear(
    CaseShape {
        batch,
        directions,
        inputs,
        outputs,
    }: CaseShape,
    order: usize,
) -> Case {
    let mut r = Recording::default();
    let jets = Jets {
        batch,
        directions,
        order,
        features: inputs,
    };
    let (rows, slots) = (jets.rows(), jets.slots());
    let [input, d_input] = ["input", "d_input"].map(|name| r.reals(name, rows * inputs));
    let [weight, d_weight] = ["weight", "d_weight"].map(|name| r.reals(name, outputs * inputs));
    let [bias, d_bias] = ["bias", "d_bias"].map(|name| r.reals(name, outputs));
    let [output, d_output] = ["output", "d_output"].map(|name| r.reals(name, rows * outputs));
    r.push(
        "linear",
        Linear {
            input,
            weight,
            bias,
            output,
            rows,
            inputs,
            outputs,
            slots,
        },
    );
    // In one part, and in two with their sum.
    let parts = if order == 0 { rows.min(2) } else { 1 };
    weight_adjoints(&mut r, jets, [input, d_output, d_weight, d_bias], parts);
    r.push(
        "linear d_input",
        LinearInputAdjoint {
            d_output,
            weight,
            d_input,
            rows,
            inputs,
            outputs,
        },
    );
    Case::new(format!("linear, order {order}"), r, output).adjoint(
        d_output,
        &[(input, d_input), (weight, d_weight), (bias, d_bias)],
    )
}

/// The adjoints of weights and biases, in `parts` that are added up.
fn weight_adjoints(
    r: &mut Recording,
    jets: Jets,
    [input, d_output, d_weight, d_bias]: [View; 4],
    parts: usize,
) {
    let (rows, inputs, outputs) = (jets.rows(), jets.features, d_bias.len);
    let [weight_parts, bias_parts] = [("d_weight in parts", d_weight), ("d_bias in parts", d_bias)]
        .map(|(name, target)| {
            if parts == 1 {
                target
            } else {
                r.reals(name, parts * target.len)
            }
        });
    let pass = LinearWeightAdjoint {
        d_output,
        input,
        d_weight: weight_parts,
        rows,
        inputs,
        outputs,
        stretch: rows.div_ceil(parts),
    };
    r.push("linear d_weight", pass);
    let pass = LinearBiasAdjoint {
        d_output,
        d_bias: bias_parts,
        jets: jets.batch,
        outputs,
        slots: jets.slots(),
        stretch: jets.batch.div_ceil(parts),
    };
    r.push("linear d_bias", pass);
    if parts > 1 {
        add_up(r, "sum partials", weight_parts, d_weight, parts);
        add_up(r, "sum partials", bias_parts, d_bias, parts);
    }
}
