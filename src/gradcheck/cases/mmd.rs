//! The maximum mean discrepancy.

use super::term::{COLUMNS, loss_weights, term};
use super::{Case, CaseShape, state};
use crate::engine::Recording;
use crate::engine::ops::{Median, Mmd, MmdAdjoint, SquaredDistances};

pub(super) fn cases(extents: CaseShape) -> Vec<Case> {
    vec![mmd(extents, false), mmd(extents, true), median(extents)]
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
    let pass = SquaredDistances {
        codes,
        prior,
        distances,
        batch,
        group,
        features,
    };
    r.push("distances", pass);
    let pass = Mmd {
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
    };
    r.push("MMD", pass);
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
