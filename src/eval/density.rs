//! A density of latents to draw new ones from, for autoencoders without a prior: a mixture of
//! Gaussians with full covariances, fitted after training (Ghosh et al., "From variational to
//! deterministic autoencoders", ICLR 2020). A kernel density estimate would need a width that fits
//! everywhere, and in many dimensions only repeats the latents that it has seen.
//!
//! Expectation and maximisation from centres far apart, for 1, 2, 4, 8 and 16 components; the number
//! with the least Bayesian information criterion (Schwarz 1978) is taken.

use super::tridiagonal::{cholesky, forward};
use crate::error::{Error, Result};
use crate::random::{Generator, Stream};
use rand::RngExt;
use rand_distr::StandardNormal;
use rayon::prelude::*;

/// Numbers of components that are tried.
const COMPONENTS: [usize; 5] = [1, 2, 4, 8, 16];
/// Codes that a density is fitted to, at most.
const MOST_CODES: usize = 5000;
/// Codes times squared dimensions, at most: what a round's covariances cost.
const MOST_PRODUCTS: usize = 20_000_000;
/// Rounds of expectation and maximisation, at most.
const ROUNDS: usize = 100;
/// Growth of the mean log likelihood below which they end.
const LEAST_GROWTH: f64 = 1e-5;
/// Part of the latents' mean variance that is added to each variance, so that none vanishes.
const RIDGE: f64 = 1e-6;

/// A mixture of Gaussians over latents of m dimensions.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    m: usize,
    components: Vec<Component>,
}

#[derive(Clone, Debug, PartialEq)]
struct Component {
    weight: f64,
    /// `[m]`
    mean: Vec<f64>,
    /// The lower triangle of the covariance, [m, m].
    factor: Vec<f64>,
}

impl Component {
    /// log weight plus log density at `z`.
    fn log_density(&self, z: &[f64]) -> f64 {
        let m = self.mean.len();
        let mut away: Vec<f64> = z.iter().zip(&self.mean).map(|(z, mean)| z - mean).collect();
        forward(&self.factor, m, &mut away, 1);
        let square: f64 = away.iter().map(|value| value * value).sum();
        let volume: f64 = (0..m).map(|i| self.factor[i * (m + 1)].ln()).sum();
        self.weight.ln() - 0.5 * (square + m as f64 * std::f64::consts::TAU.ln()) - volume
    }
}

impl Mixture {
    /// The mixture that fits `codes` [samples, m], of a part of them where there are many.
    ///
    /// # Errors
    /// When there are fewer than two latents, or one is not finite.
    pub fn fit(codes: &[f32], m: usize, seed: u64) -> Result<Self> {
        let samples = codes.len() / m;
        if samples < 2 || !codes.iter().all(|value| value.is_finite()) {
            return Err(Error::input(format!(
                "a density of latents needs at least two, all of them finite, but there are {samples}"
            )));
        }
        // Enough of them for one covariance.
        let most = (MOST_PRODUCTS / (m * m)).max(4 * (m + 1)).min(MOST_CODES);
        let stride = samples.div_ceil(most);
        let points: Vec<f64> = codes
            .chunks_exact(m)
            .step_by(stride)
            .flatten()
            .map(|&value| f64::from(value))
            .collect();
        let count = points.len() / m;
        // Each component has m means and m (m + 1) / 2 covariances: a few latents for each mean.
        let possible = COMPONENTS
            .iter()
            .filter(|&&components| components == 1 || components * (m + 1) * 3 <= count);
        let fitted = possible.map(|&components| {
            let (mixture, likelihood) = Self::of(&points, m, components, seed);
            let parameters = mixture.components.len() * (1 + m + m * (m + 1) / 2) - 1;
            let criterion = parameters as f64 * (count as f64).ln() - 2.0 * likelihood;
            (criterion, mixture)
        });
        let best = fitted.min_by(|a, b| a.0.total_cmp(&b.0));
        Ok(best.expect("one component is always possible").1)
    }

    /// How many Gaussians it has.
    pub fn components(&self) -> usize {
        self.components.len()
    }

    /// The logarithm of the density at `z` `[m]`.
    pub fn log_density(&self, z: &[f64]) -> f64 {
        let each = self
            .components
            .iter()
            .map(|component| component.log_density(z));
        log_sum(&each.collect::<Vec<_>>())
    }

