//! Every operation alone, with its adjoint: small recordings for given extents.

use super::case::{Case, CaseShape, state};
use crate::engine::jets::Jets;
use crate::engine::ops::*;
use crate::engine::{Recording, SCHEDULE_COLUMNS, View};
use crate::net::Activation;

/// Every operation for `extents`; activations in all combinations of orders.
pub fn cases(extents: CaseShape) -> Vec<Case> {
    let mut cases = vec![
        gather(extents, false),
        gather(extents, true),
        difference(extents),
    ];
    for order in 0..=2 {
        cases.push(linear(extents, order));
    }
    for function in Activation::ALL {
        for orders in [(0, 0), (1, 1), (1, 2), (2, 2)] {
            cases.push(activate(extents, function, orders));
        }
    }
    // Without kinks, which what an executor rounds could lie on the other side of.
    for (function, orders) in [
        (Activation::Gelu, (0, 0)),
        (Activation::Softplus, (1, 1)),
        (Activation::Sigmoid, (1, 2)),
        (Activation::Tanh, (2, 2)),
    ] {
        cases.push(fused(extents, function, orders));
    }
    for order in 1..=2 {
        for centre in [true, false] {
            cases.push(taylor_evaluate(extents, order, centre));
        }
    }
    cases.extend([
        weighted_squared_error(extents, true),
        weighted_squared_error(extents, false),
        sum(extents),
        sum_of_squares(extents),
        adam(extents),
    ]);
    cases.extend(super::term_cases::term_cases(extents));
    cases.extend(super::image_cases::image_cases(extents));
    cases.extend(super::graph_cases::graph_cases(extents));
    cases
}

fn gather(
    CaseShape {
        batch,
        inputs: features,
        ..
    }: CaseShape,
    bytes: bool,
) -> Case {
    let (samples, rows) = (7, batch);
    let mut r = Recording::default();
    let data = r.words(
        "data",
        (samples * features).div_ceil(if bytes { 4 } else { 1 }),
    );
    let (indices, (state, counter)) = (r.words("indices", 2 * rows), state(&mut r));
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
            shift: 0.25,
            scale: 3.0,
        },
    );
    let value = |i: usize| {
        if bytes {
            (i as u32).wrapping_mul(0x9E37_79B9)
        } else {
            (i as f32 * 0.37).sin().to_bits()
        }
    };
    let words = vec![
        (data, (0..data.len).map(value).collect()),
        (
            indices,
            (0..2 * rows).map(|i| (i * 5 % samples) as u32).collect(),
        ),
        (state, counter),
    ];
    let name = if bytes { "gather bytes" } else { "gather" };
    Case {
        words,
        ..Case::new(name, r, output)
    }
}

fn difference(
    CaseShape {
        batch,
        directions,
        inputs: features,
        ..
    }: CaseShape,
) -> Case {
    let mut r = Recording::default();
    // One row of each group takes no part.
    let group = 2 + directions;
    let [input, d_input] = ["input", "d_input"].map(|name| r.reals(name, batch * group * features));
    let [output, d_output] =
        ["output", "d_output"].map(|name| r.reals(name, batch * (1 + directions) * features));
    r.push(
        "difference",
        Difference {
            input,
            output,
            batch,
            directions,
            group,
            features,
        },
    );
    r.push(
        "difference adjoint",
        DifferenceAdjoint {
            d_output,
            d_input,
            batch,
            directions,
            group,
            features,
        },
    );
    Case::new("difference", r, output).adjoint(d_output, &[(input, d_input)])
}

fn linear(
    CaseShape {
        batch,
        directions,
        inputs,
        outputs,
    }: CaseShape,
    order: usize,
) -> Case {
    let mut r = Recording::default();
    let jets = Jets {
        batch,
        directions,
        order,
        features: inputs,
    };
    let (rows, slots) = (jets.rows(), jets.slots());
    let [input, d_input] = ["input", "d_input"].map(|name| r.reals(name, rows * inputs));
    let [weight, d_weight] = ["weight", "d_weight"].map(|name| r.reals(name, outputs * inputs));
    let [bias, d_bias] = ["bias", "d_bias"].map(|name| r.reals(name, outputs));
    let [output, d_output] = ["output", "d_output"].map(|name| r.reals(name, rows * outputs));
    r.push(
        "linear",
        Linear {
            input,
            weight,
            bias,
            output,
            rows,
            inputs,
            outputs,
            slots,
        },
    );
    // In one part, and in two with their sum.
    let stretch = if order == 0 { rows.div_ceil(2) } else { rows };
    let parts = rows.div_ceil(stretch);
    let [weight_parts, bias_parts] = [("d_weight in parts", d_weight), ("d_bias in parts", d_bias)]
        .map(|(name, target)| {
            if parts == 1 {
                target
            } else {
                r.reals(name, parts * target.len)
            }
        });
    let pass = LinearWeightAdjoint {
        d_output,
        input,
        d_weight: weight_parts,
        rows,
        inputs,
        outputs,
        stretch,
    };
    r.push("linear d_weight", pass);
    let pass = LinearBiasAdjoint {
        d_output,
        d_bias: bias_parts,
        jets: batch,
        outputs,
        slots,
        stretch: batch.div_ceil(parts),
    };
    r.push("linear d_bias", pass);
    if parts > 1 {
        for (input, output) in [(weight_parts, d_weight), (bias_parts, d_bias)] {
            r.push(
                "sum partials",
                SumPartials {
                    input,
                    output,
                    parts,
                    len: output.len,
                },
            );
        }
    }
    r.push(
        "linear d_input",
        LinearInputAdjoint {
            d_output,
            weight,
            d_input,
            rows,
            inputs,
            outputs,
        },
    );
    Case::new(format!("linear, order {order}"), r, output).adjoint(
        d_output,
        &[(input, d_input), (weight, d_weight), (bias, d_bias)],
    )
}

