//! `nrae train --seeds`: one run a seed, side by side where that pays, and what they have in common.

use super::TrainArguments;
use crate::cli::compare::comparison;
use crate::cli::run::{OutputOptions, line_is_due};
use crate::cli::settings::free_folder;
use crate::cli::{Outcome, messages, output, stop};
use crate::error::Result;
use crate::executor::Executor;
use crate::train::sweep::mean_and_deviation;
use crate::train::{
    Config, Grouping, Observer, Record, RecordedRun, Run, Splits, Summary, Trainer,
};
use indicatif::ProgressBar;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

/// What `--seeds` says.
#[derive(Clone, Debug)]
pub(super) enum Seeds {
    /// So many, from the seed of the settings on.
    Count(u64),
    /// These.
    List(Vec<u64>),
}

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let numbers: Option<Vec<u64>> = text.split(',').map(|n| n.trim().parse().ok()).collect();
        match numbers.as_deref() {
            Some([count]) if *count > 0 => Ok(Self::Count(*count)),
            Some([first, others @ ..]) if !others.is_empty() => {
                let mut seeds = vec![*first];
                for seed in others {
                    if seeds.contains(seed) {
                        return Err(format!("{seed} is there twice"));
                    }
                    seeds.push(*seed);
                }
                Ok(Self::List(seeds))
            }
            _ => Err("give how many, such as 10, or a list, such as 1,2,3".to_owned()),
        }
    }
}

impl Seeds {
    fn from(&self, first: u64) -> Vec<u64> {
        match self {
            Self::Count(count) => (0..*count).map(|i| first.saturating_add(i)).collect(),
            Self::List(seeds) => seeds.clone(),
        }
    }
}

/// A run before it begins: what was asked for, and where it goes.
struct Planned {
    asked: Config,
    folder: PathBuf,
}

/// What has come of the runs so far.
#[derive(Default)]
struct Outcomes {
    /// The method that was last told about.
    introduced: Option<String>,
    summaries: Vec<Summary>,
    /// Methods of those that diverged.
    diverged: Vec<String>,
    interrupted: bool,
}

impl TrainArguments {
    /// Trains every one of `methods` with every one of `seeds`, each run into a folder of its own.
    pub(super) fn train_seeds(mut self, seeds: &Seeds, methods: &[String]) -> Outcome {
        let planned = self.plan(seeds, methods)?;
        let executor = self.device.open()?;
        stop::listen();
        let mut outcomes = Outcomes::default();
        let mut grouping = Grouping::new(&*executor, self.at_once);
        for one in planned {
            let splits = Splits::load(&one.asked)?;
            let (bar, mut progress) = self.voice.preparing();
            let run = RecordedRun::new(one.asked.clone(), splits, &*executor, &mut progress)?;
            bar.finish_and_clear();
            if let Some(group) = grouping.push(run, one)? {
                self.finish_group(group, &*executor, &mut outcomes)?;
            }
            if outcomes.interrupted {
                return Ok(stop::status());
            }
        }
        for group in grouping.rest() {
            self.finish_group(group, &*executor, &mut outcomes)?;
            if outcomes.interrupted {
                return Ok(stop::status());
            }
        }
        outcomes.tell(self.voice)?;
        Ok(match outcomes.diverged.is_empty() {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        })
    }

    /// All runs. Every setting is looked at before the first begins.
    fn plan(&mut self, seeds: &Seeds, methods: &[String]) -> Result<Vec<Planned>> {
        let several = methods.len() > 1;
        let mut planned = Vec::new();
        for method in methods {
            if several {
                self.settings.set_method(method.clone());
            }
            let base = self.settings.settings()?;
            let config = base.clone().finish()?;
            let what = match several {
                true => "methods".to_owned(),
                false => format!("{}-seeds", config.method),
            };
            let parent = self
                .out
                .get_or_insert_with(|| free_folder(&config, &what))
                .clone();
            let parent = if several { parent.join(method) } else { parent };
            for seed in seeds.from(config.seed) {
                let mut settings = base.clone();
                settings.set_seed(seed)?;
                planned.push(Planned {
                    asked: settings.finish()?,
                    folder: parent.join(format!("seed-{seed}")),
                });
            }
        }
        Ok(planned)
    }

