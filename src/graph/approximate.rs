//! Most of the nearest neighbours of many samples, in far less time than all of them: the samples of
//! near [cells](super::cells), then the neighbours of neighbours (NN-descent: Dong, Charikar and Li,
//! WWW 2011).
//!
//! Every pass reads the lists of the one before it, so the graph is the same on any number of
//! threads. What share of the true neighbours is found is measured on some samples.
//!
//! Exactness at that speed was looked into first: of 60,000 images of MNIST in 50 principal
//! components, the triangle inequality with the radii of 240 cells rules out 12 % of all pairs, and
//! with the distances of single samples from their centres 59 %, k being 15.

use super::blocks;
use super::cells::Cells;
use super::centred::Centred;
use super::lists::{List, Lists, gather, gather_words};
use crate::error::Result;
use crate::random::{Generator, Stream};
use crate::ranks::Ranks;
use rand::seq::index;
use rayon::prelude::*;

/// Cells in which the nearest of a sample are looked for.
const PROBES: usize = 8;
/// Passes over the neighbours of neighbours, at most.
const PASSES: usize = 6;
/// The share of neighbours that a pass changes below which there is no other.
const SETTLED: f64 = 0.002;
/// Samples whose true neighbours are found to estimate the recall.
const MEASURED: usize = 200;
/// Samples whose neighbours are compared before progress is told.
const BATCH: usize = 1 << 14;
/// The share of the time that the cells take, about.
const OF_CELLS: f64 = 0.6;

/// Lists, and of each neighbour whether it has come in the last pass.
struct Marked {
    lists: Lists,
    fresh: Vec<bool>,
}

/// Nearly the `k` nearest of every sample, and the estimated recall: the share of them that are among the
/// k nearest. Each of `ranks` finds a part. A copy of the samples is made, in memory or on disk.
///
/// # Errors
/// When there is no room for the copy on disk.
pub(super) fn nearest_lists(
    ranks: &dyn Ranks,
    centred: Centred,
    k: usize,
    on_disk: bool,
    progress: &mut dyn FnMut(f64),
) -> Result<(Lists, f64)> {
    let cells = Cells::new(ranks, &centred, on_disk)?;
    drop(centred);
    let mut progress_of_cells = |share| progress(OF_CELLS * share);
    let found = cells.search(ranks, k, PROBES, &mut progress_of_cells);
    let mut marked = Marked {
        fresh: vec![true; found.others.len()],
        lists: found,
    };
    for pass in 0..PASSES {
        let done = |share: f64| (pass as f64 + share) / PASSES as f64;
        let mut progress = |share: f64| progress(OF_CELLS + (1.0 - OF_CELLS) * done(share));
        let improved = descend(ranks, &marked, &cells.ordered, &mut progress);
        marked = after(&marked.lists, improved);
        let fresh = marked.fresh.iter().filter(|fresh| **fresh);
        if (fresh.count() as f64) < SETTLED * marked.fresh.len() as f64 {
            break;
        }
    }
    let lists = marked.lists;
    let recall = recall(ranks, &lists, &cells.ordered);
    let indices = &cells.indices;
    Ok((lists.named(indices).in_order_of(indices), recall))
}

/// The lists `found` by a pass, in which is fresh what those `before` it do not have.
fn after(before: &Lists, found: Lists) -> Marked {
    let k = found.k;
    let mut fresh = vec![true; found.others.len()];
    let marks = fresh.par_chunks_exact_mut(k);
    let lists = found.others.par_chunks_exact(k);
    let lists = lists.zip(before.others.par_chunks_exact(k));
    marks.zip(lists).for_each(|(marks, (list, old))| {
        for (mark, other) in marks.iter_mut().zip(list) {
            *mark = !old.contains(other);
        }
    });
    Marked {
        lists: found,
        fresh,
    }
}

