//! `nrae report`

use super::device::DeviceArguments;
use super::{Outcome, messages, output};
use crate::train::{RunFolder, Settings, Splits, write_report};
use std::path::PathBuf;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  nrae report runs/digits-nrae-q
  nrae report runs/digits-nrae-q --out digits.html";

/// Write a page about a run: errors, pictures, measures, and what to try next
///
/// It is one HTML file that needs nothing else. Every run writes it as report.html when it ends; this
/// writes it again. Neighbourhoods and geometry are measured on at most 1000 training samples and
/// left out where the data are not there any more.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct ReportArguments {
    /// The run folder
    run: PathBuf,
    /// The file to write [default: report.html in the run folder]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    device: DeviceArguments,
}

impl ReportArguments {
    pub(super) fn run(self) -> Outcome {
        let folder = RunFolder::open(&self.run)?;
        let path = self.out.unwrap_or_else(|| folder.file("report.html"));
        let config = Settings::from_file(&folder.file("config.toml"))?.finish()?;
        let splits = match Splits::load(&config) {
            Ok(splits) => Some(splits),
            Err(error) => {
                messages::warn(&format!(
                    "without its data the report has no neighbourhoods and no geometry: {error}"
                ))?;
                None
            }
        };
        let executor = self.device.open()?;
        let signs = write_report(&folder, splits.as_ref(), &path, &*executor)?;
        match signs.is_empty() {
            true => output::line("No sign of trouble.")?,
            false => signs.iter().try_for_each(output::line)?,
        }
        output::line(format!("Wrote {}", path.display()))?;
        Ok(ExitCode::SUCCESS)
    }
}
