//! All first and second derivatives of a decoder, put together from its jets.

use crate::engine::jets_inference;
use crate::error::Result;
use crate::executor::Executor;
use crate::model::Model;
use rayon::prelude::*;

/// Most points in a batch.
const BATCH: usize = 256;
/// Most values in a buffer, unless a single point has more: with many directions, a batch of fixed
/// size would exceed the largest binding of a device.
const VALUES: usize = 1 << 22;

/// Derivatives of a map R^m -> R^n at one point.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Derivatives {
    /// f(z), `[n]`.
    pub value: Vec<f64>,
    /// df / dz_i, [m, n].
    pub first: Vec<f64>,
    /// d^2 f / dz_i dz_j for i <= j, [m (m + 1) / 2, n] in the order (0, 0), (0, 1), ..., (0, m -
    /// 1), (1, 1), ...; empty where only the first derivatives were asked for.
    pub second: Vec<f64>,
}

/// The pairs i <= j of 0..m in the order of [`Derivatives::second`].
pub(super) fn pairs(m: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..m).flat_map(move |i| (i..m).map(move |j| (i, j)))
}

/// Derivatives up to `order`, 1 or 2, of the decoder at each of `latents` [points, m], in the
/// network's units. `look` is called for each point in turn, so that memory stays bounded, on many
/// threads; its results are returned in the order of the points.
///
/// The jets have the directions e_i and, for second derivatives, e_i + e_j for i < j, from which
/// `f_ij = (H[e_i + e_j] - H[e_i] - H[e_j]) / 2` with `H[v] = v^T H v` (polarisation).
///
/// # Errors
/// When the device fails.
///
/// # Panics
/// When `order` is neither 1 nor 2.
pub fn decoder_derivatives<T: Send>(
    model: &Model,
    latents: &[f32],
    order: usize,
    executor: &dyn Executor,
    look: impl Fn(&Derivatives) -> T + Sync,
) -> Result<Vec<T>> {
    assert!(matches!(order, 1 | 2), "derivatives of order 1 or 2");
    let (m, n) = (model.network.latent(), model.network.features());
    let directions = directions(m, order);
    let count = directions.len() / m;
    let single = jets_inference(&model.network, 1, count, order);
    let buffers = single.recording.buffers.iter().enumerate();
    let values = buffers
        .filter(|(id, _)| *id != single.parameters.buffer.0)
        .map(|(_, buffer)| buffer.len)
        .max()
        .unwrap_or(1);
    let batch = (VALUES / values)
        .clamp(1, BATCH)
        .min((latents.len() / m).max(1));
    let map = jets_inference(&model.network, batch, count, order);
    let mut session = executor.prepare(&map.recording)?;
    session.write(map.parameters, &model.parameters)?;
    let slots = map.output_jets.slots();
    let mut seen = Vec::with_capacity(latents.len() / m);
    for latents in latents.chunks(batch * m) {
        let input: Vec<f32> = latents
            .chunks(m)
            .flat_map(|z| z.iter().chain(&directions).copied())
            .collect();
        session.write(map.input, &input)?;
        session.run(1)?;
        let output = session.read(map.output)?;
        let jets = output.par_chunks(slots * n).take(latents.len() / m);
        seen.par_extend(jets.map(|jet| look(&from_jet(jet, m, n, count, order))));
    }
    Ok(seen)
}

/// e_i, then e_i + e_j for i < j: [directions, m].
fn directions(m: usize, order: usize) -> Vec<f32> {
    let unit = |i: usize, c: usize| f32::from(u8::from(i == c));
    let mut directions: Vec<f32> = (0..m)
        .flat_map(|i| (0..m).map(move |c| unit(i, c)))
        .collect();
    if order == 2 {
        let mixed = pairs(m).filter(|(i, j)| i < j);
        directions.extend(mixed.flat_map(|(i, j)| (0..m).map(move |c| unit(i, c) + unit(j, c))));
    }
    directions
}

