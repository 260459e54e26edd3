//! Distances between samples.

use super::centred::{Centred, squared_chord};
use super::lists::{List, Lists, nearest_first};
use super::nearest::{nearest_lists, nearest_neighbours_by, refuse};
use super::on_device::{nearest_lists_on, nearest_neighbours_on_all};
use super::{Graph, Search, Workers, approximate, sample, squared_distance};
use crate::error::Result;
use crate::scratch::Scratch;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// A distance between samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// |a - b|
    #[default]
    Euclidean,
    /// 1 - a.b / |a| |b|; a sample of zeros is at distance 1/2 from every other
    Cosine,
}

impl Metric {
    /// The graph of the `k` nearest neighbours of `points` [samples, features] in this metric, found
    /// as `search` says, by `workers`. The result is the same on a device and on the CPU, and by any number
    /// of ranks.
    ///
    /// # Errors
    /// Those of [`nearest_neighbours`](super::nearest_neighbours) and
    /// [`nearest_neighbours_on`](super::nearest_neighbours_on).
    pub fn graph(
        self,
        search: Search,
        workers: Workers,
        points: &[f32],
        features: usize,
        k: usize,
        progress: &mut dyn FnMut(f64),
    ) -> Result<Graph> {
        let device = workers.common_device();
        let workers = Workers { device, ..workers };
        let (ranks, on_disk) = (workers.ranks, workers.on_disk);
        let samples = points.len() / features.max(1);
        refuse(samples, k)?;
        let approximate = search.approximates(samples, features, device.is_some());
        if self == Self::Cosine {
            return cosine_graph(approximate, workers, points, features, k, progress);
        }
        if approximate {
            let centred = Centred::checked(points, features)?;
            let (found, recall) = approximate::nearest_lists(ranks, centred, k, on_disk, progress)?;
            return Ok(Graph {
                recall: Some(recall),
                ..Graph::of_lists(found)
            });
        }
        match device {
            Some(device) => nearest_neighbours_on_all(ranks, device, points, features, k, progress),
            None => nearest_neighbours_by(ranks, points, features, k, progress),
        }
    }

    /// The graph given by `neighbours` [samples, k], sorted by distance in this metric. `read`
    /// writes a sample.
    ///
    /// # Errors
    /// When an index is out of range or that of the sample itself; the error is the end of a
    /// sentence that begins with the source of the indices.
    pub fn graph_of(
        self,
        neighbours: Vec<u32>,
        k: usize,
        samples: usize,
        features: usize,
        read: &(dyn Fn(usize, &mut [f32]) + Sync),
    ) -> Result<Graph, String> {
        for (at, &other) in neighbours.iter().enumerate() {
            if other as usize >= samples || other as usize == at / k {
                return Err(format!(
                    "gives sample {} the neighbour {other}, but neighbours are other samples, 0 to {}",
                    at / k,
                    samples - 1
                ));
            }
        }
        let mut distances = vec![0.0; neighbours.len()];
        distances
            .par_chunks_mut(k)
            .enumerate()
            .for_each(|(sample, distances)| {
                let (mut own, mut other) = (vec![0.0; features], vec![0.0; features]);
                read(sample, &mut own);
                for (distance, &neighbour) in distances.iter_mut().zip(&neighbours[sample * k..]) {
                    read(neighbour as usize, &mut other);
                    *distance = self.distance(&own, &other);
                }
            });
        Ok(Graph {
            k,
            neighbours,
            distances,
            recall: None,
        })
    }

    /// The distance of two samples.
    fn distance(self, a: &[f32], b: &[f32]) -> f32 {
        match self {
            Self::Euclidean => squared_distance(a, b).sqrt() as f32,
            Self::Cosine => (0.5 * squared_chord((a, norm(a)), (b, norm(b)))) as f32,
        }
    }
}

