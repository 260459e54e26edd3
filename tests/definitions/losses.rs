//! The paper's loss with its gradient, and the limits in which it is that of a plain autoencoder.

use crate::case::{BATCH, Batch, Case, SAMPLES};
use crate::glue::{self, assert_close, autoencoder};
use crate::plain::autoencoder::{binary_kernel, gaussian_kernel};
use crate::plain::squared_distance;
use nrae::net::{Activation, Network};
use nrae::objective::{Sampling, Variants};

fn mlp(features: usize, hidden: Activation, output: Activation) -> Network {
    Network::mlp(&[features], &[6, 5], 2, hidden, output).unwrap()
}

fn sampling(neighbours: usize, centre: bool) -> Sampling {
    Sampling { neighbours, centre }
}

/// Whether derivatives jump somewhere.
fn has_kink(function: Activation) -> bool {
    matches!(
        function,
        Activation::Relu | Activation::LeakyRelu | Activation::Elu | Activation::Selu
    )
}

/// Orders 0, 1 and 2 and both expansions, with every activation, of the decoder alone and of the
/// encoder as well.
#[test]
fn losses_and_gradients_are_those_of_equations_2_and_3() {
    for (turn, hidden) in Activation::ALL.into_iter().enumerate() {
        let output = [
            Activation::Linear,
            Activation::Sigmoid,
            Activation::Softplus,
        ][turn % 3];
        for method in ["ae", "nrae-l", "nrae-q", "e-nrae-l", "e-nrae-q"] {
            let sampling = sampling(1 + turn % 3, turn % 4 != 3);
            let make = |seed| {
                Case::new(
                    method,
                    mlp(4, hidden, output),
                    sampling,
                    Variants::default(),
                    1,
                    seed,
                )
            };
            let case = if has_kink(hidden) {
                Case::between_kinks(make)
            } else {
                make(turn as u64)
            };
            let (values, gradients) = if has_kink(hidden) {
                (1e-8, 3e-6)
            } else {
                (1e-9, 1e-7)
            };
            let session = case.run();
            case.check_losses(&session, values);
            case.check_gradient(&session, 3, gradients);
        }
    }
}

/// One and several neighbours, with and without the centre.
#[test]
fn the_loss_is_a_mean_over_what_is_drawn() {
    for neighbours in 1..=3 {
        for centre in [true, false] {
            for method in ["nrae-l", "nrae-q", "e-nrae-q"] {
                let network = mlp(3, Activation::Tanh, Activation::Linear);
                let case = Case::new(
                    method,
                    network,
                    sampling(neighbours, centre),
                    Variants::default(),
                    1,
                    30,
                );
                let session = case.run();
                case.check_losses(&session, 1e-9);
                case.check_gradient(&session, 2, 1e-7);
            }
        }
    }
}

/// Each step of a block has its own batch, weights and place for its losses.
#[test]
fn every_step_of_a_block_is_a_batch_of_its_own() {
    for method in [
        "nrae-q",
        "nr-vae-l",
        "nr-wae-q",
        "nr-grae-l",
        "nr-spae-q",
        "nr-dae-l",
        "nr-cae-q",
        "nr-isometric-l",
    ] {
        let network = mlp(3, Activation::Silu, Activation::Linear);
        let variants = Variants {
            k: 2,
            corruption: Some(crate::terms::corruption(false)),
            ..Variants::default()
        };
        let case = Case::new(method, network, sampling(2, true), variants, 3, 40);
        let session = case.run();
        case.check_losses(&session, 1e-7);
        case.check_gradient(&session, 5, 1e-6);
        assert_eq!(session.memory.words(case.step.state), [3, 0, 5, 0, 0]);
    }
}

/// A case on all samples whose neighbourhoods are the `k` nearest, all of them compared, with
/// kernel `k_of(x, x', is centre)`.
fn full_mean(
    method: &str,
    network: Network,
    k: usize,
    kernel: impl Fn(&[f64], &[f64], bool) -> f64,
) -> Case {
    let mut case = Case::new(
        method,
        network,
        sampling(k, true),
        Variants::default(),
        1,
        50,
    );
    let centre = |b: usize| (2 * b + 1) % SAMPLES;
    let lists = crate::plain::graph::nearest(&case.samples, k, crate::plain::graph::euclidean);
    let rows = |b: usize| -> Vec<usize> {
        std::iter::once(centre(b))
            .chain(lists[centre(b)].iter().map(|(j, _)| *j))
            .collect()
    };
    let indices: Vec<Vec<usize>> = (0..BATCH).map(rows).collect();
    let weigh = |rows: &Vec<usize>| -> Vec<f64> {
        let x = &case.samples[rows[0]];
        rows.iter()
            .enumerate()
            .map(|(r, row)| kernel(x, &case.samples[*row], r == 0))
            .collect()
    };
    let kernels = indices.iter().map(weigh).collect();
    case.batches = vec![Batch {
        indices,
        kernels,
        weights: Vec::new(),
    }];
    case
}

