//! A run as the command line shows it: what `train` and `resume` share.

use super::{messages, output, stop};
use crate::error::Result;
use crate::train::ranks::{Launch, Ranks};
use crate::train::{Observer, Record, Run, SplitErrors, Summary, Trainer};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Instant;

/// Lines of progress where standard error is no terminal.
const LINES: usize = 10;

/// Seconds of training that are told beforehand where standard error is no terminal.
const LONG: f64 = 90.0;

/// Whether a line of progress is due after `done` of `all` epochs.
pub(super) fn line_is_due(done: usize, all: usize) -> bool {
    done * LINES / all > (done - 1) * LINES / all
}

/// What a command prints.
#[derive(clap::Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Device and output")]
pub(super) struct OutputOptions {
    /// Print only the result
    #[arg(long)]
    pub(super) quiet: bool,
    /// Print lines of JSON instead of text
    #[arg(long, hide_short_help = true)]
    pub(super) json: bool,
}

impl OutputOptions {
    /// Says nothing where another process `leads`.
    pub(super) fn hush(&mut self, leads: bool) {
        if !leads {
            (self.quiet, self.json) = (true, false);
        }
    }

    /// How many processes train, where there are several.
    pub(super) fn tell_processes(self, ranks: &dyn Ranks) -> Result<()> {
        match ranks.size() {
            1 => Ok(()),
            size => self.say(format!(
                "Processes: {size}, each on a device like this with an equal part of every batch"
            )),
        }
    }

    /// How many processes share the runs, where several were started together.
    pub(super) fn tell_share(self, launch: Launch) -> Result<()> {
        match launch.size {
            1 => Ok(()),
            size => self.say(format!(
                "Processes: {size}, each of which makes the next run that nobody has"
            )),
        }
    }

    /// A line about work that goes on, for people, whether they read it or not.
    pub(super) fn say(self, text: impl std::fmt::Display) -> Result<()> {
        if self.quiet || self.json {
            Ok(())
        } else {
            output::news(text).map(|_| ())
        }
    }

