//! Shortest paths of a decoded manifold: geodesics of the metric G = J'J that the decoder pulls back
//! to the latent space (Arvanitidis, Hansen and Hauberg, "Latent space oddity", ICLR 2018).
//!
//! A path z_0, ..., z_K has the energy sum |f(z_{i+1}) - f(z_i)|^2, whose minimum between fixed ends
//! is a geodesic, run through at constant speed. It is a sum of squares, so that Gauss and Newton's
//! method takes only first derivatives: with J_i the Jacobian at z_i, the gradient is
//! J_i' (2 f_i - f_{i-1} - f_{i+1}), and the matrix is block tridiagonal, with 2 J_i' J_i on the
//! diagonal and - J_i' J_{i+1} beside it. Values and Jacobians come from jets in f64.

use super::tridiagonal::BlockTridiagonal;
use crate::cpu::CpuSession;
use crate::engine::{Inference, Stack, inference, jets_inference};
use crate::error::{Error, Result};
use crate::executor::Session;
use crate::linalg::dot;
use crate::model::Model;
use serde::Serialize;

/// Most values in a buffer at once, unless one point has more.
const VALUES: usize = 1 << 21;
/// Points between two of a path at which its length is measured.
const FINE: usize = 8;

/// How a path is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GeodesicOptions {
    /// Pieces of the path, K.
    pub pieces: usize,
    /// Steps of the minimisation, at most.
    pub steps: usize,
    /// The residual (see [`Geodesic::residual`]) to stop at.
    pub tolerance: f64,
}

impl Default for GeodesicOptions {
    fn default() -> Self {
        Self {
            pieces: 32,
            steps: 300,
            tolerance: 1e-6,
        }
    }
}

/// A path of least energy between two latents. It is the shortest one near the straight line; around
/// an obstacle there may be others.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Geodesic {
    /// Latents [K + 1, m] at equal distances along the decoded path, both ends included.
    #[serde(skip)]
    pub path: Vec<f64>,
    /// Length of the decoded path, in the units of scaled data.
    pub length: f64,
    /// Length of the decoded straight line between the ends.
    pub straight_length: f64,
    /// Distance of the decoded ends from each other, through the space of the data: no path is
    /// shorter.
    pub chord: f64,
    /// Steps that were taken.
    pub steps: usize,
    /// The Newton decrement over the norm of the path, (g' A^-1 g / energy)^(1/2) for the gradient
    /// g and the matrix A: the relative change that is still to come, whatever the coordinates.
    pub residual: f64,
    /// Whether the residual reached the tolerance. A decoder with kinks (ReLU) may keep it above.
    pub converged: bool,
}

impl Geodesic {
    /// The geodesic of `model`'s decoder between the latents `from` and `to`, each `[m]`, computed
    /// on the CPU in f64 from the straight line on.
    ///
    /// # Errors
    /// When the ends do not have m finite values, there are no pieces, memory does not suffice, or
    /// the decoder is not finite between them.
    pub fn between(
        model: &Model,
        from: &[f64],
        to: &[f64],
        options: GeodesicOptions,
    ) -> Result<Self> {
        let m = model.network.latent();
        for (name, end) in [("start", from), ("end", to)] {
            if end.len() != m || !end.iter().all(|value| value.is_finite()) {
                return Err(Error::input(format!(
                    "the {name} of a path is {end:?}, but the model's latents are {m} finite numbers"
                )));
            }
        }
        if options.pieces < 2 {
            return Err(Error::input(format!(
                "a path has {} pieces: it needs at least 2",
                options.pieces
            )));
        }
        let mut decoder = Decoder::new(model, options.pieces + 1)?;
        let straight = straight_line(from, to, options.pieces);
        let mut path = straight.clone();
        let (mut energy, mut damping) = (decoder.energy(&path)?, 0.0);
        let (mut residual, mut steps) = (0.0, 0);
        while energy > 0.0 && steps < options.steps {
            let (matrix, gradient) = decoder.normal_equations(&path)?;
            let mut moved = None;
            // Undamped where that descends, as it nearly always does; a singular metric needs some.
            while moved.is_none() && damping < 1e10 {
                if let Some(step) = matrix.solve(&gradient, damping) {
                    let decrement: f64 = step.iter().zip(&gradient).map(|(s, g)| s * g).sum();
                    residual = (decrement.max(0.0) / energy).sqrt();
                    if residual <= options.tolerance {
                        break;
                    }
                    let mut tried = path.clone();
                    for (z, step) in tried[m..].iter_mut().zip(&step) {
                        *z -= step;
                    }
                    let reached = decoder.energy(&tried).unwrap_or(f64::INFINITY);
                    if reached < energy {
                        moved = Some((tried, reached));
                        break;
                    }
                }
                damping = (10.0 * damping).max(1e-8);
            }
            let Some((tried, reached)) = moved else { break };
            (path, energy) = (tried, reached);
            damping = if damping > 1e-8 { damping / 10.0 } else { 0.0 };
            steps += 1;
        }
        let ends = [from, to].concat();
        Ok(Self {
            length: decoder.length(&path)?,
            straight_length: decoder.length(&straight)?,
            chord: decoder.energy(&ends)?.sqrt(),
            path,
            steps,
            residual,
            converged: residual <= options.tolerance,
        })
    }
}

