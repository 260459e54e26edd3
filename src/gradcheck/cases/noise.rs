//! Noise, and samples that it corrupts.

use super::{Case, CaseShape, state};
use crate::engine::Recording;
use crate::engine::ops::{Corrupt, Noise};
use crate::random::Stream;

pub(super) fn cases(extents: CaseShape) -> Vec<Case> {
    vec![
        noise(extents, false),
        noise(extents, true),
        corrupt(extents, false),
        corrupt(extents, true),
    ]
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
