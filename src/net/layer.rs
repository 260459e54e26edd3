//! The kinds of layers: their shapes, parameters and cost.

use super::Activation;
use serde::{Deserialize, Serialize};

/// One module of a stack. Indices count every module, activations included, as PyTorch's
/// `nn.Sequential` does; parameters mean what they mean in PyTorch's module of that kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Layer {
    /// y = W x + b with W `[outputs, inputs]` and b `[outputs]`. An image counts as its values in
    /// (channel, height, width) order.
    Linear {
        /// Features of x.
        inputs: usize,
        /// Features of y.
        outputs: usize,
    },
    /// A pointwise nonlinearity.
    Activation {
        /// Which one.
        function: Activation,
    },
    /// Convolution (`Conv2d`) with W `[outputs, inputs, kernel, kernel]` and b `[outputs]`.
    Conv(Convolution),
    /// Transposed convolution (`ConvTranspose2d`) with W `[inputs, outputs, kernel, kernel]` and b
    /// `[outputs]`.
    ConvTranspose(Convolution),
    /// The largest value of each window (`MaxPool2d`); its derivatives are those of the value that
    /// is the largest.
    MaxPool(Window),
    /// The mean of each window (`AvgPool2d`).
    AveragePool(Window),
    /// Bilinear upsampling by 2 (`Upsample(scale_factor=2, mode="bilinear")`).
    Upsample {
        /// Whether the corner values of input and output coincide.
        #[serde(default)]
        align_corners: bool,
    },
    /// Group normalisation (`GroupNorm`) with scale and shift `[channels]`.
    GroupNorm {
        /// Groups that the channels are divided into.
        groups: usize,
        /// Channels.
        channels: usize,
    },
    /// z / |z|: codes on a circle or a sphere.
    UnitNorm,
    /// An image as a vector (`Flatten`).
    Flatten,
    /// A vector as an image (`Unflatten(1, shape)`).
    Unflatten {
        /// [channels, height, width].
        shape: [usize; 3],
    },
}

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

/// Windows of a pooling, the same along both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Side of a window.
    pub kernel: usize,
    /// Distance of two windows; the kernel where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<usize>,
}

impl Window {
    /// Distance of two windows.
    pub fn stride(self) -> usize {
        self.stride.unwrap_or(self.kernel)
    }
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

/// Added to variances before their root is taken.
pub const NORM_EPSILON: f64 = 1e-5;

/// A tensor of parameters of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerParameter {
    /// PyTorch's name within the module.
    pub name: &'static str,
    /// PyTorch's shape.
    pub shape: Vec<usize>,
    /// How it starts.
    pub initial: Initial,
}

/// Initial values, as PyTorch has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initial {
    /// Uniform in +-1/sqrt(fan_in), where one output sums over `fan_in` inputs.
    Uniform {
        /// Inputs of one output.
        fan_in: usize,
    },
    /// Ones.
    One,
    /// Zeros.
    Zero,
}

impl Layer {
    /// Whether the layer is linear or affine, so that it commutes with sums of slots.
    pub fn is_linear(&self) -> bool {
        match self {
            Self::Linear { .. } | Self::Conv(_) | Self::ConvTranspose(_) => true,
            Self::AveragePool(_)
            | Self::Upsample { .. }
            | Self::Flatten
            | Self::Unflatten { .. } => true,
            Self::Activation { function } => *function == Activation::Linear,
            Self::MaxPool(_) | Self::GroupNorm { .. } | Self::UnitNorm => false,
        }
    }

    /// Name for people, with what matters, e.g. `conv 1 -> 32, 4x4, stride 2, padding 1`.
    pub fn describe(&self) -> String {
        let windows = |kernel: usize, stride: usize, padding: usize| {
            let padding = if padding == 0 {
                String::new()
            } else {
                format!(", padding {padding}")
            };
            format!("{kernel}x{kernel}, stride {stride}{padding}")
        };
        match self {
            Self::Linear { inputs, outputs } => format!("linear {inputs} -> {outputs}"),
            Self::Activation { function } => function.name().into(),
            Self::Conv(c) => format!(
                "conv {} -> {}, {}",
                c.inputs,
                c.outputs,
                windows(c.kernel, c.stride, c.padding)
            ),
            Self::ConvTranspose(c) => {
                let more = if c.output_padding == 0 {
                    String::new()
                } else {
                    format!(", output padding {}", c.output_padding)
                };
                let windows = windows(c.kernel, c.stride, c.padding);
                format!(
                    "transposed conv {} -> {}, {windows}{more}",
                    c.inputs, c.outputs
                )
            }
            Self::MaxPool(w) => format!("max pool {}", windows(w.kernel, w.stride(), 0)),
            Self::AveragePool(w) => format!("average pool {}", windows(w.kernel, w.stride(), 0)),
            Self::Upsample { align_corners } => {
                format!(
                    "upsample x2, bilinear{}",
                    if *align_corners {
                        ", corners aligned"
                    } else {
                        ""
                    }
                )
            }
            Self::GroupNorm { groups, channels } => {
                format!("group norm {groups} x {}", channels / groups.max(&1))
            }
            Self::UnitNorm => "unit norm".into(),
            Self::Flatten => "flatten".into(),
            Self::Unflatten { shape: [c, h, w] } => format!("unflatten {c} x {h} x {w}"),
        }
    }

