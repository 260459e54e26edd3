//! `nrae data info`

use super::Input;
use crate::cli::{Outcome, output};
use crate::data::{Dataset, ReadOptions, Reading, Scaling, ScalingKind, Values};
use crate::error::{Error, Result};
use crate::plot::{Captions, image_grid};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Number of classes to print for people.
const FEW: usize = 20;
/// Columns of the picture, which is a square of as many rows at most.
const COLUMNS: usize = 10;

const EXAMPLES: &str = "\
Examples:
  nrae data info data/digits.npy --labels data/digits-labels.npy
  nrae data info mnist:test --picture samples.png
  nrae data info cifar-10-binary.tar.gz --json";

/// Show the shape, range and classes of a data set, and a picture of samples
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct InfoArguments {
    #[command(flatten)]
    input: Input,
    /// Write a PNG of samples taken evenly from the set
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What `nrae data info` tells of samples.
#[derive(Serialize)]
pub(in crate::cli) struct Info {
    source: PathBuf,
    samples: usize,
    shape: Vec<usize>,
    r#type: &'static str,
    minimum: f64,
    maximum: f64,
    mean: f64,
    labels: bool,
    classes: Vec<Class>,
}

#[derive(Serialize)]
struct Class {
    label: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    samples: usize,
}

impl InfoArguments {
    pub(super) fn run(self) -> Outcome {
        let reading = self.input.read(&ReadOptions::default())?;
        if let Some(path) = &self.picture {
            draw(&reading.data, self.input.path(), path)?;
        }
        let info = Info::of(reading, self.input.path());
        if self.json {
            output::json(&info)?;
        } else {
            info.tell()?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Info {
    pub(in crate::cli) fn of(reading: Reading, source: &Path) -> Self {
        let Reading {
            data,
            classes: names,
        } = reading;
        let (mut minimum, mut maximum, mut sum) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
        for value in (0..data.values.len()).map(|at| data.values.get_double(at)) {
            (minimum, maximum, sum) = (minimum.min(value), maximum.max(value), sum + value);
        }
        // In as many digits as the type has.
        let shown = |value: f64| match data.values {
            Values::Doubles(_) => value,
            _ => (value as f32).to_string().parse().unwrap_or(value),
        };
        let mut counts = BTreeMap::<u32, usize>::new();
        data.labels
            .iter()
            .flatten()
            .for_each(|&label| *counts.entry(label).or_default() += 1);
        let name = |label: u32| names.as_ref()?.get(label as usize).cloned();
        Self {
            source: source.to_owned(),
            samples: data.samples,
            r#type: match data.values {
                Values::Bytes(_) => "u8",
                Values::Floats(_) => "f32",
                Values::Doubles(_) => "f64",
            },
            minimum: shown(minimum),
            maximum: shown(maximum),
            mean: sum / data.values.len() as f64,
            labels: data.labels.is_some(),
            classes: counts
                .into_iter()
                .map(|(label, samples)| Class {
                    label,
                    name: name(label),
                    samples,
                })
                .collect(),
            shape: data.shape,
        }
    }

    /// Number of samples.
    pub(in crate::cli) fn samples(&self) -> usize {
        self.samples
    }

    /// Whether there are labels.
    pub(in crate::cli) fn labelled(&self) -> bool {
        self.labels
    }

    /// Where, how many, and of what shape and type.
    pub(in crate::cli) fn headline(&self) -> String {
        let what = if self.shape.len() == 3 {
            "images [channels, height, width]"
        } else {
            "samples [features]"
        };
        format!(
            "{}: {} {what} of {:?}, {}",
            self.source.display(),
            self.samples,
            self.shape,
            self.r#type
        )
    }

    pub(in crate::cli) fn tell(&self) -> Result<()> {
        output::line(self.headline())?;
        output::line(format!(
            "values from {} to {}, mean {:.4}",
            self.minimum, self.maximum, self.mean
        ))?;
        let (Some(fewest), Some(most)) = (
            self.classes.iter().map(|class| class.samples).min(),
            self.classes.iter().map(|class| class.samples).max(),
        ) else {
            return output::line("no labels");
        };
        output::line(format!(
            "{} classes of {fewest} to {most} samples",
            self.classes.len()
        ))?;
        for class in self.classes.iter().take(FEW) {
            output::line(format!(
                "{:>6} {:>8}  {}",
                class.label,
                class.samples,
                class.name.as_deref().unwrap_or_default()
            ))?;
        }
        match self.classes.len().saturating_sub(FEW) {
            0 => Ok(()),
            more => output::line(format!("and {more} more, which --json lists")),
        }
    }
}

/// A grid of samples taken evenly from the set, so that a set sorted by class shows all of them.
fn draw(data: &Dataset, source: &Path, path: &Path) -> Result<()> {
    let [channels @ (1 | 3), height, width] = *data.shape.as_slice() else {
        return Err(Error::input(format!(
            "{} holds samples of shape {:?}, but only images of 1 or 3 channels can be drawn: see `nrae data prepare --shape`",
            source.display(),
            data.shape
        )));
    };
    let shown = data.samples.min(COLUMNS * COLUMNS);
    let rows: Vec<usize> = (0..shown).map(|at| at * data.samples / shown).collect();
    let scaled = Scaling::fit(ScalingKind::Unit, data).apply(&data.subset(&rows).values);
    image_grid(
        path,
        &scaled,
        [channels, height, width],
        COLUMNS,
        (0.0, 1.0),
        &Captions::default(),
    )
}
