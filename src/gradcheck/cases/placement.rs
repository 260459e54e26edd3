//! Where latents should lie: near an embedding, or amid their neighbours.

use super::term::{COLUMNS, loss_weights, term};
use super::{Case, CaseShape, state};
use crate::engine::ops::{EmbeddingLoss, LleLoss};
use crate::engine::{Recording, View};

const SAMPLES: usize = 7;

pub(super) fn cases(extents: CaseShape) -> Vec<Case> {
    vec![embedding_loss(extents), lle_loss(extents)]
}

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
