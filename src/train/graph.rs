//! A neighbourhood graph from a file instead of the exact one.

use super::{Config, Splits, find_data};
use crate::data::read_integers;
use crate::error::{Error, Result};
use crate::graph::Graph;
use std::path::Path;

/// The graph in a file of indices [N, k], with distances from the data.
pub(super) fn read_graph(path: &Path, config: &Config, splits: &Splits) -> Result<Graph> {
    let path = find_data(path)?;
    let (shape, neighbours) = read_integers(&path)?;
    let samples = splits.train.samples;
    match *shape.as_slice() {
        [rows, k] if rows == samples && k >= config.neighbours.k => {
            let kept: Vec<u32> = neighbours
                .chunks_exact(k)
                .flat_map(|row| row[..config.neighbours.k].iter().copied())
                .collect();
            let n = splits.train.features();
            let read = |sample: usize, to: &mut [f32]| {
                splits
                    .scaling
                    .apply_to(&splits.train.values, sample * n, to)
            };
            config
                .neighbours
                .metric
                .graph_of(kept, config.neighbours.k, samples, n, &read)
                .map_err(|what| Error::input(format!("{} {what}", path.display())))
        }
        _ => Err(Error::input(format!(
            "{} has the shape {shape:?}, but a graph of {samples} samples with {} neighbours each has [{samples}, {}] or more columns",
            path.display(),
            config.neighbours.k,
            config.neighbours.k
        ))),
    }
}
