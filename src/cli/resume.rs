//! `nrae resume`

use super::Outcome;
use super::device::DeviceArguments;
use super::run::{OutputOptions, finish};
use crate::error::Error;
use crate::train::{RunFolder, Settings, Splits, Trainer};
use std::path::PathBuf;

/// Go on with a run that was stopped
///
/// On the same device the result is the same to the bit as that of a run that was never stopped.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  nrae resume runs/digits-nrae-q\n  nrae resume runs/digits-nrae-q --epochs 400"
)]
pub(super) struct ResumeArguments {
    /// The folder of the run
    run: PathBuf,
    /// Train to this many epochs in all instead of what the run was made for
    #[arg(long)]
    epochs: Option<usize>,
    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten)]
    voice: OutputOptions,
}

impl ResumeArguments {
    pub(super) fn run(self) -> Outcome {
        let folder = RunFolder::open(&self.run)?;
        let mut settings = Settings::from_file(&folder.file("config.toml"))?;
        if let Some(epochs) = self.epochs {
            settings.set("train.epochs", epochs as i64)?;
        }
        let config = settings.finish()?;
        let (state, records) = folder.read_state()?;
        let executor = self.device.open()?;
        let splits = Splits::load(&config)?;
        let (bar, mut progress) = self.voice.share("Finding neighbours");
        let mut trainer = Trainer::new(config, splits, &*executor, &mut progress)?;
        bar.finish_and_clear();
        trainer.restore(state)?;
        if trainer.is_done() {
            return Err(Error::input(format!(
                "{} is done after {} steps: give --epochs N for more than {}",
                self.run.display(),
                trainer.progress().step,
                trainer.config().train.epochs
            )));
        }
        self.voice.say(format!(
            "Device: {}, {}",
            executor.name(),
            executor.driver()
        ))?;
        self.voice.say(format!(
            "Going on after step {} of {}.",
            trainer.progress().step,
            trainer.total_steps()
        ))?;
        folder.write_config(trainer.config(), &*executor)?;
        finish(trainer, records, &folder, &*executor, self.voice)
    }
}
