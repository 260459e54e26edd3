//! The kinds of layers, one a file: what each is called, the shapes that it takes and gives, its
//! parameters and its cost.

mod activation;
mod conv;
mod linear;
mod norm;
mod pool;
mod reshape;
mod upsample;

pub use activation::Activation;
pub use conv::Convolution;
pub use norm::NORM_EPSILON;
pub use pool::Window;

use crate::net::Sides;
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
    /// Convolution (`Conv2d`) with W `[outputs, inputs, kernel height, kernel
    /// width]` and b `[outputs]`.
    Conv(Convolution),
    /// Transposed convolution (`ConvTranspose2d`) with W `[inputs, outputs, kernel height, kernel
    /// width]` and b `[outputs]`.
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
    /// z / |z|: latents on a circle or a sphere.
    UnitNorm,
    /// An image as a vector (`Flatten`).
    Flatten,
    /// A vector as an image (`Unflatten(1, shape)`).
    Unflatten {
        /// [channels, height, width].
        shape: [usize; 3],
    },
}

/// What a kind of layer answers about itself.
trait Kind {
    /// Whether it is linear or affine, so that it commutes with sums of slots.
    fn is_linear(&self) -> bool;

    /// Name for people, with what matters.
    fn describe(&self) -> String;

    /// Shape of the output for an input of `shape`. An error is the end of a sentence that begins
    /// with the layer.
    fn output_shape(&self, shape: &[usize]) -> Result<Vec<usize>, String>;

    /// Its parameters, the weight before the bias.
    fn parameters(&self) -> Vec<LayerParameter> {
        Vec::new()
    }

    /// Multiplications, each with its addition, for one value slot of a sample of `shape`.
    fn products(&self, _shape: &[usize]) -> usize {
        0
    }
}

impl Layer {
    /// The one place that tells the kinds apart; the answers are in the file of each.
    fn kind(&self) -> Box<dyn Kind> {
        match *self {
            Self::Linear { inputs, outputs } => Box::new(linear::Linear { inputs, outputs }),
            Self::Activation { function } => Box::new(function),
            Self::Conv(convolution) => Box::new(conv::Conv(convolution)),
            Self::ConvTranspose(convolution) => Box::new(conv::ConvTranspose(convolution)),
            Self::MaxPool(window) => Box::new(pool::MaxPool(window)),
            Self::AveragePool(window) => Box::new(pool::AveragePool(window)),
            Self::Upsample { align_corners } => Box::new(upsample::Upsample { align_corners }),
            Self::GroupNorm { groups, channels } => Box::new(norm::GroupNorm { groups, channels }),
            Self::UnitNorm => Box::new(norm::UnitNorm),
            Self::Flatten => Box::new(reshape::Flatten),
            Self::Unflatten { shape } => Box::new(reshape::Unflatten { shape }),
        }
    }

    /// Whether the layer is linear or affine, so that it commutes with sums of slots.
    pub fn is_linear(&self) -> bool {
        self.kind().is_linear()
    }

    /// Name for people, with what matters, e.g. `conv 1 -> 32, 4x4, stride 2, padding 1`.
    pub fn describe(&self) -> String {
        self.kind().describe()
    }

    /// Shape of the output for an input of `shape`, `[n]` or [channels, height, width].
    ///
    /// # Errors
    /// What the layer cannot take, as the end of a sentence that begins with the layer.
    pub fn output_shape(&self, shape: &[usize]) -> Result<Vec<usize>, String> {
        self.kind().output_shape(shape)
    }

    /// Its parameters, the weight before the bias.
    pub fn parameters(&self) -> Vec<LayerParameter> {
        self.kind().parameters()
    }

    /// Multiplications and additions of its products for one value slot of a sample of `shape`.
    pub fn flops(&self, shape: &[usize]) -> u64 {
        2 * self.kind().products(shape) as u64
    }
}

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

/// A weight of shape `weight` with a bias `[bias]`, which start as `initial`.
fn weight_and_bias(weight: Vec<usize>, bias: usize, initial: [Initial; 2]) -> Vec<LayerParameter> {
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
}

