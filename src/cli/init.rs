//! `nrae init`

use super::data::{Info, Input};
use super::{Outcome, output};
use crate::data::{ReadOptions, ScalingKind, Survey, write_atomically};
use crate::error::{Error, Result};
use crate::train::{Config, DataConfig, Splits};
use clap::ValueEnum;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  nrae init mine.csv && nrae train mine.toml
  nrae init cells.h5ad:obsm/X_pca --out cells.toml
  nrae init data/digits.npy --labels data/digits-labels.npy --json";

/// Look at data and write a commented configuration to start from
///
/// Says what the samples are, what is remarkable about them, how near their neighbours are, and what
/// `nrae train` will do about it; nothing is trained.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct InitArguments {
    #[command(flatten)]
    input: Input,
    /// The configuration to write [default: the data's name with .toml]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Overwrite it
    #[arg(long)]
    force: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    data: Info,
    survey: Survey,
    advice: Vec<String>,
    scaling: ScalingKind,
    suggested_latent: Option<usize>,
    configuration: PathBuf,
}

impl InitArguments {
    pub(super) fn run(self) -> Outcome {
        let mut config = Config::default();
        config.data.train = Some(self.input.path().to_owned());
        config.data.labels = self.input.labels().map(Path::to_owned);
        self.input.table.describe(&mut config.data);
        let out = self
            .out
            .clone()
            .unwrap_or_else(|| PathBuf::from(format!("{}.toml", config.data.name())));
        if out.exists() && !self.force {
            return Err(Error::input(format!(
                "{} is there already: choose another --out, or overwrite it with --force",
                out.display()
            )));
        }
        let reading = self.input.read(&ReadOptions::default())?;
        let data = reading.data.clone();
        let splits = Splits::load(&config)?;
        let asked = config.clone();
        config.resolve(&splits)?;
        let scaled = splits.scaling.apply(&data.values);
        let survey = Survey::of(&data, &scaled, config.neighbours.k())?;
        let most = splits.train.samples.saturating_sub(1).max(1);
        config.neighbours.k = Some(config.neighbours.k().min(most));
        let report = Report {
            advice: survey.advice(&data, splits.scaling.kind),
            suggested_latent: survey.latent(data.features()),
            scaling: splits.scaling.kind,
            data: Info::of(reading, self.input.path()),
            survey,
            configuration: out.clone(),
        };
        if report.suggested_latent == Some(1) {
            config.net.latent = 1;
        }
        let why = ScalingKind::choose(&splits.train).1;
        let text = report.configuration(&asked, &config, why);
        write_atomically(&out, |file| file.write_all(text.as_bytes()))?;
        if self.json {
            output::json(&report)?;
        } else {
            report.tell(why)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Report {
    fn tell(&self, why: &str) -> Result<()> {
        self.data.tell()?;
        output::line("")?;
        output::line(format!("scaling: {}, since {why}", name_of(self.scaling)))?;
        for line in self.neighbourhood() {
            output::line(line)?;
        }
        for advice in &self.advice {
            output::line(advice)?;
        }
        output::line("")?;
        output::line(format!(
            "Wrote {}. Train with: nrae train {}",
            self.configuration.display(),
            self.configuration.display()
        ))
    }

    /// Sentences about neighbours and dimensions.
    fn neighbourhood(&self) -> Vec<String> {
        let Some(near) = &self.survey.neighbours else {
            return vec!["neighbours: too few samples to tell".into()];
        };
        let of = match near.samples {
            all if all == self.data.samples() => String::new(),
            some => format!(" (of {some} samples drawn)"),
        };
        let mut lines = vec![format!(
            "neighbours{of}: the {}th is {:.3} away, two samples typically {:.3}{}",
            near.k,
            near.distance,
            near.typical,
            match near.same_class {
                Some(share) => format!("; {:.0} % are of the same class", 100.0 * share),
                None => String::new(),
            }
        )];
        lines.push(match (near.dimension, self.suggested_latent) {
            (Some(dimension), Some(latent)) => format!(
                "dimension: about {dimension:.1} by the distances to neighbours, which suggests --latent {latent}{}",
                if latent > 2 { "; 2 draws a map" } else { "" }
            ),
            _ => "dimension: too few different samples to tell".into(),
        });
        lines
    }

    /// The configuration, whose comments say why. `chosen` has what `asked` leaves open.
    fn configuration(&self, asked: &Config, chosen: &Config, why: &str) -> String {
        let (net, train) = (&chosen.net, &chosen.train);
        let mut lines = vec![
            format!("# {}", self.data.headline()),
            format!("# Train with: nrae train {}", self.configuration.display()),
            "# Every key that is left out has a default: the config.toml of a run lists all of them.".into(),
            String::new(),
            "# nrae-q, nrae-l, ae, vae, ...: `nrae methods` lists all.".into(),
            format!("method = \"{}\"", chosen.method),
            format!("seed = {}", chosen.seed),
            String::new(),
        ];
        lines.extend(self.data_section(asked, chosen, why));
        lines.extend([
            String::new(),
            "[net]".into(),
            "# mlp, or for images a convolutional preset: `nrae train --help` lists them.".into(),
            format!("preset = \"{}\"", name_of(net.preset)),
            format!("hidden = {:?}", net.hidden),
        ]);
        lines.extend(
            self.neighbourhood()
                .into_iter()
                .map(|line| format!("# {line}")),
        );
        lines.extend([
            format!("latent = {}", net.latent),
            String::new(),
            "[neighbours]".into(),
            "# Nearest neighbours of each sample, and the weight of one where the sample itself has 1.".into(),
            format!("k = {}", chosen.neighbours.k()),
            format!("lambda = {:?}", chosen.neighbours.lambda),
            String::new(),
            "[train]".into(),
            "# Passes over the data, samples of a step, Adam's learning rate.".into(),
            format!("epochs = {}", chosen.epochs()),
            format!("batch = {}", train.batch.unwrap_or(100)),
            format!("lr = {:?}", train.lr),
        ]);
        if !self.advice.is_empty() {
            lines.push(String::new());
            lines.push("# What was seen:".into());
            lines.extend(self.advice.iter().map(|advice| format!("# - {advice}")));
        }
        lines.join("\n") + "\n"
    }

    fn data_section(&self, asked: &Config, chosen: &Config, why: &str) -> Vec<String> {
        let quoted = |path: &PathBuf| toml::Value::from(path.to_string_lossy().into_owned());
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| quoted(path).to_string());
        let (scaling, data) = (name_of(self.scaling), &chosen.data);
        let mut lines = vec![
            "[data]".into(),
            format!("train = {}", path(&data.train).unwrap_or_default()),
        ];
        lines.push(match path(&asked.data.labels) {
            Some(labels) => format!("labels = {labels}"),
            None if self.data.labelled() => "# The labels come with the samples.".into(),
            None => "# Classes or values that colour the pictures, one a sample:\n# labels = \"labels.csv\"".into(),
        });
        lines.extend(table_lines(&asked.data));
        lines.extend([
            format!("# {scaling}: {why}."),
            format!("scaling = \"{scaling}\""),
            "# The share that chooses the best epoch.".into(),
            format!(
                "validation_fraction = {:?}",
                data.validation_fraction.unwrap_or(0.0)
            ),
        ]);
        lines
    }
}

/// What is taken of a table, as lines of the configuration.
fn table_lines(data: &DataConfig) -> Vec<String> {
    let text = |value: &String| toml::Value::from(value.clone()).to_string();
    let columns = data.columns.as_ref().map(|columns| {
        let columns: Vec<String> = columns.iter().map(text).collect();
        format!("columns = [{}]", columns.join(", "))
    });
    let named = [
        ("label_column", &data.label_column),
        ("id_column", &data.id_column),
    ];
    let named = named.into_iter().filter_map(|(key, value)| {
        let value = value.as_ref()?;
        Some(format!("{key} = {}", text(value)))
    });
    let missing = data.missing.map(|missing| {
        format!(
            "# Rows with missing values: \"drop\" leaves them out, \"mean\" fills them in.\nmissing = \"{}\"",
            name_of(missing)
        )
    });
    columns.into_iter().chain(named).chain(missing).collect()
}

/// The name of a value as the command line and files have it.
fn name_of(value: impl ValueEnum) -> String {
    let value = value.to_possible_value().expect("no value is hidden");
    value.get_name().to_owned()
}
