//! What run folders hold, for the commands that list and compare them.

use crate::cpu::Cpu;
use crate::data::split_part;
use crate::error::{Error, Result};
use crate::eval::Preservation;
use crate::model::Model;
use crate::train::{Record, Settings, Splits};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The splits that errors are measured on, the one that counts most first, with the key of their
/// error in `result.json`.
const SPLITS: [(&str, &str); 3] = [
    ("test", "test_mse"),
    ("validation", "validation_mse"),
    ("train", "train_mse"),
];

/// Neighbours of a sample whose keeping is measured.
const NEIGHBOURS: usize = 10;

/// A run as its folder tells it. What an older version has not written is absent.
#[derive(Clone, Debug, Serialize)]
pub(super) struct SavedSummary {
    /// The folder.
    pub(super) run: PathBuf,
    /// The method.
    pub(super) method: String,
    /// The data's name.
    pub(super) data: String,
    /// Epochs done.
    pub(super) epochs: usize,
    /// Whether it has a result, or can be resumed.
    pub(super) finished: bool,
    /// Errors by split.
    pub(super) errors: BTreeMap<&'static str, Errors>,
    /// Seconds of training.
    pub(super) seconds: Option<f64>,
    /// The day that it ended on, or was last written to.
    pub(super) date: Option<String>,
    /// Every setting by its key.
    pub(super) settings: BTreeMap<String, String>,
    /// How its latents keep neighbourhoods, where that has been measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) neighbourhoods: Option<Preservation>,
    /// What every epoch gave.
    #[serde(skip)]
    pub(super) records: Vec<Record>,
}

/// Mean squared errors of a split, per element.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Errors {
    /// Of scaled data.
    pub(super) mse: f64,
    /// In the units of the data.
    pub(super) mse_original: Option<f64>,
    /// Relative to that of PCA with as many dimensions.
    pub(super) of_pca: Option<f64>,
}

impl SavedSummary {
    /// Reads a run folder.
    ///
    /// # Errors
    /// When it is none, or a file in it is damaged.
    pub(super) fn read(run: &Path) -> Result<Self> {
        let file = |name: &str| run.join(name);
        // What cannot be looked at is not taken for missing.
        let has = |name: &str| {
            let path = file(name);
            path.try_exists()
                .map_err(|source| Error::file(&path, source))
        };
        if !has("config.toml")? {
            return Err(Error::input(format!(
                "{} is no run folder: it has no config.toml; `nrae runs` lists the runs in the folder runs",
                run.display()
            )));
        }
        let read = |name: &str| {
            let path = file(name);
            std::fs::read_to_string(&path).map_err(|source| Error::file(&path, source))
        };
        let damaged = |name: &str, error: &dyn std::fmt::Display| {
            Error::input(format!("{} is damaged: {error}", file(name).display()))
        };
        let config: toml::Table = read("config.toml")?
            .parse()
            .map_err(|error| damaged("config.toml", &error))?;
        let finished = has("result.json")?;
        let result: serde_json::Value = if finished {
            let text = read("result.json")?;
            serde_json::from_str(&text).map_err(|error| damaged("result.json", &error))?
        } else {
            serde_json::Value::Null
        };
        let records: Vec<Record> = if has("metrics.jsonl")? {
            let lines = read("metrics.jsonl")?;
            let records: Result<_, serde_json::Error> =
                lines.lines().map(serde_json::from_str).collect();
            records.map_err(|error| damaged("metrics.jsonl", &error))?
        } else {
            Vec::new()
        };
        let mut settings = BTreeMap::new();
        crate::train::flatten("", &config, &mut settings);
        Ok(Self {
            run: run.to_owned(),
            method: settings.get("method").cloned().unwrap_or_default(),
            data: data_name(&settings),
            epochs: records.last().map_or(0, |record| record.epoch),
            finished,
            errors: errors(&result),
            seconds: result["seconds"].as_f64(),
            date: match result["date"].as_str() {
                Some(date) => Some(date.get(..10).unwrap_or(date).to_owned()),
                None => written(&file("config.toml")),
            },
            settings,
            neighbourhoods: None,
            records,
        })
    }

    /// Measures how the latents of at most `most` training samples keep their [`NEIGHBOURS`], on the
    /// CPU; not where there are too few samples.
    ///
    /// # Errors
    /// When the model or the data are not there any more.
    pub(super) fn measure_neighbourhoods(&mut self, most: usize) -> Result<()> {
        let model = Model::load(&self.run)?;
        let config = Settings::from_file(&self.run.join("config.toml"))?.finish()?;
        let data = Splits::load(&config)?.train.draw(most, 0);
        if data.samples > 2 * NEIGHBOURS {
            let latents = model.encode(&data.values, &Cpu)?;
            let (scaled, m) = (model.scaling.apply(&data.values), model.network.latent());
            let found = Preservation::measure(&scaled, data.features(), &latents, m, NEIGHBOURS)?;
            self.neighbourhoods = Some(found);
        }
        Ok(())
    }

    /// The error that counts most, with the split that it is of.
    pub(super) fn error(&self) -> Option<(&'static str, Errors)> {
        let of = |(split, _): &(&'static str, &str)| Some((*split, *self.errors.get(split)?));
        SPLITS.iter().find_map(of)
    }
}

/// What `result.json` has of errors, by split.
fn errors(result: &serde_json::Value) -> BTreeMap<&'static str, Errors> {
    let of_split = |&(split, key): &(&'static str, &str)| {
        let measured = &result["errors"][split];
        let mse = result[key].as_f64()?;
        let of_pca = measured["pca_mse"].as_f64().map(|pca| {
            let same = measured["mse"].as_f64().unwrap_or(mse);
            same / pca
        });
        let mse_original = measured["mse_original"].as_f64();
        Some((
            split,
            Errors {
                mse,
                mse_original,
                of_pca,
            },
        ))
    };
    SPLITS.iter().filter_map(of_split).collect()
}

/// The name of the data that the settings of a run name.
fn data_name(settings: &BTreeMap<String, String>) -> String {
    match (settings.get("data.train"), settings.get("data.synthetic")) {
        (Some(path), _) => {
            let (file, part) = split_part(Path::new(path));
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            part.map_or(name.to_string(), |part| format!("{name}:{part}"))
        }
        (None, Some(curve)) => curve.clone(),
        (None, None) => String::new(),
    }
}

/// The day that a file was written on, as YYYY-MM-DD in UTC.
fn written(path: &Path) -> Option<String> {
    let modified: SystemTime = path.metadata().ok()?.modified().ok()?;
    let days = modified.duration_since(UNIX_EPOCH).ok()?.as_secs() / 86_400;
    // Howard Hinnant's civil_from_days, for days after 1970.
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    Some(format!("{year:04}-{month:02}-{of_month:02}"))
}

/// Rows of cells as aligned columns, the first row a header; columns that are empty but for it are
/// left out.
pub(super) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let filled = |&column: &usize| rows[1..].iter().any(|row| !row[column].is_empty());
    let kept: Vec<usize> = (0..columns).filter(filled).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let line = |row: &Vec<String>| {
        let cell = |&column: &usize| format!("{:<1$}", row[column], width(column).unwrap_or(0));
        let cells: Vec<String> = kept.iter().map(cell).collect();
        cells.join("  ").trim_end().to_owned()
    };
    let lines: Vec<String> = rows.iter().map(line).collect();
    lines.join("\n")
}
