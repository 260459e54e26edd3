//! Where the values of parameters and their gradients lie while a recording is made.

use super::recording::{Recording, View};
use super::update::Update;
use crate::net::{Parameter, Parameters};
use std::ops::Range;

/// The parameters of a network.
pub(super) struct Arena<'a> {
    pub(super) layout: &'a Parameters,
    pub(super) values: View,
    pub(super) gradients: Gradients<'a>,
}

/// Where gradients go.
pub(super) enum Gradients<'a> {
    /// Nowhere: the recording only goes forward.
    None,
    /// Those of all parameters into an arena with the same places.
    All(View),
    /// Those of each layer into the same memory, from where it is updated before the next one comes.
    OneByOne(View, &'a Update),
}

impl Arena<'_> {
    /// The values of a parameter.
    pub(super) fn value(&self, name: &str) -> View {
        let parameter = self.parameter(name);
        self.values.part(parameter.offset, parameter.len())
    }

    /// The gradient of a parameter.
    pub(super) fn gradient(&self, name: &str) -> View {
        let parameter = self.parameter(name);
        let (view, start) = match self.gradients {
            Gradients::None => panic!("a recording that goes backward has gradients"),
            Gradients::All(view) => (view, 0),
            Gradients::OneByOne(view, _) => (view, self.layer_of(parameter).start),
        };
        view.part(parameter.offset - start, parameter.len())
    }

    /// Records what is to be done once the gradient of a layer is complete and nothing reads its parameters any more, here known by the name of
    /// one of them.
    pub(super) fn complete(&self, recording: &mut Recording, name: &str) {
        if let Gradients::OneByOne(view, update) = self.gradients {
            let layer = self.layer_of(self.parameter(name));
            let gradients = view.part(0, layer.len());
            update.part(recording, layer, gradients);
        }
    }

    fn parameter(&self, name: &str) -> &Parameter {
        self.layout.entries.iter().find(|entry| entry.name == name).expect("every layer's parameters are laid out")
    }

    fn layer_of(&self, parameter: &Parameter) -> Range<usize> {
        let mut layers = self.layout.layers().into_iter();
        layers.find(|layer| layer.contains(&parameter.offset)).expect("every parameter belongs to a layer")
    }
}
