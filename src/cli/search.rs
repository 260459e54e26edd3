//! `nrae search`

use super::device::{DeviceArguments, introduction};
use super::run::OutputOptions;
use super::settings::{SettingArguments, at_least_one};
use super::{Outcome, output};
use crate::error::Result;
use crate::gpu::Kernels;
use crate::ranks::Launch;
use crate::train::Observer;
use crate::train::sweep::{Axis, Choice, ChoiceSummary, Sweep, Trial, describe, table};
use indicatif::ProgressBar;
use std::path::PathBuf;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  nrae search --data data/digits.npy --method wae --validation 0.1 --over mmd.weight=0.01,0.1,1 --seeds 1,2,3 --out runs/wae
  nrae search configs/sin.toml --over k=5,10 --over lambda=0.1,0.5,1,10 --random 4 --out runs/sin-search

Runs already in the folder's results.jsonl are not repeated, so a search that was stopped can be resumed. The same command, started \
several times (by hand, srun or mpirun), shares the runs: each process makes the next one that nobody has, and what a process that is \
lost was making is made again.
At the end it writes a table (table.md) and the best configuration (best.toml).";

/// Train over a grid of settings and seeds, and select by validation
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct SearchArguments {
    #[command(flatten)]
    settings: SettingArguments,
    /// A setting, by its key or flag, and values to try; several times for a grid
    #[arg(long, value_name = "KEY=V,V,...", required = true)]
    over: Vec<String>,
    /// Try only N combinations, drawn at random
    #[arg(long, value_name = "N")]
    random: Option<usize>,
    /// Seeds to run for each combination
    #[arg(
        long,
        value_name = "N,N,...",
        value_delimiter = ',',
        default_value = "1,2,3"
    )]
    seeds: Vec<u64>,
    /// Runs of one structure that train side by side, at most [default: as many as pay]
    #[arg(long, value_name = "N", hide_short_help = true, value_parser = at_least_one())]
    at_once: Option<usize>,
    /// The folder to write
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten)]
    voice: OutputOptions,
}

impl SearchArguments {
    pub(super) fn run(mut self, launch: Launch) -> Outcome {
        self.voice.hush(launch.leads());
        let base = self.settings.settings()?;
        let axes = self
            .over
            .iter()
            .map(|text| Axis::parse(text))
            .collect::<Result<Vec<_>>>()?;
        let sweep = Sweep::new(base, &axes, self.random, self.seeds.clone())?
            .at_most_at_once(self.at_once)
            .among(launch.size);
        let searched = self.search(&sweep, launch);
        let summaries = searched.inspect_err(|error| output::own(error, launch))?;
        if !launch.leads() {
            return Ok(ExitCode::SUCCESS);
        }
        if self.voice.json {
            output::json(&serde_json::json!({ "result": summaries }))?;
        } else {
            output::line(table(&summaries).trim_end())?;
            let out = self.out.display();
            self.voice.say(format!(
                "Wrote table.md, results.jsonl and best.toml to {out}"
            ))?;
            self.voice.say(format!(
                "Best: {}. Train it with: nrae train {out}/best.toml",
                describe(&summaries[0].choice)
            ))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Makes the runs, or some of them where others make the rest.
    fn search(&self, sweep: &Sweep, launch: Launch) -> Result<Vec<ChoiceSummary>> {
        let executor = self
            .device
            .open_in_turn(Kernels::AsTimed, launch.local_rank)?;
        self.voice.say(introduction(&*executor))?;
        self.voice.tell_share(launch)?;
        let mut progress = Progress::new(sweep.trials().len(), self.voice);
        let summaries = sweep.run(&self.out, &*executor, &mut progress)?;
        progress.bar.finish_and_clear();
        Ok(summaries.expect("nothing stops it"))
    }
}

/// A bar of the runs, or lines; and every new one as JSON where that is wanted.
pub(super) struct Progress {
    pub(super) bar: ProgressBar,
    json: bool,
    in_lines: bool,
}

impl Progress {
    /// Of so many runs.
    pub(super) fn new(runs: usize, voice: OutputOptions) -> Self {
        Self {
            bar: voice.bar(
                runs as u64,
                "{bar:30.cyan/dim} run {pos}/{len}  {eta} left  {msg}",
            ),
            json: voice.json,
            in_lines: voice.in_lines(),
        }
    }

    /// The time that the runs that are left will take, as far as those before tell.
    fn left(&self) -> String {
        let (done, all) = (self.bar.position(), self.bar.length().unwrap_or(0));
        let left = self.bar.elapsed().as_secs_f64() / done.max(1) as f64 * (all - done) as f64;
        match left {
            _ if done == all => String::new(),
            _ if left < 90.0 => format!("  about {left:.0} s left"),
            _ => format!("  about {:.0} min left", left / 60.0),
        }
    }
}

impl Observer for Progress {
    fn trial_begins(&mut self, choice: &Choice, seed: u64) {
        self.bar
            .set_message(format!("{}, seed {seed}", describe(choice)));
    }

    fn trial(&mut self, trial: &Trial, fresh: bool) -> Result<()> {
        if fresh && self.json && !output::json_news(trial)? {
            self.json = false;
            output::aside("nrae: nobody reads standard output any more; the search goes on");
        }
        self.bar.inc(1);
        if self.in_lines {
            let outcome = match trial.validation_mse {
                _ if !fresh => "already done".to_owned(),
                Some(mse) => format!("validation {mse:.6}, {:.1} s", trial.seconds),
                None => "diverged".to_owned(),
            };
            let (done, all) = (self.bar.position(), self.bar.length().unwrap_or(0));
            output::aside(format!(
                "run {done}/{all}  {}, seed {}: {outcome}{}",
                describe(&trial.choice),
                trial.seed,
                self.left()
            ));
        }
        Ok(())
    }
}
