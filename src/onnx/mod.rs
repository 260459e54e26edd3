//! A model as ONNX graphs: encoder and decoder on raw samples, with the scaling of the data inside.
//!
//! Operators are those of opset 17, which ONNX Runtime runs from version 1.12 on. Every value begins
//! with the number of samples, which is free. Images are [N, channels, height, width], signals [N,
//! channels, length].

mod graph;
mod layers;

pub use graph::{Kind, Tensor};

use crate::error::{Error, Result};
use crate::model::Model;
use crate::net::Layer;
use crate::protobuf::Message;
use graph::{Chain, integer};

/// Version of ONNX's operators.
const OPSET: i64 = 17;
/// Version of the format that came with that opset.
const IR_VERSION: i64 = 8;
/// Bytes of a model above which protocol buffers do not hold it.
const MOST: usize = (1 << 31) - (1 << 16);

/// A graph with what it takes and gives.
#[derive(Clone, Debug)]
pub struct Exported {
    /// Its input.
    pub input: Tensor,
    /// Its output.
    pub output: Tensor,
    /// The content of its file.
    pub file: Message,
}

/// The graph from `x`, raw samples, to `z`, their latents [N, m] as `nrae encode` gives them: the
/// means of a variational encoder.
///
/// # Errors
/// When the network is none, or its weights are more than a file of this format holds.
pub fn encoder(model: &Model) -> Result<Exported> {
    let network = &model.network;
    let (shape, kind) = (outer_shape(&network.shape), raw_kind(model));
    let mut chain = Chain::new("encoder", Tensor::new("x", kind, &shape));
    if shape != network.shape {
        chain.reshape(&signed(&network.shape));
    }
    add_scaling(&mut chain, model);
    chain.push("Sub", &["shift"], &[]);
    chain.push("Div", &["scale"], &[]);
    if kind == Kind::Double {
        chain.push("Cast", &[], &[integer("to", Kind::Float as usize)]);
    }
    let shapes = network.encoder_shapes()?;
    add_stack(&mut chain, model, "encoder", &network.encoder, &shapes);
    if shapes.last().is_some_and(|shape| shape.len() > 1) {
        chain.push("Flatten", &[], &[integer("axis", 1)]);
    }
    if network.variational {
        chain.integers("first", &[0]);
        chain.integers("latent", &[network.latent() as i64]);
        chain.integers("features", &[1]);
        chain.push("Slice", &["first", "latent", "features"], &[]);
    }
    let latent = Tensor::new("z", Kind::Float, &[network.latent()]);
    finish(model, chain, latent)
}

/// The graph from `z`, latents [N, m], to `x`, samples in the units of the data as `nrae decode`
/// gives them.
///
/// # Errors
/// Those of [`encoder`].
pub fn decoder(model: &Model) -> Result<Exported> {
    let network = &model.network;
    let (shape, kind) = (outer_shape(&network.shape), raw_kind(model));
    let latent = Tensor::new("z", Kind::Float, &[network.latent()]);
    let mut chain = Chain::new("decoder", latent);
    let shapes = network.decoder_shapes()?;
    add_stack(&mut chain, model, "decoder", &network.decoder, &shapes);
    if shapes.last() != Some(&network.shape) {
        chain.reshape(&signed(&network.shape));
    }
    if kind == Kind::Double {
        chain.push("Cast", &[], &[integer("to", Kind::Double as usize)]);
    }
    add_scaling(&mut chain, model);
    chain.push("Mul", &["scale"], &[]);
    chain.push("Add", &["shift"], &[]);
    if shape != network.shape {
        chain.reshape(&signed(&shape));
    }
    finish(model, chain, Tensor::new("x", kind, &shape))
}

/// The type of raw samples: f64 where they were trained on as such.
fn raw_kind(model: &Model) -> Kind {
    if model.scaling.doubles {
        Kind::Double
    } else {
        Kind::Float
    }
}

/// The shape of a sample as users have it: of a signal, without the height of 1.
fn outer_shape(shape: &[usize]) -> Vec<usize> {
    match *shape {
        [channels, 1, length] => vec![channels, length],
        _ => shape.to_vec(),
    }
}

fn signed(shape: &[usize]) -> Vec<i64> {
    shape.iter().map(|&side| side as i64).collect()
}

/// Adds `shift` and `scale`, of one value or of the shape of a sample.
fn add_scaling(chain: &mut Chain, model: &Model) {
    let (scaling, network) = (&model.scaling, &model.network);
    for (name, values) in [("shift", &scaling.shift), ("scale", &scaling.scale)] {
        let shape = match values.len() {
            1 => &[1][..],
            _ => &network.shape,
        };
        if scaling.doubles {
            chain.doubles(name, shape, values);
        } else {
            let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
            chain.floats(name, shape, &values);
        }
    }
}

/// Appends the layers of a stack; `shapes` are those in front of each and behind the last.
fn add_stack(
    chain: &mut Chain,
    model: &Model,
    stack: &str,
    layers: &[Layer],
    shapes: &[Vec<usize>],
) {
    for (index, (layer, shape)) in layers.iter().zip(shapes).enumerate() {
        layers::add(chain, model, &format!("{stack}.{index}"), layer, shape);
    }
}

/// The file around a graph, `ModelProto`.
fn finish(model: &Model, chain: Chain, output: Tensor) -> Result<Exported> {
    let (input, graph) = chain.finish(&output);
    let about = format!(
        "Written by nrae: samples {:?} in the units of the data, {} latent dimensions",
        model.network.shape,
        model.network.latent()
    );
    let opset = Message::new().integer(2, OPSET);
    let file = Message::new().integer(1, IR_VERSION).bytes(2, "nrae");
    let file = file.bytes(3, env!("CARGO_PKG_VERSION")).bytes(6, about);
    let file = file.message(7, &graph).message(8, &opset);
    if file.as_bytes().len() > MOST {
        return Err(Error::input(format!(
            "the weights take {} bytes, but an ONNX file holds at most 2 GiB: use `--format pytorch`",
            file.as_bytes().len()
        )));
    }
    Ok(Exported {
        input,
        output,
        file,
    })
}