fn activate(
    CaseShape {
        batch,
        directions,
        inputs: features,
        ..
    }: CaseShape,
    function: Activation,
    (input_order, output_order): (usize, usize),
) -> Case {
    let mut r = Recording::default();
    let jets = Jets {
        batch,
        directions,
        order: input_order,
        features,
    };
    let output_len = Jets {
        order: output_order,
        ..jets
    }
    .len();
    let [input, d_input] = ["input", "d_input"].map(|name| r.reals(name, jets.len()));
    let [output, d_output] = ["output", "d_output"].map(|name| r.reals(name, output_len));
    r.push(
        "activate",
        Activate {
            input,
            output,
            function,
            jets,
            output_order,
        },
    );
    r.push(
        "activate adjoint",
        ActivateAdjoint {
            input,
            d_output,
            d_input,
            function,
            jets,
            output_order,
        },
    );
    Case::new(
        format!("{}, order {input_order} to {output_order}", function.name()),
        r,
        output,
    )
    .adjoint(d_output, &[(input, d_input)])
}

/// A linear layer, an activation and another linear layer.
fn fused(
    CaseShape {
        batch,
        directions,
        inputs,
        outputs: features,
    }: CaseShape,
    function: Activation,
    (input_order, output_order): (usize, usize),
) -> Case {
    let (mut r, outputs) = (Recording::default(), 3);
    let jets = Jets {
        batch,
        directions,
        order: input_order,
        features,
    };
    let (rows, output_jets) = (
        jets.rows(),
        Jets {
            order: output_order,
            ..jets
        },
    );
    let (output_rows, slots) = (output_jets.rows(), output_jets.slots());
    let [input, d_input] = ["input", "d_input"].map(|name| r.reals(name, rows * inputs));
    let (first_weight, first_bias) = (
        r.reals("first weight", features * inputs),
        r.reals("first bias", features),
    );
    let [between, d_between] = ["between", "d_between"].map(|name| r.reals(name, jets.len()));
    let [activated, d_activated] =
        ["activated", "d_activated"].map(|name| r.reals(name, output_jets.len()));
    let (weight, bias) = (
        r.reals("second weight", outputs * features),
        r.reals("second bias", outputs),
    );
    let [output, d_output] =
        ["output", "d_output"].map(|name| r.reals(name, output_rows * outputs));
    let pass = Linear {
        input,
        weight: first_weight,
        bias: first_bias,
        output: between,
        rows,
        inputs,
        outputs: features,
        slots: jets.slots(),
    };
    r.push("linear", pass);
    let pass = Activate {
        input: between,
        output: activated,
        function,
        jets,
        output_order,
    };
    r.push("activate", pass);
    let pass = Linear {
        input: activated,
        weight,
        bias,
        output,
        rows: output_rows,
        inputs: features,
        outputs,
        slots,
    };
    r.push("linear", pass);
    let pass = LinearInputAdjoint {
        d_output,
        weight,
        d_input: d_activated,
        rows: output_rows,
        inputs: features,
        outputs,
    };
    r.push("linear d_input", pass);
    let pass = ActivateAdjoint {
        input: between,
        d_output: d_activated,
        d_input: d_between,
        function,
        jets,
        output_order,
    };
    r.push("activate adjoint", pass);
    let pass = LinearInputAdjoint {
        d_output: d_between,
        weight: first_weight,
        d_input,
        rows,
        inputs,
        outputs: features,
    };
    r.push("linear d_input", pass);
    let name = format!(
        "linear and {}, order {input_order} to {output_order}",
        function.name()
    );
    let mut case = Case::new(name, r, output).adjoint(d_output, &[(input, d_input)]);
    case.written
        .extend([between, activated, d_activated, d_between]);
    // Small enough that what the activation reads is near 1, as in a network: far from there its
    // derivatives magnify what products round.
    let scaled = |view: View, terms: usize| {
        let mut draw = super::uniform(terms as u64);
        (
            view,
            (0..view.len)
                .map(|_| draw() / (terms as f32).sqrt())
                .collect(),
        )
    };
    case.reals = vec![scaled(first_weight, inputs), scaled(weight, features)];
    case
}

