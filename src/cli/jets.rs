//! `nrae jets`

use super::apply::rows_of;
use super::device::DeviceArguments;
use super::{Outcome, output};
use crate::error::Error;
use crate::eval::jets;
use crate::model::{Model, write_tensors};
use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;

/// Compute the decoder's value and its derivatives along directions
///
/// Writes three tensors, each f32 [B, n]: `value` f(z), `jvp` J dz and `hvp` dz' H dz. They are
/// those of the network itself: in the units of scaled data, with images flattened in (C, H, W)
/// order.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  nrae jets runs/digits-nrae-q --latents z.npy --directions dz.npy --out jets.safetensors"
)]
pub(super) struct JetsArguments {
    /// A run folder or a model.safetensors
    model: PathBuf,
    /// Latents z, [B, m]
    #[arg(long, value_name = "FILE")]
    latents: PathBuf,
    /// Directions dz, [B, m]
    #[arg(long, value_name = "FILE")]
    directions: PathBuf,
    /// The safetensors file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    device: DeviceArguments,
}

impl JetsArguments {
    pub(super) fn run(self) -> Outcome {
        let model = Model::load(&self.model)?;
        let m = model.network.latent();
        let (latents, count) = rows_of(&self.latents, m, "latent dimensions")?;
        let (directions, others) = rows_of(&self.directions, m, "latent dimensions")?;
        if count != others {
            return Err(Error::input(format!(
                "{} has {count} latents but {} has {others} directions: give one direction a latent",
                self.latents.display(),
                self.directions.display()
            )));
        }
        let jets = jets(&model, &latents, &directions, &*self.device.open()?)?;
        let shape = [count, model.network.features()];
        let tensors: [(&str, &[usize], &[f32]); 3] = [
            ("value", &shape, &jets.value),
            ("jvp", &shape, &jets.jvp),
            ("hvp", &shape, &jets.hvp),
        ];
        write_tensors(&self.out, &tensors, HashMap::new())?;
        output::line(format!(
            "Wrote {}: value, jvp and hvp, each {} x {}",
            self.out.display(),
            shape[0],
            shape[1]
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}