    /// Shape of the output for an input of `shape`, `[n]` or [channels, height, width].
    ///
    /// # Errors
    /// What the layer cannot take, as the end of a sentence that begins with the layer.
    pub fn output_shape(&self, shape: &[usize]) -> Result<Vec<usize>, String> {
        let features: usize = shape.iter().product();
        let image = || match *shape {
            [c, h, w] => Ok([c, h, w]),
            _ => Err(format!(
                "is given {shape:?}, but needs an image [channels, height, width]: put an unflatten layer before it"
            )),
        };
        let channels = |wanted: usize| match image()? {
            [c, ..] if c != wanted => Err(format!("is given {shape:?}, which has {c} channels")),
            image => Ok(image),
        };
        let windows = |side: usize, kernel: usize, stride: usize, padding: usize| {
            if kernel == 0 || stride == 0 {
                Err("needs a kernel and a stride of at least 1".into())
            } else if side + 2 * padding < kernel {
                Err(format!(
                    "is given {shape:?}, which is smaller than its kernel"
                ))
            } else {
                Ok((side + 2 * padding - kernel) / stride + 1)
            }
        };
        match self {
            Self::Linear { inputs, outputs } => {
                if *inputs != features || *outputs == 0 {
                    return Err(format!("is given {features} features"));
                }
                Ok(vec![*outputs])
            }
            Self::Activation { .. } => Ok(shape.to_vec()),
            Self::Conv(c) => {
                let [_, h, w] = channels(c.inputs)?;
                if c.outputs == 0 || c.output_padding != 0 {
                    return Err(
                        "needs at least one output channel, and has no output padding".into(),
                    );
                }
                let side = |side| windows(side, c.kernel, c.stride, c.padding);
                Ok(vec![c.outputs, side(h)?, side(w)?])
            }
            Self::ConvTranspose(c) => {
                let [_, h, w] = channels(c.inputs)?;
                if c.outputs == 0
                    || c.kernel == 0
                    || c.stride == 0
                    || c.output_padding >= c.stride.max(1)
                {
                    return Err("needs output channels, a kernel, a stride, and an output padding below the stride".into());
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
            Self::MaxPool(window) | Self::AveragePool(window) => {
                let [c, h, w] = image()?;
                let side = |side| windows(side, window.kernel, window.stride(), 0);
                Ok(vec![c, side(h)?, side(w)?])
            }
            Self::Upsample { .. } => {
                let [c, h, w] = image()?;
                Ok(vec![c, 2 * h, 2 * w])
            }
            Self::GroupNorm {
                groups,
                channels: wanted,
            } => {
                channels(*wanted)?;
                if *groups == 0 || wanted % groups != 0 {
                    return Err(format!(
                        "cannot divide {wanted} channels into {groups} groups"
                    ));
                }
                Ok(shape.to_vec())
            }
            Self::UnitNorm => match shape {
                [_] => Ok(shape.to_vec()),
                _ => Err(format!("is given {shape:?}, but takes vectors")),
            },
            Self::Flatten => Ok(vec![features]),
            Self::Unflatten { shape: to } => {
                if to.iter().product::<usize>() != features {
                    return Err(format!("is given {features} features"));
                }
                Ok(to.to_vec())
            }
        }
    }

    /// Its parameters, the weight before the bias.
    pub fn parameters(&self) -> Vec<LayerParameter> {
        let pair = |weight: Vec<usize>, bias: usize, initial: [Initial; 2]| {
            vec![
                LayerParameter {
                    name: "weight",
                    shape: weight,
                    initial: initial[0],
                },
                LayerParameter {
                    name: "bias",
                    shape: vec![bias],
                    initial: initial[1],
                },
            ]
        };
        let uniform = |fan_in| [Initial::Uniform { fan_in }; 2];
        match self {
            Self::Linear { inputs, outputs } => {
                pair(vec![*outputs, *inputs], *outputs, uniform(*inputs))
            }
            Self::Conv(c) => pair(
                vec![c.outputs, c.inputs, c.kernel, c.kernel],
                c.outputs,
                uniform(c.inputs * c.kernel * c.kernel),
            ),
            // PyTorch counts the second dimension of the weight, whichever way the convolution
            // goes.
            Self::ConvTranspose(c) => pair(
                vec![c.inputs, c.outputs, c.kernel, c.kernel],
                c.outputs,
                uniform(c.outputs * c.kernel * c.kernel),
            ),
            Self::GroupNorm { channels, .. } => {
                pair(vec![*channels], *channels, [Initial::One, Initial::Zero])
            }
            _ => Vec::new(),
        }
    }

    /// Multiplications and additions of its products for one value slot of a sample of `shape`.
    pub fn flops(&self, shape: &[usize]) -> u64 {
        let area = |shape: &[usize]| shape.iter().skip(1).product::<usize>();
        let terms = match self {
            Self::Linear { inputs, outputs } => inputs * outputs,
            Self::Conv(c) => {
                let output = self.output_shape(shape).unwrap_or_default();
                area(&output) * c.outputs * c.inputs * c.kernel * c.kernel
            }
            Self::ConvTranspose(c) => area(shape) * c.outputs * c.inputs * c.kernel * c.kernel,
            _ => 0,
        };
        2 * terms as u64
    }
}