/// Latents [pieces + 1, m] at equal distances on the line between two.
pub fn straight_line(from: &[f64], to: &[f64], pieces: usize) -> Vec<f64> {
    let at = |i: usize| {
        let t = i as f64 / pieces.max(1) as f64;
        from.iter().zip(to).map(move |(a, b)| (1.0 - t) * a + t * b)
    };
    (0..=pieces).flat_map(at).collect()
}

/// `count` latents along a `path` [points, m], evenly by the path's own parameter.
pub fn points_along(path: &[f64], m: usize, count: usize) -> Vec<f64> {
    let last = path.len() / m - 1;
    let at = |i: usize| {
        let place = i as f64 * last as f64 / (count.max(2) - 1) as f64;
        let below = (place as usize).min(last.saturating_sub(1));
        let share = place - below as f64;
        (0..m).map(move |c| {
            let (a, b) = (path[below * m + c], path[(below + 1).min(last) * m + c]);
            a + share * (b - a)
        })
    };
    (0..count).flat_map(at).collect()
}

/// A decoder in f64.
struct Decoder {
    /// f alone.
    values: Part,
    /// f and its derivatives along all latents.
    jets: Part,
    m: usize,
    n: usize,
}

/// A map prepared for some points at once.
struct Part {
    map: Inference,
    session: CpuSession<f64>,
}

impl Part {
    /// The map that `record` makes for so many points, at most `points`.
    fn new(model: &Model, points: usize, record: impl Fn(usize) -> Inference) -> Result<Self> {
        let single = record(1);
        let buffers = single.recording.buffers.iter().enumerate();
        let values = buffers
            .filter(|(id, _)| *id != single.parameters.buffer.0)
            .map(|(_, buffer)| buffer.len)
            .max()
            .unwrap_or(1);
        let map = record((VALUES / values).clamp(1, points));
        let mut session = CpuSession::prepare(&map.recording)?;
        session.write(map.parameters, &model.parameters)?;
        Ok(Self { map, session })
    }

    /// Calls `look` with f `[n]`, and the rows of J behind it where they are recorded, at each of `path`
    /// [points, m] in turn.
    fn each(&mut self, path: &[f64], m: usize, mut look: impl FnMut(&[f64])) -> Result<()> {
        let (slots, n) = (self.map.input_jets.slots(), self.map.output_jets.features);
        for part in path.chunks(self.map.input_jets.batch * m) {
            let input = self.session.memory.reals_mut(self.map.input);
            for (jet, z) in input.chunks_mut(slots * m).zip(part.chunks(m)) {
                jet.fill(0.0);
                jet[..m].copy_from_slice(z);
                (1..slots).for_each(|slot| jet[slot * m + slot - 1] = 1.0);
            }
            self.session.replay(1);
            let output = self.session.memory.reals(self.map.output);
            for jet in output.chunks(slots * n).take(part.len() / m) {
                if !jet.iter().all(|value| value.is_finite()) {
                    return Err(Error::input(
                        "the decoder gives values that are not finite on the way from one latent to the other: choose latents nearer to those of the data",
                    ));
                }
                look(jet);
            }
        }
        Ok(())
    }
}

impl Decoder {
    fn new(model: &Model, points: usize) -> Result<Self> {
        let (network, m) = (&model.network, model.network.latent());
        Ok(Self {
            values: Part::new(model, points, |batch| {
                inference(network, Stack::Decoder, batch)
            })?,
            jets: Part::new(model, points, |batch| jets_inference(network, batch, m, 1))?,
            m,
            n: network.features(),
        })
    }

    /// sum |f_{i+1} - f_i|^2.
    fn energy(&mut self, path: &[f64]) -> Result<f64> {
        self.sum_of_pieces(path, |square| square)
    }

    /// Length of the decoded path, between whose points latents run straight.
    fn length(&mut self, path: &[f64]) -> Result<f64> {
        let pieces = path.len() / self.m - 1;
        let fine = points_along(path, self.m, pieces * FINE + 1);
        self.sum_of_pieces(&fine, f64::sqrt)
    }

