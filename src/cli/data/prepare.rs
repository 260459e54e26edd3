//! `nrae data prepare`

use super::Input;
use super::write::Output;
use crate::cli::{Outcome, output};
use crate::data::{Adjustments, Dataset, ReadOptions, Reading, Values};
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  nrae data prepare photos/ --cover 64 --out photos.npy             with photos-labels.npy, photos-classes.txt
  nrae data prepare omniglot --size 28 --invert --out omniglot.npy  white ink on black, as in MNIST
  nrae data prepare mnist --draw 10000 --seed 1 --out mnist-small.npy
  nrae data prepare COIL20.mat --shape 32x32 --transpose --bytes --out coil20.npy

Images are written as u8 [N, H, W] (grey) or [N, C, H, W] (colour), floats as f32, labels as u32 [N].";

/// Convert data of any format to .npy, with optional cropping, resizing and sampling
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct PrepareArguments {
    #[command(flatten)]
    input: Input,
    /// FILE.npy, or a folder for images.npy and its companions
    #[arg(long, value_name = "FILE|DIR")]
    out: PathBuf,
    /// The file to write labels to [default: FILE-labels.npy]
    #[arg(long, value_name = "FILE")]
    labels_out: Option<PathBuf>,

    /// Skip the first N samples
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        help_heading = "Which samples"
    )]
    skip: usize,
    /// At most N samples
    #[arg(long, value_name = "N", help_heading = "Which samples")]
    limit: Option<usize>,
    /// Draw N of these samples at random, keeping their order
    #[arg(long, value_name = "N", help_heading = "Which samples")]
    draw: Option<usize>,
    /// Seed of --draw
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        help_heading = "Which samples"
    )]
    seed: u64,
    /// Take the columns of a matrix as samples instead of its rows
    #[arg(long, help_heading = "Which samples")]
    transposed: bool,

    /// Treat vectors as images of this size
    #[arg(long, value_name = "HxW|CxHxW", value_parser = shape, help_heading = "Images, in this order")]
    shape: Option<[usize; 3]>,
    /// Transpose images: for those stored column by column, as in MATLAB
    #[arg(long, help_heading = "Images, in this order")]
    transpose: bool,
    /// Crop to the central square of N x N pixels
    #[arg(long, value_name = "N", help_heading = "Images, in this order")]
    crop: Option<usize>,
    /// Resize by a box filter: each pixel is the mean of the area it covers
    #[arg(long, value_name = "N|HxW", value_parser = size, help_heading = "Images, in this order")]
    size: Option<[usize; 2]>,
    /// Crop the largest middle part of these proportions, then resize: for photos of many sizes
    #[arg(long, value_name = "N|HxW", value_parser = size, help_heading = "Images, in this order")]
    cover: Option<[usize; 2]>,
    /// Convert to one channel: 0.299 R + 0.587 G + 0.114 B
    #[arg(long, visible_alias = "gray", help_heading = "Images, in this order")]
    grey: bool,
    /// Invert: 255 - value for bytes, 1 - value for floats
    #[arg(long, help_heading = "Images, in this order")]
    invert: bool,
    /// Round floats to bytes, after multiplying those in 0..1 by 255
    #[arg(long, help_heading = "Images, in this order")]
    bytes: bool,
    /// Print the files as a line of JSON
    #[arg(long)]
    json: bool,
}

impl PrepareArguments {
    pub(super) fn run(self) -> Outcome {
        let options = ReadOptions {
            transposed: self.transposed,
            shape: self.shape,
            adjustments: Adjustments {
                transpose: self.transpose,
                crop: self.crop,
                size: self.size,
                cover: self.cover,
                grey: self.grey,
                invert: self.invert,
            },
            skip: self.skip,
            limit: self.limit,
            ..ReadOptions::default()
        };
        let Reading {
            mut data,
            classes,
            notes,
            ..
        } = self.input.read(&options)?;
        if let Some(count) = self.draw {
            if count == 0 || count > data.samples {
                return Err(Error::input(format!(
                    "--draw {count} of {} samples: choose 1 to {0}",
                    data.samples
                )));
            }
            data = data.split(count, self.seed).1;
        }
        if self.bytes {
            data = to_bytes(data, self.input.path())?;
        }
        let files =
            Output::new(self.out, self.labels_out).write(&data, classes.as_deref(), "parameter")?;
        tell(&data, &files, self.json)?;
        if !self.json {
            notes.iter().try_for_each(output::line)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The files that were written.
pub(super) fn tell(data: &Dataset, files: &[PathBuf], json: bool) -> Result<()> {
    if json {
        return output::json(
            &serde_json::json!({ "samples": data.samples, "shape": data.shape, "files": files }),
        );
    }
    let files: Vec<_> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    output::line(format!(
        "{} samples of shape {:?}: wrote {}",
        data.samples,
        data.shape,
        files.join(", ")
    ))
}

fn to_bytes(data: Dataset, source: &Path) -> Result<Dataset> {
    /// Floats of 0 to 1, or to 255, that were computed may lie beyond either end by rounding.
    const ROUNDING: f32 = 1e-5;
    if let Values::Bytes(_) = data.values {
        return Ok(data);
    }
    let values = data.values.to_floats();
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let white = if high <= 1.0 + ROUNDING { 1.0 } else { 255.0 };
    if low < -ROUNDING * white || high > white * (1.0 + ROUNDING) {
        return Err(Error::input(format!(
            "{} has values from {low} to {high}: bytes are made of values from 0 to 1 or from 0 to 255",
            source.display()
        )));
    }
    let bytes = values
        .iter()
        .map(|value| (value * (255.0 / white)).round() as u8)
        .collect::<Vec<_>>();
    Ok(Dataset {
        values: Values::Bytes(bytes.into()),
        ..data
    })
}

/// N or HxW.
fn size(text: &str) -> Result<[usize; 2], String> {
    match extents(text)?.as_slice() {
        [side] => Ok([*side; 2]),
        [height, width] => Ok([*height, *width]),
        _ => Err("a size is N or HEIGHTxWIDTH, such as 64 or 48x64".into()),
    }
}

/// HxW or CxHxW.
fn shape(text: &str) -> Result<[usize; 3], String> {
    match extents(text)?.as_slice() {
        [height, width] => Ok([1, *height, *width]),
        [channels, height, width] => Ok([*channels, *height, *width]),
        _ => {
            Err("a shape is HEIGHTxWIDTH or CHANNELSxHEIGHTxWIDTH, such as 28x28 or 3x32x32".into())
        }
    }
}

fn extents(text: &str) -> Result<Vec<usize>, String> {
    let number = |part: &str| {
        part.trim()
            .parse()
            .ok()
            .filter(|&extent| (1..=65_536).contains(&extent))
    };
    text.split('x')
        .map(number)
        .collect::<Option<_>>()
        .ok_or_else(|| "an integer from 1 to 65536 is needed".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_shapes_are_read() {
        assert_eq!((size("64"), size("48x64")), (Ok([64, 64]), Ok([48, 64])));
        assert_eq!(
            (shape("28x28"), shape("3x32x16")),
            (Ok([1, 28, 28]), Ok([3, 32, 16]))
        );
        for bad in ["", "x", "0", "-1", "8x", "1x2x3x4", "99999999999999999999"] {
            assert!(size(bad).is_err() && shape(bad).is_err(), "{bad}");
        }
    }
}
