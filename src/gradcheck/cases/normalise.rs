//! Normalisation of groups of channels, and of pixels.

use super::images::Images;
use super::{Case, CaseShape, add_up};
use crate::engine::Recording;
use crate::engine::jets::Jets;
use crate::engine::ops::{Normalise, NormaliseAdjoint};
use crate::gradcheck::uniform;

/// Places of a channel.
const POSITIONS: usize = 3;

pub(super) fn cases(extents: CaseShape) -> Vec<Case> {
    let images = Images::from(extents);
    let (rows, directions) = (images.rows, images.directions);
    let mut cases = Vec::new();
    for (channels, groups, unit) in [
        (4, 2, false),
        (6, 1, false),
        (3, 3, false),
        (images.inputs + 1, 1, true),
    ] {
        for (order, output_order) in [(0, 0), (1, 1), (1, 2), (2, 2)] {
            let jets = Jets {
                batch: rows,
                directions,
                order,
                features: channels * POSITIONS,
            };
            cases.push(normalise(jets, output_order, channels, groups, unit));
        }
        cases.push(normalise_transpose(
            rows, directions, channels, groups, unit,
        ));
    }
    cases
}

fn normalise(jets: Jets, output_order: usize, channels: usize, groups: usize, unit: bool) -> Case {
    let mut r = Recording::default();
    let output_len = Jets {
        order: output_order,
        ..jets
    }
    .len();
    let [input, d_input] = ["input", "d_input"].map(|name| r.reals(name, jets.len()));
    let [scale, d_scale] = ["scale", "d_scale"].map(|name| r.reals(name, channels));
    let [shift, d_shift] = ["shift", "d_shift"].map(|name| r.reals(name, channels));
    let [output, d_output] = ["output", "d_output"].map(|name| r.reals(name, output_len));
    let [scale_sums, shift_sums] =
        ["scale sums", "shift sums"].map(|name| r.reals(name, jets.batch * channels));
    r.push(
        "normalise",
        Normalise {
            input,
            scale,
            shift,
            output,
            jets,
            output_order,
            channels,
            groups,
            unit,
        },
    );
    let (count, group, sums) = (1, jets.slots(), !unit);
    r.push(
        "adjoint",
        NormaliseAdjoint {
            input,
            d_output,
            scale,
            d_input,
            scale_sums,
            shift_sums,
            jets,
            output_order,
            channels,
            groups,
            unit,
            count,
            group,
            sums,
        },
    );
    let mut differentiated = vec![(input, d_input)];
    if !unit {
        for (input, output) in [(scale_sums, d_scale), (shift_sums, d_shift)] {
            add_up(&mut r, "sums", input, output, jets.batch);
        }
        differentiated.extend([(scale, d_scale), (shift, d_shift)]);
    }
    let kind = norm_name(channels, groups, unit);
    let name = format!("{kind}, order {} to {output_order}", jets.order);
    let mut case = Case::new(name, r, output).adjoint(d_output, &differentiated);
    case.reals = vec![(input, spread(input.len))];
    case
}

/// Random values whose spread over the positions of a channel is at least 1 or so. Where all values
/// of a group are nearly alike, dividing by their deviation magnifies what every executor rounds.
fn spread(len: usize) -> Vec<f32> {
    let mut draw = uniform(len as u64);
    (0..len)
        .map(|i| 2.0 * (i % POSITIONS) as f32 - 2.0 + draw())
        .collect()
}

fn norm_name(channels: usize, groups: usize, unit: bool) -> String {
    if unit {
        "unit norm".to_owned()
    } else {
        format!("group norm {groups} x {}", channels / groups)
    }
}

fn normalise_transpose(
    batch: usize,
    count: usize,
    channels: usize,
    groups: usize,
    unit: bool,
) -> Case {
    let mut r = Recording::default();
    let (group, output_order, sums) = (2, 0, false);
    let jets = Jets::values(batch * count, channels * POSITIONS);
    let input = r.reals("input", batch * group * jets.features);
    let [d_output, d_input] = ["d_output", "d_input"].map(|name| r.reals(name, jets.len()));
    let scale = r.reals("scale", channels);
    let [scale_sums, shift_sums] = ["scale sums", "shift sums"].map(|name| r.reals(name, 1));
    r.push(
        "transposed",
        NormaliseAdjoint {
            input,
            d_output,
            scale,
            d_input,
            scale_sums,
            shift_sums,
            jets,
            output_order,
            channels,
            groups,
            unit,
            count,
            group,
            sums,
        },
    );
    let kind = norm_name(channels, groups, unit);
    let mut case = Case::new(format!("{kind}, transposed"), r, d_input);
    case.reals = vec![(input, spread(input.len))];
    case
}
