//! The operations on images, alone.

use super::case::{Case, CaseShape};
use crate::engine::Recording;
use crate::engine::jets::Jets;
use crate::engine::ops::*;

/// Every operation on images for `extents`, whose extents decide sides, kernels, strides and
/// paddings too.
pub(super) fn image_cases(extents: CaseShape) -> Vec<Case> {
    let CaseShape {
        batch,
        directions,
        inputs,
        outputs,
    } = extents;
    let rows = batch.min(4);
    let slots = 1 + directions;
    // Random extents make random geometries: sides of at least the kernel, and paddings below it.
    let (kernel, stride) = (1 + outputs % 5, 1 + inputs % 3);
    let (height, width, padding) = (
        kernel + batch % 5,
        kernel + (inputs + outputs) % 6,
        (batch + outputs) % kernel,
    );
    let drawn = (
        height,
        width,
        kernel,
        stride,
        padding,
        (batch + inputs) % stride,
    );
    let (inputs, outputs) = (1 + inputs % 5, 1 + outputs % 7);
    let mut cases = Vec::new();
    // The last ones have channels enough to be convolved in tiles on the CPU.
    for (inputs, outputs, (height, width, kernel, stride, padding, output_padding)) in [
        (inputs, outputs, (7, 6, 4, 2, 1, 1)),
        (inputs, outputs, (5, 9, 3, 1, 1, 0)),
        (inputs, outputs, (4, 4, 5, 3, 2, 0)),
        (inputs, outputs, (3, 2, 1, 1, 0, 0)),
        (inputs, outputs, (8, 5, 2, 3, 0, 2)),
        (inputs, outputs, drawn),
        (16, 16, (8, 6, 4, 2, 1, 0)),
        (17, 18, (7, 9, 3, 2, 2, 1)),
    ] {
        let side = |side: usize| (side + 2 * padding - kernel) / stride + 1;
        let (output_height, output_width) = (side(height), side(width));
        let geometry = Geometry {
            inputs,
            height,
            width,
            outputs,
            output_height,
            output_width,
            kernel,
            stride,
            padding,
        };
        cases.push(convolve(geometry, rows, slots));
        // The image that a transposed convolution makes of these windows, with its output padding.
        let whole = |side: usize| (side - 1) * stride + kernel + output_padding;
        if whole(output_height).min(whole(output_width)) > 2 * padding {
            let (height, width) = (
                whole(output_height) - 2 * padding,
                whole(output_width) - 2 * padding,
            );
            cases.push(convolve_transpose(
                Geometry {
                    height,
                    width,
                    ..geometry
                },
                rows,
                slots,
            ));
        }
    }
    for (height, width, kernel, stride) in [
        (6, 6, 2, 2),
        (7, 5, 3, 2),
        (5, 5, 3, 1),
        (4, 3, 2, 3),
        (height, width, kernel, stride),
    ] {
        let side = |side: usize| (side - kernel) / stride + 1;
        let (output_height, output_width) = (side(height), side(width));
        let windows = Windows {
            channels: inputs,
            height,
            width,
            output_height,
            output_width,
            kernel,
            stride,
        };
        cases.extend([
            max_pool(windows, rows, slots),
            max_pool_transpose(windows, rows),
            average_pool(windows, rows),
        ]);
    }
    for align_corners in [true, false] {
        for (height, width) in [(3, 4), (1, 2), (5, 1)] {
            cases.push(upsample(rows * inputs, height, width, align_corners));
        }
    }
    for (channels, groups, unit) in [
        (4, 2, false),
        (6, 1, false),
        (3, 3, false),
        (inputs + 1, 1, true),
    ] {
        for orders in [(0, 0), (1, 1), (1, 2), (2, 2)] {
            cases.push(normalise(
                Jets {
                    batch: rows,
                    directions,
                    order: orders.0,
                    features: 0,
                },
                orders.1,
                channels,
                groups,
                unit,
            ));
        }
        cases.push(normalise_transpose(
            rows, directions, channels, groups, unit,
        ));
    }
    cases
}

fn told(g: &Geometry) -> String {
    format!(
        "{}x{} kernel {}, stride {}, padding {}",
        g.height, g.width, g.kernel, g.stride, g.padding
    )
}

