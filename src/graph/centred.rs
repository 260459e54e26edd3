//! Samples around their mean, and how far their f32 products may be off.

use super::{sample, squared_distance};
use crate::error::{Error, Result};
use crate::gemm::{Matrix, multiply};
use crate::scratch::Scratch;
use rayon::prelude::*;
use std::ops::Range;

/// Squared distances from the mean are below this, so that no sum of four of them overflows.
const LARGEST: f32 = f32::MAX / 4.0;

/// Samples, or their directions, which are found in f32 moved to their mean, where products round the
/// least. They are moved when they are needed, a block at a time: no copy of them is kept.
pub(super) struct Centred<'a> {
    rows: Rows<'a>,
    features: usize,
    /// |a| of each sample where their directions are compared; empty where the samples are.
    norms: Vec<f64>,
    mean: Vec<f32>,
    /// |a|^2 of each sample around the mean.
    pub(super) squares: Vec<f32>,
}

/// [samples, features]
enum Rows<'a> {
    Given(&'a [f32]),
    Ordered(Scratch),
}

impl<'a> Centred<'a> {
    pub(super) fn new(points: &'a [f32], features: usize) -> Self {
        Self::around_mean(Rows::Given(points), features, Vec::new())
    }

    fn around_mean(rows: Rows<'a>, features: usize, norms: Vec<f64>) -> Self {
        let samples = rows.all().len() / features;
        let mut centred = Self {
            rows,
            features,
            norms,
            mean: vec![0.0; features],
            squares: Vec::new(),
        };
        let (mut sums, mut row) = (vec![0.0_f64; features], vec![0.0; features]);
        for sample in 0..samples {
            centred.write(sample, &mut row);
            sums.iter_mut()
                .zip(&row)
                .for_each(|(sum, &value)| *sum += f64::from(value));
        }
        let means = sums.iter().map(|sum| (sum / samples as f64) as f32);
        centred.mean = means.collect();
        let square = |row: &mut Vec<f32>, sample: usize| {
            centred.write(sample, row);
            let squares = row.iter().map(|&value| f64::from(value).powi(2));
            squares.sum::<f64>() as f32
        };
        let all = (0..samples).into_par_iter();
        centred.squares = all
            .map_init(|| vec![0.0; features], square)
            .collect::<Vec<f32>>();
        centred
    }

    /// Samples, with an error where one is not finite or so far from the mean that f32 does not hold its
    /// distance.
    pub(super) fn checked(points: &'a [f32], features: usize) -> Result<Self> {
        Self::new(points, features).check()
    }

    /// The directions of samples with the given norms, none of them 0, with an error where one is not
    /// finite.
    pub(super) fn directions(points: &'a [f32], features: usize, norms: Vec<f64>) -> Result<Self> {
        Self::around_mean(Rows::Given(points), features, norms).check()
    }

    fn check(self) -> Result<Self> {
        // Not `>=`, so that NaN is refused, too.
        if self.squares.iter().all(|&square| square < LARGEST) {
            return Ok(self);
        }
        // One such value moves the mean far from all samples: name the sample that has it.
        let points = self.rows.all();
        let size = |&at: &usize| {
            if points[at].is_nan() {
                f32::INFINITY
            } else {
                points[at].abs()
            }
        };
        let sample = (0..points.len())
            .max_by(|a, b| size(a).total_cmp(&size(b)))
            .map_or(0, |at| at / self.features);
        Err(Error::input(format!(
            "sample {sample} has values that are not finite or too far from those of other samples for a distance in f32: scale the data, or \
             leave it out"
        )))
    }

