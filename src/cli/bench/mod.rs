//! `nrae bench`

mod neighbours;
mod passes;
mod step;

use super::Outcome;
use super::device::{DeviceArguments, introduction};
use super::output;
use crate::bench::{Rate, Suite};
use crate::error::{Error, Result};
use crate::executor::Executor;
use clap::Subcommand;

const EXAMPLES: &str = "\
Examples:
  nrae bench gemm
  nrae bench conv --device gpu --only 'convolve_transpose 300'
  nrae bench jet --seconds 0.1 --json > jet.jsonl
  nrae bench rest --only normalise
  nrae bench step --workload mlp --method nrae-q --device gpu
  nrae bench knn --data data/digits.npy --k 15

Rates are compared with a limit: the fastest that the same device reaches in the same run, measured first.";

/// Measure the speed of this machine
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct BenchArguments {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Subcommand, Debug)]
enum Kind {
    /// Measure the products of linear layers, forward and adjoint
    #[command(after_help = "\
Examples:
  nrae bench gemm
  nrae bench gemm --only 1024x1024x1024 --device cpu --seconds 2
  nrae bench gemm --only weight_adjoint --json

Shapes are rows x inputs x outputs. The limit is the rate of the fastest of several large square products.")]
    Gemm(passes::PassArguments),
    /// Measure the products of convolutions, forward and adjoint, in the layers of conv28 and
    /// conv32
    #[command(after_help = "\
Examples:
  nrae bench conv
  nrae bench conv --only '100 images' --device gpu
  nrae bench conv --only weight_adjoint --json

Only the operations of the convolution itself count. The limit is the rate of the fastest of several large square products.")]
    Conv(passes::PassArguments),
    /// Measure the passes that move data: activations of jets, Taylor expansion, gather,
    /// difference, Adam, squares
    #[command(after_help = "\
Examples:
  nrae bench jet
  nrae bench jet --only elu --device gpu
  nrae bench jet --only 'order 2' --seconds 0.1 --json

The bytes of all inputs and outputs count, each once. The limit is the rate of the fastest of two copies of 128 MiB (the linear \
activation and the difference) and Adam; a pass that writes little can exceed it.")]
    Jet(passes::PassArguments),
    /// Measure every pass that the other families leave out: norms, pooling, sums, noise, the terms
    /// of the methods, the search for neighbours, and fused kernels
    #[command(after_help = "\
Examples:
  nrae bench rest
  nrae bench rest --only normalise --device gpu
  nrae bench rest --seconds 0.1 --json

Each pass has the largest shape that it has in a step of any method on 100 images of 3 x 32 x 32. Products are counted in operations, \
the others by the bytes of all inputs and outputs, and each is compared with what the device reaches in that unit.")]
    Rest(passes::PassArguments),
    Step(step::StepArguments),
    Knn(neighbours::NeighbourArguments),
}

/// How long to measure, and on which device.
#[derive(clap::Args, Debug)]
struct Measuring {
    /// Duration of each measurement in seconds
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Print one line of JSON per measurement
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: DeviceArguments,
}

impl BenchArguments {
    pub(super) fn run(self) -> Outcome {
        match self.kind {
            Kind::Gemm(arguments) => arguments.run(Suite::GEMM),
            Kind::Conv(arguments) => arguments.run(Suite::CONV),
            Kind::Jet(arguments) => arguments.run(Suite::JET),
            Kind::Rest(arguments) => arguments.run(Suite::REST),
            Kind::Step(arguments) => arguments.run(),
            Kind::Knn(arguments) => arguments.run(),
        }
    }
}

impl Measuring {
    /// The seconds that were asked for.
    ///
    /// # Errors
    /// When nothing can be measured for so long.
    fn seconds(&self) -> Result<f64> {
        const LONGEST: f64 = 3600.0;
        if (0.0..=LONGEST).contains(&self.seconds) {
            return Ok(self.seconds);
        }
        Err(Error::input(format!(
            "--seconds is {}: choose from 0 to {LONGEST}",
            self.seconds
        )))
    }

    /// Prints the device, for a person.
    fn introduce(&self, executor: &dyn Executor) -> Result<()> {
        if self.json {
            Ok(())
        } else {
            output::line(introduction(executor))
        }
    }

    /// Prints a rate.
    fn print(&self, rate: &Rate) -> Result<()> {
        if self.json {
            return output::json(rate);
        }
        // A limit is the rate of the fastest repeat.
        let time = if rate.rate == rate.limit {
            rate.times.fastest
        } else {
            rate.times.milliseconds
        };
        output::line(format!(
            "{:<28} {:<32} {:>10.4} ms {:>9.1} {:<7} {:>6.1} %",
            rate.pass,
            rate.shape,
            time,
            rate.rate,
            rate.unit.name(),
            100.0 * rate.share
        ))
    }
}
