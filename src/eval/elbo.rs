//! The evidence lower bound of a variational autoencoder (Kingma and Welling 2014, equation 3).

use crate::data::Values;
use crate::engine::Stack;
use crate::error::Result;
use crate::executor::Executor;
use crate::model::Model;
use crate::random::{Generator, Stream};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::Serialize;
use std::f64::consts::TAU;

/// A lower bound of the log likelihood of scaled data, in nats per sample, for Gaussian observation
/// noise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Elbo {
    /// E log p(x | z) - KL, averaged over samples, with one latent drawn for each.
    pub elbo: f64,
    /// KL(q(z | x) || N(0, I)), averaged over samples.
    pub divergence: f64,
    /// The variance of the decoder's noise.
    pub variance: f64,
}

impl Elbo {
    /// The bound for `values` [samples, features] in the units of the data. If no `variance` of the
    /// noise is given, it is the one under which these values are most likely. `None` if the
    /// encoder gives no distribution.
    ///
    /// # Errors
    /// When the device fails.
    pub fn measure(
        model: &Model,
        values: &Values,
        variance: Option<f64>,
        seed: u64,
        executor: &dyn Executor,
    ) -> Result<Option<Self>> {
        if !model.network.variational {
            return Ok(None);
        }
        let (m, n) = (model.network.latent(), model.network.features());
        let samples = values.len() / n;
        let mut encoder = model.prepared(Stack::EncoderHeads, executor)?;
        let mut decoder = model.prepared(Stack::Decoder, executor)?;
        let mut draw = Generator::new(seed, Stream::Code, 0);
        let (mut divergence, mut squares) = (0.0, 0.0);
        encoder.for_each_part(values, &model.scaling, &|| false, |rows, heads| {
            let mut latents = Vec::with_capacity(heads.len() / 2);
            for heads in heads.chunks(2 * m) {
                for (mean, log_variance) in heads[..m].iter().zip(&heads[m..]) {
                    let (mean, log_variance) = (f64::from(*mean), f64::from(*log_variance));
                    divergence += 0.5 * (mean * mean + log_variance.exp() - log_variance - 1.0);
                    let normal: f64 = draw.sample(StandardNormal);
                    latents.push((mean + (0.5 * log_variance).exp() * normal) as f32);
                }
            }
            let decoded = decoder.run(&latents)?;
            squares += rows
                .iter()
                .zip(&decoded)
                .map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2))
                .sum::<f64>();
            Ok(())
        })?;
        let (samples, n) = (samples as f64, n as f64);
        let (divergence, squares) = (divergence / samples, squares / samples);
        let variance = variance.unwrap_or(squares / n);
        let elbo = -0.5 * (n * (TAU * variance).ln() + squares / variance) - divergence;
        Ok(Some(Self {
            elbo,
            divergence,
            variance,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;
    use crate::data::Scaling;
    use crate::net::{Activation, Network, Parameters};

    /// x = w z + noise has a likelihood in closed form, N(0, w w' + s^2 I), and an encoder that
    /// gives the posterior makes the bound tight.
    #[test]
    fn the_bound_is_tight_at_the_posterior() {
        let (w, variance) = ([1.5_f64, -0.5], 0.3);
        let network = Network::mlp(&[2], &[], 1, Activation::Linear, Activation::Linear)
            .unwrap()
            .into_variational()
            .unwrap();
        let norm = w[0] * w[0] + w[1] * w[1];
        let scale = norm + variance;
        let mut parameters = vec![0.0; Parameters::of(&network).len];
        for entry in &Parameters::of(&network).entries {
            let values = match entry.name.as_str() {
                "encoder.0.weight" => vec![w[0] / scale, w[1] / scale, 0.0, 0.0],
                "encoder.0.bias" => vec![0.0, (variance / scale).ln()],
                "decoder.0.weight" => w.to_vec(),
                _ => vec![0.0; 2],
            };
            assert_eq!(entry.len(), values.len());
            parameters[entry.offset..][..values.len()]
                .copy_from_slice(&values.iter().map(|value| *value as f32).collect::<Vec<_>>());
        }
        let model = Model {
            network,
            scaling: Scaling::identity(),
            parameters,
        };

        let mut draw = Generator::new(7, Stream::Test, 0);
        let samples = 20_000;
        let x: Vec<f32> = (0..samples)
            .flat_map(|_| {
                let z: f64 = draw.sample(StandardNormal);
                w.map(|w| (w * z + variance.sqrt() * draw.sample::<f64, _>(StandardNormal)) as f32)
            })
            .collect();
        // By the matrix determinant lemma and the Sherman-Morrison formula.
        let log_likelihood = |x: &[f32]| {
            let (x, y) = (f64::from(x[0]), f64::from(x[1]));
            let along = w[0] * x + w[1] * y;
            let distance = (x * x + y * y - along * along / scale) / variance;
            -0.5 * (2.0 * TAU.ln() + variance.ln() + scale.ln() + distance)
        };
        let likelihood = x.chunks(2).map(log_likelihood).sum::<f64>() / samples as f64;
        let values = Values::Floats(x.into());
        let found = Elbo::measure(&model, &values, Some(variance), 1, &Cpu)
            .unwrap()
            .unwrap();
        approx::assert_relative_eq!(found.elbo, likelihood, max_relative = 5e-3);
        let wrong = Elbo::measure(&model, &values, Some(2.0 * variance), 1, &Cpu)
            .unwrap()
            .unwrap();
        assert!(
            wrong.elbo < found.elbo - 0.1,
            "another noise is not that of the posterior"
        );
        let likeliest = Elbo::measure(&model, &values, None, 1, &Cpu)
            .unwrap()
            .unwrap();
        approx::assert_relative_eq!(likeliest.variance, variance, max_relative = 0.03);
    }
}
