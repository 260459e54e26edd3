//! Every operation and every loss, on every executor, against the f64 CPU kernels; the CPU kernels
//! against central differences.

mod common;

use common::{executors, gpu};
use nrae::cpu::{Cpu, CpuSession};
use nrae::engine::ops::{Adam, IncrementStep, Sum};
use nrae::engine::{Grid, Optimiser, Recording, SCHEDULE_COLUMNS};
use nrae::executor::{Executor, Session};
use nrae::gpu::{GemmFamily, Gpu, GpuOptions, Precision, Tile};
use nrae::gradcheck::{Case, CaseShape, Coverage, LossCase, cases, check_case, loss_cases};
use nrae::net::{Activation, Network, Preset};
use nrae::objective::{
    Data, Method, Sampling, Step, StepInputs, Variants, gradient_step, training_step,
};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use std::io::Write;

fn check_operations(extents: CaseShape, seed: u64, executors: &[Box<dyn Executor>]) {
    for case in cases(extents) {
        for executor in executors {
            let finding = check_case(&case, &**executor, seed).unwrap();
            assert!(
                finding.holds(),
                "{extents:?}, seed {seed}, {}: {finding:?}",
                executor.name()
            );
        }
    }
}

/// Sides of 1, of whole tiles, and just beyond them.
#[test]
fn operations_hold_at_the_edges_of_tiles() {
    let executors = executors();
    for (batch, directions, inputs, outputs) in [
        (1, 1, 1, 1),
        (1, 3, 17, 1),
        (9, 2, 64, 65),
        (33, 1, 3, 128),
        (65, 1, 129, 2),
        (128, 1, 64, 64),
        (3, 15, 5, 20),
    ] {
        check_operations(
            CaseShape {
                batch,
                directions,
                inputs,
                outputs,
            },
            1,
            &executors,
        );
    }
}

/// Whether a case has a product. Of convolutions every geometry compiles anew, so that a kernel of
/// whole fours and one of others stand for all.
fn needs_every_tile(case: &Case) -> bool {
    let mut passes = case.recording.passes.iter();
    let product = passes.any(|(_, pass)| matches!(pass.grid(), Grid::Product { .. }));
    let geometries = ["kernel 4, stride 2", "kernel 3, stride 1"];
    let stands_for_all = geometries.iter().any(|name| case.name.contains(name));
    product && (stands_for_all || !case.name.contains("kernel"))
}

/// Shapes choose tiles, but every tile must compute every shape.
#[test]
fn every_tile_computes_products() {
    let families = gpu(GpuOptions::default()).families().to_vec();
    for (family, tile) in families.iter().flat_map(|family| {
        Tile::all(*family)
            .into_iter()
            .map(move |tile| (*family, tile))
    }) {
        let gpu = gpu(GpuOptions {
            family: Some(family),
            tile: Some(tile),
            ..Default::default()
        });
        // Sides that are multiples of 4 have kernels of their own.
        for (batch, inputs, outputs) in [(2, 3, 1), (50, 130, 133), (50, 132, 72)] {
            for case in cases(CaseShape {
                batch,
                directions: 1,
                inputs,
                outputs,
            }) {
                if needs_every_tile(&case) {
                    let finding = check_case(&case, &gpu, 4).unwrap();
                    assert!(finding.holds(), "{family:?}, {tile:?}: {finding:?}");
                }
            }
        }
    }
}

/// Outputs of odd sides, paddings, kernels of an odd side, and rows, columns and terms that fill no tile.
/// All other geometries are those of `scripts/test-all`, as llvmpipe takes a second to compile each;
/// the other tile is that of `convolutions_with_what_stands_beside_them_have_the_gradient_of_their_passes`.
#[test]
fn minimal_filtering_computes_convolutions() {
    let gpu = gpu(GpuOptions {
        family: Some(GemmFamily::Tiled),
        tile: Some(Tile::filtered()[0]),
        checked: true,
        ..Default::default()
    });
    let shape = CaseShape {
        batch: 3,
        directions: 2,
        inputs: 7,
        outputs: 33,
    };
    let odd = |case: &Case| case.name.contains("7x9 kernel 3, stride 2");
    let odd: Vec<Case> = cases(shape).into_iter().filter(odd).collect();
    assert_eq!(odd.len(), 1);
    for case in odd {
        let finding = check_case(&case, &gpu, 5).unwrap();
        assert!(finding.holds(), "{finding:?}");
    }
}

