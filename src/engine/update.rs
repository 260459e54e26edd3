//! The update of the parameters, and where it stands in a recording.

use super::ops::*;
use super::recording::{ALIGNMENT, Recording, View};
use std::ops::Range;

/// Columns of a step's row in the schedule: the learning rate, and what corrects the bias of the
/// first moment and of the root of the second; the last is 0.
pub const SCHEDULE_COLUMNS: usize = 4;
/// Words of the state of a step: the step within the block, the first step whose gradient was not
/// finite (plus 1; none follows it), the block's first step in 32 bits, a count that is 0 but within a
/// pass, and what the block's first step has beyond 32 bits.
pub const STATE_WORDS: usize = 5;

/// Settings of Adam that stay fixed during a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Optimiser {
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Decoupled weight decay, per unit of learning rate.
    pub weight_decay: f64,
    /// Largest norm of the gradient; 0 for no clipping.
    pub grad_clip_norm: f64,
}

impl Default for Optimiser {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            grad_clip_norm: 0.0,
        }
    }
}

/// Records Adam's updates.
pub(crate) struct Update {
    optimiser: Optimiser,
    parameters: View,
    state: View,
    /// Squared norm of the whole gradient, which only clipping needs.
    norm: View,
    /// First and second moments.
    pub(crate) moments: [View; 2],
    /// [steps, `SCHEDULE_COLUMNS`]
    pub(crate) schedule: View,
}

impl Update {
    /// The update of `parameters` in blocks of `steps` steps.
    pub(crate) fn new(
        r: &mut Recording,
        optimiser: &Optimiser,
        parameters: View,
        state: View,
        steps: usize,
    ) -> Self {
        Self {
            optimiser: *optimiser,
            parameters,
            state,
            norm: if optimiser.grad_clip_norm > 0.0 {
                r.reals("squared norm", 1)
            } else {
                r.constants("no norm", vec![0.0])
            },
            moments: ["first moments", "second moments"].map(|name| r.reals(name, parameters.len)),
            schedule: r.reals("schedule", steps * SCHEDULE_COLUMNS),
        }
    }

    /// Whether parameters can be updated before the gradients of all others are known.
    pub(crate) fn needs_no_norm(&self) -> bool {
        self.optimiser.grad_clip_norm == 0.0
    }

    /// Records the update of all parameters, stretch by stretch. The gaps in `gradients` must be
    /// zero.
    pub(crate) fn all(&self, r: &mut Recording, gradients: View, stretches: &[Range<usize>]) {
        // The norm is that of the gradient as the host leaves it between the segments.
        r.begin_update();
        if !self.needs_no_norm() {
            self.norm(r, gradients, stretches);
        }
        for stretch in stretches {
            let gradients = gradients.part(stretch.start, stretch.len());
            self.part(r, stretch.clone(), gradients);
        }
    }

    /// Records the squared norm of `gradients`.
    fn norm(&self, r: &mut Recording, gradients: View, stretches: &[Range<usize>]) {
        // A view begins at a multiple of the alignment: several stretches leave gaps, which have to
        // be zero, as in memory that nothing else uses.
        let partials_of = |stretch: &Range<usize>| stretch.len().div_ceil(SUM_OF_SQUARES_CHUNK);
        let place_of = |stretch: &Range<usize>| partials_of(stretch).next_multiple_of(ALIGNMENT);
        let partials = match stretches {
            [all] => r.temporary("partial norms", partials_of(all)),
            _ => r.reals("partial norms", stretches.iter().map(place_of).sum()),
        };
        let mut place = 0;
        for stretch in stretches {
            r.push(
                "gradient squares",
                SumOfSquares {
                    input: gradients.part(stretch.start, stretch.len()),
                    partials: partials.part(place, partials_of(stretch)),
                    len: stretch.len(),
                },
            );
            place += place_of(stretch);
        }
        let (state, output, len) = (self.state, self.norm, partials.len);
        r.push(
            "gradient norm",
            Sum {
                input: partials,
                state,
                output,
                len,
                columns: 0,
                column: 0,
            },
        );
    }

    /// Records the update of the parameters at `range`, whose gradients are `gradients`.
    pub(crate) fn part(&self, r: &mut Recording, range: Range<usize>, gradients: View) {
        let [parameters, first, second] = [self.parameters, self.moments[0], self.moments[1]]
            .map(|arena| arena.part(range.start, range.len()));
        let (schedule, norm, state) = (self.schedule, self.norm, self.state);
        let (
            len,
            Optimiser {
                beta1,
                beta2,
                epsilon,
                weight_decay,
                grad_clip_norm,
            },
        ) = (range.len(), self.optimiser);
        r.push(
            "adam",
            Adam {
                parameters,
                gradients,
                first,
                second,
                schedule,
                norm,
                state,
                len,
                beta1,
                beta2,
                epsilon,
                weight_decay,
                grad_clip_norm,
            },
        );
    }
}
