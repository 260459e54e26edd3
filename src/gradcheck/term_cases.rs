//! The operations of terms, alone.

use super::cases::{Case, Extents, state};
use crate::engine::ops::*;
use crate::engine::{Recording, View};
use crate::net::Activation;
use crate::random::Stream;

/// Every operation of a term for `extents`: `inputs` are latent dimensions here.
pub(super) fn term_cases(extents: Extents) -> Vec<Case> {
    let mut cases = vec![
        noise(extents, false),
        noise(extents, true),
        corrupt(extents, false),
        corrupt(extents, true),
        reparametrise(extents),
        divergence(extents),
        discrepancy(extents, false),
        discrepancy(extents, true),
        median(extents),
        anchor(extents),
        locally_linear(extents),
        join(extents),
        slot(extents),
        pairing(extents),
        mix(extents),
        isometry(extents),
    ];
    cases.extend(
        [Activation::Elu, Activation::Relu, Activation::Sine]
            .map(|function| transpose(extents, function)),
    );
    cases
}

const COLUMNS: usize = 3;

/// A plan of two steps, of which the second one is run: all centres but one count, and the term in
/// column 2 has `weight`.
fn plan(r: &mut Recording, batch: usize, weight: f32) -> (View, Vec<f32>) {
    (
        r.reals("plan", 2 * COLUMNS),
        vec![
            0.0,
            0.0,
            0.0,
            batch.saturating_sub(1).max(1) as f32,
            7.0,
            weight,
        ],
    )
}

fn noise(Extents { batch, inputs, .. }: Extents, uniform: bool) -> Case {
    let mut r = Recording::default();
    let len = batch * inputs;
    let (output, (state, counter)) = (r.reals("output", len), state(&mut r));
    r.push(
        "noise",
        Noise {
            state,
            output,
            len,
            seed: 0x1234_5678_9abc,
            stream: Stream::Test,
            uniform,
        },
    );
    let name = if uniform {
        "uniform noise"
    } else {
        "normal noise"
    };
    Case {
        words: vec![(state, counter)],
        ..Case::new(name, r, output)
    }
}

fn corrupt(
    Extents {
        batch: rows,
        inputs,
        ..
    }: Extents,
    mask: bool,
) -> Case {
    let mut r = Recording::default();
    let (pixels, features) = (inputs, 2 * inputs);
    let noise = r.reals("noise", rows * if mask { pixels } else { features });
    let [input, output] = ["input", "output"].map(|name| r.reals(name, rows * features));
    r.push(
        "corrupt",
        Corrupt {
            input,
            noise,
            output,
            rows,
            features,
            pixels,
            amount: 0.3,
            mask,
        },
    );
    Case::new(
        if mask {
            "masking corruption"
        } else {
            "normal corruption"
        },
        r,
        output,
    )
}

fn reparametrise(
    Extents {
        batch,
        directions,
        inputs: features,
        ..
    }: Extents,
) -> Case {
    let mut r = Recording::default();
    let group = 1 + directions;
    let [input, d_input] =
        ["input", "d_input"].map(|name| r.reals(name, batch * group * 2 * features));
    let [output, d_output] =
        ["output", "d_output"].map(|name| r.reals(name, batch * group * features));
    let noise = r.reals("noise", batch * features);
    r.push(
        "reparametrise",
        Reparametrise {
            input,
            noise,
            output,
            batch,
            group,
            features,
        },
    );
    r.push(
        "reparametrise adjoint",
        ReparametriseAdjoint {
            input,
            noise,
            d_output,
            d_input,
            batch,
            group,
            features,
        },
    );
    Case::new("reparametrise", r, output).adjoint(d_output, &[(input, d_input)])
}

/// A term with its gradient to codes.
fn term(
    name: &str,
    r: Recording,
    values: View,
    gradient: (View, View),
    words: Vec<(View, Vec<u32>)>,
    plan: (View, Vec<f32>),
) -> Case {
    let mut case = Case::new(name, r, values);
    case.differentiated = vec![gradient];
    case.written.push(gradient.1);
    Case {
        words,
        reals: vec![plan],
        ..case
    }
}

