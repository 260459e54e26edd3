//! What moves data: activations of jets, their way to the loss, and the optimiser.

use super::{BATCH, Work, jets};
use crate::engine::jets::Jets;
use crate::engine::ops::{
    Activate, ActivateAdjoint, Adam, Difference, DifferenceAdjoint, Gather, SUM_OF_SQUARES_CHUNK,
    SumOfSquares, TaylorEvaluate, TaylorEvaluateAdjoint,
};
use crate::engine::{Recording, SCHEDULE_COLUMNS, STATE_WORDS};
use crate::net::Activation;

/// Features of a sample.
const PIXELS: usize = 784;
/// Parameters of the optimiser.
pub(super) const PARAMETERS: usize = 1 << 23;

pub(super) fn works() -> Vec<Work> {
    let mut works = Vec::new();
    for function in [
        Activation::Relu,
        Activation::Elu,
        Activation::Tanh,
        Activation::Sigmoid,
        Activation::Gelu,
    ] {
        for order in 0..=2 {
            works.extend([
                activate(function, jets(order)),
                activate_adjoint(function, jets(order)),
            ]);
        }
    }
    for order in 1..=2 {
        works.extend([
            taylor_evaluate(jets(order)),
            taylor_evaluate_adjoint(jets(order)),
        ]);
    }
    works.extend([
        gather(false),
        gather(true),
        difference(jets(1)),
        difference_adjoint(jets(1)),
        adam(),
        squares(),
    ]);
    works
}

/// What streams at the highest rates, with hardly anything to compute: two copies of 128 MiB, and
/// Adam, which moves more at a time.
pub(in crate::bench) fn plain_streams() -> Vec<Work> {
    vec![
        activate(Activation::Linear, Jets::values(1 << 15, 1 << 10)),
        difference(Jets {
            batch: 1 << 15,
            ..jets(1)
        }),
        adam(),
    ]
}

fn jet_shape(jets: Jets) -> String {
    format!("order {}, {}x{}", jets.order, jets.rows(), jets.features)
}

fn activate(function: Activation, jets: Jets) -> Work {
    let mut r = Recording::default();
    let (input, output) = (r.reals("input", jets.len()), r.reals("output", jets.len()));
    r.push(
        "activate",
        Activate {
            input,
            output,
            function,
            jets,
            output_order: jets.order,
        },
    );
    Work::new(format!("{}, {}", function.name(), jet_shape(jets)), r)
}

fn activate_adjoint(function: Activation, jets: Jets) -> Work {
    let mut r = Recording::default();
    let [input, d_output, d_input] =
        ["input", "d_output", "d_input"].map(|name| r.reals(name, jets.len()));
    r.push(
        "activate adjoint",
        ActivateAdjoint {
            input,
            d_output,
            d_input,
            function,
            jets,
            output_order: jets.order,
        },
    );
    Work::new(format!("{}, {}", function.name(), jet_shape(jets)), r)
}

/// Values of the rows that the loss compares, the centre's among them.
fn compared(jets: Jets) -> usize {
    jets.batch * (1 + jets.directions) * jets.features
}

fn taylor_evaluate(jets: Jets) -> Work {
    let mut r = Recording::default();
    let (input, output) = (
        r.reals("input", jets.len()),
        r.reals("output", compared(jets)),
    );
    r.push(
        "Taylor expansion",
        TaylorEvaluate {
            input,
            output,
            jets,
            centre: true,
        },
    );
    Work::new(jet_shape(jets), r)
}

fn taylor_evaluate_adjoint(jets: Jets) -> Work {
    let mut r = Recording::default();
    let (d_output, d_input) = (
        r.reals("d_output", compared(jets)),
        r.reals("d_input", jets.len()),
    );
    r.push(
        "Taylor expansion adjoint",
        TaylorEvaluateAdjoint {
            d_output,
            d_input,
            jets,
            centre: true,
        },
    );
    Work::new(jet_shape(jets), r)
}

/// Every sample once, in another order.
fn gather(bytes: bool) -> Work {
    let (mut r, rows, features) = (Recording::default(), BATCH, PIXELS);
    let data = r.words("data", rows * features / if bytes { 4 } else { 1 });
    let (indices, state) = (r.words("indices", rows), r.words("state", STATE_WORDS));
    let output = r.reals("output", rows * features);
    r.push(
        "gather",
        Gather {
            data,
            indices,
            state,
            output,
            rows,
            features,
            bytes,
            shift: 0.0,
            scale: 255.0,
        },
    );
    // An odd step through a power of two meets every number.
    let order = (0..rows).map(|row| (row * 4987 % rows) as u32).collect();
    let shape = format!(
        "{}, {rows}x{features}",
        if bytes { "bytes" } else { "floats" }
    );
    Work::new(shape, r)
        .with_words(indices, order)
        .with_words(state, vec![0; STATE_WORDS])
}

fn difference(jets: Jets) -> Work {
    let mut r = Recording::default();
    let Jets {
        batch,
        directions,
        features,
        ..
    } = jets;
    let (input, output) = (
        r.reals("input", compared(jets)),
        r.reals("output", jets.len()),
    );
    r.push(
        "difference",
        Difference {
            input,
            output,
            batch,
            directions,
            group: 1 + directions,
            features,
        },
    );
    Work::new(jet_shape(jets), r)
}

fn difference_adjoint(jets: Jets) -> Work {
    let mut r = Recording::default();
    let Jets {
        batch,
        directions,
        features,
        ..
    } = jets;
    let (d_output, d_input) = (
        r.reals("d_output", jets.len()),
        r.reals("d_input", compared(jets)),
    );
    r.push(
        "difference adjoint",
        DifferenceAdjoint {
            d_output,
            d_input,
            batch,
            directions,
            group: 1 + directions,
            features,
        },
    );
    Work::new(jet_shape(jets), r)
}

pub(super) fn adam() -> Work {
    let (mut r, len) = (Recording::default(), PARAMETERS);
    let [parameters, gradients, first, second] =
        ["parameters", "gradients", "first moments", "second moments"]
            .map(|name| r.reals(name, len));
    let schedule = r.constants("schedule", vec![1e-4; SCHEDULE_COLUMNS]);
    let (norm, state) = (
        r.constants("norm", vec![1.0]),
        r.words("state", STATE_WORDS),
    );
    let (beta1, beta2, epsilon, weight_decay, grad_clip_norm) = (0.9, 0.999, 1e-8, 0.0, 0.0);
    let pass = Adam {
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
    let work = Work::new(format!("{len}"), r)
        .with_words(state, vec![0; STATE_WORDS])
        .with_not_negative(second);
    [parameters, first, second]
        .into_iter()
        .fold(work, Work::with_updated)
}

fn squares() -> Work {
    let (mut r, len) = (Recording::default(), 2 * PARAMETERS);
    let (input, partials) = (
        r.reals("input", len),
        r.reals("partials", len.div_ceil(SUM_OF_SQUARES_CHUNK)),
    );
    r.push(
        "squares",
        SumOfSquares {
            input,
            partials,
            len,
        },
    );
    Work::new(format!("{len}"), r)
}
