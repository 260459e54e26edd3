//! Linear layers around an activation or around differences of latents, which a device may fuse with
//! either.

use super::{Case, CaseShape};
use crate::engine::jets::Jets;
use crate::engine::ops::{
    Activate, ActivateAdjoint, Difference, DifferenceAdjoint, Linear, LinearInputAdjoint,
};
use crate::engine::{Recording, View};
use crate::gradcheck::uniform;
use crate::net::Activation;

/// Without kinks, which what an executor rounds could lie on the other side of.
pub(super) fn cases(extents: CaseShape) -> Vec<Case> {
    [
        (Activation::Gelu, (0, 0)),
        (Activation::Softplus, (1, 1)),
        (Activation::Sigmoid, (1, 2)),
        (Activation::Tanh, (2, 2)),
    ]
    .map(|(function, orders)| fused(extents, function, orders))
    .into_iter()
    .chain([differences(extents)])
    .collect()
}

/// A linear layer that gives latents of centres and of their neighbours, their differences, and
/// another linear layer.
fn differences(
    CaseShape {
        batch,
        directions,
        inputs,
        outputs: features,
    }: CaseShape,
) -> Case {
    let mut r = Recording::default();
    let rows = Jets::values(batch * (1 + directions), features);
    let jets = Jets {
        batch,
        directions,
        order: 1,
        features,
    };
    let [input, d_input] = ["input", "d_input"].map(|name| r.reals(name, rows.rows() * inputs));
    let first = Layer::new(&mut r, "first", inputs, features);
    let [codes, d_codes, differences, d_differences] =
        ["codes", "d_codes", "differences", "d_differences"].map(|name| r.reals(name, rows.len()));
    let second = Layer::new(&mut r, "second", features, 3);
    let [output, d_output] =
        ["output", "d_output"].map(|name| r.reals(name, jets.rows() * second.outputs));
    let group = 1 + directions;
    r.push("linear", first.forward(input, codes, rows));
    let pass = Difference {
        input: codes,
        output: differences,
        batch,
        directions,
        group,
        features,
    };
    r.push("difference", pass);
    r.push("linear", second.forward(differences, output, jets));
    r.push(
        "linear d_input",
        second.backward(d_output, d_differences, jets),
    );
    let pass = DifferenceAdjoint {
        d_output: d_differences,
        d_input: d_codes,
        batch,
        directions,
        group,
        features,
    };
    r.push("difference adjoint", pass);
    r.push("linear d_input", first.backward(d_codes, d_input, rows));
    let name = "linear and differences of latents";
    let mut case = Case::new(name, r, output).adjoint(d_output, &[(input, d_input)]);
    case.written
        .extend([codes, d_codes, differences, d_differences]);
    case.reals = vec![first.weights(), second.weights()];
    case
}

/// A linear layer, an activation and another linear layer.
fn fused(
    CaseShape {
        batch,
        directions,
        inputs,
        outputs: features,
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
    let output_jets = Jets {
        order: output_order,
        ..jets
    };
    let [input, d_input] = ["input", "d_input"].map(|name| r.reals(name, jets.rows() * inputs));
    let first = Layer::new(&mut r, "first", inputs, features);
    let [between, d_between] = ["between", "d_between"].map(|name| r.reals(name, jets.len()));
    let [activated, d_activated] =
        ["activated", "d_activated"].map(|name| r.reals(name, output_jets.len()));
    let second = Layer::new(&mut r, "second", features, 3);
    let [output, d_output] =
        ["output", "d_output"].map(|name| r.reals(name, output_jets.rows() * second.outputs));
    r.push("linear", first.forward(input, between, jets));
    let pass = Activate {
        input: between,
        output: activated,
        function,
        jets,
        output_order,
    };
    r.push("activate", pass);
    r.push("linear", second.forward(activated, output, output_jets));
    let pass = second.backward(d_output, d_activated, output_jets);
    r.push("linear d_input", pass);
    let pass = ActivateAdjoint {
        input: between,
        d_output: d_activated,
        d_input: d_between,
        function,
        jets,
        output_order,
    };
    r.push("activate adjoint", pass);
    r.push("linear d_input", first.backward(d_between, d_input, jets));
    let name = format!(
        "linear and {}, order {input_order} to {output_order}",
        function.name()
    );
    let mut case = Case::new(name, r, output).adjoint(d_output, &[(input, d_input)]);
    case.written
        .extend([between, activated, d_activated, d_between]);
    case.reals = vec![first.weights(), second.weights()];
    case
}

/// A linear layer.
struct Layer {
    weight: View,
    bias: View,
    inputs: usize,
    outputs: usize,
}

impl Layer {
    fn new(r: &mut Recording, name: &str, inputs: usize, outputs: usize) -> Self {
        Self {
            weight: r.reals(format!("{name} weight"), outputs * inputs),
            bias: r.reals(format!("{name} bias"), outputs),
            inputs,
            outputs,
        }
    }

    /// Its pass over the slots of `jets`.
    fn forward(&self, input: View, output: View, jets: Jets) -> Linear {
        Linear {
            input,
            weight: self.weight,
            bias: self.bias,
            output,
            rows: jets.rows(),
            inputs: self.inputs,
            outputs: self.outputs,
            slots: jets.slots(),
        }
    }

    fn backward(&self, d_output: View, d_input: View, jets: Jets) -> LinearInputAdjoint {
        LinearInputAdjoint {
            d_output,
            weight: self.weight,
            d_input,
            rows: jets.rows(),
            inputs: self.inputs,
            outputs: self.outputs,
        }
    }

    /// Weights so small that what the activation reads is near 1, as in a network: far from there
    /// its derivatives magnify what products round.
    fn weights(&self) -> (View, Vec<f32>) {
        let mut draw = uniform(self.inputs as u64);
        let scale = (self.inputs as f32).sqrt();
        let values = (0..self.weight.len).map(|_| draw() / scale);
        (self.weight, values.collect())
    }
}