fn divergence(
    Extents {
        batch,
        directions,
        inputs: features,
        ..
    }: Extents,
) -> Case {
    let mut r = Recording::default();
    let group = 1 + directions;
    let [codes, d_codes] =
        ["codes", "d_codes"].map(|name| r.reals(name, batch * group * 2 * features));
    let (values, (state, counter), plan) = (
        r.reals("values", batch * features),
        state(&mut r),
        plan(&mut r, batch, 1.0),
    );
    let pass = Divergence {
        codes,
        plan: plan.0,
        state,
        values,
        d_codes,
        batch,
        group,
        features,
        columns: COLUMNS,
        column: 2,
    };
    r.push("divergence", pass);
    term(
        "divergence",
        r,
        values,
        (codes, d_codes),
        vec![(state, counter)],
        plan,
    )
}

fn discrepancy(
    Extents {
        batch,
        directions,
        inputs: features,
        ..
    }: Extents,
    gaussian: bool,
) -> Case {
    let mut r = Recording::default();
    let (group, columns) = (1 + directions, COLUMNS);
    let [codes, d_codes] = ["codes", "d_codes"].map(|name| r.reals(name, batch * group * features));
    let prior = r.reals("prior", batch * features);
    let distances = r.reals("distances", 3 * batch * batch);
    let values = r.reals("values", batch * batch);
    let slopes = r.reals("slopes", 2 * batch * batch);
    let medians = r.reals("medians", 2);
    let ((state, counter), planned) = (state(&mut r), plan(&mut r, batch, 1.0));
    let plan = planned.0;
    r.push(
        "distances",
        SquaredDistances {
            codes,
            prior,
            distances,
            batch,
            group,
            features,
        },
    );
    r.push(
        "discrepancy",
        Discrepancy {
            distances,
            medians,
            plan,
            state,
            values,
            slopes,
            batch,
            features,
            columns,
            gaussian,
        },
    );
    let pass = DiscrepancyAdjoint {
        codes,
        prior,
        slopes,
        plan,
        state,
        d_codes,
        batch,
        group,
        features,
        columns,
        column: 2,
    };
    r.push("discrepancy adjoint", pass);
    let name = if gaussian {
        "discrepancy, gaussian"
    } else {
        "discrepancy, imq"
    };
    let mut case = term(
        name,
        r,
        values,
        (codes, d_codes),
        vec![(state, counter)],
        planned,
    );
    case.written.extend([distances, slopes]);
    case.reals
        .push((medians, vec![features as f32, 1.5 * features as f32]));
    case
}

fn median(Extents { batch, .. }: Extents) -> Case {
    let mut r = Recording::default();
    let distances = r.reals("distances", 3 * batch * batch);
    let (medians, (state, counter), plan) = (
        r.reals("medians", 2),
        state(&mut r),
        plan(&mut r, batch, 1.0),
    );
    // Distances are symmetric; these are not, so only one of each pair decides, which the twin
    // takes from below the diagonal.
    let symmetric = (0..3 * batch * batch).map(|at| {
        let (i, j) = (at / batch % batch, at % batch);
        ((i.max(j) * 31 + i.min(j) * 17) % 23) as f32 * 0.25
    });
    let reals = vec![(distances, symmetric.collect()), plan.clone()];
    r.push(
        "median",
        Median {
            distances,
            plan: plan.0,
            state,
            medians,
            batch,
            columns: COLUMNS,
        },
    );
    Case {
        words: vec![(state, counter)],
        reals,
        ..Case::new("median", r, medians)
    }
}

const SAMPLES: usize = 7;

fn indices(r: &mut Recording, rows: usize) -> (View, Vec<u32>) {
    (
        r.words("indices", 2 * rows),
        (0..2 * rows).map(|i| (i * 5 % SAMPLES) as u32).collect(),
    )
}