fn convolve(geometry: Geometry, batch: usize, slots: usize) -> Case {
    let mut r = Recording::default();
    let rows = batch * slots;
    let weights = geometry.outputs * geometry.terms();
    let [image, d_image] = ["image", "d_image"].map(|name| r.reals(name, rows * geometry.image()));
    let [weight, d_weight] = ["weight", "d_weight"].map(|name| r.reals(name, weights));
    let [bias, d_bias] = ["bias", "d_bias"].map(|name| r.reals(name, geometry.outputs));
    let [output, d_output] =
        ["output", "d_output"].map(|name| r.reals(name, rows * geometry.output()));
    r.push(
        "convolve",
        Convolve {
            image,
            weight,
            bias,
            output,
            rows,
            slots,
            geometry,
        },
    );
    let stretch = rows.div_ceil(2);
    let parts = rows.div_ceil(stretch);
    let partial = r.reals("d_weight in parts", parts * weights);
    r.push(
        "d_weight",
        ConvolveWeightAdjoint {
            d_output,
            image,
            d_weight: partial,
            rows,
            stretch,
            geometry,
        },
    );
    r.push(
        "d_weight folded",
        SumPartials {
            input: partial,
            output: d_weight,
            parts,
            len: weights,
        },
    );
    let (channels, positions) = (geometry.outputs, geometry.positions());
    let pass = ChannelSums {
        input: d_output,
        output: d_bias,
        jets: batch,
        slots,
        channels,
        positions,
        stretch: batch,
    };
    r.push("d_bias", pass);
    let none = r.constants("no bias", vec![0.0; geometry.inputs]);
    r.push(
        "d_image",
        ConvolveTranspose {
            input: d_output,
            weight,
            bias: none,
            image: d_image,
            rows,
            slots: 1,
            geometry,
        },
    );
    let reals = vec![(none, vec![0.0; geometry.inputs])];
    let case = Case::new(format!("convolve {}", told(&geometry)), r, output);
    Case {
        reals,
        ..case.adjoint(
            d_output,
            &[(image, d_image), (weight, d_weight), (bias, d_bias)],
        )
    }
}

fn convolve_transpose(geometry: Geometry, batch: usize, slots: usize) -> Case {
    let mut r = Recording::default();
    let rows = batch * slots;
    let weights = geometry.outputs * geometry.terms();
    let [input, d_input] = ["input", "d_input"].map(|name| r.reals(name, rows * geometry.output()));
    let [weight, d_weight] = ["weight", "d_weight"].map(|name| r.reals(name, weights));
    let [bias, d_bias] = ["bias", "d_bias"].map(|name| r.reals(name, geometry.inputs));
    let [image, d_image] = ["image", "d_image"].map(|name| r.reals(name, rows * geometry.image()));
    r.push(
        "transpose",
        ConvolveTranspose {
            input,
            weight,
            bias,
            image,
            rows,
            slots,
            geometry,
        },
    );
    r.push(
        "d_weight",
        ConvolveWeightAdjoint {
            d_output: input,
            image: d_image,
            d_weight,
            rows,
            stretch: rows,
            geometry,
        },
    );
    let (channels, positions) = (geometry.inputs, geometry.height * geometry.width);
    // One jet a part, added up afterwards.
    let partial = r.reals("d_bias in parts", batch * channels);
    r.push(
        "d_bias",
        ChannelSums {
            input: d_image,
            output: partial,
            jets: batch,
            slots,
            channels,
            positions,
            stretch: 1,
        },
    );
    r.push(
        "d_bias folded",
        SumPartials {
            input: partial,
            output: d_bias,
            parts: batch,
            len: channels,
        },
    );
    let none = r.constants("no bias", vec![0.0; geometry.outputs]);
    r.push(
        "d_input",
        Convolve {
            image: d_image,
            weight,
            bias: none,
            output: d_input,
            rows,
            slots: 1,
            geometry,
        },
    );
    let reals = vec![(none, vec![0.0; geometry.outputs])];
    let case = Case::new(
        format!("transposed convolution to {}", told(&geometry)),
        r,
        image,
    );
    Case {
        reals,
        ..case.adjoint(
            d_image,
            &[(input, d_input), (weight, d_weight), (bias, d_bias)],
        )
    }
}

