//! `nrae search`

use super::device::DeviceArguments;
use super::run::OutputOptions;
use super::settings::SettingArguments;
use super::{Outcome, output};
use crate::data::{create_folder, write_atomically};
use crate::error::{Error, Result};
use crate::train::search::{Axis, Choice, Summary, Trial, choices, configuration, run, summarise};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  nrae search --data data/digits.npy --method wae --validation 0.1 --over mmd.weight=0.01,0.1,1 --seeds 1,2,3 --out runs/wae
  nrae search configs/sin.toml --over neighbours.k=5,10 --over neighbours.lambda=0.1,0.5,1,10 --random 4 --out runs/sin-search

Runs already in the folder's results.jsonl are not repeated, so a search that was stopped can be resumed.
At the end it writes a table (table.md) and the best configuration (best.toml).";

/// Train over a grid of settings and seeds, and select by validation
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct SearchArguments {
    #[command(flatten)]
    settings: SettingArguments,
    /// A setting and the values to try; may be given several times, for a grid
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
    /// The folder to write
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten)]
    voice: OutputOptions,
}

impl SearchArguments {
    pub(super) fn run(self) -> Outcome {
        let base = self.settings.settings()?;
        let axes = self
            .over
            .iter()
            .map(|text| Axis::parse(text))
            .collect::<Result<Vec<_>>>()?;
        let choices = choices(&axes, self.random, 0);
        // Every configuration is checked before the first one is trained.
        for choice in &choices {
            configuration(&base, choice, self.seeds.first().copied().unwrap_or(0))?;
        }
        let executor = self.device.open()?;
        create_folder(&self.out)?;
        let results = self.out.join("results.jsonl");
        let mut trials = read(&results)?;
        self.voice.say(format!(
            "Device: {}, {}",
            executor.name(),
            executor.driver()
        ))?;
        let wanted: Vec<(&Choice, u64)> = choices
            .iter()
            .flat_map(|choice| self.seeds.iter().map(move |seed| (choice, *seed)))
            .collect();
        let bar = self.voice.bar(
            wanted.len() as u64,
            "{bar:30.cyan/dim} run {pos}/{len}  {eta} left  {msg}",
        );
        for (choice, seed) in wanted.iter().copied() {
            if !trials
                .iter()
                .any(|trial| trial.choice == *choice && trial.seed == seed)
            {
                bar.set_message(format!("{}, seed {seed}", told(choice)));
                let trial = run(&base, choice, seed, &*executor)?;
                if self.voice.json {
                    output::json(&trial)?;
                }
                trials.push(trial);
                write(&results, &trials)?;
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        // Results of an earlier search with other values stay in the file, but not in the table.
        trials.retain(|trial| {
            wanted
                .iter()
                .any(|(choice, seed)| trial.choice == **choice && trial.seed == *seed)
        });
        let summaries = summarise(&trials);
        let table = table(&summaries);
        write_atomically(&self.out.join("table.md"), |file| {
            file.write_all(table.as_bytes())
        })?;
        let best = configuration(&base, &summaries[0].choice, self.seeds[0])?;
        let text = toml::to_string(&best).expect("plain data");
        write_atomically(&self.out.join("best.toml"), |file| {
            file.write_all(text.as_bytes())
        })?;
        if self.voice.json {
            output::json(&serde_json::json!({ "result": summaries }))?;
        } else {
            output::line(table.trim_end())?;
            self.voice.say(format!(
                "Wrote table.md, best.toml and results.jsonl to {}",
                self.out.display()
            ))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn read(path: &Path) -> Result<Vec<Trial>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(path).map_err(|source| Error::file(path, source))?;
    let trials = text
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>();
    trials.map_err(|error| Error::input(format!("{} is damaged: {error}", path.display())))
}

fn write(path: &Path, trials: &[Trial]) -> Result<()> {
    write_atomically(path, |file| {
        for trial in trials {
            serde_json::to_writer(&mut *file, trial)?;
            writeln!(file)?;
        }
        Ok(())
    })
}

fn told(choice: &Choice) -> String {
    choice
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect::<Vec<_>>()
        .join(" ")
}

fn table(summaries: &[Summary]) -> String {
    let mut text =
        "| settings | validation MSE | test MSE | runs |\n|---|---|---|---|\n".to_owned();
    for summary in summaries {
        let figure = |[mean, deviation]: [f64; 2]| format!("{mean:.6} ± {deviation:.6}");
        let diverged = if summary.diverged > 0 {
            format!(", {} diverged", summary.diverged)
        } else {
            String::new()
        };
        text += &format!(
            "| {} | {} | {} | {}{diverged} |\n",
            told(&summary.choice),
            figure(summary.validation_mse),
            summary.test_mse.map_or("-".into(), figure),
            summary.runs
        );
    }
    text
}
