//! Where the values of parameters and their gradients lie while a recording is made.

use super::recording::{Recording, View};
use super::update::Update;
use crate::net::{Parameter, Parameters};

/// The parameters of a network.
pub(crate) struct Arena<'a> {
    pub(crate) layout: &'a Parameters,
    pub(crate) values: View,
    pub(crate) gradients: Gradients<'a>,
}

/// Where gradients go.
pub(crate) enum Gradients<'a> {
    /// Nowhere: the recording only goes forward.
    None,
    /// Those of all parameters into an arena with the same places.
    All(View),
    /// Those of every layer into the same memory: each layer is updated before the next gradient
    /// comes.
    PerLayer(View, &'a Update),
}

impl Arena<'_> {
    /// The values of a parameter.
    pub(crate) fn value(&self, name: &str) -> View {
        let parameter = self.parameter(name);
        self.values.part(parameter.offset, parameter.len())
    }

    /// The gradient of a parameter.
    pub(crate) fn gradient(&self, name: &str) -> View {
        let parameter = self.parameter(name);
        let (view, start) = match self.gradients {
            Gradients::None => panic!("a recording that goes backward has gradients"),
            Gradients::All(view) => (view, 0),
            Gradients::PerLayer(view, _) => (view, self.layer_of(parameter)[0].offset),
        };
        view.part(parameter.offset - start, parameter.len())
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
