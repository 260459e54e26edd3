//! Recordings of training steps are well formed, for every method, preset and variant.

use nrae::cpu::Cpu;
use nrae::engine::{Optimiser, Segment};
use nrae::executor::{Executor, Session};
use nrae::gpu::{Gpu, GpuOptions};
use nrae::net::{Activation, Network, Preset};
use nrae::objective::{
    Data, Estimate, Method, MmdKernel, Sampling, Step, StepInputs, Variants, gradient_step,
    training_step, training_step_in_segments,
};

/// Every method on networks that have every kind of layer together, with each variant.
fn steps() -> impl Iterator<Item = (String, Step)> {
    let mlp = Network::mlp(&[20], &[30, 9], 2, Activation::Elu, Activation::Sigmoid).unwrap();
    let preset = |preset: Preset, shape: &[usize]| {
        preset
            .network(shape, &[], 8, Activation::Relu, Activation::Sigmoid)
            .unwrap()
    };
    let networks = [
        ("mlp", mlp),
        ("conv28", preset(Preset::Conv28, &[1, 28, 28])),
        ("conv32", preset(Preset::Conv32, &[3, 32, 32])),
        ("conv64", preset(Preset::Conv64, &[3, 64, 64])),
    ];
    let optimisers = [0.0, 1.0].map(|grad_clip_norm| Optimiser {
        grad_clip_norm,
        ..Default::default()
    });
    networks.into_iter().flat_map(move |(name, network)| {
        Method::all().flat_map(move |method| {
            let network = match method.base.variational {
                true => network.clone().into_variational().unwrap(),
                false => network.clone(),
            };
            let steps = [false, true].into_iter().flat_map(move |other| {
                let variants = Variants {
                    mmd: if other {
                        MmdKernel::Gaussian
                    } else {
                        MmdKernel::Imq
                    },
                    contractive: if other {
                        Estimate::Hutchinson
                    } else {
                        Estimate::Exact
                    },
                    k: 2,
                    ..Default::default()
                };
                let sampling = Sampling {
                    neighbours: 1 + usize::from(other),
                    centre: !other,
                };
                let objective = method.objective(sampling, variants);
                let data = Data {
                    streamed: other,
                    ..Data::floats(30)
                };
                let train =
                    |optimiser| training_step(&network, &objective, data, 5, 2, 1, optimiser);
                let kept =
                    training_step_in_segments(&network, &objective, data, 5, 2, 1, &optimisers[0]);
                [gradient_step(&network, &objective, data, 5, 2, 1), kept]
                    .into_iter()
                    .chain(optimisers.each_ref().map(train))
                    .collect::<Vec<_>>()
            });
            let label = format!("{} on {name}", method.name());
            steps
                .map(move |step| (label.clone(), step))
                .collect::<Vec<_>>()
        })
    })
}

#[test]
fn every_step_is_well_formed() {
    for (name, step) in steps() {
        step.recording
            .validate()
            .unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let planned = step.recording.with_planned_memory();
        planned
            .validate()
            .unwrap_or_else(|fault| panic!("{name}, memory shared: {fault}"));
        // Clipping and several stacks need the whole gradient first; else only who asks for it gets it.
        assert_eq!(
            step.recording.update.is_some(),
            step.gradients.is_some() && step.moments.is_some(),
            "{name}"
        );
        let levels = step.recording.levels();
        let passes = &step.recording.passes;
        for (i, (label, pass)) in passes.iter().enumerate() {
            for (j, (other, earlier)) in passes[..i].iter().enumerate() {
                let ordered = levels[j] < levels[i];
                assert!(
                    ordered || !earlier.conflicts(pass),
                    "{name}: {other} and {label}"
                );
            }
        }
    }
}

/// One step from the same start: parameters afterwards, and what the losses were.
fn run(step: &Step, executor: &dyn Executor, advance: impl Fn(&mut dyn Session)) -> Vec<f32> {
    let mut session = executor.prepare(&step.recording).unwrap();
    let draws = |seed: u32, len: usize| -> Vec<f32> {
        (0..len)
            .map(|i| ((i as u32 * 37 + seed) % 101) as f32 / 101.0 - 0.3)
            .collect()
    };
    let data: Vec<u32> = draws(1, step.data.len)
        .iter()
        .map(|x| x.to_bits())
        .collect();
    let indices: Vec<u32> = (0..step.indices.len as u32).map(|i| i * 7 % 30).collect();
    let inputs = StepInputs {
        data: &data,
        indices: &indices,
        weights: &vec![0.01; step.weights.len],
        loss_weights: &step.constant_loss_weights(5, 0.1),
        schedule: &step.constant_schedule(1e-2),
        parameters: &step.layout.initialise(3),
        ..Default::default()
    };
    inputs.write(&mut *session, step).unwrap();
    for (_, table) in &step.tables {
        session.write(*table, &draws(5, table.len)).unwrap();
    }
    advance(&mut *session);
    session.read(step.parameters).unwrap()
}