fn anchor(
    Extents {
        batch,
        directions,
        inputs: features,
        ..
    }: Extents,
) -> Case {
    let mut r = Recording::default();
    let group = 1 + directions;
    let [codes, d_codes] = ["codes", "d_codes"].map(|name| r.reals(name, batch * group * features));
    let embedding = r.reals("embedding", SAMPLES * features);
    let (values, (state, counter), planned) = (
        r.reals("values", batch * features),
        state(&mut r),
        plan(&mut r, batch, 1.0),
    );
    let (indices, samples) = indices(&mut r, batch * group);
    let (plan, columns, column) = (planned.0, COLUMNS, 2);
    r.push(
        "anchor",
        Anchor {
            codes,
            embedding,
            indices,
            plan,
            state,
            values,
            d_codes,
            batch,
            group,
            features,
            columns,
            column,
        },
    );
    term(
        "anchor",
        r,
        values,
        (codes, d_codes),
        vec![(state, counter), (indices, samples)],
        planned,
    )
}

fn locally_linear(
    Extents {
        batch,
        directions,
        inputs: features,
        ..
    }: Extents,
) -> Case {
    let mut r = Recording::default();
    let (first, k) = (1 + directions, 3);
    let group = first + k;
    let [codes, d_codes] = ["codes", "d_codes"].map(|name| r.reals(name, batch * group * features));
    let coefficients = r.reals("coefficients", SAMPLES * k);
    let (values, (state, counter), planned) = (
        r.reals("values", batch * features),
        state(&mut r),
        plan(&mut r, batch, 1.0),
    );
    let (indices, samples) = indices(&mut r, batch * group);
    let pass = LocallyLinear {
        codes,
        coefficients,
        indices,
        plan: planned.0,
        state,
        values,
        d_codes,
        first,
        k,
        batch,
        group,
        features,
        columns: COLUMNS,
        column: 2,
    };
    r.push("locally linear", pass);
    term(
        "locally linear",
        r,
        values,
        (codes, d_codes),
        vec![(state, counter), (indices, samples)],
        planned,
    )
}

fn transpose(
    Extents {
        batch,
        directions,
        inputs: features,
        ..
    }: Extents,
    function: Activation,
) -> Case {
    let mut r = Recording::default();
    let (count, group) = (directions, 2);
    let input = r.reals("input", batch * group * features);
    let [rows, output] = ["rows", "output"].map(|name| r.reals(name, batch * count * features));
    r.push(
        "transpose",
        ActivateTranspose {
            input,
            rows,
            output,
            function,
            batch,
            count,
            group,
            features,
        },
    );
    Case::new(format!("{}, transposed", function.name()), r, output)
}

fn join(
    Extents {
        batch,
        directions,
        inputs: features,
        ..
    }: Extents,
) -> Case {
    let mut r = Recording::default();
    let (head_rows, head_group, tail_rows) = (1, 3, directions);
    let head = r.reals("head", batch * head_group * features);
    let tail = r.reals("tail", batch * tail_rows * features);
    let output = r.reals("output", batch * (head_rows + tail_rows) * features);
    r.push(
        "join",
        Join {
            head,
            tail,
            output,
            batch,
            head_rows,
            head_group,
            tail_rows,
            features,
        },
    );
    Case::new("join", r, output)
}

fn slot(
    Extents {
        batch,
        directions,
        inputs: features,
        ..
    }: Extents,
) -> Case {
    let mut r = Recording::default();
    let slots = 1 + directions;
    let (jets, output) = (
        r.reals("jets", batch * slots * features),
        r.reals("output", batch * features),
    );
    r.push(
        "slot",
        Slot {
            jets,
            output,
            batch,
            slots,
            slot: directions,
            features,
        },
    );
    Case::new("slot", r, output)
}

