//! What near means.

use super::{Graph, nearest_neighbours};
use crate::error::Result;
use serde::{Deserialize, Serialize};

/// A distance between samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// |a - b|
    #[default]
    Euclidean,
    /// 1 - a.b / |a| |b|; a sample of zeros is at 1/2 from every other
    Cosine,
}

impl Metric {
    /// The graph of the `k` nearest neighbours of `points` [samples, features] in this metric.
    ///
    /// # Errors
    /// Those of [`nearest_neighbours`].
    pub fn graph(self, points: &[f32], features: usize, k: usize, progress: &mut dyn FnMut(f64)) -> Result<Graph> {
        if self == Self::Euclidean {
            return nearest_neighbours(points, features, k, progress);
        }
        // Between unit vectors the cosine distance is half the squared Euclidean one.
        let mut units = points.to_vec();
        for row in units.chunks_exact_mut(features) {
            let norm = row.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
            if norm > 0.0 {
                row.iter_mut().for_each(|value| *value = (f64::from(*value) / norm) as f32);
            }
        }
        let mut graph = nearest_neighbours(&units, features, k, progress)?;
        graph.distances.iter_mut().for_each(|distance| *distance = 0.5 * *distance * *distance);
        Ok(graph)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosine_sees_angles_and_not_lengths() {
        let points = [1.0, 0.0, 100.0, 1.0, 0.0, 2.0, 1.0, 1.0];
        let graph = Metric::Cosine.graph(&points, 2, 2, &mut |_| ()).unwrap();
        assert_eq!(graph.of(0), [1, 3]);
        approx::assert_abs_diff_eq!(graph.distances[1], 1.0 - 0.5_f32.sqrt(), epsilon = 1e-6);
        assert_eq!(Metric::Euclidean.graph(&points, 2, 1, &mut |_| ()).unwrap().of(0), [3]);
    }
}