/// mean |x - f(g(x))|^2 per element over the centres of a case.
fn point_loss(case: &Case) -> f64 {
    let model = autoencoder(&case.network, &case.arena);
    let n = case.network.features() as f64;
    let error = |x: &[f64]| squared_distance(x, &model.f(&model.g(x))) / n;
    case.batches[0]
        .indices
        .iter()
        .map(|rows| error(&case.samples[rows[0]]))
        .sum::<f64>()
        / BATCH as f64
}

#[test]
fn both_kernels_weigh_the_whole_neighbourhood_as_equation_3_says() {
    for method in ["nrae-l", "nrae-q"] {
        let network = || mlp(3, Activation::Gelu, Activation::Sigmoid);
        let binary = full_mean(method, network(), 3, |_, _, centre| {
            binary_kernel(0.4, centre)
        });
        binary.check_losses(&binary.run(), 1e-9);
        let gaussian = full_mean(method, network(), 3, |x, other, _| {
            gaussian_kernel(0.8, x, other)
        });
        gaussian.check_losses(&gaussian.run(), 1e-9);
    }
}

/// The paper's limits (section 2.1): (i) N(x) = {x}.
#[test]
fn a_neighbourhood_of_the_point_alone_gives_the_point_loss() {
    for method in ["nrae-l", "nrae-q", "e-nrae-q"] {
        let mut case = Case::new(
            method,
            mlp(3, Activation::Tanh, Activation::Linear),
            sampling(1, true),
            Variants::default(),
            1,
            51,
        );
        let rows: Vec<Vec<usize>> = (0..BATCH).map(|b| vec![2 * b, 2 * b]).collect();
        // The only neighbour is the point itself, which counts as much as the centre.
        case.batches[0] = Batch {
            kernels: vec![vec![1.0, 1.0]; BATCH],
            indices: rows,
            weights: Vec::new(),
        };
        assert_close(
            &[case.run().memory.reals(case.step.losses)[0]],
            &[point_loss(&case)],
            1e-12,
            method,
        );
    }
}

/// (ii) K = delta: the mean over N(x) has 1 + k terms, of which one is left.
#[test]
fn a_kernel_that_is_a_delta_gives_the_point_loss_over_the_size_of_the_neighbourhood() {
    for k in 1..=4 {
        let case = full_mean(
            "nrae-q",
            mlp(3, Activation::Silu, Activation::Linear),
            k,
            |_, _, centre| binary_kernel(0.0, centre),
        );
        let expected = point_loss(&case) / (1 + k) as f64;
        assert_close(
            &[case.run().memory.reals(case.step.losses)[0]],
            &[expected],
            1e-12,
            "lambda 0",
        );
    }
}

/// (iii) An affine decoder is its own expansion: each point is reconstructed as it is, weighted by
/// the kernels of all that have it as a neighbour.
#[test]
fn an_affine_decoder_gives_weighted_point_losses() {
    for method in ["nrae-l", "nrae-q"] {
        let mut network = mlp(3, Activation::Tanh, Activation::Linear);
        network.decoder = vec![nrae::net::Layer::Linear {
            inputs: 2,
            outputs: 3,
        }];
        network.check().unwrap();
        let case = full_mean(method, network, 3, |x, other, centre| {
            if centre {
                1.0
            } else {
                gaussian_kernel(0.9, x, other)
            }
        });
        let model = autoencoder(&case.network, &case.arena);
        let mut share = [0.0; SAMPLES];
        for (rows, kernels) in case.batches[0].indices.iter().zip(&case.batches[0].kernels) {
            for (row, kernel) in rows.iter().zip(kernels) {
                share[*row] += kernel / rows.len() as f64 / BATCH as f64;
            }
        }
        let error = |i: usize| {
            squared_distance(&case.samples[i], &model.f(&model.g(&case.samples[i]))) / 3.0
        };
        let expected: f64 = (0..SAMPLES).map(|i| share[i] * error(i)).sum();
        assert_close(
            &[case.run().memory.reals(case.step.losses)[0]],
            &[expected],
            1e-12,
            method,
        );
        assert!(glue::numbers(1, 3).len() == 3 && expected > 0.0);
    }
}
