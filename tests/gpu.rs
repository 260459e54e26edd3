//! Every shader against its f64 twin, pass by pass, in whole recordings of random networks.

mod common;

use common::{Problem, uniform};
use nrae::cpu::CpuSession;
use nrae::engine::{Data, Element, Pass, Recording, View, gradient_step, training_step};
use nrae::executor::{Executor, Session};
use nrae::gpu::{Family, Gpu, GpuOptions};
use nrae::net::{Activation, Network};
use nrae::objective::Sampling;

fn gpus() -> Vec<Gpu> {
    Family::ALL
        .into_iter()
        .map(|family| {
            let options = GpuOptions { software: true, checked: true, family: Some(family), ..Default::default() };
            Gpu::open(&options).expect("these tests need a Vulkan driver: `make test` installs one")
        })
        .collect()
}

fn whole(recording: &Recording, buffer: usize) -> View {
    View { buffer: nrae::engine::BufferId(buffer), offset: 0, len: recording.buffers[buffer].len }
}

/// Runs every pass alone on the GPU, from the same random inputs as the twin, with its outputs pre-filled with NaN, and compares every
/// buffer afterwards.
fn compare_every_pass(gpu: &Gpu, recording: &Recording, set_words: &dyn Fn(&mut dyn Session)) {
    for (index, (label, pass)) in recording.passes.iter().enumerate() {
        let alone = Recording { buffers: recording.buffers.clone(), passes: vec![(label.clone(), pass.clone())] };
        let mut session = gpu.prepare(&alone).unwrap();
        let mut twin = CpuSession::<f64>::new(&alone);
        let mut draw = uniform(index as u64);
        for (i, buffer) in alone.buffers.iter().enumerate() {
            if buffer.element == Element::Real {
                let values: Vec<f32> =
                    (0..buffer.len).map(|_| if buffer.name.contains("second") { draw().abs() } else { draw() }).collect();
                session.write(whole(&alone, i), &values).unwrap();
                twin.write(whole(&alone, i), &values).unwrap();
            }
        }
        set_words(&mut *session);
        set_words(&mut twin);
        // What is only written starts as NaN, so that a value never written is seen.
        for view in written(pass) {
            let nan = vec![f32::NAN; view.len];
            session.write(view, &nan).unwrap();
            twin.write(view, &nan).unwrap();
        }
        session.run(1).unwrap();
        twin.run(1).unwrap();
        for (i, buffer) in alone.buffers.iter().enumerate() {
            let view = whole(&alone, i);
            if buffer.element == Element::Word {
                assert_eq!(session.read_words(view).unwrap(), twin.read_words(view).unwrap(), "{label}: {}", buffer.name);
                continue;
            }
            for (at, (got, want)) in session.read(view).unwrap().iter().zip(twin.memory.reals(view)).enumerate() {
                let good = (f64::from(*got) - want).abs() <= 2e-5 + 1e-4 * want.abs() || (got.is_nan() && want.is_nan());
                assert!(good, "{label} ({}): {}[{at}] is {got}, its twin has {want}", pass.name(), buffer.name);
            }
        }
    }
}

/// Operands that a pass writes without reading.
fn written(pass: &Pass) -> Vec<View> {
    let names: &[&str] = match pass {
        Pass::Adam(_) | Pass::Advance(_) | Pass::Sum(_) => &[],
        _ => &["output", "d_input", "d_weight", "d_bias", "d_prediction", "losses", "partials"],
    };
    pass.operands().into_iter().filter(|(name, _)| names.contains(name) && *name != "d_output").map(|(_, view)| view).collect()
}

