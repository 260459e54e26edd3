//! The operations of terms, alone.

use super::case::{Case, CaseShape, state};
use crate::engine::ops::*;
use crate::engine::{Recording, View};
use crate::net::Activation;
use crate::random::Stream;

/// Every operation of a term for `extents`: `inputs` are latent dimensions here.
pub(super) fn term_cases(extents: CaseShape) -> Vec<Case> {
    let mut cases = vec![
        noise(extents, false),
        noise(extents, true),
        corrupt(extents, false),
        corrupt(extents, true),
        reparametrise(extents),
        kl_divergence(extents),
        mmd(extents, false),
        mmd(extents, true),
        median(extents),
        embedding_loss(extents),
        lle_loss(extents),
        concat(extents),
        slot(extents),
        jacobian_norm(extents),
        interpolate(extents),
        isometric_loss(extents),
    ];
    cases.extend(
        [Activation::Elu, Activation::Relu, Activation::Sine]
            .map(|function| transpose(extents, function)),
    );
    cases
}

const COLUMNS: usize = 3;

/// Loss weights of two steps, of which the second one is run: all centres but one count, and the term in
/// column 2 has `weight`.
fn loss_weights(r: &mut Recording, batch: usize, weight: f32) -> (View, Vec<f32>) {
    (
        r.reals("loss weights", 2 * COLUMNS),
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

fn noise(CaseShape { batch, inputs, .. }: CaseShape, uniform: bool) -> Case {
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
    CaseShape {
        batch: rows,
        inputs,
        ..
    }: CaseShape,
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
    CaseShape {
        batch,
        directions,
        inputs: features,
        ..
    }: CaseShape,
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
    loss_weights: (View, Vec<f32>),
) -> Case {
    let mut case = Case::new(name, r, values);
    case.differentiated = vec![gradient];
    case.written.push(gradient.1);
    Case {
        words,
        reals: vec![loss_weights],
        ..case
    }
}

fn kl_divergence(
    CaseShape {
        batch,
        directions,
        inputs: features,
        ..
    }: CaseShape,
) -> Case {
    let mut r = Recording::default();
    let group = 1 + directions;
    let [codes, d_codes] =
        ["codes", "d_codes"].map(|name| r.reals(name, batch * group * 2 * features));
    let (values, (state, counter), loss_weights) = (
        r.reals("values", batch * features),
        state(&mut r),
        loss_weights(&mut r, batch, 1.0),
    );
    let pass = KlDivergence {
        codes,
        loss_weights: loss_weights.0,
        state,
        values,
        d_codes,
        batch,
        group,
        features,
        columns: COLUMNS,
        column: 2,
    };
    r.push("KL divergence", pass);
    term(
        "KL divergence",
        r,
        values,
        (codes, d_codes),
        vec![(state, counter)],
        loss_weights,
    )
}

fn mmd(
    CaseShape {
        batch,
        directions,
        inputs: features,
        ..
    }: CaseShape,
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
    let ((state, counter), planned) = (state(&mut r), loss_weights(&mut r, batch, 1.0));
    let loss_weights = planned.0;
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
        "MMD",
        Mmd {
            distances,
            medians,
            loss_weights,
            state,
            values,
            slopes,
            batch,
            features,
            columns,
            gaussian,
        },
    );
    let pass = MmdAdjoint {
        codes,
        prior,
        slopes,
        loss_weights,
        state,
        d_codes,
        batch,
        group,
        features,
        columns,
        column: 2,
    };
    r.push("MMD adjoint", pass);
    let name = if gaussian {
        "MMD, gaussian"
    } else {
        "MMD, imq"
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

fn median(CaseShape { batch, .. }: CaseShape) -> Case {
    let mut r = Recording::default();
    let distances = r.reals("distances", 3 * batch * batch);
    let (medians, (state, counter), loss_weights) = (
        r.reals("medians", 2),
        state(&mut r),
        loss_weights(&mut r, batch, 1.0),
    );
    // Distances are symmetric; these are not, so only one of each pair decides, which the CPU
    // kernel takes from below the diagonal.
    let symmetric = (0..3 * batch * batch).map(|at| {
        let (i, j) = (at / batch % batch, at % batch);
        ((i.max(j) * 31 + i.min(j) * 17) % 23) as f32 * 0.25
    });
    let reals = vec![(distances, symmetric.collect()), loss_weights.clone()];
    r.push(
        "median",
        Median {
            distances,
            loss_weights: loss_weights.0,
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

fn embedding_loss(
    CaseShape {
        batch,
        directions,
        inputs: features,
        ..
    }: CaseShape,
) -> Case {
    let mut r = Recording::default();
    let group = 1 + directions;
    let [codes, d_codes] = ["codes", "d_codes"].map(|name| r.reals(name, batch * group * features));
    let embedding = r.reals("embedding", SAMPLES * features);
    let (values, (state, counter), planned) = (
        r.reals("values", batch * features),
        state(&mut r),
        loss_weights(&mut r, batch, 1.0),
    );
    let (indices, samples) = indices(&mut r, batch * group);
    let (loss_weights, columns, column) = (planned.0, COLUMNS, 2);
    r.push(
        "embedding loss",
        EmbeddingLoss {
            codes,
            embedding,
            indices,
            loss_weights,
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
        "embedding loss",
        r,
        values,
        (codes, d_codes),
        vec![(state, counter), (indices, samples)],
        planned,
    )
}

fn lle_loss(
    CaseShape {
        batch,
        directions,
        inputs: features,
        ..
    }: CaseShape,
) -> Case {
    let mut r = Recording::default();
    let (first, k) = (1 + directions, 3);
    let group = first + k;
    let [codes, d_codes] = ["codes", "d_codes"].map(|name| r.reals(name, batch * group * features));
    let coefficients = r.reals("coefficients", SAMPLES * k);
    let (values, (state, counter), planned) = (
        r.reals("values", batch * features),
        state(&mut r),
        loss_weights(&mut r, batch, 1.0),
    );
    let (indices, samples) = indices(&mut r, batch * group);
    let pass = LleLoss {
        codes,
        coefficients,
        indices,
        loss_weights: planned.0,
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
    r.push("LLE loss", pass);
    term(
        "LLE loss",
        r,
        values,
        (codes, d_codes),
        vec![(state, counter), (indices, samples)],
        planned,
    )
}

fn transpose(
    CaseShape {
        batch,
        directions,
        inputs: features,
        ..
    }: CaseShape,
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

fn concat(
    CaseShape {
        batch,
        directions,
        inputs: features,
        ..
    }: CaseShape,
) -> Case {
    let mut r = Recording::default();
    let (head_rows, head_group, tail_rows) = (1, 3, directions);
    let head = r.reals("head", batch * head_group * features);
    let tail = r.reals("tail", batch * tail_rows * features);
    let output = r.reals("output", batch * (head_rows + tail_rows) * features);
    r.push(
        "concat",
        Concat {
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
    Case::new("concat", r, output)
}

fn slot(
    CaseShape {
        batch,
        directions,
        inputs: features,
        ..
    }: CaseShape,
) -> Case {
    let mut r = Recording::default();
    let slots = 1 + directions;
    let (jets, output) = (
        r.reals("jets", batch * slots * features),
        r.reals("output", batch * features),
    );
    r.push(
        "slot",
        SelectSlot {
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
fn jacobian_norm(
    CaseShape {
        batch,
        directions: count,
        inputs: features,
        ..
    }: CaseShape,
) -> Case {
    let mut r = Recording::default();
    let [jets, d_jets] =
        ["jets", "d_jets"].map(|name| r.reals(name, batch * (1 + count) * features));
    let [cotangents, values] =
        ["cotangents", "values"].map(|name| r.reals(name, batch * count * features));
    let ((state, counter), planned) = (state(&mut r), loss_weights(&mut r, batch, 0.5));
    let (loss_weights, columns, column) = (planned.0, COLUMNS, 2);
    r.push(
        "Jacobian norm",
        JacobianNorm {
            jets,
            cotangents,
            loss_weights,
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
        "Jacobian norm",
        r,
        values,
        (jets, d_jets),
        vec![(state, counter)],
        planned,
    )
}

fn interpolate(
    CaseShape {
        batch,
        directions,
        inputs: features,
        ..
    }: CaseShape,
) -> Case {
    let mut r = Recording::default();
    let (group, columns, low, high) = (1 + directions, COLUMNS, -0.2, 1.2);
    let [codes, d_codes] = ["codes", "d_codes"].map(|name| r.reals(name, batch * group * features));
    let [output, d_output] = ["output", "d_output"].map(|name| r.reals(name, batch * features));
    let (draws, (state, counter), planned) = (
        r.reals("draws", batch),
        state(&mut r),
        loss_weights(&mut r, batch, 1.0),
    );
    let loss_weights = planned.0;
    r.push(
        "mix",
        Interpolate {
            codes,
            draws,
            loss_weights,
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
        InterpolateAdjoint {
            d_output,
            draws,
            loss_weights,
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
fn isometric_loss(
    CaseShape {
        batch,
        inputs: features,
        ..
    }: CaseShape,
) -> Case {
    let mut r = Recording::default();
    let columns = COLUMNS;
    let [jets, d_jets] = ["jets", "d_jets"].map(|name| r.reals(name, batch * 3 * features));
    let [crossed, squared] = ["crossed", "squared"].map(|name| r.reals(name, batch));
    let ((state, counter), planned) = (state(&mut r), loss_weights(&mut r, batch, 1.0));
    let loss_weights = planned.0;
    r.push(
        "inner products",
        JvpInnerProducts {
            jets,
            loss_weights,
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
        "isometric loss",
        IsometricLoss {
            jets,
            crossed: n,
            squared: m,
            loss_weights,
            state,
            value,
            d_jets,
            batch,
            features,
            columns,
            column,
        },
    );
    let mut case = Case::new("inner products and isometric loss", r, value);
    case.written.extend([crossed, squared, d_jets]);
    Case {
        words: vec![(state, counter)],
        reals: vec![planned, (n, vec![1.7]), (m, vec![0.9])],
        ..case
    }
}
