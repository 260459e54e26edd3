//! Recordings that only go forward: encode, decode, reconstruct, and the decoder's jets.

use super::arena::{Arena, Gradients};
use super::jets::{Jets, Tensor};
use super::ops::SelectSlot;
use super::recording::{Recording, View};
use super::sequential::Sequential;
use crate::net::{Network, Parameters};

/// Which part of a network to apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stack {
    /// x -> z, where a variational encoder gives its means.
    Encoder,
    /// x -> what the encoder's last layer gives: (means, log variances) where it is variational.
    EncoderHeads,
    /// z -> x
    Decoder,
    /// x -> f(g(x))
    Whole,
}

/// A recorded map on batches.
#[derive(Clone, Debug)]
pub struct Inference {
    /// The passes of one batch.
    pub recording: Recording,
    /// The arena of parameters.
    pub parameters: View,
    /// Rows or jets, [batch, slots, features].
    pub input: View,
    /// Rows or jets, [batch, slots, features].
    pub output: View,
    /// Shape of the input.
    pub input_jets: Jets,
    /// Shape of the output: its order says which slots are there.
    pub output_jets: Jets,
}

/// Records `part` on batches of `batch` rows.
pub fn inference(network: &Network, part: Stack, batch: usize) -> Inference {
    let inputs = if part == Stack::Decoder {
        network.latent()
    } else {
        network.features()
    };
    record(network, part, Jets::values(batch, inputs), 0)
}

/// Records the decoder on jets (z, dz_1, ..., dz_D) of order 1, up to derivatives of `order`.
pub fn jets_inference(
    network: &Network,
    batch: usize,
    directions: usize,
    order: usize,
) -> Inference {
    record(
        network,
        Stack::Decoder,
        Jets {
            batch,
            directions,
            order: 1,
            features: network.latent(),
        },
        order,
    )
}

fn record(network: &Network, part: Stack, jets: Jets, order: usize) -> Inference {
    let layout = Parameters::of(network);
    let mut recording = Recording::default();
    let parameters = recording.reals("parameters", layout.len);
    let input = Tensor {
        view: recording.reals("input", jets.len()),
        jets,
    };
    let arena = Arena {
        layout: &layout,
        values: parameters,
        gradients: Gradients::None,
    };
    let mut x = input;
    if part != Stack::Decoder {
        x = Sequential::encoder(network)
            .forward(&mut recording, &arena, x, order, None)
            .output;
        if network.variational && part != Stack::EncoderHeads {
            x = means(&mut recording, x, network.latent());
        }
    }
    if !matches!(part, Stack::Encoder | Stack::EncoderHeads) {
        x = Sequential::decoder(network)
            .forward(&mut recording, &arena, x, order, None)
            .output;
    }
    recording.keep(x.view);
    recording.shares_memory = true;
    Inference {
        recording,
        parameters,
        input: input.view,
        output: x.view,
        input_jets: jets,
        output_jets: x.jets,
    }
}

/// The means of rows (means, log variances): the first of two slots.
fn means(recording: &mut Recording, rows: Tensor, features: usize) -> Tensor {
    let jets = Jets::values(rows.jets.batch, features);
    let output = Tensor {
        view: recording.temporary("means", jets.len()),
        jets,
    };
    recording.push(
        "means",
        SelectSlot {
            jets: rows.view,
            output: output.view,
            batch: jets.batch,
            slots: 2,
            slot: 0,
            features,
        },
    );
    output
}
