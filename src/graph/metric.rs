//! Distances between samples.

use super::{Graph, nearest_neighbours, nearest_neighbours_on, squared_distance};
use crate::error::Result;
use crate::executor::Executor;
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
    /// The graph of the `k` nearest neighbours of `points` [samples, features] in this metric, on a
    /// device if one is given. The result is the same.
    ///
    /// # Errors
    /// Those of [`nearest_neighbours`] and [`nearest_neighbours_on`].
    pub fn graph(
        self,
        device: Option<&dyn Executor>,
        points: &[f32],
        features: usize,
        k: usize,
        progress: &mut dyn FnMut(f64),
    ) -> Result<Graph> {
        let find = |points: &[f32], progress: &mut dyn FnMut(f64)| match device {
            Some(device) => nearest_neighbours_on(device, points, features, k, progress),
            None => nearest_neighbours(points, features, k, progress),
        };
        if self == Self::Euclidean {
            return find(points, progress);
        }
        // Between unit vectors the cosine distance is half the squared Euclidean one.
        let mut units = points.to_vec();
        for row in units.chunks_exact_mut(features) {
            let norm = row
                .iter()
                .map(|value| f64::from(*value).powi(2))
                .sum::<f64>()
                .sqrt();
            if norm > 0.0 {
                row.iter_mut()
                    .for_each(|value| *value = (f64::from(*value) / norm) as f32);
            }
        }
        let mut graph = find(&units, progress)?;
        graph
            .distances
            .iter_mut()
            .for_each(|distance| *distance = 0.5 * *distance * *distance);
        Ok(graph)
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
        })
    }

    /// The distance of two samples.
    fn distance(self, a: &[f32], b: &[f32]) -> f32 {
        match self {
            Self::Euclidean => squared_distance(a, b).sqrt() as f32,
            Self::Cosine => {
                let product = |a: &[f32], b: &[f32]| {
                    a.iter()
                        .zip(b)
                        .map(|(a, b)| f64::from(*a) * f64::from(*b))
                        .sum::<f64>()
                };
                let norms = (product(a, a) * product(b, b)).sqrt();
                if norms > 0.0 {
                    (1.0 - product(a, b) / norms) as f32
                } else {
                    0.5
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosine_sees_angles_and_not_lengths() {
        let points = [1.0, 0.0, 100.0, 1.0, 0.0, 2.0, 1.0, 1.0];
        let graph = Metric::Cosine
            .graph(None, &points, 2, 2, &mut |_| ())
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
                .graph(None, &points, 2, 1, &mut |_| ())
                .unwrap()
                .of(0),
            [3]
        );
    }
}
