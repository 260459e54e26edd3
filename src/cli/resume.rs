//! `nrae resume`

use super::Outcome;
use super::device::{DeviceArguments, introduction};
use super::run::{OutputOptions, finish};
use super::stop::TimeLimit;
use crate::gpu::Kernels;
use crate::train::SavedRun;
use std::path::PathBuf;

/// Resume a run that was stopped
///
/// On the same device the result is bit for bit that of a run that was never stopped. A run that was
/// killed before its first checkpoint starts again; one that lacks only its result gets it. After
/// validation has ended a run, --epochs goes on all the same.
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
    /// Go on although the data or the settings are no longer those of the checkpoint
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    limit: TimeLimit,
    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten)]
    voice: OutputOptions,
}

impl ResumeArguments {
    pub(super) fn run(self) -> Outcome {
        self.limit.start();
        let saved = SavedRun::read(&self.run, self.epochs)?;
        let executor = self.device.open_with(match saved.kernels() {
            Some(None) => Kernels::ByShape,
            Some(Some(tuned)) => Kernels::Of(tuned.clone()),
            None => Kernels::AsTimed,
        })?;
        let (bar, mut progress) = self.voice.preparing();
        let begun = saved.has_checkpoint();
        let run = saved.resume(self.force, &*executor, &mut progress)?;
        bar.finish_and_clear();
        let trainer = run.trainer();
        self.voice.say(introduction(&*executor))?;
        let (step, steps) = (trainer.progress().step, trainer.total_steps());
        self.voice.say(if !begun {
            "It was stopped before its first checkpoint, so it starts again from its config.toml."
                .into()
        } else if trainer.is_done() {
            format!("All {step} steps are done; only the result was missing.")
        } else {
            format!("Resuming after step {step} of {steps}.")
        })?;
        finish(run, self.voice)
    }
}
