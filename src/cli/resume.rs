//! `nrae resume`

use super::Outcome;
use super::device::{DeviceArguments, introduction};
use super::run::{OutputOptions, finish};
use super::stop::{self, TimeLimit};
use crate::gpu::Kernels;
use crate::train::SavedRun;
use crate::train::ranks::Ranks;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

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
    pub(super) fn run(mut self, ranks: &Arc<dyn Ranks>) -> Outcome {
        self.limit.start();
        self.voice.hush(ranks.leads());
        let read = if ranks.leads() {
            SavedRun::read
        } else {
            SavedRun::look_at
        };
        let saved = ranks.agree(read(&self.run, self.epochs))?;
        let kernels = match saved.kernels() {
            Some(None) => Kernels::ByShape,
            Some(Some(tuned)) => Kernels::Of(tuned.clone()),
            None => Kernels::AsTimed,
        };
        let executor = self.device.open_in_turn(kernels, ranks.local_rank());
        let (executor, saved) = (ranks.agree(executor)?, saved.among(ranks.clone()));
        if !ranks.leads() {
            stop::listen();
            return saved.follow(&*executor).map(|()| ExitCode::SUCCESS);
        }
        let (bar, mut progress) = self.voice.preparing();
        let begun = saved.has_checkpoint();
        let run = saved.resume(self.force, &*executor, &mut progress)?;
        bar.finish_and_clear();
        let trainer = run.trainer();
        self.voice.say(introduction(&*executor))?;
        self.voice.tell_processes(&**ranks)?;
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
