//! The layers of a network of the user's own, each alone.

use super::{CheckResult, DIFFERENCE_TOLERANCE, uniform};
use crate::cpu::CpuSession;
use crate::engine::{Inference, jets_inference};
use crate::error::Result;
use crate::executor::{Executor, Session};
use crate::net::{Layer, Network, Parameters};
use crate::tolerance::worse;

/// Inputs that a layer is checked at.
const INPUTS: usize = 2;
/// No input is nearer to 0 than this, which is beyond every step of a difference.
const AWAY: f32 = 1e-3;

/// A layer with its derivatives along one direction.
#[derive(Clone, Debug)]
pub struct LayerCase {
    /// Its place in the network, and what it is.
    pub name: String,
    inference: Inference,
    parameters: Vec<f32>,
}

/// Every layer of `network`, whose arena of parameters is `parameters`.
///
/// # Errors
/// Those of [`Network::check`].
pub fn layer_cases(network: &Network, parameters: &[f32]) -> Result<Vec<LayerCase>> {
    network.check()?;
    let layout = Parameters::of(network);
    let mut cases = Vec::new();
    let shapes = [network.encoder_shapes()?, network.decoder_shapes()?];
    for ((stack, layers), shapes) in network.stacks().into_iter().zip(shapes) {
        for (index, (layer, shape)) in layers.iter().zip(shapes).enumerate() {
            let alone = alone(layer, &shape);
            let own = Parameters::of(&alone);
            let prefix = format!("{stack}.{index}.");
            let of_layer = layout
                .entries
                .iter()
                .filter(|entry| entry.name.starts_with(&prefix));
            let mut values = vec![0.0; own.len];
            for (to, from) in own.entries.iter().zip(of_layer) {
                values[to.offset..][..to.len()]
                    .copy_from_slice(&parameters[from.offset..][..from.len()]);
            }
            cases.push(LayerCase {
                name: format!("{stack}.{index}  {}", layer.describe()),
                inference: jets_inference(&alone, INPUTS, 1, 2),
                parameters: values,
            });
        }
    }
    Ok(cases)
}

/// A decoder of `layer` alone, for latents that are its inputs of `shape`.
fn alone(layer: &Layer, shape: &[usize]) -> Network {
    let image = <[usize; 3]>::try_from(shape).ok();
    let unflatten = image.map(|shape| Layer::Unflatten { shape });
    Network {
        shape: vec![shape.iter().product()],
        encoder: Vec::new(),
        decoder: unflatten.into_iter().chain([layer.clone()]).collect(),
        variational: false,
    }
}

impl LayerCase {
    /// f(z), J v and v'Hv at random z and v on `executor` against f64; in f64 J v against central
    /// differences of f, and v'Hv against those of J v.
    ///
    /// # Errors
    /// When the device fails.
    pub fn check(&self, executor: &dyn Executor, seed: u64) -> Result<CheckResult> {
        let inference = &self.inference;
        let mut draw = uniform(seed);
        // Some activations have a kink at 0.
        let away = |draw: f32| draw.abs().max(AWAY).copysign(draw);
        let jets: Vec<f32> = (0..inference.input.len).map(|_| away(draw())).collect();
        let mut device = executor.prepare(&inference.recording)?;
        device.write(inference.parameters, &self.parameters)?;
        device.write(inference.input, &jets)?;
        device.run(1)?;
        let mut reference = CpuSession::<f64>::new(&inference.recording);
        reference.write(inference.parameters, &self.parameters)?;
        // What the layer gives at z + h v.
        let slot = inference.input_jets.features;
        let mut at = |h: f64| {
            let moved = reference.memory.reals_mut(inference.input);
            for (moved, jet) in moved.chunks_mut(2 * slot).zip(jets.chunks(2 * slot)) {
                let (z, v) = jet.split_at(slot);
                for (to, (z, v)) in moved.iter_mut().zip(z.iter().zip(v)) {
                    *to = f64::from(*z) + h * f64::from(*v);
                }
                moved[slot..]
                    .iter_mut()
                    .zip(v)
                    .for_each(|(to, v)| *to = f64::from(*v));
            }
            reference.replay(1);
            reference.memory.reals(inference.output).to_vec()
        };
        let output = at(0.0);
        Ok(CheckResult {
            name: self.name.clone(),
            device_error: executor
                .tolerance()
                .worst(&device.read(inference.output)?, &output),
            difference_error: Some(self.difference_error(&output, at)),
        })
    }

    /// The error of the worst derivative in the jets `output`. As for [`super::Derivative`], each
    /// counts at the step that agrees best.
    fn difference_error(&self, output: &[f64], mut at: impl FnMut(f64) -> Vec<f64>) -> f64 {
        let shape = self.inference.output_jets;
        let differences = [1e-5, 1e-6, 1e-7].map(|h| {
            let (above, below) = (at(h), at(-h));
            let pairs = above.into_iter().zip(below);
            pairs
                .map(|(above, below)| (above - below) / (2.0 * h))
                .collect::<Vec<_>>()
        });
        let (n, slots) = (shape.features, shape.slots());
        let slot = |values: &[f64], order: usize| -> Vec<f64> {
            let of_jet = |jet: &[f64]| jet[order * n..][..n].to_vec();
            values.chunks(slots * n).flat_map(of_jet).collect()
        };
        let mut worst = 0.0;
        for order in 0..=shape.order.min(1) {
            // Derivatives that are zero by structure are not stored.
            let below = slot(output, order);
            let want = if order < shape.order {
                slot(output, order + 1)
            } else {
                vec![0.0; below.len()]
            };
            // Of zeros, the scale is that of what they are the derivatives of.
            let scale = below
                .iter()
                .chain(&want)
                .fold(0.0_f64, |scale, value| scale.max(value.abs()));
            let got = differences
                .each_ref()
                .map(|difference| slot(difference, order));
            for (i, want) in want.iter().enumerate() {
                let errors = got
                    .iter()
                    .map(|got| DIFFERENCE_TOLERANCE.error(got[i], *want, scale));
                worst = worse(worst, errors.fold(f64::NAN, f64::min));
            }
        }
        worst
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;
    use crate::net::Activation;

    /// Derivatives of another function than the one that is differenced do not hold.
    #[test]
    fn wrong_derivatives_are_found() {
        for function in Activation::ALL {
            let network = Network::mlp(&[4], &[6], 2, function, Activation::Linear).unwrap();
            let parameters = Parameters::of(&network).initialise(1);
            for case in layer_cases(&network, &parameters).unwrap() {
                let result = case.check(&Cpu, 3).unwrap();
                assert!(result.holds(), "{result:?}");
                let shape = case.inference.output_jets;
                let n = shape.features;
                let mut output = vec![0.5; case.inference.output.len];
                let straight = |h: f64| {
                    // Values 0.5 + 0.25 h, first derivatives 0.25.
                    let jet = |order: usize| [0.5 + 0.25 * h, 0.25, 0.0][order];
                    let of_jet = (0..=shape.order).flat_map(|order| vec![jet(order); n]);
                    of_jet.collect::<Vec<_>>().repeat(INPUTS)
                };
                assert!(case.difference_error(&output, straight) > 1.0);
                output.copy_from_slice(&straight(0.0));
                assert!(case.difference_error(&output, straight) < 1.0);
                output[n] += 1e-5;
                assert!(case.difference_error(&output, straight) > 1.0);
            }
        }
    }
}
