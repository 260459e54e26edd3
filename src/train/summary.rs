//! What a run ends with: its measures and its curves.

use super::{Record, Trainer};
use crate::data::{Dataset, ScalingKind};
use crate::error::Result;
use crate::eval::{PlotInputs, psnr, rank_correlation};
use crate::executor::Executor;
use crate::model::Model;
use crate::net::Parameters;
use crate::plot::{Panel, Series, curve_panels};
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
pub(super) fn plot_inputs<'a>(
    trainer: &'a Trainer,
    model: &'a Model,
    name: &'a str,
) -> PlotInputs<'a> {
    let (config, splits) = (trainer.config(), trainer.splits());
    let order = config
        .method()
        .map_or(0, |method| method.reconstruction.order());
    let test = splits.test.as_ref().map(|data| ("test data", data));
    let validation = splits
        .validation
        .as_ref()
        .map(|data| ("validation data", data));
    PlotInputs {
        name,
        model,
        train: &splits.train,
        held_out: test.or(validation),
        neighbourhoods: trainer.graph().map(|graph| (graph, order)),
    }
}

/// Draws what is minimised, its terms where it has some, and the errors of training and validation
/// data, each in a panel of its own: their values do not compare. The best epoch is marked.
pub(super) fn draw_losses(path: &Path, trainer: &Trainer, records: &[Record]) -> Result<()> {
    let curve = |name: &str, of: &dyn Fn(&Record) -> Option<f64>| Series {
        name: name.into(),
        points: records
            .iter()
            .filter_map(|record| Some((record.epoch as f64, of(record)?)))
            .collect(),
    };
    let part = |name: &str| curve(&name.replace('_', " "), &|r| r.parts.get(name).copied());
    let (reconstruction, terms): (Vec<&str>, Vec<&str>) = records
        .first()
        .iter()
        .flat_map(|record| record.parts.keys().map(String::as_str))
        .partition(|&name| name == "reconstruction");
    let losses = [curve("loss (what is minimised)", &|r| Some(r.loss))];
    let panel = |label: &str, series: Vec<Series>| Panel {
        label: label.into(),
        series,
    };
    let losses = losses
        .into_iter()
        .chain(reconstruction.into_iter().map(part));
    let mut panels = vec![panel("training loss", losses.collect())];
    if !terms.is_empty() {
        let series = terms.into_iter().map(part).collect();
        panels.push(panel("terms without weight", series));
    }
    if records.iter().any(|record| record.validation_mse.is_some()) {
        let series = vec![
            curve("training data", &|r| r.train_mse),
            curve("validation data", &|r| r.validation_mse),
        ];
        panels.push(panel("MSE per element", series));
    }
    let best = trainer.progress().best;
    let best = best.map(|(_, epoch)| (format!("best epoch, {epoch}: the saved model"), epoch));
    let marked = best
        .as_ref()
        .map(|(text, epoch)| (text.as_str(), *epoch as f64));
    curve_panels(
        path,
        &format!("{}: training", trainer.config().title()),
        "epoch",
        &panels,
        marked,
    )
}
