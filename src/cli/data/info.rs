//! `nrae data info`

use super::Input;
use crate::cli::{Outcome, output};
use crate::data::{Dataset, ReadOptions, Reading, Scaling, ScalingKind, Values};
use crate::error::{Error, Result};
use crate::plot::{
    Captions, Panel, Series, drawn_channels, image_grid, shown_channels, signal_panels,
};
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
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
            notes,
            ..
        } = reading;
        let (mut minimum, mut maximum, mut sum) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
        for value in data.values.doubles() {
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
            notes,
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
        let what = match *self.shape {
            [_, 1, length] if length > 1 => "signals [channels, 1, length]",
            [_, _, _] => "images [channels, height, width]",
            _ => "samples [features]",
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
        self.notes.iter().try_for_each(output::line)?;
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

/// Signals that the picture shows.
const SIGNALS: usize = 4;

/// A grid of samples taken evenly from the set, so that a set sorted by class shows all of them; of
/// signals their curves.
fn draw(data: &Dataset, source: &Path, path: &Path) -> Result<()> {
    let [channels, height, width] = *data.shape.as_slice() else {
        return Err(Error::input(format!(
            "{} holds vectors of {} features, but only images and signals can be drawn: say what they are with `nrae data prepare --shape`, \
             or --layout nl",
            source.display(),
            data.features()
        )));
    };
    let spread = |count: usize| -> Vec<usize> {
        let shown = data.samples.min(count);
        (0..shown).map(|at| at * data.samples / shown).collect()
    };
    if height == 1 {
        return draw_signals(data, &spread(SIGNALS), path);
    }
    let values = data.subset(&spread(COLUMNS * COLUMNS)).values;
    let scaled = Scaling::fit(ScalingKind::UnitGlobal, data).apply(&values);
    let (drawn, shape) = drawn_channels(&scaled, [channels, height, width], 0.0);
    let note = shown_channels(channels).unwrap_or_default();
    let captions = Captions {
        note: &note,
        ..Captions::default()
    };
    image_grid(path, &drawn, shape, COLUMNS, (0.0, 1.0), &captions)
}

/// The signals `rows`, a panel each and a curve a channel.
fn draw_signals(data: &Dataset, rows: &[usize], path: &Path) -> Result<()> {
    let length = data.shape[2];
    let panel = |&row: &usize| {
        let values = data.subset(&[row]).values.to_floats();
        let series = values
            .chunks(length)
            .zip(1..)
            .map(|(values, channel)| Series {
                name: format!("channel {channel}"),
                points: (1_u32..)
                    .zip(values)
                    .map(|(place, &value)| (place.into(), value.into()))
                    .collect(),
            });
        Panel {
            label: format!("sample {row}"),
            series: series.collect(),
        }
    };
    let panels: Vec<Panel> = rows.iter().map(panel).collect();
    let title = "Samples taken evenly from the set";
    signal_panels(path, title, "time step", &panels)
}