    /// Whether progress is told in lines, since standard error is no terminal that shows a bar.
    pub(super) fn in_lines(self) -> bool {
        !self.quiet && !self.json && !std::io::stderr().is_terminal()
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

/// Trains to the end, to validation's verdict, or until something [stops](stop) it; then tells what
/// came of it.
///
/// # Errors
/// Those of [`Run::train`] and [`Run::summarise`], and when standard output is closed.
pub(super) fn finish(mut run: Run, voice: OutputOptions) -> Result<ExitCode> {
    stop::listen();
    messages::write(run.folder().path(), &[])?;
    let mut progress = Progress::of(run.trainer(), voice);
    let done = run.train(&mut progress)?;
    progress.bar.finish_and_clear();
    if let (false, Some(cause)) = (done, stop::asked()) {
        let trainer = run.trainer();
        voice.say(format!(
            "Stopped by {cause} in epoch {} of {}; everything is saved. Resume with: nrae resume {}",
            trainer.progress().step / trainer.steps_per_epoch() + 1,
            trainer.config().epochs(),
            run.folder().path().display()
        ))?;
        return Ok(stop::status());
    }
    let path = run.folder().path().to_owned();
    let summary = run.summarise_and(&mut |summary| messages::write(&path, &summary.warnings))?;
    if voice.json {
        output::json(&serde_json::json!({ "result": summary }))?;
    } else {
        tell(&summary, voice)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A bar, or some lines where there is no terminal; and every epoch as JSON where that is wanted.
struct Progress {
    bar: ProgressBar,
    epochs: usize,
    /// Whether lines wait for an epoch with a validation error.
    validated: bool,
    /// Whether a line is due.
    due: bool,
    in_lines: bool,
    json: bool,
    /// When it began; nothing once the first epoch has been told.
    began: Option<Instant>,
}

impl Progress {
    fn of(trainer: &Trainer, voice: OutputOptions) -> Self {
        let epochs = trainer.config().epochs();
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
        Self {
            bar,
            epochs,
            validated: trainer.splits().validation.is_some(),
            due: false,
            in_lines: voice.in_lines(),
            json: voice.json,
            began: Some(Instant::now()),
        }
    }

    /// After the first epoch, how long the others take, where they are long in coming.
    fn estimate(&mut self, epoch: usize) {
        let Some(began) = self.began.take() else {
            return;
        };
        let left = began.elapsed().as_secs_f64() * self.epochs.saturating_sub(epoch) as f64;
        if self.in_lines && left > LONG {
            output::aside(format!(
                "epoch {epoch}/{}  about {:.0} min left",
                self.epochs,
                (left / 60.0).ceil()
            ));
        }
    }
}

impl Observer for Progress {
    fn steps(&mut self, trainer: &Trainer) {
        self.bar.set_position(trainer.progress().step as u64);
    }

    fn epoch(&mut self, record: &Record) -> Result<()> {
        self.estimate(record.epoch);
        let epochs = self.epochs;
        let validation = record
            .validation_mse
            .map_or(String::new(), |mse| format!("  validation {mse:.5}"));
        let text = format!(
            "{}/{epochs}  loss {:.5}{validation}",
            record.epoch, record.loss
        );
        self.due |= line_is_due(record.epoch, epochs);
        let ready = record.validation_mse.is_some() || !self.validated;
        if self.due && ready {
            self.due = false;
            if self.in_lines {
                output::aside(format!("epoch {text}"));
            }
        }
        // A bar keeps the last error until there is another.
        if ready {
            self.bar.set_message(text);
        }
        if self.json && !output::json_news(record)? {
            self.json = false;
            output::aside("nrae: nobody reads standard output any more; the run goes on");
        }
        Ok(())
    }

    fn should_stop(&self) -> bool {
        stop::asked().is_some()
    }
}

/// The same errors in other units: relative to the data's variance, beside PCA's, and unscaled.
fn tell_errors(summary: &Summary) -> Result<()> {
    let of_splits = |text: &dyn Fn(&SplitErrors) -> Option<String>| -> Option<String> {
        let named = [
            ("train", "training"),
            ("validation", "validation"),
            ("test", "test"),
        ];
        let given = named.iter().filter_map(|(key, name)| {
            let errors = summary.errors.get(key)?;
            Some(format!("{name} {}", text(errors)?))
        });
        let given: Vec<_> = given.collect();
        (!given.is_empty()).then(|| given.join(", "))
    };
    let percent = |share: f64| format!("{:.2} %", 100.0 * share);
    let lines = [
        (
            "of the data's variance",
            of_splits(&|errors| errors.relative.map(percent)),
        ),
        (
            "PCA with as many dimensions, MSE",
            of_splits(&|errors| errors.pca_mse.map(|mse| format!("{mse:.6}"))),
        ),
        (
            "MSE in the data's own units",
            of_splits(&|errors| {
                (errors.mse != errors.mse_original).then(|| own_units(errors.mse_original))
            }),
        ),
    ];
    for (name, text) in lines {
        if let Some(text) = text {
            output::line(format!("  {name}: {text}"))?;
        }
    }
    Ok(())
}

/// Six decimals, or four digits with an exponent where those would be a wall of digits.
fn own_units(mse: f64) -> String {
    if mse == 0.0 || (1e-3..1e6).contains(&mse) {
        format!("{mse:.6}")
    } else {
        format!("{mse:.3e}")
    }
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
    tell_errors(summary)?;
    for warning in &summary.warnings {
        messages::warn(warning)?;
    }
    output::line(format!("Wrote {}", summary.out.display()))?;
    if voice.quiet {
        return Ok(());
    }
    for (name, what) in [
        (
            "model.safetensors",
            "weights, for nrae and for PyTorch's load_state_dict",
        ),
        ("report.html", "all of it as a page, with what to try next"),
        ("metrics.csv", "one row per epoch; also as metrics.jsonl"),
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
    output::line(format!(
        "Look at its latent space in a browser: nrae explore {}",
        summary.out.display()
    ))
}
