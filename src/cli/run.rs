//! A run from its first or next step to its pictures: what `train` and `resume` share.

use super::output;
use crate::data::{Dataset, ScalingKind};
use crate::error::{Error, Result};
use crate::eval::{PlotInputs, psnr, rank_correlation};
use crate::executor::Executor;
use crate::net::Parameters;
use crate::plot::{Series, curves};
use crate::train::{Record, RunFolder, Trainer};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Seconds between checkpoints.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(30);
/// Lines of progress where standard error is no terminal.
const LINES: usize = 10;
/// Exit status of a run that Ctrl-C has stopped, as shells have it.
const INTERRUPTED: u8 = 130;

/// Set by Ctrl-C.
static STOP: AtomicBool = AtomicBool::new(false);

/// What a command prints.
#[derive(clap::Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputOptions {
    /// Print only the result, no progress
    #[arg(long)]
    pub(super) quiet: bool,
    /// Print progress and the result as lines of JSON on standard output
    #[arg(long)]
    pub(super) json: bool,
}

impl OutputOptions {
    /// A line about the run, for people.
    pub(super) fn say(self, text: impl std::fmt::Display) -> Result<()> {
        if self.quiet || self.json {
            Ok(())
        } else {
            output::line(text)
        }
    }

    /// A bar of `length` on standard error, where that is a terminal.
    pub(super) fn bar(self, length: u64, template: &str) -> ProgressBar {
        let bar = ProgressBar::new(length);
        if self.quiet || self.json {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        bar.with_style(
            ProgressStyle::with_template(template)
                .expect("a template of ours")
                .progress_chars("━╸─"),
        )
    }

    /// A bar for a share of work that is called with 0 to 1.
    pub(super) fn share(self, what: &str) -> (ProgressBar, impl FnMut(f64)) {
        let bar = self
            .bar(1000, "{msg} {bar:40.cyan/dim} {percent} %  {eta} left")
            .with_message(what.to_owned());
        let handle = bar.clone();
        (bar, move |share: f64| {
            handle.set_position((1000.0 * share) as u64)
        })
    }
}

/// What a run ends with: `result.json`.
#[derive(Clone, Debug, Serialize)]
struct Summary {
    out: PathBuf,
    method: String,
    seed: u64,
    device: String,
    driver: String,
    version: &'static str,
    parameters: usize,
    epochs: usize,
    steps: usize,
    /// Of this invocation.
    seconds: f64,
    loss: f64,
    /// The epoch that the saved model is from.
    best_epoch: usize,
    train_mse: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    validation_mse: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    test_mse: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    test_psnr: Option<f64>,
    /// Spearman's, of one latent dimension with the known coordinate of the training data.
    #[serde(skip_serializing_if = "Option::is_none")]
    rank_correlation: Option<f64>,
    stopped: bool,
    files: Vec<PathBuf>,
}

/// Trains to the end, to validation's verdict, or to Ctrl-C; saves, measures and draws.
///
/// # Errors
/// When training diverges, the device fails, or a file cannot be written. What the last
/// checkpoint holds is kept.
pub(super) fn finish(
    mut trainer: Trainer,
    mut records: Vec<Record>,
    folder: &RunFolder,
    executor: &dyn Executor,
    voice: OutputOptions,
) -> Result<ExitCode> {
    // A second handler is refused where a library user has one already; the run then only cannot be
    // stopped gently.
    let _ = ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED.into());
        }
    });
    let start = Instant::now();
    let outcome = train(&mut trainer, &mut records, folder, voice);
    if let Err(error @ Error::Diverged(_)) = outcome {
        return Err(Error::Diverged(format!(
            "{error}. {} keeps the run as of its last checkpoint",
            folder.path().display()
        )));
    }
    outcome?;
    folder.write_state(&mut trainer, &records)?;
    let stopped = !trainer.is_done();
    if stopped {
        voice.say(format!(
            "Stopped in epoch {} of {}; everything is saved. Resume with: nrae resume {}",
            trainer.progress().step / trainer.steps_per_epoch() + 1,
            trainer.config().train.epochs,
            folder.path().display()
        ))?;
        return Ok(ExitCode::from(INTERRUPTED));
    }
    let summary = summarise(&mut trainer, &records, folder, executor, start.elapsed())?;
    folder.write_json("result.json", &summary)?;
    if voice.json {
        output::json(&serde_json::json!({ "result": summary }))?;
    } else {
        tell(&summary, voice)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn train(
    trainer: &mut Trainer,
    records: &mut Vec<Record>,
    folder: &RunFolder,
    voice: OutputOptions,
) -> Result<()> {
    let epochs = trainer.config().train.epochs;
    let bar = voice.bar(
        trainer.total_steps() as u64,
        "{bar:30.cyan/dim} epoch {msg}  {per_sec} steps  {eta} left",
    );
    bar.set_position(trainer.progress().step as u64);
    bar.reset_eta();
    bar.set_message(format!(
        "{}/{epochs}",
        trainer.progress().step / trainer.steps_per_epoch()
    ));
    let plain = !voice.quiet && !voice.json && !std::io::stderr().is_terminal();
    let mut saved = Instant::now();
    while !trainer.is_done() && !STOP.load(Ordering::Relaxed) {
        let fresh = trainer.advance()?;
        bar.set_position(trainer.progress().step as u64);
        for record in &fresh {
            let validation = record
                .validation_mse
                .map_or(String::new(), |mse| format!("  validation {mse:.5}"));
            let text = format!(
                "{}/{epochs}  loss {:.5}{validation}",
                record.epoch, record.loss
            );
            if plain && (record.epoch * LINES / epochs > (record.epoch - 1) * LINES / epochs) {
                eprintln!("epoch {text}");
            }
            bar.set_message(text);
            if voice.json {
                output::json(record)?;
            }
        }
        records.extend(fresh);
        if saved.elapsed() > CHECKPOINT_EVERY && !trainer.is_done() {
            folder.write_state(trainer, records)?;
            saved = Instant::now();
        }
    }
    bar.finish_and_clear();
    Ok(())
}

fn summarise(
    trainer: &mut Trainer,
    records: &[Record],
    folder: &RunFolder,
    executor: &dyn Executor,
    elapsed: Duration,
) -> Result<Summary> {
    let model = trainer.best_model()?;
    let (progress, config, splits) = (
        trainer.progress().clone(),
        trainer.config(),
        trainer.splits(),
    );
    let mse = |data: &Dataset| model.mean_squared_error(&data.values, executor);
    let test_mse = splits.test.as_ref().map(&mse).transpose()?;
    let rank_correlation = match &splits.train.parameter {
        Some(parameter) if model.network.latent() == 1 => {
            rank_correlation(&model.encode(&splits.train.values, executor)?, parameter)
        }
        _ => None,
    };
    let plots = folder.file("plots");
    let mut files = vec![plots.join("loss.png")];
    draw_losses(&files[0], records)?;
    let neighbourhoods = trainer.graph().map(|graph| {
        (
            graph,
            config.method().map_or(0, |m| m.reconstruction.order()),
        )
    });
    let subject = PlotInputs {
        model: &model,
        train: &splits.train,
        test: splits.test.as_ref(),
        neighbourhoods,
    };
    files.extend(subject.draw(&plots, executor)?);
    Ok(Summary {
        out: folder.path().to_owned(),
        method: config.method.clone(),
        seed: config.seed,
        device: executor.name(),
        driver: executor.driver(),
        version: env!("CARGO_PKG_VERSION"),
        parameters: Parameters::of(&model.network).count(),
        epochs: progress.step / trainer.steps_per_epoch(),
        steps: progress.step,
        seconds: elapsed.as_secs_f64(),
        loss: records.last().map_or(f64::NAN, |record| record.loss),
        best_epoch: progress
            .best
            .map_or(progress.step / trainer.steps_per_epoch(), |(_, epoch)| {
                epoch
            }),
        train_mse: mse(&splits.train)?,
        validation_mse: progress.best.map(|(error, _)| error),
        test_mse,
        // Scaled data of the unit range have a peak of 1; other data have no natural peak.
        test_psnr: test_mse
            .filter(|_| model.scaling.kind == ScalingKind::Unit)
            .map(|mse| psnr(mse, 1.0)),
        rank_correlation,
        stopped: progress.stopped_early,
        files,
    })
}

fn draw_losses(path: &std::path::Path, records: &[Record]) -> Result<()> {
    let mut series = vec![Series {
        name: "training loss".into(),
        points: records
            .iter()
            .map(|record| (record.epoch as f64, record.loss))
            .collect(),
    }];
    for name in records
        .first()
        .into_iter()
        .flat_map(|record| record.parts.keys())
    {
        let points = records
            .iter()
            .filter_map(|record| Some((record.epoch as f64, *record.parts.get(name)?)));
        series.push(Series {
            name: name.replace('_', " "),
            points: points.collect(),
        });
    }
    let validation: Vec<_> = records
        .iter()
        .filter_map(|record| Some((record.epoch as f64, record.validation_mse?)))
        .collect();
    if !validation.is_empty() {
        series.push(Series {
            name: "validation MSE".into(),
            points: validation,
        });
    }
    curves(path, "Training", "mean squared error per element", &series)
}

fn tell(summary: &Summary, voice: OutputOptions) -> Result<()> {
    if !voice.quiet {
        output::line(format!(
            "Trained {} for {} epochs ({} steps) in {:.1} s{}.",
            summary.method,
            summary.epochs,
            summary.steps,
            summary.seconds,
            if summary.stopped {
                ", until validation no longer improved"
            } else {
                ""
            }
        ))?;
    }
    let mut line = format!("MSE: training {:.6}", summary.train_mse);
    if let Some(mse) = summary.validation_mse {
        line += &format!(", validation {mse:.6} (epoch {})", summary.best_epoch);
    }
    if let Some(mse) = summary.test_mse {
        line += &format!(", test {mse:.6}");
    }
    if let Some(psnr) = summary.test_psnr {
        line += &format!(" (PSNR {psnr:.2} dB)");
    }
    if let Some(correlation) = summary.rank_correlation {
        line += &format!("; rank correlation of latent and coordinate {correlation:.4}");
    }
    output::line(line)?;
    if voice.quiet {
        return Ok(());
    }
    output::line(format!("Wrote {}", summary.out.display()))?;
    for (name, what) in [
        (
            "model.safetensors",
            "weights, for nrae and for PyTorch's load_state_dict",
        ),
        ("metrics.jsonl", "one line per epoch"),
        ("config.toml", "every setting, to train again"),
        ("result.json", "these figures"),
        ("checkpoint", "for nrae resume"),
    ] {
        output::line(format!("  {name:<18} {what}"))?;
    }
    for file in &summary.files {
        output::line(format!(
            "  {}",
            file.strip_prefix(&summary.out).unwrap_or(file).display()
        ))?;
    }
    Ok(())
}
