//! Errors against what samples should be, such as their originals without noise.

use super::psnr;
use crate::data::Dataset;
use crate::engine::Stack;
use crate::error::{Error, Result};
use crate::executor::Executor;
use crate::model::Model;
use serde::Serialize;
use std::path::Path;

/// Errors of reconstructions against clean targets, per element of scaled data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CleanErrors {
    /// The mean squared error.
    pub mse: f64,
    /// The peak signal-to-noise ratio of each sample in dB, averaged over samples, where data are of
    /// the unit range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub psnr: Option<f64>,
    /// The mean squared error of the samples as they are: what a model that changes nothing has.
    pub input_mse: f64,
}

impl CleanErrors {
    /// Those of what `model` makes of `data`, against `clean`, row by row; `source` names the latter.
    ///
    /// # Errors
    /// When there are not as many clean samples, or the device fails.
    pub fn of(
        model: &Model,
        data: &Dataset,
        clean: &Dataset,
        source: &Path,
        executor: &dyn Executor,
    ) -> Result<Self> {
        if (clean.samples, &clean.shape) != (data.samples, &data.shape) {
            return Err(Error::input(format!(
                "{} has {} samples of shape {:?}, but there are {} of shape {:?} to compare them with: give one clean sample a row",
                source.display(),
                clean.samples,
                clean.shape,
                data.samples,
                data.shape
            )));
        }
        let (data, clean) = (
            model.scaling.apply(&data.values),
            model.scaling.apply(&clean.values),
        );
        let reconstructed = model.apply(Stack::Whole, &data, executor)?;
        let n = model.network.features();
        let errors = |rows: &[f32]| -> Vec<f64> {
            let pairs = rows.chunks_exact(n).zip(clean.chunks_exact(n));
            pairs
                .map(|(row, clean)| {
                    mean(
                        row.iter().zip(clean).map(|(a, b)| f64::from(a - b).powi(2)),
                        n,
                    )
                })
                .collect()
        };
        let of_samples = errors(&reconstructed);
        let all = |values: &[f64]| mean(values.iter().copied(), values.len());
        let unit = clean.iter().all(|value| (0.0..=1.0).contains(value));
        let ratios: Vec<f64> = of_samples.iter().map(|&mse| psnr(mse, 1.0)).collect();
        Ok(Self {
            mse: all(&of_samples),
            psnr: unit.then(|| all(&ratios)),
            input_mse: all(&errors(&data)),
        })
    }
}

fn mean(values: impl Iterator<Item = f64>, count: usize) -> f64 {
    values.sum::<f64>() / count as f64
}
