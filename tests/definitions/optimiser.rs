//! Adam over several steps of a block, in both ways that a training step updates its parameters,
//! and what happens to gradients that are not finite.

use crate::case::{BATCH, Case};
use crate::glue::{assert_close, numbers};
use crate::plain::adam::{Adam, schedule};
use nrae::cpu::CpuSession;
use nrae::engine::{Optimiser, Recording, SCHEDULE_COLUMNS, ops};
use nrae::executor::Session;
use nrae::net::{Activation, Network};
use nrae::objective::{Data, Sampling, Step, Variants, training_step};
use nrae::train::Schedule;

fn optimisers() -> [Optimiser; 4] {
    let plain = Optimiser {
        beta1: 0.8,
        beta2: 0.95,
        epsilon: 1e-3,
        weight_decay: 0.0,
        grad_clip_norm: 0.0,
    };
    [
        plain,
        Optimiser {
            weight_decay: 0.3,
            ..plain
        },
        // Clips every step, and none.
        Optimiser {
            grad_clip_norm: 0.01,
            weight_decay: 0.1,
            ..plain
        },
        Optimiser {
            grad_clip_norm: 1e3,
            ..plain
        },
    ]
}

fn plain(optimiser: &Optimiser, len: usize) -> Adam {
    let Optimiser {
        beta1,
        beta2,
        epsilon,
        weight_decay,
        grad_clip_norm: clip,
    } = *optimiser;
    Adam {
        beta1,
        beta2,
        epsilon,
        weight_decay,
        clip,
        first: vec![0.0; len],
        second: vec![0.0; len],
        steps: 0,
    }
}

/// Rates of the steps of a block.
const RATES: [f64; 3] = [0.05, 0.01, 0.1];

/// Learning rate and the corrections of the moments' bias, as the host writes them for step `t` of
/// the run, from 1.
fn schedule_row(optimiser: &Optimiser, rate: f64, t: i32) -> [f64; SCHEDULE_COLUMNS] {
    let correction = |beta: f64| 1.0 / (1.0 - beta.powi(t));
    [
        rate,
        correction(optimiser.beta1),
        correction(optimiser.beta2).sqrt(),
        0.0,
    ]
}

fn block(case: &Case, step: &Step, optimiser: &Optimiser, data: &[u32]) -> CpuSession<f64> {
    let mut session = CpuSession::<f64>::new(&step.recording);
    case.write(&mut session, step);
    session.write_u32(step.data, data).unwrap();
    session
        .memory
        .reals_mut(step.parameters)
        .copy_from_slice(&case.arena);
    let rows: Vec<f64> = (0..3)
        .flat_map(|s| schedule_row(optimiser, RATES[s], 1 + s as i32))
        .collect();
    session
        .memory
        .reals_mut(step.schedule.unwrap())
        .copy_from_slice(&rows);
    session.replay(3);
    session
}

/// A case of three steps of `method` with its training step.
fn training(method: &str, optimiser: &Optimiser) -> (Case, Step) {
    let network = Network::mlp(&[4], &[7], 2, Activation::Tanh, Activation::Linear).unwrap();
    let case = Case::new(
        method,
        network,
        Sampling {
            neighbours: 1,
            centre: true,
        },
        Variants::default(),
        3,
        60,
    );
    let data = Data::floats(case.samples.len());
    let step = training_step(
        &case.network,
        &case.objective,
        data,
        BATCH,
        3,
        case.seed,
        optimiser,
    );
    (case, step)
}

fn bits(case: &Case) -> Vec<u32> {
    case.samples
        .concat()
        .iter()
        .map(|value| (*value as f32).to_bits())
        .collect()
}

#[test]
fn training_steps_are_those_of_adamw() {
    for optimiser in optimisers() {
        // A contractive term has gradients of its own, which are added up before there is an
        // update.
        for method in ["ae", "nrae-q", "nr-cae-l"] {
            let (mut case, step) = training(method, &optimiser);
            let layer_by_layer = optimiser.grad_clip_norm == 0.0 && method != "nr-cae-l";
            assert_eq!(step.gradients.is_none(), layer_by_layer, "{method}");
            let session = block(&case, &step, &optimiser, &bits(&case));

            let (mut adam, mut losses, all) = (
                plain(&optimiser, case.arena.len()),
                Vec::new(),
                case.batches.clone(),
            );
            for s in 0..3 {
                losses.extend(case.columns(s, &case.arena));
                // The gradient of this step alone, which `losses` holds against its definition.
                case.batches = vec![all[s].clone()];
                case.first += s;
                let alone = case.run_alone();
                case.first -= s;
                case.batches = all.clone();
                adam.step(&mut case.arena, &alone, RATES[s]);
            }
            assert_close(session.memory.reals(step.losses), &losses, 1e-8, method);
            assert_close(
                session.memory.reals(step.parameters),
                &case.arena,
                1e-12,
                method,
            );
            let [first, second] = step.moments.unwrap();
            assert_close(session.memory.reals(first), &adam.first, 1e-12, method);
            assert_close(session.memory.reals(second), &adam.second, 1e-12, method);
            assert_eq!(
                session.memory.words(step.state),
                [3, 0, case.first as u32, 0, 0]
            );
        }
    }
}

