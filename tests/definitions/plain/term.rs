//! The terms of the methods that the paper compares with, each as its own paper has it.

use super::difference::{directional, jacobian};
use super::{dot, squared_distance};

/// KL(N(mean, diag exp(log variance)) || N(0, I)) (Kingma and Welling 2014, appendix B).
pub fn kl(mean: &[f64], log_variance: &[f64]) -> f64 {
    let mut sum = 0.0;
    for i in 0..mean.len() {
        sum += 1.0 + log_variance[i] - mean[i] * mean[i] - log_variance[i].exp();
    }
    -0.5 * sum
}

/// mean + standard deviation times noise
pub fn reparametrised(mean: &[f64], log_variance: &[f64], noise: &[f64]) -> Vec<f64> {
    (0..mean.len())
        .map(|i| mean[i] + log_variance[i].exp().sqrt() * noise[i])
        .collect()
}

/// The unbiased estimate of the squared maximum mean discrepancy (Gretton et al. 2012, equation 3)
/// of codes and draws of the prior; `k` takes squared distances.
pub fn mmd(codes: &[Vec<f64>], prior: &[Vec<f64>], k: impl Fn(f64) -> f64) -> f64 {
    let n = codes.len() as f64;
    let (mut among_codes, mut among_prior, mut across) = (0.0, 0.0, 0.0);
    for i in 0..codes.len() {
        for j in 0..codes.len() {
            if i != j {
                among_codes += k(squared_distance(&codes[i], &codes[j]));
                among_prior += k(squared_distance(&prior[i], &prior[j]));
            }
            across += k(squared_distance(&codes[i], &prior[j]));
        }
    }
    among_codes / (n * (n - 1.0)) + among_prior / (n * (n - 1.0)) - 2.0 * across / (n * n)
}

/// Inverse multiquadratics C / (C + r^2) with C = 2 m s, summed over seven scales s (Tolstikhin et
/// al. 2018, section 4).
pub fn imq(squared: f64, m: usize) -> f64 {
    let mut sum = 0.0;
    for s in [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0] {
        let c = 2.0 * m as f64 * s;
        sum += c / (c + squared);
    }
    sum
}

/// exp(-r^2 / (2 h^2))
pub fn gaussian(squared: f64, squared_bandwidth: f64) -> f64 {
    (-squared / (2.0 * squared_bandwidth)).exp()
}

/// h^2, the mean of the medians of the squared distances of all pairs of codes and of all pairs of
/// draws; the lower one of two medians.
pub fn median_bandwidth(codes: &[Vec<f64>], prior: &[Vec<f64>]) -> f64 {
    let median = |points: &[Vec<f64>]| {
        let mut all = Vec::new();
        for i in 0..points.len() {
            for j in 0..i {
                all.push(squared_distance(&points[i], &points[j]));
            }
        }
        all.sort_by(f64::total_cmp);
        all[(all.len() - 1) / 2]
    };
    0.5 * (median(codes) + median(prior))
}

/// The squared Frobenius norm of the Jacobian of g at x (Rifai et al. 2011).
pub fn contraction(h: f64, g: impl Fn(&[f64]) -> Vec<f64>, x: &[f64]) -> f64 {
    jacobian(h, g, x).iter().map(|row| dot(row, row)).sum()
}

/// |J^T u|^2: for normal u its mean is the squared Frobenius norm (Hutchinson).
pub fn probed_contraction(h: f64, g: impl Fn(&[f64]) -> Vec<f64>, x: &[f64], u: &[f64]) -> f64 {
    let product = transposed_product(&jacobian(h, g, x), u);
    dot(&product, &product)
}

/// J^T u for J [output][input].
pub fn transposed_product(jacobian: &[Vec<f64>], u: &[f64]) -> Vec<f64> {
    (0..jacobian[0].len())
        .map(|i| (0..u.len()).map(|o| jacobian[o][i] * u[o]).sum())
        .collect()
}

/// |z - sum_j w_j z_j|^2
pub fn locally_linear(z: &[f64], neighbours: &[Vec<f64>], coefficients: &[f64]) -> f64 {
    let combined: Vec<f64> = (0..z.len())
        .map(|i| {
            (0..neighbours.len())
                .map(|j| coefficients[j] * neighbours[j][i])
                .sum()
        })
        .collect();
    squared_distance(z, &combined)
}

/// A point on the line through two codes: a z + (1 - a) z' with a uniform in (-eta, 1 + eta), eta =
/// 0.2, from u uniform in (0, 1) (Lee et al., ICLR 2022, section 3.3).
pub fn mixture(z: &[f64], other: &[f64], u: f64) -> Vec<f64> {
    let eta = 0.2;
    let a = -eta + (1.0 + 2.0 * eta) * u;
    (0..z.len())
        .map(|i| a * z[i] + (1.0 - a) * other[i])
        .collect()
}

/// mean |J^T J v|^2 / (mean |J v|^2)^2 over points with a direction v each (Lee et al., ICLR 2022,
/// equation 11 with its estimate).
pub fn isometry(h: f64, f: impl Fn(&[f64]) -> Vec<f64>, points: &[(Vec<f64>, Vec<f64>)]) -> f64 {
    let (mut fourth, mut second) = (0.0, 0.0);
    for (z, v) in points {
        let [_, jv, _] = directional(h, &f, z, v);
        let jtjv = transposed_product(&jacobian(h, &f, z), &jv);
        fourth += dot(&jtjv, &jtjv) / points.len() as f64;
        second += dot(&jv, &jv) / points.len() as f64;
    }
    fourth / (second * second)
}

/// x + deviation noise
pub fn with_noise(x: &[f64], deviation: f64, noise: &[f64]) -> Vec<f64> {
    (0..x.len()).map(|i| x[i] + deviation * noise[i]).collect()
}

/// x with a share of its pixels set to 0, the same in all channels: those whose uniform number is
/// below the share. What is left is not rescaled.
pub fn masked(x: &[f64], channels: usize, share: f64, uniform: &[f64]) -> Vec<f64> {
    let pixels = x.len() / channels;
    let mut result = x.to_vec();
    for channel in 0..channels {
        for pixel in 0..pixels {
            if uniform[pixel] < share {
                result[channel * pixels + pixel] = 0.0;
            }
        }
    }
    result
}
