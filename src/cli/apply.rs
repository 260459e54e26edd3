//! `nrae encode`, `decode` and `reconstruct`: samples and latents in and out.

use super::Outcome;
use super::device::DeviceArguments;
use super::files::{Target, result_of};
use crate::data::{Dataset, Reading, Scaling, ScalingKind, TableOptions, TrainedColumns, Values};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::train::{Settings, find_data, read_samples};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Encode samples into latents
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  nrae encode runs/digits-nrae-q --data data/digits.npy --out z.npy\n  nrae encode runs/digits-nrae-q --data new.csv --out z.csv"
)]
pub(super) struct EncodeArguments {
    /// A run folder or a model.safetensors
    model: PathBuf,
    /// Samples like those the model was trained on (not scaled)
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Where to write the latents [N, m]: .npy, .csv or .tsv
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    device: DeviceArguments,
}

/// Decode latents into samples
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  nrae decode runs/digits-nrae-q --latents z.npy --out x.npy\n  nrae decode runs/digits-nrae-q --latents z.csv --out x.png"
)]
pub(super) struct DecodeArguments {
    /// A run folder or a model.safetensors
    model: PathBuf,
    /// Latents [N, m]
    #[arg(long, visible_alias = "data", value_name = "FILE")]
    latents: PathBuf,
    /// Where to write the samples, in the units of the data: .npy, .csv, .tsv; of images also .png,
    /// or a folder of PNGs (no extension)
    #[arg(long, value_name = "FILE|DIR")]
    out: PathBuf,
    #[command(flatten)]
    device: DeviceArguments,
}

/// Reconstruct samples: encode and decode them
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  nrae reconstruct runs/digits-nrae-q --data data/digits.npy --out x.npy"
)]
pub(super) struct ReconstructArguments {
    /// A run folder or a model.safetensors
    model: PathBuf,
    /// Samples like those the model was trained on (not scaled)
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Where to write the reconstructions, in the units of the data: .npy, .csv, .tsv; of images also .png,
    /// or a folder of PNGs (no extension)
    #[arg(long, value_name = "FILE|DIR")]
    out: PathBuf,
    #[command(flatten)]
    device: DeviceArguments,
}

impl EncodeArguments {
    pub(super) fn run(self) -> Outcome {
        let model = Model::load(&self.model)?;
        let shape = [model.network.latent()];
        let target = Target::new(&self.out, &shape)?;
        let data = samples_for(&model, &self.model, &self.data)?;
        let latents = model
            .encode(&data.values, &*self.device.open()?)
            .map_err(|error| error.within(&self.data.display().to_string()))?;
        target.write(&shape, &Values::Floats(latents.into()), (0.0, 1.0))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl DecodeArguments {
    pub(super) fn run(self) -> Outcome {
        let model = Model::load(&self.model)?;
        let target = Target::new(&self.out, &model.network.shape)?.with_features_of(&self.model);
        let (latents, _) = rows_of(&self.latents, model.network.latent(), "latent dimensions")?;
        let decoded = model
            .decode(&latents, &*self.device.open()?)
            .map_err(|error| error.within(&self.latents.display().to_string()))?;
        target.write(&model.network.shape, &decoded, range(&model, &decoded))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl ReconstructArguments {
    pub(super) fn run(self) -> Outcome {
        let model = Model::load(&self.model)?;
        let target = Target::new(&self.out, &model.network.shape)?.with_features_of(&self.model);
        let data = samples_for(&model, &self.model, &self.data)?;
        let rebuilt = model
            .reconstruct(&data.values, &*self.device.open()?)
            .map_err(|error| error.within(&self.data.display().to_string()))?;
        target.write(&model.network.shape, &rebuilt, range(&model, &rebuilt))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Black and white of images: what data that were scaled to the unit range have, else the least
/// and the largest of `values`.
pub(super) fn range(model: &Model, values: &Values) -> (f32, f32) {
    let Scaling {
        kind, shift, scale, ..
    } = &model.scaling;
    if let (ScalingKind::Unit, [shift], [scale]) = (kind, &shift[..], &scale[..]) {
        return (*shift as f32, *shift as f32 + *scale as f32);
    }
    let values = || values.doubles().map(|value| value as f32);
    let low = values().fold(f32::INFINITY, f32::min);
    let high = values().fold(f32::NEG_INFINITY, f32::max);
    (low, if high > low { high } else { low + 1.0 })
}

/// Samples of the shape that `model` takes; [N, n] stands for images too, flattened in (C, H, W)
/// order. Of a table, what the run took that is at `model_path` or around it.
///
/// # Errors
/// When the file cannot be used or its samples have another shape.
pub(super) fn samples_for(model: &Model, model_path: &Path, path: &Path) -> Result<Dataset> {
    Ok(reading_for(model, model_path, path)?.data)
}

/// The same, with all else that the file holds of them.
///
/// # Errors
/// As above.
pub(super) fn reading_for(model: &Model, model_path: &Path, path: &Path) -> Result<Reading> {
    let table = table_of(model_path)?;
    let mut reading = read_samples(path, &table, Some(&model.network.shape))?;
    let data = &reading.data;
    let flat = data.shape.len() == 1 || model.network.shape.len() == 1;
    if data.shape == model.network.shape || (flat && data.features() == model.network.features()) {
        reading.data = reading.data.in_units_of(&model.scaling, path);
        return Ok(reading);
    }
    Err(Error::input(format!(
        "{} holds samples of shape {:?}, but the model takes {:?}",
        path.display(),
        data.shape,
        model.network.shape
    )))
}

/// What the run at `path`, its folder or its model, took of a table; the default where there is none.
///
/// # Errors
/// When its configuration cannot be read.
fn table_of(path: &Path) -> Result<TableOptions> {
    let folder = if path.is_dir() {
        Some(path)
    } else {
        path.parent()
    };
    let config = folder
        .map(|folder| folder.join("config.toml"))
        .filter(|file| file.exists());
    Ok(match config {
        Some(file) => TableOptions {
            trained: Some(TrainedColumns {
                names: result_of(path, "columns").unwrap_or_default(),
                means: result_of(path, "means").unwrap_or_default(),
            }),
            ..Settings::from_file(&file)?.finish()?.data.table()
        },
        None => TableOptions::default(),
    })
}

/// The rows of a file [N, width], and N.
///
/// # Errors
/// When the file cannot be used or its rows have another width; `what` names the columns.
pub(super) fn rows_of(path: &Path, width: usize, what: &str) -> Result<(Vec<f32>, usize)> {
    let path = find_data(path)?;
    let array = crate::data::read_array(&path)?;
    if array.shape.len() != 2 || array.shape[1] != width || array.shape[0] == 0 {
        return Err(Error::input(format!(
            "{} has the shape {:?}, but [N, {width}] is needed: the model has {width} {what}",
            path.display(),
            array.shape
        )));
    }
    Ok((array.values.to_floats(), array.shape[0]))
}
