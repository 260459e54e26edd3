//! Sums.

use super::{Case, CaseShape, state};
use crate::engine::Recording;
use crate::engine::ops::{SUM_OF_SQUARES_CHUNK, Sum, SumOfSquares};

pub(super) fn cases(extents: CaseShape) -> Vec<Case> {
    vec![sum(extents), sum_of_squares(extents)]
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
