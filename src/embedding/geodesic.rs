//! Isomap (Tenenbaum, de Silva and Langford, Science 290, 2000) on a graph that short cuts seldom
//! enter.
//!
//! Samples are joined where they are mutual neighbours, and along the minimum spanning tree of all
//! distances, which makes one piece of the graph; classic scaling of the lengths of its shortest
//! paths gives the coordinates. In one dimension, where samples are taken to lie on a curve, the
//! longest edge of that tree makes way for the one that makes the smoothest curve. Of 400 Swiss rolls
//! of 30 random points this orders 399, and of 300 others the tree alone 285 (`docs/defaults.md`);
//! Isomap on symmetric neighbours orders 23 of 60 with k = 5 and none with k = 10.

use super::gap::bridge_gap;
use super::scaling::classic;
use crate::error::{Error, Result};
use crate::eval::rank_correlation;
use crate::graph::{nearest_neighbours, squared_distance};
use rayon::prelude::*;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Embeds `points` [samples, features] in `dimensions` so that their distances are as near as
/// classic scaling brings them to the lengths of paths over the `k` mutual nearest neighbours:
/// [samples, dimensions], centred. Time and memory grow with the square of the samples.
///
/// # Errors
/// When there are no more samples than dimensions, or a distance is not finite.
pub fn geodesic(
    points: &[f32],
    features: usize,
    dimensions: usize,
    k: usize,
    seed: u64,
) -> Result<Vec<f32>> {
    let samples = points.len() / features.max(1);
    if dimensions == 0 || dimensions >= samples {
        return Err(Error::input(format!(
            "{samples} samples have no geodesic embedding in {dimensions} dimensions: choose at least 1 and fewer than samples"
        )));
    }
    let paths = path_lengths(points, features, dimensions, k, seed)?;
    embed(&paths, samples, dimensions, seed)
}

/// Points [samples, dimensions] whose distances are near to `paths`.
fn embed(paths: &[f64], samples: usize, dimensions: usize, seed: u64) -> Result<Vec<f32>> {
    let embedding = classic(paths, samples, dimensions, seed)?;
    Ok(embedding.into_iter().map(|value| value as f32).collect())
}

/// The lengths of the shortest paths between all samples, [samples, samples], for an embedding in
/// `dimensions`.
fn path_lengths(
    points: &[f32],
    features: usize,
    dimensions: usize,
    k: usize,
    seed: u64,
) -> Result<Vec<f64>> {
    let samples = points.len() / features;
    let distances = euclidean(points, features);
    if let Some(at) = distances.iter().position(|distance| !distance.is_finite()) {
        return Err(Error::input(format!(
            "the distance of the samples {} and {} is not finite, so there are no paths between samples",
            at / samples,
            at % samples
        )));
    }
    let mut edges = mutual_neighbours(points, features, k)?;
    let mut tree = spanning_tree(&distances, samples);
    if dimensions == 1 {
        bridge_gap(&distances, &mut edges, &mut tree, seed)?;
    }
    join(&mut edges, &tree);
    Ok((0..samples)
        .into_par_iter()
        .flat_map_iter(|from| shortest_paths(&distances, &edges, from))
        .collect())
}

/// How far `latents` [samples, dimensions] keep the order of path lengths between samples, how far a
/// geodesic embedding in as many dimensions does, and one in a dimension less (0 without any):
/// Spearman's rank correlations of their distances with those lengths. Of a single dimension, where
/// latents have an order themselves and distances hide a part that is out of it, the first is the size
/// of their rank correlation with the embedding. `None` where distances are all equal.
///
/// # Errors
/// Those of [`geodesic`].
pub(crate) fn kept_order(
    points: &[f32],
    features: usize,
    latents: &[f32],
    dimensions: usize,
    k: usize,
) -> Result<Option<[f64; 3]>> {
    let paths = path_lengths(points, features, dimensions, k, 0)?;
    let (embedding, kept) = embeddings(&paths, points.len() / features, dimensions)?;
    let of_latents = match dimensions {
        1 => rank_correlation(latents, &embedding).map(f64::abs),
        _ => path_correlation(&paths, latents, dimensions),
    };
    Ok(of_latents
        .zip(kept)
        .map(|(of_latents, [best, fewer])| [of_latents, best, fewer]))
}