/// `marked` with what is nearer among the neighbours of neighbours, where either step to them is fresh;
/// a neighbour may also be one that has the sample in its own list.
fn descend(
    ranks: &dyn Ranks,
    marked: &Marked,
    ordered: &Centred,
    progress: &mut dyn FnMut(f64),
) -> Lists {
    let k = marked.lists.k;
    let of = |place: usize| {
        let own = place * k..(place + 1) * k;
        let fresh = marked.fresh[own.clone()].iter().copied();
        marked.lists.others[own].iter().copied().zip(fresh)
    };
    let backward = Backward::of(marked);
    let part = ranks.own_part(marked.lists.len());
    let mut improved = Lists::with_capacity(k, part.len());
    for start in part.clone().step_by(BATCH) {
        let batch = (start..(start + BATCH).min(part.end)).into_par_iter();
        let of_batch = batch.map_init(Vec::new, |wanted: &mut Vec<u32>, place| {
            let own = &marked.lists.others[place * k..][..k];
            wanted.clear();
            for (middle, fresh) in of(place).chain(backward.of_place(place)) {
                let next = of(middle as usize).filter(|next| fresh || next.1);
                wanted.extend(next.map(|(next, _)| next));
                wanted.extend(fresh.then_some(middle));
            }
            wanted.sort_unstable();
            wanted.dedup();
            wanted.retain(|&other| other as usize != place && !own.contains(&other));
            nearest_of(place, marked.lists.of_sample(place), wanted, ordered)
        });
        let of_batch: Vec<List> = of_batch.collect();
        of_batch.iter().for_each(|list| improved.push(list));
        progress(improved.len() as f64 / part.len() as f64);
    }
    gather(ranks, improved)
}

/// The nearest of the list `own` of `place` and of the places `wanted`.
fn nearest_of(
    place: usize,
    own: impl Iterator<Item = (u32, f64)>,
    wanted: &[u32],
    ordered: &Centred,
) -> List {
    let mut kept: List = own.collect();
    for &other in wanted {
        let worst = kept[kept.len() - 1];
        if ordered.least_square(place, other as usize) > worst.1 {
            continue;
        }
        let squared = ordered.squared_distance(place, other as usize);
        if (squared, other) >= (worst.1, worst.0) {
            continue;
        }
        kept.pop();
        let nearer = |old: &(u32, f64)| (old.1, old.0) < (squared, other);
        kept.insert(kept.partition_point(nearer), (other, squared));
    }
    kept
}

/// For every place those whose lists it is in, the first of them where they are more than a list has, and
/// whether it is fresh there.
struct Backward {
    k: usize,
    counts: Vec<u32>,
    others: Vec<u32>,
    fresh: Vec<bool>,
}

impl Backward {
    fn of(marked: &Marked) -> Self {
        let (k, all) = (marked.lists.k, marked.fresh.len());
        let mut backward = Self {
            k,
            counts: vec![0; marked.lists.len()],
            others: vec![0; all],
            fresh: vec![false; all],
        };
        let places = marked.lists.others.chunks_exact(k);
        for (place, (list, fresh)) in (0..).zip(places.zip(marked.fresh.chunks_exact(k))) {
            for (&other, &fresh) in list.iter().zip(fresh) {
                let count = &mut backward.counts[other as usize];
                if (*count as usize) < k {
                    let at = other as usize * k + *count as usize;
                    (backward.others[at], backward.fresh[at]) = (place, fresh);
                    *count += 1;
                }
            }
        }
        backward
    }

    fn of_place(&self, place: usize) -> impl Iterator<Item = (u32, bool)> {
        let own = place * self.k..place * self.k + self.counts[place] as usize;
        let fresh = self.fresh[own.clone()].iter().copied();
        self.others[own].iter().copied().zip(fresh)
    }
}

/// The share of the true neighbours that are found, estimated on some samples. A sample as near as the
/// last of them counts as one.
fn recall(ranks: &dyn Ranks, lists: &Lists, ordered: &Centred) -> f64 {
    let (samples, k) = (lists.len(), lists.k);
    let mut generator = Generator::new(0, Stream::Cells, 1);
    let measured = index::sample(&mut generator, samples, MEASURED.min(samples)).into_vec();
    let own = &measured[ranks.own_part(measured.len())];
    // The samples go by once, a block at a time, since they may lie on disk.
    let mut nearest: Vec<Vec<f64>> = vec![Vec::new(); own.len()];
    for block in blocks(samples) {
        ordered.expect(&block);
        let all = own.par_iter().zip(&mut nearest);
        all.for_each(|(&place, nearest)| {
            let others = block.clone().filter(|&other| other != place);
            nearest.extend(others.map(|other| ordered.squared_distance(place, other)));
            if nearest.len() > k {
                nearest.select_nth_unstable_by(k - 1, f64::total_cmp);
                nearest.truncate(k);
            }
        });
    }
    let found = own.iter().zip(nearest).map(|(&place, nearest)| {
        let last = nearest.into_iter().fold(0.0, f64::max);
        let list = lists.of_sample(place);
        list.filter(|&(_, squared)| squared <= last).count() as u32
    });
    let found = gather_words(ranks, found.collect());
    f64::from(found.iter().sum::<u32>()) / (measured.len() * k) as f64
}

