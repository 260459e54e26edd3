//! Every pass that no other family has, as a training step or the search for neighbours has it: of
//! each shader the occurrence that moves most. Fused kernels stand here as the passes that they are
//! made of, which a device that does not fuse runs one after the other.

use super::{Suite, Work};
use crate::bench::work::RUNS;
use crate::engine::{Access, DType, Pass, Recording, Role, Uniform};
use crate::gpu::shaders_of;
use crate::graph::search_recording;
use crate::net::{Activation, Convolution, Layer, Network, Window};
use crate::objective::{
    CorruptionConfig, Data, Method, MmdKernel, Sampling, Variants, training_step_in_segments,
};
use std::collections::{BTreeMap, BTreeSet};

/// Centres of a batch.
const BATCH: usize = 100;
/// Latent dimensions.
const LATENT: usize = 16;
/// Methods whose steps together have every pass of training.
const METHODS: [&str; 9] = [
    "ae",
    "nrae-q",
    "vae",
    "wae",
    "dae",
    "cae",
    "grae",
    "spae",
    "isometric",
];
/// Samples and features of the search for neighbours.
const POINTS: [usize; 2] = [10_000, 784];

pub(super) fn works() -> Vec<Work> {
    let elsewhere: BTreeSet<&str> = [Suite::GEMM, Suite::CONV, Suite::JET]
        .iter()
        .flat_map(Suite::works)
        .map(|work| work.pass)
        .collect();
    let mut largest: BTreeMap<&str, Work> = BTreeMap::new();
    for (one, many) in recordings(1).into_iter().zip(recordings(RUNS)) {
        let alone = (0..one.passes.len()).map(|at| vec![at]);
        let fused = shaders_of(&one).into_iter().map(|(_, passes)| passes);
        for passes in alone.chain(fused) {
            // What counts steps runs through many, of which it writes one at a time.
            let counts = |at: &usize| matches!(one.passes[*at].1, Pass::IncrementStep(_));
            let mut work = of_passes(&one, &passes);
            if passes.iter().any(counts) {
                let amount = work.amount;
                work = of_passes(&many, &passes);
                work.amount = amount;
            }
            let known = largest.get(work.pass);
            if !elsewhere.contains(work.pass)
                && known.is_none_or(|known| known.amount < work.amount)
            {
                largest.insert(work.pass, work);
            }
        }
    }
    largest.into_values().collect()
}

/// The steps of each method on images, with room for `steps` of them, and those of the search.
fn recordings(steps: usize) -> Vec<Recording> {
    let mut variants = METHODS.map(|method| (method, MmdKernel::Imq)).to_vec();
    variants.push(("wae", MmdKernel::Gaussian));
    let step = |(method, mmd): (&str, MmdKernel)| {
        let method = Method::find(method).expect("the table of methods has it");
        let network = network(method.base.variational);
        let sampling = Sampling {
            neighbours: 1,
            centre: true,
        };
        let parts = Variants {
            mmd,
            corruption: method
                .base
                .corrupted
                .then(|| CorruptionConfig::default().corruption()),
            k: 10,
            ..Default::default()
        };
        let objective = method.objective(sampling, parts);
        let (data, optimiser) = (Data::floats(BATCH), Default::default());
        training_step_in_segments(&network, &objective, data, BATCH, steps, 0, &optimiser).recording
    };
    let [samples, features] = POINTS;
    let methods = variants.into_iter().map(step);
    methods
        .chain([search_recording(samples, features, 10)])
        .collect()
}

/// A network with every kind of layer.
fn network(variational: bool) -> Network {
    let convolution = |inputs, outputs| Convolution {
        inputs,
        outputs,
        kernel: 3.into(),
        stride: 1,
        padding: 1.into(),
        output_padding: 0.into(),
    };
    let half = Window {
        kernel: 2,
        stride: None,
    };
    let activation = Layer::Activation {
        function: Activation::Elu,
    };
    let linear = |inputs, outputs| Layer::Linear { inputs, outputs };
    let (shape, features) = ([16, 8, 8], 16 * 8 * 8);
    let encoder = vec![
        Layer::Conv(convolution(3, 8)),
        Layer::GroupNorm {
            groups: 4,
            channels: 8,
        },
        activation.clone(),
        Layer::MaxPool(half),
        Layer::Conv(convolution(8, 16)),
        activation.clone(),
        Layer::AveragePool(half),
        Layer::Flatten,
        linear(features, 128),
        activation.clone(),
        linear(128, LATENT),
    ];
    let decoder = vec![
        linear(LATENT, features),
        Layer::Unflatten { shape },
        activation.clone(),
        Layer::Upsample {
            align_corners: false,
        },
        Layer::ConvTranspose(convolution(16, 8)),
        activation,
        Layer::Upsample {
            align_corners: false,
        },
        Layer::ConvTranspose(convolution(8, 3)),
        Layer::Flatten,
        linear(3 * 32 * 32, 3 * 32 * 32),
        Layer::Activation {
            function: Activation::Sigmoid,
        },
    ];
    let network = Network {
        shape: vec![3, 32, 32],
        encoder,
        decoder,
        variational: false,
    };
    network.check().expect("its layers fit");
    if variational {
        network
            .into_variational()
            .expect("its last layer is linear")
    } else {
        network
    }
}

/// The passes at `positions` of a recording, with their buffers.
fn of_passes(recording: &Recording, positions: &[usize]) -> Work {
    let mut alone = Recording {
        shares_memory: recording.shares_memory,
        ..Default::default()
    };
    let mut buffers = BTreeMap::new();
    for at in positions {
        let (label, mut pass) = recording.passes[*at].clone();
        for view in pass.views_mut() {
            let buffer = &recording.buffers[view.buffer.0];
            view.buffer.0 = *buffers.entry(view.buffer.0).or_insert_with(|| {
                alone.buffers.push(buffer.clone());
                alone.buffers.len() - 1
            });
        }
        alone.push(label, pass);
    }
    // What is written here and read here lies between the passes; all else comes from outside or
    // stays.
    for id in 0..alone.buffers.len() {
        let mut uses = alone
            .passes
            .iter()
            .flat_map(|(_, pass)| pass.bindings())
            .filter(|binding| binding.view.buffer.0 == id)
            .map(|binding| binding.access);
        let between = uses.next() == Some(Access::Write) && uses.any(Access::reads);
        if !between {
            alone.buffers[id].role = Role::Persistent;
        }
    }
    // Random words would be no indices and no count of steps.
    let words: Vec<_> = alone
        .views()
        .filter(|(_, buffer)| buffer.dtype == DType::U32)
        .map(|(view, _)| view)
        .collect();
    let work = Work::new(extents(&alone), alone);
    words
        .into_iter()
        .fold(work, |work, view| work.with_words(view, vec![0; view.len]))
}

/// The labels of the passes, and the extents of the first.
fn extents(recording: &Recording) -> String {
    let labels: Vec<&str> = recording
        .passes
        .iter()
        .map(|(label, _)| label.as_str())
        .collect();
    let uniforms = recording.passes[0].1.uniforms();
    let numbers: Vec<String> = uniforms
        .iter()
        .filter_map(|(name, value)| match value {
            Uniform::Int(value) => Some(format!("{name} {value}")),
            Uniform::Float(_) => None,
        })
        .collect();
    format!("{}: {}", labels.join(" + "), numbers.join(", "))
}