/// The derivatives in one jet [slots, n] along [`directions`], of which there are `count`.
fn from_jet(jet: &[f32], m: usize, n: usize, count: usize, order: usize) -> Derivatives {
    let wide =
        |slots: &[f32]| -> Vec<f64> { slots.iter().map(|&value| f64::from(value)).collect() };
    // Slots that are zero by structure are not stored: a decoder without curved layers has no
    // second derivatives.
    let slot = |at: usize| jet.get(at * n..(at + 1) * n);
    let (value, first) = (wide(&jet[..n]), wide(&jet[n..(1 + m) * n]));
    let mut second = Vec::new();
    if order == 2 {
        let along = |direction: usize, c: usize| {
            slot(1 + count + direction).map_or(0.0, |slot| f64::from(slot[c]))
        };
        second.reserve(pairs(m).count() * n);
        let mut mixed = m;
        for (i, j) in pairs(m) {
            if i == j {
                second.extend((0..n).map(|c| along(i, c)));
            } else {
                second.extend((0..n).map(|c| 0.5 * (along(mixed, c) - along(i, c) - along(j, c))));
                mixed += 1;
            }
        }
    }
    Derivatives {
        value,
        first,
        second,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;
    use crate::data::Scaling;
    use crate::engine::Stack;
    use crate::eval::Predictor;
    use crate::net::{Activation, Network};

    fn model(activation: Activation, latent: usize) -> Model {
        let network = Network::mlp(&[5], &[9], latent, activation, Activation::Linear).unwrap();
        Model::new(network, Scaling::identity(), 1)
    }

    /// More points than a batch, each against differences of the decoder.
    #[test]
    fn derivatives_are_those_of_the_decoder() {
        let m = 3;
        let model = model(Activation::Tanh, m);
        let latents: Vec<f32> = (0..300 * m).map(|i| (i as f32 * 0.7).sin()).collect();
        let all = decoder_derivatives(&model, &latents, 2, &Cpu, Derivatives::clone).unwrap();
        assert_eq!(all.len(), 300);
        let mut decoder = Predictor::new(&model.network, Stack::Decoder, &Cpu).unwrap();
        decoder.set_parameters(&model.parameters).unwrap();
        let at = |decoder: &mut Predictor, z: &[f32], step: &[f32]| {
            let moved: Vec<f32> = z.iter().zip(step).map(|(z, step)| z + step).collect();
            decoder.run(&moved).unwrap()
        };
        let h = 0.05;
        let step = |i: usize, j: usize, a: f32, b: f32| -> Vec<f32> {
            (0..m)
                .map(|c| h * (a * f32::from(u8::from(c == i)) + b * f32::from(u8::from(c == j))))
                .collect()
        };
        for point in [0, 255, 256, 299] {
            let (z, found) = (&latents[point * m..][..m], &all[point]);
            let value = at(&mut decoder, z, &[0.0; 3]);
            for (p, (i, j)) in pairs(m).enumerate() {
                let corners = [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)];
                let corners = corners.map(|(a, b)| at(&mut decoder, z, &step(i, j, a, b)));
                let (plus, minus) = (
                    at(&mut decoder, z, &step(i, j, 1.0, 0.0)),
                    at(&mut decoder, z, &step(i, j, -1.0, 0.0)),
                );
                for c in 0..5 {
                    approx::assert_abs_diff_eq!(
                        found.value[c],
                        f64::from(value[c]),
                        epsilon = 1e-6
                    );
                    let slope = (plus[c] - minus[c]) / (2.0 * h);
                    approx::assert_abs_diff_eq!(
                        found.first[i * 5 + c],
                        f64::from(slope),
                        epsilon = 1e-3
                    );
                    let curve = (corners[0][c] - corners[1][c] - corners[2][c] + corners[3][c])
                        / (4.0 * h * h);
                    approx::assert_abs_diff_eq!(
                        found.second[p * 5 + c],
                        f64::from(curve),
                        epsilon = 3e-3
                    );
                }
            }
        }
    }

    #[test]
    fn first_derivatives_alone_are_the_same_and_flat_decoders_have_no_second_ones() {
        let latents = [0.3, -0.2, 0.9, 0.4];
        let curved = model(Activation::Tanh, 2);
        let both = decoder_derivatives(&curved, &latents, 2, &Cpu, Derivatives::clone).unwrap();
        let first = decoder_derivatives(&curved, &latents, 1, &Cpu, Derivatives::clone).unwrap();
        for (both, first) in both.iter().zip(&first) {
            approx::assert_abs_diff_eq!(both.first[..], first.first[..], epsilon = 1e-6);
            assert!(first.second.is_empty() && both.second.iter().any(|value| *value != 0.0));
        }
        let flat = decoder_derivatives(
            &model(Activation::Relu, 2),
            &latents,
            2,
            &Cpu,
            Derivatives::clone,
        )
        .unwrap();
        assert!(flat.iter().all(
            |found| found.second == [0.0; 15] && found.first.iter().any(|value| *value != 0.0)
        ));
    }
}
