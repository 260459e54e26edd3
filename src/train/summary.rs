//! What a run ends with: its measures and its curves.

use super::unrolling::MOST_SAMPLES;
use super::verdict::{collapsed_latents, folded_latents, lost_order, rising_loss, worse_than_pca};
use super::{Provenance, Record, Trainer};
use crate::data::{Dataset, Scaling};
use crate::error::{Error, Result};
use crate::eval::{Pca, PlotInputs, psnr, rank_correlation};
use crate::executor::Executor;
use crate::model::Model;
use crate::net::Parameters;
use crate::plot::{Panel, Series, curve_panels};
use serde::Serialize;
use std::collections::BTreeMap;
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
    /// The kernels that had been timed on it, where it ran those.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernels: Option<String>,
    /// The version of this library.
    pub version: &'static str,
    /// Parameters of both stacks.
    pub parameters: usize,
    /// Epochs done.
    pub epochs: usize,
    /// Steps done.
    pub steps: usize,
    /// Seconds of training, those before the run was resumed included.
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
    /// The errors of each split, `train`, `validation` and `test`, in other units and beside PCA's.
    pub errors: BTreeMap<&'static str, SplitErrors>,
    /// What went wrong, in words.
    pub warnings: Vec<String>,
    /// Where the run comes from.
    #[serde(flatten)]
    pub provenance: Provenance,
    /// The pictures.
    pub files: Vec<PathBuf>,
}

/// Mean squared reconstruction errors of a split, per element.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SplitErrors {
    /// Of scaled data, as the network sees them.
    pub mse: f64,
    /// Of raw data, in their own units.
    pub mse_original: f64,
    /// `mse` over the variance per element of the scaled training data; absent where that is zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relative: Option<f64>,
    /// `mse` of PCA with as many components as there are latent dimensions, fitted to the training
    /// data; absent where so many lose nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pca_mse: Option<f64>,
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
        let errors = split_errors(trainer, model, executor)?;
        let mse_of = |split| errors.get(split).map(|errors: &SplitErrors| errors.mse);
        let test_mse = mse_of("test");
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
            kernels: executor.tuned().map(ToString::to_string),
            version: env!("CARGO_PKG_VERSION"),
            parameters: Parameters::of(&model.network).count(),
            epochs,
            steps: progress.step,
            seconds: 0.0,
            loss: records.last().map_or(f64::NAN, |record| record.loss),
            best_epoch: progress.best.map_or(epochs, |(_, epoch)| epoch),
            train_mse: mse_of("train").unwrap_or(f64::NAN),
            validation_mse: progress.best.map(|(error, _)| error),
            test_mse,
            // Scaled data of the unit range have a peak of 1; other data have no natural peak.
            test_psnr: test_mse
                .filter(|_| model.scaling.kind.is_unit())
                .map(|mse| psnr(mse, 1.0)),
            rank_correlation,
            stopped: progress.stopped_early,
            warnings: warnings(trainer, model, records, &errors, rank_correlation, executor)?,
            errors,
            provenance: Provenance::of(config, splits),
            files: Vec::new(),
        })
    }
}

/// The errors of every split, and those of PCA.
fn split_errors(
    trainer: &Trainer,
    model: &Model,
    executor: &dyn Executor,
) -> Result<BTreeMap<&'static str, SplitErrors>> {
    let (splits, scaling) = (trainer.splits(), &model.scaling);
    let seed = trainer.config().seed;
    let variance = variance(&splits.train, scaling);
    let pca = Pca::fit(&splits.train, scaling, model.network.latent(), seed)?;
    let of = |data: &Dataset| -> Result<SplitErrors> {
        let mse = model.mean_squared_error(&data.values, executor)?;
        let pca = pca.as_ref();
        Ok(SplitErrors {
            mse,
            mse_original: original(mse, data, model, executor)?,
            relative: (variance > 0.0).then(|| mse / variance),
            pca_mse: pca.map(|pca| pca.mean_squared_error(&data.values, scaling)),
        })
    };
    let named = [
        ("train", Some(&splits.train)),
        ("validation", splits.validation.as_ref()),
        ("test", splits.test.as_ref()),
    ];
    let given = named
        .into_iter()
        .filter_map(|(name, data)| Some((name, data?)));
    let within = |name| move |error: Error| error.within(&format!("the {name} data"));
    given
        .map(|(name, data)| Ok((name, of(data).map_err(within(name))?)))
        .collect()
}

