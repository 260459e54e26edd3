//! A run in a folder: the loop with its checkpoints, stopped and gone on with at will, then the
//! summary and the pictures.

mod saved;
mod together;

pub use saved::SavedRun;

use super::folder::{REPORT, RESULT};
use super::metrics::EventFile;
use super::report::write_report;
use super::summary::{Summary, draw_losses, plot_inputs};
use super::{Observer, Record, RunFolder, Trainer};
use crate::error::{Error, Result};
use crate::executor::Executor;
use crate::model::Model;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Time between checkpoints.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(30);

/// A run that writes into a folder: everything that `nrae train` leaves there, made by a library.
///
/// ```
/// use nrae::{cpu::Cpu, data::Synthetic, train::{Config, Run, Splits, Trainer}};
///
/// let mut config = Config::default();
/// config.data.synthetic = Some(Synthetic::SwissRollOfficial);
/// config.net.latent = 1;
/// config.net.hidden = vec![16];
/// config.train.epochs = Some(20);
/// let splits = Splits::load(&config)?;
/// let trainer = Trainer::new(config, splits, &Cpu, &mut |_| ())?;
/// # let temporary = tempfile::tempdir().unwrap();
/// # let folder = temporary.path();
/// let mut run = Run::create(trainer, folder, false, &Cpu)?;
/// assert!(run.train(&mut ())?);
/// let summary = run.summarise()?;
/// assert_eq!((summary.epochs, summary.out.as_path()), (20, folder));
/// for file in ["metrics.csv", "model.safetensors", "plots/loss.png", "report.html", "result.json"] {
///     assert!(folder.join(file).exists());
/// }
/// # Ok::<(), nrae::error::Error>(())
/// ```
///
/// An [`Observer`] hears of every epoch and may stop the run; [`SavedRun`] goes on with one.
pub struct Run<'a> {
    trainer: Trainer,
    records: Vec<Record>,
    folder: RunFolder,
    executor: &'a dyn Executor,
    /// TensorBoard's, where they are wanted.
    events: Option<EventFile>,
    /// Time spent in [`Run::train`].
    elapsed: Duration,
}

impl std::fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run")
            .field("folder", &self.folder)
            .field("trainer", &self.trainer)
            .finish_non_exhaustive()
    }
}

impl<'a> Run<'a> {
    /// Makes the folder `path` for the run of `trainer` and writes `config.toml` into it.
    /// `executor` is the one that the trainer was made with. A folder that holds a run already is
    /// left alone unless `overwrite`.
    ///
    /// # Errors
    /// When the folder holds a run already, or cannot be written to.
    pub fn create(
        trainer: Trainer,
        path: &Path,
        overwrite: bool,
        executor: &'a dyn Executor,
    ) -> Result<Self> {
        Self::start(trainer, path, overwrite, executor, false)
    }

    /// As [`Run::create`], and the run, however often it is gone on with, writes events for TensorBoard
    /// into its folder.
    ///
    /// # Errors
    /// Those of [`Run::create`].
    pub fn create_with_events(
        trainer: Trainer,
        path: &Path,
        overwrite: bool,
        executor: &'a dyn Executor,
    ) -> Result<Self> {
        Self::start(trainer, path, overwrite, executor, true)
    }

    fn start(
        trainer: Trainer,
        path: &Path,
        overwrite: bool,
        executor: &'a dyn Executor,
        with_events: bool,
    ) -> Result<Self> {
        let folder = RunFolder::create(path, overwrite)?;
        // Before the configuration, with which there is a run: that they are there says that they are wanted.
        let events = with_events.then(|| folder.events(&[])).transpose()?;
        folder.write_config(&trainer, executor)?;
        Ok(Self {
            elapsed: trainer.started_in(),
            trainer,
            records: Vec::new(),
            folder,
            executor,
            events,
        })
    }

    /// The run in memory.
    pub fn trainer(&self) -> &Trainer {
        &self.trainer
    }

    /// The run in memory, to take models from.
    pub fn trainer_mut(&mut self) -> &mut Trainer {
        &mut self.trainer
    }

