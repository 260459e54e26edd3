//! Samples around their mean, and how far their f32 products may be off.

use crate::error::{Error, Result};
use crate::gemm::{Matrix, multiply};

/// Squared distances from the mean are below this, so that no sum of four of them overflows.
const LARGEST: f32 = f32::MAX / 4.0;

/// The samples moved to their mean, where products round the least.
pub(super) struct Centred {
    values: Vec<f32>,
    features: usize,
    /// |a|^2 of each sample.
    pub(super) squares: Vec<f32>,
    /// How far a sample may lie from the place that neighbours are ordered by.
    moved: f64,
}

impl Centred {
    pub(super) fn new(points: &[f32], features: usize) -> Self {
        let samples = points.len() / features;
        let mut mean = vec![0.0_f64; features];
        for row in points.chunks_exact(features) {
            mean.iter_mut()
                .zip(row)
                .for_each(|(sum, &value)| *sum += f64::from(value));
        }
        let mean: Vec<f32> = mean
            .iter()
            .map(|sum| (sum / samples as f64) as f32)
            .collect();
        let values: Vec<f32> = points
            .iter()
            .enumerate()
            .map(|(at, value)| value - mean[at % features])
            .collect();
        let square = |row: &[f32]| {
            row.iter()
                .map(|&value| f64::from(value).powi(2))
                .sum::<f64>() as f32
        };
        let squares = values.chunks_exact(features).map(square).collect();
        Self {
            values,
            features,
            squares,
            moved: 0.0,
        }
    }

    /// The same samples, each at most `moved` away from the place that neighbours are ordered by.
    pub(super) fn moved(self, moved: f64) -> Self {
        Self { moved, ..self }
    }

    /// The same, with an error where a sample is not finite or so far from the mean that f32 does
    /// not hold its distance.
    pub(super) fn checked(points: &[f32], features: usize) -> Result<Self> {
        let centred = Self::new(points, features);
        // Not `>=`, so that NaN is refused, too.
        if centred.squares.iter().all(|&square| square < LARGEST) {
            return Ok(centred);
        }
        // One such value moves the mean far from all samples: name the sample that has it.
        let size = |&at: &usize| {
            if points[at].is_nan() {
                f32::INFINITY
            } else {
                points[at].abs()
            }
        };
        let sample = (0..points.len())
            .max_by(|a, b| size(a).total_cmp(&size(b)))
            .map_or(0, |at| at / features);
        Err(Error::input(format!(
            "sample {sample} has values that are not finite or too far from those of other samples for a distance in f32: scale the data, or \
             leave it out"
        )))
    }

    /// The same in another order: the sample at each place has this index.
    pub(super) fn permuted(self, indices: &[u32]) -> Self {
        let row = |&index: &u32| self.rows(&(index as usize..index as usize + 1)).iter();
        Self {
            values: indices.iter().flat_map(row).copied().collect(),
            squares: indices.iter().map(|&i| self.squares[i as usize]).collect(),
            ..self
        }
    }

    /// A squared distance that two samples are at least apart.
    pub(super) fn least_square(&self, a: usize, b: usize) -> f64 {
        const LANES: usize = 16;
        let rows = [a, b].map(|row| self.rows(&(row..row + 1)).as_chunks::<LANES>());
        let [(a_chunks, a_rest), (b_chunks, b_rest)] = rows;
        let mut sums = [0.0_f32; LANES];
        for (a, b) in a_chunks.iter().zip(b_chunks) {
            for lane in 0..LANES {
                sums[lane] += a[lane] * b[lane];
            }
        }
        let rest = a_rest.iter().zip(b_rest).map(|(a, b)| a * b);
        let product = f64::from(sums.iter().sum::<f32>() + rest.sum::<f32>());
        let squares = [a, b].map(|row| f64::from(self.squares[row]));
        let error = self.rounding(squares[0].sqrt(), squares[1].sqrt());
        squares[0] + squares[1] - 2.0 * product - error
    }

    pub(super) fn features(&self) -> usize {
        self.features
    }

    pub(super) fn rows(&self, rows: &std::ops::Range<usize>) -> &[f32] {
        &self.values[rows.start * self.features..rows.end * self.features]
    }

    /// The products of the samples of two blocks, [rows, columns].
    pub(super) fn multiply(
        &self,
        rows: &std::ops::Range<usize>,
        columns: &std::ops::Range<usize>,
        products: &mut [f32],
    ) {
        multiply(
            products,
            [rows.len(), self.features, columns.len()],
            Matrix::rows(self.rows(rows), self.features),
            Matrix::rows(self.rows(columns), self.features).transposed(),
            false,
        );
    }

    /// The largest |a| of some samples.
    pub(super) fn largest_norm(&self, rows: &std::ops::Range<usize>) -> f64 {
        f64::from(
            self.squares[rows.clone()]
                .iter()
                .copied()
                .fold(0.0, f32::max),
        )
        .sqrt()
    }

    /// A bound of the error of |a|^2 + |b|^2 - 2 a.b between two blocks.
    pub(super) fn error(
        &self,
        rows: &std::ops::Range<usize>,
        columns: &std::ops::Range<usize>,
    ) -> f64 {
        self.rounding(self.largest_norm(rows), self.largest_norm(columns))
    }

    /// A bound of the error of |a|^2 + |b|^2 - 2 a.b, given bounds of |a| and |b|.
    ///
    /// With u = 2^-24: a product of n terms is off by at most n u |a| |b| (1 + o(1)) in any order
    /// of summation, and 2 |a| |b| <= (|a| + |b|)^2 / 2; moving to the mean, rounding the squares,
    /// their sum and the limit add a few u (|a| + |b|)^2 more. Samples that lie m away from their
    /// places change a distance d by 2 m, and d^2 by 4 m d + 4 m^2.
    pub(super) fn rounding(&self, a: f64, b: f64) -> f64 {
        let unit = f64::from(f32::EPSILON) / 2.0;
        (0.51 * self.features as f64 + 16.0) * unit * (a + b).powi(2)
            + 4.0 * self.moved * (a + b + 3.0 * self.moved)
            + f64::from(f32::MIN_POSITIVE)
    }
}