/// [channels, height, width], where `shape` is that of an image.
fn image(shape: &[usize]) -> Result<[usize; 3], String> {
    shape.try_into().map_err(|_| {
        format!(
            "is given {shape:?}, but needs an image [channels, height, width]: put an unflatten layer before it"
        )
    })
}

/// As [`image`], of an image with so many channels.
fn image_of(shape: &[usize], channels: usize) -> Result<[usize; 3], String> {
    match image(shape)? {
        [c, ..] if c != channels => Err(format!("is given {shape:?}, which has {c} channels")),
        image => Ok(image),
    }
}

/// Windows along a side of an image of `shape`.
fn windows(
    shape: &[usize],
    side: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
) -> Result<usize, String> {
    if kernel == 0 || stride == 0 {
        Err("needs a kernel and a stride of at least 1".into())
    } else if side + 2 * padding < kernel {
        Err(format!(
            "is given {shape:?}, which is smaller than its kernel"
        ))
    } else {
        Ok((side + 2 * padding - kernel) / stride + 1)
    }
}

/// Windows for people: `4x4, stride 2, padding 1`.
fn describe_windows(kernel: Sides, stride: usize, padding: Sides) -> String {
    let padding = if padding.is_zero() {
        String::new()
    } else {
        format!(", padding {padding}")
    };
    let Sides { height, width } = kernel;
    format!("{height}x{width}, stride {stride}{padding}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every kind, with and without what it may leave out, and how it stands in configurations and
    /// in the files of models.
    fn written() -> Vec<(Layer, &'static str)> {
        let convolution = |stride, padding, output_padding| Convolution {
            inputs: 3,
            outputs: 8,
            kernel: 4.into(),
            stride,
            padding: Sides::from(padding),
            output_padding: Sides::from(output_padding),
        };
        let window = |stride| Window { kernel: 2, stride };
        vec![
            (
                Layer::Linear {
                    inputs: 5,
                    outputs: 2,
                },
                r#"{"kind":"linear","inputs":5,"outputs":2}"#,
            ),
            (
                Layer::Activation {
                    function: Activation::LeakyRelu,
                },
                r#"{"kind":"activation","function":"leaky-relu"}"#,
            ),
            (
                Layer::Conv(convolution(1, 0, 0)),
                r#"{"kind":"conv","inputs":3,"outputs":8,"kernel":4}"#,
            ),
            (
                Layer::ConvTranspose(convolution(2, 1, 1)),
                r#"{"kind":"conv-transpose","inputs":3,"outputs":8,"kernel":4,"stride":2,"padding":1,"output_padding":1}"#,
            ),
            (
                Layer::MaxPool(window(None)),
                r#"{"kind":"max-pool","kernel":2}"#,
            ),
            (
                Layer::AveragePool(window(Some(1))),
                r#"{"kind":"average-pool","kernel":2,"stride":1}"#,
            ),
            (
                Layer::Upsample {
                    align_corners: false,
                },
                r#"{"kind":"upsample","align_corners":false}"#,
            ),
            (
                Layer::GroupNorm {
                    groups: 2,
                    channels: 8,
                },
                r#"{"kind":"group-norm","groups":2,"channels":8}"#,
            ),
            (Layer::UnitNorm, r#"{"kind":"unit-norm"}"#),
            (Layer::Flatten, r#"{"kind":"flatten"}"#),
            (
                Layer::Unflatten { shape: [8, 2, 2] },
                r#"{"kind":"unflatten","shape":[8,2,2]}"#,
            ),
        ]
    }

    #[test]
    fn layers_are_written_as_they_have_always_been() {
        for (layer, json) in written() {
            assert_eq!(serde_json::to_string(&layer).unwrap(), json);
            assert_eq!(serde_json::from_str::<Layer>(json).unwrap(), layer);
        }
        let bare: Layer = serde_json::from_str(r#"{"kind":"upsample"}"#).unwrap();
        assert_eq!(bare.describe(), "upsample x2, bilinear");
        for unknown in [
            r#"{"kind":"linear","inputs":5,"outputs":2,"bias":false}"#,
            r#"{"kind":"conv","inputs":5,"outputs":2,"kernel":3,"groups":1}"#,
            r#"{"kind":"dropout"}"#,
        ] {
            assert!(serde_json::from_str::<Layer>(unknown).is_err(), "{unknown}");
        }
    }

    #[test]
    fn every_kind_answers_for_itself() {
        let told: Vec<_> = written()
            .into_iter()
            .map(|(layer, _)| {
                let shape: &[usize] = match layer {
                    Layer::Linear { .. } => &[5],
                    Layer::UnitNorm | Layer::Unflatten { .. } => &[32],
                    Layer::GroupNorm { .. } => &[8, 6, 4],
                    _ => &[3, 6, 4],
                };
                (
                    layer.describe(),
                    layer.is_linear(),
                    layer.output_shape(shape).unwrap(),
                    layer.parameters().into_iter().map(|p| p.shape).collect(),
                    layer.flops(shape),
                )
            })
            .collect();
        type Told = (String, bool, Vec<usize>, Vec<Vec<usize>>, u64);
        let row = |name: &str, linear, shape: &[usize], parameters: &[&[usize]], flops| -> Told {
            let parameters = parameters.iter().map(|shape| shape.to_vec()).collect();
            (name.to_owned(), linear, shape.to_vec(), parameters, flops)
        };
        assert_eq!(
            told,
            [
                row("linear 5 -> 2", true, &[2], &[&[2, 5], &[2]], 20),
                row("leaky-relu", false, &[3, 6, 4], &[], 0),
                row(
                    "conv 3 -> 8, 4x4, stride 1",
                    true,
                    &[8, 3, 1],
                    &[&[8, 3, 4, 4], &[8]],
                    2 * 3 * 8 * 3 * 16
                ),
                row(
                    "transposed conv 3 -> 8, 4x4, stride 2, padding 1, output padding 1",
                    true,
                    &[8, 13, 9],
                    &[&[3, 8, 4, 4], &[8]],
                    2 * 24 * 8 * 3 * 16
                ),
                row("max pool 2x2, stride 2", false, &[3, 3, 2], &[], 0),
                row("average pool 2x2, stride 1", true, &[3, 5, 3], &[], 0),
                row("upsample x2, bilinear", true, &[3, 12, 8], &[], 0),
                row("group norm 2 x 4", false, &[8, 6, 4], &[&[8], &[8]], 0),
                row("unit norm", false, &[32], &[], 0),
                row("flatten", true, &[72], &[], 0),
                row("unflatten 8 x 2 x 2", true, &[8, 2, 2], &[], 0),
            ]
        );
    }

    #[test]
    fn what_a_layer_cannot_take_is_said() {
        let written: Vec<Layer> = written().into_iter().map(|(layer, _)| layer).collect();
        let refusal = |at: usize, shape: &[usize]| written[at].output_shape(shape).unwrap_err();
        assert_eq!(refusal(0, &[6]), "is given 6 features");
        assert_eq!(
            refusal(2, &[3, 6]),
            "is given [3, 6], but needs an image [channels, height, width]: put an unflatten layer before it"
        );
        assert_eq!(
            refusal(2, &[1, 6, 6]),
            "is given [1, 6, 6], which has 1 channels"
        );
        assert_eq!(
            refusal(2, &[3, 6, 3]),
            "is given [3, 6, 3], which is smaller than its kernel"
        );
        assert_eq!(
            refusal(8, &[3, 6, 4]),
            "is given [3, 6, 4], but takes vectors"
        );
        assert_eq!(refusal(10, &[31]), "is given 31 features");
        let norm = Layer::GroupNorm {
            groups: 3,
            channels: 8,
        };
        assert_eq!(
            norm.output_shape(&[8, 1, 1]).unwrap_err(),
            "cannot divide 8 channels into 3 groups"
        );
    }
}
