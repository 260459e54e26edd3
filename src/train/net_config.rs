//! The section `[net]` of a configuration, and the network that it names.

use super::config::all_hold;
use crate::error::{Error, Result};
use crate::net::{Activation, Layer, Network, Preset};
use serde::{Deserialize, Serialize};

/// `[net]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetConfig {
    /// A family of networks.
    pub preset: Preset,
    /// Latent dimensions.
    pub latent: usize,
    /// Widths of the hidden layers of an `mlp` encoder; the decoder mirrors them.
    pub hidden: Vec<usize>,
    /// Activation of the hidden layers.
    pub activation: Activation,
    /// Activation of the decoder's output: sigmoid for data in the unit range, else linear, where
    /// it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Activation>,
    /// Whether latents lie on a circle (two latent dimensions) or a sphere: a unit norm ends the
    /// encoder.
    pub unit_norm: bool,
    /// The encoder layer by layer, instead of a preset; then all of the above but `latent` is not
    /// looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub encoder: Vec<Layer>,
    /// The decoder layer by layer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub decoder: Vec<Layer>,
}

impl Default for NetConfig {
    fn default() -> Self {
        Self {
            preset: Preset::Mlp,
            latent: 2,
            hidden: vec![256, 256],
            activation: Activation::Elu,
            output: None,
            unit_norm: false,
            encoder: Vec::new(),
            decoder: Vec::new(),
        }
    }
}

impl NetConfig {
    /// The network for samples of `shape`, which are `unit` where they are scaled to the unit range,
    /// with a `variational` encoder or not.
    pub(super) fn network(
        &self,
        shape: &[usize],
        unit: bool,
        variational: bool,
    ) -> Result<Network> {
        let mut network = if self.encoder.is_empty() {
            let output = self.output.unwrap_or(if unit {
                Activation::Sigmoid
            } else {
                Activation::Linear
            });
            let mut network =
                self.preset
                    .network(shape, &self.hidden, self.latent, self.activation, output)?;
            if self.unit_norm {
                network.encoder.push(Layer::UnitNorm);
            }
            network
        } else {
            let (encoder, decoder) = (self.encoder.clone(), self.decoder.clone());
            Network {
                shape: shape.to_vec(),
                encoder,
                decoder,
                variational: false,
            }
        };
        if variational {
            network = network.into_variational()?;
        }
        network.check()?;
        if network.latent() != self.latent {
            return Err(Error::input(format!(
                "net.latent is {}, but the layers of net.encoder give {} latent dimensions",
                self.latent,
                network.latent()
            )));
        }
        Ok(network)
    }

    pub(super) fn check(&self) -> Result<()> {
        all_hold(&[
            (
                self.latent > 0,
                "net.latent is 0, but a latent space needs at least one dimension",
            ),
            (
                self.encoder.is_empty() == self.decoder.is_empty(),
                "net.encoder and net.decoder are given layer by layer together, or neither",
            ),
            (
                !self.hidden.contains(&0),
                "net.hidden has a layer of width 0: every width must be at least 1",
            ),
        ])
    }
}
