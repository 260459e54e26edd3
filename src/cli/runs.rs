//! `nrae runs`

use super::saved::{SavedSummary, aligned};
use super::{Outcome, output};
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// List the runs in a folder
///
/// Each with its method, data, epochs, error (mean squared, of scaled data: of the test data, else of
/// validation or training data), date, and whether it is finished or can be resumed.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  nrae runs\n  nrae runs my/experiments --json")]
pub(super) struct RunsArguments {
    /// The folder, searched with its subfolders
    #[arg(default_value = "runs")]
    folder: PathBuf,
    /// Print JSON, a line a run
    #[arg(long)]
    json: bool,
}

impl RunsArguments {
    pub(super) fn run(self) -> Outcome {
        let mut folders = Vec::new();
        find(&self.folder, &mut folders)?;
        if folders.is_empty() {
            return Err(Error::input(format!(
                "there is no run in {}: `nrae train --data FILE` makes one",
                self.folder.display()
            )));
        }
        folders.sort();
        let runs: Vec<SavedSummary> = folders
            .iter()
            .map(|folder| SavedSummary::read(folder))
            .collect::<Result<_>>()?;
        if self.json {
            runs.iter().try_for_each(output::json)?;
            return Ok(ExitCode::SUCCESS);
        }
        let header = [
            "run", "method", "data", "epochs", "MSE", "of", "date", "state",
        ];
        let mut rows = vec![header.map(str::to_owned).to_vec()];
        rows.extend(runs.iter().map(row));
        output::line(aligned(&rows))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn row(run: &SavedSummary) -> Vec<String> {
    let error = run.error();
    vec![
        run.run.display().to_string(),
        run.method.clone(),
        run.data.clone(),
        run.epochs.to_string(),
        error.map_or(String::new(), |(_, errors)| format!("{:.6}", errors.mse)),
        error.map_or(String::new(), |(split, _)| split.to_owned()),
        run.date.clone().unwrap_or_default(),
        if run.finished {
            "finished".to_owned()
        } else {
            format!("resumable: nrae resume {}", run.run.display())
        },
    ]
}

/// Adds the run folders in and below `folder`.
fn find(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    if folder.join("config.toml").exists() {
        found.push(folder.to_owned());
        return Ok(());
    }
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(|source| Error::file(folder, source))?,
    };
    for entry in entries {
        let path = entry.map_err(|source| Error::file(folder, source))?.path();
        if path.is_dir() && !path.is_symlink() {
            find(&path, found)?;
        }
    }
    Ok(())
}