/// Where the driver has cooperative matrices, which Mesa's software driver has since version 26.
#[test]
fn every_tile_of_cooperative_matrices_computes_products() {
    let options = GpuOptions {
        software: true,
        precision: Precision::F16,
        ..Default::default()
    };
    let matrices = match Gpu::open(&options) {
        Ok(gpu) => gpu.matrices().expect("products in f16 run on matrices"),
        Err(error) => {
            assert!(
                error.to_string().contains("cannot multiply in f16, since"),
                "{error}"
            );
            // Past the capture of a test's output, for the summary of `scripts/test`.
            let _ = writeln!(std::io::stderr(), "NOT RUN: cooperative matrices: {error}");
            return;
        }
    };
    for tile in Tile::all(GemmFamily::Cooperative(matrices)) {
        let gpu = gpu(GpuOptions {
            tile: Some(tile),
            checked: true,
            ..options.clone()
        });
        for (batch, inputs, outputs) in [(2, 3, 1), (8, 16, 16), (50, 130, 133)] {
            for case in cases(CaseShape {
                batch,
                directions: 1,
                inputs,
                outputs,
            }) {
                let finding = check_case(&case, &gpu, 4).unwrap();
                assert!(finding.holds(), "{tile:?}: {finding:?}");
            }
        }
    }
}

#[test]
fn operations_hold_for_random_shapes() {
    let executors = executors();
    let shapes = (
        1..40_usize,
        1..4_usize,
        1..150_usize,
        1..150_usize,
        any::<u64>(),
    );
    // The same draws on every run: a failure is then of the change at hand.
    let config = ProptestConfig {
        cases: 6,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        max_shrink_iters: 0,
        ..Default::default()
    };
    TestRunner::new(config)
        .run(&shapes, |(batch, directions, inputs, outputs, seed)| {
            check_operations(
                CaseShape {
                    batch,
                    directions,
                    inputs,
                    outputs,
                },
                seed,
                &executors,
            );
            Ok(())
        })
        .unwrap();
}

/// Gradients of whole losses: every method with every activation, to every parameter.
#[test]
fn losses_hold_in_every_parameter() {
    for case in loss_cases((3, &[5, 4], 2), 3, 40) {
        let finding = case.check(&Cpu, Coverage::EveryParameter).unwrap();
        assert!(finding.holds(), "{finding:?}");
    }
}

#[test]
fn losses_hold_on_every_executor() {
    let executors = executors();
    let mut cases = loss_cases((20, &[33, 31], 3), 13, 7);
    // Every way of sampling and every kind of output with a method that has both orders.
    for method in
        ["nrae-l", "nrae-q", "e-nrae-q", "nr-spae-q"].map(|name| Method::find(name).unwrap())
    {
        for (output, neighbours, centre) in [
            (Activation::Linear, 3, false),
            (Activation::Sigmoid, 1, false),
            (Activation::Relu, 2, true),
        ] {
            let sampling = Sampling { neighbours, centre };
            cases.push(LossCase::new(
                &method,
                Activation::Tanh,
                output,
                (70, &[65, 30], 5),
                9,
                sampling,
                3,
            ));
        }
    }
    for case in cases {
        for executor in &executors {
            let finding = case.check(&**executor, Coverage::Directions).unwrap();
            assert!(finding.holds(), "{}: {finding:?}", executor.name());
        }
    }
}

/// Mesa 22.3 ends a shader's loops after 65 535 iterations in all without a word: a batch of more
/// rows than that.
#[test]
fn sums_over_many_rows_are_whole() {
    let (batch, features) = (70_001, 2);
    let network =
        Network::mlp(&[features], &[3], 1, Activation::Linear, Activation::Linear).unwrap();
    let objective = Method::find("ae").unwrap().objective(
        Sampling {
            neighbours: 0,
            centre: true,
        },
        Variants::default(),
    );
    let step = gradient_step(&network, &objective, Data::floats(2), batch, 1, 0);
    let run = |session: &mut dyn Session| {
        StepInputs {
            data: &[1.0_f32, -2.0, 0.5, 3.0].map(f32::to_bits),
            indices: &(0..batch as u32).map(|i| i % 2).collect::<Vec<_>>(),
            weights: &vec![1e-3; batch],
            parameters: &step.layout.initialise(3),
            ..Default::default()
        }
        .write(session, &step)
        .unwrap();
        session.run(1).unwrap();
        (
            session.read(step.gradients.unwrap()).unwrap(),
            session.read(step.losses).unwrap(),
        )
    };
    let (gradient, loss) = run(&mut CpuSession::<f64>::new(&step.recording));
    for executor in executors() {
        let (got_gradient, got_loss) = run(&mut *executor.prepare(&step.recording).unwrap());
        approx::assert_relative_eq!(
            got_gradient[..],
            gradient[..],
            max_relative = 1e-4,
            epsilon = 1e-3
        );
        approx::assert_relative_eq!(got_loss[..], loss[..], max_relative = 1e-4);
    }
}

