//! Convolutions and transposed convolutions.

use super::{Initial, Kind, LayerParameter, describe_windows, image_of, weight_and_bias, windows};
use serde::{Deserialize, Serialize};

/// Channels, kernel, stride and padding of a convolution, the same along both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Convolution {
    /// Channels of the input.
    pub inputs: usize,
    /// Channels of the output.
    pub outputs: usize,
    /// Side of the kernel.
    pub kernel: usize,
    /// Distance of two windows.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub stride: usize,
    /// Zeros around the image.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub padding: usize,
    /// Added to one side of a transposed convolution's output.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub output_padding: usize,
}

fn one() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_one(value: &usize) -> bool {
    *value == 1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(value: &usize) -> bool {
    *value == 0
}

impl Convolution {
    /// Elements of the weight.
    fn weights(self) -> usize {
        self.outputs * self.inputs * self.kernel * self.kernel
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
        if c.outputs == 0 || c.output_padding != 0 {
            return Err("needs at least one output channel, and has no output padding".into());
        }
        let side = |side| windows(shape, side, c.kernel, c.stride, c.padding);
        Ok(vec![c.outputs, side(h)?, side(w)?])
    }

    fn parameters(&self) -> Vec<LayerParameter> {
        let c = self.0;
        let fan_in = fan_in(c.inputs, c.kernel);
        weight_and_bias(
            vec![c.outputs, c.inputs, c.kernel, c.kernel],
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
        let more = match self.0.output_padding {
            0 => String::new(),
            padding => format!(", output padding {padding}"),
        };
        format!("transposed {}{more}", self.0.describe())
    }

    fn output_shape(&self, shape: &[usize]) -> Result<Vec<usize>, String> {
        let c = self.0;
        let [_, h, w] = image_of(shape, c.inputs)?;
        if c.outputs == 0 || c.kernel == 0 || c.stride == 0 || c.output_padding >= c.stride.max(1) {
            return Err(
                "needs output channels, a kernel, a stride, and an output padding below the stride"
                    .into(),
            );
        }
        let side = |side: usize| {
            let whole = (side - 1) * c.stride + c.kernel + c.output_padding;
            if whole > 2 * c.padding {
                Ok(whole - 2 * c.padding)
            } else {
                Err(format!(
                    "is given {shape:?}, of which its padding leaves nothing"
                ))
            }
        };
        Ok(vec![c.outputs, side(h)?, side(w)?])
    }

    fn parameters(&self) -> Vec<LayerParameter> {
        let c = self.0;
        // PyTorch counts the second dimension of the weight, whichever way the convolution goes.
        let fan_in = fan_in(c.outputs, c.kernel);
        weight_and_bias(
            vec![c.inputs, c.outputs, c.kernel, c.kernel],
            c.outputs,
            [Initial::Uniform { fan_in }; 2],
        )
    }

    fn products(&self, shape: &[usize]) -> usize {
        area(shape) * self.0.weights()
    }
}

/// Inputs of an output; networks whose parameters are too many to count are refused afterwards.
fn fan_in(channels: usize, kernel: usize) -> usize {
    channels.saturating_mul(kernel).saturating_mul(kernel)
}

/// Pixels of an image.
fn area(shape: &[usize]) -> usize {
    shape.iter().skip(1).product()
}
