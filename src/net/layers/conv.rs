//! Convolutions and transposed convolutions.

use super::{
    Initial, Kind, LayerParameter, Sides, describe_windows, image_of, weight_and_bias, windows,
};
use serde::{Deserialize, Serialize};

/// Channels, kernel, stride and padding of a convolution. A kernel of height 1 without padding above
/// and below is a convolution along signals [channels, 1, length].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Convolution {
    /// Channels of the input.
    pub inputs: usize,
    /// Channels of the output.
    pub outputs: usize,
    /// Sides of the kernel.
    pub kernel: Sides,
    /// Distance of two windows, along both sides.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub stride: usize,
    /// Zeros around the image: above and below, left and right.
    #[serde(default, skip_serializing_if = "Sides::is_zero")]
    pub padding: Sides,
    /// Added to a transposed convolution's output: below, and on the right.
    #[serde(default, skip_serializing_if = "Sides::is_zero")]
    pub output_padding: Sides,
}

fn one() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_one(value: &usize) -> bool {
    *value == 1
}

impl Convolution {
    /// Elements of the weight.
    fn weights(self) -> usize {
        self.outputs * self.inputs * self.kernel.area()
    }

    /// Channels and windows for people.
    fn describe(self) -> String {
        let windows = describe_windows(self.kernel, self.stride, self.padding);
        format!("conv {} -> {}, {windows}", self.inputs, self.outputs)
    }
}

/// [`Layer::Conv`](super::Layer::Conv).
pub(super) struct Conv(pub(super) Convolution);

impl Kind for Conv {
    fn is_linear(&self) -> bool {
        true
    }

    fn describe(&self) -> String {
        self.0.describe()
    }

    fn output_shape(&self, shape: &[usize]) -> Result<Vec<usize>, String> {
        let c = self.0;
        let [_, h, w] = image_of(shape, c.inputs)?;
        if c.outputs == 0 || !c.output_padding.is_zero() {
            return Err("needs at least one output channel, and has no output padding".into());
        }
        let (kernel, padding) = (c.kernel, c.padding);
        Ok(vec![
            c.outputs,
            windows(shape, h, kernel.height, c.stride, padding.height)?,
            windows(shape, w, kernel.width, c.stride, padding.width)?,
        ])
    }

    fn parameters(&self) -> Vec<LayerParameter> {
        let c = self.0;
        let fan_in = fan_in(c.inputs, c.kernel);
        weight_and_bias(
            vec![c.outputs, c.inputs, c.kernel.height, c.kernel.width],
            c.outputs,
            [Initial::Uniform { fan_in }; 2],
        )
    }

    fn products(&self, shape: &[usize]) -> usize {
        let output = self.output_shape(shape).unwrap_or_default();
        area(&output) * self.0.weights()
    }
}

/// [`Layer::ConvTranspose`](super::Layer::ConvTranspose).
pub(super) struct ConvTranspose(pub(super) Convolution);

impl Kind for ConvTranspose {
    fn is_linear(&self) -> bool {
        true
    }

    fn describe(&self) -> String {
        let more = if self.0.output_padding.is_zero() {
            String::new()
        } else {
            format!(", output padding {}", self.0.output_padding)
        };
        format!("transposed {}{more}", self.0.describe())
    }

    fn output_shape(&self, shape: &[usize]) -> Result<Vec<usize>, String> {
        let c = self.0;
        let [_, h, w] = image_of(shape, c.inputs)?;
        let (kernel, padding, more) = (c.kernel, c.padding, c.output_padding);
        if c.outputs == 0 || kernel.area() == 0 || more.height.max(more.width) >= c.stride {
            return Err(
                "needs output channels, a kernel, a stride, and an output padding below the stride"
                    .into(),
            );
        }
        let side = |side: usize, kernel: usize, padding: usize, more: usize| {
            let whole = (side - 1) * c.stride + kernel + more;
            if whole > 2 * padding {
                Ok(whole - 2 * padding)
            } else {
                Err(format!(
                    "is given {shape:?}, of which its padding leaves nothing"
                ))
            }
        };
        Ok(vec![
            c.outputs,
            side(h, kernel.height, padding.height, more.height)?,
            side(w, kernel.width, padding.width, more.width)?,
        ])
    }

    fn parameters(&self) -> Vec<LayerParameter> {
        let c = self.0;
        // PyTorch counts the second dimension of the weight, whichever way the convolution goes.
        let fan_in = fan_in(c.outputs, c.kernel);
        weight_and_bias(
            vec![c.inputs, c.outputs, c.kernel.height, c.kernel.width],
            c.outputs,
            [Initial::Uniform { fan_in }; 2],
        )
    }

    fn products(&self, shape: &[usize]) -> usize {
        area(shape) * self.0.weights()
    }
}

/// Inputs of an output; networks whose parameters are too many to count are refused afterwards.
fn fan_in(channels: usize, kernel: Sides) -> usize {
    channels
        .saturating_mul(kernel.height)
        .saturating_mul(kernel.width)
}

/// Pixels of an image.
fn area(shape: &[usize]) -> usize {
    shape.iter().skip(1).product()
}
