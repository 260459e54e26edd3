//! A step of several processes: each computes the gradient of its part of the batch, and all update
//! their parameters with the sum, in the order of the ranks. That is [a batch in parts](super::cut)
//! whose parts lie on different devices, to the bit.

use crate::engine::{Segment, View};
use crate::error::Result;
use crate::executor::Session;
use crate::ranks::Ranks;
use std::sync::Arc;
use std::time::Duration;

/// A session of the part of a rank.
pub(super) struct Summed {
    session: Box<dyn Session>,
    ranks: Arc<dyn Ranks>,
    gradients: View,
    /// The gradient, with one value more than that.
    sum: Vec<f32>,
    scratch: Vec<f32>,
}

impl Summed {
    /// The sum over `ranks` of the `gradients` that `session` has after the first of a step's segments.
    pub(super) fn new(session: Box<dyn Session>, ranks: Arc<dyn Ranks>, gradients: View) -> Self {
        Self {
            session,
            ranks,
            gradients,
            sum: Vec::new(),
            scratch: Vec::new(),
        }
    }

    fn gradient(&mut self) -> Result<Vec<f32>> {
        self.session.run_segment(Segment::Gradient)?;
        self.session.read(self.gradients)
    }

    fn update(&mut self) -> Result<()> {
        self.session.write(self.gradients, &self.sum)?;
        self.session.run_segment(Segment::Update)
    }

    /// Replaces `sum` with the sum of all ranks' gradients; `false` where one has none, since its device
    /// has failed.
    fn add_up(&mut self, own: Option<&[f32]>) -> bool {
        self.sum.clear();
        self.sum.extend_from_slice(own.unwrap_or_default());
        self.sum.resize(self.gradients.len, 0.0);
        // Nobody waits for a rank that has failed: that goes along with the gradient.
        self.sum.push(f32::from(u8::from(own.is_none())));
        self.ranks.sum_in_order(&mut self.sum, &mut self.scratch);
        self.sum.pop() == Some(0.0)
    }
}

impl Session for Summed {
    fn write(&mut self, view: View, values: &[f32]) -> Result<()> {
        self.session.write(view, values)
    }

    fn write_u32(&mut self, view: View, values: &[u32]) -> Result<()> {
        self.session.write_u32(view, values)
    }

    fn run(&mut self, steps: usize) -> Result<()> {
        let mut own = Ok(());
        for _ in 0..steps {
            let gradient = own.and_then(|()| self.gradient());
            let complete = self.add_up(gradient.as_deref().ok());
            own = gradient.map(drop);
            if !complete {
                break;
            }
            own = own.and_then(|()| self.update());
        }
        self.ranks.clone().agree(own)
    }

    fn run_segment(&mut self, segment: Segment) -> Result<()> {
        self.session.run_segment(segment)
    }

    fn read(&mut self, view: View) -> Result<Vec<f32>> {
        self.session.read(view)
    }

    fn read_u32(&mut self, view: View) -> Result<Vec<u32>> {
        self.session.read_u32(view)
    }

    fn profile(&mut self) -> Result<Option<Vec<Duration>>> {
        self.run(1)?;
        Ok(None)
    }
}
