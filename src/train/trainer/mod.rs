//! A run in memory: blocks of steps, the loss of each epoch, evaluation, and which parameters were
//! best.

mod among;
#[cfg(test)]
mod among_tests;
mod preparation;
mod resume;
#[cfg(test)]
mod tests;
mod together;
mod validation;

pub use preparation::{Preparing, RecordedRun};
pub use together::Grouping;

use super::data_loader::{Batches, DataLoader};
use super::state::{Progress, Record};
use super::{Config, Origin, Splits};
use crate::error::{Error, Result};
use crate::executor::Session;
use crate::graph::Graph;
use crate::model::Model;
use crate::objective::Step;
use crate::ranks::Ranks;
use crate::tuned::Tuned;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use validation::Validation;

/// How long a block takes, about: a run can be stopped this often.
const BLOCK_TIME: Duration = Duration::from_millis(200);
/// The same where a flag stops the run.
const SHORT_BLOCK_TIME: Duration = Duration::from_millis(50);

/// A run on a device. See the crate's documentation for an example.
pub struct Trainer {
    config: Config,
    feed: DataLoader,
    /// The block that comes next, prepared while the one before it ran.
    next: Option<Batches>,
    model: Model,
    step: Step,
    session: Box<dyn Session>,
    validation: Option<Validation>,
    progress: Progress,
    best_parameters: Option<Vec<f32>>,
    steps_per_block: usize,
    block_time: Duration,
    /// Whether somebody waits for the end.
    stop: Arc<AtomicBool>,
    /// Whether a loss or gradient was not finite, so that the run cannot go on.
    diverged: bool,
    /// Found when it is first asked for, since all data are hashed for it.
    origin: OnceLock<Origin>,
    /// How long a warm start took.
    started_in: Duration,
    /// Kernels that had been timed on the device.
    kernels: Option<Tuned>,
    /// The processes that train it.
    ranks: Arc<dyn Ranks>,
    /// Whether others wait for what this one says.
    led: bool,
    /// Steps of a block that all of them have room for.
    most_steps: usize,
}

impl std::fmt::Debug for Trainer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trainer")
            .field("config", &self.config)
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

impl Trainer {
    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The data.
    pub fn splits(&self) -> &Splits {
        &self.feed.splits
    }

    /// Training and validation samples that errors are measured on while training; none where nothing
    /// is held out for it.
    pub(super) fn validated_samples(&self) -> [usize; 2] {
        let validated = self.feed.splits.validation.as_ref();
        let measured = self.validation.as_ref();
        [measured.map(|of| &of.train), validated].map(|data| data.map_or(0, |data| data.samples))
    }

    /// The neighbourhood graph, where the method has one.
    pub fn graph(&self) -> Option<&Graph> {
        self.feed.graph.as_ref()
    }

    /// Where the run stands.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// How long the warm start of the parameters took, zero where there was none.
    pub fn started_in(&self) -> Duration {
        self.started_in
    }

    /// Batches of an epoch.
    pub fn steps_per_epoch(&self) -> usize {
        self.feed.steps_per_epoch()
    }

    /// Steps of the whole run, unless validation ends it early.
    pub fn total_steps(&self) -> usize {
        self.config.epochs() * self.steps_per_epoch()
    }

    /// Whether there is nothing left to do.
    pub fn is_done(&self) -> bool {
        self.progress.stopped_early || self.progress.step >= self.total_steps()
    }

    /// Gets ready to be stopped at any time by `stop`, with little left to do then: blocks are short, an
    /// evaluation that is under way is given up, and what the [state](Trainer::state) tells of the data is
    /// found beforehand. Whoever calls [`Trainer::advance`] looks at the flag between two blocks.
    ///
    /// # Errors
    /// When the data cannot be read again.
    pub fn stop_by(&mut self, stop: Arc<AtomicBool>) -> Result<()> {
        self.origin()?;
        self.block_time = SHORT_BLOCK_TIME;
        self.stop = stop;
        Ok(())
    }

    /// Trains to the end and returns the best model; where several processes train, all call it.
    ///
    /// # Errors
    /// Those of [`Trainer::advance`].
    pub fn run(&mut self) -> Result<Model> {
        if !self.ranks.leads() {
            self.follow()?;
            return self.best_model();
        }
        while !self.is_done() {
            self.advance()?;
        }
        self.dismiss();
        self.best_model()
    }

