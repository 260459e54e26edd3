//! The activations by name. Their values and derivatives are in `cpu::activation` and
//! `shaders/shared/activation.wgsl`.

use serde::{Deserialize, Serialize};

/// A pointwise nonlinearity, with PyTorch's default constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[repr(u32)]
pub enum Activation {
    /// x
    Linear = 0,
    /// max(x, 0)
    Relu = 1,
    /// x where x > 0, else 0.01 x
    LeakyRelu = 2,
    /// x where x > 0, else exp(x) - 1
    Elu = 3,
    /// Self-normalising ELU (Klambauer et al. 2017)
    Selu = 4,
    /// log(1 + exp(x))
    Softplus = 5,
    /// Hyperbolic tangent
    Tanh = 6,
    /// 1 / (1 + exp(-x))
    Sigmoid = 7,
    /// x times the standard normal distribution function of x, exact (not the tanh approximation)
    Gelu = 8,
    /// x sigmoid(x)
    Silu = 9,
    /// sin(x)
    Sine = 10,
}

impl Activation {
    /// Every activation, in the order of their numbers in the shaders.
    pub const ALL: [Self; 11] = [
        Self::Linear,
        Self::Relu,
        Self::LeakyRelu,
        Self::Elu,
        Self::Selu,
        Self::Softplus,
        Self::Tanh,
        Self::Sigmoid,
        Self::Gelu,
        Self::Silu,
        Self::Sine,
    ];

    /// Whether the second derivative is zero wherever it exists: second-order slots then stay zero.
    pub fn is_piecewise_linear(self) -> bool {
        matches!(self, Self::Linear | Self::Relu | Self::LeakyRelu)
    }

    /// The interval that the values lie in, where it is bounded on some side.
    pub fn range(self) -> Option<(f32, f32)> {
        match self {
            Self::Sigmoid => Some((0.0, 1.0)),
            Self::Tanh | Self::Sine => Some((-1.0, 1.0)),
            Self::Relu | Self::Softplus => Some((0.0, f32::INFINITY)),
            Self::Elu => Some((-1.0, f32::INFINITY)),
            _ => None,
        }
    }

    /// The name used in configuration files and by PyTorch's modules, e.g. `leaky-relu`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Relu => "relu",
            Self::LeakyRelu => "leaky-relu",
            Self::Elu => "elu",
            Self::Selu => "selu",
            Self::Softplus => "softplus",
            Self::Tanh => "tanh",
            Self::Sigmoid => "sigmoid",
            Self::Gelu => "gelu",
            Self::Silu => "silu",
            Self::Sine => "sine",
        }
    }
}
