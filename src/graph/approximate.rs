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

use super::cells::Cells;
use super::centred::Centred;
use super::workers::{List, gather, gather_words};
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

/// A neighbour of a sample.
#[derive(Clone, Copy, Debug)]
struct Neighbour {
    place: u32,
    /// Whether it has come in the last pass.
    fresh: bool,
    squared: f64,
}

/// Nearly the `k` nearest of every sample with their squared distances, which `exact` computes, and
/// the estimated recall: the share of them that are among the k nearest. `centred` are the samples, near
/// enough to rule out most. Each of `ranks` finds a part.
pub(super) fn nearest_lists(
    ranks: &dyn Ranks,
    centred: Centred,
    k: usize,
    exact: &(impl Fn(usize, u32) -> f64 + Sync),
    progress: &mut dyn FnMut(f64),
) -> (Vec<List>, f64) {
    let cells = Cells::new(ranks, centred);
    let samples = cells.indices.len();
    let at_places = |a: usize, b: u32| exact(cells.indices[a] as usize, cells.indices[b as usize]);
    let found = cells.search(ranks, k, PROBES, &at_places, &mut |share| {
        progress(OF_CELLS * share)
    });
    let mut lists = after(&[], found);
    for pass in 0..PASSES {
        let done = |share: f64| (pass as f64 + share) / PASSES as f64;
        let mut progress = |share: f64| progress(OF_CELLS + (1.0 - OF_CELLS) * done(share));
        let improved = descend(ranks, &lists, &cells.ordered, &at_places, &mut progress);
        lists = after(&lists, improved);
        let fresh = lists.iter().flatten().filter(|neighbour| neighbour.fresh);
        if (fresh.count() as f64) < SETTLED * (samples * k) as f64 {
            break;
        }
    }

    let mut by_index = vec![Vec::new(); samples];
    for (&index, list) in cells.indices.iter().zip(lists) {
        let index_of = |place: u32| cells.indices[place as usize];
        let named = list
            .into_iter()
            .map(|neighbour| (index_of(neighbour.place), neighbour.squared));
        let mut named: Vec<(u32, f64)> = named.collect();
        named.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        by_index[index as usize] = named;
    }
    let recall = recall(ranks, &by_index, exact);
    (by_index, recall)
}

/// The lists `found` by a pass, in which is fresh what the `lists` before it do not have.
fn after(lists: &[Vec<Neighbour>], found: Vec<List>) -> Vec<Vec<Neighbour>> {
    let found = found.into_par_iter().enumerate();
    let marked = found.map(|(at, list)| {
        let old = lists.get(at).map_or(&[][..], Vec::as_slice);
        let marked = list.into_iter().map(|(place, squared)| Neighbour {
            place,
            fresh: old.iter().all(|neighbour| neighbour.place != place),
            squared,
        });
        marked.collect()
    });
    marked.collect()
}

/// `lists` with what is nearer among the neighbours of neighbours, where either step to them is fresh;
/// a neighbour may also be one that has the sample in its own list.
fn descend(
    ranks: &dyn Ranks,
    lists: &[Vec<Neighbour>],
    ordered: &Centred,
    exact: &(impl Fn(usize, u32) -> f64 + Sync),
    progress: &mut dyn FnMut(f64),
) -> Vec<List> {
    let backward = reversed(lists);
    let part = ranks.own_part(lists.len());
    let mut improved = Vec::with_capacity(part.len());
    for start in part.clone().step_by(BATCH) {
        let batch = (start..(start + BATCH).min(part.end)).into_par_iter();
        improved.par_extend(batch.map_init(Vec::new, |wanted: &mut Vec<u32>, place| {
            let own = &lists[place];
            wanted.clear();
            let forward = own.iter().map(|middle| (middle.place, middle.fresh));
            for (middle, fresh) in forward.chain(backward[place].iter().copied()) {
                let next = lists[middle as usize].iter();
                let next = next.filter(|next| fresh || next.fresh);
                wanted.extend(next.map(|next| next.place));
                wanted.extend(fresh.then_some(middle));
            }
            wanted.sort_unstable();
            wanted.dedup();
            wanted.retain(|&other| {
                other as usize != place && own.iter().all(|neighbour| neighbour.place != other)
            });
            nearest_of(place, own, wanted, ordered, exact)
        }));
        progress(improved.len() as f64 / part.len() as f64);
    }
    gather(ranks, improved)
}

/// The nearest of the list `own` of `place` and of the places `wanted`.
fn nearest_of(
    place: usize,
    own: &[Neighbour],
    wanted: &[u32],
    ordered: &Centred,
    exact: &impl Fn(usize, u32) -> f64,
) -> List {
    let pair = |neighbour: &Neighbour| (neighbour.place, neighbour.squared);
    let mut kept: List = own.iter().map(pair).collect();
    for &other in wanted {
        let worst = kept[kept.len() - 1];
        if ordered.least_square(place, other as usize) > worst.1 {
            continue;
        }
        let squared = exact(place, other);
        if (squared, other) >= (worst.1, worst.0) {
            continue;
        }
        kept.pop();
        let nearer = |old: &(u32, f64)| (old.1, old.0) < (squared, other);
        kept.insert(kept.partition_point(nearer), (other, squared));
    }
    kept
}

/// For every place those whose lists it is in, at most as many as a list has, and whether that is
/// fresh.
fn reversed(lists: &[Vec<Neighbour>]) -> Vec<Vec<(u32, bool)>> {
    let mut backward: Vec<Vec<(u32, bool)>> = vec![Vec::new(); lists.len()];
    for (place, list) in lists.iter().enumerate() {
        for neighbour in list {
            let others = &mut backward[neighbour.place as usize];
            if others.len() < list.len() {
                others.push((place as u32, neighbour.fresh));
            }
        }
    }
    backward
}

/// The share of the true neighbours that are found, estimated on some samples. A sample as near as the
/// last of them counts as one.
fn recall(ranks: &dyn Ranks, lists: &[List], exact: &(impl Fn(usize, u32) -> f64 + Sync)) -> f64 {
    let (samples, k) = (lists.len(), lists[0].len());
    let mut generator = Generator::new(0, Stream::Cells, 1);
    let measured = index::sample(&mut generator, samples, MEASURED.min(samples)).into_vec();
    let found = |&row: &usize| {
        let others = (0..samples as u32).filter(|&other| other as usize != row);
        let mut all: Vec<f64> = others.map(|other| exact(row, other)).collect();
        let (_, last, _) = all.select_nth_unstable_by(k - 1, f64::total_cmp);
        lists[row]
            .iter()
            .filter(|(_, squared)| squared <= last)
            .count() as u32
    };
    let own = &measured[ranks.own_part(measured.len())];
    let found = gather_words(ranks, own.par_iter().map(found).collect());
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
