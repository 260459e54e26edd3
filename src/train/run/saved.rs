//! A run that goes on from its folder.

use super::{Run, draw};
use crate::error::{Error, Result};
use crate::executor::Executor;
use crate::ranks::{Alone, Ranks};
use crate::train::folder::{REPORT, RESULT};
use crate::train::{Config, Preparing, Record, RunFolder, Settings, Splits, State, Trainer};
use crate::tuned::Tuned;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A run in its folder, read but not yet on a device.
///
/// ```
/// # use nrae::{cpu::Cpu, data::Synthetic, train::{Config, Run, Splits, Trainer}};
/// use nrae::train::SavedRun;
/// # let temporary = tempfile::tempdir().unwrap();
/// # let folder = temporary.path();
/// # let mut config = Config::default();
/// # config.data.synthetic = Some(Synthetic::SwissRollOfficial);
/// # config.net.hidden = vec![16];
/// # config.train.epochs = Some(2);
/// # let splits = Splits::load(&config)?;
/// # let trainer = Trainer::new(config, splits, &Cpu, &mut |_| ())?;
/// # Run::create(trainer, folder, false, &Cpu)?.train(&mut ())?;
///
/// // What was made for 2 epochs goes on to 5.
/// let mut run = SavedRun::read(folder, Some(5))?.resume(false, &Cpu, &mut |_| ())?;
/// assert!(run.train(&mut ())?);
/// assert_eq!(run.records().len(), 5);
/// # Ok::<(), nrae::error::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SavedRun {
    folder: RunFolder,
    config: Config,
    /// Whether the number of epochs was asked for now.
    longer: bool,
    /// State and metrics; `None` where the run was killed before its first checkpoint.
    saved: Option<(State, Vec<Record>)>,
    /// The processes that go on with it.
    ranks: Arc<dyn Ranks>,
}

impl SavedRun {
    /// Reads the run in the folder `path` and locks it, to train to `epochs` in all where they are
    /// given instead of what it was made for.
    ///
    /// # Errors
    /// When there is no run in the folder, another process writes into it, or a file of it is
    /// missing or damaged.
    pub fn read(path: &Path, epochs: Option<usize>) -> Result<Self> {
        Self::of(RunFolder::open_to_write(path)?, epochs)
    }

    /// The same without a lock, to [follow](SavedRun::follow) who has it.
    ///
    /// # Errors
    /// Those of [`SavedRun::read`] but for the lock.
    pub fn look_at(path: &Path, epochs: Option<usize>) -> Result<Self> {
        Self::of(RunFolder::open(path)?, epochs)
    }

    fn of(folder: RunFolder, epochs: Option<usize>) -> Result<Self> {
        let mut settings = Settings::from_file(&folder.file("config.toml"))?;
        if let Some(epochs) = epochs {
            settings.set("train.epochs", i64::try_from(epochs).unwrap_or(i64::MAX))?;
        }
        Ok(Self {
            config: settings.finish()?.found(),
            longer: epochs.is_some(),
            saved: folder.read_state()?,
            folder,
            ranks: Arc::new(Alone),
        })
    }

    /// Its configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The kernels that it goes on with: those of its checkpoint, which had been timed on its device
    /// or (`Some(None)`) not; `None` where it starts again.
    pub fn kernels(&self) -> Option<Option<&Tuned>> {
        let (state, _) = self.saved.as_ref()?;
        Some(state.kernels.as_ref())
    }

    /// Whether there is a checkpoint to go on from. A run that was killed before its first one
    /// starts again.
    pub fn has_checkpoint(&self) -> bool {
        self.saved.is_some()
    }

    /// Draws the pictures of its best model so far into `folder`, as files that end in `extension`,
    /// `png` or `svg`, and gives them.
    ///
    /// # Errors
    /// Those of [`Splits::load`] and [`Trainer::new`]; when there is no checkpoint, or a file cannot
    /// be written.
    pub fn draw(
        self,
        extension: &str,
        folder: &Path,
        executor: &dyn Executor,
        progress: &mut dyn FnMut(Preparing),
    ) -> Result<Vec<PathBuf>> {
        let Some((state, records)) = self.saved else {
            let path = self.folder.path().display();
            return Err(Error::input(format!(
                "{path} has no checkpoint yet: train it with `nrae resume {path}`"
            )));
        };
        let splits = Splits::load(&self.config)?;
        let mut trainer = Trainer::new(self.config, splits, executor, progress)?;
        trainer.restore(state)?;
        let model = trainer.best_model()?;
        draw(&trainer, &model, &records, (extension, folder), executor)
    }

