//! The gather of a batch.

use super::{Case, CaseShape, state};
use crate::engine::Recording;
use crate::engine::ops::Gather;

pub(super) fn cases(extents: CaseShape) -> Vec<Case> {
    vec![gather(extents, false), gather(extents, true)]
}

fn gather(
    CaseShape {
        batch,
        inputs: features,
        ..
    }: CaseShape,
    bytes: bool,
) -> Case {
    let (samples, rows) = (7, batch);
    let mut r = Recording::default();
    let data = r.words(
        "data",
        (samples * features).div_ceil(if bytes { 4 } else { 1 }),
    );
    let (indices, (state, counter)) = (r.words("indices", 2 * rows), state(&mut r));
    let output = r.reals("output", rows * features);
    r.push(
        "gather",
        Gather {
            data,
            indices,
            state,
            output,
            rows,
            features,
            bytes,
            shift: 0.25,
            scale: 3.0,
        },
    );
    let value = |i: usize| {
        if bytes {
            (i as u32).wrapping_mul(0x9E37_79B9)
        } else {
            (i as f32 * 0.37).sin().to_bits()
        }
    };
    let words = vec![
        (data, (0..data.len).map(value).collect()),
        (
            indices,
            (0..2 * rows).map(|i| (i * 5 % samples) as u32).collect(),
        ),
        (state, counter),
    ];
    let name = if bytes { "gather bytes" } else { "gather" };
    Case {
        words,
        ..Case::new(name, r, output)
    }
}