    /// Trains a group of runs and tells what came of each. One that diverges does not end the others.
    fn finish_group(
        &self,
        group: Vec<(RecordedRun, Planned)>,
        executor: &dyn Executor,
        outcomes: &mut Outcomes,
    ) -> Result<()> {
        let (recorded, planned): (Vec<_>, Vec<Planned>) = group.into_iter().unzip();
        let trainers = Trainer::of_group(recorded, executor)?;
        let runs = trainers.into_iter().zip(&planned);
        let mut runs = runs
            .map(|(trainer, planned)| self.create(trainer, &planned.folder, executor))
            .collect::<Result<Vec<_>>>()?;
        let method = &planned[0].asked.method;
        if outcomes.introduced.as_ref() != Some(method) {
            self.introduce(&planned[0].asked, runs[0].trainer().splits(), executor)?;
            self.tell_start(&planned[0].asked, runs[0].trainer())?;
            outcomes.introduced = Some(method.clone());
        }
        if runs.len() > 1 {
            let seeds = runs
                .iter()
                .map(|run| run.trainer().config().seed.to_string());
            let seeds = seeds.collect::<Vec<_>>().join(", ");
            self.voice.say(format!(
                "Side by side: {} runs, of the seeds {seeds}",
                runs.len()
            ))?;
        }
        for run in &mut runs {
            messages::write(run.folder().path(), &[])?;
        }
        let mut observers = Progress::of(&runs, self.voice);
        let ended = Run::train_together(&mut runs, &mut observers)?;
        observers[0].bar.finish_and_clear();
        for (run, ended) in runs.iter_mut().zip(ended) {
            let config = run.trainer().config();
            let (seed, method) = (config.seed, config.method.clone());
            let path = run.folder().path().to_owned();
            match ended {
                Ok(true) => {
                    let summary = run
                        .summarise_and(&mut |summary| messages::write(&path, &summary.warnings))?;
                    tell(&summary, &path, self.voice)?;
                    outcomes.summaries.push(summary);
                }
                Ok(false) => {
                    outcomes.interrupted = true;
                    self.voice.say(format!(
                        "Stopped seed {seed}; everything is saved. Resume with: nrae resume {}",
                        path.display()
                    ))?;
                }
                Err(error) => {
                    output::aside(format!("nrae: {method}, seed {seed}: {error}"));
                    outcomes.diverged.push(method);
                }
            }
        }
        Ok(())
    }
}

/// What came of a run, in a line.
fn tell(summary: &Summary, path: &Path, voice: OutputOptions) -> Result<()> {
    if voice.json {
        return output::json(&serde_json::json!({ "result": summary }));
    }
    let of = |name: &str, mse: Option<f64>| {
        mse.map_or(String::new(), |mse| format!(", {name} {mse:.6}"))
    };
    output::line(format!(
        "Seed {}: MSE training {:.6}{}{}; wrote {}",
        summary.seed,
        summary.train_mse,
        of("validation", summary.validation_mse),
        of("test", summary.test_mse),
        path.display()
    ))?;
    summary
        .warnings
        .iter()
        .try_for_each(|warning| messages::warn(warning))
}

impl Outcomes {
    /// The comparison of all runs, then what the seeds of each method have in common.
    fn tell(&self, voice: OutputOptions) -> Result<()> {
        let folders: Vec<PathBuf> = self.summaries.iter().map(|run| run.out.clone()).collect();
        if !voice.json && !folders.is_empty() {
            output::line(format!("\n{}\n", comparison(&folders)?))?;
        }
        let named = self.summaries.iter().map(|summary| &summary.method);
        let mut methods: Vec<&String> = named.chain(&self.diverged).collect();
        methods.sort();
        methods.dedup();
        methods
            .into_iter()
            .try_for_each(|method| self.tell_method(method, voice))
    }

