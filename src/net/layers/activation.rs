//! Pointwise nonlinearities by name. Their values and derivatives are in `cpu::activation` and
//! `shaders/shared/activation.wgsl`.

use super::Kind;
use serde::{Deserialize, Serialize};

/// The enum with the names that configurations and the command line take, [`Activation::ALL`] and
/// [`Activation::name`], of one row for each activation.
macro_rules! activations {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal;)*) => {
        /// A pointwise nonlinearity, with PyTorch's default constants. Its number is that of its
        /// `case` in the shaders.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
        #[repr(u32)]
        pub enum Activation {
            $($(#[$doc])* #[serde(rename = $name)] #[value(name = $name)] $variant = $number,)*
        }

        impl Activation {
            /// Every activation, in the order of their numbers in the shaders.
            pub const ALL: [Self; [$($number),*].len()] = [$(Self::$variant),*];

            /// The name used in configuration files and by PyTorch's modules, e.g. `leaky-relu`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

activations! {
    /// x
    Linear = 0, "linear";
    /// max(x, 0)
    Relu = 1, "relu";
    /// x where x > 0, else 0.01 x
    LeakyRelu = 2, "leaky-relu";
    /// x where x > 0, else exp(x) - 1
    Elu = 3, "elu";
    /// Self-normalising ELU (Klambauer et al. 2017)
    Selu = 4, "selu";
    /// log(1 + exp(x))
    Softplus = 5, "softplus";
    /// Hyperbolic tangent
    Tanh = 6, "tanh";
    /// 1 / (1 + exp(-x))
    Sigmoid = 7, "sigmoid";
    /// x times the standard normal distribution function of x, exact (not the tanh approximation)
    Gelu = 8, "gelu";
    /// x sigmoid(x)
    Silu = 9, "silu";
    /// sin(x)
    Sine = 10, "sine";
}

impl Activation {
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
}

/// [`Layer::Activation`](super::Layer::Activation).
impl Kind for Activation {
    fn is_linear(&self) -> bool {
        *self == Self::Linear
    }

    fn describe(&self) -> String {
        self.name().into()
    }

    fn output_shape(&self, shape: &[usize]) -> Result<Vec<usize>, String> {
        Ok(shape.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn every_activation_has_its_case_in_the_shader_and_no_other_number_has_one() {
        let source = include_str!("../../../shaders/shared/activation.wgsl");
        let cases: Vec<u32> = source
            .lines()
            .filter_map(|line| line.trim().strip_prefix("case ")?.split_once("u:"))
            .map(|(number, _)| number.parse().unwrap())
            .collect();
        assert_eq!(cases, Activation::ALL.map(|activation| activation as u32));
        let (_, default) = source.split_once("default: {").unwrap();
        let arm = default.split_once("\n        }").unwrap().0;
        assert!(arm.contains("return vec4(not_a_number(x));"), "{arm}");
    }

    #[test]
    fn a_name_means_the_same_everywhere() {
        assert_eq!(Activation::value_variants(), Activation::ALL);
        for activation in Activation::ALL {
            let name = activation.name();
            assert_eq!(
                serde_json::to_value(activation).unwrap(),
                serde_json::Value::from(name)
            );
            assert_eq!(Activation::from_str(name, false), Ok(activation));
        }
        assert_eq!(Activation::LeakyRelu.name(), "leaky-relu");
    }
}
