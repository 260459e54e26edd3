//! How each sample is a combination of its neighbours: the coefficients of locally linear embedding
//! (Roweis and Saul 2000).

use super::Graph;
use rayon::prelude::*;

/// Coefficients w [samples, k] with sum_j w_j = 1 that minimise |x - sum_j w_j x_j|^2 over the
/// neighbours x_j of each sample x of `points` [samples, features], with `regularisation` times the
/// trace added to the diagonal of the Gram matrix of x_j - x. Where all neighbours are duplicates
/// of the sample, they count alike.
pub fn locally_linear_coefficients(
    points: &[f32],
    features: usize,
    graph: &Graph,
    regularisation: f64,
) -> Vec<f32> {
    let k = graph.k;
    let mut coefficients = vec![0.0_f32; graph.neighbours.len()];
    coefficients
        .par_chunks_mut(k)
        .enumerate()
        .for_each(|(sample, coefficients)| {
            let x = &points[sample * features..][..features];
            let offsets: Vec<Vec<f64>> = graph
                .of(sample)
                .iter()
                .map(|&other| {
                    let other = &points[other as usize * features..][..features];
                    other
                        .iter()
                        .zip(x)
                        .map(|(a, b)| f64::from(*a) - f64::from(*b))
                        .collect()
                })
                .collect();
            let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let mut gram: Vec<f64> = offsets
                .iter()
                .flat_map(|a| offsets.iter().map(|b| product(a, b)))
                .collect();
            let trace: f64 = (0..k).map(|i| gram[i * k + i]).sum();
            // The floor keeps the system solvable where every offset is zero or there is no
            // regularisation.
            let ridge = (regularisation * trace)
                .max(1e-12 * trace)
                .max(f64::MIN_POSITIVE);
            (0..k).for_each(|i| gram[i * k + i] += ridge);
            let solution = solve(gram, k);
            let sum: f64 = solution.iter().sum();
            for (to, value) in coefficients.iter_mut().zip(solution) {
                *to = if sum.is_normal() {
                    (value / sum) as f32
                } else {
                    1.0 / k as f32
                };
            }
        });
    coefficients
}

/// The solution of `matrix` w = 1 for a symmetric positive matrix [k, k], by Cholesky's
/// decomposition in place.
fn solve(mut matrix: Vec<f64>, k: usize) -> Vec<f64> {
    for j in 0..k {
        for i in j..k {
            let sum: f64 = (0..j).map(|l| matrix[i * k + l] * matrix[j * k + l]).sum();
            let rest = matrix[i * k + j] - sum;
            matrix[i * k + j] = if i == j {
                rest.max(f64::MIN_POSITIVE).sqrt()
            } else {
                rest / matrix[j * k + j]
            };
        }
    }
    let mut solution = vec![1.0; k];
    for i in 0..k {
        let sum: f64 = (0..i).map(|l| matrix[i * k + l] * solution[l]).sum();
        solution[i] = (solution[i] - sum) / matrix[i * k + i];
    }
    for i in (0..k).rev() {
        let sum: f64 = (i + 1..k).map(|l| matrix[l * k + i] * solution[l]).sum();
        solution[i] = (solution[i] - sum) / matrix[i * k + i];
    }
    solution
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::nearest_neighbours;
    use crate::random::{Generator, Stream};
    use rand::RngExt;
    use rand_distr::StandardNormal;

    #[test]
    fn a_sample_among_its_neighbours_is_their_combination() {
        // 2 is 3/4 of the way from 0.5 to 2.5, its neighbours on either side.
        let points = [0.5, 2.0, 2.5, 100.0];
        let graph = Graph {
            recall: None,
            k: 2,
            neighbours: vec![1, 2, 2, 0, 1, 0, 2, 1],
            distances: vec![0.0; 8],
        };
        let w = locally_linear_coefficients(&points, 1, &graph, 1e-9);
        approx::assert_abs_diff_eq!(w[2], 0.75, epsilon = 1e-4);
        approx::assert_abs_diff_eq!(w[3], 0.25, epsilon = 1e-4);
    }

    #[test]
    fn coefficients_sum_to_one_and_no_change_does_better() {
        let mut generator = Generator::new(1, Stream::Test, 0);
        let (features, k) = (5, 4);
        let points: Vec<f32> = (0..40 * features)
            .map(|_| generator.sample::<f32, _>(StandardNormal))
            .collect();
        let graph = nearest_neighbours(&points, features, k, &mut |_| ()).unwrap();
        let w = locally_linear_coefficients(&points, features, &graph, 0.0);
        let error = |sample: usize, w: &[f32]| -> f64 {
            let at = |row: usize, i: usize| f64::from(points[row * features + i]);
            let combined = |i| {
                graph
                    .of(sample)
                    .iter()
                    .zip(w)
                    .map(|(&j, w)| at(j as usize, i) * f64::from(*w))
                    .sum::<f64>()
            };
            (0..features)
                .map(|i| (at(sample, i) - combined(i)).powi(2))
                .sum()
        };
        for sample in 0..40 {
            let own = &w[sample * k..][..k];
            approx::assert_abs_diff_eq!(own.iter().sum::<f32>(), 1.0, epsilon = 1e-5);
            let mut other = own.to_vec();
            other[0] += 0.01;
            other[1] -= 0.01;
            assert!(error(sample, own) <= error(sample, &other) + 1e-9);
        }
    }

    #[test]
    fn duplicates_count_alike() {
        let graph = Graph {
            recall: None,
            k: 2,
            neighbours: vec![1, 2, 0, 2, 0, 1],
            distances: vec![0.0; 6],
        };
        assert_eq!(
            locally_linear_coefficients(&[1.0; 3], 1, &graph, 1e-3),
            [0.5; 6]
        );
    }
}
