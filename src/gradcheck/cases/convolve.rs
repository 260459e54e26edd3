//! Convolutions and transposed convolutions.

use super::images::Images;
use super::{Case, CaseShape, add_up};
use crate::engine::Recording;
use crate::engine::ops::{
    ChannelSums, Convolve, ConvolveTranspose, ConvolveWeightAdjoint, Geometry,
};
use crate::net::Sides;

pub(super) fn cases(extents: CaseShape) -> Vec<Case> {
    let images = Images::from(extents);
    let (rows, slots) = (images.rows, images.slots);
    let mut cases = Vec::new();
    for (geometry, output_padding) in geometries(&images) {
        cases.push(convolve(geometry, rows, slots));
        if let Some(geometry) = transposed(geometry, output_padding) {
            cases.push(convolve_transpose(geometry, rows, slots));
        }
    }
    cases
}

/// Convolutions, each with the output padding of the transposed one.
fn geometries(images: &Images) -> impl Iterator<Item = (Geometry, Sides)> {
    let (inputs, outputs) = (images.inputs, images.outputs);
    let drawn = (
        [images.height, images.width],
        [images.kernel; 2],
        images.stride,
        [images.padding; 2],
        [images.output_padding; 2],
    );
    // Two have channels enough to be convolved in tiles on the CPU; a transposed convolution to few
    // channels has a GPU kernel of its own. Those of height 1 are signals, and some sides differ.
    [
        (inputs, outputs, ([7, 6], [4; 2], 2, [1; 2], [1; 2])),
        (inputs, outputs, ([5, 9], [3; 2], 1, [1; 2], [0; 2])),
        (inputs, outputs, ([4, 4], [5; 2], 3, [2; 2], [0; 2])),
        (inputs, outputs, ([3, 2], [1; 2], 1, [0; 2], [0; 2])),
        (inputs, outputs, ([8, 5], [2; 2], 3, [0; 2], [2; 2])),
        (inputs, outputs, ([1, 11], [1, 4], 2, [0, 1], [0, 1])),
        (inputs, outputs, ([9, 2], [5, 2], 3, [2, 0], [2, 0])),
        (inputs, outputs, drawn),
        (16, 16, ([8, 6], [4; 2], 2, [1; 2], [0; 2])),
        (17, 18, ([7, 9], [3; 2], 2, [2; 2], [1; 2])),
        (16, 16, ([8, 6], [4, 3], 2, [2, 1], [0, 1])),
        (3, 35, ([8, 5], [4; 2], 2, [1; 2], [1; 2])),
    ]
    .into_iter()
    .map(
        |(inputs, outputs, ([height, width], kernel, stride, padding, output_padding))| {
            let (kernel, padding) = (Sides::from(kernel), Sides::from(padding));
            let side = |side: usize, kernel: usize, padding: usize| {
                (side + 2 * padding - kernel) / stride + 1
            };
            let geometry = Geometry {
                inputs,
                height,
                width,
                outputs,
                output_height: side(height, kernel.height, padding.height),
                output_width: side(width, kernel.width, padding.width),
                kernel,
                stride,
                padding,
            };
            (geometry, Sides::from(output_padding))
        },
    )
}

/// The image that a transposed convolution makes of these windows, if any is left of it.
fn transposed(geometry: Geometry, output_padding: Sides) -> Option<Geometry> {
    let Geometry {
        kernel,
        stride,
        padding,
        ..
    } = geometry;
    let side = |windows: usize, kernel: usize, padding: usize, output_padding: usize| {
        let whole = (windows - 1) * stride + kernel + output_padding;
        whole.checked_sub(2 * padding).filter(|&side| side > 0)
    };
    let (rows, columns) = (geometry.output_height, geometry.output_width);
    Some(Geometry {
        height: side(rows, kernel.height, padding.height, output_padding.height)?,
        width: side(columns, kernel.width, padding.width, output_padding.width)?,
        ..geometry
    })
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
    let pass = Convolve {
        image,
        weight,
        bias,
        output,
        rows,
        slots,
        geometry,
    };
    r.push("convolve", pass);
    let stretch = rows.div_ceil(2);
    let parts = rows.div_ceil(stretch);
    let partial = r.reals("d_weight in parts", parts * weights);
    let pass = ConvolveWeightAdjoint {
        d_output,
        image,
        d_weight: partial,
        rows,
        stretch,
        geometry,
    };
    r.push("d_weight", pass);
    add_up(&mut r, "d_weight folded", partial, d_weight, parts);
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
    let pass = ConvolveTranspose {
        input: d_output,
        weight,
        bias: none,
        image: d_image,
        rows,
        slots: 1,
        geometry,
    };
    r.push("d_image", pass);
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
    let pass = ConvolveTranspose {
        input,
        weight,
        bias,
        image,
        rows,
        slots,
        geometry,
    };
    r.push("transpose", pass);
    let pass = ConvolveWeightAdjoint {
        d_output: input,
        image: d_image,
        d_weight,
        rows,
        stretch: rows,
        geometry,
    };
    r.push("d_weight", pass);
    let (channels, positions) = (geometry.inputs, geometry.height * geometry.width);
    // One jet a part, added up afterwards.
    let partial = r.reals("d_bias in parts", batch * channels);
    let pass = ChannelSums {
        input: d_image,
        output: partial,
        jets: batch,
        slots,
        channels,
        positions,
        stretch: 1,
    };
    r.push("d_bias", pass);
    add_up(&mut r, "d_bias folded", partial, d_bias, batch);
    let none = r.constants("no bias", vec![0.0; geometry.outputs]);
    let pass = Convolve {
        image: d_image,
        weight,
        bias: none,
        output: d_input,
        rows,
        slots: 1,
        geometry,
    };
    r.push("d_input", pass);
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
