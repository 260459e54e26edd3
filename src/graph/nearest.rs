//! Exact k nearest neighbours: by a tree where samples have few features, else by blocks of matrix
//! products.
//!
//! |a - b|^2 = |a|^2 + |b|^2 - 2 a.b turns all distances into products, at the price of rounding.
//! The rounding is bounded, so f32 products only rule out what cannot be among the nearest; what is
//! left is ordered by distances in f64. The result is therefore exact and does not depend on
//! blocks, threads or the library that multiplies. Each pair of blocks is multiplied once and
//! serves both.

use super::candidates::Candidates;
use super::centred::Centred;
use super::lists::{List, Lists, merge};
use super::{BLOCK, blocks, tree};
use crate::error::{Error, Result};
use crate::ranks::{Alone, Ranks};
use rayon::prelude::*;
use std::ops::Range;

/// Values that are compared at once before any is looked at.
const LANES: usize = 16;

/// The k nearest neighbours of every sample, without the sample itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// Neighbours of each sample.
    pub k: usize,
    /// [samples, k]: nearest first, ties by index.
    pub neighbours: Vec<u32>,
    /// [samples, k]: distances.
    pub distances: Vec<f32>,
    /// The share of the true neighbours that are among them, as it was estimated; none of an exact
    /// graph.
    pub recall: Option<f64>,
}

impl Graph {
    /// The graph of lists with squared distances.
    pub(super) fn of_lists(lists: Lists) -> Self {
        Self {
            k: lists.k,
            distances: lists
                .squares
                .iter()
                .map(|squared| squared.sqrt() as f32)
                .collect(),
            neighbours: lists.others,
            recall: None,
        }
    }

    /// Neighbours of `sample`.
    pub fn of(&self, sample: usize) -> &[u32] {
        &self.neighbours[sample * self.k..][..self.k]
    }

    /// The median of all distances, the default bandwidth of a Gaussian kernel.
    pub fn median_distance(&self) -> f32 {
        let mut distances = self.distances.clone();
        let middle = distances.len() / 2;
        if distances.is_empty() {
            0.0
        } else {
            *distances.select_nth_unstable_by(middle, f32::total_cmp).1
        }
    }
}

/// Finds the `k` nearest neighbours of every row of `points` [samples, features] in Euclidean
/// distance. A sample is told from its duplicates by its index. `progress` is called with the share
/// of the work that is done, 0 to 1.
///
/// # Errors
/// When k is 0 or there are not more than k samples; when a sample is not finite or so far
/// from the mean that f32 does not hold its distance.
pub fn nearest_neighbours(
    points: &[f32],
    features: usize,
    k: usize,
    progress: &mut dyn FnMut(f64),
) -> Result<Graph> {
    nearest_neighbours_by(&Alone, points, features, k, progress)
}

/// [`nearest_neighbours`], each of `ranks` finding a part.
pub(super) fn nearest_neighbours_by(
    ranks: &dyn Ranks,
    points: &[f32],
    features: usize,
    k: usize,
    progress: &mut dyn FnMut(f64),
) -> Result<Graph> {
    let samples = points.len() / features.max(1);
    if tree::pays(samples, features) {
        refuse(samples, k)?;
        Centred::checked(points, features)?;
        return Ok(tree::graph(ranks, points, features, k, progress));
    }
    by_products(ranks, points, features, k, progress)
}

/// [`nearest_neighbours_by`] the products of all pairs, whatever the features.
pub(super) fn by_products(
    ranks: &dyn Ranks,
    points: &[f32],
    features: usize,
    k: usize,
    progress: &mut dyn FnMut(f64),
) -> Result<Graph> {
    let samples = points.len() / features.max(1);
    refuse(samples, k)?;
    let centred = Centred::checked(points, features)?;
    Ok(Graph::of_lists(nearest_lists(ranks, &centred, k, progress)))
}