    /// Has `ranks` go on with it; without this it goes on alone.
    #[must_use]
    pub fn among(self, ranks: Arc<dyn Ranks>) -> Self {
        Self { ranks, ..self }
    }

    /// What [`SavedRun::resume`] prepares, before the checkpoint is read.
    fn trainer(
        &self,
        splits: Splits,
        executor: &dyn Executor,
        progress: &mut dyn FnMut(Preparing),
    ) -> Result<Trainer> {
        // The checkpoint has parameters.
        let new = match &self.saved {
            Some(_) => Trainer::unstarted,
            None => Trainer::among,
        };
        let (ranks, config) = (self.ranks.clone(), self.config.clone());
        new(ranks, config, splits, executor, progress)
    }

    /// Goes on with it as rank 0 says, which [resumes](SavedRun::resume) it.
    ///
    /// # Errors
    /// Those of [`Splits::load`], [`Trainer::among`] and [`Trainer::follow`].
    pub fn follow(self, executor: &dyn Executor) -> Result<()> {
        let splits = self.ranks.agree(Splits::load(&self.config))?;
        self.trainer(splits, executor, &mut |_| ())?.follow()
    }

    /// Loads its data and puts it on `executor`: on the same device it goes on to the bit as if it
    /// had never been stopped. A run that lacks nothing but its result is given back as done. Where
    /// the data or settings are not those of the checkpoint, it is refused unless `force`d.
    /// `progress` is that of [`Trainer::new`].
    ///
    /// # Errors
    /// Those of [`Splits::load`] and [`Trainer::new`]; when there is nothing left to do, the data or
    /// the settings have changed, or the checkpoint belongs to another network.
    pub fn resume<'a>(
        self,
        force: bool,
        executor: &'a dyn Executor,
        progress: &mut dyn FnMut(Preparing),
    ) -> Result<Run<'a>> {
        let splits = self.ranks.agree(Splits::load(&self.config))?;
        let mut trainer = self.trainer(splits, executor, progress)?;
        let folder = self.folder;
        let mut records = Vec::new();
        if let Some((mut state, saved)) = self.saved {
            records = saved;
            let changes = match &state.origin {
                Some(origin) => origin.changes(trainer.origin()?),
                None => Vec::new(),
            };
            if !changes.is_empty() {
                if !force {
                    return Err(changed(folder.path(), &changes));
                }
                adapt(&mut state, &mut records, trainer.steps_per_epoch());
            }
            trainer.restore(state)?;
        }
        let stopped = trainer.progress().stopped_early;
        if stopped && self.longer && trainer.progress().step < trainer.total_steps() {
            trainer.go_on();
            folder.write_state(&mut trainer, &records)?;
        }
        if !trainer.is_done() {
            // They are those of fewer epochs.
            folder.remove(REPORT)?;
            folder.remove(RESULT)?;
        } else if folder.has(RESULT)? && folder.has(REPORT)? {
            return Err(done(folder.path(), &trainer));
        }
        folder.write_config(&trainer, executor)?;
        let elapsed = folder.read_seconds();
        let events = match folder.has_events()? {
            true => Some(folder.events(&records)?),
            false => None,
        };
        Ok(Run {
            trainer,
            records,
            folder,
            executor,
            events,
            elapsed,
        })
    }
}

/// Why a run whose data or settings have changed is not gone on with.
fn changed(path: &Path, changes: &[String]) -> Error {
    Error::input(format!(
        "{} would not go on with what it was made from: {}. Put that back, train anew into another folder, or give --force to go on \
         all the same",
        path.display(),
        changes.join("; ")
    ))
}

/// Why there is nothing left to do, and what would be more.
fn done(path: &Path, trainer: &Trainer) -> Error {
    let (path, progress) = (path.display(), trainer.progress());
    let (step, epochs) = (progress.step, trainer.config().epochs());
    Error::input(match progress.stopped_early {
        true => format!(
            "{path} is done: validation ended it after {} of {epochs} epochs ({step} steps). Give --epochs {epochs} to go on all the same",
            step / trainer.steps_per_epoch()
        ),
        false => {
            format!("{path} is done after {step} steps: give --epochs N for more than {epochs}")
        }
    })
}

/// Makes `state` and `records` those of a run on other data: it goes on after its last whole epoch,
/// and no error that was measured before is the least.
fn adapt(state: &mut State, records: &mut [Record], steps_per_epoch: usize) {
    for record in &mut *records {
        record.step = record.epoch * steps_per_epoch;
    }
    state.leave_data(records.last().map_or(0, |record| record.step));
}
