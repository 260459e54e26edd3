//! Tests: networks whose matrices are larger than a binding train as any others.

use super::recorder::Gradient;
use super::training_step::record_in_blocks;
use super::*;
use crate::cpu::CpuSession;
use crate::engine::{Optimiser, Pass, SCHEDULE_COLUMNS};
use crate::executor::{Executor, Session};
use crate::gpu::{GemmFamily, Gpu, GpuOptions};
use crate::net::{Activation, LARGEST_BINDING, Network};
use crate::random::{Generator, Stream};
use rand::RngExt;

/// What a pass may bind here: 128 rows of some of the matrices below. Of others 64 rows are more, and rows
/// come by 64.
const LARGEST: usize = 12_000;
/// 64 rows of the widest matrix.
pub(crate) const MOST: usize = 64 * 200;
const SAMPLES: usize = 9;
const FEATURES: usize = 90;
const BATCH: usize = 5;
const STEPS: usize = 3;

/// Adam without a division by what is nearly 0, which would blow up a difference in the last bit.
const OPTIMISER: Optimiser = Optimiser {
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-3,
    weight_decay: 0.01,
    grad_clip_norm: 0.0,
};

/// A step of each method, in blocks.
pub(crate) fn steps() -> impl Iterator<Item = Step> {
    let gradients = [Gradient::ByLayer, Gradient::Whole];
    let each = Method::all().flat_map(move |method| gradients.map(|gradient| (method, gradient)));
    each.map(|(method, gradient)| step(&method, 1.0, gradient, LARGEST))
}

/// A step of `method` with matrices of 200 x 90, 70 x 200 and their reverse.
fn step(method: &Method, clip: f64, gradient: Gradient, largest: usize) -> Step {
    let (hidden, output) = (Activation::Tanh, Activation::Sigmoid);
    let network = Network::mlp(&[FEATURES], &[200, 70], 3, hidden, output).unwrap();
    let network = if method.base.variational {
        network.into_variational().unwrap()
    } else {
        network
    };
    let sampling = Sampling {
        neighbours: 2,
        centre: true,
    };
    let variants = Variants {
        k: 2,
        ..Default::default()
    };
    let optimiser = Optimiser {
        grad_clip_norm: clip,
        ..OPTIMISER
    };
    record_in_blocks(
        &network,
        &method.objective(sampling, variants),
        Data::floats(SAMPLES),
        BATCH,
        STEPS,
        7,
        Some((&optimiser, gradient)),
        largest,
    )
}

/// The parameters after a block of steps on random data.
fn trained(step: &Step, session: &mut dyn Session) -> Vec<f32> {
    let mut generator = Generator::new(3, Stream::Test, 0);
    let mut draws =
        |len: usize| -> Vec<f32> { (0..len).map(|_| generator.random_range(0.0..1.0)).collect() };
    let data: Vec<u32> = draws(SAMPLES * FEATURES)
        .iter()
        .map(|x| x.to_bits())
        .collect();
    for (_, table) in &step.tables {
        session.write(*table, &draws(table.len)).unwrap();
    }
    let rows = STEPS * BATCH * step.group;
    let indices: Vec<u32> = (0..rows).map(|row| (row * 5 % SAMPLES) as u32).collect();
    let weights = [BATCH as f32].into_iter().chain([0.3; 8]);
    let weights: Vec<f32> = weights.take(step.columns).collect();
    let inputs = StepInputs {
        first: 0,
        data: &data,
        indices: &indices,
        weights: &vec![0.01; rows],
        loss_weights: &weights.repeat(STEPS),
        schedule: &[[0.01, 0.1, 0.03, 0.0]; STEPS].concat(),
        parameters: &step.layout.initialise(5),
    };
    assert_eq!(inputs.schedule.len(), STEPS * SCHEDULE_COLUMNS);
    inputs.write(session, step).unwrap();
    session.run(STEPS).unwrap();
    session.read(step.parameters).unwrap()
}

fn worst(a: &[f32], b: &[f32]) -> f32 {
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(
        0.0,
        |worst, d| if d > worst || d.is_nan() { d } else { worst },
    )
}

#[test]
fn every_method_trains_in_blocks_as_without() {
    for method in Method::all() {
        for (clip, gradient) in [
            (0.0, Gradient::ByLayer),
            (0.0, Gradient::Whole),
            (1e-3, Gradient::ByLayer),
            (1e-3, Gradient::OfPart),
        ] {
            let [whole, in_blocks] = [LARGEST_BINDING, LARGEST].map(|largest| {
                let step = step(&method, clip, gradient, largest);
                step.recording.validate().unwrap();
                let planned = step.recording.with_planned_memory();
                planned.validate().unwrap();
                let before = step.layout.initialise(5);
                let after = trained(&step, &mut CpuSession::<f64>::new(&step.recording));
                assert!(worst(&before, &after) > 1e-4, "nothing was trained");
                after
            });
            let worst = worst(&whole, &in_blocks);
            assert!(
                worst < 1e-7,
                "{}, {clip}, {gradient:?}: {worst}",
                method.name()
            );
        }
    }
}

/// Products of four matrices in two blocks each, and of the latents'; nothing larger than it may be, and
/// no array of parameters as a whole.
#[test]
fn no_pass_binds_more_than_it_may() {
    // Of more than 64 rows of every matrix, and less than the arena.
    let in_stretches = Method::all().map(|method| {
        let step = step(&method, 1.0, Gradient::Whole, 3 * MOST);
        (step, 3 * MOST, 6)
    });
    let in_blocks = steps().map(|step| (step, LARGEST, 10));
    for (step, largest, least) in in_stretches.chain(in_blocks) {
        let arenas: Vec<_> = [Some(step.parameters), step.gradients]
            .into_iter()
            .flatten()
            .chain(step.moments.into_iter().flatten())
            .map(|view| view.buffer)
            .collect();
        let mut products = 0;
        for (label, pass) in &step.recording.passes {
            products += usize::from(matches!(pass, Pass::Linear(_)));
            for binding in pass.bindings() {
                let view = binding.view;
                let name = &step.recording.buffers[view.buffer.0].name;
                // A sum over two stacks binds the same rows of each.
                let most = match name.ends_with("of each stack") {
                    true => largest.max(2 * MOST),
                    false => largest.max(MOST),
                };
                if arenas.contains(&view.buffer) || name.contains("gradient") {
                    assert!(view.len <= most, "{label} binds {} of {name}", view.len);
                }
            }
        }
        assert!(products >= least, "{products}");
    }
}

#[test]
fn a_gpu_trains_in_blocks() {
    for family in [None, Some(GemmFamily::Tiled)] {
        let gpu = Gpu::open(&GpuOptions {
            software: true,
            checked: true,
            family,
            ..Default::default()
        })
        .expect("these tests need a Vulkan driver: `make test` installs one");
        for name in ["ae", "vae", "nrae-q", "cae", "isometric"] {
            let method = Method::named(name).unwrap();
            for (clip, gradient) in [(0.0, Gradient::ByLayer), (1e-3, Gradient::Whole)] {
                let step = step(&method, clip, gradient, LARGEST);
                let expected = trained(&step, &mut CpuSession::<f64>::new(&step.recording));
                let actual = trained(&step, &mut *gpu.prepare(&step.recording).unwrap());
                let worst = worst(&expected, &actual);
                assert!(worst < 2e-5, "{name}, {clip}, {gradient:?}: {worst}");
            }
        }
    }
}
