//! `nrae encode`, `decode` and `reconstruct`: arrays in, arrays out.

use super::Outcome;
use super::device::DeviceArguments;
use crate::data::{Dataset, write_npy};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::train::{find_data, read_samples};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Encode samples into latent codes
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  nrae encode runs/digits-nrae-q --data data/digits.npy --out z.npy"
)]
pub(super) struct EncodeArguments {
    /// A run folder or a model.safetensors
    model: PathBuf,
    /// Samples like those the model was trained on (not scaled)
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Latent codes, f32 [N, m]
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    device: DeviceArguments,
}

/// Decode latent codes into samples
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  nrae decode runs/digits-nrae-q --latents z.npy --out x.npy")]
pub(super) struct DecodeArguments {
    /// A run folder or a model.safetensors
    model: PathBuf,
    /// Latent codes [N, m]
    #[arg(long, value_name = "FILE")]
    latents: PathBuf,
    /// Samples in the units of the data, f32 [N, n] or [N, C, H, W]
    #[arg(long, value_name = "FILE")]
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
    /// Reconstructions in the units of the data, f32 [N, n] or [N, C, H, W]
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    device: DeviceArguments,
}

impl EncodeArguments {
    pub(super) fn run(self) -> Outcome {
        let model = Model::load(&self.model)?;
        let data = samples_for(&model, &self.data)?;
        let codes = model.encode(&data.values, &*self.device.open()?)?;
        write_npy(&self.out, &[data.samples, model.network.latent()], &codes)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl DecodeArguments {
    pub(super) fn run(self) -> Outcome {
        let model = Model::load(&self.model)?;
        let (latents, count) = rows_of(&self.latents, model.network.latent(), "latent dimensions")?;
        let decoded = model.decode(&latents, &*self.device.open()?)?;
        write_samples(&model, &self.out, count, &decoded)
    }
}

impl ReconstructArguments {
    pub(super) fn run(self) -> Outcome {
        let model = Model::load(&self.model)?;
        let data = samples_for(&model, &self.data)?;
        let rebuilt = model.reconstruct(&data.values, &*self.device.open()?)?;
        write_samples(&model, &self.out, data.samples, &rebuilt)
    }
}

fn write_samples(model: &Model, path: &Path, count: usize, samples: &[f32]) -> Outcome {
    let shape: Vec<usize> = std::iter::once(count)
        .chain(model.network.shape.iter().copied())
        .collect();
    write_npy(path, &shape, samples)?;
    Ok(ExitCode::SUCCESS)
}

/// Samples of the shape that `model` takes; [N, n] stands for images too, flattened in (C, H, W)
/// order.
///
/// # Errors
/// When the file cannot be used or its samples have another shape.
pub(super) fn samples_for(model: &Model, path: &Path) -> Result<Dataset> {
    let data = read_samples(path)?;
    let flat = data.shape.len() == 1 || model.network.shape.len() == 1;
    if data.shape == model.network.shape || (flat && data.features() == model.network.features()) {
        return Ok(data);
    }
    Err(Error::input(format!(
        "{} holds samples of shape {:?}, but the model takes {:?}",
        path.display(),
        data.shape,
        model.network.shape
    )))
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