/// Where layers are updated one by one, in memory that they share, the result is to the bit that of
/// one update in the end, which clipping to a norm that is never reached asks for.
#[test]
fn updates_of_layers_are_the_update_of_all() {
    let (samples, batch, steps) = (40, 7, 3);
    let mlp = Network::mlp(&[20], &[70, 9], 2, Activation::Elu, Activation::Sigmoid).unwrap();
    let images = Preset::Conv28
        .network(&[1, 28, 28], &[], 5, Activation::Relu, Activation::Sigmoid)
        .unwrap();
    for (network, name) in [
        (&mlp, "ae"),
        (&mlp, "nrae-q"),
        (&mlp, "nr-spae-l"),
        (&mlp, "isometric"),
        (&images, "nrae-l"),
    ] {
        let variants = Variants {
            k: 2,
            ..Default::default()
        };
        let objective = Method::find(name).unwrap().objective(
            Sampling {
                neighbours: 2,
                centre: true,
            },
            variants,
        );
        for executor in executors() {
            let [alone, together] = [0.0, 1e30].map(|grad_clip_norm| {
                let optimiser = Optimiser {
                    grad_clip_norm,
                    weight_decay: 0.01,
                    ..Default::default()
                };
                let step = training_step(
                    network,
                    &objective,
                    Data::floats(samples),
                    batch,
                    steps,
                    1,
                    &optimiser,
                );
                let mut session = executor.prepare(&step.recording).unwrap();
                let data = (0..samples * network.features())
                    .map(|i| (0.5 + 0.5 * (i as f32 * 1.3).sin()).to_bits());
                let indices = (0..step.indices.len).map(|i| (i * i % samples) as u32);
                StepInputs {
                    data: &data.collect::<Vec<_>>(),
                    indices: &indices.collect::<Vec<_>>(),
                    weights: &vec![0.1; step.weights.len],
                    loss_weights: &vec![batch as f32; step.loss_weights.len],
                    schedule: &[1e-3, 2.0, 3.0, 0.0].repeat(steps),
                    parameters: &step.layout.initialise(3),
                    ..Default::default()
                }
                .write(&mut *session, &step)
                .unwrap();
                session.run(steps).unwrap();
                let [first, second] = step.moments.unwrap();
                // Gaps between parameters included, which stay zero.
                let arenas =
                    [step.parameters, first, second].map(|view| session.read(view).unwrap());
                (
                    session.read(step.losses).unwrap(),
                    arenas,
                    session.read_u32(step.state).unwrap(),
                )
            });
            assert_eq!(alone.2[1], 0, "{name}");
            assert!(alone == together, "{name} on {}", executor.name());
        }
    }
}

/// What a gradient that is not finite does: its own parameters stay, and after its step all do.
#[test]
fn updates_end_with_the_step_whose_gradient_is_not_finite() {
    let len = 5001;
    let bad = [(0, f32::NAN), (70, f32::INFINITY), (4999, -1e30)];
    let mut r = Recording::default();
    let [parameters, gradients, first, second] =
        ["p", "g", "m", "v"].map(|name| r.reals(name, len));
    let (schedule, norm, state) = (
        r.reals("schedule", 3 * SCHEDULE_COLUMNS),
        r.reals("norm", 1),
        r.words("state", 5),
    );
    let (beta1, beta2, epsilon, weight_decay, grad_clip_norm) = (0.9, 0.999, 1e-8, 0.0, 0.0);
    r.push(
        "adam",
        Adam {
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
        },
    );
    // On a GPU one kernel.
    let (input, output) = (r.reals("row losses", 70), r.reals("losses", 3));
    let loss = Sum {
        input,
        state,
        output,
        len: input.len,
        columns: 1,
        column: 0,
    };
    r.push("loss", loss);
    r.push("advance", IncrementStep { state });
    for executor in executors() {
        let mut session = executor.prepare(&r).unwrap();
        session.write(parameters, &vec![1.0; len]).unwrap();
        session
            .write(schedule, &[0.1, 1.0, 1.0, 0.0].repeat(3))
            .unwrap();
        session.write_u32(state, &Step::start(0)).unwrap();
        session.write(input, &[0.5; 70]).unwrap();
        let mut gradient = vec![2.0; len];
        session.write(gradients, &gradient).unwrap();
        session.run(1).unwrap();
        assert_eq!(
            session.read_u32(state).unwrap(),
            [1, 0, 0, 0, 0],
            "{}",
            executor.name()
        );
        let before = [parameters, first, second].map(|view| session.read(view).unwrap());
        bad.iter().for_each(|(i, value)| gradient[*i] = *value);
        session.write(gradients, &gradient).unwrap();
        session.run(1).unwrap();
        assert_eq!(
            session.read_u32(state).unwrap(),
            [2, 2, 0, 0, 0],
            "{}",
            executor.name()
        );
        let after = [parameters, first, second].map(|view| session.read(view).unwrap());
        for (before, after) in before.iter().zip(&after) {
            for i in 0..len {
                let stays = bad.iter().any(|(bad, _)| *bad == i);
                assert_eq!(
                    before[i] == after[i],
                    stays,
                    "{}, {i}: {} {}",
                    executor.name(),
                    before[i],
                    after[i]
                );
            }
        }
        gradient.fill(1.0);
        session.write(gradients, &gradient).unwrap();
        session.run(1).unwrap();
        assert_eq!(
            session.read_u32(state).unwrap(),
            [3, 2, 0, 0, 0],
            "{}",
            executor.name()
        );
        assert!(
            [parameters, first, second].map(|view| session.read(view).unwrap()) == after,
            "{}",
            executor.name()
        );
        assert_eq!(
            session.read(output).unwrap(),
            [35.0; 3],
            "{}",
            executor.name()
        );
    }
}
