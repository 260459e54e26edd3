//! `nrae reproduce`

use super::device::DeviceArguments;
use super::run::OutputOptions;
use super::settings::at_least_one;
use super::{Outcome, output, stop};
use crate::error::{Error, Result, nearest};
use crate::gpu::Kernels;
use crate::ranks::Launch;
use crate::reproduce::{
    Cache, Event, Experiment, Listener, Made, Outcome as Ending, Plan, Scale, make, write_report,
};
use indicatif::ProgressBar;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

const EXAMPLES: &str = "\
Examples:
  nrae reproduce --list
  nrae reproduce table1 --scale tiny
  nrae reproduce table1 figure7 --scale small --out results
  NRAE_DATA=FOLDER nrae reproduce all --budget 10m
  nrae reproduce mine --experiments my-experiments      runs my-experiments/mine.toml

An experiment is a file of settings; those that come with the program are in `experiments/` of its source, and a file of the same name \
in the folder of --experiments is taken instead. Every run is kept in OUT/runs as soon as it has ended, under a hash of its settings \
and of the version that gives its figures, so that a call that was stopped goes on where it was; runs of a file of data that has changed \
since are made again. Runs of the same settings are made once, also by several processes that are started at the same time (by hand, srun or \
mpirun), which make the run of one that was lost again; files from other machines may be copied into that folder. `docs/measures.md` defines what is measured.";

/// Run the paper's tables and figures again, and put the results beside the paper's
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct ReproduceArguments {
    /// Experiments, or `all`
    #[arg(value_name = "NAME", required_unless_present = "list")]
    names: Vec<String>,
    /// Show the experiments with their numbers of runs
    #[arg(long)]
    list: bool,
    /// How much is run
    #[arg(long, value_enum, default_value = "small")]
    scale: Scale,
    /// Only runs of this protocol: `released`, `tuned` or another that the experiment has
    #[arg(long, value_name = "NAME")]
    protocol: Option<String>,
    /// As many runs as fit in this time, e.g. `90s`, `10m` or `2h`, the most telling first
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    budget: Option<Duration>,
    /// A folder of further experiments
    #[arg(long, value_name = "DIR")]
    experiments: Option<PathBuf>,
    /// The folder to write the report into
    #[arg(long, value_name = "DIR", default_value = "results")]
    out: PathBuf,
    /// The folder that keeps runs [default: OUT/runs]
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Seeds and tries of a cell that train side by side, at most [default: as many as pay]
    #[arg(long, value_name = "N", hide_short_help = true, value_parser = at_least_one())]
    at_once: Option<usize>,
    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten)]
    voice: OutputOptions,
}

impl ReproduceArguments {
    pub(super) fn run(mut self, launch: Launch) -> Outcome {
        self.voice.hush(launch.leads());
        let experiments = Experiment::all(self.experiments.as_deref())?;
        if self.list {
            return match launch.leads() {
                true => self.show(experiments),
                false => Ok(ExitCode::SUCCESS),
            };
        }
        let plans: Vec<Plan> = self
            .chosen(&experiments)?
            .into_iter()
            .map(|experiment| Plan::new(experiment, self.scale, self.protocol.as_deref()))
            .collect::<Result<_>>()?;
        if plans.iter().all(Plan::is_empty) {
            return Err(Error::input(
                "there is nothing to run: no experiment has such a protocol",
            ));
        }
        let made = self.make(&experiments, &plans, launch);
        let (made, files) = made.inspect_err(|error| output::own(error, launch))?;
        if launch.leads() {
            self.tell(&made, &files)?;
        }
        Ok(match made.stopped {
            true => stop::status(),
            false => ExitCode::SUCCESS,
        })
    }

    /// Makes the runs, or some of them where others make the rest, and writes the report. Every process
    /// does that, since the last to end, which finds most of the runs, may be any of them.
    fn make(
        &self,
        experiments: &[Experiment],
        plans: &[Plan],
        launch: Launch,
    ) -> Result<(Made, Vec<PathBuf>)> {
        let cache = Cache::open(&self.cache.clone().unwrap_or_else(|| self.out.join("runs")))?;
        let executor = self
            .device
            .open_in_turn(Kernels::AsTimed, launch.local_rank)?;
        self.voice.say(format!(
            "Device: {}, {}",
            executor.name(),
            executor.driver()
        ))?;
        self.voice.tell_share(launch)?;
        stop::listen();
        let deadline = self.budget.map(|budget| Instant::now() + budget);
        let mut progress = Progress {
            bar: self
                .voice
                .bar(1, "{bar:30.cyan/dim} run {pos}/{len}  {msg}"),
            voice: self.voice,
        };
        let made = make(
            plans,
            &cache,
            &*executor,
            deadline,
            self.at_once,
            launch.size,
            &mut progress,
        )?;
        progress.bar.finish_and_clear();
        let reported = self.reported(experiments, &cache);
        let files = write_report(&reported, &cache, &made, &self.out)?;
        Ok((made, files))
    }