    /// `count` latents [count, m] by `seed`.
    pub fn draw(&self, count: usize, seed: u64) -> Vec<f32> {
        let mut generator = Generator::new(seed, Stream::Prior, 1);
        let mut codes = Vec::with_capacity(count * self.m);
        for _ in 0..count {
            let mut place: f64 = generator.random_range(0.0..1.0);
            let last = &self.components[self.components.len() - 1];
            let chosen = self.components.iter().find(|component| {
                place -= component.weight;
                place < 0.0
            });
            let component = chosen.unwrap_or(last);
            let noise: Vec<f64> = (0..self.m)
                .map(|_| generator.sample(StandardNormal))
                .collect();
            codes.extend((0..self.m).map(|r| {
                let row = &component.factor[r * self.m..][..=r];
                let moved: f64 = row.iter().zip(&noise).map(|(l, e)| l * e).sum();
                (component.mean[r] + moved) as f32
            }));
        }
        codes
    }

    /// Expectation and maximisation from `components` centres, and the log likelihood.
    fn of(points: &[f64], m: usize, components: usize, seed: u64) -> (Self, f64) {
        let count = points.len() / m;
        let centres = far_apart(points, m, components, seed);
        // At first each point belongs to the nearest centre.
        let mut shares: Vec<f64> = points
            .chunks_exact(m)
            .flat_map(|z| {
                let distances: Vec<f64> =
                    centres.iter().map(|centre| distance(z, centre)).collect();
                let nearest =
                    (0..components).min_by(|&a, &b| distances[a].total_cmp(&distances[b]));
                (0..components).map(move |c| f64::from(u8::from(Some(c) == nearest)))
            })
            .collect();
        let (mut mixture, mut likelihood) = (Self::maximise(points, m, &shares), f64::NEG_INFINITY);
        for _ in 0..ROUNDS {
            let logs: Vec<Vec<f64>> = points
                .par_chunks_exact(m)
                .map(|z| {
                    mixture
                        .components
                        .iter()
                        .map(|c| c.log_density(z))
                        .collect()
                })
                .collect();
            let totals: Vec<f64> = logs.iter().map(|logs| log_sum(logs)).collect();
            let reached: f64 = totals.iter().sum();
            let grown = (reached - likelihood) / count as f64;
            likelihood = reached;
            if grown < LEAST_GROWTH {
                break;
            }
            let rows = logs.iter().zip(&totals);
            shares = rows
                .flat_map(|(logs, total)| logs.iter().map(move |log| (log - total).exp()))
                .collect();
            mixture = Self::maximise(points, m, &shares);
        }
        (mixture, likelihood)
    }

    /// Weights, means and covariances of points that belong to components by `shares` [points,
    /// components].
    fn maximise(points: &[f64], m: usize, shares: &[f64]) -> Self {
        let count = points.len() / m;
        let components = shares.len() / count;
        let ridge = RIDGE * mean_variance(points, m) + f64::MIN_POSITIVE.sqrt();
        let of = |c: usize| {
            let share = |i: usize| shares[i * components + c];
            let mass: f64 = (0..count).map(share).sum();
            // A component that has lost its points keeps a trace of them all.
            let share = |i: usize| {
                if mass > 1e-9 {
                    share(i) / mass
                } else {
                    1.0 / count as f64
                }
            };
            let mut mean = vec![0.0; m];
            for (i, z) in points.chunks_exact(m).enumerate() {
                mean.iter_mut()
                    .zip(z)
                    .for_each(|(mean, z)| *mean += share(i) * z);
            }
            let mut covariance = vec![0.0; m * m];
            for (i, z) in points.chunks_exact(m).enumerate() {
                let weight = share(i);
                for r in 0..m {
                    let away = weight * (z[r] - mean[r]);
                    (0..=r).for_each(|k| covariance[r * m + k] += away * (z[k] - mean[k]));
                }
            }
            (0..m).for_each(|r| covariance[r * (m + 1)] += ridge);
            let variances = |r: usize| covariance[r * (m + 1)].sqrt();
            // Where rounding has left no positive matrix, the variances alone.
            let diagonal = (0..m * m).map(|at| {
                if at % (m + 1) == 0 {
                    variances(at / (m + 1))
                } else {
                    0.0
                }
            });
            let diagonal: Vec<f64> = diagonal.collect();
            Component {
                weight: (mass / count as f64).max(1e-12),
                mean,
                factor: cholesky(covariance, m).unwrap_or(diagonal),
            }
        };
        Self {
            m,
            components: (0..components).into_par_iter().map(of).collect(),
        }
    }
}

