//! The alpha-decaying kernel: which samples are joined, and how strongly.

use super::sparse::Sparse;
use crate::error::{Error, Result};
use crate::graph::{nearest_neighbours, squared_distance};
use rayon::prelude::*;

/// Weaker affinities are left out.
const THRESHOLD: f64 = 1e-4;
/// The search first covers this many times the neighbours that set the bandwidth; only then is a
/// sample compared with all others.
const SEARCH: usize = 6;
/// Elements of the kernel, at most: with its copies, about 3 GiB.
const MOST: usize = 1 << 26;
/// Samples after which the elements are counted.
const BLOCK: usize = 256;

/// The kernel over the rows of `points` [samples, features]: symmetric, with a diagonal of ones.
///
/// K(x, y) = (k(x, y) + k(y, x)) / 2 with k(x, y) = exp(-(|x - y| / w(x))^decay), or 0 where that
/// is below 1e-4; the bandwidth w(x) is the distance from x to its neighbour number `neighbours`, x
/// itself not counted. Where that neighbour is a duplicate of x, k(x, y) is 1 for duplicates and 0
/// for all others.
///
/// # Errors
/// When a graph of neighbours is impossible, or so many samples are joined that the kernel
/// would not fit in memory.
pub(super) fn kernel(
    points: &[f32],
    features: usize,
    neighbours: usize,
    decay: f64,
    progress: &mut dyn FnMut(f64),
) -> Result<Sparse> {
    let samples = points.len() / features;
    let k = (SEARCH * neighbours).min(samples - 1);
    let graph = nearest_neighbours(points, features, k, progress)?;
    let sample = |row: usize| &points[row * features..][..features];
    // The graph's distances are f32, and the power would multiply their rounding by `decay`.
    let distance =
        |row: usize, other: u32| squared_distance(sample(row), sample(other as usize)).sqrt();
    let reach = (-THRESHOLD.ln()).powf(1.0 / decay);

    let affinities = |row: usize| {
        let near = graph.of(row);
        let bandwidth = distance(row, near[neighbours - 1]);
        let affinity = |other: u32| {
            let distance = distance(row, other);
            if distance == 0.0 {
                1.0
            } else {
                (-(distance / bandwidth).powf(decay)).exp()
            }
        };
        let join = |other: u32| {
            Some((other, affinity(other))).filter(|&(_, affinity)| affinity >= THRESHOLD)
        };
        let mut joined: Vec<(u32, f64)> =
            if k < samples - 1 && distance(row, near[k - 1]) <= reach * bandwidth {
                (0..samples as u32).filter_map(join).collect()
            } else {
                near.iter()
                    .copied()
                    .chain([row as u32])
                    .filter_map(join)
                    .collect()
            };
        joined.sort_unstable_by_key(|&(other, _)| other);
        joined
    };

    let (mut rows, mut elements) = (Vec::with_capacity(samples), 0);
    for start in (0..samples).step_by(BLOCK) {
        rows.par_extend(
            (start..(start + BLOCK).min(samples))
                .into_par_iter()
                .map(affinities),
        );
        elements += rows[start..].iter().map(Vec::len).sum::<usize>();
        if elements > MOST {
            return Err(Error::input(format!(
                "PHATE's kernel joins more than {MOST} pairs among {samples} samples: raise the decay, lower the neighbours, or drop \
                 duplicates from the data"
            )));
        }
    }
    Ok(symmetric(&Sparse::from_rows(rows, samples)))
}

/// (K + K^T) / 2.
fn symmetric(kernel: &Sparse) -> Sparse {
    let transposed = kernel.transposed();
    let merge = |row: usize| {
        let mut both: Vec<(u32, f64)> = kernel
            .row(row)
            .chain(transposed.row(row))
            .map(|(at, v)| (at as u32, v / 2.0))
            .collect();
        both.sort_by_key(|&(column, _)| column);
        both.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 += if same { next.1 } else { 0.0 };
            same
        });
        both
    };
    Sparse::from_rows((0..kernel.rows()).map(merge), kernel.rows())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Generator, Stream};

    /// By the definition.
    fn plain(points: &[f32], features: usize, neighbours: usize, decay: f64) -> Vec<f64> {
        let samples = points.len() / features;
        let distance = |i: usize, j: usize| {
            (0..features)
                .map(|k| {
                    (f64::from(points[i * features + k]) - f64::from(points[j * features + k]))
                        .powi(2)
                })
                .sum::<f64>()
                .sqrt()
        };
        let one_sided = |i: usize, j: usize| {
            let mut others: Vec<f64> = (0..samples)
                .filter(|&j| j != i)
                .map(|j| distance(i, j))
                .collect();
            others.sort_by(f64::total_cmp);
            let ratio = distance(i, j) / others[neighbours - 1];
            let affinity = if ratio.is_nan() {
                1.0
            } else {
                (-ratio.powf(decay)).exp()
            };
            if affinity < THRESHOLD { 0.0 } else { affinity }
        };
        (0..samples * samples)
            .map(|at| (at / samples, at % samples))
            .map(|(i, j)| (one_sided(i, j) + one_sided(j, i)) / 2.0)
            .collect()
    }

    #[test]
    fn the_kernel_is_that_of_the_definition() {
        let mut generator = Generator::new(3, Stream::Test, 0);
        let normal: Vec<f32> = (0..60 * 3).map(|_| generator.normal() as f32).collect();
        // Whole numbers give ties and duplicates; more duplicates than neighbours give bandwidths
        // of zero.
        let coarse: Vec<f32> = (0..60 * 2).map(|_| generator.below(3) as f32).collect();
        for (points, features) in [(&normal, 3), (&coarse, 2)] {
            // A low decay reaches beyond the neighbours that the graph holds.
            for (neighbours, decay) in [(5, 40.0), (1, 40.0), (2, 1.5), (20, 10.0)] {
                let kernel = kernel(points, features, neighbours, decay, &mut |_| ())
                    .unwrap()
                    .to_dense();
                let want = plain(points, features, neighbours, decay);
                for (at, (value, want)) in kernel.iter().zip(&want).enumerate() {
                    assert!(
                        (value - want).abs() < 1e-12,
                        "{neighbours} {decay}, element {at}: {value}, not {want}"
                    );
                }
            }
        }
    }

    #[test]
    fn duplicates_are_joined_to_each_other_alone() {
        let points = [0.0, 0.0, 0.0, 5.0, 6.0, 7.0];
        let kernel = kernel(&points, 1, 2, 40.0, &mut |_| ()).unwrap();
        assert_eq!(
            kernel.row(0).take(3).collect::<Vec<_>>(),
            [(0, 1.0), (1, 1.0), (2, 1.0)]
        );
        assert!(kernel.row_sums().iter().all(|sum| sum.is_finite()));
    }
}
