//! What is measured of a run, as `docs/measures.md` defines it.

mod circle;
mod sketch;

pub(super) use sketch::Drawn;
pub use sketch::Sketch;

use self::circle::{circular_rank_correlation, winding};
use super::cache::Ended;
use crate::data::Dataset;
use crate::engine::Stack;
use crate::error::Result;
use crate::eval::{CleanErrors, CurvatureField, Elbo, Quantiles, rank_correlation};
use crate::executor::Executor;
use crate::model::Model;
use crate::train::Trainer;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// A group of figures that an experiment asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// `order` and `ordered`.
    Order,
    /// `breaks` and `jumps`.
    Breaks,
    /// `circular`, `winding` and `closed`.
    Circle,
    /// `clean_mse` and `psnr`.
    Clean,
    /// `roughness`.
    Roughness,
    /// `curvature` with its quantiles.
    Curvature,
    /// `elbo`.
    Elbo,
}

/// Latents along a side of the grid that `roughness` decodes.
const SIDE: usize = 20;
/// A curve that is `ordered` or `closed` has at least this correlation.
const IN_ORDER: f64 = 0.99;

/// A model with what it is measured on.
struct Measured<'a> {
    model: &'a Model,
    train: &'a Dataset,
    test: Option<&'a Dataset>,
    executor: &'a dyn Executor,
}

/// Measures `model` as the settings of its run ask, and draws its sketch.
pub(super) fn measure(
    trainer: &Trainer,
    model: &Model,
    clean: Option<&Dataset>,
    executor: &dyn Executor,
    ended: &mut Ended,
) -> Result<()> {
    let splits = trainer.splits();
    let measured = Measured {
        model,
        train: &splits.train,
        test: splits.test.as_ref(),
        executor,
    };
    let figures = &mut ended.measures;
    measured.errors(figures)?;
    if let Some((error, _)) = trainer.progress().best {
        figures.insert("validation_mse".into(), error);
    }
    for measure in &ended.run.measures {
        let found = match measure {
            Measure::Order => measured.order()?,
            Measure::Breaks => measured.breaks()?,
            Measure::Circle => measured.circle()?,
            Measure::Clean => measured.clean(clean)?,
            Measure::Roughness => measured.roughness()?,
            Measure::Curvature => measured.curvature()?,
            Measure::Elbo => measured.elbo(trainer)?,
        };
        figures.extend(
            found
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value)),
        );
    }
    ended.sketch = ended
        .run
        .picture
        .map(|sketch| measured.sketch(sketch))
        .transpose()?
        .flatten();
    Ok(())
}

