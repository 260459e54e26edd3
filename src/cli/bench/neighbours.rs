//! `nrae bench knn`

use super::Measuring;
use crate::bench::{Unit, measure_limit, measure_neighbours, normal_samples};
use crate::cli::{Outcome, output};
use crate::cpu::Cpu;
use crate::data::{Scaling, ScalingKind};
use crate::error::{Error, Result};
use crate::train::read_samples;
use std::path::PathBuf;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  nrae bench knn
  nrae bench knn --data data/digits.npy --k 15
  nrae bench knn --samples 20000 --features 128 --json

The graph is the exact one of `nrae knn`. The limit is the rate of the fastest of several large square products.";

/// Measure the graph of nearest neighbours: its time, and the rate of its matrix products
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct NeighbourArguments {
    /// Samples [default: standard normal values]
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Only the first N samples of the file
    #[arg(long, value_name = "N", requires = "data")]
    limit: Option<usize>,
    /// Number of normal samples
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10_000,
        conflicts_with = "data"
    )]
    samples: usize,
    /// Number of features of a normal sample
    #[arg(long, value_name = "N", default_value_t = 784, conflicts_with = "data")]
    features: usize,
    /// Neighbours of each sample
    #[arg(long, default_value_t = 15)]
    k: usize,
    #[command(flatten)]
    measuring: Measuring,
}

impl NeighbourArguments {
    pub(super) fn run(self) -> Outcome {
        let seconds = self.measuring.seconds()?;
        let (points, features) = self.points()?;
        let samples = points.len() / features;
        if !(1..samples).contains(&self.k) {
            // The graph would say so, but only after the limit is measured.
            return Err(Error::input(format!(
                "k is {}, but each of {samples} samples has {} others: choose k from 1 to as many",
                self.k,
                samples.saturating_sub(1)
            )));
        }
        let device = self
            .measuring
            .device
            .open_for_graph(0, samples, features, self.k)?;
        let executor = device.as_deref().unwrap_or(&Cpu);
        self.measuring.introduce(executor)?;
        let limit = measure_limit(executor, Unit::Operations, seconds)?;
        self.measuring.print(&limit)?;
        let measured = measure_neighbours(
            device.as_deref(),
            &points,
            features,
            self.k,
            &limit,
            seconds,
        )?;
        if self.measuring.json {
            output::json(&measured)?;
            return Ok(ExitCode::SUCCESS);
        }
        output::line(format!(
            "{} neighbours of {} samples of {} features: {:.3} s (median of {}; {:.3} to {:.3}), {:.1} GFLOP/s in products, {:.1} %",
            measured.k,
            measured.samples,
            measured.features,
            measured.seconds,
            measured.times.repeats,
            measured.times.fastest / 1e3,
            measured.times.slowest / 1e3,
            measured.gflops,
            100.0 * measured.share
        ))?;
        Ok(ExitCode::SUCCESS)
    }

    /// Values and their features.
    fn points(&self) -> Result<(Vec<f32>, usize)> {
        let Some(path) = &self.data else {
            return Ok((normal_samples(self.samples, self.features)?, self.features));
        };
        let data = read_samples(path, &Default::default(), None)?.data;
        let data = data.take(self.limit.unwrap_or(data.samples).min(data.samples));
        Ok((
            Scaling::fit(ScalingKind::None, &data).apply(&data.values),
            data.features(),
        ))
    }
}