/// The mean over all features of the variance of scaled `data`.
fn variance(data: &Dataset, scaling: &Scaling) -> f64 {
    let features = data.features();
    let mut row = vec![0.0; features];
    let (mut sums, mut squares) = (vec![0.0; features], vec![0.0; features]);
    for sample in 0..data.samples {
        scaling.apply_to(&data.values, sample * features, &mut row);
        for (feature, value) in row.iter().enumerate() {
            let value = f64::from(*value);
            sums[feature] += value;
            squares[feature] += value * value;
        }
    }
    let count = data.samples as f64;
    let of_feature = sums
        .iter()
        .zip(&squares)
        .map(|(sum, square)| (square / count - (sum / count).powi(2)).max(0.0));
    of_feature.sum::<f64>() / features as f64
}

/// The error `mse` of scaled `data` in the units of the raw ones.
fn original(mse: f64, data: &Dataset, model: &Model, executor: &dyn Executor) -> Result<f64> {
    if let [scale] = model.scaling.scale[..] {
        return Ok(mse * scale.powi(2));
    }
    model.mean_squared_error_unscaled(&data.values, executor)
}

/// What went wrong in a run.
fn warnings(
    trainer: &Trainer,
    model: &Model,
    records: &[Record],
    errors: &BTreeMap<&'static str, SplitErrors>,
    rank_correlation: Option<f64>,
    executor: &dyn Executor,
) -> Result<Vec<String>> {
    /// Latents that are looked at.
    const MOST: usize = 2000;
    let (config, latent) = (trainer.config(), model.network.latent());
    // What is held out tells more than what was trained on.
    let splits = trainer.splits();
    let judged = [
        ("test", splits.test.as_ref()),
        ("validation", splits.validation.as_ref()),
        ("train", Some(&splits.train)),
    ];
    let judged = judged
        .into_iter()
        .find_map(|(split, data)| Some((split, data?.samples, errors.get(split)?)));
    let linear = judged.and_then(|(split, samples, errors)| {
        let split = if split == "train" { "training" } else { split };
        worse_than_pca((split, samples), errors.mse, errors.pca_mse?, latent)
    });
    let drawn = splits.train.draw(MOST, config.seed);
    let codes = model.encode(&drawn.values, executor)?;
    let collapsed = collapsed_latents(&codes, latent)?;
    let folded = match rank_correlation {
        _ if collapsed.is_some() => None,
        Some(correlation) => lost_order(correlation, "the known coordinate"),
        None => {
            let drawn = drawn.take(MOST_SAMPLES);
            let points = splits.scaling.apply(&drawn.values);
            let codes = &codes[..drawn.samples * latent];
            folded_latents(&points, drawn.features(), codes, latent)?
        }
    };
    let found = [
        rising_loss(records, config.train.warm_up),
        linear,
        collapsed,
        folded,
    ];
    Ok(found.into_iter().flatten().collect())
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
        classes: &splits.classes,
        columns: &splits.columns,
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
        let [measured, validated] = trainer.validated_samples();
        let whole = trainer.splits().train.samples;
        let of = if measured < whole {
            format!("training data, {measured} of {whole} samples")
        } else {
            format!("training data, {whole} samples")
        };
        let series = vec![
            curve(&of, &|r| r.train_mse),
            curve(&format!("validation data, {validated} samples"), &|r| {
                r.validation_mse
            }),
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
