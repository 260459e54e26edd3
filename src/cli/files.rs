//! Results in the format that a file's name asks for.

use super::apply::range;
use super::output;
use crate::data::{Values, write_atomically, write_npy, write_npy_doubles, write_png};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::net::Network;
use crate::plot::{Captions, drawn_channels, image_grid, shown_channels};
use std::path::{Path, PathBuf};

/// A file or folder to write rows or images to.
pub(super) struct Target {
    path: PathBuf,
    format: TargetFormat,
    /// Names of the values of a row, for text; none where they have no names.
    header: Vec<String>,
}

#[derive(Clone, Copy)]
enum TargetFormat {
    Npy,
    /// A row a line, with this between two values.
    Text(char),
    /// One picture; a grid of them where there are several.
    Png,
    /// A picture each.
    Folder,
}

impl Target {
    /// Where rows `[N, n]` or images `[N, C, H, W]` go, with `shape` that of one; before anything
    /// is computed.
    ///
    /// # Errors
    /// When what the name asks for cannot hold them.
    pub(super) fn new(path: &Path, shape: &[usize]) -> Result<Self> {
        let text = path.as_os_str().to_string_lossy();
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        let format = match extension.as_deref() {
            _ if text.ends_with(['/', std::path::MAIN_SEPARATOR]) => TargetFormat::Folder,
            Some("npy") => TargetFormat::Npy,
            Some("csv") => TargetFormat::Text(','),
            Some("tsv") => TargetFormat::Text('\t'),
            Some("png") => TargetFormat::Png,
            None => TargetFormat::Folder,
            Some(_) => return Err(unknown(path, "has an extension that nrae does not write")),
        };
        if let (TargetFormat::Png | TargetFormat::Folder, false) =
            (format, matches!(shape, [_, height, _] if *height > 1))
        {
            return Err(unknown(
                path,
                &format!(
                    "asks for pictures, but these are no images: each has the shape {shape:?}"
                ),
            ));
        }
        let path = path.to_owned();
        Ok(Self {
            path,
            format,
            header: Vec::new(),
        })
    }

    /// The same with the names of the features that the run of the model at `path` was trained on.
    pub(super) fn with_features_of(mut self, path: &Path) -> Self {
        self.header = feature_names(path);
        self
    }

    /// Writes `values` [N, shape] and says so; `range` is black and white.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(super) fn write(&self, shape: &[usize], values: &Values, range: (f32, f32)) -> Result<()> {
        output::line(self.write_quietly(shape, values, range)?)
    }

    /// The same, and what there is to say of it.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(super) fn write_quietly(
        &self,
        shape: &[usize],
        values: &Values,
        range: (f32, f32),
    ) -> Result<String> {
        let size = shape.iter().product::<usize>();
        let count = values.len() / size;
        let whole = [&[count], shape].concat();
        let path = &self.path;
        let picture = matches!(self.format, TargetFormat::Png | TargetFormat::Folder);
        if let (true, &[c, h, w]) = (picture, shape) {
            let values = values.to_floats();
            let (drawn, shape) = drawn_channels(&values, [c, h, w], range.0);
            self.draw(shape, &drawn, range)?;
            let shown = shown_channels(c).map_or(String::new(), |shown| format!(". {shown}"));
            return Ok(wrote(path, &whole) + &shown);
        }
        match (self.format, values) {
            (TargetFormat::Text(between), Values::Doubles(values)) => {
                write_rows(path, &self.header, &values.whole(), size, between)?
            }
            (TargetFormat::Text(between), values) => {
                write_rows(path, &self.header, &values.to_floats(), size, between)?
            }
            (_, Values::Doubles(values)) => write_npy_doubles(path, &whole, &values.whole())?,
            (_, values) => write_npy(path, &whole, &values.to_floats())?,
        }
        Ok(wrote(path, &whole))
    }

    /// Writes grey or RGB images [N, shape] as one picture or as a folder of them.
    fn draw(&self, shape: [usize; 3], values: &[f32], range: (f32, f32)) -> Result<()> {
        let (path, size) = (&self.path, shape.iter().product::<usize>());
        let count = values.len() / size;
        match self.format {
            TargetFormat::Png if count > 1 => {
                let columns = (count as f64).sqrt().ceil() as usize;
                image_grid(path, values, shape, columns, range, &Captions::default())
            }
            TargetFormat::Png => write_png(path, &levels(values, range), shape),
            _ => {
                let digits = (count - 1).to_string().len();
                let mut images = values.chunks_exact(size).enumerate();
                images.try_for_each(|(index, image)| {
                    let path = path.join(format!("{index:0digits$}.png"));
                    write_png(&path, &levels(image, range), shape)
                })
            }
        }
    }
}

