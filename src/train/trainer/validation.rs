//! Errors that are measured while training, and which parameters were best by them.

use super::Trainer;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::eval::Predictor;
use crate::model::Model;
use std::sync::atomic::Ordering;

/// What measures errors while training, where samples are held out for it.
pub(super) struct Validation {
    pub(super) predictor: Predictor,
    /// Training samples, to compare the validation error with theirs.
    pub(super) train: Dataset,
}

impl Trainer {
    /// Measures the errors of training samples and of the validation set, and keeps the parameters
    /// if the latter is the least so far. `None` where nothing is held out, or the run was told to stop
    /// meanwhile.
    pub(super) fn evaluate(&mut self, epoch: usize) -> Result<Option<(f64, f64)>> {
        let (Some(Validation { predictor, train }), Some(data)) =
            (&mut self.validation, &self.feed.splits.validation)
        else {
            return Ok(None);
        };
        let parameters = self.session.read(self.step.parameters);
        let parameters = self.ranks.agree(parameters)?;
        let scaling = &self.feed.splits.scaling;
        let stop = self.stop.clone();
        // All ranks decide by the same numbers when a run ends, and which parameters are best.
        let measured = self.ranks.told(|| {
            predictor.set_parameters(&parameters)?;
            let mut error_of = |data: &Dataset| {
                let stop = || stop.load(Ordering::Relaxed);
                predictor.mean_squared_error_unless(&data.values, scaling, &stop)
            };
            let (Some(of_train), Some(error)) = (error_of(train)?, error_of(data)?) else {
                return Ok(Vec::new());
            };
            Ok([of_train, error].map(f64::to_le_bytes).concat())
        })?;
        let measured: Vec<f64> = measured
            .chunks_exact(8)
            .map(|real| f64::from_le_bytes(real.try_into().expect("eight bytes")))
            .collect();
        self.have_same(&parameters)?;
        let [train_error, error] = *measured else {
            return Ok(None);
        };
        self.judge(epoch, parameters, [train_error, error])?;
        Ok(Some((train_error, error)))
    }

    /// Keeps `parameters`, which have these errors of training samples and of the validation set
    /// after `epoch`, if the latter is the least so far.
    pub(super) fn judge(
        &mut self,
        epoch: usize,
        parameters: Vec<f32>,
        [train_error, error]: [f64; 2],
    ) -> Result<()> {
        let (Some(Validation { train, .. }), Some(data)) =
            (&self.validation, &self.feed.splits.validation)
        else {
            return Ok(());
        };
        for (name, error, data) in [
            ("training", train_error, train),
            ("validation", error, data),
        ] {
            if !error.is_finite() {
                self.diverged = true;
                let parameters = parameters.clone();
                let model = Model {
                    parameters,
                    ..self.model.clone()
                };
                let numbers: Vec<usize> = (0..data.samples).collect();
                let place = model
                    .place_not_finite(&data.values, &numbers)
                    .unwrap_or_default();
                return Err(Error::Diverged(format!(
                    "the error of the {name} data is {error} after epoch {epoch}: of those measured, {place}"
                )));
            }
        }
        if self.progress.best.is_none_or(|(least, _)| error < least) {
            self.progress.best = Some((error, epoch));
            self.progress.since_best = 0;
            self.best_parameters = Some(parameters);
        } else {
            self.progress.since_best += 1;
            let patience = self.config.train.patience;
            self.progress.stopped_early = patience > 0 && self.progress.since_best >= patience;
        }
        Ok(())
    }
}
