//! The terms of the paper's other methods against plain definitions.

use nrae::cpu::CpuSession;
use nrae::engine::{Stack, inference};
use nrae::executor::Session;
use nrae::net::{Activation, Network};
use nrae::objective::{
    Data, Method, MmdKernel, Sampling, Step, StepInputs, Variants, gradient_step,
};

const SAMPLES: usize = 6;

/// A step of `method` on all samples at once, run in f64.
fn run(method: &str, variants: Variants) -> (Network, Step, CpuSession<f64>) {
    let method = Method::find(method).unwrap();
    let network = Network::mlp(&[5], &[7, 6], 3, Activation::Tanh, Activation::Linear).unwrap();
    let objective = method.objective(
        Sampling {
            neighbours: 1,
            centre: true,
        },
        variants,
    );
    let step = gradient_step(&network, &objective, Data::floats(SAMPLES), SAMPLES, 1, 9);
    let mut session = CpuSession::<f64>::new(&step.recording);
    let data: Vec<u32> = (0..SAMPLES * 5)
        .map(|i| ((i as f32 * 1.3).sin()).to_bits())
        .collect();
    let indices: Vec<u32> = (0..SAMPLES * step.group)
        .map(|i| (i / step.group) as u32)
        .collect();
    StepInputs {
        data: &data,
        indices: &indices,
        weights: &vec![1.0; SAMPLES * step.group],
        loss_weights: &[SAMPLES as f32, 1.0],
        parameters: &step.layout.initialise(4),
        ..Default::default()
    }
    .write(&mut session, &step)
    .unwrap();
    session.replay(1);
    (network, step, session)
}

/// A buffer of the step, by name.
fn buffer(step: &Step, session: &CpuSession<f64>, name: &str) -> Vec<f64> {
    let (view, _) = step
        .recording
        .views()
        .find(|(_, buffer)| buffer.name == name)
        .unwrap();
    session.memory.reals(view).to_vec()
}

#[test]
fn the_contraction_is_the_squared_norm_of_the_whole_jacobian() {
    let (network, step, session) = run("cae", Variants::default());
    let encoder = inference(&network, Stack::Encoder, 1);
    let mut encode = CpuSession::<f64>::new(&encoder.recording);
    encode
        .memory
        .reals_mut(encoder.parameters)
        .copy_from_slice(session.memory.reals(step.parameters));
    let samples = buffer(&step, &session, "samples");
    let h = 1e-5;
    let mut total = 0.0;
    for x in samples.chunks(5) {
        for i in 0..5 {
            let mut at = |h: f64| {
                encode.memory.reals_mut(encoder.input).copy_from_slice(x);
                encode.memory.reals_mut(encoder.input)[i] += h;
                encode.replay(1);
                encode.memory.reals(encoder.output).to_vec()
            };
            let (above, below) = (at(h), at(-h));
            total += above
                .iter()
                .zip(&below)
                .map(|(a, b)| ((a - b) / (2.0 * h)).powi(2))
                .sum::<f64>();
        }
    }
    let contraction = session.memory.reals(step.losses)[1];
    approx::assert_relative_eq!(contraction, total / SAMPLES as f64, max_relative = 1e-8);
}

#[test]
fn the_discrepancy_is_that_of_a_plain_double_loop() {
    for kernel in [MmdKernel::Imq, MmdKernel::Gaussian] {
        let (_, step, session) = run(
            "wae",
            Variants {
                mmd: kernel,
                ..Variants::default()
            },
        );
        let (codes, prior) = (
            buffer(&step, &session, "encoder.4 output"),
            buffer(&step, &session, "prior"),
        );
        let row = |rows: &[f64], i: usize| rows[i * 3..][..3].to_vec();
        let squared =
            |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        let median = |rows: &[f64]| {
            let mut all = Vec::new();
            for i in 0..SAMPLES {
                for j in 0..i {
                    all.push(squared(&row(rows, i), &row(rows, j)));
                }
            }
            all.sort_by(f64::total_cmp);
            all[(all.len() - 1) / 2]
        };
        let bandwidth = 0.5 * (median(&codes) + median(&prior));
        let k = |a: &[f64], b: &[f64]| -> f64 {
            let r = squared(a, b);
            match kernel {
                MmdKernel::Gaussian => (-r / (2.0 * bandwidth)).exp(),
                MmdKernel::Imq => [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0]
                    .iter()
                    .map(|s| 6.0 * s / (6.0 * s + r))
                    .sum(),
            }
        };
        let (mut among, mut across) = (0.0, 0.0);
        for i in 0..SAMPLES {
            for j in 0..SAMPLES {
                if i != j {
                    among +=
                        k(&row(&codes, i), &row(&codes, j)) + k(&row(&prior, i), &row(&prior, j));
                }
                across += k(&row(&codes, i), &row(&prior, j));
            }
        }
        let n = SAMPLES as f64;
        let want = among / (n * (n - 1.0)) - 2.0 * across / (n * n);
        approx::assert_relative_eq!(
            session.memory.reals(step.losses)[1],
            want,
            max_relative = 1e-12
        );
    }
}

/// Draws of the prior are standard normal, and differ from step to step.
#[test]
fn noise_has_its_moments() {
    let mut recording = nrae::engine::Recording::default();
    let (state, output) = (
        recording.words("state", 5),
        recording.reals("noise", 100_000),
    );
    let stream = nrae::random::Stream::Prior;
    recording.push(
        "noise",
        nrae::engine::ops::Noise {
            state,
            output,
            len: 100_000,
            seed: 3,
            stream,
            uniform: false,
        },
    );
    let mut session = CpuSession::<f64>::new(&recording);
    let mut draw = |step: usize| {
        session.write_u32(state, &Step::start(step)).unwrap();
        session.replay(1);
        session.memory.reals(output).to_vec()
    };
    let draws = draw(0);
    let moment = |power: i32| draws.iter().map(|x| x.powi(power)).sum::<f64>() / draws.len() as f64;
    assert!(
        moment(1).abs() < 0.02 && (moment(2) - 1.0).abs() < 0.02 && (moment(4) - 3.0).abs() < 0.1
    );
    assert!(draws[0] != draw(1)[0] && draws == draw(0));
}
