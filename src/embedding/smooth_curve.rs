//! How probable it is that samples lie on a smooth curve, in a given order and at given places along it.
//!
//! Each coordinate of the samples is taken for a Gaussian process of the place along the curve, with a
//! squared exponential covariance and noise (Rasmussen and Williams, Gaussian Processes for Machine
//! Learning, 2006, equation 5.8). The length over which the curve bends, the share of noise and the
//! variance are those of the greatest likelihood. A wrong order has samples side by side that are far
//! apart, or a bend where all else is straight, and is the less probable for it.

use crate::gemm::{Matrix, multiply};
use crate::linalg::{dot, eigenpairs};

/// Lengths over which the curve bends that are tried, in root mean squared distances from the mean.
const LENGTHS: [f64; 5] = [0.25, 0.42, 0.7, 1.2, 2.1];
/// Standard deviations of noise that are tried, in those of the curve.
const NOISES: [f64; 4] = [0.003, 0.01, 0.03, 0.1];

/// Samples that may lie on a curve, by their inner products about their mean.
pub(super) struct SmoothCurve {
    /// [count, count]
    products: Vec<f64>,
    /// Coordinates that vary independently, about: as many equal variances as there would be with the
    /// same ratio of the sum of variances, squared, to the sum of their squares.
    coordinates: f64,
    /// The root mean squared distance from the mean.
    extent: f64,
    count: usize,
}

impl SmoothCurve {
    /// Of samples with these `distances` [count, count], which are finite.
    pub(super) fn through(distances: &[f64], count: usize) -> Self {
        let products = super::scaling::inner_products(distances, count);
        let trace: f64 = (0..count).map(|at| products[at * (count + 1)]).sum();
        let squares: f64 = products.iter().map(|product| product * product).sum();
        Self {
            coordinates: trace * trace / squares.max(f64::MIN_POSITIVE),
            extent: (trace / count as f64).max(0.0).sqrt(),
            products,
            count,
        }
    }

    /// The log likelihood of the samples at `places` along the curve, up to a constant that does not
    /// depend on the places; places are in the unit of the distances.
    pub(super) fn log_likelihood(&self, places: &[f64]) -> f64 {
        let lengths = LENGTHS.iter();
        lengths
            .map(|length| self.of_length(places, length * self.extent))
            .fold(f64::NEG_INFINITY, f64::max)
    }

    /// The same of a curve that bends over `length`.
    fn of_length(&self, places: &[f64], length: f64) -> f64 {
        let n = self.count;
        let covariance = (0..n * n).map(|at| {
            let apart = (places[at / n] - places[at % n]) / length;
            (-apart * apart / 2.0).exp()
        });
        let Some((values, vectors)) = eigenpairs(&covariance.collect::<Vec<_>>(), n) else {
            return f64::NEG_INFINITY;
        };
        // v' G v of each eigenvector v, with the inner products G.
        let mut images = vec![0.0; n * n];
        multiply(
            &mut images,
            [n, n, n],
            Matrix::rows(&vectors, n),
            Matrix::rows(&self.products, n),
            false,
        );
        let parts: Vec<f64> = images
            .chunks_exact(n)
            .zip(vectors.chunks_exact(n))
            .map(|(image, vector)| dot(image, vector))
            .collect();
        let of_noise = |noise: &f64| {
            let (mut quadratic, mut determinant) = (0.0, 0.0);
            for (value, part) in values.iter().zip(&parts) {
                let value = value.max(0.0) + noise * noise;
                quadratic += part / value;
                determinant += value.ln();
            }
            // With the variance at its best, the quadratic form is a constant, and its logarithm is left.
            -0.5 * self.coordinates * (n as f64 * quadratic.ln() + determinant)
        };
        NOISES
            .iter()
            .map(of_noise)
            .fold(f64::NEG_INFINITY, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::distances;
    use super::*;

    /// The log likelihood of `coordinates` [2, count] by its definition with the inverse and the
    /// determinant of the covariance, for the length and noise that are best, and the best variance.
    fn defined(places: &[f64], coordinates: [&[f64]; 2], extent: f64) -> f64 {
        let n = places.len();
        let mut best = f64::NEG_INFINITY;
        for length in LENGTHS {
            for noise in NOISES {
                let mut rows: Vec<Vec<f64>> = (0..n)
                    .map(|i| {
                        let of = |j: usize| {
                            let apart = (places[i] - places[j]) / (length * extent);
                            let noise = if i == j { noise * noise } else { 0.0 };
                            (-apart * apart / 2.0).exp() + noise
                        };
                        (0..n).map(of).chain(coordinates.map(|c| c[i])).collect()
                    })
                    .collect();
                // Gauss's elimination of [K, x, y]: the pivots give the determinant, and, eliminated
                // upwards too, the last columns are the inverse times x and y.
                let mut determinant = 0.0;
                for pivot in 0..n {
                    determinant += rows[pivot][pivot].ln();
                    let row: Vec<f64> =
                        rows[pivot].iter().map(|v| v / rows[pivot][pivot]).collect();
                    for (at, other) in rows.iter_mut().enumerate() {
                        let factor = if at == pivot { 0.0 } else { other[pivot] };
                        (0..n + 2).for_each(|c| other[c] -= factor * row[c]);
                    }
                    rows[pivot] = row;
                }
                let quadratic: f64 = (0..2)
                    .flat_map(|c| (0..n).map(move |i| (c, i)))
                    .map(|(c, i)| coordinates[c][i] * rows[i][n + c])
                    .sum();
                let variance = quadratic / (2 * n) as f64;
                let whole = (2 * n) as f64 * variance.ln() + 2.0 * determinant;
                best = best.max(-0.5 * whole);
            }
        }
        best
    }

    #[test]
    fn the_likelihood_is_that_of_a_gaussian_process_and_falls_with_a_wrong_order() {
        // A circle's two coordinates have one variance, so that they count as two.
        let n = 24;
        let angle = |at: usize| at as f64 / n as f64 * std::f64::consts::TAU;
        let points: Vec<f64> = (0..n)
            .flat_map(|at| [angle(at).cos(), angle(at).sin()])
            .collect();
        let curve = SmoothCurve::through(&distances(&points, 2), n);
        approx::assert_relative_eq!(curve.extent, 1.0, max_relative = 1e-9);
        approx::assert_relative_eq!(curve.coordinates, 2.0, max_relative = 1e-9);
        let along: Vec<f64> = (0..n).map(angle).collect();
        let (x, y): (Vec<f64>, Vec<f64>) = points.chunks_exact(2).map(|p| (p[0], p[1])).unzip();
        let mut swapped = along.clone();
        swapped.swap(3, 15);
        let [right, wrong] = [&along, &swapped].map(|places| curve.log_likelihood(places));
        assert!(wrong < right - 50.0, "{wrong} {right}");
        let constant = right - defined(&along, [&x, &y], 1.0);
        let other = wrong - defined(&swapped, [&x, &y], 1.0);
        approx::assert_relative_eq!(constant, other, max_relative = 1e-6);
    }

    #[test]
    fn samples_in_one_place_are_as_probable_in_any_order() {
        let curve = SmoothCurve::through(&[0.0; 16], 4);
        let found = curve.log_likelihood(&[0.0, 1.0, 2.0, 3.0]);
        assert!(!found.is_nan());
    }
}
