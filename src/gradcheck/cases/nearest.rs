//! The passes that find nearest neighbours.

use super::{Case, CaseShape, state};
use crate::engine::Recording;
use crate::engine::ops::{BlockDistances, MOST_NEAREST, Nearest};

/// Each pass for `extents`.
pub(super) fn cases(extents: CaseShape) -> Vec<Case> {
    let few = extents.outputs.min(MOST_NEAREST);
    vec![
        block_distances(extents),
        nearest(extents, 1),
        nearest(extents, few),
    ]
}

/// The second block of `outputs` columns, most of which lie beyond the last sample.
fn block_distances(
    CaseShape {
        batch: rows,
        inputs: features,
        outputs: columns,
        ..
    }: CaseShape,
) -> Case {
    let (mut r, samples) = (Recording::default(), columns + 1);
    let (points, squares) = (
        r.reals("points", samples * features),
        r.reals("squares", samples),
    );
    let ((state, counter), distances) = (state(&mut r), r.reals("distances", rows * columns));
    r.push(
        "distances",
        BlockDistances {
            points,
            squares,
            state,
            distances,
            samples,
            features,
            rows,
            columns,
        },
    );
    Case {
        words: vec![(state, counter)],
        ..Case::new("block distances", r, distances)
    }
}

/// The second block in a row of them, after others of which only some have been seen, with ties
/// between and within the two.
fn nearest(
    CaseShape {
        batch: rows,
        inputs,
        outputs: columns,
        ..
    }: CaseShape,
    count: usize,
) -> Case {
    let (mut r, samples) = (Recording::default(), columns + inputs.clamp(1, columns));
    let (distances, (state, counter)) = (r.reals("distances", rows * columns), state(&mut r));
    let (nearest, neighbours) = (
        r.reals("nearest", samples * count),
        r.words("neighbours", samples * count),
    );
    r.push(
        "nearest",
        Nearest {
            distances,
            state,
            nearest,
            neighbours,
            samples,
            rows,
            columns,
            count,
        },
    );
    let seen = columns.min(count).div_ceil(2);
    let ties = (0..rows * columns).map(|at| (at * 7 % 5) as f32).collect();
    let before = (0..samples * count).map(|at| {
        if at % count < seen {
            (at % count / 2) as f32
        } else {
            f32::MAX
        }
    });
    let who = (0..samples * count).map(|at| {
        if at % count < seen {
            (at % count) as u32
        } else {
            (1 << 31) + (at % count) as u32
        }
    });
    let mut case = Case::new(format!("nearest {count}"), r, nearest);
    case.words
        .extend([(state, counter), (neighbours, who.collect())]);
    case.reals
        .extend([(distances, ties), (nearest, before.collect())]);
    case
}