/// `count` latents [count, m] of the prior N(0, I) by `seed`.
pub fn draw_prior(count: usize, m: usize, seed: u64) -> Vec<f32> {
    let mut generator = Generator::new(seed, Stream::Prior, 0);
    (0..count * m)
        .map(|_| generator.sample(StandardNormal))
        .collect()
}

/// `count` of `points` by k-means++ (Arthur and Vassilvitskii 2007): each is drawn with a chance that
/// grows with its squared distance to those before it.
fn far_apart(points: &[f64], m: usize, count: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut generator = Generator::new(seed, Stream::Prior, 2);
    let rows: Vec<&[f64]> = points.chunks_exact(m).collect();
    let mut centres = vec![rows[generator.random_range(0..rows.len())].to_vec()];
    let mut nearest: Vec<f64> = rows.iter().map(|row| distance(row, &centres[0])).collect();
    while centres.len() < count {
        let mut place = generator.random_range(0.0..1.0) * nearest.iter().sum::<f64>();
        let at = nearest.iter().position(|square| {
            place -= square;
            place < 0.0
        });
        let centre = rows[at.unwrap_or(0)].to_vec();
        for (nearest, row) in nearest.iter_mut().zip(&rows) {
            *nearest = nearest.min(distance(row, &centre));
        }
        centres.push(centre);
    }
    centres
}

/// The squared distance.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
}

/// The mean over dimensions of the variance of `points`.
fn mean_variance(points: &[f64], m: usize) -> f64 {
    let count = (points.len() / m) as f64;
    let of = |c: usize| {
        let column = || points.iter().skip(c).step_by(m);
        let mean = column().sum::<f64>() / count;
        column().map(|value| (value - mean).powi(2)).sum::<f64>() / count
    };
    (0..m).map(of).sum::<f64>() / m as f64
}

/// log sum exp.
fn log_sum(logs: &[f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    most + logs.iter().map(|log| (log - most).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two clouds, long in different directions.
    fn clouds(count: usize) -> Vec<f32> {
        let mut generator = Generator::new(4, Stream::Test, 0);
        (0..count)
            .flat_map(|i| {
                let (a, b): (f32, f32) = (
                    generator.sample(StandardNormal),
                    generator.sample(StandardNormal),
                );
                if i % 3 == 0 {
                    [8.0 + 2.0 * a, 0.2 * b]
                } else {
                    [0.3 * a, 5.0 + a + 0.1 * b]
                }
            })
            .collect()
    }

    #[test]
    fn it_finds_two_clouds_and_draws_from_them() {
        let mixture = Mixture::fit(&clouds(600), 2, 0).unwrap();
        assert_eq!(mixture.components(), 2);
        let drawn = mixture.draw(3000, 1);
        let right: Vec<&[f32]> = drawn.chunks_exact(2).filter(|z| z[0] > 4.0).collect();
        let share = right.len() as f64 / 3000.0;
        assert!((share - 1.0 / 3.0).abs() < 0.04, "{share}");
        let mean =
            |c: usize| right.iter().map(|z| f64::from(z[c])).sum::<f64>() / right.len() as f64;
        assert!(
            (mean(0) - 8.0).abs() < 0.3 && mean(1).abs() < 0.1,
            "{} {}",
            mean(0),
            mean(1)
        );
        assert_eq!(drawn, mixture.draw(3000, 1));
        assert_ne!(drawn, mixture.draw(3000, 2));
        // The density integrates to 1.
        let step = 0.1;
        let mut sum = 0.0;
        for i in -150..250 {
            for j in -150..250 {
                sum += mixture
                    .log_density(&[f64::from(i) * step, f64::from(j) * step])
                    .exp();
            }
        }
        assert!(
            (sum * step * step - 1.0).abs() < 0.02,
            "{}",
            sum * step * step
        );
    }

    #[test]
    fn few_and_collapsed_codes_have_a_density_and_bad_ones_a_sentence() {
        let same = Mixture::fit(&[3.0; 20], 2, 0).unwrap();
        assert!(
            same.draw(5, 0)
                .iter()
                .all(|value| (value - 3.0).abs() < 1e-3)
        );
        let line = Mixture::fit(&[0.0, 0.0, 1.0, 1.0, 2.0, 2.0], 2, 0).unwrap();
        assert!(
            line.draw(50, 0)
                .chunks(2)
                .all(|z| (z[0] - z[1]).abs() < 0.05)
        );
        for codes in [vec![1.0, 2.0], vec![1.0, f32::NAN, 0.0, 0.0]] {
            assert!(Mixture::fit(&codes, 2, 0).is_err());
        }
    }
}