    /// The folder.
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// The epochs so far, those before the run was gone on with included.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Trains to the end, to validation's verdict, or until `observer` stops it, and writes metrics,
    /// models and checkpoint: now and then, and at the end. Returns whether the run is done; one
    /// that was stopped goes on in a further call, or from its folder.
    ///
    /// # Errors
    /// When training diverges, the device fails, a file cannot be written, or `observer` fails. The
    /// folder then keeps the run as of its last checkpoint.
    pub fn train(&mut self, observer: &mut dyn Observer) -> Result<bool> {
        let start = Instant::now();
        let outcome = self.advance(observer, start);
        match outcome {
            Err(error @ Error::Diverged(_)) => return Err(self.with_what_is_kept(error)),
            // Nobody listens any more; what has been trained is kept.
            Err(error @ Error::Output(_)) => {
                self.save(start)?;
                return Err(error);
            }
            outcome => outcome?,
        }
        self.elapsed = self.save(start)?;
        let done = self.trainer.is_done();
        if done {
            self.trainer.dismiss();
        }
        Ok(done)
    }

    fn advance(&mut self, observer: &mut dyn Observer, start: Instant) -> Result<()> {
        let mut saved = Instant::now();
        while !self.trainer.is_done() && !observer.should_stop() {
            let fresh = self.trainer.advance()?;
            observer.steps(&self.trainer);
            self.add(fresh, observer)?;
            if saved.elapsed() > CHECKPOINT_EVERY && !self.trainer.is_done() {
                self.save(start)?;
                saved = Instant::now();
            }
        }
        Ok(())
    }

    /// Keeps the epochs that have just ended, and tells of each.
    fn add(&mut self, fresh: Vec<Record>, observer: &mut dyn Observer) -> Result<()> {
        let told = self.records.len();
        self.records.extend(fresh);
        for record in &self.records[told..] {
            if let Some(events) = &mut self.events {
                events.add(record)?;
            }
            observer.epoch(record)?;
        }
        Ok(())
    }

    /// Why the run has diverged, with what its folder keeps of it.
    fn with_what_is_kept(&self, error: Error) -> Error {
        let path = self.folder.path().display();
        let kept = match self.folder.has_checkpoint() {
            Ok(true) => format!("{path} keeps the run as of its last checkpoint"),
            Ok(false) => format!("{path} keeps its configuration"),
            Err(error) => return error,
        };
        Error::Diverged(format!("{error}. {kept}"))
    }

    /// Writes everything that is needed to go on, and gives how long the run has trained up to here.
    /// That comes first: a run that is killed in between has trained for that long.
    ///
    /// # Errors
    /// When a file cannot be written, or data that lie in files have been: nothing goes on from steps on both.
    fn save(&mut self, start: Instant) -> Result<Duration> {
        self.trainer.splits().unchanged()?;
        let elapsed = self.elapsed + start.elapsed();
        self.folder.write_seconds(elapsed)?;
        self.events.as_ref().map_or(Ok(()), EventFile::sync)?;
        self.folder.write_state(&mut self.trainer, &self.records)?;
        Ok(elapsed)
    }

    /// Measures the best model so far on its own splits, draws its pictures into `plots/`, and
    /// writes the summary as `result.json` and all of it as a page, `report.html`.
    ///
    /// # Errors
    /// When the device fails or a file cannot be written.
    pub fn summarise(&mut self) -> Result<Summary> {
        self.summarise_and(&mut |_| Ok(()))
    }

    /// [Summarises](Run::summarise), and lets `keep` write what else belongs to the summary: before
    /// the files that say that nothing is missing.
    ///
    /// # Errors
    /// Those of [`Run::summarise`] and of `keep`.
    pub fn summarise_and(
        &mut self,
        keep: &mut dyn FnMut(&Summary) -> Result<()>,
    ) -> Result<Summary> {
        let model = self.trainer.best_model()?;
        let plots = self.folder.file("plots");
        let files = draw(
            &self.trainer,
            &model,
            &self.records,
            ("png", &plots),
            self.executor,
        )?;
        let mut summary = Summary::of(
            &self.trainer,
            &model,
            &self.records,
            self.folder.path(),
            self.executor,
        )?;
        summary.seconds = self.elapsed.as_secs_f64();
        summary.files = files;
        keep(&summary)?;
        self.folder.write_json(RESULT, &summary)?;
        let (page, splits) = (self.folder.file(REPORT), self.trainer.splits());
        write_report(&self.folder, Some(splits), &page, self.executor)?;
        Ok(summary)
    }
}