fn taylor_evaluate(
    CaseShape {
        batch,
        directions,
        inputs: features,
        ..
    }: CaseShape,
    order: usize,
    centre: bool,
) -> Case {
    let mut r = Recording::default();
    let jets = Jets {
        batch,
        directions,
        order,
        features,
    };
    let rows = batch * (directions + usize::from(centre)) * features;
    let [input, d_input] = ["input", "d_input"].map(|name| r.reals(name, jets.len()));
    let [output, d_output] = ["output", "d_output"].map(|name| r.reals(name, rows));
    r.push(
        "Taylor expansion",
        TaylorEvaluate {
            input,
            output,
            jets,
            centre,
        },
    );
    r.push(
        "Taylor expansion adjoint",
        TaylorEvaluateAdjoint {
            d_output,
            d_input,
            jets,
            centre,
        },
    );
    let name = format!(
        "Taylor expansion, order {order}{}",
        if centre { "" } else { ", no centre" }
    );
    Case::new(name, r, output).adjoint(d_output, &[(input, d_input)])
}

fn weighted_squared_error(
    CaseShape {
        batch,
        directions,
        inputs: features,
        ..
    }: CaseShape,
    centre: bool,
) -> Case {
    let mut r = Recording::default();
    let (group, first) = (2 + directions, usize::from(!centre));
    let rows = directions + usize::from(centre);
    let [prediction, d_prediction] =
        ["prediction", "d_prediction"].map(|name| r.reals(name, batch * rows * features));
    let target_rows = r.reals("target", batch * group * features);
    let weights = r.reals("weights", 2 * batch * group);
    let (state, counter) = state(&mut r);
    let losses = r.reals("losses", batch * rows);
    let pass = WeightedSquaredError {
        prediction,
        target_rows,
        weights,
        state,
        d_prediction,
        losses,
        batch,
        rows,
        first,
        group,
        features,
    };
    r.push("weighted squared error", pass);
    let mut case = Case::new(
        if centre {
            "weighted squared error"
        } else {
            "weighted squared error, no centre"
        },
        r,
        losses,
    );
    case.differentiated = vec![(prediction, d_prediction)];
    case.written.push(d_prediction);
    case.words = vec![(state, counter)];
    case
}

fn sum(CaseShape { batch, inputs, .. }: CaseShape) -> Case {
    let mut r = Recording::default();
    let len = batch * inputs;
    let (input, (state, counter)) = (r.reals("input", len), state(&mut r));
    let output = r.reals("output", 6);
    r.push(
        "sum",
        Sum {
            input,
            state,
            output,
            len,
            columns: 3,
            column: 2,
        },
    );
    let mut case = Case::new("sum", r, output);
    // Only one of its values is written.
    case.written.clear();
    Case {
        words: vec![(state, counter)],
        ..case
    }
}

/// Lengths of arenas: multiples of 64, beyond one chunk for larger extents.
fn arena_len(
    CaseShape {
        batch,
        inputs,
        outputs,
        ..
    }: CaseShape,
) -> usize {
    (batch * inputs * outputs).next_multiple_of(64)
}

fn sum_of_squares(extents: CaseShape) -> Case {
    let mut r = Recording::default();
    let len = arena_len(extents);
    let input = r.reals("input", len);
    let partials = r.reals("partials", len.div_ceil(SUM_OF_SQUARES_CHUNK));
    r.push(
        "squares",
        SumOfSquares {
            input,
            partials,
            len,
        },
    );
    Case::new("squares", r, partials)
}

fn adam(
    CaseShape {
        batch,
        inputs,
        outputs,
        ..
    }: CaseShape,
) -> Case {
    let mut r = Recording::default();
    let len = batch * inputs * outputs;
    let [parameters, gradients, first, second] =
        ["parameters", "gradients", "first moments", "second moments"]
            .map(|name| r.reals(name, len));
    let schedule = r.reals("schedule", 2 * SCHEDULE_COLUMNS);
    let norm = r.reals("norm", 1);
    let (state, counter) = state(&mut r);
    let (beta1, beta2, epsilon, weight_decay, grad_clip_norm) = (0.9, 0.999, 1e-8, 0.01, 0.5);
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
    r.push("advance", IncrementStep { state });
    let mut case = Case::new("adam and advance", r, parameters);
    case.written.clear();
    case.words = vec![(state, counter)];
    case.not_negative = vec![second, schedule, norm];
    case
}
