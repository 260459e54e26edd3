//! The run folder: `config.toml`, `metrics.jsonl`, `metrics.csv`, `model.safetensors`, `checkpoint/`,
//! `plots/`, `result.json`, `report.html`.
//! Every file appears whole or not at all.

use super::metrics::{EVENTS, EventFile, TABLE, write_table};
use super::report::{CARD, is_card};
use super::{Record, State, Trainer};
use crate::data::{FolderLock, create_folder, sync_folder, write_atomically};
use crate::error::{Error, Result};
use crate::executor::Executor;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What a run leaves, `config.toml` first: a folder without it holds no run, whatever else is there.
const FILES: [&str; 11] = [
    "config.toml",
    STATE,
    "checkpoint/last.safetensors",
    "checkpoint/seconds.json",
    "model.safetensors",
    "metrics.jsonl",
    TABLE,
    EVENTS,
    RESULT,
    REPORT,
    "warnings.txt",
];
/// What other commands make of a run's model in its folder.
const EXPORTS: [&str; 4] = ["load.py", "encoder.onnx", "decoder.onnx", "explore.html"];
/// The checkpoint, in the folder.
const STATE: &str = "checkpoint/state.safetensors";
/// What came of a run.
pub(super) const RESULT: &str = "result.json";
/// The page about a run, which it ends with: where it is there, nothing is left to do.
pub(super) const REPORT: &str = "report.html";

/// A folder that a run writes into.
#[derive(Clone, Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// Held by who writes.
    lock: Option<Arc<FolderLock>>,
}

impl RunFolder {
    /// Makes the folder of a new run and locks it. One that holds a run already is left alone
    /// unless `overwrite`, which removes that run with its pictures and exports, so that nothing of it
    /// is ever taken for the new one's. Whoever is killed meanwhile leaves no run.
    ///
    /// # Errors
    /// When there is a run in it already, or it cannot be made.
    pub fn create(path: &Path, overwrite: bool) -> Result<Self> {
        let mut folder = Self {
            path: path.to_owned(),
            lock: None,
        };
        folder.refuse_a_run(overwrite)?;
        let held_a_run =
            overwrite && folder.has("config.toml")? || folder.has("checkpoint/lock")?;
        create_folder(&path.join("checkpoint"))?;
        create_folder(&path.join("plots"))?;
        folder.lock()?;
        // Another process may have been faster.
        folder.refuse_a_run(overwrite)?;
        folder.clear(held_a_run)?;
        Ok(folder)
    }

    /// Removes what an earlier run has left. Where there `was` none, the folder is somebody's: only what
    /// would say that this run is over goes.
    fn clear(&self, was: bool) -> Result<()> {
        let sync = |folder: &str| {
            let path = self.file(folder);
            sync_folder(&path).map_err(|source| Error::file(path, source))
        };
        if !was {
            return [RESULT, REPORT]
                .iter()
                .try_for_each(|name| self.remove(name));
        }
        // What cannot be read is found before anything is lost.
        let has_card = is_card(&self.file(CARD))?;
        let [config, others @ ..] = FILES;
        self.remove(config)?;
        sync("")?;
        let others = others.iter().chain(&EXPORTS);
        others.into_iter().try_for_each(|name| self.remove(name))?;
        if has_card {
            self.remove(CARD)?;
        }
        let plots = self.file("plots");
        let cannot = |source| Error::file(&plots, source);
        for entry in std::fs::read_dir(&plots).map_err(cannot)? {
            let name = entry.map_err(cannot)?.file_name();
            let name = name.to_string_lossy();
            if name.ends_with(".png") || name.ends_with(".svg") {
                self.remove(&format!("plots/{name}"))?;
            }
        }
        // Before there is a configuration again.
        ["checkpoint", "plots", ""].into_iter().try_for_each(sync)
    }

    fn refuse_a_run(&self, overwrite: bool) -> Result<()> {
        if !overwrite && self.has("config.toml")? {
            return Err(Error::input(format!(
                "{} already holds a run: choose another --out, resume it with `nrae resume {}`, or give --overwrite",
                self.path.display(),
                self.path.display()
            )));
        }
        Ok(())
    }

    /// Opens the folder of an earlier run to write into it.
    ///
    /// # Errors
    /// When there is no run in it, or another process writes into it.
    pub(super) fn open_to_write(path: &Path) -> Result<Self> {
        let mut folder = Self::open(path)?;
        create_folder(&path.join("checkpoint"))?;
        folder.lock()?;
        Ok(folder)
    }

    fn lock(&mut self) -> Result<()> {
        let lock = FolderLock::take(&self.file("checkpoint"), &self.path)?;
        for name in ["", "checkpoint", "plots"] {
            lock.remove_leftovers(&self.file(name));
        }
        self.lock = Some(Arc::new(lock));
        Ok(())
    }

