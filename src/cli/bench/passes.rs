//! `nrae bench gemm`, `conv`, `jet` and `rest`

use super::Measuring;
use crate::bench::{Suite, Unit, measure_limit, measure_work};
use crate::cli::Outcome;
use crate::error::Error;
use std::process::ExitCode;

/// Options of every family of passes.
#[derive(clap::Args, Debug)]
#[command(mut_arg("seconds", |seconds| seconds.default_value("0.5")))]
pub(super) struct PassArguments {
    /// Measure only passes whose name and shape, separated by a space, contain TEXT
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    #[command(flatten)]
    measuring: Measuring,
}

impl PassArguments {
    pub(super) fn run(self, family: Suite) -> Outcome {
        let seconds = self.measuring.seconds()?;
        let mut works = family.works();
        if let Some(text) = &self.only {
            works.retain(|work| format!("{} {}", work.pass, work.shape).contains(text.as_str()));
            if works.is_empty() {
                let mut names: Vec<_> = family.works().iter().map(|work| work.pass).collect();
                names.sort_unstable();
                names.dedup();
                return Err(Error::input(format!(
                    "no pass and shape of {} contains `{text}`: it has {}",
                    family.name,
                    names.join(", ")
                )));
            }
        }
        let executor = self.measuring.device.open()?;
        self.measuring.introduce(&*executor)?;
        for unit in [Unit::Operations, Unit::Bytes] {
            let of_unit: Vec<_> = works.iter().filter(|work| work.unit == unit).collect();
            if of_unit.is_empty() {
                continue;
            }
            let limit = measure_limit(&*executor, unit, seconds)?;
            self.measuring.print(&limit)?;
            for work in of_unit {
                self.measuring
                    .print(&measure_work(&*executor, work, &limit, seconds)?)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
