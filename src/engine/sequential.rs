//! A stack of layers pushed forward over jets, and the way back.

use super::arena::Arena;
use super::jets::Tensor;
use super::layers::{self, Cotangents, RecordedLayer};
use super::recording::{Recording, View};
use crate::net::{Layer, Network};

/// A stack that has been recorded forward.
pub(crate) struct Tape {
    nodes: Vec<Box<dyn RecordedLayer>>,
    /// What the stack gives.
    pub(crate) output: Tensor,
}

/// The encoder or the decoder of a network.
pub(crate) struct Sequential<'a> {
    /// What the names of parameters and labels begin with.
    name: &'static str,
    layers: &'a [Layer],
    /// Shape of a sample in front of the first layer.
    shape: Vec<usize>,
}

impl<'a> Sequential<'a> {
    /// x -> what the encoder's last layer gives.
    pub(crate) fn encoder(network: &'a Network) -> Self {
        Self {
            name: "encoder",
            layers: &network.encoder,
            shape: network.shape.clone(),
        }
    }

    /// z -> x
    pub(crate) fn decoder(network: &'a Network) -> Self {
        Self {
            name: "decoder",
            layers: &network.decoder,
            shape: vec![network.latent()],
        }
    }

    /// Records the layers on `input`, up to derivatives of `order`.
    ///
    /// With `taylor_evaluate` the output is the rows (f(z), f~_1, ..., f~_D) of the loss (the flag
    /// says whether f(z) is one of them); else all slots that are not zero by structure. A curved
    /// activation is where second-order slots come into being: before it they are not stored.
    pub(crate) fn forward(
        &self,
        recording: &mut Recording,
        arena: &Arena,
        input: Tensor,
        order: usize,
        taylor_evaluate: Option<bool>,
    ) -> Tape {
        // Jets without directions are already rows.
        let mut pending = taylor_evaluate.filter(|_| input.jets.directions > 0);
        let mut tape = Tape {
            nodes: Vec::new(),
            output: input,
        };
        let mut shape = self.shape.clone();
        // Behind the last linear map there may be layers that only reshape.
        let last = self
            .layers
            .iter()
            .rposition(|layer| !layer.parameters().is_empty() || !layer.is_linear());
        for (index, layer) in self.layers.iter().enumerate() {
            let next = layer
                .output_shape(&shape)
                .expect("the network has been checked");
            // Linear maps commute: collapsing in front of the last one leaves it fewer rows.
            if last == Some(index)
                && layer.is_linear()
                && let Some(centre) = pending.take()
            {
                tape.push(layers::taylor_evaluate(
                    recording,
                    self.name,
                    tape.output,
                    centre,
                ));
            }
            let name = format!("{}.{index}", self.name);
            tape.push(layers::forward(
                recording,
                arena,
                &name,
                layer,
                tape.output,
                order,
                [&shape, &next],
            ));
            shape = next;
        }
        if let Some(centre) = pending {
            tape.push(layers::taylor_evaluate(
                recording,
                self.name,
                tape.output,
                centre,
            ));
        }
        tape
    }
}

impl Tape {
    fn push(&mut self, (output, node): (Tensor, Box<dyn RecordedLayer>)) {
        self.output = output;
        self.nodes.push(node);
    }

    /// Records the way back from `d_output`, the gradient at the output: gradients of all
    /// parameters, and, where `to_input`, the gradient at the stack's input, which is returned. A
    /// gradient to the data is never computed.
    pub(crate) fn backward(
        &self,
        recording: &mut Recording,
        arena: &Arena,
        d_output: View,
        to_input: bool,
    ) -> Option<View> {
        let mut upstream = d_output;
        for (position, node) in self.nodes.iter().enumerate().rev() {
            upstream = node.backward(recording, arena, upstream, position > 0 || to_input)?;
        }
        Some(upstream)
    }

    /// Records the products of `rows`, cotangents at the output, with the stack's Jacobian at some
    /// samples, transposed.
    pub(crate) fn transpose(
        &self,
        recording: &mut Recording,
        arena: &Arena,
        rows: Cotangents,
    ) -> Cotangents {
        self.nodes
            .iter()
            .rev()
            .fold(rows, |rows, node| node.transpose(recording, arena, rows))
    }
}
