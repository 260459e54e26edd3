//! `nrae compare`

use super::saved::{Errors, SavedSummary, aligned};
use super::{Outcome, output};
use crate::cpu::Cpu;
use crate::error::{Error, Result};
use crate::eval::Preservation;
use crate::plot::{Series, curves};
use crate::train::draw_side_by_side;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  nrae compare runs/digits-ae runs/digits-nrae-q
  nrae compare runs/* --plot curves.png --neighbourhoods 2000
  nrae compare runs/roll-ae runs/roll-nrae-q --picture manifolds.png
  nrae train --data digits --method ae,nrae-l,nrae-q --out runs/methods    trains all three and ends with this

`of PCA` is the error relative to that of a principal component analysis with as many dimensions: below 1 is better. `MSE` is in the \
units of the data where the run has it, so that runs of different scaling can be compared. `trust.` and `contin.` are trustworthiness \
and continuity, at most 1, as `nrae eval` explains.";

/// Compare runs: their settings, errors and times side by side
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct CompareArguments {
    /// Run folders
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// Draw the curves of all runs into one picture, .png or .svg
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Draw what the runs have learned side by side into one picture, .png or .svg: decoded curves, or latents
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// Measure the 10 nearest neighbours of at most N training samples of each run, on the CPU
    #[arg(long, value_name = "N")]
    neighbourhoods: Option<usize>,
    /// Print JSON, a line a run
    #[arg(long)]
    json: bool,
}

impl CompareArguments {
    pub(super) fn run(self) -> Outcome {
        let mut runs: Vec<SavedSummary> = self
            .runs
            .iter()
            .map(|run| SavedSummary::read(run))
            .collect::<Result<_>>()?;
        if let Some(most) = self.neighbourhoods {
            for run in &mut runs {
                run.measure_neighbourhoods(most)?;
            }
        }
        if self.json {
            runs.iter().try_for_each(output::json)?;
        } else {
            output::line(table(&runs))?;
        }
        if let Some(path) = &self.plot {
            draw(path, &runs)?;
        }
        if let Some(path) = &self.picture {
            draw_side_by_side(&self.runs, path, &Cpu)?;
        }
        if !self.json {
            for path in self.plot.iter().chain(&self.picture) {
                output::line(format!("Wrote {}", path.display()))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The comparison of the runs in `folders`, for people.
///
/// # Errors
/// When one of them is no run folder, or damaged.
pub(super) fn comparison(folders: &[PathBuf]) -> Result<String> {
    let runs: Result<Vec<_>> = folders.iter().map(|run| SavedSummary::read(run)).collect();
    Ok(table(&runs?))
}

fn table(runs: &[SavedSummary]) -> String {
    let splits = ["train", "validation", "test"];
    let mut header = vec!["run".to_owned(), "method".into(), "data".into()];
    header.extend(splits.map(|split| format!("MSE {split}")));
    let more = [
        "of PCA",
        "trust.",
        "contin.",
        "epochs",
        "seconds",
        "settings that differ",
    ];
    header.extend(more.map(str::to_owned));
    let mut rows = vec![header];
    for (run, settings) in runs.iter().zip(differences(runs)) {
        let mut row = vec![
            run.run.display().to_string(),
            run.method.clone(),
            run.data.clone(),
        ];
        let mse = |errors: &Errors| figure(errors.mse_original.unwrap_or(errors.mse));
        row.extend(splits.map(|split| run.errors.get(split).map_or(String::new(), mse)));
        let of_pca = run
            .error()
            .and_then(|(split, errors)| Some(format!("{:.3} ({split})", errors.of_pca?)));
        row.push(of_pca.unwrap_or_default());
        let kept = |of: fn(&Preservation) -> f64| {
            let kept = run.neighbourhoods.as_ref().map(of);
            kept.map_or(String::new(), |kept| format!("{kept:.4}"))
        };
        row.push(kept(|found| found.trustworthiness));
        row.push(kept(|found| found.continuity));
        row.push(run.epochs.to_string() + if run.finished { "" } else { ", unfinished" });
        row.push(
            run.seconds
                .map_or(String::new(), |seconds| format!("{seconds:.1}")),
        );
        row.push(settings);
        rows.push(row);
    }
    let mut text = aligned(&rows);
    let original = runs.iter().flat_map(|run| run.errors.values());
    if original.clone().all(|errors| errors.mse_original.is_some()) {
        text += "\nMSE per element, in the units of the data.";
    } else {
        text += "\nMSE per element, of scaled data: only runs of the same data and scaling can be compared.";
    }
    if runs.iter().any(|run| run.data != runs[0].data) {
        text += "\nThe runs have different data, so their errors say little about each other.";
    }
    text
}

/// Four significant digits.
fn figure(value: f64) -> String {
    if value == 0.0 || (1e-4..1e6).contains(&value.abs()) {
        let digits = 3 - value.abs().max(1e-4).log10().floor() as i32;
        format!("{value:.0$}", usize::try_from(digits).unwrap_or(0))
    } else {
        format!("{value:.3e}")
    }
}

/// For each run, the settings that are not the same in all of them; method and data have columns
/// of their own.
fn differences(runs: &[SavedSummary]) -> Vec<String> {
    let mut values: BTreeMap<&str, Vec<Option<&str>>> = BTreeMap::new();
    for key in runs.iter().flat_map(|run| run.settings.keys()) {
        let of_runs = runs
            .iter()
            .map(|run| run.settings.get(key).map(String::as_str));
        values.entry(key).or_insert_with(|| of_runs.collect());
    }
    let own = ["method", "data.train", "data.synthetic", "data.folder"];
    values
        .retain(|key, values| !own.contains(key) && values.iter().any(|value| *value != values[0]));
    let of_run = |index: usize| {
        let settings = values
            .iter()
            .map(|(key, values)| format!("{key}={}", values[index].unwrap_or("-")));
        settings.collect::<Vec<_>>().join(" ")
    };
    (0..runs.len()).map(of_run).collect()
}

/// Draws the validation error of every run over its epochs, or the training loss where not all
/// have one.
fn draw(path: &Path, runs: &[SavedSummary]) -> Result<()> {
    let validated = runs.iter().all(|run| {
        run.records
            .iter()
            .any(|record| record.validation_mse.is_some())
    });
    let series: Vec<Series> = runs
        .iter()
        .map(|run| Series {
            name: format!("{} ({})", run.run.display(), run.method),
            points: run
                .records
                .iter()
                .filter_map(|record| {
                    let value = if validated {
                        record.validation_mse
                    } else {
                        Some(record.loss)
                    };
                    Some((record.epoch as f64, value?))
                })
                .collect(),
        })
        .collect();
    if series.iter().all(|series| series.points.is_empty()) {
        return Err(Error::input(
            "no run has finished an epoch, so there are no curves to draw",
        ));
    }
    let (title, label) = if validated {
        (
            "Validation error",
            "mean squared error per element, of scaled data",
        )
    } else {
        ("Training loss (not every run has validation data)", "loss")
    };
    curves(path, title, label, &series)
}
