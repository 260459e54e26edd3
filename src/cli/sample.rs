//! `nrae sample`: new samples from a model.

use super::apply::samples_for;
use super::device::DeviceArguments;
use super::ends::{configuration, training_data};
use super::files::DecodedArguments;
use super::{Outcome, output};
use crate::error::{Error, Result};
use crate::eval::{Mixture, draw_prior};
use crate::executor::Executor;
use crate::model::Model;
use crate::net::Layer;
use std::path::PathBuf;
use std::process::ExitCode;

/// Decode new latents into new samples
///
/// A variational or a Wasserstein autoencoder has a prior, N(0, I), that latents are drawn from. Other
/// methods have none: theirs come from a mixture of Gaussians fitted to the latents of the training
/// data (Ghosh et al. 2020). What they were drawn from is said.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  nrae sample runs/digits-vae --count 64 --out new.png\n  nrae sample runs/digits-nrae-q --count 1000 --seed 3 --out x.npy --latents-out z.npy"
)]
pub(super) struct SampleArguments {
    /// A run folder or a model.safetensors
    model: PathBuf,
    /// Samples to draw
    #[arg(long, value_name = "N", default_value_t = 64)]
    count: usize,
    /// What latents are drawn from
    #[arg(long, value_enum, default_value_t)]
    density: Density,
    /// Samples whose latents the mixture is fitted to, instead of the run's training data
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    #[command(flatten)]
    written: DecodedArguments,
    /// Seed of the draw
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Print a line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: DeviceArguments,
}

/// Values of `--density`.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Density {
    /// The prior of a VAE or a WAE, the mixture of other methods
    #[default]
    Auto,
    /// N(0, I)
    Prior,
    /// A mixture of Gaussians fitted to latents
    Mixture,
}

impl SampleArguments {
    pub(super) fn run(self) -> Outcome {
        let model = Model::load(&self.model)?;
        let (m, targets) = (
            model.network.latent(),
            self.written.targets(&model, &self.model)?,
        );
        if self.count == 0 {
            return Err(Error::input("--count is 0: draw at least 1 sample"));
        }
        let executor = self.device.open()?;
        let (mut latents, from) = self.latents(&model, &*executor)?;
        if matches!(model.network.encoder.last(), Some(Layer::UnitNorm)) {
            latents.chunks_mut(m).for_each(to_unit_norm);
        }
        let samples = model.decode(&latents, &*executor)?;
        let wrote = targets.write(&samples, latents)?;
        if self.json {
            let told = serde_json::json!({
                "out": self.written.out, "count": self.count, "seed": self.seed, "density": from,
            });
            output::json(&told)?;
            return Ok(ExitCode::SUCCESS);
        }
        output::line(format!("Drew {} latents from {from}.", self.count))?;
        wrote.into_iter().try_for_each(output::line)?;
        Ok(ExitCode::SUCCESS)
    }

    /// [count, m] latents, and what they are drawn from.
    fn latents(&self, model: &Model, executor: &dyn Executor) -> Result<(Vec<f32>, String)> {
        let m = model.network.latent();
        if self.takes_prior(model)? {
            return Ok((
                draw_prior(self.count, m, self.seed),
                "the prior N(0, I)".into(),
            ));
        }
        let data = match &self.data {
            Some(file) => samples_for(model, &self.model, file)?,
            None => training_data(&self.model)?,
        };
        let codes = model.encode(&data.values, executor)?;
        let mixture = Mixture::fit(&codes, m, self.seed)?;
        let (components, of) = (mixture.components(), data.samples);
        let whose = if self.data.is_some() {
            "given"
        } else {
            "training"
        };
        let gaussians = if components == 1 {
            "a Gaussian".into()
        } else {
            format!("a mixture of {components} Gaussians")
        };
        Ok((
            mixture.draw(self.count, self.seed),
            format!("{gaussians} fitted to the latents of {of} {whose} samples"),
        ))
    }

    fn takes_prior(&self, model: &Model) -> Result<bool> {
        match self.density {
            Density::Prior => Ok(true),
            Density::Mixture => Ok(false),
            Density::Auto if model.network.variational => Ok(true),
            // Of a model without its run, nothing else tells a method with a prior.
            Density::Auto if !self.model.join("config.toml").exists() => Ok(false),
            Density::Auto => {
                let config = configuration(&self.model)?;
                Ok(config.method()?.base.name == "wae")
            }
        }
    }
}

/// z / |z|, as an encoder that ends so has it.
fn to_unit_norm(z: &mut [f32]) {
    let norm = z.iter().map(|value| value * value).sum::<f32>().sqrt();
    if norm > 0.0 {
        z.iter_mut().for_each(|value| *value /= norm);
    }
}
