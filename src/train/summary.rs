//! What a run ends with: its measures and its curves.

use super::{Record, Trainer};
use crate::data::{Dataset, ScalingKind};
use crate::error::Result;
use crate::eval::{PlotInputs, psnr, rank_correlation};
use crate::executor::Executor;
use crate::model::Model;
use crate::net::Parameters;
use crate::plot::{Series, curves};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What a run ends with: `result.json`.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The run folder.
    pub out: PathBuf,
    /// The method's name.
    pub method: String,
    /// The seed.
    pub seed: u64,
    /// What it ran on.
    pub device: String,
    /// The driver of that.
    pub driver: String,
    /// The version of this library.
    pub version: &'static str,
    /// Parameters of both stacks.
    pub parameters: usize,
    /// Epochs done.
    pub epochs: usize,
    /// Steps done.
    pub steps: usize,
    /// Seconds of training in this process.
    pub seconds: f64,
    /// The training loss of the last epoch.
    pub loss: f64,
    /// The epoch that the saved model is from.
    pub best_epoch: usize,
    /// Mean squared reconstruction error per element, of the training data.
    pub train_mse: f64,
    /// Likewise of what is held out for validation, where something is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_mse: Option<f64>,
    /// Likewise of the test data, where there are some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_mse: Option<f64>,
    /// Peak signal-to-noise ratio of the test data in dB, where they are scaled to the unit range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_psnr: Option<f64>,
    /// Spearman's, of one latent dimension with the known coordinate of the training data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank_correlation: Option<f64>,
    /// Whether validation has ended the run.
    pub stopped: bool,
    /// The pictures.
    pub files: Vec<PathBuf>,
}

impl Summary {
    /// Measures `model`, the best one of `trainer`; time and pictures are not in it yet.
    pub(super) fn of(
        trainer: &Trainer,
        model: &Model,
        records: &[Record],
        out: &Path,
        executor: &dyn Executor,
    ) -> Result<Self> {
        let (progress, config, splits) = (trainer.progress(), trainer.config(), trainer.splits());
        let mse = |data: &Dataset| model.mean_squared_error(&data.values, executor);
        let test_mse = splits.test.as_ref().map(&mse).transpose()?;
        let rank_correlation = match &splits.train.parameter {
            Some(parameter) if model.network.latent() == 1 => {
                rank_correlation(&model.encode(&splits.train.values, executor)?, parameter)
            }
            _ => None,
        };
        let epochs = progress.step / trainer.steps_per_epoch();
        Ok(Self {
            out: out.to_owned(),
            method: config.method.clone(),
            seed: config.seed,
            device: executor.name(),
            driver: executor.driver(),
            version: env!("CARGO_PKG_VERSION"),
            parameters: Parameters::of(&model.network).count(),
            epochs,
            steps: progress.step,
            seconds: 0.0,
            loss: records.last().map_or(f64::NAN, |record| record.loss),
            best_epoch: progress.best.map_or(epochs, |(_, epoch)| epoch),
            train_mse: mse(&splits.train)?,
            validation_mse: progress.best.map(|(error, _)| error),
            test_mse,
            // Scaled data of the unit range have a peak of 1; other data have no natural peak.
            test_psnr: test_mse
                .filter(|_| model.scaling.kind == ScalingKind::Unit)
                .map(|mse| psnr(mse, 1.0)),
            rank_correlation,
            stopped: progress.stopped_early,
            files: Vec::new(),
        })
    }
}

/// What pictures of `model` are drawn of: the data and the graph that `trainer` trained it on.
pub(super) fn plot_inputs<'a>(trainer: &'a Trainer, model: &'a Model) -> PlotInputs<'a> {
    let (config, splits) = (trainer.config(), trainer.splits());
    let order = config
        .method()
        .map_or(0, |method| method.reconstruction.order());
    PlotInputs {
        model,
        train: &splits.train,
        test: splits.test.as_ref(),
        neighbourhoods: trainer.graph().map(|graph| (graph, order)),
    }
}

/// Draws the loss of every epoch with its parts, and the validation error where there is one.
pub(super) fn draw_losses(path: &Path, records: &[Record]) -> Result<()> {
    let curve = |name: String, of: &dyn Fn(&Record) -> Option<f64>| Series {
        name,
        points: records
            .iter()
            .filter_map(|record| Some((record.epoch as f64, of(record)?)))
            .collect(),
    };
    let mut series = vec![curve("training loss".into(), &|record| Some(record.loss))];
    for name in records
        .first()
        .iter()
        .flat_map(|record| record.parts.keys())
    {
        series.push(curve(name.replace('_', " "), &|record| {
            record.parts.get(name).copied()
        }));
    }
    let validation = curve("validation MSE".into(), &|record| record.validation_mse);
    if !validation.points.is_empty() {
        series.push(validation);
    }
    curves(path, "Training", "mean squared error per element", &series)
}
