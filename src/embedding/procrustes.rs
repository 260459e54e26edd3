//! How far two configurations of points differ when translation, scale, rotation and reflection do
//! not count.

use super::spectrum::singular_vectors;
use crate::error::{Error, Result};
use crate::gemm::{Matrix, multiply};

/// The Procrustes disparity of two configurations [points, dimensions]: the smallest sum of squared
/// differences between them after both were centred and scaled to a sum of squares of 1 and the
/// second was turned, mirrored and scaled. 0 for equal shapes, at most 1. It is what
/// `scipy.spatial.procrustes` returns.
///
/// # Errors
/// When the two differ in size, are not a multiple of the dimensions, or one of them has all its
/// points in one place.
pub fn procrustes(a: &[f32], b: &[f32], dimensions: usize) -> Result<f64> {
    if dimensions == 0 || a.len() != b.len() || !a.len().is_multiple_of(dimensions) {
        return Err(Error::input(format!(
            "{} and {} coordinates cannot be compared as points in {dimensions} dimensions: give two arrays of one shape",
            a.len(),
            b.len()
        )));
    }
    let (a, b) = (normalised(a, dimensions)?, normalised(b, dimensions)?);
    let values = singular_vectors(&cross(&a, &b, dimensions), dimensions)?.values;
    Ok((1.0 - values.iter().sum::<f64>().powi(2)).max(0.0))
}

/// Turns and mirrors `points` about the origin to where they are closest to `target`; both [points,
/// dimensions] and centred.
pub(super) fn turn_towards(
    target: &[f64],
    points: Vec<f64>,
    dimensions: usize,
) -> Result<Vec<f64>> {
    // |target - points R|^2 is smallest for R = U V^T, with U S V^T = points^T target.
    let parts = singular_vectors(&cross(&points, target, dimensions), dimensions)?;
    let mut turn = vec![0.0; dimensions * dimensions];
    let (left, right) = (
        Matrix::rows(&parts.left, dimensions),
        Matrix::rows(&parts.right, dimensions),
    );
    multiply(&mut turn, [dimensions; 3], left, right.transposed(), false);
    let mut result = vec![0.0; points.len()];
    let shape = [points.len() / dimensions, dimensions, dimensions];
    multiply(
        &mut result,
        shape,
        Matrix::rows(&points, dimensions),
        Matrix::rows(&turn, dimensions),
        false,
    );
    Ok(result)
}

/// a^T b: [dimensions, dimensions].
fn cross(a: &[f64], b: &[f64], dimensions: usize) -> Vec<f64> {
    let mut result = vec![0.0; dimensions * dimensions];
    let shape = [dimensions, a.len() / dimensions, dimensions];
    multiply(
        &mut result,
        shape,
        Matrix::rows(a, dimensions).transposed(),
        Matrix::rows(b, dimensions),
        false,
    );
    result
}

/// Centred, with a sum of squares of 1.
fn normalised(points: &[f32], dimensions: usize) -> Result<Vec<f64>> {
    let mut result: Vec<f64> = points.iter().map(|&value| f64::from(value)).collect();
    let count = (points.len() / dimensions) as f64;
    for dimension in 0..dimensions {
        let mean = result
            .iter()
            .skip(dimension)
            .step_by(dimensions)
            .sum::<f64>()
            / count;
        result
            .iter_mut()
            .skip(dimension)
            .step_by(dimensions)
            .for_each(|value| *value -= mean);
    }
    let norm = result.iter().map(|value| value * value).sum::<f64>().sqrt();
    if !(norm > 0.0 && norm.is_finite()) {
        return Err(Error::input(
            "a configuration with all its points in one place, or with values that are not finite, has no shape",
        ));
    }
    result.iter_mut().for_each(|value| *value /= norm);
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINTS: [f32; 8] = [0.0, 0.0, 4.0, 0.0, 4.0, 2.0, 1.0, 3.0];

    #[test]
    fn shape_alone_counts() {
        // Turned by 90 degrees, mirrored, doubled and moved.
        let moved: Vec<f32> = POINTS
            .chunks_exact(2)
            .flat_map(|p| [2.0 * p[1] + 7.0, 2.0 * p[0] - 3.0])
            .collect();
        assert!(procrustes(&POINTS, &moved, 2).unwrap() < 1e-12);
    }

    /// As scipy 1.17 computes it.
    #[test]
    fn a_known_disparity() {
        let other = [1.0, 0.0, 3.0, 1.0, 5.0, 5.0, 0.0, 2.0];
        approx::assert_abs_diff_eq!(
            procrustes(&POINTS, &other, 2).unwrap(),
            0.285_395_763_656_633_1,
            epsilon = 1e-9
        );
        approx::assert_abs_diff_eq!(
            procrustes(&other, &POINTS, 2).unwrap(),
            0.285_395_763_656_633_1,
            epsilon = 1e-9
        );
    }

    #[test]
    fn turning_finds_the_rotation() {
        let target = [-2.0, -1.0, 2.0, -1.0, 1.0, 3.0, -1.0, -1.0];
        let (sin, cos) = 0.6_f64.sin_cos();
        let turned = target
            .chunks_exact(2)
            .flat_map(|p| [cos * p[0] - sin * p[1], sin * p[0] + cos * p[1]])
            .collect();
        for (value, want) in turn_towards(&target, turned, 2).unwrap().iter().zip(target) {
            approx::assert_abs_diff_eq!(*value, want, epsilon = 1e-12);
        }
        assert_eq!(turn_towards(&[0.0; 4], vec![0.0; 4], 2).unwrap(), [0.0; 4]);
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        assert!(procrustes(&POINTS, &POINTS[..6], 2).is_err());
        assert!(procrustes(&POINTS, &POINTS, 3).is_err());
        assert!(procrustes(&[1.0; 8], &POINTS, 2).is_err());
        assert!(procrustes(&[], &[], 2).is_err());
    }
}
