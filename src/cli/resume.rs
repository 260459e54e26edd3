//! `nrae resume`

use super::Outcome;
use super::device::DeviceArguments;
use super::run::{OutputOptions, finish};
use crate::train::SavedRun;
use std::path::PathBuf;

/// Resume a run that was stopped
///
/// On the same device the result is bit for bit that of a run that was never stopped.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  nrae resume runs/digits-nrae-q\n  nrae resume runs/digits-nrae-q --epochs 400"
)]
pub(super) struct ResumeArguments {
    /// The run folder
    run: PathBuf,
    /// Train to this many epochs in total instead of the number that the run was started with
    #[arg(long)]
    epochs: Option<usize>,
    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten)]
    voice: OutputOptions,
}

impl ResumeArguments {
    pub(super) fn run(self) -> Outcome {
        let saved = SavedRun::read(&self.run, self.epochs)?;
        let executor = self.device.open()?;
        let (bar, mut progress) = self.voice.share("Finding neighbours");
        let run = saved.resume(&*executor, &mut progress)?;
        bar.finish_and_clear();
        let trainer = run.trainer();
        self.voice.say(format!(
            "Device: {}, {}",
            executor.name(),
            executor.driver()
        ))?;
        self.voice.say(format!(
            "Resuming after step {} of {}.",
            trainer.progress().step,
            trainer.total_steps()
        ))?;
        finish(run, self.voice)
    }
}