/// The gradient is twice the derivative of the values, because the cotangents' part in it is taken
/// over; half a weight makes up for it.
fn pairing(
    Extents {
        batch,
        directions: count,
        inputs: features,
        ..
    }: Extents,
) -> Case {
    let mut r = Recording::default();
    let [jets, d_jets] =
        ["jets", "d_jets"].map(|name| r.reals(name, batch * (1 + count) * features));
    let [cotangents, values] =
        ["cotangents", "values"].map(|name| r.reals(name, batch * count * features));
    let ((state, counter), planned) = (state(&mut r), plan(&mut r, batch, 0.5));
    let (plan, columns, column) = (planned.0, COLUMNS, 2);
    r.push(
        "pairing",
        Pairing {
            jets,
            cotangents,
            plan,
            state,
            values,
            d_jets,
            batch,
            count,
            features,
            columns,
            column,
        },
    );
    term(
        "pairing",
        r,
        values,
        (jets, d_jets),
        vec![(state, counter)],
        planned,
    )
}

fn mix(
    Extents {
        batch,
        directions,
        inputs: features,
        ..
    }: Extents,
) -> Case {
    let mut r = Recording::default();
    let (group, columns, low, high) = (1 + directions, COLUMNS, -0.2, 1.2);
    let [codes, d_codes] = ["codes", "d_codes"].map(|name| r.reals(name, batch * group * features));
    let [output, d_output] = ["output", "d_output"].map(|name| r.reals(name, batch * features));
    let (draws, (state, counter), planned) = (
        r.reals("draws", batch),
        state(&mut r),
        plan(&mut r, batch, 1.0),
    );
    let plan = planned.0;
    r.push(
        "mix",
        Mix {
            codes,
            draws,
            plan,
            state,
            output,
            batch,
            group,
            features,
            columns,
            low,
            high,
        },
    );
    // Centres that do not count get no gradient, so they must have none upstream.
    let count = planned.1[COLUMNS] as usize;
    let upstream = (0..batch * features).map(|i| {
        if i / features < count {
            (i as f32 * 0.7).sin()
        } else {
            0.0
        }
    });
    let reals = vec![planned.clone(), (d_output, upstream.collect())];
    r.push(
        "mix adjoint",
        MixAdjoint {
            d_output,
            draws,
            plan,
            state,
            d_codes,
            batch,
            group,
            features,
            columns,
            low,
            high,
        },
    );
    Case {
        words: vec![(state, counter)],
        reals,
        ..Case::new("mix", r, output).adjoint(d_output, &[(codes, d_codes)])
    }
}

/// Its gradient is not the derivative of its value, because the directions' part in it is taken
/// over: whole losses show that it is right.
fn isometry(
    Extents {
        batch,
        inputs: features,
        ..
    }: Extents,
) -> Case {
    let mut r = Recording::default();
    let columns = COLUMNS;
    let [jets, d_jets] = ["jets", "d_jets"].map(|name| r.reals(name, batch * 3 * features));
    let [crossed, squared] = ["crossed", "squared"].map(|name| r.reals(name, batch));
    let ((state, counter), planned) = (state(&mut r), plan(&mut r, batch, 1.0));
    let plan = planned.0;
    r.push(
        "products",
        Products {
            jets,
            plan,
            state,
            crossed,
            squared,
            batch,
            features,
            columns,
        },
    );
    let value = r.reals("value", 1);
    let [n, m] = ["mean crossed", "mean squared"].map(|name| r.reals(name, 1));
    let column = 2;
    r.push(
        "isometry",
        Isometry {
            jets,
            crossed: n,
            squared: m,
            plan,
            state,
            value,
            d_jets,
            batch,
            features,
            columns,
            column,
        },
    );
    let mut case = Case::new("products and isometry", r, value);
    case.written.extend([crossed, squared, d_jets]);
    Case {
        words: vec![(state, counter)],
        reals: vec![planned, (n, vec![1.7]), (m, vec![0.9])],
        ..case
    }
}
