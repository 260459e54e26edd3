//! How many steps the random walk takes: the knee of the von Neumann entropy.

use super::spectrum::singular_values;
use crate::error::Result;

/// Powers of the operator to consider.
const POWERS: usize = 100;

/// The von Neumann entropy of the powers 1 to 100 of an operator of `size` rows: -sum p log p over
/// p = s^t / sum s^t, with s its singular values. As in `phate`, s^t are powers of the singular
/// values of P, which are those of P^t only where P is symmetric.
pub(super) fn von_neumann(operator: &[f64], size: usize) -> Result<Vec<f64>> {
    let values = singular_values(operator, size)?;
    let mut powers = values.clone();
    let mut entropy = Vec::with_capacity(POWERS);
    for _ in 0..POWERS {
        let sum: f64 = powers.iter().sum();
        entropy.push(
            -powers
                .iter()
                .map(|power| power / sum + f64::EPSILON)
                .map(|p| p * p.ln())
                .sum::<f64>(),
        );
        powers
            .iter_mut()
            .zip(&values)
            .for_each(|(power, value)| *power *= value);
    }
    Ok(entropy)
}

/// The knee of a curve: the index at which two straight lines, fitted to the points on either side
/// of it, leave the smallest sum of absolute residuals.
///
/// This is `find_knee_point` of `phate` with its quirks: the line on the right is also fitted to
/// the last point on the left, and the index serves as the number of steps although the curve
/// begins at one step.
pub(super) fn knee(curve: &[f64]) -> usize {
    assert!(curve.len() > 3, "a knee needs points on both sides");
    // Of the line through `fitted`, but for the first `skip` points.
    let residuals = |fitted: &[f64], skip: usize| {
        let n = fitted.len() as f64;
        let (mean_x, mean_y) = ((n - 1.0) / 2.0, fitted.iter().sum::<f64>() / n);
        let (mut xy, mut xx) = (0.0, 0.0);
        for (x, y) in fitted.iter().enumerate() {
            xy += (x as f64 - mean_x) * (y - mean_y);
            xx += (x as f64 - mean_x).powi(2);
        }
        let residual = |(x, y): (usize, &f64)| (y - mean_y - xy / xx * (x as f64 - mean_x)).abs();
        fitted
            .iter()
            .enumerate()
            .skip(skip)
            .map(residual)
            .sum::<f64>()
    };
    let error = |at: usize| residuals(&curve[..=at], 0) + residuals(&curve[at - 1..], 1);
    let errors: Vec<f64> = (1..curve.len() - 1).map(error).collect();
    // The first of equal ones.
    let best = errors.iter().enumerate().fold(
        0,
        |best, (at, error)| if *error < errors[best] { at } else { best },
    );
    best + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knees_known_from_the_python_package() {
        // find_knee_point's own example, a curve with a corner, and one with its knee at 16 but for
        // the point that both lines are fitted to.
        let smooth: Vec<f64> = (0..20).map(|x| (-f64::from(x) / 10.0).exp()).collect();
        assert_eq!(knee(&smooth), 8);
        let corner: Vec<f64> = (0..50)
            .map(|x| {
                if x < 17 {
                    100.0 - 5.0 * f64::from(x)
                } else {
                    15.0
                }
            })
            .collect();
        assert_eq!(knee(&corner), 17);
        let hyperbola: Vec<f64> = (0..60).map(|x| 1.0 / (1.0 + 0.1 * f64::from(x))).collect();
        assert_eq!(knee(&hyperbola), 17);
    }

    /// compute_von_neumann_entropy's own example: the unit matrix of ten rows with two elements
    /// changed, whose knee is at 23.
    #[test]
    fn entropy_known_from_the_python_package() {
        let mut matrix: Vec<f64> = (0..100)
            .map(|at| f64::from(u8::from(at % 11 == 0)))
            .collect();
        (matrix[0], matrix[32]) = (5.0, 4.0);
        let entropy = von_neumann(&matrix, 10).unwrap();
        assert_eq!(entropy.len(), POWERS);
        assert_eq!(knee(&entropy), 23);
    }

    #[test]
    fn entropy_of_the_unit_matrix_is_the_logarithm_of_its_size() {
        let matrix: Vec<f64> = (0..49).map(|at| f64::from(u8::from(at % 8 == 0))).collect();
        for entropy in von_neumann(&matrix, 7).unwrap() {
            approx::assert_abs_diff_eq!(entropy, 7.0_f64.ln(), epsilon = 1e-10);
        }
    }
}
