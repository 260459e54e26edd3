//! `nrae gradcheck`

use super::device::{Choice, DeviceArguments};
use super::{Outcome, output};
use crate::cpu::Cpu;
use crate::executor::Executor;
use crate::gradcheck::{
    CaseShape, CheckResult, DIFFERENCE_TOLERANCE, cases, check_case, loss_cases,
};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  nrae gradcheck                 on the GPU (or a software driver), otherwise on the CPU
  nrae gradcheck --device cpu    on the CPU in f32
  nrae gradcheck --json | jq 'select(.holds | not)'

Exit status: 0 if every check holds, 1 if any does not.";

/// Check every operation and loss: device against f64, f64 against central differences
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct GradcheckArguments {
    /// Seed of the random inputs
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// Print only failures and the verdict
    #[arg(long)]
    quiet: bool,
    /// Print one line of JSON per check
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: DeviceArguments,
}

impl GradcheckArguments {
    pub(super) fn run(self) -> Outcome {
        // A software driver is worth checking, though not worth training on.
        let executor: Box<dyn Executor> = match self.device.device {
            Choice::Auto => {
                let gpu = DeviceArguments {
                    device: Choice::Gpu,
                    ..self.device.clone()
                };
                gpu.open().or_else(|error| {
                    if self.device.asks_for_gpu() {
                        Err(error)
                    } else {
                        Ok(Box::new(Cpu))
                    }
                })?
            }
            _ => self.device.open()?,
        };
        if !self.json {
            output::line(format!(
                "Device: {}, {}",
                executor.name(),
                executor.driver()
            ))?;
            output::line(format!(
                "{:<58} {:>12} {:>20}",
                "", "device - f64", "f64 - differences"
            ))?;
        }
        let (mut checks, mut failures) = (0, 0);
        let mut take = |finding: &CheckResult| {
            checks += 1;
            failures += usize::from(!finding.holds());
            self.tell(finding)
        };
        for case in cases(CaseShape {
            batch: 5,
            directions: 2,
            inputs: 37,
            outputs: 70,
        }) {
            take(&check_case(&case, &*executor, self.seed)?)?;
        }
        for case in loss_cases((9, &[33, 17], 3), 6, self.seed) {
            take(&case.check(&*executor, false)?)?;
        }
        if !self.json {
            output::line(format!(
                "{} of {checks} checks hold (device within {:e}, differences within {DIFFERENCE_TOLERANCE:e}).",
                checks - failures,
                executor.tolerance()
            ))?;
        }
        Ok(if failures == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    fn tell(&self, finding: &CheckResult) -> crate::error::Result<()> {
        if self.json {
            let mut value = serde_json::to_value(finding).expect("plain data");
            value["holds"] = finding.holds().into();
            return output::json(&value);
        }
        if self.quiet && finding.holds() {
            return Ok(());
        }
        let difference = finding
            .difference_error
            .map_or("-".into(), |error| format!("{error:.1e}"));
        let verdict = if finding.holds() { "" } else { "  FAILS" };
        output::line(format!(
            "{:<58} {:>12.1e} {difference:>20}{verdict}",
            finding.name, finding.device_error
        ))
    }
}