/// Draws every picture of a run whose best model is `model` into a folder, as files of an extension,
/// and gives them.
fn draw(
    trainer: &Trainer,
    model: &Model,
    records: &[Record],
    (extension, folder): (&str, &Path),
    executor: &dyn Executor,
) -> Result<Vec<PathBuf>> {
    let losses = folder.join("loss").with_extension(extension);
    draw_losses(&losses, trainer, records)?;
    let name = trainer.config().title();
    let others = plot_inputs(trainer, model, &name).draw_as(extension, folder, executor)?;
    Ok([vec![losses], others].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;
    use crate::data::Synthetic;
    use crate::train::{Config, Splits};

    fn create(folder: &Path) -> Result<Run<'static>> {
        let mut config = Config {
            seed: 3,
            ..Config::default()
        };
        config.data.synthetic = Some(Synthetic::SwissRollOfficial);
        config.data.validation_fraction = Some(0.2);
        config.net.hidden = vec![16];
        config.net.latent = 1;
        config.neighbours.k = Some(3);
        config.train.batch = Some(8);
        config.train.epochs = Some(400);
        config.train.evaluate_every = 1;
        let splits = Splits::load(&config)?;
        let trainer = Trainer::new(config, splits, &Cpu, &mut |_| ())?;
        Run::create(trainer, folder, false, &Cpu)
    }

    /// Hears of epochs and stops after so many.
    struct Until(usize, Vec<Record>);

    impl Observer for Until {
        fn epoch(&mut self, record: &Record) -> Result<()> {
            self.1.push(record.clone());
            Ok(())
        }

        fn should_stop(&self) -> bool {
            self.1.len() >= self.0
        }
    }

    #[test]
    fn a_run_that_was_stopped_goes_on_from_its_folder_to_the_same_bytes() {
        let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
        let [whole, again, part] = folders.each_ref().map(tempfile::TempDir::path);
        let mut run = create(whole).unwrap();
        assert!(run.train(&mut ()).unwrap());
        let summary = run.summarise().unwrap();
        assert_eq!((summary.epochs, run.records().len()), (400, 400));

        // In one process ...
        let mut run = create(again).unwrap();
        let mut until = Until(1, Vec::new());
        assert!(!run.train(&mut until).unwrap());
        let heard = until.1.len();
        assert!((1..400).contains(&heard));
        assert!(run.train(&mut ()).unwrap());
        // ... and from the folder.
        let mut run = create(part).unwrap();
        assert!(!run.train(&mut Until(1, Vec::new())).unwrap());
        drop(run);
        assert!(!part.join("result.json").exists());
        let mut run = SavedRun::read(part, None)
            .unwrap()
            .resume(false, &Cpu, &mut |_| ())
            .unwrap();
        let before = run.records().len();
        let mut rest = Until(usize::MAX, Vec::new());
        assert!(run.train(&mut rest).unwrap());
        assert_eq!((before + rest.1.len(), run.records().len()), (400, 400));
        let resumed = run.summarise().unwrap();
        assert_eq!(
            (resumed.train_mse, resumed.best_epoch),
            (summary.train_mse, summary.best_epoch)
        );

        for file in [
            "config.toml",
            "metrics.jsonl",
            "model.safetensors",
            "checkpoint/last.safetensors",
            "checkpoint/state.safetensors",
        ] {
            let bytes = std::fs::read(whole.join(file)).unwrap();
            for other in [again, part] {
                assert!(bytes == std::fs::read(other.join(file)).unwrap(), "{file}");
            }
        }
        for picture in ["loss.png", "order.png"] {
            let file = format!("plots/{picture}");
            let bytes = std::fs::read(whole.join(&file)).unwrap();
            assert!(bytes == std::fs::read(part.join(&file)).unwrap(), "{file}");
        }
        drop(run);
        let message = SavedRun::read(part, None)
            .unwrap()
            .resume(false, &Cpu, &mut |_| ())
            .unwrap_err()
            .to_string();
        assert!(message.contains("is done after 1200 steps"), "{message}");
        assert!(create(whole).is_err());
    }

    #[test]
    fn an_observer_that_fails_ends_the_run_with_its_error() {
        struct Broken;
        impl Observer for Broken {
            fn epoch(&mut self, _: &Record) -> Result<()> {
                Err(Error::Output(std::io::ErrorKind::BrokenPipe.into()))
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let mut run = create(folder.path()).unwrap();
        assert!(matches!(run.train(&mut Broken), Err(Error::Output(_))));
    }
}