#[cfg(test)]
mod tests {
    use super::super::{nearest_neighbours, squared_distance_of_rows};
    use super::*;
    use crate::graph::{Graph, Metric, Search, Workers};
    use rand::RngExt;
    use rand_distr::StandardNormal;

    /// Samples on a curved surface of `inner` dimensions, with a little noise.
    fn surface(samples: usize, features: usize, inner: usize) -> Vec<f32> {
        let mut generator = Generator::new(5, Stream::Test, samples as u64);
        let mut normal = |count: usize| -> Vec<f32> {
            (0..count)
                .map(|_| generator.sample::<f32, _>(StandardNormal))
                .collect()
        };
        let directions = normal(inner * features);
        let mut points = Vec::new();
        for _ in 0..samples {
            let (place, noise) = (normal(inner), normal(features));
            for feature in 0..features {
                let along = place
                    .iter()
                    .zip(directions[feature..].iter().step_by(features));
                let along: f32 = along.map(|(z, direction)| z * direction).sum();
                points.push(along.sin() + 0.01 * noise[feature]);
            }
        }
        points
    }

    fn approximate(metric: Metric, points: &[f32], features: usize, k: usize) -> Graph {
        let search = Search::Approximate;
        let workers = Workers::cpu();
        metric
            .graph(search, workers, points, features, k, &mut |_| ())
            .unwrap()
    }

    fn share_of(found: &Graph, exact: &Graph) -> f64 {
        let (k, samples) = (found.k, found.neighbours.len() / found.k);
        let of_row = |row: usize| {
            found
                .of(row)
                .iter()
                .filter(move |&other| exact.of(row).contains(other))
        };
        let true_ones: usize = (0..samples).map(|row| of_row(row).count()).sum();
        true_ones as f64 / (samples * k) as f64
    }

    #[test]
    fn nearly_all_true_neighbours_are_found_and_their_share_is_told() {
        let points = surface(5000, 20, 4);
        for metric in [Metric::Euclidean, Metric::Cosine] {
            let found = approximate(metric, &points, 20, 10);
            let search = Search::Exact;
            let exact = metric
                .graph(search, Workers::cpu(), &points, 20, 10, &mut |_| ())
                .unwrap();
            let share = share_of(&found, &exact);
            assert!(share > 0.98 && share < 1.0, "{metric:?}: {share}");
            let told = found.recall.unwrap();
            assert!((told - share).abs() < 0.02, "{metric:?}: {told}, {share}");
            assert_eq!(exact.recall, None);
        }
    }

    #[test]
    fn lists_have_k_others_with_their_true_distances_in_order() {
        let same = vec![2.5; 2500 * 8];
        let coarse: Vec<f32> = surface(1500, 9, 2).iter().map(|v| v.round()).collect();
        let distinct = surface(40, 8, 3);
        for (points, features, k) in [(&same, 8, 6), (&coarse, 9, 12), (&distinct, 8, 39)] {
            let found = approximate(Metric::Euclidean, points, features, k);
            for row in 0..points.len() / features {
                let list = found.of(row);
                let mut others = list.to_vec();
                others.sort_unstable();
                others.dedup();
                assert!(
                    others.len() == k && !others.contains(&(row as u32)),
                    "{row}: {list:?}"
                );
                let squares = list.iter().map(|&other| {
                    (
                        squared_distance_of_rows(points, features, row, other),
                        other,
                    )
                });
                let squares: Vec<(f64, u32)> = squares.collect();
                assert!(squares.is_sorted(), "{row}: {squares:?}");
                for (at, (squared, _)) in squares.iter().enumerate() {
                    assert_eq!(found.distances[row * k + at], squared.sqrt() as f32);
                }
            }
        }
        // Few samples share a cell, and so does all that is the same.
        let exact = nearest_neighbours(&distinct, 8, 39, &mut |_| ()).unwrap();
        let found = approximate(Metric::Euclidean, &distinct, 8, 39);
        assert_eq!(
            (found.neighbours, found.recall),
            (exact.neighbours, Some(1.0))
        );
        assert_eq!(
            approximate(Metric::Euclidean, &same, 8, 6).recall,
            Some(1.0)
        );
    }

    #[test]
    fn threads_do_not_matter() {
        let points = surface(2000, 10, 3);
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new();
            let pool = pool.num_threads(threads).build().unwrap();
            pool.install(|| approximate(Metric::Euclidean, &points, 10, 7))
        };
        assert_eq!(with(1), with(3));
    }
}