/// The `k` nearest of each sample. Each of `ranks` multiplies some pairs of blocks, and finds the nearest
/// of what it has seen.
pub(super) fn nearest_lists(
    ranks: &dyn Ranks,
    centred: &Centred,
    k: usize,
    progress: &mut dyn FnMut(f64),
) -> Lists {
    let samples = centred.samples();
    let mut candidates = vec![Candidates::new(k); samples];
    let mut products = vec![0.0_f32; BLOCK * BLOCK];
    let (mut of_rows, mut of_columns) = (Vec::new(), Vec::new());
    let blocks = blocks(samples);
    // There and back over the ranks: the first rows have the most pairs.
    let size = ranks.size();
    let owner = |i: usize| (i % (2 * size)).min(2 * size - 1 - i % (2 * size));
    let own = || (0..blocks.len()).filter(|&i| owner(i) == ranks.rank());
    let (mut done, total) = (0, own().map(|i| blocks.len() - i).sum::<usize>());
    for i in own() {
        let rows = &blocks[i];
        centred.fill_block(rows, &mut of_rows);
        for columns in &blocks[i..] {
            centred.fill_block(columns, &mut of_columns);
            let values = &mut products[..rows.len() * columns.len()];
            centred.multiply(&of_rows, &of_columns, values);
            let products = Products {
                centred,
                rows,
                columns,
                values,
                error: centred.error(rows, columns),
            };
            let (left, right) = candidates.split_at_mut(columns.start.max(rows.end).min(samples));
            products.offer_columns(&mut left[rows.clone()]);
            if rows.start != columns.start {
                products.offer_rows(&mut right[..columns.len()]);
            }
            done += 1;
            progress(done as f64 / total as f64);
        }
    }
    let candidates = candidates.into_par_iter().enumerate();
    let exact = |row, other| centred.squared_distance(row, other as usize);
    let nearest =
        candidates.map(|(row, found)| found.nearest(&|other| exact(row, other)).collect());
    merge(ranks, k, nearest.collect::<Vec<List>>())
}

/// An error where `samples` samples do not have `k` neighbours each.
pub(super) fn refuse(samples: usize, k: usize) -> Result<()> {
    if samples < 2 {
        return Err(Error::input(format!(
            "there {}, and a graph of neighbours needs two or more: give more samples, one in each row",
            if samples == 0 {
                "is no sample"
            } else {
                "is one sample alone"
            }
        )));
    }
    if k == 0 || k >= samples {
        return Err(Error::input(format!(
            "k is {k}, but {samples} samples have at most {} neighbours each and a graph needs one: choose k from 1 to {}",
            samples.saturating_sub(1),
            samples.saturating_sub(1)
        )));
    }
    Ok(())
}

/// Floating-point operations of the products that [`nearest_neighbours`] multiplies: those of every
/// pair of blocks once.
pub fn distance_products(samples: usize, features: usize) -> u64 {
    let blocks = blocks(samples);
    let pairs = blocks
        .iter()
        .enumerate()
        .flat_map(|(i, rows)| blocks[i..].iter().map(move |columns| (rows, columns)));
    pairs
        .map(|(rows, columns)| 2 * rows.len() as u64 * columns.len() as u64 * features as u64)
        .sum()
}

/// The products of the samples of two blocks.
struct Products<'a> {
    centred: &'a Centred<'a>,
    rows: &'a Range<usize>,
    columns: &'a Range<usize>,
    /// [rows, columns]
    values: &'a [f32],
    /// What a squared distance that is made of them may be off by.
    error: f64,
}

impl Products<'_> {
    /// Offers all columns to the candidates of each row.
    fn offer_columns(&self, candidates: &mut [Candidates]) {
        let offers = self.values.par_chunks(self.columns.len());
        let candidates = candidates.par_iter_mut().zip(offers).enumerate();
        candidates.for_each(|(r, (found, offers))| {
            self.centred
                .scan(self.rows.start + r, self.columns, self.error, offers, found);
        });
    }

    /// Offers all rows to the candidates of each column: the same products seen from the other
    /// side, a stretch of columns at a time so that reads stay contiguous.
    fn offer_rows(&self, candidates: &mut [Candidates]) {
        let stretches = candidates.par_chunks_mut(LANES).enumerate();
        stretches.for_each(|(chunk, stretch)| {
            let mut offers = vec![0.0; self.rows.len()];
            for (lane, found) in stretch.iter_mut().enumerate() {
                let at = chunk * LANES + lane;
                for (r, value) in offers.iter_mut().enumerate() {
                    *value = self.values[r * self.columns.len() + at];
                }
                self.centred.scan(
                    self.columns.start + at,
                    self.rows,
                    self.error,
                    &offers,
                    found,
                );
            }
        });
    }
}

