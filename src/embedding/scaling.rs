//! Classic multidimensional scaling.

use super::spectrum::{Draw, leading_eigenpairs};
use crate::error::Result;
use crate::gemm::{Matrix, multiply};
use rayon::prelude::*;

/// Points [count, dimensions] about the origin whose distances approximate `distances` [count,
/// count]: the leading eigenvectors of -1/2 J D^2 J, with J the projection that centres, each times
/// the root of its eigenvalue (Torgerson, Psychometrika 17, 1952). Dimensions that the distances do
/// not need are zero.
///
/// `phate` forgets the root, which makes its first axes too long; metric scaling from either start
/// mostly ends at the same points.
pub(super) fn classic(
    distances: &[f64],
    count: usize,
    dimensions: usize,
    seed: u64,
) -> Result<Vec<f64>> {
    let products = inner_products(distances, count);
    let found = dimensions.min(count);
    let pairs = leading_eigenpairs(count, found, Draw::Classic, seed, |vectors, width| {
        let mut image = vec![0.0; count * width];
        multiply(
            &mut image,
            [count, count, width],
            Matrix::rows(&products, count),
            Matrix::rows(vectors, width),
            false,
        );
        image
    })?;
    let mut points = vec![0.0; count * dimensions];
    for (point, vector) in points
        .chunks_exact_mut(dimensions)
        .zip(pairs.vectors.chunks_exact(found))
    {
        for (k, (coordinate, element)) in point.iter_mut().zip(vector).enumerate() {
            *coordinate = element * pairs.values[k].max(0.0).sqrt();
        }
    }
    Ok(points)
}

/// -1/2 J D^2 J: of `distances` between points, the inner products of the points about their mean,
/// [count, count].
pub(super) fn inner_products(distances: &[f64], count: usize) -> Vec<f64> {
    let row_means: Vec<f64> = distances
        .par_chunks_exact(count)
        .map(|row| row.iter().map(|d| d * d).sum::<f64>() / count as f64)
        .collect();
    let mean = row_means.iter().sum::<f64>() / count as f64;
    let mut products = vec![0.0; count * count];
    products
        .par_chunks_mut(count)
        .enumerate()
        .for_each(|(i, output)| {
            for (j, output) in output.iter_mut().enumerate() {
                *output =
                    -0.5 * (distances[i * count + j].powi(2) - row_means[i] - row_means[j] + mean);
            }
        });
    products
}

#[cfg(test)]
mod tests {
    use super::super::procrustes::procrustes;
    use super::super::tests::{distances, narrow};
    use super::*;
    use crate::random::{Generator, Stream};
    use rand::RngExt;
    use rand_distr::StandardNormal;

    #[test]
    fn a_configuration_is_recovered_from_its_distances() {
        let mut generator = Generator::new(2, Stream::Test, 0);
        let points: Vec<f64> = (0..150)
            .map(|at| 7.0 + generator.sample::<f64, _>(StandardNormal) * (1.0 + (at % 3) as f64))
            .collect();
        let distances = distances(&points, 3);
        let found = classic(&distances, 50, 3, 0).unwrap();
        assert!(procrustes(&narrow(&points), &narrow(&found), 3).unwrap() < 1e-9);
        for (distance, want) in super::super::tests::distances(&found, 3)
            .iter()
            .zip(&distances)
        {
            approx::assert_abs_diff_eq!(*distance, *want, epsilon = 1e-6);
        }
        // In a fourth dimension there is nothing left.
        let flat = classic(&distances, 50, 4, 0).unwrap();
        assert!(flat.chunks_exact(4).all(|point| point[3].abs() < 1e-4));
    }

    #[test]
    fn one_point_has_no_coordinates_to_find() {
        assert_eq!(classic(&[0.0], 1, 2, 0).unwrap(), [0.0, 0.0]);
    }
}
