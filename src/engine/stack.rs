//! A stack of layers pushed forward over jets, and the way back.

use super::jets::{Jets, Tensor};
use super::ops::*;
use super::pass::Pass;
use super::recording::{Recording, View};
use crate::net::{Activation, Layer, Parameters};

/// The weights of the layers while a recording is made.
pub(super) struct Arena<'a> {
    pub(super) layout: &'a Parameters,
    pub(super) values: View,
    /// Where gradients go; `None` for recordings that only go forward.
    pub(super) gradients: Option<View>,
}

impl Arena<'_> {
    /// Views of one parameter: its values and its gradient.
    fn find(&self, name: &str) -> (View, Option<View>) {
        let entry = self.layout.entries.iter().find(|entry| entry.name == name).expect("every layer's parameters are laid out");
        (self.values.part(entry.offset, entry.len()), self.gradients.map(|g| g.part(entry.offset, entry.len())))
    }
}

/// What happens at one place of a stack, in forward order, with what the way back needs.
enum Node {
    Linear { name: String, input: Tensor, output: Tensor },
    Activate { name: String, function: Activation, input: Tensor, output: Tensor },
    Collapse { input: Tensor, centre: bool },
}

/// A stack that has been recorded forward.
pub(super) struct Trace {
    nodes: Vec<Node>,
    /// What the stack gives.
    pub(super) output: Tensor,
}

/// Records `layers` on `input`, up to derivatives of `order`.
///
/// With `collapse` the output is the rows (f(z), f~_1, ..., f~_D) of the loss (the flag says whether f(z) is one of them); else all
/// slots that are not zero by structure. A curved activation is where second-order slots come into being: before it they are not stored.
pub(super) fn forward(
    recording: &mut Recording,
    stack: &str,
    layers: &[Layer],
    arena: &Arena,
    input: Tensor,
    order: usize,
    collapse: Option<bool>,
) -> Trace {
    // Jets without directions are already rows.
    let mut pending = collapse.filter(|_| input.jets.directions > 0);
    let mut nodes = Vec::new();
    let mut x = input;
    for (index, layer) in layers.iter().enumerate() {
        let name = format!("{stack}.{index}");
        match *layer {
            Layer::Linear { outputs, .. } => {
                // Linear maps commute: collapsing in front of the last one leaves it fewer rows.
                if index + 1 == layers.len() {
                    x = record_collapse(recording, stack, x, pending.take(), &mut nodes);
                }
                let jets = Jets { features: outputs, ..x.jets };
                let output = Tensor { view: recording.reals(format!("{name} output"), jets.len()), jets };
                let (weight, bias) = (arena.find(&format!("{name}.weight")).0, arena.find(&format!("{name}.bias")).0);
                recording.push(
                    format!("{name} linear"),
                    Linear {
                        input: x.view,
                        weight,
                        bias,
                        output: output.view,
                        rows: jets.rows(),
                        inputs: x.jets.features,
                        outputs,
                        slots: jets.slots(),
                    },
                );
                nodes.push(Node::Linear { name, input: x, output });
                x = output;
            }
            Layer::Activation { function } => {
                let curved = x.jets.directions > 0 && x.jets.order >= 1 && !function.is_piecewise_linear();
                let output_order = if curved { order } else { x.jets.order };
                let jets = Jets { order: output_order, ..x.jets };
                let output = Tensor { view: recording.reals(format!("{name} output"), jets.len()), jets };
                recording.push(
                    format!("{name} {}", function.name()),
                    Activate { input: x.view, output: output.view, function, jets: x.jets, output_order },
                );
                nodes.push(Node::Activate { name, function, input: x, output });
                x = output;
            }
        }
    }
    x = record_collapse(recording, stack, x, pending.take(), &mut nodes);
    Trace { nodes, output: x }
}

fn record_collapse(recording: &mut Recording, stack: &str, x: Tensor, centre: Option<bool>, nodes: &mut Vec<Node>) -> Tensor {
    let Some(centre) = centre else { return x };
    let jets = Jets::values(x.jets.batch * (usize::from(centre) + x.jets.directions), x.jets.features);
    let output = Tensor { view: recording.reals(format!("{stack} rows"), jets.len()), jets };
    recording.push(format!("{stack} collapse"), Collapse { input: x.view, output: output.view, jets: x.jets, centre });
    nodes.push(Node::Collapse { input: x, centre });
    output
}

/// Records the way back from `d_output`, the gradient at the output: gradients of all parameters, and, where `to_input`, the gradient at
/// the stack's input, which is returned. A gradient to the data is never computed.
pub(super) fn backward(recording: &mut Recording, arena: &Arena, trace: &Trace, d_output: View, to_input: bool) -> Option<View> {
    let mut upstream = d_output;
    for (position, node) in trace.nodes.iter().enumerate().rev() {
        let needed = position > 0 || to_input;
        match node {
            Node::Linear { name, input, output } => {
                let (rows, inputs, outputs) = (output.jets.rows(), input.jets.features, output.jets.features);
                let (weight, d_weight) = arena.find(&format!("{name}.weight"));
                let (_, d_bias) = arena.find(&format!("{name}.bias"));
                let (d_weight, d_bias) = d_weight.zip(d_bias).expect("a recording that goes backward has an arena of gradients");
                let parts = parts_of_sum(rows, outputs, inputs);
                in_parts(recording, &format!("{name} d_weight"), d_weight, parts, |d_weight| {
                    let stretch = rows.div_ceil(parts);
                    LinearWeightAdjoint { d_output: upstream, input: input.view, d_weight, rows, inputs, outputs, stretch }.into()
                });
                let (jets, slots) = (output.jets.batch, output.jets.slots());
                let parts = parts_of_sum(jets, outputs, 1);
                in_parts(recording, &format!("{name} d_bias"), d_bias, parts, |d_bias| {
                    let stretch = jets.div_ceil(parts);
                    LinearBiasAdjoint { d_output: upstream, d_bias, jets, outputs, slots, stretch }.into()
                });
                if !needed {
                    return None;
                }
                let d_input = recording.reals(format!("{name} d_input"), input.jets.len());
                recording.push(
                    format!("{name} d_input"),
                    LinearInputAdjoint { d_output: upstream, weight, d_input, rows, inputs, outputs },
                );
                upstream = d_input;
            }
            Node::Activate { name, function, input, output } => {
                if !needed {
                    return None;
                }
                let d_input = recording.reals(format!("{name} d_input"), input.jets.len());
                recording.push(
                    format!("{name} {} adjoint", function.name()),
                    ActivateAdjoint {
                        input: input.view,
                        d_output: upstream,
                        d_input,
                        function: *function,
                        jets: input.jets,
                        output_order: output.jets.order,
                    },
                );
                upstream = d_input;
            }
            Node::Collapse { input, centre } => {
                let d_input = recording.reals("collapse d_input", input.jets.len());
                recording
                    .push("collapse adjoint", CollapseAdjoint { d_output: upstream, d_input, jets: input.jets, centre: *centre });
                upstream = d_input;
            }
        }
    }
    Some(upstream)
}

/// Records a pass that writes `parts` sums of the shape of `target`, and then their sum into `target`.
fn in_parts(recording: &mut Recording, label: &str, target: View, parts: usize, pass: impl FnOnce(View) -> Pass) {
    if parts == 1 {
        return recording.push(label, pass(target));
    }
    let partial = recording.reals(format!("{label} in parts"), parts * target.len);
    recording.push(label, pass(partial));
    recording.push(format!("{label} folded"), Fold { input: partial, output: target, parts, len: target.len });
}