fn max_pool(windows: Windows, batch: usize, slots: usize) -> Case {
    let mut r = Recording::default();
    let rows = batch * slots;
    let [centres, d_input] =
        ["centres", "d_input"].map(|name| r.reals(name, rows * windows.image()));
    let [output, d_output] =
        ["output", "d_output"].map(|name| r.reals(name, rows * windows.output()));
    r.push(
        "max pool",
        MaxPool {
            centres,
            output,
            batch,
            slots,
            windows,
        },
    );
    r.push(
        "adjoint",
        MaxPoolAdjoint {
            centres,
            d_output,
            d_input,
            batch,
            group: slots,
            count: slots,
            windows,
        },
    );
    let name = format!(
        "max pool {}x{} kernel {}, stride {}",
        windows.height, windows.width, windows.kernel, windows.stride
    );
    Case::new(name, r, output).adjoint(d_output, &[(centres, d_input)])
}

fn max_pool_transpose(windows: Windows, batch: usize) -> Case {
    let mut r = Recording::default();
    let (group, count) = (2, 3);
    let centres = r.reals("centres", batch * group * windows.image());
    let d_output = r.reals("d_output", batch * count * windows.output());
    let d_input = r.reals("d_input", batch * count * windows.image());
    r.push(
        "transposed",
        MaxPoolAdjoint {
            centres,
            d_output,
            d_input,
            batch,
            group,
            count,
            windows,
        },
    );
    Case::new(
        format!(
            "max pool, transposed, kernel {}, stride {}",
            windows.kernel, windows.stride
        ),
        r,
        d_input,
    )
}

fn average_pool(windows: Windows, rows: usize) -> Case {
    let mut r = Recording::default();
    let [input, d_input] = ["input", "d_input"].map(|name| r.reals(name, rows * windows.image()));
    let [output, d_output] =
        ["output", "d_output"].map(|name| r.reals(name, rows * windows.output()));
    r.push(
        "average pool",
        AveragePool {
            input,
            output,
            rows,
            windows,
        },
    );
    r.push(
        "adjoint",
        AveragePoolAdjoint {
            d_output,
            d_input,
            rows,
            windows,
        },
    );
    let name = format!(
        "average pool {}x{} kernel {}, stride {}",
        windows.height, windows.width, windows.kernel, windows.stride
    );
    Case::new(name, r, output).adjoint(d_output, &[(input, d_input)])
}

fn upsample(planes: usize, height: usize, width: usize, align_corners: bool) -> Case {
    let mut r = Recording::default();
    let [input, d_input] = ["input", "d_input"].map(|name| r.reals(name, planes * height * width));
    let [output, d_output] =
        ["output", "d_output"].map(|name| r.reals(name, 4 * planes * height * width));
    r.push(
        "upsample",
        Upsample {
            input,
            output,
            planes,
            height,
            width,
            align_corners,
        },
    );
    r.push(
        "adjoint",
        UpsampleAdjoint {
            d_output,
            d_input,
            planes,
            height,
            width,
            align_corners,
        },
    );
    let corners = if align_corners {
        ", corners aligned"
    } else {
        ""
    };
    Case::new(format!("upsample {height}x{width}{corners}"), r, output)
        .adjoint(d_output, &[(input, d_input)])
}

const POSITIONS: usize = 3;

fn normalise(jets: Jets, output_order: usize, channels: usize, groups: usize, unit: bool) -> Case {
    let mut r = Recording::default();
    let jets = Jets {
        features: channels * POSITIONS,
        ..jets
    };
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
            r.push(
                "sums",
                SumPartials {
                    input,
                    output,
                    parts: jets.batch,
                    len: channels,
                },
            );
        }
        differentiated.extend([(scale, d_scale), (shift, d_shift)]);
    }
    let kind = norm_name(channels, groups, unit);
    Case::new(
        format!("{kind}, order {} to {output_order}", jets.order),
        r,
        output,
    )
    .adjoint(d_output, &differentiated)
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
    Case::new(format!("{kind}, transposed"), r, d_input)
}
