//! Which passes run as one.

use super::*;
use crate::engine::{Optimiser, Stack, inference, jets_inference};
use crate::net::Activation;
use crate::net::Network;
use crate::objective::{Data, Method, Sampling, Variants, gradient_step, training_step};

fn step(method: &str, output: Activation, neighbours: usize, trains: bool) -> Recording {
    let network = Network::mlp(&[20], &[30, 30], 2, Activation::Elu, output).unwrap();
    let sampling = Sampling {
        neighbours,
        centre: true,
    };
    let objective = Method::find(method)
        .unwrap()
        .objective(sampling, Variants::default());
    let data = Data::floats(10);
    if trains {
        training_step(&network, &objective, data, 5, 1, 1, &Optimiser::default()).recording
    } else {
        gradient_step(&network, &objective, data, 5, 1, 1).recording
    }
}

fn fused(recording: &Recording) -> Vec<(usize, Kernel)> {
    let ordered = ordered(recording, &order(recording, |_| true));
    kernels(&ordered, &groups(&ordered, |_| true))
}

fn count(kernels: &[(usize, Kernel)], names: [&str; 4]) -> [usize; 4] {
    names.map(|name| {
        kernels
            .iter()
            .filter(|(_, kernel)| kernel.name() == name)
            .count()
    })
}

#[test]
fn activations_join_the_products_beside_them() {
    let names = [
        "linear_activate",
        "activate",
        "activate_linear_adjoint",
        "activate_adjoint",
    ];
    for trains in [false, true] {
        let fused = |method, output, neighbours| {
            count(&fused(&step(method, output, neighbours, trains)), names)
        };
        // Two hidden activations each of encoder and decoder. Rows of neighbourhoods are formed
        // in front of a last layer that is linear.
        assert_eq!(fused("ae", Activation::Linear, 1), [4, 0, 4, 0]);
        // In a step that shows nothing of what lies between, the adjoint of those rows joins too.
        let rows = usize::from(!trains);
        assert_eq!(
            fused("nrae-q", Activation::Linear, 1),
            [4, 0, 4 - rows, rows]
        );
        // One more, whose upstream gradient comes from the loss: with it in one kernel, unless
        // all between is to be looked at.
        let alone = usize::from(!trains);
        for method in ["ae", "nrae-l", "nrae-q"] {
            assert_eq!(
                fused(method, Activation::Sigmoid, 1),
                [5, 0, 4, alone],
                "{method}"
            );
        }
        // Jets of 7 slots would leave 2 of 16 rows empty.
        assert_eq!(fused("nrae-l", Activation::Linear, 6), [2, 2, 2, 2]);
    }
}

#[test]
fn every_pass_runs_once_and_behind_all_that_it_waits_for() {
    for method in Method::all() {
        let name = method.name();
        if method.base.variational {
            continue;
        }
        let recording = step(&name, Activation::Sigmoid, 1, true);
        let order = order(&recording, |_| true);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..recording.passes.len()).collect::<Vec<_>>());
        for (i, first) in order.iter().enumerate() {
            for second in &order[i + 1..] {
                let [a, b] = [first, second].map(|position| &recording.passes[*position].1);
                assert!(
                    first < second || !a.conflicts(b),
                    "{name}: {first} before {second}"
                );
            }
        }
    }
}

/// A device refuses a kernel that writes a buffer which it binds a second time; passes and fused
/// kernels alike.
#[test]
fn no_kernel_writes_a_buffer_that_it_binds_twice() {
    let network = Network::mlp(
        &[20],
        &[30, 30, 30],
        2,
        Activation::Elu,
        Activation::Sigmoid,
    )
    .unwrap();
    let inferences = [Stack::Encoder, Stack::Decoder, Stack::Whole]
        .map(|stack| inference(&network, stack, 5).recording);
    let jets = [1, 2].map(|order| jets_inference(&network, 5, 1, order).recording);
    let steps =
        ["ae", "grae", "nrae-l", "nrae-q"].map(|method| step(method, Activation::Sigmoid, 1, true));
    for recording in inferences.into_iter().chain(jets).chain(steps) {
        let ordered = ordered(&recording, &order(&recording, |_| true));
        let groups = groups(&ordered, |_| true);
        let planned = planned(&ordered, &groups);
        assert!(planned.shares_memory);
        for (_, kernel) in kernels(&planned, &groups) {
            let bindings = kernel.describe().bindings();
            for (i, a) in bindings.iter().enumerate() {
                assert!(
                    !bindings[..i].iter().any(|b| a.conflicts(*b)),
                    "{}: {bindings:?}",
                    kernel.name()
                );
            }
        }
    }
}