    /// Runs a block of steps and returns the epochs that ended in it. How many steps a block has
    /// depends on how fast they are; what they compute does not. Where several processes train, rank 0
    /// calls it, and the others [follow](Trainer::follow).
    ///
    /// # Errors
    /// When the device fails, data that lie in files have been written to by the end of an epoch, or the
    /// loss or its gradient is not finite. From the step of such a gradient on the model stays as it is,
    /// but parameters whose own gradient is finite may have moved in that step; where only the loss is
    /// not finite, all steps of the block have been made.
    pub fn advance(&mut self) -> Result<Vec<Record>> {
        let first = self.progress.step;
        let steps = match &self.next {
            Some(prepared) if prepared.first == first => prepared.steps,
            _ => self.steps_of_block(first),
        };
        self.say_advance(steps);
        let outcome = self.advance_by(steps);
        // Whatever went wrong, all ranks know of it and go no further.
        self.led &= outcome.is_ok();
        outcome
    }

    /// Runs a block of `steps`.
    fn advance_by(&mut self, steps: usize) -> Result<Vec<Record>> {
        let first = self.progress.step;
        let prepared = match self.next.take() {
            Some(prepared) if (prepared.first, prepared.steps) == (first, steps) => prepared,
            _ => self.feed.prepare(&self.config, first, steps),
        };
        let start = Instant::now();
        self.run_block(&prepared)?;
        let losses = self.read_losses(&prepared)?;
        self.set_block_length(start.elapsed(), prepared.steps);
        let mut records = self.end_block(&losses)?;
        if let Some(record) = self.record_to_evaluate(&mut records) {
            (record.train_mse, record.validation_mse) = self.evaluate(record.epoch)?.unzip();
        }
        Ok(records)
    }

    /// Chooses the length of the blocks that follow by how long one of `steps` has taken.
    fn set_block_length(&mut self, elapsed: Duration, steps: usize) {
        // Whole milliseconds keep a fast device from asking for endless blocks.
        let per_step = elapsed.max(Duration::from_millis(1)) / steps as u32;
        self.steps_per_block =
            (self.block_time.as_secs_f64() / per_step.as_secs_f64()).max(1.0) as usize;
    }

    /// Counts the steps of a block with these `losses`, [steps, columns], and returns the epochs
    /// that ended in it, not yet evaluated.
    ///
    /// # Errors
    /// When data that lie in files have been written to, on all ranks.
    fn end_block(&mut self, losses: &[f32]) -> Result<Vec<Record>> {
        let (first, per_epoch) = (self.progress.step, self.steps_per_epoch());
        let mut records = Vec::new();
        for (i, parts) in losses.chunks_exact(self.step.columns).enumerate() {
            let (epoch, batch) = ((first + i) / per_epoch, (first + i) % per_epoch);
            let size = self.feed.batch;
            let centres = size.min(self.feed.splits.train.samples - batch * size) as f64;
            let weighted = parts[1..]
                .iter()
                .zip(self.feed.weights(&self.config, epoch))
                .map(|(part, weight)| f64::from(*part) * weight);
            let loss = f64::from(parts[0]) + weighted.sum::<f64>();
            let sums = &mut self.progress.epoch_sums;
            sums.resize(1 + parts.len(), 0.0);
            let values = std::iter::once(loss).chain(parts.iter().map(|part| f64::from(*part)));
            sums.iter_mut()
                .zip(values)
                .for_each(|(sum, value)| *sum += value * centres);
            self.progress.step += 1;
            if batch + 1 == per_epoch {
                let means: Vec<f64> = sums
                    .drain(..)
                    .map(|sum| sum / self.feed.splits.train.samples as f64)
                    .collect();
                records.push(self.epoch_record(epoch, &means));
            }
        }
        if !records.is_empty() {
            self.ranks.agree(self.feed.splits.unchanged())?;
        }
        Ok(records)
    }

