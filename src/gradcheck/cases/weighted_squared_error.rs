//! The reconstruction loss.

use super::{Case, CaseShape, state};
use crate::engine::Recording;
use crate::engine::ops::WeightedSquaredError;

pub(super) fn cases(extents: CaseShape) -> Vec<Case> {
    [true, false]
        .map(|centre| weighted_squared_error(extents, centre))
        .to_vec()
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
