//! A model as a module for PyTorch: the network written down with `torch.nn`, around the weights
//! that [`Model::save`](crate::model::Model::save) writes.

use crate::net::{Activation, Convolution, Layer, NORM_EPSILON, Network, Window};

/// Modules that `torch.nn` lacks, each written out where a network has one.
const FLAT_LINEAR: (&str, &str) = (
    "FlatLinear(",
    "class FlatLinear(nn.Linear):
    \"\"\"A linear layer that takes an image as its values in (channel, height, width) order.\"\"\"

    def forward(self, x):
        return super().forward(x.flatten(1))
",
);
/// See [`FLAT_LINEAR`].
const UNIT_NORM: (&str, &str) = (
    "UnitNorm()",
    "class UnitNorm(nn.Module):
    def forward(self, x):
        return x / x.norm(dim=1, keepdim=True)
",
);
/// See [`FLAT_LINEAR`].
const SINE: (&str, &str) = (
    "Sine()",
    "class Sine(nn.Module):
    def forward(self, x):
        return torch.sin(x)
",
);

/// The Python module `load.py` for `network`: encoder and decoder, the scaling of the data and
/// the two functions `encode` and `decode` on raw samples. It reads weights and scaling from
/// `weights`, a file beside it.
pub fn module(network: &Network, weights: &str) -> String {
    let encoder = stack(&network.encoder, network.encoder_shapes());
    let decoder = stack(&network.decoder, network.decoder_shapes());
    let helpers: String = [FLAT_LINEAR, UNIT_NORM, SINE]
        .iter()
        .filter(|(call, _)| encoder.contains(call) || decoder.contains(call))
        .map(|(_, class)| format!("\n\n{class}"))
        .collect();
    let sample = list(&network.shape);
    let (n, m) = (network.features(), network.latent());
    // A first linear layer takes the features of an image in a row.
    let input = match network.encoder.first() {
        Some(Layer::Linear { .. }) => n.to_string(),
        _ => sample.clone(),
    };
    let raw = match network.shape[..] {
        [_] => format!("x [N, {n}]"),
        [channels, 1, length] => format!("x [N, {channels}, {length}]"),
        _ => format!("x [N, {sample}] or [N, {n}]"),
    };
    let means = if network.variational {
        format!("[:, :{m}]  # the means; log variances follow")
    } else {
        String::new()
    };
    let order = match network.shape[..] {
        [channels, 1, _] if channels > 1 => {
            "\nSignals have their channels first: of [N, L, C], give x.transpose(0, 2, 1).\n"
        }
        [channels, _, _] if channels > 1 => {
            "\nImages have their channels first: of [N, H, W, C], give x.transpose(0, 3, 1, 2).\n"
        }
        _ => "",
    };
    format!(
        r#""""The network of an nrae run in PyTorch, written by `nrae export`.

    from load import encode, decode
    z = encode(x)    # {raw} in the units of the data, z [N, {m}]
    x = decode(z)    # as `nrae encode` and `nrae decode` do
{order}
Needs torch, safetensors, and {weights} in the folder of this file. `model` is the nn.Module.
"""

import json
from pathlib import Path

import torch
from safetensors import safe_open
from torch import nn
{helpers}

class Autoencoder(nn.Module):
    def __init__(self, shift, scale, dtype):
        super().__init__()
        # The network sees (x - shift) / scale; raw data are of this type.
        self.register_buffer("shift", torch.tensor(shift, dtype=dtype), persistent=False)
        self.register_buffer("scale", torch.tensor(scale, dtype=dtype), persistent=False)
        self.encoder = nn.Sequential(
{encoder}        )
        self.decoder = nn.Sequential(
{decoder}        )

    def encode(self, x):
        x = (x.reshape(len(x), {n}) - self.shift) / self.scale
        x = x.to(next(self.parameters()).dtype)
        return self.encoder(x.reshape(-1, {input})).flatten(1){means}

    def decode(self, z):
        x = self.decoder(z).flatten(1) * self.scale + self.shift
        return x.reshape(-1, {sample})

    def forward(self, x):
        return self.decode(self.encode(x))


def load(file=Path(__file__).with_name("{weights}")):
    with safe_open(file, "pt") as stored:
        scaling = json.loads(stored.metadata()["nrae"])["scaling"]
        weights = {{name: stored.get_tensor(name) for name in stored.keys()}}
    dtype = torch.float64 if scaling.get("doubles") else torch.float32
    model = Autoencoder(scaling["shift"], scaling["scale"], dtype)
    model.load_state_dict(weights)
    return model.eval()


model = load()


@torch.no_grad()
def encode(x):
    return model.encode(torch.as_tensor(x, dtype=model.shift.dtype))


@torch.no_grad()
def decode(z):
    return model.decode(torch.as_tensor(z, dtype=torch.float32))
"#
    )
}

/// The lines of an `nn.Sequential`, one a layer, so that its numbers are those of the weights.
fn stack(layers: &[Layer], shapes: crate::error::Result<Vec<Vec<usize>>>) -> String {
    // A network that has been checked has shapes.
    let shapes = shapes.unwrap_or_default();
    let line = |(index, layer): (usize, &Layer)| {
        let image = index > 0 && shapes.get(index).is_some_and(|shape| shape.len() > 1);
        format!("            {},\n", constructor(layer, image))
    };
    layers.iter().enumerate().map(line).collect()
}

/// The call that makes PyTorch's module of `layer`; `image` says that the layer is given one.
fn constructor(layer: &Layer, image: bool) -> String {
    match *layer {
        Layer::Linear { inputs, outputs } => {
            let class = if image { "FlatLinear" } else { "nn.Linear" };
            format!("{class}({inputs}, {outputs})")
        }
        Layer::Activation { function } => activation(function).into(),
        Layer::Conv(c) => format!("nn.Conv2d({})", convolution(c)),
        Layer::ConvTranspose(c) => {
            let more = if c.output_padding.is_zero() {
                String::new()
            } else {
                format!(", output_padding={}", c.output_padding)
            };
            format!("nn.ConvTranspose2d({}{more})", convolution(c))
        }
        Layer::MaxPool(window) => format!("nn.MaxPool2d({})", windows(window)),
        Layer::AveragePool(window) => format!("nn.AvgPool2d({})", windows(window)),
        Layer::Upsample { align_corners } => {
            let aligned = if align_corners { "True" } else { "False" };
            format!("nn.Upsample(scale_factor=2, mode=\"bilinear\", align_corners={aligned})")
        }
        Layer::GroupNorm { groups, channels } => {
            format!("nn.GroupNorm({groups}, {channels}, eps={NORM_EPSILON:e})")
        }
        Layer::UnitNorm => "UnitNorm()".into(),
        Layer::Flatten => "nn.Flatten()".into(),
        Layer::Unflatten { shape } => format!("nn.Unflatten(1, ({}))", list(&shape)),
    }
}

fn activation(function: Activation) -> &'static str {
    match function {
        Activation::Linear => "nn.Identity()",
        Activation::Relu => "nn.ReLU()",
        Activation::LeakyRelu => "nn.LeakyReLU()",
        Activation::Elu => "nn.ELU()",
        Activation::Selu => "nn.SELU()",
        Activation::Softplus => "nn.Softplus()",
        Activation::Tanh => "nn.Tanh()",
        Activation::Sigmoid => "nn.Sigmoid()",
        Activation::Gelu => "nn.GELU()",
        Activation::Silu => "nn.SiLU()",
        Activation::Sine => "Sine()",
    }
}

fn convolution(c: Convolution) -> String {
    format!(
        "{}, {}, {}, stride={}, padding={}",
        c.inputs, c.outputs, c.kernel, c.stride, c.padding
    )
}

fn windows(window: Window) -> String {
    format!("{}, stride={}", window.kernel, window.stride())
}

/// Numbers between commas: `1, 28, 28`.
fn list(numbers: &[usize]) -> String {
    let texts: Vec<String> = numbers.iter().map(usize::to_string).collect();
    texts.join(", ")
}