/// Where decoded samples go, and their latents where these are wanted too.
#[derive(clap::Args, Debug)]
pub(super) struct DecodedArguments {
    /// Where to write the decoded samples, in the units of the data: .npy, .csv, .tsv; of images also
    /// .png, or a folder of PNGs (no extension)
    #[arg(long, value_name = "FILE|DIR")]
    pub(super) out: PathBuf,
    /// Where to write their latents: .npy, .csv or .tsv
    #[arg(long, value_name = "FILE")]
    latents_out: Option<PathBuf>,
}

/// [`DecodedArguments`] that can hold what `model` decodes.
pub(super) struct DecodedTargets<'a> {
    model: &'a Model,
    samples: Target,
    latents: Option<Target>,
}

impl DecodedArguments {
    /// Looks at the names, before anything is computed; the model is at `path`.
    ///
    /// # Errors
    /// Those of [`Target::new`].
    pub(super) fn targets<'a>(&self, model: &'a Model, path: &Path) -> Result<DecodedTargets<'a>> {
        let latents = self.latents_out.as_deref();
        Ok(DecodedTargets {
            model,
            samples: Target::new(&self.out, &model.network.shape)?.with_features_of(path),
            latents: latents
                .map(|path| Target::new(path, &[model.network.latent()]))
                .transpose()?,
        })
    }
}

impl DecodedTargets<'_> {
    /// Writes `samples` and the `latents` [count, m] that they were decoded from; what there is to
    /// say of it, a line a file.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(super) fn write(&self, samples: &Values, latents: Vec<f32>) -> Result<Vec<String>> {
        let Network { shape, .. } = &self.model.network;
        let range = range(self.model, samples);
        let mut wrote = vec![self.samples.write_quietly(shape, samples, range)?];
        if let Some(target) = &self.latents {
            let shape = [self.model.network.latent()];
            wrote.push(target.write_quietly(
                &shape,
                &Values::Floats(latents.into()),
                (0.0, 1.0),
            )?);
        }
        Ok(wrote)
    }
}

/// What a command says that it has written: `Wrote z.csv: 20 x 2`.
pub(super) fn wrote(path: &Path, shape: &[usize]) -> String {
    let shape: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!("Wrote {}: {}", path.display(), shape.join(" x "))
}

fn unknown(path: &Path, why: &str) -> Error {
    Error::input(format!(
        "--out {} {why}. What can be written: .npy, .csv and .tsv; of images also .png (a grid where there are several), and a folder of \
         PNGs where the name has no extension or ends with /",
        path.display()
    ))
}

fn write_rows<T: std::fmt::Display>(
    path: &Path,
    header: &[String],
    values: &[T],
    width: usize,
    between: char,
) -> Result<()> {
    write_atomically(path, |file| {
        if header.len() == width {
            let names: Vec<String> = header.iter().map(|name| quoted(name, between)).collect();
            writeln!(file, "{}", names.join(&between.to_string()))?;
        }
        for row in values.chunks_exact(width) {
            for (column, value) in row.iter().enumerate() {
                if column > 0 {
                    write!(file, "{between}")?;
                }
                write!(file, "{value}")?;
            }
            writeln!(file)?;
        }
        Ok(())
    })
}

/// `name` as a field of a line, as RFC 4180 has it.
fn quoted(name: &str, between: char) -> String {
    if name.contains([between, '"', '\n', '\r']) {
        format!("\"{}\"", name.replace('"', "\"\""))
    } else {
        name.to_owned()
    }
}

/// The names of the features of the run that the model at `path`, a run folder or a file in it, comes
/// from; none where they have none, or where a header of them would be read as values.
fn feature_names(path: &Path) -> Vec<String> {
    let names: Vec<String> = result_of(path, "columns").unwrap_or_default();
    if names.iter().all(|name| name.parse::<f64>().is_ok()) {
        return Vec::new();
    }
    names
}

/// What the run of the model at `path`, a run folder or a file in it, has under `key` of its
/// `result.json`; none where it has no such thing.
pub(super) fn result_of<T: serde::de::DeserializeOwned>(path: &Path, key: &str) -> Option<T> {
    let folder = if path.is_dir() {
        Some(path)
    } else {
        path.parent()
    };
    let text = std::fs::read_to_string(folder?.join("result.json")).ok()?;
    let mut result: serde_json::Value = serde_json::from_str(&text).ok()?;
    serde_json::from_value(result[key].take()).ok()
}

/// Values as bytes, where `range` is 0 and 255.
fn levels(values: &[f32], (black, white): (f32, f32)) -> Vec<u8> {
    let level = |value: &f32| ((value - black) / (white - black) * 255.0).round() as u8;
    values.iter().map(level).collect()
}
