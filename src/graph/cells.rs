//! Samples grouped into cells around centres (Lloyd's k-means), so that the nearest of a sample are
//! looked for in the cells next to it alone: the inverted file of Jégou, Douze and Schmid (PAMI 33,
//! 2011).
//!
//! All is done by matrix products: the rows of a cell are compared with a near cell at once. A cell
//! has few enough samples that the products of a pair stay in the cache.

use super::blocks;
use super::candidates::Candidates;
use super::centred::Centred;
use super::lists::{List, Lists, gather, gather_words};
use crate::error::Result;
use crate::gemm::{Matrix, gemm_single_threaded, multiply};
use crate::random::{Generator, Stream};
use crate::ranks::Ranks;
use crate::scratch::Scratch;
use rand::seq::index;
use rayon::prelude::*;
use std::ops::Range;

/// Samples of a cell, about.
const SIZE: usize = 512;
/// Samples of a cell, at most: of a larger group, as of duplicates, there are several.
const MOST: usize = 4 * SIZE;
/// Samples a centre is found from.
const PER_CENTRE: usize = 32;
/// Rounds in which centres move to the mean of their samples.
const ROUNDS: usize = 6;
/// Cells whose rows are searched before progress is told.
const BATCH: usize = 64;

/// Samples in the order of their cells. Numbers of samples are their places in that order.
pub(super) struct Cells {
    pub(super) ordered: Centred<'static>,
    /// The index of the sample at each place.
    pub(super) indices: Vec<u32>,
    /// The places of each cell.
    cells: Vec<Range<usize>>,
    /// The centre of each cell, [cells, features].
    centres: Vec<f32>,
}

impl Cells {
    /// Groups the samples; the same on any number of threads and of `ranks`. Their copy in the order of
    /// the cells is in memory or on disk.
    ///
    /// # Errors
    /// When there is no room for it on disk.
    pub(super) fn new(ranks: &dyn Ranks, centred: &Centred, on_disk: bool) -> Result<Self> {
        let (samples, features) = (centred.samples(), centred.features());
        let count = samples.div_ceil(SIZE);
        let mut generator = Generator::new(0, Stream::Cells, 0);
        let drawn = index::sample(&mut generator, samples, samples.min(count * PER_CENTRE));
        let seen = ranks.agree(drawn_samples(centred, &drawn.into_vec(), on_disk))?;
        let mut centres = seen[..count * features].to_vec();
        let of_seen = |rows: Range<usize>, block: &mut Vec<f32>| {
            block.clear();
            block.extend_from_slice(&seen[rows.start * features..rows.end * features]);
        };
        for _ in 0..ROUNDS {
            let nearest =
                nearest_centres(ranks, seen.len() / features, &of_seen, features, &centres);
            move_to_means(&mut centres, &seen, features, &nearest);
        }

        let all = |rows: Range<usize>, block: &mut Vec<f32>| centred.fill_block(&rows, block);
        let nearest = nearest_centres(ranks, samples, &all, features, &centres);
        let mut indices: Vec<u32> = (0..samples as u32).collect();
        indices.sort_by_key(|&index| nearest[index as usize]);
        let groups = indices.chunk_by(|&a, &b| nearest[a as usize] == nearest[b as usize]);
        let (mut cells, mut of_cells) = (Vec::new(), Vec::new());
        let mut start = 0;
        for group in groups {
            let centre = nearest[group[0] as usize] as usize;
            for part in group.chunks(MOST) {
                cells.push(start..start + part.len());
                of_cells.extend_from_slice(&centres[centre * features..][..features]);
                start += part.len();
            }
        }
        Ok(Self {
            ordered: ranks.agree(centred.ordered(&indices, on_disk))?,
            indices,
            cells,
            centres: of_cells,
        })
    }

    /// The nearest `k` of every place among the samples of its `probes` nearest cells, or of more
    /// where those have too few: places with their squared distances, nearest first.
    pub(super) fn search(
        &self,
        ranks: &dyn Ranks,
        k: usize,
        probes: usize,
        progress: &mut dyn FnMut(f64),
    ) -> Lists {
        let own = &self.cells[ranks.own_part(self.cells.len())];
        let places: usize = own.iter().map(Range::len).sum();
        let mut found = Lists::with_capacity(k, places);
        for batch in own.chunks(BATCH) {
            let of_cells: Vec<_> = batch
                .par_iter()
                .map(|rows| self.search_for(rows, k, probes))
                .collect();
            of_cells.iter().flatten().for_each(|list| found.push(list));
            progress(found.len() as f64 / places as f64);
        }
        gather(ranks, found)
    }

    /// The same for the places `rows` of a cell.
    fn search_for(&self, rows: &Range<usize>, k: usize, probes: usize) -> Vec<List> {
        let features = self.ordered.features();
        let mut candidates = vec![Candidates::new(k); rows.len()];
        let mut products = Vec::new();
        let (mut own, mut gathered, mut of_cell) = (Vec::new(), Vec::new(), Vec::new());
        self.ordered.expect(rows);
        self.ordered.fill(rows.clone(), &mut own);
        for (cell, lookers) in self.probed(&own, k, probes) {
            let cell = &self.cells[cell];
            self.ordered.expect(cell);
            self.ordered.fill(cell.clone(), &mut of_cell);
            gathered.clear();
            for &row in &lookers {
                gathered.extend_from_slice(&own[row * features..][..features]);
            }
            products.resize(lookers.len() * cell.len(), 0.0);
            gemm_single_threaded(
                &mut products,
                [lookers.len(), features, cell.len()],
                Matrix::rows(&gathered, features),
                Matrix::rows(&of_cell, features).transposed(),
                false,
            );
            let error = self.ordered.error(rows, cell);
            for (row, products) in lookers.into_iter().zip(products.chunks(cell.len())) {
                let found = &mut candidates[row];
                self.ordered
                    .scan(rows.start + row, cell, error, products, found);
            }
        }
        let exact = |place, other| self.ordered.squared_distance(place, other as usize);
        let rows = rows.clone().zip(candidates);
        rows.map(|(place, found)| found.nearest(&|other| exact(place, other)).collect())
            .collect()
    }