    fn sum_of_pieces(&mut self, path: &[f64], of_square: fn(f64) -> f64) -> Result<f64> {
        let (mut sum, mut before): (f64, Vec<f64>) = (0.0, Vec::new());
        self.values.each(path, self.m, |value| {
            let squares = value.iter().zip(&before).map(|(a, b)| (a - b).powi(2));
            sum += of_square(squares.sum());
            before = value.to_vec();
        })?;
        Ok(sum)
    }

    /// Half the matrix and half the gradient of the energy, of the points between the ends.
    fn normal_equations(&mut self, path: &[f64]) -> Result<(BlockTridiagonal, Vec<f64>)> {
        let (m, n) = (self.m, self.n);
        let inner = path.len() / m - 2;
        let mut matrix = BlockTridiagonal::zeros(inner, m);
        let mut gradient = vec![0.0; inner * m];
        let (mut value, mut jacobian) = (Vec::new(), Vec::new());
        let mut at = 0;
        self.jets.each(path, m, |jet| {
            let (next, next_jacobian) = jet.split_at(n);
            // `at` is the point that `next` is of; `value` and `jacobian` are of the one before.
            if at > 0 {
                let piece: Vec<f64> = next
                    .iter()
                    .zip(&value)
                    .map(|(b, a): (_, &f64)| b - a)
                    .collect();
                // The piece from at - 1 to at pulls at both of its ends.
                if at >= 2 {
                    let rows = jacobian.chunks_exact(n).zip(&mut gradient[(at - 2) * m..]);
                    rows.for_each(|(row, g): (&[f64], _)| *g -= dot(row, &piece));
                }
                if at <= inner {
                    let rows = next_jacobian
                        .chunks_exact(n)
                        .zip(&mut gradient[(at - 1) * m..]);
                    rows.for_each(|(row, g)| *g += dot(row, &piece));
                    products(
                        matrix.diagonal(at - 1),
                        next_jacobian,
                        next_jacobian,
                        n,
                        2.0,
                    );
                }
                if (2..=inner).contains(&at) {
                    products(matrix.beside(at - 2), &jacobian, next_jacobian, n, -1.0);
                }
            }
            (value, jacobian) = (next.to_vec(), next_jacobian.to_vec());
            at += 1;
        })?;
        Ok((matrix, gradient))
    }
}

