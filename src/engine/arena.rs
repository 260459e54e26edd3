//! Where the values of parameters and their gradients lie while a recording is made.

use super::recording::{Recording, View};
use super::update::Update;
use crate::net::{Parameter, Parameters};
use std::ops::Range;

/// The parameters of a network.
pub(crate) struct Arena<'a> {
    pub(crate) layout: &'a Parameters,
    pub(crate) values: View,
    pub(crate) gradients: Gradients<'a>,
    /// Parameters that a pass may bind: [`crate::net::LARGEST_BINDING`], fewer in tests.
    pub(crate) largest: usize,
}

/// Where gradients go.
pub(crate) enum Gradients<'a> {
    /// Nowhere: the recording only goes forward.
    None,
    /// Those of all parameters.
    All(AllGradients<'a>),
    /// Those of every layer into the same memory: each layer is updated before the next gradient
    /// comes.
    PerLayer(View, &'a Update),
}

/// Where the gradients of all parameters lie: stretch by stretch of the arena, those of each stack
/// one behind the other, so that one pass can add up a stretch over the stacks.
#[derive(Clone, Copy)]
pub(crate) struct AllGradients<'a> {
    pub(crate) view: View,
    /// Of the arena, in order and without gaps.
    pub(crate) stretches: &'a [Range<usize>],
    /// Which of the stacks.
    pub(crate) stack: usize,
    /// How many of them there are.
    pub(crate) stacks: usize,
}

impl AllGradients<'_> {
    /// Those of `len` parameters from `offset` on, which lie within a stretch.
    fn part(&self, offset: usize, len: usize) -> View {
        let stretch = self.stretches.iter().find(|s| s.contains(&offset));
        let stretch = stretch.expect("the stretches make up the arena");
        assert!(
            offset + len <= stretch.end,
            "no parameter crosses stretches"
        );
        let start = self.stacks * stretch.start + self.stack * stretch.len();
        self.view.part(start + offset - stretch.start, len)
    }
}

impl Arena<'_> {
    /// The values of a parameter.
    pub(crate) fn value(&self, name: &str) -> View {
        let parameter = self.parameter(name);
        self.values.part(parameter.offset, parameter.len())
    }

    /// The gradient of a parameter that is not in blocks.
    pub(crate) fn gradient(&self, name: &str) -> View {
        let parameter = self.parameter(name);
        self.gradient_of_rows(name, &(0..parameter.shape[0]))
    }

    /// The rows of a matrix in the blocks that passes bind.
    pub(crate) fn blocks(&self, name: &str) -> Vec<Range<usize>> {
        self.parameter(name).blocks(self.largest).collect()
    }

    /// The values of some rows of a parameter.
    pub(crate) fn rows(&self, name: &str, rows: &Range<usize>) -> View {
        let places = self.parameter(name).places(rows);
        self.values.part(places.start, places.len())
    }

    /// The gradient of a block of a parameter.
    pub(crate) fn gradient_of_rows(&self, name: &str, rows: &Range<usize>) -> View {
        let parameter = self.parameter(name);
        let places = parameter.places(rows);
        match self.gradients {
            Gradients::None => panic!("a recording that goes backward has gradients"),
            Gradients::All(all) => all.part(places.start, places.len()),
            Gradients::PerLayer(view, _) => {
                let start = self.layer_of(parameter)[0].offset;
                view.part(places.start - start, places.len())
            }
        }
    }

    /// To be called once the gradient of a layer is complete and nothing reads its parameters any
    /// more; `name` is that of any of them. Records their update where it can be made at once,
    /// while they and their gradient are in a cache.
    pub(crate) fn complete(&self, recording: &mut Recording, name: &str) {
        let Gradients::PerLayer(view, update) = self.gradients else {
            return;
        };
        let layer = self.layer_of(self.parameter(name));
        // Gaps are left out, since anything may lie there in the memory of gradients.
        for stretch in layer.chunk_by(|a, b| a.offset + a.len() == b.offset) {
            let (start, last) = (stretch[0].offset, &stretch[stretch.len() - 1]);
            let range = start..last.offset + last.len();
            let gradients = view.part(start - layer[0].offset, range.len());
            update.part(recording, range, gradients);
        }
    }

    fn parameter(&self, name: &str) -> &Parameter {
        self.layout
            .entries
            .iter()
            .find(|entry| entry.name == name)
            .expect("every layer's parameters are laid out")
    }

    fn layer_of(&self, parameter: &Parameter) -> &[Parameter] {
        self.layout
            .layers()
            .find(|layer| layer.contains(parameter))
            .expect("every parameter belongs to a layer")
    }
}