    /// A copy in another order, in memory or on disk: the sample at each place has this index. Where indices
    /// mostly ascend, as those of a cell do, it is written in few places at a time.
    ///
    /// # Errors
    /// When there is no room for it on disk.
    pub(super) fn ordered(&self, indices: &[u32], on_disk: bool) -> Result<Centred<'static>> {
        let features = self.features;
        let mut places = vec![0; indices.len()];
        for (place, &index) in indices.iter().enumerate() {
            places[index as usize] = place;
        }
        // Read in the order of indices, and not of places: from a disk, that is one pass.
        let mut ordered = Scratch::zeroed(indices.len() * features, on_disk)?;
        ordered.expect_any_order();
        let rows = self.rows.all().chunks_exact(features);
        for (row, place) in rows.zip(places) {
            ordered[place * features..][..features].copy_from_slice(row);
        }
        let norms = indices.iter().filter_map(|&i| self.norms.get(i as usize));
        Ok(Centred {
            rows: Rows::Ordered(ordered),
            features,
            norms: norms.copied().collect(),
            mean: self.mean.clone(),
            squares: indices.iter().map(|&i| self.squares[i as usize]).collect(),
        })
    }

    /// Number of samples.
    pub(super) fn samples(&self) -> usize {
        self.squares.len()
    }

    pub(super) fn features(&self) -> usize {
        self.features
    }

    /// The squared distance of two samples in f64, the definition that neighbours are ordered by; of
    /// directions, their [squared chord](squared_chord).
    pub(super) fn squared_distance(&self, a: usize, b: usize) -> f64 {
        let [row_a, row_b] = [a, b].map(|at| self.row(at));
        if self.norms.is_empty() {
            squared_distance(row_a, row_b)
        } else {
            squared_chord((row_a, self.norms[a]), (row_b, self.norms[b]))
        }
    }

    /// A squared distance that two samples are at least apart, in f32.
    pub(super) fn least_square(&self, a: usize, b: usize) -> f64 {
        const LANES: usize = 16;
        let scales = [a, b].map(|at| self.norms.get(at).map_or(1.0, |norm| (1.0 / norm) as f32));
        let [(a_chunks, a_rest), (b_chunks, b_rest)] =
            [a, b].map(|at| self.row(at).as_chunks::<LANES>());
        let square = |a: f32, b: f32| (a * scales[0] - b * scales[1]).powi(2);
        let mut sums = [0.0_f32; LANES];
        for (a, b) in a_chunks.iter().zip(b_chunks) {
            for lane in 0..LANES {
                sums[lane] += square(a[lane], b[lane]);
            }
        }
        let rest = a_rest.iter().zip(b_rest).map(|(&a, &b)| square(a, b));
        let sum = sums.iter().sum::<f32>() + rest.sum::<f32>();
        if !sum.is_finite() || !scales.iter().all(|scale| scale.is_normal()) {
            return 0.0;
        }
        // With u = 2^-24: a difference is off by u of itself, and a sum of n squares by at most n u of
        // itself with two u a term; both coordinates of a direction are off by two u of it.
        let unit = f64::from(f32::EPSILON) / 2.0;
        let moved = if self.norms.is_empty() {
            0.0
        } else {
            5.0 * unit
        };
        let distance = (f64::from(sum).sqrt() - moved).max(0.0);
        let n = self.features as f64;
        distance.powi(2) * (1.0 - (n + 24.0) * unit) - n * f64::from(f32::MIN_POSITIVE)
    }

    fn row(&self, at: usize) -> &[f32] {
        sample(self.rows.all(), self.features, at)
    }

    /// Tells the system which samples of a copy on disk are needed soon.
    pub(super) fn expect(&self, rows: &Range<usize>) {
        if let Rows::Ordered(ordered) = &self.rows {
            ordered.expect(rows.start * self.features..rows.end * self.features);
        }
    }

    /// Writes the place of a sample around the mean.
    pub(super) fn write(&self, at: usize, to: &mut [f32]) {
        let row = self.row(at).iter().zip(&self.mean).zip(to);
        match self.norms.get(at) {
            None => row.for_each(|((value, mean), to)| *to = value - mean),
            Some(norm) => row.for_each(|((value, mean), to)| {
                *to = (f64::from(*value) / norm) as f32 - mean;
            }),
        }
    }

    /// Puts the places of some samples around the mean into `block`, [rows, features].
    pub(super) fn fill(&self, rows: impl ExactSizeIterator<Item = usize>, block: &mut Vec<f32>) {
        block.resize(rows.len() * self.features, 0.0);
        for (at, to) in rows.zip(block.chunks_exact_mut(self.features)) {
            self.write(at, to);
        }
    }

    /// [`Centred::fill`] of consecutive samples on all threads.
    pub(super) fn fill_block(&self, rows: &Range<usize>, block: &mut Vec<f32>) {
        block.resize(rows.len() * self.features, 0.0);
        let places = block.par_chunks_exact_mut(self.features).enumerate();
        places.for_each(|(at, to)| self.write(rows.start + at, to));
    }

    /// The products of two blocks of samples around the mean, [rows, columns].
    pub(super) fn multiply(&self, rows: &[f32], columns: &[f32], products: &mut [f32]) {
        let features = self.features;
        multiply(
            products,
            [rows.len() / features, features, columns.len() / features],
            Matrix::rows(rows, features),
            Matrix::rows(columns, features).transposed(),
            false,
        );
    }

    /// The largest |a| of some samples.
    pub(super) fn largest_norm(&self, rows: &Range<usize>) -> f64 {
        let squares = self.squares[rows.clone()].iter().copied();
        f64::from(squares.fold(0.0, f32::max)).sqrt()
    }

    /// A bound of the error of |a|^2 + |b|^2 - 2 a.b between two blocks.
    pub(super) fn error(&self, rows: &Range<usize>, columns: &Range<usize>) -> f64 {
        self.rounding(self.largest_norm(rows), self.largest_norm(columns))
    }

    /// A bound of the error of |a|^2 + |b|^2 - 2 a.b, given bounds of |a| and |b|.
    ///
    /// With u = 2^-24: a product of n terms is off by at most n u |a| |b| (1 + o(1)) in any order
    /// of summation, and 2 |a| |b| <= (|a| + |b|)^2 / 2; moving to the mean, rounding the squares,
    /// their sum and the limit add a few u (|a| + |b|)^2 more. Samples that lie m away from their
    /// places change a distance d by 2 m, and d^2 by 4 m d + 4 m^2: a direction is off by half a unit in
    /// the last place of every value.
    pub(super) fn rounding(&self, a: f64, b: f64) -> f64 {
        let epsilon = f64::from(f32::EPSILON);
        let moved = if self.norms.is_empty() { 0.0 } else { epsilon };
        (0.51 * self.features as f64 + 16.0) * epsilon / 2.0 * (a + b).powi(2)
            + 4.0 * moved * (a + b + 3.0 * moved)
            + f64::from(f32::MIN_POSITIVE)
    }
}

