//! Noisy curves in the plane with a known coordinate along them, as in the paper and as in the
//! authors' released code.

use super::{Dataset, Values};
use crate::random::{Generator, Stream};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};
use std::f64::consts::{PI, TAU};

/// A built-in curve. The paper and the authors' code differ, so both are here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Synthetic {
    /// (x, sin x), x drawn from [-pi, pi]; noise 0.2 (paper, section 4.1)
    Sin,
    /// (x, sin x), x evenly spaced; noise 0.3 (authors' code)
    SinOfficial,
    /// A roll of radius 0.1 + 0.9 angle/2pi, angles drawn from one turn; noise 0.01 (paper, section
    /// 4.2)
    SwissRoll,
    /// A flattened roll of radius 0.1 to 3, evenly spaced; noise 0.01 (authors' code)
    SwissRollOfficial,
}

impl Synthetic {
    /// The default number of training points and standard deviation of their noise.
    pub fn defaults(self) -> (usize, f64) {
        match self {
            Self::Sin => (50, 0.2),
            Self::SinOfficial => (50, 0.3),
            Self::SwissRoll | Self::SwissRollOfficial => (30, 0.01),
        }
    }

    /// Points along the clean curve that make its test set: 10,000 in the paper's sine experiment,
    /// 1,000 elsewhere.
    pub fn test_samples(self) -> usize {
        if self == Self::Sin { 10_000 } else { 1000 }
    }

    /// `samples` points with Gaussian noise of standard deviation `noise` in both coordinates,
    /// [samples, 2]. The coordinate along the curve (x of the sine, the angle of the roll) is kept
    /// as [`Dataset::parameter`].
    pub fn training(self, samples: usize, noise: f64, seed: u64) -> Dataset {
        let mut fractions: Vec<f64> = (0..samples).map(|i| self.even(i, samples)).collect();
        if matches!(self, Self::Sin | Self::SwissRoll) {
            let mut generator = Generator::new(seed, Stream::Synthetic, 0);
            fractions.fill_with(|| generator.random());
        }
        let mut generator = Generator::new(seed, Stream::Synthetic, 1);
        self.dataset(&fractions, || {
            noise * generator.sample::<f64, _>(StandardNormal)
        })
    }

    /// `samples` further points at random places along the curve, with noise as the training points
    /// have it.
    pub fn validation(self, samples: usize, noise: f64, seed: u64) -> Dataset {
        let mut generator = Generator::new(seed, Stream::Synthetic, 2);
        let fractions: Vec<f64> = (0..samples).map(|_| generator.random()).collect();
        self.dataset(&fractions, || {
            noise * generator.sample::<f64, _>(StandardNormal)
        })
    }

    /// `samples` evenly spaced points without noise, [samples, 2].
    pub fn test(self, samples: usize) -> Dataset {
        let fractions: Vec<f64> = (0..samples).map(|i| self.even(i, samples)).collect();
        self.dataset(&fractions, || 0.0)
    }

    /// Position 0 to 1 of point i of an even spacing.
    fn even(self, i: usize, samples: usize) -> f64 {
        i as f64 / samples.saturating_sub(1).max(1) as f64
    }

    fn dataset(self, fractions: &[f64], mut noise: impl FnMut() -> f64) -> Dataset {
        let samples = fractions.len();
        let (mut values, mut parameter) = (Vec::new(), Vec::new());
        for &fraction in fractions {
            let (coordinate, point) = match self {
                Self::Sin | Self::SinOfficial => {
                    let x = PI * (2.0 * fraction - 1.0);
                    (x, [x, x.sin()])
                }
                Self::SwissRoll => {
                    let (angle, radius) = (TAU * fraction, 0.1 + 0.9 * fraction);
                    (angle, [radius * angle.cos(), radius * angle.sin()])
                }
                Self::SwissRollOfficial => {
                    // The angle stops one step short of the full turn.
                    let turn = fraction * (samples - 1) as f64 / samples as f64;
                    let (angle, radius) = (TAU * turn, 0.1 + 2.9 * fraction);
                    (angle, [radius * angle.cos(), 0.6 * radius * angle.sin()])
                }
            };
            values.extend(point.map(|clean| (clean + noise()) as f32));
            parameter.push(coordinate as f32);
        }
        Dataset {
            samples,
            shape: vec![2],
            values: Values::Floats(values.into()),
            labels: None,
            parameter: Some(parameter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_where_their_formulas_say() {
        let sine = Synthetic::SinOfficial.test(3).values.to_floats();
        assert!(
            (sine[0] + std::f32::consts::PI).abs() < 1e-6
                && sine[2].abs() < 1e-6
                && sine[3].abs() < 1e-6
        );
        let roll = Synthetic::SwissRollOfficial.test(30);
        let last = &roll.values.to_floats()[58..];
        let angle = 29.0 / 30.0 * TAU;
        assert!(
            (f64::from(last[0]) - 3.0 * angle.cos()).abs() < 1e-6
                && (f64::from(last[1]) - 1.8 * angle.sin()).abs() < 1e-6
        );
        let paper = Synthetic::SwissRoll.test(5).values.to_floats();
        assert!((paper[0] - 0.1).abs() < 1e-6 && (paper[8] - 1.0).abs() < 1e-6);
    }

    #[test]
    fn noise_has_the_asked_size_and_depends_on_the_seed() {
        let clean = Synthetic::SinOfficial
            .training(5000, 0.0, 1)
            .values
            .to_floats();
        let noisy = Synthetic::SinOfficial
            .training(5000, 0.2, 1)
            .values
            .to_floats();
        let deviation = (clean
            .iter()
            .zip(&noisy)
            .map(|(c, n)| (c - n).powi(2))
            .sum::<f32>()
            / clean.len() as f32)
            .sqrt();
        assert!((deviation - 0.2).abs() < 0.005, "{deviation}");
        assert_ne!(
            Synthetic::Sin.training(9, 0.1, 1),
            Synthetic::Sin.training(9, 0.1, 2)
        );
        assert_eq!(
            Synthetic::Sin.training(9, 0.1, 1),
            Synthetic::Sin.training(9, 0.1, 1)
        );
    }
}
