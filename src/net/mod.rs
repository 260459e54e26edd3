//! What a network *is*: layers, shapes, parameters and their initial values. Nothing here computes.

mod activation;
mod parameters;

pub use activation::Activation;
pub use parameters::{Parameter, Parameters};

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// One module of a stack. Indices count every module, activations included, as PyTorch's `nn.Sequential` does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Layer {
    /// y = W x + b with W `[outputs, inputs]` and b `[outputs]`.
    Linear {
        /// Features of x.
        inputs: usize,
        /// Features of y.
        outputs: usize,
    },
    /// A pointwise nonlinearity.
    Activation {
        /// Which one.
        function: Activation,
    },
}

impl Layer {
    /// Whether the layer is linear or affine, so that it commutes with sums of slots.
    pub fn is_linear(&self) -> bool {
        match self {
            Self::Linear { .. } => true,
            Self::Activation { function } => *function == Activation::Linear,
        }
    }
}

/// An autoencoder: encoder R^n -> R^m and decoder R^m -> R^n, as lists of layers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Shape of one sample: `[n]`, or `[channels, height, width]`.
    pub shape: Vec<usize>,
    /// Layers from a sample to its latent code.
    pub encoder: Vec<Layer>,
    /// Layers from a latent code to a sample.
    pub decoder: Vec<Layer>,
    /// Whether the encoder gives means and log variances: twice as many features as there are latent dimensions.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub variational: bool,
}

impl Network {
    /// A multilayer perceptron and its mirror image: n - hidden - latent, latent - hidden reversed - n.
    ///
    /// # Errors
    /// When a width is 0.
    pub fn mlp(shape: &[usize], hidden: &[usize], latent: usize, activation: Activation, output: Activation) -> Result<Self> {
        let features: usize = shape.iter().product();
        if latent == 0 {
            return Err(Error::input("net.latent is 0, but a latent space needs at least one dimension: choose net.latent >= 1"));
        }
        if features == 0 || hidden.contains(&0) {
            return Err(Error::input(format!(
                "a network of widths {features}, {hidden:?} has a layer without units: every width must be at least 1"
            )));
        }
        let stack = |widths: &[usize], last: Activation| {
            let mut layers = Vec::new();
            for (i, pair) in widths.windows(2).enumerate() {
                layers.push(Layer::Linear { inputs: pair[0], outputs: pair[1] });
                let function = if i + 2 == widths.len() { last } else { activation };
                if function != Activation::Linear {
                    layers.push(Layer::Activation { function });
                }
            }
            layers
        };
        let mut widths = vec![features];
        widths.extend(hidden);
        widths.push(latent);
        let encoder = stack(&widths, Activation::Linear);
        widths.reverse();
        let network = Self { shape: shape.to_vec(), encoder, decoder: stack(&widths, output), variational: false };
        network.check()?;
        Ok(network)
    }

    /// The same network with an encoder that gives means and log variances.
    pub fn into_variational(mut self) -> Self {
        if let Some(Layer::Linear { outputs, .. }) = self.encoder.last_mut()
            && !self.variational
        {
            *outputs *= 2;
            self.variational = true;
        }
        self
    }

    /// Checks that every layer takes what the one before it gives.
    ///
    /// # Errors
    /// A sentence naming the layer and the two shapes that do not meet.
    pub fn check(&self) -> Result<()> {
        let mut features = self.features();
        for (stack, layers) in self.stacks() {
            if !layers.iter().any(|layer| matches!(layer, Layer::Linear { .. })) {
                return Err(Error::input(format!("the {stack} has no linear layer: a network needs one to learn")));
            }
            for (index, layer) in layers.iter().enumerate() {
                if let Layer::Linear { inputs, outputs } = layer {
                    if *inputs != features || *outputs == 0 {
                        return Err(Error::input(format!(
                            "layer {stack}.{index} (linear {inputs} -> {outputs}) is given {features} features"
                        )));
                    }
                    features = *outputs;
                }
            }
            if stack == "encoder" && self.variational {
                if features % 2 == 1 {
                    return Err(Error::input(format!(
                        "the encoder gives {features} features, but means and log variances need an even number"
                    )));
                }
                features /= 2;
            }
        }
        if features != self.features() {
            return Err(Error::input(format!(
                "the decoder gives {features} features, but a sample of shape {:?} has {}",
                self.shape,
                self.features()
            )));
        }
        Ok(())
    }

    /// n, the number of features of a sample.
    pub fn features(&self) -> usize {
        self.shape.iter().product()
    }

    /// m, the number of latent dimensions.
    pub fn latent(&self) -> usize {
        self.encoded() / if self.variational { 2 } else { 1 }
    }

    /// Features that the encoder gives: m, or 2 m for means and log variances.
    pub fn encoded(&self) -> usize {
        outputs(&self.encoder).unwrap_or_else(|| self.features())
    }

    /// The decoder's last activation, [`Activation::Linear`] where there is none.
    pub fn output(&self) -> Activation {
        match self.decoder.last() {
            Some(Layer::Activation { function }) => *function,
            _ => Activation::Linear,
        }
    }

    /// Both stacks with the names that parameters begin with.
    pub fn stacks(&self) -> [(&'static str, &[Layer]); 2] {
        [("encoder", &self.encoder), ("decoder", &self.decoder)]
    }
}

/// Features that a stack ends with, if any of its layers sets them.
fn outputs(layers: &[Layer]) -> Option<usize> {
    layers.iter().rev().find_map(|layer| match layer {
        Layer::Linear { outputs, .. } => Some(*outputs),
        Layer::Activation { .. } => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mlp_mirrors_and_names_as_sequential_does() {
        let network = Network::mlp(&[1, 28, 28], &[512, 256], 2, Activation::Relu, Activation::Sigmoid).unwrap();
        let names: Vec<_> = Parameters::of(&network).entries.into_iter().map(|p| (p.name, p.shape)).collect();
        let weight = |i: usize| names[i].clone();
        assert_eq!(weight(0), ("encoder.0.weight".into(), vec![512, 784]));
        assert_eq!(weight(1), ("encoder.0.bias".into(), vec![512]));
        assert_eq!(weight(4), ("encoder.4.weight".into(), vec![2, 256]));
        assert_eq!(weight(10), ("decoder.4.weight".into(), vec![784, 512]));
        assert_eq!((network.latent(), network.features(), network.output()), (2, 784, Activation::Sigmoid));
    }

    #[test]
    fn mismatched_layers_are_named() {
        let mut network = Network::mlp(&[3], &[5], 2, Activation::Elu, Activation::Linear).unwrap();
        network.decoder[2] = Layer::Linear { inputs: 6, outputs: 3 };
        assert_eq!(network.check().unwrap_err().to_string(), "layer decoder.2 (linear 6 -> 3) is given 5 features");
        assert!(Network::mlp(&[3], &[5], 0, Activation::Elu, Activation::Linear).is_err());
    }
}