/// The two segments one after the other are the step, to the bit, and what a host writes over the
/// gradient in between is what the update takes.
#[test]
fn segments_are_the_step_with_a_place_for_the_host_in_between() {
    let options = GpuOptions {
        software: true,
        ..Default::default()
    };
    let gpu = Gpu::open(&options).expect("a Vulkan driver: scripts/vulkan installs one");
    let executors: [&dyn Executor; 2] = [&Cpu, &gpu];
    let network = Network::mlp(&[20], &[30, 9], 2, Activation::Elu, Activation::Sigmoid).unwrap();
    let optimiser = Optimiser::default();
    for (method, executor) in ["nrae-q", "cae", "spae"]
        .iter()
        .flat_map(|m| executors.map(|e| (*m, e)))
    {
        let sampling = Sampling {
            neighbours: 1,
            centre: true,
        };
        let variants = Variants {
            k: 2,
            ..Default::default()
        };
        let objective = Method::find(method).unwrap().objective(sampling, variants);
        let data = Data::floats(30);
        let whole = training_step(&network, &objective, data, 5, 2, 1, &optimiser);
        let apart = training_step_in_segments(&network, &objective, data, 5, 2, 1, &optimiser);
        let together = run(&whole, executor, |session| session.run(2).unwrap());
        let in_two = run(&apart, executor, |session| {
            for _ in 0..2 {
                session.run_segment(Segment::Gradient).unwrap();
                session.run_segment(Segment::Update).unwrap();
            }
        });
        assert!(together == in_two, "{method} on {}", executor.name());
        let stopped = run(&apart, executor, |session| {
            session.run_segment(Segment::Gradient).unwrap();
            let gradients = apart.gradients.unwrap();
            let values = session.read(gradients).unwrap();
            assert!(values.iter().any(|value| *value != 0.0));
            session.write(gradients, &vec![0.0; gradients.len]).unwrap();
            session.run_segment(Segment::Update).unwrap();
        });
        assert_eq!(
            stopped,
            apart.layout.initialise(3),
            "{method} on {}",
            executor.name()
        );
        let mut session = executor.prepare(&whole.recording).unwrap();
        let refused = session.run_segment(Segment::Gradient);
        assert_eq!(refused.is_err(), whole.recording.update.is_none());
    }
}

/// Clipping goes by the norm of the gradient that the host leaves between the segments.
#[test]
fn clipping_goes_by_the_gradient_that_the_host_has_written() {
    let network = Network::mlp(&[20], &[30, 9], 2, Activation::Elu, Activation::Sigmoid).unwrap();
    let (limit, sampling) = (
        1e-3,
        Sampling {
            neighbours: 1,
            centre: true,
        },
    );
    let optimiser = Optimiser {
        grad_clip_norm: limit,
        ..Optimiser::default()
    };
    let objective = Method::find("nrae-q")
        .unwrap()
        .objective(sampling, Variants::default());
    let step =
        training_step_in_segments(&network, &objective, Data::floats(30), 5, 2, 1, &optimiser);
    run(&step, &Cpu, |session| {
        session.run_segment(Segment::Gradient).unwrap();
        let gradients = step.gradients.unwrap();
        let scaled: Vec<f32> = session
            .read(gradients)
            .unwrap()
            .iter()
            .map(|g| 1e4 * g)
            .collect();
        session.write(gradients, &scaled).unwrap();
        session.run_segment(Segment::Update).unwrap();
        let first = session.read(step.moments.unwrap()[0]).unwrap();
        let norm = first
            .iter()
            .map(|m| f64::from(*m).powi(2))
            .sum::<f64>()
            .sqrt();
        let expected = (1.0 - optimiser.beta1) * limit;
        assert!(
            (norm / expected - 1.0).abs() < 1e-4,
            "{norm} instead of {expected}"
        );
    });
}
