//! `nrae data make`: transformed sets like those of the paper.

use super::prepare::tell;
use super::write::Output;
use super::{Input, Outcome};
use crate::data::{Dataset, ReadOptions, noisy, rotated, shifted};
use crate::error::{Error, Result};
use std::path::PathBuf;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples, with the paper's settings (where it gives none, those of the authors' code):
  nrae data make rotated mnist --class 3 --count 20 --degrees 180 --out rotated3.npy
  nrae data make rotated mnist --class 6 --count 300 --degrees 360 --out rotated6.npy
  nrae data make rotated mnist --class 8 --images 100 --count 100 --degrees 360 --out rotated8.npy
  nrae data make shifted mnist --class 7 --out shifted7.npy
  nrae data make noisy mnist --deviation 0.1 --out noisy.npy

The angle (in degrees) or shift (in pixels) of each image is written to OUT-angles.npy or OUT-shifts.npy.";

/// Make sets of rotated, shifted or noisy images
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct MakeArguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    Rotated(RotatedArguments),
    Shifted(ShiftedArguments),
    Noisy(NoisyArguments),
}

/// Which images to transform, and where to write the result.
#[derive(clap::Args, Debug)]
struct Common {
    #[command(flatten)]
    input: Input,
    /// Indices of the images, from 0 [default: the first image, unless --class is given]
    #[arg(
        long,
        value_name = "I,I,...",
        value_delimiter = ',',
        conflicts_with = "class"
    )]
    index: Vec<usize>,
    /// Take the first image of this class, or the first --images of them
    #[arg(long, value_name = "LABEL")]
    class: Option<u32>,
    /// Number of images of the class
    #[arg(long, value_name = "N", default_value_t = 1, requires = "class")]
    images: usize,
    /// Value outside the image
    #[arg(long, value_name = "VALUE", default_value_t = 0.0)]
    background: f32,
    /// FILE.npy, or a folder for images.npy and its companions
    #[arg(long, value_name = "FILE|DIR")]
    out: PathBuf,
    /// Print the files as a line of JSON
    #[arg(long)]
    json: bool,
}

/// Rotate images about their centres, anticlockwise in even steps from 0
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
struct RotatedArguments {
    #[command(flatten)]
    common: Common,
    /// Rotated copies of each image
    #[arg(long, value_name = "N", default_value_t = 20)]
    count: usize,
    /// Range of the angles; the last copy is one step short of it
    #[arg(
        long,
        value_name = "DEGREES",
        default_value_t = 180.0,
        allow_negative_numbers = true
    )]
    degrees: f64,
}

/// Scale images about their centres and shift them horizontally
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
struct ShiftedArguments {
    #[command(flatten)]
    common: Common,
    /// Scale factor
    #[arg(long, default_value_t = 0.7)]
    scale: f64,
    /// The first shift in pixels; positive is to the right
    #[arg(long, value_name = "PIXELS", default_value_t = -10, allow_negative_numbers = true)]
    from: i32,
    /// The last shift in pixels
    #[arg(
        long,
        value_name = "PIXELS",
        default_value_t = 9,
        allow_negative_numbers = true
    )]
    to: i32,
}

/// Scale images to 0..1 and add Gaussian noise
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
struct NoisyArguments {
    #[command(flatten)]
    input: Input,
    /// Standard deviation of the noise
    #[arg(long, value_name = "SIGMA", default_value_t = 0.1)]
    deviation: f64,
    /// Clamp values to 0..1
    #[arg(long)]
    clamp: bool,
    /// Seed of the noise
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// At most N samples
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// FILE.npy (f32), or a folder for images.npy and its companions
    #[arg(long, value_name = "FILE|DIR")]
    out: PathBuf,
    /// Print the files as a line of JSON
    #[arg(long)]
    json: bool,
}

impl MakeArguments {
    pub(super) fn run(self) -> Outcome {
        match self.what {
            What::Rotated(arguments) => arguments.run(),
            What::Shifted(arguments) => arguments.run(),
            What::Noisy(arguments) => arguments.run(),
        }
    }
}

impl RotatedArguments {
    fn run(self) -> Outcome {
        if self.count == 0 || !self.degrees.is_finite() {
            return Err(Error::input(
                "--count must be at least 1 and --degrees a number",
            ));
        }
        self.common.run("angles", |data, rows, background| {
            rotated(data, rows, self.count, self.degrees, background)
        })
    }
}

impl ShiftedArguments {
    fn run(self) -> Outcome {
        if !(self.scale.is_finite() && self.scale > 0.0)
            || self.from > self.to
            || self.to.abs_diff(self.from) > 65_536
        {
            return Err(Error::input(
                "--scale must be above 0, and --from at most --to",
            ));
        }
        let shifts: Vec<f32> = (self.from..=self.to).map(|shift| shift as f32).collect();
        self.common.run("shifts", |data, rows, background| {
            shifted(data, rows, &shifts, self.scale, background)
        })
    }
}

impl NoisyArguments {
    fn run(self) -> Outcome {
        if !(self.deviation.is_finite() && self.deviation >= 0.0) {
            return Err(Error::input("--deviation must be a number >= 0"));
        }
        let reading = self.input.read(&ReadOptions {
            limit: self.limit,
            ..Default::default()
        })?;
        let data = noisy(&reading.data, self.deviation, self.clamp, self.seed);
        let files =
            Output::new(self.out, None).write(&data, reading.classes.as_deref(), "parameter")?;
        tell(&data, &files, self.json)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Common {
    fn run(
        self,
        parameter: &str,
        make: impl FnOnce(&Dataset, &[usize], f32) -> Result<Dataset>,
    ) -> Outcome {
        let reading = self.input.read(&ReadOptions::default())?;
        let rows = self.rows(&reading.data)?;
        let data = make(&reading.data, &rows, self.background)?;
        let files =
            Output::new(self.out, None).write(&data, reading.classes.as_deref(), parameter)?;
        tell(&data, &files, self.json)?;
        Ok(ExitCode::SUCCESS)
    }

    fn rows(&self, data: &Dataset) -> Result<Vec<usize>> {
        let Some(class) = self.class else {
            return Ok(if self.index.is_empty() {
                vec![0]
            } else {
                self.index.clone()
            });
        };
        let source = self.input.path().display();
        let Some(labels) = &data.labels else {
            return Err(Error::input(format!(
                "{source} has no labels: give them with --labels FILE, or choose images with --index"
            )));
        };
        let rows: Vec<usize> = (0..data.samples)
            .filter(|&row| labels[row] == class)
            .take(self.images)
            .collect();
        if rows.len() < self.images || rows.is_empty() {
            return Err(Error::input(format!(
                "{source} has only {} images of the class {class}, not {}",
                rows.len(),
                self.images
            )));
        }
        Ok(rows)
    }
}
