//! The latents of variational autoencoders.

use super::term::{COLUMNS, loss_weights, term};
use super::{Case, CaseShape, state};
use crate::engine::Recording;
use crate::engine::ops::{KlDivergence, Reparametrise, ReparametriseAdjoint};

pub(super) fn cases(extents: CaseShape) -> Vec<Case> {
    vec![reparametrise(extents), kl_divergence(extents)]
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
