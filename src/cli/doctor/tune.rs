//! `nrae doctor --tune`

use crate::bench::Workload;
use crate::cli::device::{PrecisionChoice, introduction};
use crate::cli::run::OutputOptions;
use crate::cli::{Outcome, output};
use crate::engine::Recording;
use crate::error::{Error, Result};
use crate::gpu::{Gpu, GpuOptions, Kernels, Timed};
use crate::objective::Method;
use crate::train::{Settings, Splits, planned_step};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// The workloads whose products stand for those of most networks.
const WORKLOADS: [&str; 4] = ["toy", "mlp", "conv28", "conv32"];
/// The methods whose steps have all kernels of a network.
const METHODS: [&str; 2] = ["ae", "nrae-q"];

#[derive(Serialize)]
struct Tuning {
    device: String,
    driver: String,
    seconds: f64,
    products: Vec<Timed>,
    table: PathBuf,
    sum: String,
}

/// Times the kernels of the steps of `wanted`, workloads and configurations, and keeps what is
/// found.
pub(super) fn tune(
    wanted: &[String],
    adapter: Option<String>,
    precision: PrecisionChoice,
    json: bool,
) -> Outcome {
    let gpu = Gpu::open(&GpuOptions {
        adapter,
        software: true,
        precision: precision.into(),
        kernels: Kernels::AsTimed,
        cached: true,
        ..Default::default()
    })?;
    let voice = OutputOptions { quiet: false, json };
    voice.say(introduction(&gpu))?;
    let usual = WORKLOADS.map(str::to_owned);
    let wanted = if wanted.is_empty() { &usual } else { wanted };
    let mut recordings = Vec::new();
    for name in wanted {
        recordings.extend(steps(name, &gpu)?);
    }
    let start = Instant::now();
    let (bar, mut progress) = voice.share("Timing kernels");
    let products = gpu.tune(&recordings, &mut progress)?;
    bar.finish_and_clear();
    if products.is_empty() {
        return Err(Error::input(format!(
            "nothing to choose: no product of {} has more than one kernel",
            wanted.join(", ")
        )));
    }
    let (table, tuned) = gpu.keep_tuned(precision.into(), &products)?;
    let tuning = Tuning {
        device: crate::executor::Executor::name(&gpu),
        driver: tuned.driver.clone(),
        seconds: start.elapsed().as_secs_f64(),
        products,
        table,
        sum: tuned.sum(),
    };
    if json {
        output::json(&tuning)?;
    } else {
        tuning.tell()?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The steps of a workload of `nrae bench step`, or of a configuration.
fn steps(name: &str, gpu: &Gpu) -> Result<Vec<Recording>> {
    if let Some(workload) = Workload::ALL.iter().find(|workload| workload.name == name) {
        let step = |method: &&str| Ok(workload.step(&Method::named(method)?, gpu)?.1.recording);
        return METHODS.iter().map(step).collect();
    }
    let path = Path::new(name);
    if path.extension().is_none_or(|extension| extension != "toml") {
        let names: Vec<_> = Workload::ALL.iter().map(|workload| workload.name).collect();
        return Err(Error::input(format!(
            "`{name}` is neither a configuration (.toml) nor a workload: there are {}",
            names.join(", ")
        )));
    }
    let config = Settings::from_file(path)?.finish()?.found();
    let splits = Splits::load(&config)?;
    Ok(vec![planned_step(&config, &splits, gpu)?.recording])
}

impl Tuning {
    fn tell(&self) -> Result<()> {
        output::line(format!(
            "{:<28} {:>22} {:>6}  {:<22} {:>10}  {:<22} {:>10}",
            "kernel", "rows x columns x terms", "parts", "by shape", "us", "now", "us"
        ))?;
        for timed in &self.products {
            let [rows, columns, terms] = timed.product.shape;
            let told = |candidate: &Option<crate::gpu::Candidate>| match candidate {
                Some(found) => {
                    let name = format!("{} {}", found.family, found.tile);
                    format!("{name:<22} {:>10.1}", found.microseconds)
                }
                None => format!("{:<22} {:>10}", "wrong", ""),
            };
            output::line(format!(
                "{:<28} {:>22} {:>6}  {}  {}",
                timed.product.kernel,
                format!("{rows} x {columns} x {terms}"),
                timed.product.parts,
                told(&timed.by_shape),
                told(&timed.chosen)
            ))?;
            if !timed.wrong.is_empty() {
                output::line(format!(
                    "  not what the f64 CPU kernels give, so out of the question: {}",
                    timed.wrong.join(", ")
                ))?;
            }
        }
        let changed = |timed: &&Timed| timed.chosen != timed.by_shape;
        output::line(format!(
            "Timed {} products in {:.1} s; {} get another kernel than by their shape.",
            self.products.len(),
            self.seconds,
            self.products.iter().filter(changed).count()
        ))?;
        output::line(format!(
            "Wrote {} (table {}): new runs on this adapter and driver use it, runs that are resumed keep what they began with. \
             Remove the file to undo this.",
            self.table.display(),
            self.sum
        ))
    }
}
