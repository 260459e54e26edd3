//! Where a run stands: the record of an epoch, the counters, and all that goes from one step to the
//! next.

use super::Origin;
use crate::tuned::Tuned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is known at the end of an epoch: a line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Epochs done.
    pub epoch: usize,
    /// Steps done.
    pub step: usize,
    /// The training loss, averaged over the epoch.
    pub loss: f64,
    /// Where there are several: the reconstruction (weighted squared errors, a mean per element),
    /// and each term without its weight.
    #[serde(flatten)]
    pub parts: BTreeMap<String, f64>,
    /// The learning rate of the epoch's last step.
    pub lr: f64,
    /// Mean squared reconstruction error per element of training samples (a fixed draw of as many
    /// as the validation set has, at most 1000), where the validation set was evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_mse: Option<f64>,
    /// Mean squared reconstruction error per element of the validation set, where it was evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_mse: Option<f64>,
}

/// Where a run stands, besides parameters and moments.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Steps done.
    pub step: usize,
    /// Sums over the centres of the unfinished epoch: of their batch's loss, and of each of its
    /// parts.
    pub epoch_sums: Vec<f64>,
    /// Least validation error so far, and the epoch after which it was measured.
    pub best: Option<(f64, usize)>,
    /// Evaluations since then.
    pub since_best: usize,
    /// Whether validation has ended the run.
    pub stopped_early: bool,
}

/// Everything that a run carries from one step to the next.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Counters.
    pub progress: Progress,
    /// The arena of parameters.
    pub parameters: Vec<f32>,
    /// Adam's first and second moments.
    pub moments: [Vec<f32>; 2],
    /// The parameters with the least validation error so far.
    pub best_parameters: Option<Vec<f32>>,
    /// What the run was made from; `None` in checkpoints of before that was written down.
    pub origin: Option<Origin>,
    /// The kernels that had been timed on its device, which it goes on with; `None` where all were
    /// chosen by shape.
    pub kernels: Option<Tuned>,
}

impl State {
    /// Makes it the state of a run on other data: it goes on after `step`, the end of an epoch, and no
    /// error that was measured before is the least.
    pub(super) fn leave_data(&mut self, step: usize) {
        self.progress = Progress {
            step,
            stopped_early: self.progress.stopped_early,
            ..Progress::default()
        };
        self.best_parameters = None;
    }
}