impl Rows<'_> {
    fn all(&self) -> &[f32] {
        match self {
            Self::Given(rows) => rows,
            Self::Ordered(rows) => rows,
        }
    }
}

/// |a / |a| - b / |b||^2, twice the cosine distance, in f64 from samples with their norms: it does not
/// cancel where they are nearly parallel. It is 1 where one of them is zero.
pub(super) fn squared_chord((a, norm_a): (&[f32], f64), (b, norm_b): (&[f32], f64)) -> f64 {
    if norm_a == 0.0 || norm_b == 0.0 {
        return 1.0;
    }
    let difference = |(a, b): (&f32, &f32)| f64::from(*a) / norm_a - f64::from(*b) / norm_b;
    a.iter().zip(b).map(|pair| difference(pair).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::metric::norm;
    use crate::random::{Generator, Stream};
    use rand::RngExt;

    #[test]
    fn no_sample_is_nearer_than_the_least_distance() {
        let mut generator = Generator::new(2, Stream::Test, 0);
        for features in [1, 8, 16, 37, 300] {
            // Far apart, nearly parallel, far from 0, and out of the range of f32's reciprocals.
            for (offset, spread) in [
                (0.0, 1.0),
                (1.0, 1e-5),
                (1e4, 1.0),
                (0.0, 1e-41),
                (0.0, 1e19),
            ] {
                let draw =
                    std::iter::repeat_with(|| offset + spread * (generator.random::<f32>() - 0.5));
                let points: Vec<f32> = draw.take(40 * features).collect();
                let norms: Vec<f64> = points.chunks_exact(features).map(norm).collect();
                if norms.contains(&0.0) {
                    continue;
                }
                let (mut sum, mut least) = (0.0, 0.0);
                for norms in [Vec::new(), norms] {
                    let samples = Centred::around_mean(Rows::Given(&points), features, norms);
                    for a in 0..40 {
                        for b in 0..40 {
                            let exact = samples.squared_distance(a, b);
                            let bound = samples.least_square(a, b);
                            assert!(
                                bound <= exact,
                                "{features} {offset} {spread}: {bound}, {exact}"
                            );
                            (sum, least) = (sum + exact, least + bound.max(0.0));
                        }
                    }
                }
                // And it is worth something, unless f32 cannot tell.
                let is_tight = least > 0.99 * sum;
                assert!(
                    is_tight || !(1e-4..=1e18).contains(&spread),
                    "{least} of {sum}"
                );
            }
        }
    }
}