    /// Removes a file of the run, where it is there.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub(super) fn remove(&self, name: &str) -> Result<()> {
        let path = self.file(name);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::file(path, source))
            }
            _ => Ok(()),
        }
    }

    /// Opens the folder of an earlier run, to read it.
    ///
    /// # Errors
    /// When there is no run in it.
    pub fn open(path: &Path) -> Result<Self> {
        let folder = Self {
            path: path.to_owned(),
            lock: None,
        };
        if !folder.has("config.toml")? {
            return Err(Error::input(format!(
                "{} is no run folder: it has no config.toml",
                path.display()
            )));
        }
        Ok(folder)
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
    pub fn write_config(&self, trainer: &Trainer, executor: &dyn Executor) -> Result<()> {
        let settings = toml::to_string(trainer.config()).map_err(|error| {
            Error::input(format!(
                "the configuration cannot be written as TOML: {error}"
            ))
        })?;
        let processes = match trainer.ranks().size() {
            1 => String::new(),
            size => format!("# processes: {size}, each on such a device\n"),
        };
        let kernels = executor
            .tuned()
            .map_or(String::new(), |tuned| format!("# kernels: {tuned}\n"));
        let text = format!(
            "# nrae {}\n# device: {}\n# driver: {}\n{processes}{kernels}\n{settings}",
            env!("CARGO_PKG_VERSION"),
            executor.name(),
            executor.driver(),
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
        self.still_there()?;
        write_atomically(&self.file(name), |file| {
            serde_json::to_writer_pretty(&mut *file, value)?;
            writeln!(file)
        })
    }

    /// Whether the folder is the one that was locked. One that was removed is not made again, since
    /// nobody can go on with a checkpoint that has no configuration beside it.
    fn still_there(&self) -> Result<()> {
        if self.lock.is_some() && !self.has("checkpoint/lock")? {
            let why = "the folder was removed or renamed while the run was writing into it, so nothing more can be kept \
                       there; where it was renamed, `nrae resume` goes on from its last checkpoint";
            return Err(Error::file(&self.path, std::io::Error::other(why)));
        }
        Ok(())
    }

    /// Writes the metrics, the checkpoint and the models of a run as it stands.
    ///
    /// # Errors
    /// When a file cannot be written or the device fails.
    pub fn write_state(&self, trainer: &mut Trainer, records: &[Record]) -> Result<()> {
        self.still_there()?;
        write_atomically(&self.file("metrics.jsonl"), |file| {
            for record in records {
                serde_json::to_writer(&mut *file, record)?;
                writeln!(file)?;
            }
            Ok(())
        })?;
        write_table(&self.file(TABLE), records)?;
        trainer
            .best_model()?
            .save(&self.file("model.safetensors"))?;
        trainer
            .last_model()?
            .save(&self.file("checkpoint/last.safetensors"))?;
        trainer.state()?.save(&self.file(STATE))
    }

    /// The file of TensorBoard's events, with those of `records` in it.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub(super) fn events(&self, records: &[Record]) -> Result<EventFile> {
        EventFile::open(&self.file(EVENTS), records)
    }

    /// Whether TensorBoard's events are written.
    ///
    /// # Errors
    /// Those of [`RunFolder::has`].
    pub(super) fn has_events(&self) -> Result<bool> {
        self.has(EVENTS)
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

    /// Whether a file of the run is there.
    ///
    /// # Errors
    /// When that cannot be told: what cannot be looked at is not taken for missing.
    pub(super) fn has(&self, name: &str) -> Result<bool> {
        let path = self.file(name);
        path.try_exists()
            .map_err(|source| Error::file(path, source))
    }

    /// Whether there is a checkpoint.
    ///
    /// # Errors
    /// Those of [`RunFolder::has`].
    pub(super) fn has_checkpoint(&self) -> Result<bool> {
        self.has(STATE)
    }

    /// The state of the last checkpoint, with the metrics up to it; `None` where a run was killed
    /// before its first one.
    ///
    /// # Errors
    /// When a file is damaged, or is missing although the run has ended.
    pub fn read_state(&self) -> Result<Option<(State, Vec<Record>)>> {
        if !self.has_checkpoint()? && !self.has(RESULT)? {
            return Ok(None);
        }
        let state = State::load(&self.file(STATE))?;
        let path = self.file("metrics.jsonl");
        let text = std::fs::read_to_string(&path).map_err(|source| Error::file(&path, source))?;
        let records = text
            .lines()
            .map(serde_json::from_str)
            .collect::<Result<Vec<Record>, _>>();
        let mut records = records
            .map_err(|error| Error::input(format!("{} is damaged: {error}", path.display())))?;
        records.retain(|record| record.step <= state.progress.step);
        Ok(Some((state, records)))
    }
}
