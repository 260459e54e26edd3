//! `nrae knn`

use super::device::DeviceArguments;
use super::files::wrote;
use super::run::OutputOptions;
use super::table::TableArguments;
use super::{Outcome, output};
use crate::cpu::Cpu;
use crate::data::{Dataset, Scaling, ScalingKind, write_npy, write_npy_integers};
use crate::error::{Error, Result};
use crate::executor::Executor;
use crate::graph::{Metric, Search, Workers};
use crate::ranks::Ranks;
use crate::scratch::Scratch;
use crate::train::read_samples;
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

const EXAMPLES: &str = "\
Examples:
  nrae knn --data data/digits.npy --k 10 --out graph.npy
  nrae knn --data x.npy --k 15 --out graph.npy --distances distances.npy

Neighbours are sorted by distance, ties by index. A sample is not its own neighbour, but its duplicates are. All of them are true ones unless \
the graph is approximate; then the share that is, the recall, is estimated on 200 samples and told. Processes of an `mpirun` find it \
together.";

/// Compute the graph of nearest neighbours
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct KnnArguments {
    /// Samples, in any format that `nrae data --help` lists
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Neighbours of each sample
    #[arg(long, default_value_t = 10)]
    k: usize,
    /// Where to write the indices of the neighbours, u32 [N, k] as .npy
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Where to write their distances, f32 [N, k] as .npy
    #[arg(long, value_name = "FILE")]
    distances: Option<PathBuf>,
    /// Distance measure
    #[arg(long, value_enum, default_value_t)]
    metric: Metric,
    /// Whether all true neighbours are wanted
    #[arg(long, value_enum, default_value_t)]
    graph: Search,
    /// How to scale the data first
    #[arg(long, value_enum, default_value_t = ScalingKind::None)]
    scaling: ScalingKind,
    #[command(flatten)]
    table: TableArguments,
    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten)]
    voice: OutputOptions,
}

impl KnnArguments {
    pub(super) fn run(mut self, ranks: &dyn Ranks) -> Outcome {
        self.voice.hush(ranks.leads());
        let (data, points) = ranks.agree(self.points())?;
        if ranks.are_several() {
            let sum = Sha256::digest(bytemuck::cast_slice::<f32, u8>(&points));
            ranks.same(&sum, || {
                Error::input(format!(
                    "{} has other samples here than for rank 0: every machine has to see the same file",
                    self.data.display()
                ))
            })?;
        }
        let turn = ranks.local_rank();
        let device = self
            .device
            .open_for_graph(turn, data.samples, data.features(), self.k);
        let device = ranks.agree(device)?;
        let (bar, mut progress) = self.voice.share("Finding neighbours");
        let start = Instant::now();
        let graph = self.metric.graph(
            self.graph,
            Workers {
                device: device.as_deref(),
                ranks,
                on_disk: points.is_on_disk(),
            },
            &points,
            data.features(),
            self.k,
            &mut progress,
        )?;
        let seconds = start.elapsed().as_secs_f64();
        bar.finish_and_clear();
        if !ranks.leads() {
            return Ok(ExitCode::SUCCESS);
        }
        let shape = [data.samples, self.k];
        write_npy_integers(&self.out, &shape, &graph.neighbours)?;
        if let Some(path) = &self.distances {
            write_npy(path, &shape, &graph.distances)?;
        }
        if self.voice.json {
            let median = graph.median_distance();
            let name = device
                .as_ref()
                .map_or_else(|| Cpu.name(), |device| device.name());
            output::json(
                &serde_json::json!({ "samples": data.samples, "k": self.k, "median_distance": median, "recall": graph.recall, "seconds": seconds, "device": name }),
            )?;
        }
        let true_ones = graph.recall.map_or(String::new(), |recall| {
            format!("; about {:.1} % of them are true ones", 100.0 * recall)
        });
        self.voice.say(format!(
            "Found {} neighbours of {} samples in {seconds:.2} s{true_ones}.",
            self.k, data.samples
        ))?;
        for path in std::iter::once(&self.out).chain(&self.distances) {
            self.voice.say(wrote(path, &shape))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The data, and their samples scaled.
    fn points(&self) -> Result<(Dataset, Scratch)> {
        let data = read_samples(&self.data, &self.table.options(), None)?.data;
        let scaling = Scaling::fit(self.scaling, &data);
        scaling.check(&data.values, &self.data)?;
        let points = scaling.working_copy(&data.values)?;
        Ok((data, points))
    }
}