    /// The cells that are near to some of `rows` [rows, features], with those rows, counted from the
    /// first; the cells that most look at come first, since what is found there rules out most of the
    /// others.
    fn probed(&self, rows: &[f32], k: usize, probes: usize) -> Vec<(usize, Vec<usize>)> {
        let distances = to_centres(rows, self.ordered.features(), &self.centres);
        let mut lookers = vec![Vec::new(); self.cells.len()];
        for (row, distances) in distances.chunks(self.cells.len()).enumerate() {
            let mut near: Vec<u32> = (0..distances.len() as u32).collect();
            let key = |&cell: &u32| (Ordered(distances[cell as usize]), cell);
            let mut wanted = probes;
            loop {
                if wanted < near.len() {
                    near.select_nth_unstable_by_key(wanted - 1, key);
                }
                let chosen = &near[..wanted.min(near.len())];
                let size = |&cell: &u32| self.cells[cell as usize].len();
                if wanted >= near.len() || chosen.iter().map(size).sum::<usize>() > k {
                    break;
                }
                wanted *= 2;
            }
            near.truncate(wanted);
            near.into_iter()
                .for_each(|cell| lookers[cell as usize].push(row));
        }
        let mut probed: Vec<(usize, Vec<usize>)> = lookers
            .into_iter()
            .enumerate()
            .filter(|(_, lookers)| !lookers.is_empty())
            .collect();
        probed.sort_by_key(|(cell, lookers)| (std::cmp::Reverse(lookers.len()), *cell));
        probed
    }
}

/// A finite number that sorts.
#[derive(PartialEq, PartialOrd)]
struct Ordered(f32);

impl Eq for Ordered {}

#[expect(clippy::derive_ord_xor_partial_ord, reason = "the same order, total")]
impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// |c|^2 - 2 a.c for each of `rows` and each centre, [rows, centres]: squared distances less |a|^2.
fn to_centres(rows: &[f32], features: usize, centres: &[f32]) -> Vec<f32> {
    let (samples, count) = (rows.len() / features, centres.len() / features);
    let mut values = vec![0.0; samples * count];
    multiply(
        &mut values,
        [samples, features, count],
        Matrix::rows(rows, features),
        Matrix::rows(centres, features).transposed(),
        false,
    );
    let square = |centre: &[f32]| centre.iter().map(|value| value * value).sum::<f32>();
    let squares: Vec<f32> = centres.chunks_exact(features).map(square).collect();
    for values in values.chunks_mut(count) {
        for (value, square) in values.iter_mut().zip(&squares) {
            *value = square - 2.0 * *value;
        }
    }
    values
}

/// The samples `drawn` around the mean, [drawn, features], read in the order of indices.
fn drawn_samples(centred: &Centred, drawn: &[usize], on_disk: bool) -> Result<Scratch> {
    let features = centred.features();
    let mut order: Vec<usize> = (0..drawn.len()).collect();
    order.sort_unstable_by_key(|&at| drawn[at]);
    let mut seen = Scratch::zeroed(drawn.len() * features, on_disk)?;
    for at in order {
        centred.write(drawn[at], &mut seen[at * features..][..features]);
    }
    Ok(seen)
}

/// The nearest centre of each of `count` samples, the first of equals; `fill` puts those of a range
/// around the mean into a block. Ranks have whole blocks, so that distances are rounded as by one process.
fn nearest_centres(
    ranks: &dyn Ranks,
    count: usize,
    fill: &dyn Fn(Range<usize>, &mut Vec<f32>),
    features: usize,
    centres: &[f32],
) -> Vec<u32> {
    let nearest = |distances: &[f32]| {
        let least = distances.iter().copied().fold(f32::INFINITY, f32::min);
        distances
            .iter()
            .position(|&value| value == least)
            .unwrap_or(0) as u32
    };
    let blocks = blocks(count);
    let (mut found, mut block) = (Vec::new(), Vec::new());
    for rows in &blocks[ranks.own_part(blocks.len())] {
        fill(rows.clone(), &mut block);
        let distances = to_centres(&block, features, centres);
        let of_rows = distances.par_chunks(centres.len() / features).map(nearest);
        found.par_extend(of_rows);
    }
    gather_words(ranks, found)
}

/// Moves each centre to the mean of the `rows` that it is `nearest` to; one without any stays.
fn move_to_means(centres: &mut [f32], rows: &[f32], features: usize, nearest: &[u32]) {
    let mut sums = vec![0.0_f64; centres.len()];
    let mut counts = vec![0_usize; centres.len() / features];
    for (row, &centre) in rows.chunks_exact(features).zip(nearest) {
        counts[centre as usize] += 1;
        let sums = &mut sums[centre as usize * features..][..features];
        sums.iter_mut()
            .zip(row)
            .for_each(|(sum, &value)| *sum += f64::from(value));
    }
    let of_centres = centres
        .chunks_mut(features)
        .zip(sums.chunks(features))
        .zip(counts);
    for ((centre, sums), count) in of_centres.filter(|(_, count)| *count > 0) {
        let means = sums.iter().map(|sum| (sum / count as f64) as f32);
        centre
            .iter_mut()
            .zip(means)
            .for_each(|(value, mean)| *value = mean);
    }
}
