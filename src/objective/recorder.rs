//! A step in the making.

use super::step::{Data, Step};
use crate::engine::ops::{Noise, SumPartials};
use crate::engine::{AllGradients, Arena, Gradients, Pass, Update, View};
use crate::net::{ALIGNMENT, Network, Parameter, Parameters};
use crate::random::Stream;
use std::ops::Range;

/// A step in the making, with what its parts are recorded from.
pub(super) struct StepRecorder<'a> {
    pub(super) step: Step,
    pub(super) network: &'a Network,
    pub(super) data: Data,
    /// Neighbours of each centre that are combined: the last rows of its group.
    pub(super) combined: usize,
    /// Of random numbers within the step.
    pub(super) seed: u64,
    /// Values that add up to a loss: a label, and the column of the losses.
    pub(super) losses: Vec<(String, View, usize)>,
}

impl StepRecorder<'_> {
    /// Appends a pass.
    pub(super) fn push(&mut self, label: &str, pass: impl Into<Pass>) {
        self.step.recording.push(label, pass);
    }

    /// Adds a buffer whose values are needed within a step alone.
    pub(super) fn temporary(&mut self, name: &str, len: usize) -> View {
        self.step.recording.temporary(name, len)
    }

    /// Records `len` standard normal numbers of the step.
    pub(super) fn normals(&mut self, name: &str, len: usize, stream: Stream) -> View {
        self.noise(name, len, stream, false)
    }

    /// Records `len` uniform numbers of the step in [0, 1).
    pub(super) fn uniforms(&mut self, name: &str, len: usize, stream: Stream) -> View {
        self.noise(name, len, stream, true)
    }

    fn noise(&mut self, name: &str, len: usize, stream: Stream, uniform: bool) -> View {
        let output = self.temporary(name, len);
        let pass = Noise {
            state: self.step.state,
            output,
            len,
            seed: self.seed,
            stream,
            uniform,
        };
        self.push(name, pass);
        output
    }
}

/// What becomes of the gradient in a step that trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gradient {
    /// Each layer is updated as soon as its gradient is there, where that can be done.
    ByLayer,
    /// It is complete before the update begins.
    Whole,
    /// Likewise, of a part of a batch: its losses are complete then as well.
    OfPart,
}

/// Where the gradients of all parameters go: to one arena for each stack of layers that is recorded,
/// or, where each layer is updated at once, to the memory of one layer.
pub(super) struct StackGradients<'a> {
    layout: &'a Parameters,
    parameters: View,
    stacks: usize,
    /// Parameters that a pass binds at most, so that a sum over the stacks can bind those of each.
    largest: usize,
    /// The arena in parts of so many.
    stretches: Vec<Range<usize>>,
    buffer: View,
    /// The update of each layer as soon as its gradient is there.
    per_layer: Option<&'a Update>,
}

impl<'a> StackGradients<'a> {
    /// Memory for the gradients of `stacks` stacks, of which a pass binds at most `largest` values;
    /// `update` where layers may be updated one by one.
    pub(super) fn new(
        r: &mut StepRecorder,
        layout: &'a Parameters,
        stacks: usize,
        update: Option<&'a Update>,
        largest: usize,
    ) -> Self {
        let largest = largest / stacks / ALIGNMENT * ALIGNMENT;
        let longest = layout
            .layers()
            .map(|layer| layer.iter().map(Parameter::padded_len).sum())
            .max()
            .unwrap_or(0);
        // Views of different layers would lie across each other in memory that layers share, where it
        // could not be cut between them: a large layer has memory of its own.
        let per_layer =
            update.filter(|update| stacks == 1 && update.needs_no_norm() && longest <= largest);
        let recording = &mut r.step.recording;
        let buffer = match (per_layer, stacks) {
            (Some(_), _) => recording.temporary("gradient of a layer", longest),
            // Not temporary: norms and sums go over gaps, and over layers that a term does not use.
            (None, 1) => recording.reals("gradients", layout.len),
            (None, _) => recording.reals("gradients of each stack", stacks * layout.len),
        };
        Self {
            layout,
            parameters: r.step.parameters,
            stacks,
            largest,
            stretches: layout.stretches(largest),
            buffer,
            per_layer,
        }
    }

    /// The parameters, with the gradients of `stack`.
    pub(super) fn arena(&self, stack: usize) -> Arena<'_> {
        Arena {
            layout: self.layout,
            values: self.parameters,
            gradients: match self.per_layer {
                Some(update) => Gradients::PerLayer(self.buffer, update),
                None => Gradients::All(AllGradients {
                    view: self.buffer,
                    stretches: &self.stretches,
                    stack,
                    stacks: self.stacks,
                }),
            },
            largest: self.largest,
        }
    }

    /// Records the sum over all stacks; `None` where every layer has been updated already.
    pub(super) fn sum(&self, r: &mut StepRecorder) -> Option<View> {
        match (self.per_layer, self.stacks) {
            (Some(_), _) => None,
            (None, 1) => Some(self.buffer),
            (None, parts) => {
                let output = r.step.recording.reals("gradients", self.layout.len);
                for stretch in &self.stretches {
                    let (start, len) = (stretch.start, stretch.len());
                    r.push(
                        "gradients",
                        SumPartials {
                            input: self.buffer.part(parts * start, parts * len),
                            output: output.part(start, len),
                            parts,
                            len,
                        },
                    );
                }
                Some(output)
            }
        }
    }

    /// The arena in parts that a pass can bind.
    pub(super) fn stretches(&self) -> &[Range<usize>] {
        &self.stretches
    }
}