    /// What has come of it.
    fn tell(&self, made: &Made, files: &[PathBuf]) -> Result<()> {
        if self.voice.json {
            let result = serde_json::json!({ "done": made.done, "all": made.all, "stopped": made.stopped, "files": files });
            output::json(&serde_json::json!({ "result": result }))?;
        } else {
            let rest = match made.all - made.done {
                0 => String::new(),
                rest => format!(", {rest} are missing: the same command goes on with them"),
            };
            output::line(format!(
                "{} of {} runs are there{rest}.",
                made.done, made.all
            ))?;
            for file in files {
                output::line(format!("Wrote {}", file.display()))?;
            }
        }
        Ok(())
    }

    /// The experiments that are named.
    fn chosen(&self, experiments: &[Experiment]) -> Result<Vec<Experiment>> {
        if self.names == ["all"] {
            return Ok(experiments.to_vec());
        }
        let find = |name: &String| {
            let found = experiments
                .iter()
                .find(|experiment| experiment.name == *name);
            found.cloned().ok_or_else(|| {
                let hint = nearest(name, experiments, |experiment| &experiment.name)
                    .map_or(String::new(), |near| {
                        format!(": did you mean {}?", near.name)
                    });
                Error::input(format!(
                    "there is no experiment `{name}`{hint} `nrae reproduce --list` shows all"
                ))
            })
        };
        self.names.iter().map(find).collect()
    }

    /// What the report is of: the experiments that are named, and others of which the cache holds runs.
    fn reported(&self, experiments: &[Experiment], cache: &Cache) -> Vec<Plan> {
        let plans = experiments.iter().filter_map(|experiment| {
            let plan = Plan::new(experiment.clone(), self.scale, None).ok()?;
            let named = self.names == ["all"] || self.names.contains(&experiment.name);
            (named || plan.has_runs(cache)).then_some(plan)
        });
        plans.collect()
    }

    fn show(&self, experiments: Vec<Experiment>) -> Outcome {
        for experiment in experiments {
            let runs = |scale| match experiment.amount(scale) {
                Err(_) => Ok(None),
                Ok(_) => Plan::new(experiment.clone(), scale, self.protocol.as_deref())
                    .map(|plan| Some(plan.runs())),
            };
            let [tiny, small, full] = [runs(Scale::Tiny)?, runs(Scale::Small)?, runs(Scale::Full)?];
            let (name, title) = (&experiment.name, &experiment.title);
            if self.voice.json {
                let runs = serde_json::json!({ "tiny": tiny, "small": small, "full": full });
                output::json(&serde_json::json!({ "name": name, "title": title, "runs": runs }))?;
            } else {
                let [tiny, small, full] = [tiny, small, full]
                    .map(|runs| runs.map_or("no".to_owned(), |runs| runs.to_string()));
                output::line(format!(
                    "{name:<11} {title}\n            runs: {tiny} tiny, {small} small, {full} full"
                ))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A bar, lines, or JSON.
struct Progress {
    bar: ProgressBar,
    voice: OutputOptions,
}

impl Listener for Progress {
    fn event(&mut self, event: Event, done: usize, all: usize, left: Option<f64>) -> Result<()> {
        let left = left.map_or(String::new(), |seconds| {
            format!(", about {} left", spoken(seconds))
        });
        self.bar.set_length(all as u64);
        self.bar.set_position(done as u64);
        let said = match event {
            Event::Begins { what } => {
                self.bar.set_message(format!("{what}{left}"));
                return Ok(());
            }
            Event::Ended { fresh: false, .. } => return Ok(()),
            Event::Ended {
                what,
                ended,
                fresh: true,
            } => {
                if self.voice.json {
                    let line = serde_json::json!({ "run": what, "key": ended.run.key(), "seconds": ended.seconds, "at_once": ended.at_once, "outcome": ended.outcome, "measures": ended.measures });
                    output::json_news(&line)?;
                }
                let result = match (
                    &ended.outcome,
                    ended
                        .measures
                        .get("test_mse")
                        .or(ended.measures.get("validation_mse")),
                ) {
                    (Ending::Done, Some(mse)) => format!("MSE {mse:.5}"),
                    (Ending::Done, None) => "done".into(),
                    (Ending::Diverged(_), _) => "diverged".into(),
                    (Ending::Failed(why), _) => format!("failed: {why}"),
                };
                format!(
                    "run {done}/{all}  {what}: {result}, {:.1} s{left}",
                    ended.seconds
                )
            }
            Event::NotRun { what, reason } => {
                if self.voice.json {
                    output::json_news(&serde_json::json!({ "run": what, "not_run": reason }))?;
                }
                format!("not run: {what}: {reason}")
            }
        };
        if self.voice.in_lines() {
            output::aside(said);
        }
        Ok(())
    }

    fn should_stop(&self) -> bool {
        stop::asked().is_some()
    }
}

/// Seconds as a person says them.
fn spoken(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}
