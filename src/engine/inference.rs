//! Recordings that only go forward: encode, decode, reconstruct, the decoder's jets, and
//! neighbourhood reconstructions.

use super::arena::{Arena, Gradients};
use super::jets::{Jets, Tensor};
use super::ops::SelectSlot;
use super::recording::{Recording, View};
use super::sequential::Sequential;
use crate::net::{LARGEST_BINDING, Network, Parameters};

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

/// Records the neighbourhood reconstructions (paper, definition 1) of `batch` centres with
/// `directions` neighbours each: rows (x, x_1, ..., x_D) to (F(x), F~(x_1; x), ..., F~(x_D; x)), both
/// [batch (1 + D), features]. The decoder is expanded to `order`, the encoder too where the method is
/// `extended`; a variational encoder gives its means.
pub fn neighbourhood_inference(
    network: &Network,
    extended: bool,
    batch: usize,
    directions: usize,
    order: usize,
) -> Inference {
    let (layout, group) = (Parameters::of(network), 1 + directions);
    let order = if directions == 0 { 0 } else { order };
    let mut recording = Recording::default();
    let r = &mut recording;
    let parameters = r.reals("parameters", layout.len);
    let input_jets = Jets::values(batch * group, network.features());
    let input = Tensor {
        view: r.reals("input", input_jets.len()),
        jets: input_jets,
    };
    let arena = Arena {
        layout: &layout,
        values: parameters,
        gradients: Gradients::None,
        largest: LARGEST_BINDING,
    };
    let differences = |features| Jets {
        batch,
        directions,
        order: order.min(1),
        features,
    };
    let encode = |r: &mut Recording, input, order| {
        let encoder = Sequential::encoder(network);
        encoder.forward(r, &arena, input, order, None).output
    };
    let latent = network.latent();
    let codes = if extended {
        let jets = differences(network.features());
        let jets = r.difference("sample jets", input.view, group, jets);
        encode(r, jets, order)
    } else {
        let mut codes = encode(r, input, 0);
        if network.variational {
            codes = means(r, codes, latent);
        }
        r.difference("latent jets", codes.view, group, differences(latent))
    };
    let decoder = Sequential::decoder(network);
    let output = decoder.forward(r, &arena, codes, order, Some(true)).output;
    recording.keep(output.view);
    recording.shares_memory = true;
    Inference {
        recording,
        parameters,
        input: input.view,
        output: output.view,
        input_jets,
        output_jets: output.jets,
    }
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
        largest: LARGEST_BINDING,
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
