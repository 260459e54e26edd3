//! The paper's loss: Lee, Kwon and Park, "Neighborhood Reconstructing Autoencoders", NeurIPS 2021,
//! section 2.

use super::difference::directional;
use super::layer::{self, Layer};
use super::squared_distance;
use std::cell::Cell;

/// An encoder g and a decoder f.
#[derive(Clone, Debug)]
pub struct Autoencoder {
    pub encoder: Vec<Layer>,
    pub decoder: Vec<Layer>,
    /// Of a sample.
    pub shape: Vec<usize>,
    /// How near to a kink any sample has come so far.
    pub clearance: Cell<f64>,
}

impl Autoencoder {
    /// g(x); of a variational encoder the means, then the log variances.
    pub fn g(&self, x: &[f64]) -> Vec<f64> {
        self.apply(&self.encoder, &self.shape, x)
    }

    /// f(z)
    pub fn f(&self, z: &[f64]) -> Vec<f64> {
        self.apply(&self.decoder, &[z.len()], z)
    }

    fn apply(&self, layers: &[Layer], shape: &[usize], x: &[f64]) -> Vec<f64> {
        let (y, clearance) = layer::apply(layers, shape, x);
        self.clearance.set(self.clearance.get().min(clearance));
        y
    }
}

/// Equation 2: f~(z'; z) = f(z) + J dz + 1/2 dz^T H dz with dz = z' - z, up to `order`.
pub fn expansion(
    h: f64,
    f: impl Fn(&[f64]) -> Vec<f64>,
    z: &[f64],
    other: &[f64],
    order: usize,
) -> Vec<f64> {
    if order == 0 {
        return f(z);
    }
    let dz: Vec<f64> = (0..z.len()).map(|i| other[i] - z[i]).collect();
    let [value, first, second] = directional(h, f, z, &dz);
    (0..value.len())
        .map(|i| {
            if order == 1 {
                value[i] + first[i]
            } else {
                value[i] + first[i] + 0.5 * second[i]
            }
        })
        .collect()
}

/// What is reconstructed of a centre x.
#[derive(Clone, Debug)]
pub struct Neighbourhood {
    /// Where the expansion is: z = g(x), or x itself where the encoder is expanded too.
    pub centre: Vec<f64>,
    /// Each x' with z' = g(x') (or x' itself) and its weight K(x', x).
    pub points: Vec<Point>,
}

#[derive(Clone, Debug)]
pub struct Point {
    pub place: Vec<f64>,
    pub target: Vec<f64>,
    pub kernel: f64,
}

/// Sum over x' of `K(x', x) |x' - f~(z'; z)|^2` of one centre.
pub fn weighted_errors(
    h: f64,
    f: impl Fn(&[f64]) -> Vec<f64>,
    order: usize,
    neighbourhood: &Neighbourhood,
) -> f64 {
    let mut sum = 0.0;
    for point in &neighbourhood.points {
        let reconstructed = expansion(h, &f, &neighbourhood.centre, &point.place, order);
        sum += point.kernel * squared_distance(&point.target, &reconstructed);
    }
    sum
}

/// Equation 3 on a batch, per element of a sample:
/// 1/|B| sum over x, 1/|N(x)| sum over x', of `K(x', x) |x' - f~(z'; z)|^2 / n`.
pub fn neighbourhood_loss(
    h: f64,
    f: impl Fn(&[f64]) -> Vec<f64>,
    order: usize,
    batch: &[Neighbourhood],
) -> f64 {
    let mut sum = 0.0;
    for neighbourhood in batch {
        let n = neighbourhood.points[0].target.len() as f64;
        sum += weighted_errors(h, &f, order, neighbourhood) / neighbourhood.points.len() as f64 / n;
    }
    sum / batch.len() as f64
}

/// Equation 4: 1 for the centre, lambda for any other point.
pub fn binary_kernel(lambda: f64, is_centre: bool) -> f64 {
    if is_centre { 1.0 } else { lambda }
}

/// exp(-|x - x'|^2 / (2 h^2))
pub fn gaussian_kernel(bandwidth: f64, x: &[f64], other: &[f64]) -> f64 {
    (-squared_distance(x, other) / (2.0 * bandwidth * bandwidth)).exp()
}
