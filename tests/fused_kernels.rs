//! Kernels that run several passes, and do not all store what these exchange, against the passes one
//! by one in f64.

use nrae::cpu::CpuSession;
use nrae::engine::Optimiser;
use nrae::executor::{Executor, Session};
use nrae::gpu::{GemmFamily, Gpu, GpuOptions, Tile};
use nrae::net::{Activation, Convolution, Layer, Network};
use nrae::objective::{
    Data, Method, Sampling, Step, StepInputs, Variants, training_step_in_segments,
};

const SAMPLES: usize = 9;

fn step(method: &str, network: &Network, batch: usize, sampling: Sampling) -> Step {
    let objective = Method::find(method)
        .unwrap()
        .objective(sampling, Variants::default());
    let (data, optimiser) = (Data::floats(SAMPLES), Optimiser::default());
    training_step_in_segments(network, &objective, data, batch, 1, 1, &optimiser)
}

/// The gradient and the losses of a step, by a session of any device.
fn run(session: &mut dyn Session, step: &Step, features: usize) -> (Vec<f32>, Vec<f32>) {
    let value = |i: usize| 0.5 + 0.5 * (i as f32 * 1.3).sin();
    let data = (0..SAMPLES * features).map(|i| value(i).to_bits());
    let indices = (0..step.indices.len).map(|i| ((i * i + i / 2) % SAMPLES) as u32);
    let weights = (0..step.weights.len).map(|i| 0.1 + 0.01 * (i % 16) as f32);
    StepInputs {
        data: &data.collect::<Vec<_>>(),
        indices: &indices.collect::<Vec<_>>(),
        weights: &weights.collect::<Vec<_>>(),
        loss_weights: &vec![1.0; step.loss_weights.len],
        schedule: &[1e-3, 2.0, 3.0, 0.0],
        parameters: &step.layout.initialise(3),
        ..Default::default()
    }
    .write(session, step)
    .unwrap();
    session.run(1).unwrap();
    (
        session.read(step.gradients.unwrap()).unwrap(),
        session.read(step.losses).unwrap(),
    )
}

/// Compares a step with all of a GPU's kernels with the f64 passes. Returns its dispatches.
fn compare(what: &str, step: &Step, features: usize) -> usize {
    compare_in(None, what, step, features)
}

/// The same in tiles of one kind, where they can be.
fn compare_in(tile: Option<Tile>, what: &str, step: &Step, features: usize) -> usize {
    let options = GpuOptions {
        tile,
        family: Some(GemmFamily::Tiled),
        software: true,
        checked: true,
        ..Default::default()
    };
    let gpu =
        Gpu::open(&options).expect("these tests need a Vulkan driver: `make test` installs one");
    let mut session = gpu.prepare(&step.recording).unwrap();
    let (gradient, losses) = run(&mut *session, step, features);
    let mut exact = CpuSession::<f64>::new(&step.recording);
    let (exact_gradient, exact_losses) = run(&mut exact, step, features);
    let largest = exact_gradient.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
    assert!(largest > 1e-3);
    for (at, (found, exact)) in gradient.iter().zip(&exact_gradient).enumerate() {
        assert!(
            (found - exact).abs() <= 1e-5 * exact.abs() + 3e-6 * largest.max(1.0),
            "{what}: {found} for {exact} at {at}"
        );
    }
    approx::assert_relative_eq!(losses[..], exact_losses[..], max_relative = 1e-5);
    session.counts().unwrap().dispatches
}

fn sampling(neighbours: usize, centre: bool) -> Sampling {
    Sampling { neighbours, centre }
}

#[test]
fn the_end_of_the_decoder_in_one_kernel_has_the_gradient_of_its_passes() {
    for (method, sampling) in [
        ("ae", sampling(0, true)),
        ("nrae-l", sampling(1, true)),
        ("nrae-l", sampling(1, false)),
        ("nrae-q", sampling(1, true)),
        ("nrae-q", sampling(1, false)),
        // Not in one kernel: two directions.
        ("nrae-q", sampling(2, true)),
    ] {
        // Four values at a time or one, and more values than a workgroup has threads.
        for features in [7, 20, 333] {
            let network =
                Network::mlp(&[features], &[12], 2, Activation::Gelu, Activation::Sigmoid).unwrap();
            let step = step(method, &network, 5, sampling);
            let what = format!("{method}, {sampling:?}, {features} features");
            compare(&what, &step, features);
        }
    }
}