impl Centred<'_> {
    /// Offers `others` to the candidates of `row`, given its products with them.
    pub(super) fn scan(
        &self,
        row: usize,
        others: &Range<usize>,
        error: f64,
        products: &[f32],
        found: &mut Candidates,
    ) {
        let exact = |other| self.squared_distance(row, other as usize);
        let own = f64::from(self.squares[row]);
        let squares = &self.squares[others.clone()];
        let mut limit = (found.limit() + error - own) as f32;
        for (chunk, (squares, products)) in squares
            .chunks(LANES)
            .zip(products.chunks(LANES))
            .enumerate()
        {
            let near = |(square, product): (&f32, &f32)| square - 2.0 * product <= limit;
            if !squares
                .iter()
                .zip(products)
                .fold(false, |any, pair| any | near(pair))
            {
                continue;
            }
            for (lane, (&square, &product)) in squares.iter().zip(products).enumerate() {
                let other = others.start + chunk * LANES + lane;
                let approximate = own + f64::from(square) - 2.0 * f64::from(product);
                if other != row && approximate - error <= found.limit() {
                    found.offer(other as u32, approximate, error, &exact);
                }
            }
            limit = (found.limit() + error - own) as f32;
        }
        found.prune();
    }
}

#[cfg(test)]
mod tests {
    use super::super::squared_distance_of_rows;
    use super::*;
    use crate::random::{Generator, Stream};
    use rand::RngExt;
    use rand_distr::StandardNormal;

    /// By the definition.
    fn brute_force(points: &[f32], features: usize, k: usize) -> Vec<u32> {
        let samples = points.len() / features;
        (0..samples)
            .flat_map(|row| {
                let mut others: Vec<(f64, u32)> = (0..samples)
                    .filter(|&other| other != row)
                    .map(|other| {
                        let other = other as u32;
                        (
                            squared_distance_of_rows(points, features, row, other),
                            other,
                        )
                    })
                    .collect();
                others.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                others.into_iter().take(k).map(|(_, other)| other)
            })
            .collect()
    }

    fn draw(samples: usize, features: usize, value: impl Fn(&mut Generator) -> f32) -> Vec<f32> {
        let mut generator = Generator::new(samples as u64, Stream::Test, features as u64);
        (0..samples * features)
            .map(|_| value(&mut generator))
            .collect()
    }

    #[test]
    fn neighbours_are_those_of_the_definition() {
        let normal = |generator: &mut Generator| generator.sample::<f32, _>(StandardNormal);
        // Few different values make many ties and duplicates; a large offset makes products cancel.
        let coarse = |generator: &mut Generator| generator.random_range(0..2) as f32;
        let far = |generator: &mut Generator| 1000.0 + generator.sample::<f32, _>(StandardNormal);
        for (samples, features, k) in [
            (2, 1, 1),
            (7, 3, 6),
            (200, 1, 5),
            (1500, 9, 10),
            (2100, 33, 3),
        ] {
            for points in [
                draw(samples, features, normal),
                draw(samples, features, coarse),
                draw(samples, features, far),
            ] {
                let graph = nearest_neighbours(&points, features, k, &mut |_| ()).unwrap();
                assert!(
                    graph.neighbours == brute_force(&points, features, k),
                    "{samples} samples, {features} features, k {k}"
                );
            }
        }
    }

    #[test]
    fn threads_do_not_matter() {
        let points = draw(1100, 5, |generator| generator.random_range(0..4) as f32);
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| nearest_neighbours(&points, 5, 7, &mut |_| ()).unwrap())
        };
        assert_eq!(with(1), with(3));
    }

    #[test]
    fn too_many_neighbours_are_refused() {
        let message = nearest_neighbours(&[0.0, 1.0, 2.0], 1, 3, &mut |_| ())
            .unwrap_err()
            .to_string();
        assert!(
            message.starts_with("k is 3, but 3 samples have at most 2"),
            "{message}"
        );
        assert!(nearest_neighbours(&[], 4, 1, &mut |_| ()).is_err());
    }

    #[test]
    fn distances_that_overflow_are_refused() {
        for wild in [f32::NAN, f32::INFINITY, 1e30] {
            let points = [1.0, 2.0, 3.0, wild, 3.0, 1.0];
            let message = nearest_neighbours(&points, 2, 1, &mut |_| ())
                .unwrap_err()
                .to_string();
            assert!(
                message.starts_with("sample 1 has values that are not finite or too far"),
                "{message}"
            );
        }
        assert_eq!(
            nearest_neighbours(&[0.0, 1e18, 3e18], 1, 1, &mut |_| ())
                .unwrap()
                .neighbours,
            [1, 0, 1]
        );
    }
}