    /// The last of the epochs that have just ended, where errors are to be measured after it.
    fn record_to_evaluate<'r>(&self, records: &'r mut [Record]) -> Option<&'r mut Record> {
        let record = records.last_mut()?;
        let due = record.epoch.is_multiple_of(self.config.evaluate_every())
            || record.epoch == self.config.epochs();
        let ends = record.step == self.progress.step;
        (due && ends && self.validation.is_some()).then_some(record)
    }

    /// The record of `epoch`, counted from 0, which has just ended: `means` are its loss and the
    /// loss's parts.
    fn epoch_record(&self, epoch: usize, means: &[f64]) -> Record {
        let names = self.parts_of_loss().map(str::to_owned);
        let named = names.zip(means[1..].iter().copied());
        Record {
            epoch: epoch + 1,
            step: self.progress.step,
            loss: means[0],
            // The only part of a loss is the loss itself.
            parts: if means.len() > 2 {
                named.collect()
            } else {
                BTreeMap::new()
            },
            lr: self
                .config
                .learning_rate(self.progress.step - 1, self.steps_per_epoch()),
            train_mse: None,
            validation_mse: None,
        }
    }

    /// Steps of the block that begins with step `first`: to the end or the next evaluation at most.
    fn steps_of_block(&self, first: usize) -> usize {
        // Streamed blocks are prepared ahead, so their length must not wait for a stopwatch.
        let wanted = if self.feed.streamed {
            self.most_steps
        } else {
            self.steps_per_block
        };
        let mut steps = wanted.min(self.most_steps).min(self.total_steps() - first);
        if self.validation.is_some() {
            let stretch = self.config.evaluate_every() * self.steps_per_epoch();
            steps = steps.min(stretch - first % stretch);
        }
        steps
    }

    /// Runs a block. Where samples are streamed, the next one is prepared meanwhile.
    fn run_block(&mut self, prepared: &Batches) -> Result<()> {
        let (first, steps) = (prepared.first, prepared.steps);
        let sent = prepared.send(&mut *self.session, &self.step);
        self.ranks.agree(sent)?;
        let following = first + steps;
        if self.feed.streamed && following < self.total_steps() {
            let steps_after = self.steps_of_block(following);
            let (feed, config, session) = (&self.feed, &self.config, &mut self.session);
            self.next = std::thread::scope(|scope| {
                let ahead = scope.spawn(|| feed.prepare(config, following, steps_after));
                session.run(steps)?;
                // What panics there is a mistake of ours, and goes on here.
                Ok(Some(
                    ahead
                        .join()
                        .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                ))
            })?;
        } else {
            self.session.run(steps)?;
        }
        Ok(())
    }

    /// The losses of a block that has run, [steps, columns].
    ///
    /// # Errors
    /// When the device fails, or one of them or its gradient is not finite.
    fn read_losses(&mut self, prepared: &Batches) -> Result<Vec<f32>> {
        let state = self.session.read_u32(self.step.state);
        let state = self.ranks.agree(state)?;
        let losses = self.session.read(self.step.losses);
        let mut losses = self.ranks.agree(losses)?;
        losses.truncate(prepared.steps * self.step.columns);
        self.ranks.sum_in_order(&mut losses, &mut Vec::new());
        let ended_by_gradient = (state[1] as usize).checked_sub(1);
        // A loss can overflow with a gradient that does not.
        let ended_by_loss = losses.iter().position(|loss| !loss.is_finite());
        let ended_by_loss = ended_by_loss.map(|at| at / self.step.columns);
        match ended_by_gradient.into_iter().chain(ended_by_loss).min() {
            None => Ok(losses),
            Some(at) => {
                self.diverged = true;
                let parts = &losses[at * self.step.columns..][..self.step.columns];
                Err(self.diverged(prepared, at, parts)?)
            }
        }
    }

    /// Names of the parts of a loss, in the order of its columns.
    fn parts_of_loss(&self) -> impl Iterator<Item = &'static str> {
        let terms = self.feed.objective.terms.iter().map(|term| term.name());
        std::iter::once("reconstruction").chain(terms)
    }

    /// Why step `at` of a block, with these `parts` of its loss, could not be made: where a value stopped
    /// being finite, as far as the model still shows it. It is as before that step but for layers with a
    /// finite gradient, or, where only the loss overflows, as after the block.
    fn diverged(&mut self, prepared: &Batches, at: usize, parts: &[f32]) -> Result<Error> {
        let step = prepared.first + at;
        let first = parts.iter().position(|part| !part.is_finite());
        let what = match first.and_then(|at| self.parts_of_loss().nth(at)) {
            Some(name) if parts.len() > 1 => format!("the part `{name}` of the loss"),
            Some(_) => "the loss".into(),
            None => "the gradient of the loss".into(),
        };
        let model = self.last_model()?;
        let samples = prepared.samples_of_step(at);
        let found = match model.parameter_not_finite() {
            Some(name) => format!(" in {name}"),
            None => {
                let values = self.feed.splits.train.subset(&samples).values;
                let place = model
                    .place_not_finite(&values, &samples)
                    .or_else(|| model.variance_not_finite(&values, &samples));
                place.map_or(String::new(), |place| format!(" (training {place})"))
            }
        };
        Ok(Error::Diverged(format!(
            "{what} stopped being finite in step {} (epoch {}){found}: try a lower train.lr (now {}), \
             train.grad_clip_norm = 1, or scaled data (data.scaling)",
            step + 1,
            step / self.steps_per_epoch() + 1,
            self.config.train.lr
        )))
    }

    /// The model as it is now.
    ///
    /// # Errors
    /// When the device fails.
    pub fn last_model(&mut self) -> Result<Model> {
        Ok(Model {
            parameters: self.session.read(self.step.parameters)?,
            ..self.model.clone()
        })
    }

    /// The model with the least validation error, or the one of now where nothing is validated.
    ///
    /// # Errors
    /// When the device fails.
    pub fn best_model(&mut self) -> Result<Model> {
        match &self.best_parameters {
            Some(parameters) => Ok(Model {
                parameters: parameters.clone(),
                ..self.model.clone()
            }),
            None => self.last_model(),
        }
    }
}
