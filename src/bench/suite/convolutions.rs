//! The products of convolutions.

use super::Work;
use crate::engine::Recording;
use crate::engine::ops::{Convolve, ConvolveTranspose, ConvolveWeightAdjoint, Geometry, split_k};

/// Channels in, channels out and the side of the image, of the layers of the presets `conv28` and
/// `conv32`.
const LAYERS: [[usize; 3]; 5] = [
    [1, 32, 28],
    [32, 64, 14],
    [3, 64, 32],
    [64, 128, 16],
    [128, 256, 8],
];
/// A batch of 100 as plain values, and with one neighbour each to the second order.
const IMAGES: [usize; 2] = [100, 300];

pub(super) fn works() -> Vec<Work> {
    let shapes = LAYERS
        .into_iter()
        .flat_map(|layer| IMAGES.map(|rows| (layer, rows)));
    shapes
        .flat_map(|(layer, rows)| {
            [
                convolve(layer, rows),
                convolve_transpose(layer, rows),
                convolve_weight_adjoint(layer, rows),
            ]
        })
        .collect()
}

/// Kernels of 4 x 4 with a stride of 2 and a padding of 1, as both presets have them.
fn geometry([inputs, outputs, side]: [usize; 3]) -> Geometry {
    let (height, width, output_height, output_width) = (side, side, side / 2, side / 2);
    Geometry {
        inputs,
        height,
        width,
        outputs,
        output_height,
        output_width,
        kernel: 4.into(),
        stride: 2,
        padding: 1.into(),
    }
}

fn image_shape([inputs, outputs, side]: [usize; 3], rows: usize) -> String {
    format!("{rows} images, {inputs}-{outputs} at {side}x{side}")
}

fn convolve(layer: [usize; 3], rows: usize) -> Work {
    let (mut r, geometry) = (Recording::default(), geometry(layer));
    let (image, weight) = (
        r.reals("image", rows * geometry.image()),
        r.reals("weight", geometry.outputs * geometry.terms()),
    );
    let (bias, output) = (
        r.reals("bias", geometry.outputs),
        r.reals("output", rows * geometry.output()),
    );
    r.push(
        "convolve",
        Convolve {
            image,
            weight,
            bias,
            output,
            rows,
            slots: 1,
            geometry,
        },
    );
    Work::new(image_shape(layer, rows), r)
}

fn convolve_transpose(layer: [usize; 3], rows: usize) -> Work {
    let (mut r, geometry) = (Recording::default(), geometry(layer));
    let (input, weight) = (
        r.reals("input", rows * geometry.output()),
        r.reals("weight", geometry.outputs * geometry.terms()),
    );
    let (bias, image) = (
        r.reals("bias", geometry.inputs),
        r.reals("image", rows * geometry.image()),
    );
    r.push(
        "convolve transpose",
        ConvolveTranspose {
            input,
            weight,
            bias,
            image,
            rows,
            slots: 1,
            geometry,
        },
    );
    Work::new(image_shape(layer, rows), r)
}

/// In parts as a step records it; their sum is not included.
fn convolve_weight_adjoint(layer: [usize; 3], rows: usize) -> Work {
    let (mut r, geometry) = (Recording::default(), geometry(layer));
    let (d_output, image) = (
        r.reals("d_output", rows * geometry.output()),
        r.reals("image", rows * geometry.image()),
    );
    let stretch = rows.div_ceil(split_k(
        rows * geometry.positions(),
        geometry.outputs,
        geometry.terms(),
    ));
    let d_weight = r.reals(
        "d_weight",
        rows.div_ceil(stretch) * geometry.outputs * geometry.terms(),
    );
    r.push(
        "convolve d_weight",
        ConvolveWeightAdjoint {
            d_output,
            image,
            d_weight,
            rows,
            stretch,
            geometry,
        },
    );
    Work::new(image_shape(layer, rows), r)
}
