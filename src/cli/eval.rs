//! `nrae eval`

use super::apply::samples_for;
use super::device::DeviceArguments;
use super::{Outcome, output};
use crate::data::{Dataset, ScalingKind};
use crate::error::{Error, Result};
use crate::eval::{psnr, rank_correlation};
use crate::model::Model;
use crate::train::{Settings, Splits};
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  nrae eval runs/digits-nrae-q                         on the run's own data and splits
  nrae eval runs/digits-nrae-q --data data/digits.npy  on a file
  nrae eval model.safetensors --data x.npy --json";

/// Measure how well a model reconstructs
///
/// Errors are means per element of scaled data, comparable between methods; PSNR is of data in the unit range.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct EvalArguments {
    /// A run folder or a model.safetensors
    model: PathBuf,
    /// Samples to measure on, instead of the run's own
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// As lines of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: DeviceArguments,
}

#[derive(Serialize)]
struct Measures {
    data: String,
    samples: usize,
    mse: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    psnr: Option<f64>,
    /// Spearman's, of one latent dimension with the known coordinate of the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    rank_correlation: Option<f64>,
}

impl EvalArguments {
    pub(super) fn run(self) -> Outcome {
        let model = Model::load(&self.model)?;
        let sets: Vec<(String, Dataset)> = match &self.data {
            Some(path) => vec![(path.display().to_string(), samples_for(&model, path)?)],
            None => self.own_splits()?,
        };
        let executor = self.device.open()?;
        for (name, data) in sets {
            let mse = model.mean_squared_error(&data.values, &*executor)?;
            let correlation = match &data.parameter {
                Some(parameter) if model.network.latent() == 1 => {
                    rank_correlation(&model.encode(&data.values, &*executor)?, parameter)
                }
                _ => None,
            };
            let psnr = (model.scaling.kind == ScalingKind::Unit).then(|| psnr(mse, 1.0));
            self.tell(&Measures { data: name, samples: data.samples, mse, psnr, rank_correlation: correlation })?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn own_splits(&self) -> Result<Vec<(String, Dataset)>> {
        let path = self.model.join("config.toml");
        if !path.exists() {
            return Err(Error::input(format!(
                "{} is no run folder with data of its own: give --data FILE",
                self.model.display()
            )));
        }
        let splits = Splits::load(&Settings::from_file(&path)?.finish()?)?;
        let named = [("training", Some(splits.train)), ("validation", splits.validation), ("test", splits.test)];
        Ok(named.into_iter().filter_map(|(name, data)| Some((name.to_owned(), data?))).collect())
    }

    fn tell(&self, measures: &Measures) -> Result<()> {
        if self.json {
            return output::json(measures);
        }
        let mut line = format!("{}: MSE {:.6} on {} samples", measures.data, measures.mse, measures.samples);
        if let Some(psnr) = measures.psnr {
            line += &format!(", PSNR {psnr:.2} dB");
        }
        if let Some(correlation) = measures.rank_correlation {
            line += &format!(", rank correlation of latent and coordinate {correlation:.4}");
        }
        output::line(line)
    }
}