    fn tell_method(&self, method: &String, voice: OutputOptions) -> Result<()> {
        let own = self
            .summaries
            .iter()
            .filter(|summary| summary.method == *method);
        let runs: Vec<&Summary> = own.collect();
        let diverged = self
            .diverged
            .iter()
            .filter(|other| *other == method)
            .count();
        let over_seeds = |of: fn(&Summary) -> Option<f64>| {
            let values: Vec<f64> = runs.iter().filter_map(|run| of(run)).collect();
            (!values.is_empty()).then(|| mean_and_deviation(&values))
        };
        let errors = [
            ("training", over_seeds(|run| Some(run.train_mse))),
            ("validation", over_seeds(|run| run.validation_mse)),
            ("test", over_seeds(|run| run.test_mse)),
        ];
        if voice.json {
            let [train, validation, test] = errors.map(|(_, figures)| figures);
            return output::json(&serde_json::json!({ "seeds": {
                "method": method,
                "runs": runs.len(),
                "diverged": diverged,
                "train_mse": train,
                "validation_mse": validation,
                "test_mse": test,
            }}));
        }
        let figure = |(name, [mean, deviation]): (&str, [f64; 2])| match deviation.is_nan() {
            true => format!("{name} {mean:.6}"),
            false => format!("{name} {mean:.6} ± {deviation:.6}"),
        };
        let known = errors
            .into_iter()
            .filter_map(|(name, found)| Some((name, found?)));
        let known: Vec<String> = known.map(figure).collect();
        let lost = match diverged {
            0 => String::new(),
            count => format!("; {count} diverged"),
        };
        output::line(format!(
            "{method} over {} seeds, mean and standard deviation of the MSE: {}{lost}",
            runs.len(),
            known.join(", ")
        ))
    }
}

/// One bar for all runs of a group, or some lines of the first; every epoch as JSON where that is
/// wanted.
struct Progress {
    bar: ProgressBar,
    seed: u64,
    method: String,
    epochs: usize,
    steps: usize,
    /// Whether this run is told in lines.
    in_lines: bool,
    json: bool,
}

impl Progress {
    fn of(runs: &[Run], voice: OutputOptions) -> Vec<Self> {
        let total: usize = runs.iter().map(|run| run.trainer().total_steps()).sum();
        let bar = voice.bar(
            total as u64,
            "{bar:30.cyan/dim} {msg}  {per_sec} steps of all  {eta} left",
        );
        let one = |(i, run): (usize, &Run)| {
            let config = run.trainer().config();
            Self {
                bar: bar.clone(),
                seed: config.seed,
                method: config.method.clone(),
                epochs: config.epochs(),
                steps: 0,
                in_lines: i == 0 && voice.in_lines(),
                json: voice.json,
            }
        };
        runs.iter().enumerate().map(one).collect()
    }
}

impl Observer for Progress {
    fn steps(&mut self, trainer: &Trainer) {
        let steps = trainer.progress().step;
        self.bar.inc((steps - self.steps) as u64);
        self.steps = steps;
    }

    fn epoch(&mut self, record: &Record) -> Result<()> {
        let text = format!(
            "epoch {}/{}  loss {:.5} of seed {}",
            record.epoch, self.epochs, record.loss, self.seed
        );
        if self.in_lines && line_is_due(record.epoch, self.epochs) {
            output::aside(&text);
        }
        self.bar.set_message(text);
        if self.json {
            let mut line = serde_json::to_value(record).expect("plain data");
            line["seed"] = self.seed.into();
            line["method"] = self.method.clone().into();
            if !output::json_news(&line)? {
                self.json = false;
            }
        }
        Ok(())
    }

    fn should_stop(&self) -> bool {
        stop::asked().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_a_number_or_a_list() {
        let seeds = |text: &str| text.parse::<Seeds>().map(|seeds| seeds.from(7));
        assert_eq!(seeds("3"), Ok(vec![7, 8, 9]));
        assert_eq!(seeds("3, 1"), Ok(vec![3, 1]));
        for bad in ["0", "", "1,", "a", "1,2,1", "-1"] {
            assert!(seeds(bad).is_err(), "{bad}");
        }
    }
}