/// `factor` times the inner products of rows of n: [rows of a, rows of b].
fn products(to: &mut [f64], a: &[f64], b: &[f64], n: usize, factor: f64) {
    let pairs = a
        .chunks_exact(n)
        .flat_map(|a| b.chunks_exact(n).map(move |b| (a, b)));
    for (to, (a, b)) in to.iter_mut().zip(pairs) {
        *to = factor * dot(a, b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Scaling;
    use crate::net::{Activation, Layer, Network, Parameters};
    use std::f64::consts::{FRAC_PI_2, PI};

    /// A decoder with a layer of sines between two linear ones, W1 and b1, then W2.
    fn sines(latent: usize, w1: &[f32], b1: &[f32], w2: &[f32]) -> Model {
        let (hidden, n) = (b1.len(), w2.len() / b1.len());
        let mut network = Network::mlp(
            &[n],
            &[hidden],
            latent,
            Activation::Sine,
            Activation::Linear,
        )
        .unwrap();
        network.decoder[1] = Layer::Activation {
            function: Activation::Sine,
        };
        let scaling = Scaling::identity();
        let mut model = Model::new(network, scaling, 0);
        let bias = vec![0.0; n];
        for entry in Parameters::of(&model.network).entries {
            let values = match entry.name.as_str() {
                "decoder.0.weight" => w1,
                "decoder.0.bias" => b1,
                "decoder.2.weight" => w2,
                "decoder.2.bias" => &bias,
                _ => continue,
            };
            model.parameters[entry.offset..][..values.len()].copy_from_slice(values);
        }
        model
    }

    /// (sin u cos v, sin u sin v, cos u), by sums of sines of u + v and u - v.
    fn sphere() -> Model {
        let quarter = std::f32::consts::FRAC_PI_2;
        let w1 = [1.0, 1.0, 1.0, -1.0, 1.0, -1.0, 1.0, 1.0, 1.0, 0.0];
        let w2 = [
            0.5, 0.5, 0.0, 0.0, 0.0, //
            0.0, 0.0, 0.5, -0.5, 0.0, //
            0.0, 0.0, 0.0, 0.0, 1.0,
        ];
        sines(2, &w1, &[0.0, 0.0, quarter, quarter, quarter], &w2)
    }

    #[test]
    fn on_a_sphere_it_is_the_great_circle() {
        let model = sphere();
        for (u, v, angle) in [
            (0.8_f64, 0.3_f64, 2.0_f64),
            (1.2, -1.0, 1.0),
            (FRAC_PI_2, 0.0, 2.5),
        ] {
            let options = GeodesicOptions {
                pieces: 64,
                ..Default::default()
            };
            let found = Geodesic::between(&model, &[u, v], &[u, v + angle], options).unwrap();
            let central = (u.cos().powi(2) + u.sin().powi(2) * angle.cos()).acos();
            approx::assert_relative_eq!(found.length, central, max_relative = 5e-4);
            // The straight line of latents is the parallel.
            approx::assert_relative_eq!(
                found.straight_length,
                u.sin() * angle,
                max_relative = 5e-4
            );
            approx::assert_relative_eq!(
                found.chord,
                2.0 * (central / 2.0).sin(),
                max_relative = 1e-6
            );
            assert!(found.converged && found.residual <= 1e-6, "{found:?}");
            // Half way, all of it is in the plane of the ends and the centre.
            let middle = &found.path[32 * 2..][..2];
            approx::assert_abs_diff_eq!(middle[1], v + angle / 2.0, epsilon = 1e-6);
            let tilt = (u.tan() * (angle / 2.0).cos()).atan();
            let expected = if tilt > 0.0 { tilt } else { tilt + PI };
            approx::assert_abs_diff_eq!(middle[0], expected, epsilon = 1e-3);
        }
    }

    #[test]
    fn a_rolled_up_sheet_and_a_linear_decoder_have_straight_ones() {
        // (sin u, sin(u + pi / 2), 100 sin(v / 100)), a cylinder but for the last sine's curvature.
        let w1 = [1.0, 0.0, 1.0, 0.0, 0.0, 0.01];
        let w2 = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 100.0];
        let cylinder = sines(2, &w1, &[0.0, std::f32::consts::FRAC_PI_2, 0.0], &w2);
        let (from, to) = ([0.2, -1.0], [2.4, 0.7]);
        let found = Geodesic::between(&cylinder, &from, &to, GeodesicOptions::default()).unwrap();
        approx::assert_relative_eq!(found.length, 2.2_f64.hypot(1.7), max_relative = 5e-4);
        approx::assert_abs_diff_eq!(
            found.path[..],
            straight_line(&from, &to, 32)[..],
            epsilon = 2e-4
        );
        assert!(found.chord < found.length && found.converged);

        let network = Network::mlp(&[7], &[], 3, Activation::Linear, Activation::Linear).unwrap();
        let model = Model::new(network, sphere().scaling, 5);
        let (from, to) = ([0.0, 1.0, -2.0], [3.0, 0.5, 0.0]);
        let found = Geodesic::between(&model, &from, &to, GeodesicOptions::default()).unwrap();
        approx::assert_abs_diff_eq!(
            found.path[..],
            straight_line(&from, &to, 32)[..],
            epsilon = 1e-9
        );
        approx::assert_relative_eq!(found.length, found.chord, max_relative = 1e-9);
        assert!(found.converged && found.steps == 0, "{found:?}");
    }

    #[test]
    fn singular_metrics_equal_ends_and_bad_ends() {
        // The third latent does nothing: every path may wander along it, and none diverges.
        let w1 = [1.0, 1.0, 0.0, 1.0, -1.0, 0.0];
        let model = sines(3, &w1, &[0.3, 0.1], &[1.0, 0.5, -0.5, 1.0]);
        let options = GeodesicOptions::default();
        let found =
            Geodesic::between(&model, &[0.1, 0.2, 0.3], &[0.6, -0.2, 5.0], options).unwrap();
        assert!(
            found.length <= found.straight_length * (1.0 + 1e-9) && found.converged,
            "{found:?}"
        );
        let none = Geodesic::between(&model, &[0.5; 3], &[0.5; 3], options).unwrap();
        assert!(none.length == 0.0 && none.converged && none.steps == 0);
        let short = Geodesic::between(&model, &[0.5; 2], &[0.5; 3], options).unwrap_err();
        assert!(short.to_string().contains("3 finite numbers"), "{short}");
        let nan = Geodesic::between(&model, &[0.5; 3], &[0.1, f64::NAN, 0.0], options).unwrap_err();
        assert!(nan.to_string().contains("the end of a path"), "{nan}");
    }

    #[test]
    fn points_lie_evenly_along_a_path() {
        let path = [0.0, 0.0, 1.0, 2.0, 2.0, 4.0];
        assert_eq!(
            points_along(&path, 2, 5),
            [0.0, 0.0, 0.5, 1.0, 1.0, 2.0, 1.5, 3.0, 2.0, 4.0]
        );
        assert_eq!(points_along(&path, 2, 2), [0.0, 0.0, 2.0, 4.0]);
        assert_eq!(points_along(&path, 2, 1), [0.0, 0.0]);
    }
}
