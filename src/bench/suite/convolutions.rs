//! The products of convolutions.

use super::Work;
use crate::engine::ops::{
    ChannelSums, Convolve, ConvolveTranspose, ConvolveWeightAdjoint, Geometry, split_k,
};
use crate::engine::{Pass, Recording};

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
                convolve_transpose(geometry(layer), rows),
                convolve_weight_adjoint(layer, rows),
            ]
        })
        .chain([
            convolve_transpose(three_taps(), IMAGES[1]),
            convolve_parameters_adjoint(LAYERS[4], IMAGES[1]),
        ])
        .collect()
}

/// A layer whose kernel is more than twice as wide as its stride, which nothing computes but the
/// definition.
fn three_taps() -> Geometry {
    Geometry {
        output_height: 14,
        output_width: 14,
        kernel: 3.into(),
        stride: 1,
        ..geometry([64, 64, 14])
    }
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

fn shape_of(g: &Geometry, rows: usize) -> String {
    let kernel = if g.kernel == 4.into() {
        String::new()
    } else {
        format!(", kernel {}", g.kernel)
    };
    image_shape([g.inputs, g.outputs, g.height], rows) + &kernel
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

fn convolve_transpose(geometry: Geometry, rows: usize) -> Work {
    let mut r = Recording::default();
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
    Work::new(shape_of(&geometry, rows), r)
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

/// The same with the gradient to the bias beside it.
fn convolve_parameters_adjoint(layer: [usize; 3], rows: usize) -> Work {
    let mut r = convolve_weight_adjoint(layer, rows).recording().clone();
    let geometry = geometry(layer);
    let Some(Pass::ConvolveWeightAdjoint(weight)) = r.passes.first().map(|(_, pass)| pass) else {
        unreachable!("that is what it measures");
    };
    let (input, channels) = (weight.d_output, geometry.outputs);
    let pass = ChannelSums {
        input,
        output: r.reals("d_bias", channels),
        jets: rows,
        slots: 1,
        channels,
        positions: geometry.positions(),
        stretch: rows,
    };
    r.push("convolve d_bias", pass);
    Work::new(image_shape(layer, rows), r)
}
