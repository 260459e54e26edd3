//! From the diffusion operator to potential distances.

use crate::gemm::{Matrix, multiply};
use rayon::prelude::*;

/// Keeps the logarithm of a probability of zero finite.
const FLOOR: f64 = 1e-7;

/// Euclidean distances between the rows of -log(P^`time` + 1e-7) for an operator P of `size` rows:
/// [size, size], symmetric to the bit.
pub(super) fn potential_distances(operator: Vec<f64>, size: usize, time: usize) -> Vec<f64> {
    let mut potential = power(operator, size, time);
    potential
        .par_iter_mut()
        .for_each(|value| *value = -(*value + FLOOR).ln());
    distances(&potential, size)
}

/// The operator to the power of `time`, at least 1, by squaring.
fn power(operator: Vec<f64>, size: usize, time: usize) -> Vec<f64> {
    let product = |a: &[f64], b: &[f64]| {
        let mut result = vec![0.0; size * size];
        multiply(
            &mut result,
            [size, size, size],
            Matrix::rows(a, size),
            Matrix::rows(b, size),
            false,
        );
        result
    };
    let mut result: Option<Vec<f64>> = None;
    let mut square = operator;
    let mut rest = time;
    loop {
        if rest % 2 == 1 {
            result = Some(match result {
                Some(result) => product(&result, &square),
                None => square.clone(),
            });
        }
        rest /= 2;
        if rest == 0 {
            return result.expect("time is at least 1");
        }
        square = product(&square, &square);
    }
}

/// Distances between the rows of [rows, width], by |a - b|^2 = |a|^2 + |b|^2 - 2 a.b about their
/// mean, where products round the least.
fn distances(values: &[f64], rows: usize) -> Vec<f64> {
    let width = values.len() / rows;
    let mut mean = vec![0.0; width];
    for row in values.chunks_exact(width) {
        mean.iter_mut()
            .zip(row)
            .for_each(|(sum, value)| *sum += value / rows as f64);
    }
    let centred: Vec<f64> = values
        .iter()
        .enumerate()
        .map(|(at, value)| value - mean[at % width])
        .collect();
    let mut products = vec![0.0; rows * rows];
    let matrix = Matrix::rows(&centred, width);
    multiply(
        &mut products,
        [rows, width, rows],
        matrix,
        matrix.transposed(),
        false,
    );
    let mut result = vec![0.0; rows * rows];
    result
        .par_chunks_mut(rows)
        .enumerate()
        .for_each(|(i, output)| {
            for (j, output) in output.iter_mut().enumerate().filter(|&(j, _)| j != i) {
                let (low, high) = (i.min(j), i.max(j));
                let square = products[low * rows + low] + products[high * rows + high]
                    - 2.0 * products[low * rows + high];
                *output = square.max(0.0).sqrt();
            }
        });
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPERATOR: [f64; 9] = [0.5, 0.5, 0.0, 0.25, 0.5, 0.25, 0.0, 0.1, 0.9];

    #[test]
    fn powers_are_repeated_products() {
        let mut want = OPERATOR.to_vec();
        for time in 1..=9 {
            for (value, want) in power(OPERATOR.to_vec(), 3, time).iter().zip(&want) {
                approx::assert_abs_diff_eq!(*value, *want, epsilon = 1e-14);
            }
            want = (0..9)
                .map(|at| {
                    (0..3)
                        .map(|k| want[at / 3 * 3 + k] * OPERATOR[k * 3 + at % 3])
                        .sum()
                })
                .collect();
        }
    }

    #[test]
    fn distances_are_those_between_logarithms() {
        let distances = potential_distances(OPERATOR.to_vec(), 3, 1);
        let log = |i: usize, k: usize| -(OPERATOR[i * 3 + k] + 1e-7).ln();
        for at in 0..9 {
            let want = (0..3)
                .map(|k| (log(at / 3, k) - log(at % 3, k)).powi(2))
                .sum::<f64>()
                .sqrt();
            approx::assert_abs_diff_eq!(distances[at], want, epsilon = 1e-12);
            assert_eq!(distances[at], distances[at % 3 * 3 + at / 3]);
        }
    }
}
