//! Pooling and upsampling of images, slot by slot, with their adjoints.

use crate::engine::pass::{Grid, Uniform, describe};
use crate::engine::recording::View;

/// How windows lie on an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Channels.
    pub channels: usize,
    /// Rows of the image.
    pub height: usize,
    /// Columns of the image.
    pub width: usize,
    /// Rows of windows.
    pub output_height: usize,
    /// Columns of windows.
    pub output_width: usize,
    /// Side of a window.
    pub kernel: usize,
    /// Distance of two windows.
    pub stride: usize,
}

impl Windows {
    /// Values of an image.
    pub fn image(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Windows of an image, over all channels.
    pub fn output(&self) -> usize {
        self.channels * self.output_height * self.output_width
    }

    fn uniforms(&self) -> [(&'static str, Uniform); 7] {
        [
            ("channels", self.channels),
            ("height", self.height),
            ("width", self.width),
            ("output_height", self.output_height),
            ("output_width", self.output_width),
            ("kernel", self.kernel),
            ("stride", self.stride),
        ]
        .map(|(name, value)| (name, value.into()))
    }
}

/// The value of every window that is the largest in slot 0, the first of several, in all slots.
#[derive(Clone, Debug)]
pub struct MaxPool {
    /// [batch * slots, channels, height, width].
    pub centres: View,
    /// [batch * slots, channels, output_height, output_width].
    pub output: View,
    /// Jets.
    pub batch: usize,
    /// Slots of a jet.
    pub slots: usize,
    /// Sides.
    pub windows: Windows,
}

/// The adjoint of [`MaxPool`] for `count` gradients of every sample.
#[derive(Clone, Debug)]
pub struct MaxPoolAdjoint {
    /// [batch * group, channels, height, width]: row b * group is the centre of sample b.
    pub centres: View,
    /// [batch * count, channels, output_height, output_width].
    pub d_output: View,
    /// [batch * count, channels, height, width].
    pub d_input: View,
    /// Samples.
    pub batch: usize,
    /// Rows of what went forward for each sample.
    pub group: usize,
    /// Gradients of each sample: its slots, or its cotangents.
    pub count: usize,
    /// Sides.
    pub windows: Windows,
}

/// The mean of every window.
#[derive(Clone, Debug)]
pub struct AveragePool {
    /// [rows, channels, height, width].
    pub input: View,
    /// [rows, channels, output_height, output_width].
    pub output: View,
    /// Images.
    pub rows: usize,
    /// Sides.
    pub windows: Windows,
}

/// The adjoint of [`AveragePool`].
#[derive(Clone, Debug)]
pub struct AveragePoolAdjoint {
    /// [rows, channels, output_height, output_width].
    pub d_output: View,
    /// [rows, channels, height, width].
    pub d_input: View,
    /// Images.
    pub rows: usize,
    /// Sides.
    pub windows: Windows,
}

/// Bilinear upsampling by 2.
#[derive(Clone, Debug)]
pub struct Upsample {
    /// [planes, height, width].
    pub input: View,
    /// [planes, 2 height, 2 width].
    pub output: View,
    /// Images times channels.
    pub planes: usize,
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Whether the corner values of input and output coincide.
    pub align_corners: bool,
}

/// The adjoint of [`Upsample`].
#[derive(Clone, Debug)]
pub struct UpsampleAdjoint {
    /// [planes, 2 height, 2 width].
    pub d_output: View,
    /// [planes, height, width].
    pub d_input: View,
    /// Images times channels.
    pub planes: usize,
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Whether the corner values of input and output coincide.
    pub align_corners: bool,
}

impl Upsample {
    /// Where an output pixel lies between two input pixels along a side: the lower and the upper
    /// one, and the share of the upper one.
    pub fn between(at: usize, size: usize, align_corners: bool) -> (usize, usize, f64) {
        let place = if align_corners {
            at as f64 * (size - 1) as f64 / (2 * size - 1) as f64
        } else {
            (0.5 * at as f64 - 0.25).max(0.0)
        };
        let lower = (place as usize).min(size - 1);
        (lower, (lower + 1).min(size - 1), place - lower as f64)
    }
}

describe!(|pass: MaxPool| {
    reads: [centres],
    writes: [output],
    uniforms: [batch, slots] + pass.windows.uniforms(),
    grid: Grid::Elements(pass.batch * pass.windows.output()),
});

describe!(|pass: MaxPoolAdjoint| {
    reads: [centres, d_output],
    writes: [d_input],
    uniforms: [batch, group, count] + pass.windows.uniforms(),
    grid: Grid::Elements(pass.batch * pass.windows.image()),
});

describe!(|pass: AveragePool| {
    reads: [input],
    writes: [output],
    uniforms: [rows] + pass.windows.uniforms(),
    grid: Grid::Elements(pass.rows * pass.windows.output()),
});

describe!(|pass: AveragePoolAdjoint| {
    reads: [d_output],
    writes: [d_input],
    uniforms: [rows] + pass.windows.uniforms(),
    grid: Grid::Elements(pass.rows * pass.windows.image()),
});

describe!(|pass: Upsample| {
    reads: [input],
    writes: [output],
    uniforms: [planes, height, width],
    overrides: [ALIGN_CORNERS = pass.align_corners.into()],
    grid: Grid::Elements(4 * pass.planes * pass.height * pass.width),
});

describe!(|pass: UpsampleAdjoint| {
    reads: [d_output],
    writes: [d_input],
    uniforms: [planes, height, width],
    overrides: [ALIGN_CORNERS = pass.align_corners.into()],
    grid: Grid::Elements(pass.planes * pass.height * pass.width),
});