/// All passes of training steps, over shapes with 1 and non-multiples of every tile.
#[test]
fn every_shader_agrees_with_its_twin() {
    for gpu in gpus() {
        for (features, hidden, latent, batch, neighbours, centre, hidden_function, output) in [
            (1, vec![1], 1, 1, 1, true, Activation::Elu, Activation::Linear),
            (70, vec![65, 130], 3, 9, 2, true, Activation::Tanh, Activation::Sigmoid),
            (5, vec![67], 2, 33, 3, false, Activation::Relu, Activation::Softplus),
            (129, vec![3], 17, 4, 1, false, Activation::Silu, Activation::Linear),
        ] {
            for method in ["ae", "nrae-l", "nrae-q"] {
                let network = Network::mlp(&[features], &hidden, latent, hidden_function, output).unwrap();
                let objective = common::objective(method, neighbours, centre);
                let samples = 11;
                let step = training_step(&network, &objective, Data::floats(samples), batch, 2, &Default::default());
                let set_words = |session: &mut dyn Session| {
                    let mut draw = uniform(5);
                    let data: Vec<u32> = (0..samples * features).map(|_| draw().to_bits()).collect();
                    session.write_words(step.data, &data).unwrap();
                    let indices: Vec<u32> = (0..2 * batch * step.targets).map(|i| (i * 7 % samples) as u32).collect();
                    session.write_words(step.indices, &indices).unwrap();
                    session.write_words(step.state, &[1, 0]).unwrap();
                };
                compare_every_pass(&gpu, &step.recording, &set_words);
            }
        }
    }
}

/// Bytes are unpacked and scaled.
#[test]
fn bytes_are_gathered() {
    for gpu in gpus() {
        let network = Network::mlp(&[5], &[2], 1, Activation::Relu, Activation::Linear).unwrap();
        let data = Data { samples: 7, bytes: true, shift: 3.0, scale: 255.0 };
        let step = gradient_step(&network, &common::objective("ae", 0, true), data, 4, 1);
        let words: Vec<u32> = (0..data.words(5) as u32).map(|i| i.wrapping_mul(0x9E37_79B9)).collect();
        let set_words = |session: &mut dyn Session| {
            session.write_words(step.data, &words).unwrap();
            session.write_words(step.indices, &[6, 0, 3, 1]).unwrap();
        };
        compare_every_pass(&gpu, &step.recording, &set_words);
    }
}

/// Whole gradients in f32, on the GPU and on the CPU, for every activation.
#[test]
fn gradients_agree_with_the_f64_twins() {
    let gpus = gpus();
    for (index, hidden) in Activation::ALL.into_iter().enumerate() {
        for (method, output) in [("nrae-q", Activation::Sigmoid), ("nrae-l", Activation::Linear), ("nrae-q", Activation::Linear)]
        {
            let sampling = Sampling { neighbours: 1 + index % 2, centre: true };
            let problem = Problem::new(method, hidden, output, (20, &[33, 31], 3), 13, sampling, index as u64);
            let step = &problem.step;
            let run = |session: &mut dyn Session| {
                session.write_words(step.data, &problem.data).unwrap();
                session.write_words(step.indices, &problem.indices).unwrap();
                session.write(step.weights, &problem.weights).unwrap();
                session.write(step.parameters, &problem.parameters).unwrap();
                session.run(1).unwrap();
            };
            let mut oracle = CpuSession::<f64>::new(&step.recording);
            run(&mut oracle);
            let want = oracle.memory.reals(step.gradients).to_vec();
            let loss = oracle.memory.reals(step.losses)[0];
            let mut sessions: Vec<Box<dyn Session>> = gpus.iter().map(|gpu| gpu.prepare(&step.recording).unwrap()).collect();
            sessions.push(Box::new(CpuSession::<f32>::new(&step.recording)));
            for session in &mut sessions {
                run(&mut **session);
                let got = session.read(step.gradients).unwrap();
                approx::assert_relative_eq!(f64::from(session.read(step.losses).unwrap()[0]), loss, max_relative = 1e-4);
                let error: f64 = got.iter().zip(&want).map(|(g, w)| (f64::from(*g) - w).powi(2)).sum::<f64>().sqrt();
                let norm: f64 = want.iter().map(|w| w * w).sum::<f64>().sqrt();
                assert!(error <= 1e-4 * norm, "{method} {hidden:?} {output:?}: relative error {}", error / norm);
            }
        }
    }
}
