//! `nrae geodesic` and `nrae interpolate`: paths between two latents.

use super::apply::range;
use super::ends::{EndArguments, decoded, rounded};
use super::files::{DecodedArguments, Target};
use super::{Outcome, output};
use crate::data::Values;
use crate::error::{Error, Result};
use crate::eval::{Geodesic, GeodesicOptions, points_along, straight_line};
use crate::model::Model;
use crate::plot::{Captions, drawn_channels, image_grid};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Images in a row of a picture.
const COLUMNS: usize = 12;

/// Find the shortest path between two latents on the decoded manifold
///
/// The path has least energy in the metric J'J that the decoder pulls back to the latent space: it
/// keeps to where decoded samples change least. Lengths are in the units of scaled data; the straight
/// line of latents and the chord through the space of the data stand beside it. Computed in f64 on
/// the CPU, from the straight line on; around an obstacle there may be other paths as short.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  nrae geodesic runs/digits-nrae-q --from 0 --to 12 --out path.npy\n  nrae geodesic runs/digits-nrae-q --from 0.5,-1 --to 1.5,2 --picture path.png --json"
)]
pub(super) struct GeodesicArguments {
    /// A run folder or a model.safetensors
    model: PathBuf,
    #[command(flatten)]
    ends: EndArguments,
    /// Pieces of the path
    #[arg(long, value_name = "N", default_value_t = GeodesicOptions::default().pieces)]
    pieces: usize,
    /// Steps of the minimisation, at most
    #[arg(long, value_name = "N", default_value_t = GeodesicOptions::default().steps)]
    steps: usize,
    /// Where to write the latents [pieces + 1, m] of the path: .npy, .csv or .tsv
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Of images: decoded along the straight line and along the geodesic, as .png
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// Print a line of JSON
    #[arg(long)]
    json: bool,
}

/// Decode between two latents
///
/// Along a straight line of latents, or along the geodesic, which passes at constant speed of the
/// decoded samples.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  nrae interpolate runs/digits-nrae-q --from 0 --to 12 --out between.png\n  nrae interpolate runs/digits-nrae-q --from 0 --to 12 --along geodesic --count 50 --out x.npy"
)]
pub(super) struct InterpolateArguments {
    /// A run folder or a model.safetensors
    model: PathBuf,
    #[command(flatten)]
    ends: EndArguments,
    /// Which way to go
    #[arg(long, value_enum, default_value_t)]
    along: Along,
    /// Samples to decode, both ends included
    #[arg(long, value_name = "N", default_value_t = COLUMNS)]
    count: usize,
    #[command(flatten)]
    written: DecodedArguments,
    /// Print a line of JSON
    #[arg(long)]
    json: bool,
}

/// Values of `--along`.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Along {
    /// The straight line of latents
    #[default]
    Line,
    /// The shortest path on the decoded manifold
    Geodesic,
}

impl GeodesicArguments {
    pub(super) fn run(self) -> Outcome {
        let model = Model::load(&self.model)?;
        let m = model.network.latent();
        let target = self
            .out
            .as_deref()
            .map(|path| Target::new(path, &[m]))
            .transpose()?;
        let shape = self
            .picture
            .as_deref()
            .map(|path| image_shape(path, &model))
            .transpose()?;
        let [from, to] = self.ends.latents(&model, &self.model)?;
        let options = GeodesicOptions {
            pieces: self.pieces,
            steps: self.steps,
            ..Default::default()
        };
        let found = Geodesic::between(&model, &from, &to, options)?;
        let mut wrote = Vec::new();
        if let Some(target) = &target {
            let path = Values::Floats(rounded(&found.path).into());
            wrote.push(target.write_quietly(&[m], &path, (0.0, 1.0))?);
        }
        if let (Some(path), Some(shape)) = (&self.picture, shape) {
            let straight = straight_line(&from, &to, COLUMNS - 1);
            let along = points_along(&found.path, m, COLUMNS);
            draw(path, &model, shape, [&straight, &along])?;
            wrote.push(format!("Wrote {}", path.display()));
        }
        if self.json {
            output::json(&serde_json::json!({
                "from": from, "to": to, "geodesic": found,
                "path": found.path.chunks(m).collect::<Vec<_>>(),
            }))?;
            return Ok(ExitCode::SUCCESS);
        }
        output::line(told(&found))?;
        wrote.into_iter().try_for_each(output::line)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl InterpolateArguments {
    pub(super) fn run(self) -> Outcome {
        let model = Model::load(&self.model)?;
        let (m, targets) = (
            model.network.latent(),
            self.written.targets(&model, &self.model)?,
        );
        if self.count < 2 {
            return Err(Error::input(format!(
                "--count is {}: both ends make at least 2",
                self.count
            )));
        }
        let [from, to] = self.ends.latents(&model, &self.model)?;
        let found = match self.along {
            Along::Line => None,
            Along::Geodesic => Some(Geodesic::between(
                &model,
                &from,
                &to,
                GeodesicOptions::default(),
            )?),
        };
        let latents = match &found {
            None => straight_line(&from, &to, self.count - 1),
            Some(found) => points_along(&found.path, m, self.count),
        };
        let samples = decoded(&model, &latents)?;
        let wrote = targets.write(&samples, rounded(&latents))?;
        if self.json {
            output::json(&serde_json::json!({
                "out": self.written.out, "latents": latents.chunks(m).collect::<Vec<_>>(), "geodesic": found,
            }))?;
            return Ok(ExitCode::SUCCESS);
        }
        if let Some(found) = &found {
            output::line(told(found))?;
        }
        wrote.into_iter().try_for_each(output::line)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// A geodesic in a sentence or two.
fn told(found: &Geodesic) -> String {
    let saved = 100.0 * (1.0 - found.length / found.straight_length);
    let beside = if found.straight_length > 0.0 {
        format!(", {saved:.1} % less")
    } else {
        String::new()
    };
    let ended = if found.converged {
        format!(
            "Converged in {} steps to a residual of {:.1e}.",
            found.steps, found.residual
        )
    } else {
        format!(
            "Not converged: after {} steps the residual is {:.1e}; more --steps or other --pieces may help, and a decoder with kinks \
             (relu) has no smooth path.",
            found.steps, found.residual
        )
    };
    format!(
        "Geodesic: length {:.4}, straight line of latents {:.4}{beside}; chord {:.4}. {ended}",
        found.length, found.straight_length, found.chord
    )
}

/// [channels, height, width], where the model's samples are images and `path` is a .png.
fn image_shape(path: &Path, model: &Model) -> Result<[usize; 3]> {
    let png = path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("png"));
    match model.network.shape[..] {
        [c, h, w] if png && h > 1 => Ok([c, h, w]),
        _ if png => Err(Error::input(format!(
            "--picture {}: samples of shape {:?} are no images; `nrae interpolate` writes them as numbers",
            path.display(),
            model.network.shape
        ))),
        _ => Err(Error::input(format!(
            "--picture {} is no name of a picture: end it with .png",
            path.display()
        ))),
    }
}

/// Decoded images along both ways.
fn draw(path: &Path, model: &Model, shape: [usize; 3], ways: [&[f64]; 2]) -> Result<()> {
    let samples = decoded(model, &ways.concat())?;
    let range = range(model, &samples);
    let images = samples.to_floats();
    let (drawn, shape) = drawn_channels(&images, shape, range.0);
    let captions = Captions {
        title: "Decoded from one latent to another",
        rows: &["straight line", "geodesic"],
        ..Captions::default()
    };
    image_grid(path, &drawn, shape, COLUMNS, range, &captions)
}
