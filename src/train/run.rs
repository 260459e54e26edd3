//! A run in a folder: the loop with its checkpoints, stopped and gone on with at will, then the
//! summary and the pictures.

use super::summary::{Summary, draw_losses, plot_inputs};
use super::{Config, Observer, Record, RunFolder, Settings, Splits, State, Trainer};
use crate::error::{Error, Result};
use crate::executor::Executor;
use std::path::Path;
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
/// for file in ["config.toml", "metrics.jsonl", "model.safetensors", "result.json", "plots/loss.png"] {
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
        let folder = RunFolder::create(path, overwrite)?;
        folder.write_config(trainer.config(), executor)?;
        Ok(Self {
            trainer,
            records: Vec::new(),
            folder,
            executor,
            elapsed: Duration::ZERO,
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
        match self.advance(observer) {
            Err(error @ Error::Diverged(_)) => {
                return Err(Error::Diverged(format!(
                    "{error}. {} keeps the run as of its last checkpoint",
                    self.folder.path().display()
                )));
            }
            outcome => outcome?,
        }
        self.folder.write_state(&mut self.trainer, &self.records)?;
        self.elapsed += start.elapsed();
        self.folder.write_seconds(self.elapsed)?;
        Ok(self.trainer.is_done())
    }

    fn advance(&mut self, observer: &mut dyn Observer) -> Result<()> {
        let mut saved = Instant::now();
        while !self.trainer.is_done() && !observer.should_stop() {
            let fresh = self.trainer.advance()?;
            observer.steps(&self.trainer);
            for record in &fresh {
                observer.epoch(record)?;
            }
            self.records.extend(fresh);
            if saved.elapsed() > CHECKPOINT_EVERY && !self.trainer.is_done() {
                self.folder.write_state(&mut self.trainer, &self.records)?;
                saved = Instant::now();
            }
        }
        Ok(())
    }

    /// Measures the best model so far on its own splits, draws its pictures into `plots/` and
    /// writes the summary as `result.json`.
    ///
    /// # Errors
    /// When the device fails or a file cannot be written.
    pub fn summarise(&mut self) -> Result<Summary> {
        let model = self.trainer.best_model()?;
        let plots = self.folder.file("plots");
        let losses = plots.join("loss.png");
        draw_losses(&losses, &self.trainer, &self.records)?;
        let mut summary = Summary::of(
            &self.trainer,
            &model,
            &self.records,
            self.folder.path(),
            self.executor,
        )?;
        summary.seconds = self.elapsed.as_secs_f64();
        summary.files.push(losses);
        let name = self.trainer.config().title();
        summary
            .files
            .extend(plot_inputs(&self.trainer, &model, &name).draw(&plots, self.executor)?);
        self.folder.write_json("result.json", &summary)?;
        Ok(summary)
    }
}

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
/// let mut run = SavedRun::read(folder, Some(5))?.resume(&Cpu, &mut |_| ())?;
/// assert!(run.train(&mut ())?);
/// assert_eq!(run.records().len(), 5);
/// # Ok::<(), nrae::error::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SavedRun {
    folder: RunFolder,
    config: Config,
    state: State,
    records: Vec<Record>,
}

impl SavedRun {
    /// Reads the run in the folder `path`, to train to `epochs` in all where they are given instead
    /// of what it was made for.
    ///
    /// # Errors
    /// When there is no run in the folder, or a file of it is missing or damaged.
    pub fn read(path: &Path, epochs: Option<usize>) -> Result<Self> {
        let folder = RunFolder::open(path)?;
        let mut settings = Settings::from_file(&folder.file("config.toml"))?;
        if let Some(epochs) = epochs {
            settings.set("train.epochs", epochs as i64)?;
        }
        let config = settings.finish()?.found();
        let (state, records) = folder.read_state()?;
        Ok(Self {
            folder,
            config,
            state,
            records,
        })
    }

    /// Its configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Loads its data and puts it on `executor`: on the same device it goes on to the bit as if it
    /// had never been stopped. `graph_progress` is that of [`Trainer::new`].
    ///
    /// # Errors
    /// Those of [`Splits::load`] and [`Trainer::new`]; when there is nothing left to do, or the
    /// checkpoint belongs to another network.
    pub fn resume<'a>(
        self,
        executor: &'a dyn Executor,
        graph_progress: &mut dyn FnMut(f64),
    ) -> Result<Run<'a>> {
        let splits = Splits::load(&self.config)?;
        let mut trainer = Trainer::new(self.config, splits, executor, graph_progress)?;
        trainer.restore(self.state)?;
        if trainer.is_done() {
            return Err(Error::input(format!(
                "{} is done after {} steps: give --epochs N for more than {}",
                self.folder.path().display(),
                trainer.progress().step,
                trainer.config().epochs()
            )));
        }
        self.folder.write_config(trainer.config(), executor)?;
        let elapsed = self.folder.read_seconds();
        Ok(Run {
            trainer,
            records: self.records,
            folder: self.folder,
            executor,
            elapsed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;
    use crate::data::Synthetic;

    fn create(folder: &Path) -> Result<Run<'static>> {
        let mut config = Config {
            seed: 3,
            ..Config::default()
        };
        config.data.synthetic = Some(Synthetic::SwissRollOfficial);
        config.data.validation_fraction = Some(0.2);
        config.net.hidden = vec![16];
        config.net.latent = 1;
        config.neighbours.k = 3;
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
        assert!(!part.join("result.json").exists());
        let mut run = SavedRun::read(part, None)
            .unwrap()
            .resume(&Cpu, &mut |_| ())
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
        let message = SavedRun::read(part, None)
            .unwrap()
            .resume(&Cpu, &mut |_| ())
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