type Figures = Vec<(&'static str, f64)>;

impl Measured<'_> {
    fn errors(&self, figures: &mut BTreeMap<String, f64>) -> Result<()> {
        let mse = |data: &Dataset| self.model.mean_squared_error(&data.values, self.executor);
        figures.insert("train_mse".into(), mse(self.train)?);
        if let Some(test) = self.test {
            figures.insert("test_mse".into(), mse(test)?);
        }
        Ok(())
    }

    fn codes(&self, data: &Dataset) -> Result<Vec<f32>> {
        self.model.encode(&data.values, self.executor)
    }

    fn order(&self) -> Result<Figures> {
        let codes = self.codes(self.train)?;
        let parameter = self.train.parameter.as_deref().unwrap_or_default();
        let known = parameter.len() == codes.len();
        let order = known.then(|| rank_correlation(&codes, parameter)).flatten();
        let order = order.map_or(0.0, f64::abs);
        Ok(vec![
            ("order", order),
            ("ordered", f64::from(u8::from(order > IN_ORDER))),
        ])
    }

    fn breaks(&self) -> Result<Figures> {
        let codes = self.codes(self.train)?;
        let place = places(self.train);
        let decoded = self.decoded_in_order(&codes)?;
        let n = self.train.features();
        let data = self.model.scaling.apply(&self.train.values);
        let along = sorted(&place);
        let true_steps = along
            .windows(2)
            .map(|pair| distance(&data[pair[0] * n..][..n], &data[pair[1] * n..][..n]));
        let limit = 1.25 * true_steps.fold(0.0, f64::max);
        let images: Vec<&[f32]> = decoded.chunks_exact(n).collect();
        let jumps = images
            .windows(2)
            .filter(|pair| distance(pair[0], pair[1]) > limit);
        Ok(vec![
            ("breaks", breaks(&codes, &place) as f64),
            ("jumps", jumps.count() as f64),
        ])
    }

    /// The scaled images that the sorted `codes` decode to.
    fn decoded_in_order(&self, codes: &[f32]) -> Result<Vec<f32>> {
        let mut latents = codes.to_vec();
        latents.sort_by(f32::total_cmp);
        self.model.apply(Stack::Decoder, &latents, self.executor)
    }

    fn circle(&self) -> Result<Figures> {
        let test = self.test.unwrap_or(self.train);
        let directions: Vec<f64> = self
            .codes(test)?
            .as_chunks()
            .0
            .iter()
            .map(|&[x, y]| f64::from(y).atan2(x.into()))
            .collect();
        let angles = test.parameter.as_deref().unwrap_or_default();
        let angles: Vec<f64> = angles.iter().map(|&angle| angle.into()).collect();
        let circular = circular_rank_correlation(&angles, &directions);
        let winding = winding(&directions);
        let closed = circular > IN_ORDER && winding == 1.0;
        Ok(vec![
            ("circular", circular),
            ("winding", winding),
            ("closed", f64::from(u8::from(closed))),
        ])
    }

    fn clean(&self, clean: Option<&Dataset>) -> Result<Figures> {
        let (Some(test), Some(clean)) = (self.test, clean) else {
            return Ok(Vec::new());
        };
        let source = Path::new("the clean images");
        let found = CleanErrors::of(self.model, test, clean, source, self.executor)?;
        Ok(vec![
            ("clean_mse", found.mse),
            ("psnr", found.psnr.unwrap_or(f64::NAN)),
        ])
    }

    /// Decoded images of a grid of `side` x `side` latents over the normalised latent space.
    fn grid(&self, side: usize) -> Result<Vec<f32>> {
        let codes = self.codes(self.train)?;
        let axis = |axis: usize| {
            let values: Vec<f64> = codes
                .iter()
                .skip(axis)
                .step_by(2)
                .map(|&z| z.into())
                .collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let variance =
                values.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / values.len() as f64;
            (0..side)
                .map(|i| {
                    (mean + variance.sqrt() * (4.0 * i as f64 / (side - 1) as f64 - 2.0)) as f32
                })
                .collect::<Vec<_>>()
        };
        let (across, up) = (axis(0), axis(1));
        let latents: Vec<f32> = up
            .iter()
            .flat_map(|&v| across.iter().flat_map(move |&u| [u, v]))
            .collect();
        self.model.apply(Stack::Decoder, &latents, self.executor)
    }

    fn roughness(&self) -> Result<Figures> {
        let found = roughness(&self.grid(SIDE)?, self.train.features(), SIDE);
        Ok(found
            .map(|value| ("roughness", value))
            .into_iter()
            .collect())
    }

    fn curvature(&self) -> Result<Figures> {
        let codes = self.codes(self.train)?;
        if !CurvatureField::spread(&codes) {
            return Ok(Vec::new());
        }
        let field = CurvatureField::of(self.model, &codes, self.executor)?;
        let sizes: Vec<f64> = field
            .scalar
            .iter()
            .filter(|s| s.is_finite())
            .map(|s| f64::from(s.abs()))
            .collect();
        let mean = sizes.iter().sum::<f64>() / sizes.len() as f64;
        let mut found = vec![("curvature", mean)];
        if let Some(quantiles) = Quantiles::of(sizes) {
            found.extend([
                ("curvature_median", quantiles.median),
                ("curvature_q95", quantiles.q95),
            ]);
        }
        Ok(found)
    }

    fn elbo(&self, trainer: &Trainer) -> Result<Figures> {
        let (config, test) = (trainer.config(), self.test.unwrap_or(self.train));
        let variance = config.kl.variance(self.model.network.features());
        let elbo = Elbo::measure(self.model, &test.values, variance, 0, self.executor)?;
        Ok(elbo.map(|found| ("elbo", found.elbo)).into_iter().collect())
    }
}

fn sorted<T: PartialOrd>(values: &[T]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| {
        values[a]
            .partial_cmp(&values[b])
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    order
}

/// The place of each sample along the known coordinate.
fn places(data: &Dataset) -> Vec<usize> {
    let order = sorted(data.parameter.as_deref().unwrap_or_default());
    let mut places = vec![0; data.samples];
    order
        .iter()
        .enumerate()
        .for_each(|(place, &sample)| places[sample] = place);
    places
}

/// See `breaks` in `docs/measures.md`; `place` is that of each sample along the known coordinate. Equal
/// codes do not tell their samples apart, so that they are a break wherever the samples are.
fn breaks(codes: &[f32], place: &[usize]) -> usize {
    let broken = |pair: &&[usize]| {
        let (a, b) = (pair[0], pair[1]);
        codes[a] == codes[b] || place[a].abs_diff(place[b]) > 1
    };
    sorted(codes).windows(2).filter(broken).count()
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2));
    squares.sum::<f64>().sqrt()
}

