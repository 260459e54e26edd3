//! How a block of steps is fed.

use super::step::Step;
use crate::engine::SCHEDULE_COLUMNS;
use crate::error::Result;
use crate::executor::Session;

/// What a block of steps reads, each in the layout of the field of [`Step`] with the same name.
/// What is empty is not written: the session holds zeros, or what was written before.
#[derive(Clone, Copy, Debug, Default)]
pub struct StepInputs<'a> {
    /// The block's first step, counted from the run's.
    pub first: usize,
    /// The samples as words: all of them, or those of the block where they are streamed.
    pub data: &'a [u32],
    /// [steps, batch, group]: samples.
    pub indices: &'a [u32],
    /// [steps, batch, group]: the factor of each squared error.
    pub weights: &'a [f32],
    /// [steps, columns]: the number of centres that count, then the weight of each term.
    pub loss_weights: &'a [f32],
    /// [steps, SCHEDULE_COLUMNS].
    pub schedule: &'a [f32],
    /// The arena of parameters.
    pub parameters: &'a [f32],
}

impl StepInputs<'_> {
    /// Sends the block to a session of the recording of `step`.
    ///
    /// # Errors
    /// When the device fails.
    ///
    /// # Panics
    /// When there is a schedule for a step that updates nothing.
    pub fn write(&self, session: &mut dyn Session, step: &Step) -> Result<()> {
        for (view, words) in [(step.data, self.data), (step.indices, self.indices)] {
            if !words.is_empty() {
                session.write_u32(view, words)?;
            }
        }
        for (view, values) in [
            (Some(step.weights), self.weights),
            (Some(step.loss_weights), self.loss_weights),
            (step.schedule, self.schedule),
            (Some(step.parameters), self.parameters),
        ] {
            if !values.is_empty() {
                session.write(view.expect("a training step has a schedule"), values)?;
            }
        }
        session.write_u32(step.state, &Step::start(self.first))
    }
}

impl Step {
    /// Loss weights that are the same in every step: `centres` count, and every term has `weight`.
    pub fn constant_loss_weights(&self, centres: usize, weight: f32) -> Vec<f32> {
        let mut row = vec![weight; self.columns];
        row[0] = centres as f32;
        row.repeat(self.steps)
    }

    /// A schedule of one learning rate, without corrections of the moments' bias.
    pub fn constant_schedule(&self, rate: f32) -> Vec<f32> {
        let mut row = [1.0; SCHEDULE_COLUMNS];
        row[0] = rate;
        row.repeat(self.steps)
    }
}
