//! The time of the graph of nearest neighbours.

use super::rate::rate;
use super::{Rate, Times};
use crate::cpu::Cpu;
use crate::error::{Error, Result};
use crate::executor::Executor;
use crate::graph::{Metric, Search, Workers, distance_products};
use crate::random::{Generator, Stream};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::Serialize;
use std::time::Instant;

/// The cost of a graph.
#[derive(Clone, Debug, Serialize)]
pub struct NeighbourTime {
    /// Samples.
    pub samples: usize,
    /// Features of each sample.
    pub features: usize,
    /// Neighbours of each sample.
    pub k: usize,
    /// The device.
    pub device: String,
    /// Its driver, or the number of threads.
    pub driver: String,
    /// Median time in s.
    pub seconds: f64,
    /// Times of a graph.
    #[serde(flatten)]
    pub times: Times,
    /// Operations of the matrix products divided by the median time of the graph, in GFLOP/s.
    pub gflops: f64,
    /// The highest rate of a product in the same run.
    pub limit: f64,
    /// `gflops` over `limit`.
    pub share: f64,
}

/// Measures the graph of `k` neighbours of `points` [samples, features] for about `seconds`, on a
/// device or on the CPU, compared with `limit`.
///
/// # Errors
/// When there is no such graph.
pub fn measure_neighbours(
    device: Option<&dyn Executor>,
    points: &[f32],
    features: usize,
    k: usize,
    limit: &Rate,
    seconds: f64,
) -> Result<NeighbourTime> {
    let samples = points.len() / features.max(1);
    let times = Times::repeat(seconds, || {
        let start = Instant::now();
        let workers = Workers::on(device);
        Metric::Euclidean.graph(Search::Exact, workers, points, features, k, &mut |_| ())?;
        Ok(1e3 * start.elapsed().as_secs_f64())
    })?;
    let gflops = rate(
        graph_products(device, samples, features),
        times.milliseconds,
    );
    let executor = device.unwrap_or(&Cpu);
    Ok(NeighbourTime {
        samples,
        features,
        k,
        device: executor.name(),
        driver: executor.driver(),
        seconds: times.milliseconds / 1e3,
        times,
        gflops,
        limit: limit.rate,
        share: gflops / limit.rate,
    })
}

/// Operations of the products in a graph: on a device, which computes both distances of a pair, or
/// on the CPU.
pub fn graph_products(device: Option<&dyn Executor>, samples: usize, features: usize) -> u64 {
    if device.is_some() {
        2 * (samples * samples * features) as u64
    } else {
        distance_products(samples, features)
    }
}

/// Standard normal values, [samples, features].
///
/// # Errors
/// When there are none, or more than fit into memory.
pub fn normal_samples(samples: usize, features: usize) -> Result<Vec<f32>> {
    let refuse = |why| Error::input(format!("{samples} samples of {features} features {why}"));
    let len = samples
        .checked_mul(features)
        .ok_or_else(|| refuse("do not fit into memory: choose fewer"))?;
    if len == 0 {
        return Err(refuse("have no values: choose at least 1 of each"));
    }
    let mut values = Vec::new();
    values
        .try_reserve_exact(len)
        .map_err(|_| refuse("do not fit into memory: choose fewer"))?;
    // A sequence is shorter than the largest data: each sample has its own.
    for sample in 0..samples {
        let mut generator = Generator::new(0, Stream::Test, sample as u64);
        values.extend((0..features).map(|_| generator.sample::<f32, _>(StandardNormal)));
    }
    Ok(values)
}