/// |a| in f64.
pub(super) fn norm(a: &[f32]) -> f64 {
    a.iter()
        .map(|value| f64::from(*value).powi(2))
        .sum::<f64>()
        .sqrt()
}

/// The graph in the cosine distance. Unit vectors in f32 rule out what cannot be among the nearest,
/// chords in f64 order the rest. Samples of zeros have no direction, and their distance to every
/// other is known without.
fn cosine_graph(
    approximate: bool,
    workers: Workers,
    points: &[f32],
    features: usize,
    k: usize,
    progress: &mut dyn FnMut(f64),
) -> Result<Graph> {
    let norms: Vec<f64> = points.par_chunks_exact(features).map(norm).collect();
    let of = |(lists, recall): (Lists, Option<f64>)| {
        let halves = lists.squares.iter().map(|squared| (0.5 * squared) as f32);
        Graph {
            k: lists.k,
            distances: halves.collect(),
            neighbours: lists.others,
            recall,
        }
    };
    if !norms.contains(&0.0) {
        let directions = Centred::directions(points, features, norms)?;
        return cosine_lists(approximate, workers, directions, k, progress).map(of);
    }

    let (zeros, others): (Vec<u32>, Vec<u32>) =
        (0..norms.len() as u32).partition(|&sample| norms[sample as usize] == 0.0);
    let among = k.min(others.len().saturating_sub(1));
    let mut lists = vec![List::new(); norms.len()];
    let mut recall = None;
    if among > 0 {
        let copy = Scratch::zeroed(others.len() * features, workers.on_disk);
        let mut directed = workers.ranks.agree(copy)?;
        for (to, &other) in directed.chunks_exact_mut(features).zip(&others) {
            to.copy_from_slice(sample(points, features, other as usize));
        }
        let norms = others.iter().map(|&other| norms[other as usize]).collect();
        let directions = Centred::directions(&directed, features, norms)?;
        let found;
        (found, recall) = cosine_lists(approximate, workers, directions, among, progress)?;
        for (at, &sample) in others.iter().enumerate() {
            let list = found.of_sample(at);
            let named = list.map(|(other, squared)| (others[other as usize], squared));
            lists[sample as usize] = named.collect();
        }
    }
    for &sample in &others {
        let far = zeros.iter().take(k).map(|&zero| (zero, 1.0));
        lists[sample as usize].extend(far);
    }
    for &zero in &zeros {
        let all = (0..lists.len() as u32).filter(|&other| other != zero);
        lists[zero as usize] = all.take(k).map(|other| (other, 1.0)).collect();
    }
    for list in &mut lists {
        list.sort_by(nearest_first);
        list.truncate(k);
    }
    Ok(of((Lists::of(k, lists), recall)))
}

