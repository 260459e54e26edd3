//! What a network *is*: layers, shapes, parameters and their initial values. Nothing here computes.

mod layers;
mod parameters;
mod presets;
mod sides;

pub use layers::{Activation, Convolution, Initial, Layer, LayerParameter, NORM_EPSILON, Window};
pub use parameters::{ALIGNMENT, LARGEST_BINDING, Parameter, Parameters};
pub use presets::Preset;
pub use sides::Sides;

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// An autoencoder: encoder R^n -> R^m and decoder R^m -> R^n, as lists of layers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Shape of one sample: `[n]`, or `[channels, height, width]`.
    pub shape: Vec<usize>,
    /// Layers from a sample to its latent.
    pub encoder: Vec<Layer>,
    /// Layers from a latent to a sample.
    pub decoder: Vec<Layer>,
    /// Whether the encoder gives means and log variances: twice as many features as there are
    /// latent dimensions.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub variational: bool,
}

impl Network {
    /// A multilayer perceptron and its mirror image: n - hidden - latent, latent - hidden reversed
    /// - n.
    ///
    /// # Errors
    /// When a width is 0.
    pub fn mlp(
        shape: &[usize],
        hidden: &[usize],
        latent: usize,
        activation: Activation,
        output: Activation,
    ) -> Result<Self> {
        let features: usize = shape.iter().product();
        if latent == 0 {
            return Err(Error::input(
                "net.latent is 0, but a latent space needs at least one dimension: choose net.latent >= 1",
            ));
        }
        if features == 0 || hidden.contains(&0) {
            return Err(Error::input(format!(
                "a network of widths {features}, {hidden:?} has a layer without units: every width must be at least 1"
            )));
        }
        let stack = |widths: &[usize], last: Activation| {
            let mut layers = Vec::new();
            for (i, pair) in widths.windows(2).enumerate() {
                layers.push(Layer::Linear {
                    inputs: pair[0],
                    outputs: pair[1],
                });
                let function = if i + 2 == widths.len() {
                    last
                } else {
                    activation
                };
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
        let network = Self {
            shape: shape.to_vec(),
            encoder,
            decoder: stack(&widths, output),
            variational: false,
        };
        network.check()?;
        Ok(network)
    }

    /// The same network with an encoder that gives means and log variances.
    ///
    /// # Errors
    /// When the encoder does not end with a linear layer or a convolution, whose outputs
    /// could be doubled.
    pub fn into_variational(mut self) -> Result<Self> {
        match self.encoder.last_mut() {
            _ if self.variational => {}
            Some(Layer::Linear { outputs, .. }) => *outputs *= 2,
            _ => {
                return Err(Error::input(
                    "a variational encoder gives means and log variances, so its last layer must be linear, and a unit norm or an \
                     activation cannot follow it",
                ));
            }
        }
        self.variational = true;
        Ok(self)
    }

    /// Checks that every layer takes what the one before it gives, and that the decoder ends where
    /// the encoder begins.
    ///
    /// # Errors
    /// A sentence naming the layer and the shape that it cannot take, or what is too large.
    pub fn check(&self) -> Result<()> {
        self.check_sizes()?;
        let mut shape = self.shape.clone();
        for (stack, layers) in self.stacks() {
            shape = self.shapes(stack, layers, shape)?.pop().unwrap_or_default();
            if !layers.iter().any(|layer| !layer.parameters().is_empty()) {
                return Err(Error::input(format!(
                    "the {stack} has no layer with parameters: a network needs one to learn"
                )));
            }
            if stack == "encoder" {
                // Latents are vectors, whatever the last layer makes of them.
                let encoded: usize = shape.iter().product();
                if self.variational && encoded % 2 == 1 {
                    return Err(Error::input(format!(
                        "the encoder gives {encoded} features, but means and log variances need an even number"
                    )));
                }
                shape = vec![if self.variational {
                    encoded / 2
                } else {
                    encoded
                }];
            }
        }
        if shape.iter().product::<usize>() != self.features() {
            return Err(Error::input(format!(
                "the decoder gives {shape:?}, but a sample has the shape {:?}",
                self.shape
            )));
        }
        self.check_count()
    }

    /// Checks that numbers of layers and shapes are such that their products can be formed.
    fn check_sizes(&self) -> Result<()> {
        if count(&self.shape).is_none() {
            return Err(Error::input(format!(
                "a sample has the shape {:?}, which is more than {MOST} features",
                self.shape
            )));
        }
        for (stack, layers) in self.stacks() {
            for (index, layer) in layers.iter().enumerate() {
                let numbers = serde_json::to_value(layer).expect("plain data");
                if let Some(number) = too_large(&numbers) {
                    return Err(Error::input(format!(
                        "layer {stack}.{index} ({}) has the number {number}, and {} is the largest that it can have",
                        layer.describe(),
                        MOST / 2
                    )));
                }
            }
        }
        Ok(())
    }

    /// Checks that there are not more parameters than can be trained.
    fn check_count(&self) -> Result<()> {
        let layers = self.stacks().into_iter().flat_map(|(_, layers)| layers);
        let sizes = layers
            .flat_map(Layer::parameters)
            .map(|parameter| count(&parameter.shape));
        let total = sizes
            .into_iter()
            .try_fold(0, |sum: usize, size| sum.checked_add(size?));
        match total {
            Some(total) if total <= MOST => Ok(()),
            _ => Err(Error::input(format!(
                "the network has more than {MOST} parameters, which no step can hold: choose narrower layers"
            ))),
        }
    }

    /// Shapes in front of every layer of a stack and behind the last.
    fn shapes(&self, stack: &str, layers: &[Layer], input: Vec<usize>) -> Result<Vec<Vec<usize>>> {
        let mut shapes = vec![input];
        for (index, layer) in layers.iter().enumerate() {
            let next = layer.output_shape(&shapes[index]).map_err(|what| {
                Error::input(format!(
                    "layer {stack}.{index} ({}) {what}",
                    layer.describe()
                ))
            })?;
            if count(&next).is_none() {
                return Err(Error::input(format!(
                    "layer {stack}.{index} ({}) gives {next:?}, which is more than {MOST} features",
                    layer.describe()
                )));
            }
            shapes.push(next);
        }
        Ok(shapes)
    }

    /// Shapes in front of every layer of the encoder and behind the last.
    ///
    /// # Errors
    /// Those of [`Network::check`].
    pub fn encoder_shapes(&self) -> Result<Vec<Vec<usize>>> {
        self.shapes("encoder", &self.encoder, self.shape.clone())
    }

    /// Shapes in front of every layer of the decoder and behind the last.
    ///
    /// # Errors
    /// Those of [`Network::check`].
    pub fn decoder_shapes(&self) -> Result<Vec<Vec<usize>>> {
        self.shapes("decoder", &self.decoder, vec![self.latent()])
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
        self.encoder_shapes()
            .ok()
            .and_then(|mut shapes| shapes.pop())
            .map_or(0, |shape| shape.iter().product())
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

/// Parameters of a network and features of a layer, at most: 16 GiB.
const MOST: usize = 1 << 32;

/// The elements of an array of `shape`, at most [`MOST`].
fn count(shape: &[usize]) -> Option<usize> {
    let product = shape
        .iter()
        .try_fold(1_usize, |product, side| product.checked_mul(*side))?;
    (product <= MOST).then_some(product)
}

/// A number in the description of a layer that is beyond half of [`MOST`].
fn too_large(value: &serde_json::Value) -> Option<u64> {
    match value {
        serde_json::Value::Number(number) => number.as_u64().filter(|n| *n > MOST as u64 / 2),
        serde_json::Value::Array(values) => values.iter().find_map(too_large),
        serde_json::Value::Object(values) => values.values().find_map(too_large),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mlp_mirrors_and_names_as_sequential_does() {
        let network = Network::mlp(
            &[1, 28, 28],
            &[512, 256],
            2,
            Activation::Relu,
            Activation::Sigmoid,
        )
        .unwrap();
        let names: Vec<_> = Parameters::of(&network)
            .entries
            .into_iter()
            .map(|p| (p.name, p.shape))
            .collect();
        let weight = |i: usize| names[i].clone();
        assert_eq!(weight(0), ("encoder.0.weight".into(), vec![512, 784]));
        assert_eq!(weight(1), ("encoder.0.bias".into(), vec![512]));
        assert_eq!(weight(4), ("encoder.4.weight".into(), vec![2, 256]));
        assert_eq!(weight(10), ("decoder.4.weight".into(), vec![784, 512]));
        assert_eq!(
            (network.latent(), network.features(), network.output()),
            (2, 784, Activation::Sigmoid)
        );
    }

    #[test]
    fn mismatched_layers_are_named() {
        let mut network = Network::mlp(&[3], &[5], 2, Activation::Elu, Activation::Linear).unwrap();
        network.decoder[2] = Layer::Linear {
            inputs: 6,
            outputs: 3,
        };
        assert_eq!(
            network.check().unwrap_err().to_string(),
            "layer decoder.2 (linear 6 -> 3) is given 5 features"
        );
        assert!(Network::mlp(&[3], &[5], 0, Activation::Elu, Activation::Linear).is_err());
    }
}
