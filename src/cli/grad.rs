//! `nrae grad`

use super::apply::samples_for;
use super::device::DeviceArguments;
use super::{Outcome, output};
use crate::error::Error;
use crate::eval::gradient;
use crate::model::{Model, write_tensors};
use crate::net::Parameters;
use crate::objective::Method;
use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  nrae grad runs/digits-nrae-q --centres x.npy --neighbours xn.npy --method nrae-q --lambda 0.5 --out grad.safetensors
  nrae grad runs/digits-ae --centres x.npy --method ae --out grad.safetensors";

/// Compute a loss and its gradient, for comparison with another framework
///
/// The loss is the mean over the batch of |x - f(g(x))|^2 + lambda |x' - f~|^2, where squared norms
/// are sums over data dimensions, in the units of scaled data. Writes the scalar `loss`, and the
/// gradients under the names of the parameters.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct GradArguments {
    /// A run folder or a model.safetensors
    model: PathBuf,
    /// Centres x, like the samples the model was trained on (not scaled)
    #[arg(long, value_name = "FILE")]
    centres: PathBuf,
    /// One neighbour x' per centre
    #[arg(long, value_name = "FILE")]
    neighbours: Option<PathBuf>,
    /// ae, nrae-l or nrae-q
    #[arg(long, default_value = "nrae-q")]
    method: String,
    /// Weight of a neighbour
    #[arg(long, default_value_t = 0.5)]
    lambda: f32,
    /// The safetensors file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    device: DeviceArguments,
}

impl GradArguments {
    pub(super) fn run(self) -> Outcome {
        let model = Model::load(&self.model)?;
        let method = Method::named(&self.method)?;
        if !method.base.terms.is_empty() || method.extended || method.base.corrupted {
            return Err(Error::input(format!(
                "--method is {}, but here it is one of ae, nrae-l and nrae-q",
                self.method
            )));
        }
        if !(self.lambda >= 0.0 && self.lambda.is_finite()) {
            return Err(Error::input(format!(
                "--lambda is {}, but it must be a number >= 0",
                self.lambda
            )));
        }
        let centres = samples_for(&model, &self.model, &self.centres)?;
        let neighbours = match (&self.neighbours, method.reconstruction.order()) {
            (_, 0) => None,
            (Some(path), _) => Some(samples_for(&model, &self.model, path)?),
            (None, _) => {
                return Err(Error::input(format!(
                    "{} needs --neighbours FILE",
                    method.name()
                )));
            }
        };
        if let Some(neighbours) = &neighbours
            && neighbours.samples != centres.samples
        {
            return Err(Error::input(format!(
                "there are {} neighbours for {} centres: give one neighbour a centre",
                neighbours.samples, centres.samples
            )));
        }
        let scaled = |data: &crate::data::Dataset| model.scaling.apply(&data.values);
        let neighbours = neighbours.as_ref().map(scaled);
        let executor = self.device.open()?;
        let (loss, arena) = gradient(
            &model,
            &method,
            &scaled(&centres),
            neighbours.as_deref(),
            self.lambda,
            &*executor,
        )?;
        let layout = Parameters::of(&model.network);
        let loss = [loss];
        let mut tensors: Vec<(&str, &[usize], &[f32])> = vec![("loss", &[], &loss)];
        tensors.extend(layout.entries.iter().map(|entry| {
            (
                entry.name.as_str(),
                entry.shape.as_slice(),
                &arena[entry.offset..][..entry.len()],
            )
        }));
        write_tensors(&self.out, &tensors, HashMap::new())?;
        output::line(format!("loss {}", loss[0]))?;
        output::line(format!(
            "Wrote {}: the loss, and the gradient of {} parameter tensors",
            self.out.display(),
            layout.entries.len()
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}
