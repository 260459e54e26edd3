//! Convolution and its transpose over all slots at once, and the gradients to their parameters.

use crate::engine::pass::{Grid, Uniform, describe};
use crate::engine::recording::View;
use crate::net::Sides;

/// How the sides of an image and of what a convolution makes of it fit together. The convolution
/// goes from the image to the output; a transposed one from the output to the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Channels of the image.
    pub inputs: usize,
    /// Rows of the image.
    pub height: usize,
    /// Columns of the image.
    pub width: usize,
    /// Channels of the output.
    pub outputs: usize,
    /// Rows of the output.
    pub output_height: usize,
    /// Columns of the output.
    pub output_width: usize,
    /// Sides of the kernel.
    pub kernel: Sides,
    /// Distance of two windows.
    pub stride: usize,
    /// Zeros around the image: above and below, left and right.
    pub padding: Sides,
}

impl Geometry {
    /// Values of an image.
    pub fn image(&self) -> usize {
        self.inputs * self.height * self.width
    }

    /// Values of an output.
    pub fn output(&self) -> usize {
        self.outputs * self.positions()
    }

    /// Windows of an image.
    pub fn positions(&self) -> usize {
        self.output_height * self.output_width
    }

    /// Terms of a window: channels times kernel area.
    pub fn terms(&self) -> usize {
        self.inputs * self.kernel.area()
    }

    pub(crate) fn uniforms(&self) -> [(&'static str, Uniform); 11] {
        [
            ("inputs", self.inputs),
            ("height", self.height),
            ("width", self.width),
            ("outputs", self.outputs),
            ("output_height", self.output_height),
            ("output_width", self.output_width),
            ("kernel_height", self.kernel.height),
            ("kernel_width", self.kernel.width),
            ("stride", self.stride),
            ("padding_height", self.padding.height),
            ("padding_width", self.padding.width),
        ]
        .map(|(name, value)| (name, value.into()))
    }

    pub(crate) fn flops(&self, rows: usize) -> u64 {
        2 * (rows * self.positions() * self.outputs * self.terms()) as u64
    }
}

/// output = the convolution of every row of the image with the weight, plus the bias in slot 0 of
/// every jet.
#[derive(Clone, Debug)]
pub struct Convolve {
    /// [rows, inputs, height, width].
    pub image: View,
    /// [outputs, inputs, kernel height, kernel width].
    pub weight: View,
    /// `[outputs]`.
    pub bias: View,
    /// [rows, outputs, output_height, output_width].
    pub output: View,
    /// Jets times slots.
    pub rows: usize,
    /// Slots of a jet.
    pub slots: usize,
    /// Sides.
    pub geometry: Geometry,
}

/// image = the transposed convolution of every row of the input with the weight, plus the bias in
/// slot 0 of every jet; the adjoint of [`Convolve`].
#[derive(Clone, Debug)]
pub struct ConvolveTranspose {
    /// [rows, outputs, output_height, output_width].
    pub input: View,
    /// [outputs, inputs, kernel height, kernel width].
    pub weight: View,
    /// `[inputs]`.
    pub bias: View,
    /// [rows, inputs, height, width].
    pub image: View,
    /// Jets times slots.
    pub rows: usize,
    /// Slots of a jet.
    pub slots: usize,
    /// Sides.
    pub geometry: Geometry,
}

/// The gradient to the weight, summed over rows and positions in a fixed order; one sum for each
/// stretch of rows.
#[derive(Clone, Debug)]
pub struct ConvolveWeightAdjoint {
    /// [rows, outputs, output_height, output_width].
    pub d_output: View,
    /// [rows, inputs, height, width].
    pub image: View,
    /// [parts, outputs, inputs, kernel height, kernel width].
    pub d_weight: View,
    /// Jets times slots.
    pub rows: usize,
    /// Rows of a part.
    pub stretch: usize,
    /// Sides.
    pub geometry: Geometry,
}

/// Sums of slot 0 over positions and jets, in a fixed order: the gradient to a convolution's bias;
/// one sum for each stretch of jets.
#[derive(Clone, Debug)]
pub struct ChannelSums {
    /// [jets * slots, channels, positions].
    pub input: View,
    /// [parts, channels].
    pub output: View,
    /// Jets.
    pub jets: usize,
    /// Slots of a jet.
    pub slots: usize,
    /// Channels.
    pub channels: usize,
    /// Values of a channel.
    pub positions: usize,
    /// Jets of a part.
    pub stretch: usize,
}

describe!(|pass: Convolve| {
    reads: [image, weight, bias],
    writes: [output],
    uniforms: [rows, slots] + pass.geometry.uniforms(),
    grid: Grid::Product {
        rows: pass.geometry.outputs,
        columns: pass.rows * pass.geometry.positions(),
        terms: pass.geometry.terms(),
        parts: 1,
        rows_per_jet: 1,
    },
    flops: pass.geometry.flops(pass.rows),
});

describe!(|pass: ConvolveTranspose| {
    reads: [input, weight, bias],
    writes: [image],
    uniforms: [rows, slots] + pass.geometry.uniforms(),
    grid: Grid::Product {
        rows: pass.geometry.inputs,
        columns: pass.rows * pass.geometry.height.div_ceil(pass.geometry.stride) * pass.geometry.width.div_ceil(pass.geometry.stride),
        terms: pass.geometry.outputs * pass.geometry.kernel.map(|side| side.div_ceil(pass.geometry.stride)).area(),
        parts: pass.geometry.stride * pass.geometry.stride,
        rows_per_jet: 1,
    },
    flops: pass.geometry.flops(pass.rows),
});

describe!(|pass: ConvolveWeightAdjoint| {
    reads: [d_output, image],
    writes: [d_weight],
    uniforms: [rows, stretch] + pass.geometry.uniforms(),
    grid: Grid::Product {
        rows: pass.geometry.outputs,
        columns: pass.geometry.terms(),
        terms: pass.stretch * pass.geometry.positions(),
        parts: pass.rows.div_ceil(pass.stretch),
        rows_per_jet: 1,
    },
    flops: pass.geometry.flops(pass.rows),
});

describe!(|pass: ChannelSums| {
    reads: [input],
    writes: [output],
    uniforms: [jets, slots, channels, positions, stretch],
    grid: Grid::Groups(pass.jets.div_ceil(pass.stretch) * pass.channels),
});