/// The last two of [`kept_order`], which need no latents.
///
/// # Errors
/// Those of [`geodesic`].
pub(crate) fn kept_by_embeddings(
    points: &[f32],
    features: usize,
    dimensions: usize,
    k: usize,
) -> Result<Option<[f64; 2]>> {
    let paths = path_lengths(points, features, dimensions, k, 0)?;
    Ok(embeddings(&paths, points.len() / features, dimensions)?.1)
}

/// The embedding of `paths` in `dimensions`, and the rank correlations with them of its distances and of those
/// of one in a dimension less (0 without any).
fn embeddings(
    paths: &[f64],
    samples: usize,
    dimensions: usize,
) -> Result<(Vec<f32>, Option<[f64; 2]>)> {
    let embedding = embed(paths, samples, dimensions, 0)?;
    let fewer = match dimensions - 1 {
        0 => Some(0.0),
        fewer => path_correlation(paths, &embed(paths, samples, fewer, 0)?, fewer),
    };
    let best = path_correlation(paths, &embedding, dimensions);
    Ok((
        embedding,
        best.zip(fewer).map(|(best, fewer)| [best, fewer]),
    ))
}

/// Spearman's rank correlation of the distances of `places` [samples, dimensions] with the lengths of `paths`.
fn path_correlation(paths: &[f64], places: &[f32], dimensions: usize) -> Option<f64> {
    let samples = places.len() / dimensions;
    let pairs = || (0..samples).flat_map(|a| (0..a).map(move |b| (a, b)));
    let row = |sample: usize| &places[sample * dimensions..][..dimensions];
    let apart: Vec<f32> = pairs()
        .map(|(a, b)| squared_distance(row(a), row(b)) as f32)
        .collect();
    let lengths: Vec<f32> = pairs()
        .map(|(a, b)| paths[a * samples + b] as f32)
        .collect();
    rank_correlation(&apart, &lengths)
}

/// All distances, [samples, samples].
fn euclidean(points: &[f32], features: usize) -> Vec<f64> {
    let rows = points.par_chunks_exact(features);
    rows.flat_map_iter(|a| {
        let others = points.chunks_exact(features);
        others.map(move |b| squared_distance(a, b).sqrt())
    })
    .collect()
}

/// The neighbours of each sample that count it among their `k` nearest as well.
fn mutual_neighbours(points: &[f32], features: usize, k: usize) -> Result<Vec<Vec<usize>>> {
    let samples = points.len() / features;
    let graph = nearest_neighbours(points, features, k.min(samples - 1), &mut |_| ())?;
    let mutual = |sample: usize| {
        let own = graph.of(sample).iter();
        own.filter(|&&other| graph.of(other as usize).contains(&(sample as u32)))
            .map(|&other| other as usize)
            .collect()
    };
    Ok((0..samples).map(mutual).collect())
}

/// The edges of the minimum spanning tree, by Prim's algorithm.
fn spanning_tree(distances: &[f64], samples: usize) -> Vec<(usize, usize)> {
    let mut nearest: Vec<(f64, usize)> = (0..samples).map(|other| (distances[other], 0)).collect();
    let mut outside: Vec<usize> = (1..samples).collect();
    let mut edges = Vec::with_capacity(outside.len());
    while let Some(at) =
        (0..outside.len()).min_by(|&a, &b| nearest[outside[a]].0.total_cmp(&nearest[outside[b]].0))
    {
        let next = outside.swap_remove(at);
        edges.push((nearest[next].1, next));
        for &other in &outside {
            let distance = distances[next * samples + other];
            if distance < nearest[other].0 {
                nearest[other] = (distance, next);
            }
        }
    }
    edges
}

/// Adds the edges of a `tree` to the `edges` of every sample.
pub(super) fn join<'a>(
    edges: &mut [Vec<usize>],
    tree: impl IntoIterator<Item = &'a (usize, usize)>,
) {
    for &(a, b) in tree {
        edges[a].push(b);
        edges[b].push(a);
    }
}

