//! A step whose batch is too large for the device, done over parts of it: the gradients of the parts
//! are added up in their order, then all parameters are updated once. The loss is that of the whole
//! batch, to rounding.

use super::data_loader::device_layout;
use super::{Config, Splits};
use crate::engine::{Optimiser, SCHEDULE_COLUMNS, Segment, View};
use crate::error::{Error, Result};
use crate::executor::{Executor, Session};
use crate::net::Network;
use crate::objective::{Objective, Step, step_of_parts};
use std::time::Duration;

/// A session of a part's step, behind the views of the whole one. Rows of the batch lie in memory part
/// by part anyway; what a step has one row of, each of its parts has.
struct InParts {
    session: Box<dyn Session>,
    whole: Step,
    part: Step,
    parts: usize,
    /// The step within the block that comes next.
    at: usize,
}

/// What keeps a batch from being computed in parts, if anything does: the loss is a sum over samples
/// that is the same however they are grouped, but terms may compare all samples of a batch, and random
/// numbers belong to a place in it.
pub(super) fn couples_batch(objective: &Objective, network: &Network) -> Option<String> {
    if let Some(term) = objective.terms.first() {
        return Some(format!("its loss has the term `{}`", term.name()));
    }
    let noise = objective.corruption.is_some() || network.variational;
    noise.then(|| "it draws noise by a sample's place in the batch".to_owned())
}

/// Prepares `step`, which `executor` has refused with `refusal`, in the least number of equal parts
/// that it takes.
///
/// # Errors
/// `refusal`, where no part is small enough, or something [couples](couples_batch) the batch.
pub(super) fn prepare(
    step: &Step,
    config: &Config,
    splits: &Splits,
    network: &Network,
    objective: &Objective,
    executor: &dyn Executor,
    refusal: Error,
) -> Result<Box<dyn Session>> {
    if couples_batch(objective, network).is_some() {
        return Err(refusal);
    }
    let batch = step.batch;
    for parts in (2..=batch).filter(|parts| batch.is_multiple_of(*parts)) {
        let part = record(step, config, splits, network, objective, parts);
        match executor.prepare(&part.recording) {
            Ok(session) => {
                log::info!(
                    "a batch of {batch} is too large for the device at once, so that each step is computed in {parts} parts of {}, whose \
                     gradients are added up before the update",
                    batch / parts
                );
                return Ok(Box::new(InParts {
                    session,
                    whole: step.clone(),
                    part,
                    parts,
                    at: 0,
                }));
            }
            Err(Error::Device(_)) => {}
            Err(other) => return Err(other),
        }
    }
    Err(refusal)
}

/// The step of one of `parts` of the batch of `step`.
fn record(
    step: &Step,
    config: &Config,
    splits: &Splits,
    network: &Network,
    objective: &Objective,
    parts: usize,
) -> Step {
    let mut data = device_layout(&splits.scaling, &splits.train);
    data.streamed = step.rows.is_some();
    let optimiser: Optimiser = config.optimiser();
    let (batch, steps) = (step.batch / parts, step.steps * parts);
    step_of_parts(
        network,
        objective,
        data,
        batch,
        steps,
        config.seed,
        &optimiser,
    )
}

impl InParts {
    /// The view of the part's step that holds what `view` of the whole one does.
    fn of_part(&self, view: View) -> View {
        let (whole, part) = (&self.whole, &self.part);
        let moments = |step: &Step| step.moments.expect("a training step has moments");
        let same = [
            (Some(whole.data), Some(part.data)),
            (Some(whole.indices), Some(part.indices)),
            (whole.rows, part.rows),
            (Some(whole.weights), Some(part.weights)),
            (Some(whole.state), Some(part.state)),
            (Some(whole.parameters), Some(part.parameters)),
            (whole.gradients, part.gradients),
            (Some(moments(whole)[0]), Some(moments(part)[0])),
            (Some(moments(whole)[1]), Some(moments(part)[1])),
        ];
        let found = same.into_iter().find_map(|(of_whole, of_part)| {
            let (of_whole, of_part) = (of_whole?, of_part?);
            let inside = of_whole.buffer == view.buffer
                && of_whole.offset <= view.offset
                && view.offset + view.len <= of_whole.offset + of_whole.len;
            inside.then(|| of_part.part(view.offset - of_whole.offset, view.len))
        });
        found.expect("the host writes and reads what a step says")
    }

    /// `rows` of so many columns, each once for every part.
    fn for_parts(&self, rows: &[f32], columns: usize) -> Vec<f32> {
        let rows = rows.chunks(columns);
        rows.flat_map(|row| row.repeat(self.parts)).collect()
    }

    /// Computes the gradient of the next step, the sum over its parts.
    fn gradient(&mut self) -> Result<()> {
        let gradients = self.part.gradients.expect("gradients of parts are kept");
        let mut sum: Vec<f32> = Vec::new();
        for part in 0..self.parts {
            let place = (self.at * self.parts + part) as u32;
            self.session
                .write_u32(self.part.state.part(0, 1), &[place])?;
            self.session.run_segment(Segment::Gradient)?;
            let own = self.session.read(gradients)?;
            if sum.is_empty() {
                sum = own;
            } else {
                sum.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
            }
        }
        self.session.write(gradients, &sum)
    }
}

impl Session for InParts {
    fn write(&mut self, view: View, values: &[f32]) -> Result<()> {
        if view == self.whole.loss_weights {
            let rows = self.for_parts(values, self.whole.columns);
            return self.session.write(self.part.loss_weights, &rows);
        }
        match (self.whole.schedule, self.part.schedule) {
            (Some(whole), Some(part)) if whole == view => {
                let rows = self.for_parts(values, SCHEDULE_COLUMNS);
                self.session.write(part, &rows)
            }
            _ => {
                let view = self.of_part(view);
                self.session.write(view, values)
            }
        }
    }

    fn write_u32(&mut self, view: View, values: &[u32]) -> Result<()> {
        if view == self.whole.state {
            self.at = values[0] as usize;
        }
        let view = self.of_part(view);
        self.session.write_u32(view, values)
    }

    fn run(&mut self, steps: usize) -> Result<()> {
        for _ in 0..steps {
            self.run_segment(Segment::Gradient)?;
            self.run_segment(Segment::Update)?;
        }
        Ok(())
    }

    fn run_segment(&mut self, segment: Segment) -> Result<()> {
        match segment {
            Segment::Gradient => self.gradient(),
            Segment::Update => {
                self.session.run_segment(segment)?;
                self.at += 1;
                Ok(())
            }
        }
    }

    fn read(&mut self, view: View) -> Result<Vec<f32>> {
        if view != self.whole.losses {
            let view = self.of_part(view);
            return self.session.read(view);
        }
        let columns = self.whole.columns;
        let of_parts = self.session.read(self.part.losses)?;
        let steps = of_parts.chunks(columns * self.parts);
        let sum = |parts: &[f32], column: usize| {
            let values = parts.iter().skip(column).step_by(columns);
            values.sum::<f32>()
        };
        let sums = steps.flat_map(|parts| (0..columns).map(move |column| sum(parts, column)));
        Ok(sums.collect())
    }

    fn read_u32(&mut self, view: View) -> Result<Vec<u32>> {
        let of_part = self.of_part(view);
        let mut words = self.session.read_u32(of_part)?;
        if view == self.whole.state {
            words[0] = self.at as u32;
            // Plus 1, where it is a step.
            words[1] = words[1].div_ceil(self.parts as u32);
        }
        Ok(words)
    }

    fn profile(&mut self) -> Result<Option<Vec<Duration>>> {
        self.run(1)?;
        Ok(None)
    }
}
