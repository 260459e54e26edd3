//! Derivatives of a model, of its decoder along directions and of its loss to the parameters.

use super::predictor::BATCH;
use crate::engine::jets_inference;
use crate::error::Result;
use crate::executor::Executor;
use crate::model::Model;
use crate::objective::{Data, Method, Sampling, StepInputs, Variants, gradient_step};

/// The decoder's value and its first and second derivative along directions, each [batch,
/// features].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Jets {
    /// f(z).
    pub value: Vec<f32>,
    /// J dz.
    pub jvp: Vec<f32>,
    /// dz^T H dz.
    pub hvp: Vec<f32>,
}

/// The jets of a model's decoder at `latents` [batch, m] along `directions` [batch, m], in the
/// network's units.
///
/// # Errors
/// When the device fails.
pub fn jets(
    model: &Model,
    latents: &[f32],
    directions: &[f32],
    executor: &dyn Executor,
) -> Result<Jets> {
    let (m, n) = (model.network.latent(), model.network.features());
    let batch = (latents.len() / m).clamp(1, BATCH);
    let map = jets_inference(&model.network, batch, 1, 2);
    let mut session = executor.prepare(&map.recording)?;
    session.write(map.parameters, &model.parameters)?;
    let mut jets = Jets::default();
    for (z, dz) in latents.chunks(batch * m).zip(directions.chunks(batch * m)) {
        let pairs = z.chunks(m).zip(dz.chunks(m));
        let input: Vec<f32> = pairs
            .flat_map(|(z, dz)| z.iter().chain(dz).copied())
            .collect();
        session.write(map.input, &input)?;
        session.run(1)?;
        let output = session.read(map.output)?;
        for jet in output.chunks(map.output_jets.slots() * n).take(z.len() / m) {
            jets.value.extend_from_slice(&jet[..n]);
            jets.jvp.extend_from_slice(&jet[n..2 * n]);
            // A slot that is zero by structure is not stored.
            match jet.get(2 * n..3 * n) {
                Some(second) => jets.hvp.extend_from_slice(second),
                None => jets.hvp.resize(jets.jvp.len(), 0.0),
            }
        }
    }
    Ok(jets)
}

/// The loss mean over the batch of |x - f(g(x))|^2 + lambda |x' - f~|^2 (squared norms summed over
/// features), and its gradient with respect to every parameter, as an arena; `centres` and
/// `neighbours` are [batch, n], scaled. Methods without neighbours have the first term only.
///
/// # Errors
/// When the device fails.
///
/// # Panics
/// When the method uses neighbours and there is not one for each centre.
pub fn gradient(
    model: &Model,
    method: &Method,
    centres: &[f32],
    neighbours: Option<&[f32]>,
    lambda: f32,
    executor: &dyn Executor,
) -> Result<(f32, Vec<f32>)> {
    let batch = centres.len() / model.network.features();
    let objective = method.objective(
        Sampling {
            neighbours: 1,
            centre: true,
        },
        Variants::default(),
    );
    let neighbours = if objective.sampling.neighbours > 0 {
        neighbours.expect("a neighbour for each centre")
    } else {
        &[]
    };
    let samples = batch * (1 + objective.sampling.neighbours);
    assert_eq!(
        (centres.len() + neighbours.len()) / model.network.features(),
        samples,
        "one neighbour for each centre"
    );
    let step = gradient_step(
        &model.network,
        &objective,
        Data::floats(samples),
        batch,
        1,
        0,
    );
    let mut session = executor.prepare(&step.recording)?;
    let words: Vec<u32> = centres
        .iter()
        .chain(neighbours)
        .map(|value| value.to_bits())
        .collect();
    let (batch_u32, mean) = (batch as u32, 1.0 / batch as f32);
    let rows = |b: u32| {
        [(b, mean), (batch_u32 + b, mean * lambda)]
            .into_iter()
            .take(step.group)
    };
    let (indices, weights): (Vec<u32>, Vec<f32>) = (0..batch_u32).flat_map(rows).unzip();
    StepInputs {
        data: &words,
        indices: &indices,
        weights: &weights,
        parameters: &model.parameters,
        ..Default::default()
    }
    .write(&mut *session, &step)?;
    session.run(1)?;
    let gradients = step
        .gradients
        .expect("a step that updates nothing keeps its gradient");
    Ok((session.read(step.losses)?[0], session.read(gradients)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;
    use crate::data::Scaling;
    use crate::engine::Stack;
    use crate::eval::Predictor;
    use crate::net::{Activation, Network};

    fn model(activation: Activation) -> Model {
        let network = Network::mlp(&[3], &[7], 2, activation, Activation::Linear).unwrap();
        Model::new(network, Scaling::identity(), 1)
    }

    #[test]
    fn jets_are_derivatives_of_the_decoder() {
        for (activation, curved) in [(Activation::Tanh, true), (Activation::Relu, false)] {
            let model = model(activation);
            let (z, dz) = ([0.3_f32, -0.7], [0.5_f32, 0.2]);
            let jets = jets(&model, &z, &dz, &Cpu).unwrap();
            let mut decoder = Predictor::new(&model.network, Stack::Decoder, &Cpu).unwrap();
            decoder.set_parameters(&model.parameters).unwrap();
            let mut at = |t: f32| decoder.run(&[z[0] + t * dz[0], z[1] + t * dz[1]]).unwrap();
            let h = 0.05;
            let (minus, value, plus) = (at(-h), at(0.0), at(h));
            for i in 0..3 {
                approx::assert_relative_eq!(jets.value[i], value[i], epsilon = 1e-6);
                approx::assert_relative_eq!(
                    jets.jvp[i],
                    (plus[i] - minus[i]) / (2.0 * h),
                    epsilon = 1e-3
                );
                approx::assert_relative_eq!(
                    jets.hvp[i],
                    (plus[i] - 2.0 * value[i] + minus[i]) / (h * h),
                    epsilon = 2e-3
                );
            }
            assert_eq!(jets.hvp.iter().any(|value| *value != 0.0), curved);
        }
    }
}