/// A sample in the queue of Dijkstra's algorithm, the nearest first.
struct Reached(f64, usize);

impl Ord for Reached {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.total_cmp(&self.0).then(other.1.cmp(&self.1))
    }
}

impl PartialOrd for Reached {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Reached {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Reached {}

/// The lengths of the shortest paths along `edges` from one sample to all, by Dijkstra's algorithm.
pub(super) fn shortest_paths(distances: &[f64], edges: &[Vec<usize>], from: usize) -> Vec<f64> {
    let samples = edges.len();
    let mut lengths = vec![f64::INFINITY; samples];
    lengths[from] = 0.0;
    let mut queue = BinaryHeap::from([Reached(0.0, from)]);
    while let Some(Reached(length, sample)) = queue.pop() {
        if length > lengths[sample] {
            continue;
        }
        for &other in &edges[sample] {
            let through = length + distances[sample * samples + other];
            if through < lengths[other] {
                lengths[other] = through;
                queue.push(Reached(through, other));
            }
        }
    }
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Synthetic;

    #[test]
    fn a_roll_is_unrolled_where_its_projection_is_not_in_order() {
        for (samples, noise) in [(30, 0.01), (100, 0.03)] {
            let data = Synthetic::SwissRoll.training(samples, noise, 3);
            let points = data.values.to_floats();
            let coordinate = geodesic(&points, 2, 1, 3, 0).unwrap();
            let parameter = data.parameter.unwrap();
            let order = |codes: &[f32]| rank_correlation(codes, &parameter).unwrap().abs();
            assert!(order(&coordinate) > 0.99, "{}", order(&coordinate));
            let along_x: Vec<f32> = points.iter().copied().step_by(2).collect();
            assert!(order(&along_x) < 0.9);
        }
    }

    #[test]
    fn a_curve_goes_straight_on_over_a_gap_wider_than_its_turns_are_apart() {
        let angles = (0..25).map(|i| 0.2 * i as f32);
        let angles: Vec<f32> = angles.chain([5.9, 6.0, 6.1, 6.2]).collect();
        let place = |&angle: &f32| {
            let (sin, cos) = angle.sin_cos();
            [cos, sin].map(|at| (0.1 + 0.9 * angle / std::f32::consts::TAU) * at)
        };
        let points: Vec<f32> = angles.iter().flat_map(place).collect();
        let nearest = spanning_tree(&euclidean(&points, 2), angles.len());
        assert!(nearest.contains(&(1, 25)), "{nearest:?}");
        let coordinate = geodesic(&points, 2, 1, 5, 0).unwrap();
        assert!(coordinate.is_sorted() || coordinate.iter().rev().is_sorted());
    }

    #[test]
    fn noise_at_the_ends_of_a_gap_does_not_lead_over_it_to_another_turn() {
        // Of rolls drawn like this, those whose ends alone lead to another turn.
        for seed in [11, 72, 89] {
            let data = Synthetic::SwissRoll.training(30, 0.03, seed);
            let coordinate = geodesic(&data.values.to_floats(), 2, 1, 5, 0).unwrap();
            let order = rank_correlation(&coordinate, &data.parameter.unwrap()).unwrap();
            assert!(order.abs() > 0.97, "{seed}: {order}");
        }
    }

    #[test]
    fn lengths_of_paths_are_those_on_the_line() {
        // Two groups far apart, which only the tree joins.
        let points = [0.0, 1.0, 3.0, 103.0, 104.0];
        let placed = geodesic(&points, 1, 1, 1, 0).unwrap();
        let centre = points.iter().sum::<f32>() / 5.0;
        let sign = (placed[4] - placed[0]).signum();
        for (found, point) in placed.iter().zip(points) {
            assert!((sign * found - (point - centre)).abs() < 1e-3, "{placed:?}");
        }
        assert!(geodesic(&points, 1, 5, 1, 0).is_err());
        assert!(geodesic(&[0.0, f32::NAN], 1, 1, 1, 0).is_err());
    }
}
