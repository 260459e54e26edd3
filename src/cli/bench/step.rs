//! `nrae bench step`

use super::Measuring;
use crate::bench::{Workload, measure_step};
use crate::cli::{Outcome, output};
use crate::error::{Error, Result};
use crate::objective::Method;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  nrae bench step
  nrae bench step --workload mlp --method nrae-q --device gpu --json
  nrae bench step --workload conv28 --method ae --passes";

/// Measure a training step: its time, the rate of its products, and the time of each pass
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct StepArguments {
    /// Measure only these workloads [default: all]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    workload: Vec<String>,
    /// Measure only these methods
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        default_value = "ae,nrae-l,nrae-q"
    )]
    method: Vec<String>,
    /// Show every pass, not only totals per kind of pass
    #[arg(long)]
    passes: bool,
    #[command(flatten)]
    measuring: Measuring,
}

impl StepArguments {
    pub(super) fn run(self) -> Outcome {
        let seconds = self.measuring.seconds()?;
        let workloads: Vec<&Workload> = if self.workload.is_empty() {
            Workload::ALL.iter().collect()
        } else {
            self.workload
                .iter()
                .map(|name| find_workload(name))
                .collect::<Result<_>>()?
        };
        let methods: Vec<_> = self
            .method
            .iter()
            .map(|name| Method::named(name))
            .collect::<Result<_>>()?;
        let executor = self.measuring.device.open()?;
        self.measuring.introduce(&*executor)?;
        for workload in workloads {
            for method in &methods {
                let measured = measure_step(workload, method, &*executor, seconds)?;
                if self.measuring.json {
                    output::json(&measured)?;
                    continue;
                }
                output::line(format!(
                    "\n{} {}: {:.3} ms a step (median of {}; {:.3} to {:.3}), {:.1} GFLOP/s in products, {:.1} MiB",
                    measured.workload,
                    measured.method,
                    measured.times.milliseconds,
                    measured.times.repeats,
                    measured.times.fastest,
                    measured.times.slowest,
                    measured.gflops,
                    measured.mebibytes
                ))?;
                let shares = if self.passes {
                    &measured.passes
                } else {
                    &measured.kinds
                };
                for share in shares {
                    let rate = share
                        .gflops
                        .map_or(String::new(), |rate| format!("  {rate:>8.1} GFLOP/s"));
                    output::line(format!(
                        "  {:<32} {:>9.3} ms {:>5.1} %{rate}",
                        share.name,
                        share.milliseconds,
                        100.0 * share.share
                    ))?;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn find_workload(name: &str) -> Result<&'static Workload> {
    Workload::ALL
        .iter()
        .find(|workload| workload.name == name)
        .ok_or_else(|| {
            let names: Vec<_> = Workload::ALL.iter().map(|workload| workload.name).collect();
            Error::input(format!(
                "there is no workload `{name}`: choose from {}",
                names.join(", ")
            ))
        })
}
