//! The run folder: `config.toml`, `metrics.jsonl`, `model.safetensors`, `checkpoint/`, `plots/`.
//! Every file appears whole or not at all.

use super::{Config, Record, State, Trainer};
use crate::data::{create_folder, write_atomically};
use crate::error::{Error, Result};
use crate::executor::Executor;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A folder that a run writes into.
#[derive(Clone, Debug)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Makes the folder of a new run. One that holds a run already is left alone unless
    /// `overwrite`.
    ///
    /// # Errors
    /// When there is a run in it already, or it cannot be made.
    pub fn create(path: &Path, overwrite: bool) -> Result<Self> {
        if path.join("config.toml").exists() && !overwrite {
            return Err(Error::input(format!(
                "{} already holds a run: choose another --out, resume it with `nrae resume {}`, or give --overwrite",
                path.display(),
                path.display()
            )));
        }
        create_folder(&path.join("checkpoint"))?;
        create_folder(&path.join("plots"))?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// Opens the folder of an earlier run.
    ///
    /// # Errors
    /// When there is no run in it.
    pub fn open(path: &Path) -> Result<Self> {
        if !path.join("config.toml").exists() {
            return Err(Error::input(format!(
                "{} is no run folder: it has no config.toml",
                path.display()
            )));
        }
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file of the run.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes `config.toml`: the configuration as resolved, and what it ran on as comments, so that
    /// the file can be trained from again.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_config(&self, config: &Config, executor: &dyn Executor) -> Result<()> {
        let text = format!(
            "# nrae {}\n# device: {}\n# driver: {}\n\n{}",
            env!("CARGO_PKG_VERSION"),
            executor.name(),
            executor.driver(),
            toml::to_string(config).expect("plain data")
        );
        write_atomically(&self.file("config.toml"), |file| {
            file.write_all(text.as_bytes())
        })
    }

    /// Writes a file of the run as JSON.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_json(&self, name: &str, value: &impl serde::Serialize) -> Result<()> {
        write_atomically(&self.file(name), |file| {
            serde_json::to_writer_pretty(&mut *file, value)?;
            writeln!(file)
        })
    }

    /// Writes the metrics, the checkpoint and the models of a run as it stands.
    ///
    /// # Errors
    /// When a file cannot be written or the device fails.
    pub fn write_state(&self, trainer: &mut Trainer, records: &[Record]) -> Result<()> {
        write_atomically(&self.file("metrics.jsonl"), |file| {
            for record in records {
                serde_json::to_writer(&mut *file, record)?;
                writeln!(file)?;
            }
            Ok(())
        })?;
        trainer
            .best_model()?
            .save(&self.file("model.safetensors"))?;
        trainer
            .last_model()?
            .save(&self.file("checkpoint/last.safetensors"))?;
        trainer
            .state()?
            .save(&self.file("checkpoint/state.safetensors"))
    }

    /// Writes how long the run has trained. That is no part of the checkpoint, whose bytes a seed
    /// decides.
    pub(super) fn write_seconds(&self, elapsed: Duration) -> Result<()> {
        self.write_json("checkpoint/seconds.json", &elapsed.as_secs_f64())
    }

    /// How long the run has trained, zero where that is not known.
    pub(super) fn read_seconds(&self) -> Duration {
        let text = std::fs::read_to_string(self.file("checkpoint/seconds.json"));
        text.ok()
            .and_then(|text| serde_json::from_str(&text).ok())
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .unwrap_or_default()
    }

    /// The state of the last checkpoint, with the metrics up to it.
    ///
    /// # Errors
    /// When a file is missing or damaged.
    pub fn read_state(&self) -> Result<(State, Vec<Record>)> {
        let state = State::load(&self.file("checkpoint/state.safetensors"))?;
        let path = self.file("metrics.jsonl");
        let text = std::fs::read_to_string(&path).map_err(|source| Error::file(&path, source))?;
        let records = text
            .lines()
            .map(serde_json::from_str)
            .collect::<Result<Vec<Record>, _>>();
        let mut records = records
            .map_err(|error| Error::input(format!("{} is damaged: {error}", path.display())))?;
        records.retain(|record| record.step <= state.progress.step);
        Ok((state, records))
    }
}