/// The nearest of directions, and the estimated recall where they are only nearly that.
fn cosine_lists(
    approximate: bool,
    workers: Workers,
    directions: Centred,
    k: usize,
    progress: &mut dyn FnMut(f64),
) -> Result<(Lists, Option<f64>)> {
    let Workers {
        device,
        ranks,
        on_disk,
    } = workers;
    if approximate {
        let (found, share) = approximate::nearest_lists(ranks, directions, k, on_disk, progress)?;
        return Ok((found, Some(share)));
    }
    let found = match device {
        Some(device) => nearest_lists_on(ranks, device, &directions, k, progress)?,
        None => nearest_lists(ranks, &directions, k, progress),
    };
    Ok((found, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Generator, Stream};
    use rand::RngExt;

    /// By the definition: every pair, in f64.
    fn brute_force(points: &[f32], features: usize, k: usize) -> (Vec<u32>, Vec<f32>) {
        let rows: Vec<&[f32]> = points.chunks_exact(features).collect();
        let distance = |a: &[f32], b: &[f32]| {
            let wide = |row: &[f32]| -> Vec<f64> { row.iter().map(|v| f64::from(*v)).collect() };
            let (a, b) = (wide(a), wide(b));
            let size = |a: &[f64]| a.iter().map(|v| v * v).sum::<f64>().sqrt();
            let (m, n) = (size(&a), size(&b));
            if m * n == 0.0 {
                return 0.5;
            }
            let chord = a.iter().zip(&b).map(|(a, b)| (a / m - b / n).powi(2));
            0.5 * chord.sum::<f64>()
        };
        let mut graph = (Vec::new(), Vec::new());
        for (at, row) in rows.iter().enumerate() {
            let others = (0..rows.len()).filter(|&other| other != at);
            let mut all: Vec<(f64, usize)> = others.map(|b| (distance(row, rows[b]), b)).collect();
            all.sort_by(|a, b| a.partial_cmp(b).unwrap());
            graph
                .0
                .extend(all[..k].iter().map(|&(_, other)| other as u32));
            graph
                .1
                .extend(all[..k].iter().map(|&(distance, _)| distance as f32));
        }
        graph
    }

    #[test]
    fn cosine_neighbours_are_those_of_the_definition() {
        let mut generator = Generator::new(1, Stream::Test, 0);
        let mut normal = |mean: f32, scale: f32, count: usize| -> Vec<f32> {
            (0..count)
                .map(|_| mean + scale * (generator.random::<f32>() - 0.5))
                .collect()
        };
        let parallel = normal(1.0, 1e-3, 300 * 6);
        let nearer = normal(1.0, 3e-6, 300 * 6);
        let mut spread = normal(0.0, 1.0, 300 * 6);
        // Zero rows, some of them next to each other.
        for sample in [0, 7, 8, 9, 150, 299] {
            spread[6 * sample..][..6].fill(0.0);
        }
        let mostly_zero = [vec![0.0; 60], vec![1.0, 2.0]].concat();
        for (points, features, k) in [
            (&parallel, 6, 8),
            (&nearer, 6, 8),
            (&spread, 6, 8),
            (&spread, 6, 299),
            (&mostly_zero, 2, 3),
        ] {
            let graph = Metric::Cosine
                .graph(
                    Search::Exact,
                    Workers::cpu(),
                    points,
                    features,
                    k,
                    &mut |_| (),
                )
                .unwrap();
            let (neighbours, distances) = brute_force(points, features, k);
            assert!(graph.neighbours == neighbours);
            for (found, expected) in graph.distances.iter().zip(distances) {
                approx::assert_relative_eq!(*found, expected, max_relative = 1e-6);
            }
        }
    }

    #[test]
    fn cosine_sees_angles_and_not_lengths() {
        let points = [1.0, 0.0, 100.0, 1.0, 0.0, 2.0, 1.0, 1.0];
        let graph = Metric::Cosine
            .graph(Search::Exact, Workers::cpu(), &points, 2, 2, &mut |_| ())
            .unwrap();
        assert_eq!(graph.of(0), [1, 3]);
        approx::assert_abs_diff_eq!(graph.distances[1], 1.0 - 0.5_f32.sqrt(), epsilon = 1e-6);
        let read = |sample: usize, to: &mut [f32]| to.copy_from_slice(&points[2 * sample..][..2]);
        let again = Metric::Cosine
            .graph_of(graph.neighbours.clone(), 2, 4, 2, &read)
            .unwrap();
        for (a, b) in again.distances.iter().zip(&graph.distances) {
            approx::assert_abs_diff_eq!(a, b, epsilon = 1e-6);
        }
        for bad in [0, 4] {
            let message = Metric::Cosine
                .graph_of(vec![bad, 0, 0, 0], 1, 4, 2, &read)
                .unwrap_err();
            assert!(message.contains("sample 0"), "{message}");
        }
        assert_eq!(
            Metric::Euclidean
                .graph(Search::Exact, Workers::cpu(), &points, 2, 1, &mut |_| ())
                .unwrap()
                .of(0),
            [3]
        );
    }
}
