//! The operators of each kind of layer.

use super::graph::{Chain, integer, list, number, text};
use crate::cpu::activation::{LEAKY_SLOPE, SELU_ALPHA, SELU_SCALE};
use crate::model::Model;
use crate::net::{Activation, Convolution, Layer, NORM_EPSILON, Parameters, Window};
use crate::protobuf::Message;

/// Appends `layer`, which is called `name` and is given values [N, `shape`].
pub(super) fn add(chain: &mut Chain, model: &Model, name: &str, layer: &Layer, shape: &[usize]) {
    match *layer {
        Layer::Linear { .. } => {
            if shape.len() > 1 {
                chain.push("Flatten", &[], &[integer("axis", 1)]);
            }
            push_weighted(chain, model, name, "Gemm", &[integer("transB", 1)]);
        }
        Layer::Activation { function } => activate(chain, function),
        Layer::Conv(c) => push_weighted(chain, model, name, "Conv", &convolution(c)),
        Layer::ConvTranspose(c) => {
            let mut attributes = convolution(c);
            let more = [c.output_padding.height, c.output_padding.width];
            attributes.push(list("output_padding", &more));
            push_weighted(chain, model, name, "ConvTranspose", &attributes);
        }
        Layer::MaxPool(window) => chain.push("MaxPool", &[], &windows(window)),
        Layer::AveragePool(window) => chain.push("AveragePool", &[], &windows(window)),
        Layer::Upsample { align_corners } => upsample(chain, align_corners),
        Layer::GroupNorm { groups, .. } => group_norm(chain, model, name, groups, shape),
        Layer::UnitNorm => {
            let attributes = [integer("axis", 1), integer("p", 2)];
            chain.push("LpNormalization", &[], &attributes);
        }
        Layer::Flatten => chain.push("Flatten", &[], &[integer("axis", 1)]),
        Layer::Unflatten { shape } => chain.reshape(&shape.map(|side| side as i64)),
    }
}

/// Appends `operator` with the weight and the bias of the layer `name`.
fn push_weighted(
    chain: &mut Chain,
    model: &Model,
    name: &str,
    operator: &str,
    attributes: &[Message],
) {
    let names = ["weight", "bias"].map(|part| format!("{name}.{part}"));
    for name in &names {
        add_parameter(chain, model, name, None);
    }
    chain.push(operator, &[&names[0], &names[1]], attributes);
}

/// Adds a parameter of the model, of its own shape or of `shape`.
fn add_parameter(chain: &mut Chain, model: &Model, name: &str, shape: Option<&[usize]>) {
    let layout = Parameters::of(&model.network);
    for entry in layout.entries.iter().filter(|entry| entry.name == name) {
        let values = &model.parameters[entry.offset..][..entry.len()];
        chain.floats(name, shape.unwrap_or(&entry.shape), values);
    }
}

fn activate(chain: &mut Chain, function: Activation) {
    let simple = |operator: &'static str| (operator, Vec::new());
    let (operator, attributes) = match function {
        Activation::Linear => return,
        Activation::Relu => simple("Relu"),
        Activation::LeakyRelu => ("LeakyRelu", vec![number("alpha", LEAKY_SLOPE)]),
        Activation::Elu => ("Elu", vec![number("alpha", 1.0)]),
        Activation::Selu => (
            "Selu",
            vec![number("alpha", SELU_ALPHA), number("gamma", SELU_SCALE)],
        ),
        Activation::Softplus => simple("Softplus"),
        Activation::Tanh => simple("Tanh"),
        Activation::Sigmoid => simple("Sigmoid"),
        Activation::Sine => simple("Sin"),
        Activation::Gelu => return gelu(chain),
        Activation::Silu => {
            let x = chain.last();
            chain.push("Sigmoid", &[], &[]);
            chain.push("Mul", &[&x], &[]);
            return;
        }
    };
    chain.push(operator, &[], &attributes);
}

/// x (1 + erf(x / sqrt 2)) / 2: opset 17 has no operator of its own for it.
fn gelu(chain: &mut Chain) {
    let x = chain.last();
    chain.floats("root_of_two", &[1], &[std::f32::consts::SQRT_2]);
    chain.floats("one", &[1], &[1.0]);
    chain.floats("half", &[1], &[0.5]);
    chain.push("Div", &["root_of_two"], &[]);
    chain.push("Erf", &[], &[]);
    chain.push("Add", &["one"], &[]);
    chain.push("Mul", &[&x], &[]);
    chain.push("Mul", &["half"], &[]);
}

fn convolution(c: Convolution) -> Vec<Message> {
    let (height, width) = (c.padding.height, c.padding.width);
    vec![
        list("kernel_shape", &[c.kernel.height, c.kernel.width]),
        list("strides", &[c.stride; 2]),
        list("pads", &[height, width, height, width]),
    ]
}

fn windows(window: Window) -> Vec<Message> {
    vec![
        list("kernel_shape", &[window.kernel; 2]),
        list("strides", &[window.stride(); 2]),
    ]
}

fn upsample(chain: &mut Chain, align_corners: bool) {
    let mode = if align_corners {
        "align_corners"
    } else {
        "half_pixel"
    };
    chain.floats("twice", &[4], &[1.0, 1.0, 2.0, 2.0]);
    let attributes = [
        text("mode", "linear"),
        text("coordinate_transformation_mode", mode),
    ];
    // An empty name stands for an input that is not given.
    chain.push("Resize", &["", "twice"], &attributes);
}

/// As an instance normalisation of [N, groups, values of each], since the operator of this name is
/// of a later opset.
fn group_norm(chain: &mut Chain, model: &Model, name: &str, groups: usize, shape: &[usize]) {
    let (ones, zeros) = (format!("ones_{groups}"), format!("zeros_{groups}"));
    chain.floats(&ones, &[groups], &vec![1.0; groups]);
    chain.floats(&zeros, &[groups], &vec![0.0; groups]);
    chain.reshape(&[groups as i64, -1]);
    let attributes = [number("epsilon", NORM_EPSILON)];
    chain.push("InstanceNormalization", &[&ones, &zeros], &attributes);
    chain.reshape(&super::signed(shape));
    let along_channels = [shape[0], 1, 1];
    for (part, operator) in [("weight", "Mul"), ("bias", "Add")] {
        let parameter = format!("{name}.{part}");
        add_parameter(chain, model, &parameter, Some(&along_channels));
        chain.push(operator, &[&parameter], &[]);
    }
}
