//! `nrae bench step`

use super::Measuring;
use crate::bench::{StepTime, Workload, measure_replicas, measure_step, trace};
use crate::cli::{Outcome, output};
use crate::data::write_atomically;
use crate::error::{Error, Result};
use crate::executor::Executor;
use crate::objective::Method;
use std::path::PathBuf;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  nrae bench step
  nrae bench step --workload mlp --method nrae-q --device gpu --json
  nrae bench step --workload conv28 --method ae --passes
  nrae bench step --workload mlp --method nrae-q --trace step.json
  nrae bench step --workload mlp --method nrae-q --batch 100,400,1600
  nrae bench step --workload toy --method nrae-q --device gpu --replicas 1,4,16,64,256";

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
    /// Centres of a batch [default: 100; toy 50]
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    batch: Vec<u32>,
    /// Measure steps that serve so many networks side by side, and steps a second of all together
    ///
    /// Where not as many fit into the device's bindings, as many as do are measured.
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=4096))]
    replicas: Vec<u16>,
    /// Show every pass, not only totals per kind of pass
    #[arg(long)]
    passes: bool,
    /// Write the time line of the passes to a file that Perfetto (ui.perfetto.dev) opens
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    #[command(flatten)]
    measuring: Measuring,
}

impl StepArguments {
    pub(super) fn run(self) -> Outcome {
        let seconds = self.measuring.seconds()?;
        let workloads = self.workloads()?;
        let methods: Vec<_> = self
            .method
            .iter()
            .map(|name| Method::named(name))
            .collect::<Result<_>>()?;
        let executor = self.measuring.device.open()?;
        self.measuring.introduce(&*executor)?;
        let mut steps = Vec::new();
        for workload in &workloads {
            for method in &methods {
                if !self.replicas.is_empty() {
                    self.measure_replicas(workload, method, &*executor, seconds)?;
                    continue;
                }
                let measured = measure_step(workload, method, &*executor, seconds)?;
                self.report(&measured)?;
                steps.push(measured);
            }
        }
        if let Some(path) = &self.trace {
            if steps.iter().all(|step| step.passes.is_empty()) {
                return Err(Error::Device(format!(
                    "{} cannot time single passes, so there is no trace to write",
                    executor.name()
                )));
            }
            let text = trace(&steps).to_string();
            write_atomically(path, |file| file.write_all(text.as_bytes()))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Those that are asked for, each with every batch.
    fn workloads(&self) -> Result<Vec<Workload>> {
        let named: Vec<Workload> = if self.workload.is_empty() {
            Workload::ALL.to_vec()
        } else {
            let names = self.workload.iter();
            names
                .map(|name| find_workload(name).copied())
                .collect::<Result<_>>()?
        };
        if self.batch.is_empty() {
            return Ok(named);
        }
        let batches = |workload: Workload| {
            let batches = self.batch.iter();
            batches.map(move |batch| workload.with_batch(*batch as usize))
        };
        Ok(named.into_iter().flat_map(batches).collect())
    }

    /// A line for every number of replicas, each with the gain over the first.
    fn measure_replicas(
        &self,
        workload: &Workload,
        method: &Method,
        executor: &dyn Executor,
        seconds: f64,
    ) -> Result<()> {
        let mut first = None;
        for replicas in &self.replicas {
            let replicas = usize::from(*replicas);
            let measured = measure_replicas(workload, method, executor, seconds, replicas)?;
            if self.measuring.json {
                output::json(&measured)?;
                continue;
            }
            let rate = measured.steps_per_second;
            let gain = rate / *first.get_or_insert(rate);
            let counts = measured.counts.map_or(String::new(), |counts| {
                format!(", {} dispatches", counts.dispatches)
            });
            let fewer = match measured.at_once < replicas {
                true => format!(" (of {replicas}, {} run at once)", measured.at_once),
                false => String::new(),
            };
            output::line(format!(
                "{} {}, {} side by side: {:.3} ms a step of all, {:.0} steps a second ({:.2} x){counts}, {:.1} MiB{fewer}",
                measured.workload,
                measured.method,
                measured.at_once,
                measured.times.milliseconds,
                rate,
                gain,
                measured.mebibytes,
            ))?;
        }
        Ok(())
    }

    fn report(&self, measured: &StepTime) -> Result<()> {
        if self.measuring.json {
            return output::json(measured);
        }
        let counts = measured.counts.map_or(String::new(), |counts| {
            format!(
                ", {} dispatches in {} levels with {} barriers",
                counts.dispatches, counts.levels, counts.barriers
            )
        });
        output::line(format!(
            "\n{} {}, batch {}: {:.3} ms a step (median of {}; {:.3} to {:.3}), {:.1} GFLOP/s in products, {:.1} MiB{counts}",
            measured.workload,
            measured.method,
            measured.batch,
            measured.times.milliseconds,
            measured.times.repeats,
            measured.times.fastest,
            measured.times.slowest,
            measured.gflops,
            measured.mebibytes,
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
        Ok(())
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