/// Clipping is by the norm of the whole gradient, not of a part of it: so large that it takes
/// several partial sums.
#[test]
fn the_norm_is_that_of_the_whole_gradient() {
    const CHUNK: usize = ops::SUM_OF_SQUARES_CHUNK;
    for len in [64, CHUNK - 64, CHUNK, CHUNK + 64, 3 * CHUNK, 3 * CHUNK + 64] {
        let mut r = Recording::default();
        let (input, partials) = (
            r.reals("gradients", len),
            r.reals("partials", len.div_ceil(CHUNK)),
        );
        let (output, state) = (r.reals("norm", 1), r.words("state", 5));
        let squares = ops::SumOfSquares {
            input,
            partials,
            len,
        };
        let sum = ops::Sum {
            input: partials,
            state,
            output,
            len: partials.len,
            columns: 0,
            column: 0,
        };
        r.push("squares", squares);
        r.push("sum", sum);
        let mut session = CpuSession::<f64>::new(&r);
        let gradient = numbers(1, len);
        session.memory.reals_mut(input).copy_from_slice(&gradient);
        session.replay(1);
        let expected = gradient.iter().map(|g| g * g).sum();
        assert_close(
            session.memory.reals(output),
            &[expected],
            1e-12,
            "squared norm",
        );
    }
}

#[test]
fn a_gradient_that_is_not_finite_ends_updates() {
    for optimiser in optimisers() {
        let (case, step) = training("nrae-l", &optimiser);
        // The sample that only the second step sees.
        let first: Vec<usize> = case.batches[0].indices.concat();
        let bad = *case.batches[1]
            .indices
            .concat()
            .iter()
            .find(|row| !first.contains(row))
            .unwrap();
        let mut data = bits(&case);
        data[4 * bad + 1] = f32::NAN.to_bits();
        let session = block(&case, &step, &optimiser, &data);
        assert_eq!(
            session.memory.words(step.state)[..2],
            [3, 2],
            "the second step is the first with such a gradient"
        );
        // Every gradient depends on that sample, so that all is as the first step left it.
        let mut adam = plain(&optimiser, case.arena.len());
        let mut one = Case {
            batches: case.batches[..1].to_vec(),
            ..case
        };
        let gradient = one.run_alone();
        adam.step(&mut one.arena, &gradient, RATES[0]);
        assert_close(
            session.memory.reals(step.parameters),
            &one.arena,
            1e-12,
            "parameters",
        );
        let [first, second] = step.moments.unwrap();
        assert_close(
            session.memory.reals(first),
            &adam.first,
            1e-12,
            "first moments",
        );
        assert_close(
            session.memory.reals(second),
            &adam.second,
            1e-12,
            "second moments",
        );
    }
}

/// Without clipping, parameters whose own gradient is finite move in the step that stops the run;
/// with it none does.
#[test]
fn values_whose_gradient_is_finite_move() {
    for clip in [0.0, 1.0] {
        let optimiser = Optimiser {
            grad_clip_norm: clip,
            ..optimisers()[1]
        };
        let Optimiser {
            beta1,
            beta2,
            epsilon,
            weight_decay,
            grad_clip_norm,
        } = optimiser;
        let len = 8;
        let mut r = Recording::default();
        let [parameters, gradients, first, second] =
            ["p", "g", "m", "v"].map(|name| r.reals(name, len));
        let (schedule, norm, state) = (
            r.reals("schedule", SCHEDULE_COLUMNS),
            r.reals("norm", 1),
            r.words("state", 5),
        );
        let pass = ops::Adam {
            parameters,
            gradients,
            first,
            second,
            schedule,
            norm,
            state,
            len,
            beta1,
            beta2,
            epsilon,
            weight_decay,
            grad_clip_norm,
        };
        r.push("adam", pass);
        r.push("next", ops::IncrementStep { state });
        let mut session = CpuSession::<f64>::new(&r);
        let (start, mut gradient) = (numbers(5, len), numbers(6, len));
        (gradient[1], gradient[4], gradient[6]) = (f64::NAN, f64::INFINITY, 1e200);
        session.memory.reals_mut(parameters).copy_from_slice(&start);
        session
            .memory
            .reals_mut(gradients)
            .copy_from_slice(&gradient);
        session
            .memory
            .reals_mut(schedule)
            .copy_from_slice(&schedule_row(&optimiser, 0.1, 1));
        session.memory.reals_mut(norm)[0] = if clip > 0.0 { f64::NAN } else { 0.0 };
        session.replay(1);
        let mut moved = start.clone();
        let finite: Vec<f64> = gradient
            .iter()
            .map(|g| if (g * g).is_finite() { *g } else { 0.0 })
            .collect();
        plain(
            &Optimiser {
                grad_clip_norm: 0.0,
                ..optimiser
            },
            len,
        )
        .step(&mut moved, &finite, 0.1);
        let found = session.memory.reals(parameters);
        for i in 0..len {
            let expected = if clip == 0.0 && (gradient[i] * gradient[i]).is_finite() {
                moved[i]
            } else {
                start[i]
            };
            assert_close(
                &[found[i]],
                &[expected],
                1e-12,
                &format!("clip {clip}, parameter {i}"),
            );
        }
        assert_eq!(session.memory.words(state), [1, 1, 0, 0, 0]);
    }
}

#[test]
fn schedules_follow_their_definitions() {
    for epochs in [1, 7, 20, 100, 333, 1001, 2001] {
        for epoch in 0..epochs {
            for (name, kind) in [
                ("constant", Schedule::Constant),
                ("step", Schedule::Step),
                ("cosine", Schedule::Cosine),
            ] {
                let (found, expected) = (kind.factor(epoch, epochs), schedule(name, epoch, epochs));
                assert!(
                    (found - expected).abs() < 1e-12,
                    "{name} in epoch {epoch} of {epochs}: {found}, not {expected}"
                );
            }
        }
    }
}
