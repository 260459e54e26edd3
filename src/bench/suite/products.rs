//! The products of linear layers, alone and with activations.

use super::{Work, jets};
use crate::engine::Recording;
use crate::engine::jets::Jets;
use crate::engine::ops::{
    Activate, ActivateAdjoint, Linear, LinearInputAdjoint, LinearWeightAdjoint, split_k,
};
use crate::net::Activation;

/// Rows, inputs and outputs of the linear layers.
const LINEAR: [[usize; 3]; 6] = [
    [300, 512, 512],
    [100, 512, 512],
    [1200, 512, 512],
    [300, 784, 512],
    [1024, 1024, 1024],
    [32, 512, 512],
];

pub(super) fn works() -> Vec<Work> {
    let fused = [(Activation::Relu, 1), (Activation::Elu, 2)]
        .into_iter()
        .flat_map(|(function, order)| {
            let jets = Jets {
                batch: 100,
                ..jets(order)
            };
            [
                linear_activate(function, jets),
                activate_linear_adjoint(function, jets),
            ]
        });
    LINEAR.into_iter().flat_map(of_shape).chain(fused).collect()
}

pub(super) fn of_shape(shape: [usize; 3]) -> Vec<Work> {
    vec![
        linear(shape),
        linear_input_adjoint(shape),
        linear_weight_adjoint(shape),
    ]
}

fn product_shape([rows, inputs, outputs]: [usize; 3]) -> String {
    format!("{rows}x{inputs}x{outputs}")
}

pub(super) fn linear(shape @ [rows, inputs, outputs]: [usize; 3]) -> Work {
    let mut r = Recording::default();
    let (input, weight) = (
        r.reals("input", rows * inputs),
        r.reals("weight", outputs * inputs),
    );
    let (bias, output) = (r.reals("bias", outputs), r.reals("output", rows * outputs));
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
            slots: 1,
        },
    );
    Work::new(product_shape(shape), r)
}

fn linear_input_adjoint(shape @ [rows, inputs, outputs]: [usize; 3]) -> Work {
    let mut r = Recording::default();
    let (d_output, weight) = (
        r.reals("d_output", rows * outputs),
        r.reals("weight", outputs * inputs),
    );
    let d_input = r.reals("d_input", rows * inputs);
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
    Work::new(product_shape(shape), r)
}

/// In parts as a step records it; their sum is not included.
fn linear_weight_adjoint(shape @ [rows, inputs, outputs]: [usize; 3]) -> Work {
    let mut r = Recording::default();
    let (d_output, input) = (
        r.reals("d_output", rows * outputs),
        r.reals("input", rows * inputs),
    );
    let stretch = rows.div_ceil(split_k(rows, outputs, inputs));
    let d_weight = r.reals("d_weight", rows.div_ceil(stretch) * outputs * inputs);
    r.push(
        "linear d_weight",
        LinearWeightAdjoint {
            d_output,
            input,
            d_weight,
            rows,
            inputs,
            outputs,
            stretch,
        },
    );
    Work::new(product_shape(shape), r)
}

/// A linear layer from as many features as it gives, and the activation behind it: one kernel where
/// the device fuses them.
fn linear_activate(function: Activation, jets: Jets) -> Work {
    let (mut r, inputs) = (Recording::default(), jets.features);
    let [input, output, activated] =
        ["input", "output", "activated"].map(|name| r.reals(name, jets.len()));
    let (weight, bias) = (
        r.reals("weight", inputs * jets.features),
        r.reals("bias", jets.features),
    );
    let linear = Linear {
        input,
        weight,
        bias,
        output,
        rows: jets.rows(),
        inputs,
        outputs: jets.features,
        slots: jets.slots(),
    };
    let activate = Activate {
        input: output,
        output: activated,
        function,
        jets,
        output_order: jets.order,
    };
    r.push("linear", linear);
    r.push("activate", activate);
    Work::new(
        format!(
            "{}, {}",
            function.name(),
            product_shape([jets.rows(), inputs, jets.features])
        ),
        r,
    )
}

/// Back through a linear layer to as many features as the activation in front of it gave, and back
/// through that activation.
fn activate_linear_adjoint(function: Activation, jets: Jets) -> Work {
    let (mut r, outputs) = (Recording::default(), jets.features);
    let [d_output, d_activated, input, d_input] =
        ["d_output", "d_activated", "input", "d_input"].map(|name| r.reals(name, jets.len()));
    let weight = r.reals("weight", outputs * jets.features);
    let linear = LinearInputAdjoint {
        d_output,
        weight,
        d_input: d_activated,
        rows: jets.rows(),
        inputs: jets.features,
        outputs,
    };
    let activate = ActivateAdjoint {
        input,
        d_output: d_activated,
        d_input,
        function,
        jets,
        output_order: jets.order,
    };
    r.push("linear d_input", linear);
    r.push("activate adjoint", activate);
    Work::new(
        format!(
            "{}, {}",
            function.name(),
            product_shape([jets.rows(), outputs, jets.features])
        ),
        r,
    )
}
