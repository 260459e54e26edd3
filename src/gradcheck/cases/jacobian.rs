//! What terms make of Jacobians.

use super::term::{COLUMNS, loss_weights, term};
use super::{Case, CaseShape, state};
use crate::engine::Recording;
use crate::engine::ops::{
    Concat, Interpolate, InterpolateAdjoint, IsometricLoss, JacobianNorm, JvpInnerProducts,
    SelectSlot,
};

pub(super) fn cases(extents: CaseShape) -> Vec<Case> {
    vec![
        concat(extents),
        slot(extents),
        jacobian_norm(extents),
        interpolate(extents),
        isometric_loss(extents),
    ]
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