/// The rows that the loss compares are formed in front of a last layer that is linear: in the kernel
/// of the layer before it and its activation, and on the way back likewise.
#[test]
fn rows_that_are_compared_have_the_gradient_of_their_passes() {
    for (method, centre) in [
        ("nrae-l", true),
        ("nrae-l", false),
        ("nrae-q", true),
        ("nrae-q", false),
    ] {
        for (features, width) in [(7, 12), (20, 13), (33, 70)] {
            let (hidden, inner) = ([width; 2], Activation::Gelu);
            let network = Network::mlp(&[features], &hidden, 2, inner, Activation::Linear).unwrap();
            let step = step(method, &network, 5, sampling(1, centre));
            compare(
                &format!("{method}, {centre}, {width} wide"),
                &step,
                features,
            );
        }
    }
}

/// With activations, biases and differences of codes in the kernels of their neighbours, and enough
/// jets that sums over one channel are recorded in parts.
#[test]
fn convolutions_with_what_stands_beside_them_have_the_gradient_of_their_passes() {
    let convolution = |inputs, outputs| Convolution {
        inputs,
        outputs,
        kernel: 4.into(),
        stride: 2,
        padding: 1.into(),
        output_padding: 0.into(),
    };
    let gelu = Layer::Activation {
        function: Activation::Gelu,
    };
    let linear = |inputs, outputs| Layer::Linear { inputs, outputs };
    let (shape, features) = ([7, 8, 8], 7 * 8 * 8);
    let network = Network {
        shape: vec![2, 32, 32],
        encoder: vec![
            Layer::Conv(convolution(2, 6)),
            gelu.clone(),
            Layer::Conv(convolution(6, 7)),
            gelu.clone(),
            Layer::Flatten,
            linear(features, 3),
        ],
        decoder: vec![
            linear(3, features),
            Layer::Unflatten { shape },
            gelu.clone(),
            Layer::ConvTranspose(convolution(7, 6)),
            gelu,
            Layer::ConvTranspose(convolution(6, 2)),
        ],
        variational: false,
    };
    network.check().unwrap();
    // The second by minimal filtering.
    let filtered = Tile::filtered()[1];
    for (method, neighbours, tile) in [("ae", 0, None), ("nrae-q", 1, Some(filtered))] {
        let step = step(method, &network, 32, sampling(neighbours, true));
        let in_parts = |label: &str| label == "decoder.5 d_bias summed";
        assert!(
            step.recording
                .passes
                .iter()
                .any(|(label, _)| in_parts(label))
        );
        compare_in(tile, method, &step, 2 * 32 * 32);
    }
}

/// Few results of many terms: workgroups share the terms, and the kernel behind adds up what they
/// have. Terms that are no multiple of what a part takes, values one by one and four at a time.
#[test]
fn products_in_parts_have_the_gradient_of_whole_ones() {
    for (method, hidden, output, neighbours, features) in [
        ("nrae-q", &[12][..], Activation::Sigmoid, 1, 2_500),
        ("ae", &[13], Activation::Linear, 0, 2_501),
        ("nrae-q", &[], Activation::Linear, 1, 2_501),
    ] {
        let step = |features| {
            let network = Network::mlp(&[features], hidden, 2, Activation::Gelu, output).unwrap();
            step(method, &network, 5, sampling(neighbours, true))
        };
        let what = format!("{method}, {features} features, {} layers", hidden.len());
        let dispatches = compare(&what, &step(features), features);
        let of_few_terms = compare(&what, &step(20), 20);
        assert_eq!(dispatches, of_few_terms + 2, "{what}");
    }
}