/// See `roughness` in `docs/measures.md`, of `side` x `side` images of `n` values. `None` where all images
/// are the same: a decoder that ignores its latents is not smooth.
fn roughness(images: &[f32], n: usize, side: usize) -> Option<f64> {
    let image = |row: usize, column: usize| &images[(row * side + column) * n..][..n];
    let (mut first, mut second) = (0.0, 0.0);
    for line in 0..side {
        for along in [true, false] {
            let at = |i| {
                if along {
                    image(line, i)
                } else {
                    image(i, line)
                }
            };
            first += (1..side)
                .map(|i| distance(at(i), at(i - 1)).powi(2))
                .sum::<f64>();
            let bend = |i: usize| {
                let (a, b, c) = (at(i - 1), at(i), at(i + 1));
                (0..n)
                    .map(|p| f64::from(a[p] - 2.0 * b[p] + c[p]).powi(2))
                    .sum::<f64>()
            };
            second += (1..side - 1).map(bend).sum::<f64>();
        }
    }
    // As many differences of either kind.
    let pairs = (side - 1) as f64 / (side - 2) as f64;
    (first > 0.0).then(|| pairs * second / first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;
    use crate::data::{Scaling, Values};
    use crate::net::{Activation, Network};
    use crate::random::{Generator, Stream};
    use rand::RngExt;

    #[test]
    fn roughness_tells_straight_lines_from_noise() {
        let plane: Vec<f32> = (0..25)
            .map(|i| (i % 5) as f32 + 2.0 * (i / 5) as f32)
            .collect();
        assert_eq!(roughness(&plane, 1, 5), Some(0.0));
        let mut generator = Generator::new(1, Stream::Test, 1);
        let noise: Vec<f32> = (0..20 * 20 * 50).map(|_| generator.random()).collect();
        let found = roughness(&noise, 50, 20).unwrap();
        assert!((found - 3.0).abs() < 0.1, "{found}");
        assert_eq!(roughness(&[1.0; 9], 1, 3), None);
    }

    #[test]
    fn places_follow_the_coordinate() {
        let data = Dataset {
            samples: 3,
            shape: vec![1],
            values: Values::Floats(vec![0.0; 3].into()),
            labels: None,
            parameter: Some(vec![5.0, -1.0, 2.0]),
        };
        assert_eq!(places(&data), [2, 0, 1]);
    }

    #[test]
    fn breaks_are_neighbours_by_code_that_are_none_in_truth() {
        let place = [0, 1, 2, 3];
        assert_eq!(breaks(&[4.0, 3.0, 2.0, 1.0], &place), 0);
        assert_eq!(breaks(&[1.0, 3.0, 2.0, 4.0], &place), 2);
        // Samples come in their true order, which equal codes do not know.
        assert_eq!(breaks(&[1.0, 1.0, 2.0, 3.0], &place), 1);
        assert_eq!(breaks(&[0.0; 4], &place), 3);
    }

    /// An encoder that gives every sample the same code, as all weights 0 do.
    #[test]
    fn what_has_collapsed_is_the_worst_or_not_measured() {
        let collapsed = |latent: usize| {
            let network = Network::mlp(&[3], &[4], latent, Activation::Elu, Activation::Linear);
            let mut model = Model::new(network.unwrap(), Scaling::identity(), 1);
            model.parameters.fill(0.0);
            model
        };
        let data = Dataset {
            samples: 20,
            shape: vec![3],
            values: Values::Floats((0..60).map(|i| i as f32).collect::<Vec<_>>().into()),
            labels: None,
            parameter: Some((0..20).map(|i| i as f32).collect()),
        };
        let of = |model| Measured {
            model,
            train: &data,
            test: None,
            executor: &Cpu,
        };
        let (line, plane) = (collapsed(1), collapsed(2));
        let expected = [("breaks", 19.0), ("jumps", 0.0)];
        assert_eq!(of(&line).breaks().unwrap(), expected);
        assert_eq!(of(&line).order().unwrap()[0], ("order", 0.0));
        let found = of(&plane).circle().unwrap();
        assert!(found[0].1 < 1e-9, "{found:?}");
        assert!(of(&plane).roughness().unwrap().is_empty());
        assert!(of(&plane).curvature().unwrap().is_empty());
        assert_eq!(of(&plane).sketch(Sketch::Field).unwrap(), None);
    }
}
