//! The update.

use super::{Case, CaseShape, state};
use crate::engine::ops::{Adam, IncrementStep};
use crate::engine::{Recording, SCHEDULE_COLUMNS};

pub(super) fn cases(extents: CaseShape) -> Vec<Case> {
    vec![adam(extents)]
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
