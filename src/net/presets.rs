//! Networks by name.

use super::{Activation, Convolution, Layer, Network, Sides, Window};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// A family of networks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// Fully connected, of the widths that net.hidden gives
    #[default]
    Mlp,
    /// For images and signals of any size: convolutions 4x4/2 to 32, 64, 128 and then 256 channels,
    /// as many as leave at most 7 pixels along each side, linear 128
    Conv,
    /// For 28x28 images: convolutions 4x4/2 to 32 and 64 channels, linear 128
    Conv28,
    /// For 32x32 images: convolutions 4x4/2 to 64, 128 and 256 channels
    Conv32,
    /// For 64x64 images: convolutions 4x4/2 to 64, 128, 256 and 512 channels
    Conv64,
    /// For 28x28 images: 3x3 convolutions with max pooling and bilinear upsampling, after Yoon et
    /// al. (arXiv:2105.05735)
    Nae28,
    /// For 64x64 images: convolutions 5x5/2 to 1024 channels, after Ghosh et al.
    /// (arXiv:1903.12436), with group normalisation
    Rae64,
}

impl Preset {
    /// The network for samples of `shape`.
    ///
    /// # Errors
    /// When the preset is for images of another size, or a width is 0.
    pub fn network(
        self,
        shape: &[usize],
        hidden: &[usize],
        latent: usize,
        activation: Activation,
        output: Activation,
    ) -> Result<Network> {
        let side = match self {
            Self::Mlp => return Network::mlp(shape, hidden, latent, activation, output),
            Self::Conv => return fitted(shape, latent, activation, output),
            Self::Conv28 | Self::Nae28 => 28,
            Self::Conv32 => 32,
            Self::Conv64 | Self::Rae64 => 64,
        };
        let channels = match *shape {
            [channels, height, width] if height == side && width == side => channels,
            _ => {
                return Err(Error::input(format!(
                    "net.preset is for images of {side} x {side}, but samples have the shape {shape:?}: choose `conv`, which fits any size, another preset, or `mlp`"
                )));
            }
        };
        check_latent(latent)?;
        let (encoder, decoder) = match self {
            Self::Mlp | Self::Conv => unreachable!("returned above"),
            Self::Conv28 => strided(channels, side, &[32, 64], Some(128), latent, activation),
            Self::Conv32 => strided(channels, side, &[64, 128, 256], None, latent, activation),
            Self::Conv64 => strided(
                channels,
                side,
                &[64, 128, 256, 512],
                None,
                latent,
                activation,
            ),
            Self::Nae28 => pooled(channels, latent, activation),
            Self::Rae64 => normalised(channels, latent, activation),
        };
        finished(shape, encoder, decoder, output)
    }
}

/// # Errors
/// When there are no latent dimensions.
fn check_latent(latent: usize) -> Result<()> {
    if latent > 0 {
        return Ok(());
    }
    Err(Error::input(
        "net.latent is 0, but a latent space needs at least one dimension: choose net.latent >= 1",
    ))
}

/// The network of these stacks, with `output` at its end.
///
/// # Errors
/// When layers do not fit each other.
fn finished(
    shape: &[usize],
    encoder: Vec<Layer>,
    mut decoder: Vec<Layer>,
    output: Activation,
) -> Result<Network> {
    if output != Activation::Linear {
        decoder.push(Layer::Activation { function: output });
    }
    let network = Network {
        shape: shape.to_vec(),
        encoder,
        decoder,
        variational: false,
    };
    network.check()?;
    Ok(network)
}

/// Sides that [`fitted`] leaves at most.
const SMALL: usize = 7;

/// [`Preset::Conv`]: a convolution halves each side, rounded down, and a transposed one doubles it,
/// with an output padding of 1 where the side was odd, so that the size comes back exactly. Along a
/// side of 1, such as the height of signals, kernels have the size 1.
///
/// # Errors
/// When samples are vectors, or there are no latent dimensions.
fn fitted(
    shape: &[usize],
    latent: usize,
    function: Activation,
    output: Activation,
) -> Result<Network> {
    let &[channels, height, width] = shape else {
        return Err(Error::input(format!(
            "net.preset `conv` is for images and signals, but samples are vectors of {} features: read them as signals with --layout nl, \
             bring them to the shape of images with `nrae data prepare --shape HEIGHTxWIDTH`, or choose `mlp`",
            shape.iter().product::<usize>()
        )));
    };
    check_latent(latent)?;
    let mut side = Sides { height, width };
    let (mut encoder, mut decoder) = (Vec::new(), Vec::new());
    let mut inputs = channels;
    while encoder.is_empty() || side.height.max(side.width) > SMALL {
        let outputs = 256.min(32 << encoder.len());
        let down = Convolution {
            inputs,
            outputs,
            kernel: side.map(|side| if side > 1 { 4 } else { 1 }),
            stride: 2,
            padding: side.map(|side| usize::from(side > 1)),
            output_padding: 0.into(),
        };
        let up = Convolution {
            inputs: outputs,
            outputs: inputs,
            output_padding: side.map(|side| usize::from(side > 1 && side % 2 == 1)),
            ..down
        };
        encoder.push(Layer::Conv(down));
        decoder.insert(0, Layer::ConvTranspose(up));
        side = side.map(|side| (side / 2).max(1));
        inputs = outputs;
    }
    let last = [inputs, side.height, side.width];
    let flat = last.iter().product();
    let linear = |inputs, outputs| Layer::Linear { inputs, outputs };
    encoder.extend([Layer::Flatten, linear(flat, 128), linear(128, latent)]);
    decoder.splice(
        0..0,
        [
            linear(latent, 128),
            linear(128, flat),
            Layer::Unflatten { shape: last },
        ],
    );
    finished(
        shape,
        activated(encoder, function),
        activated(decoder, function),
        output,
    )
}

fn conv(inputs: usize, outputs: usize, kernel: usize, stride: usize, padding: usize) -> Layer {
    Layer::Conv(Convolution {
        inputs,
        outputs,
        kernel: kernel.into(),
        stride,
        padding: padding.into(),
        output_padding: 0.into(),
    })
}

fn conv_transpose(
    inputs: usize,
    outputs: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
) -> Layer {
    Layer::ConvTranspose(Convolution {
        inputs,
        outputs,
        kernel: kernel.into(),
        stride,
        padding: padding.into(),
        output_padding: 0.into(),
    })
}

/// Layers with `function` behind each but the last.
fn activated(layers: Vec<Layer>, function: Activation) -> Vec<Layer> {
    let last = layers.len() - 1;
    let follow = |(i, layer): (usize, Layer)| {
        // Neither shapes nor pools are activated.
        let plain = layer.parameters().is_empty() || matches!(layer, Layer::GroupNorm { .. });
        let activation = (i != last && !plain).then_some(Layer::Activation { function });
        std::iter::once(layer).chain(activation)
    };
    layers.into_iter().enumerate().flat_map(follow).collect()
}

/// Convolutions 4x4 of stride 2 that halve the image each, then linear layers; and the mirror
/// image.
fn strided(
    channels: usize,
    side: usize,
    widths: &[usize],
    hidden: Option<usize>,
    latent: usize,
    function: Activation,
) -> (Vec<Layer>, Vec<Layer>) {
    let last = *widths.last().expect("at least one convolution");
    let side = side >> widths.len();
    let flat = last * side * side;
    let from: Vec<usize> = std::iter::once(channels)
        .chain(widths.iter().copied())
        .collect();
    let linear: Vec<usize> = std::iter::once(flat)
        .chain(hidden)
        .chain([latent])
        .collect();

    let mut encoder: Vec<Layer> = from
        .windows(2)
        .map(|pair| conv(pair[0], pair[1], 4, 2, 1))
        .collect();
    encoder.push(Layer::Flatten);
    encoder.extend(linear.windows(2).map(|pair| Layer::Linear {
        inputs: pair[0],
        outputs: pair[1],
    }));
    let mut decoder: Vec<Layer> = linear
        .windows(2)
        .rev()
        .map(|pair| Layer::Linear {
            inputs: pair[1],
            outputs: pair[0],
        })
        .collect();
    decoder.push(Layer::Unflatten {
        shape: [last, side, side],
    });
    decoder.extend(
        from.windows(2)
            .rev()
            .map(|pair| conv_transpose(pair[1], pair[0], 4, 2, 1)),
    );
    (activated(encoder, function), activated(decoder, function))
}

/// Small kernels with pooling on the way down and bilinear upsampling on the way up.
fn pooled(channels: usize, latent: usize, function: Activation) -> (Vec<Layer>, Vec<Layer>) {
    let pool = || {
        Layer::MaxPool(Window {
            kernel: 2,
            stride: None,
        })
    };
    let up = || Layer::Upsample {
        align_corners: true,
    };
    let encoder = vec![
        conv(channels, 32, 3, 1, 0),
        conv(32, 64, 3, 1, 0),
        pool(),
        conv(64, 64, 3, 1, 0),
        conv(64, 128, 3, 1, 0),
        pool(),
        conv(128, 1024, 4, 1, 0),
        Layer::Flatten,
        Layer::Linear {
            inputs: 1024,
            outputs: latent,
        },
    ];
    let decoder = vec![
        Layer::Unflatten {
            shape: [latent, 1, 1],
        },
        conv_transpose(latent, 128, 4, 1, 0),
        up(),
        conv_transpose(128, 64, 3, 1, 0),
        conv_transpose(64, 64, 3, 1, 0),
        up(),
        conv_transpose(64, 32, 3, 1, 0),
        conv_transpose(32, channels, 3, 1, 0),
    ];
    // 4 -> 8 -> 10 -> 12 -> 24 -> 26 -> 28.
    (activated(encoder, function), activated(decoder, function))
}

/// Convolutions 5x5 of stride 2 with group normalisation, and 4x4 transposed ones.
fn normalised(channels: usize, latent: usize, function: Activation) -> (Vec<Layer>, Vec<Layer>) {
    let widths = [128, 256, 512, 1024];
    let mut encoder = Vec::new();
    let mut from = channels;
    for to in widths {
        encoder.extend([
            conv(from, to, 5, 2, 2),
            Layer::GroupNorm {
                groups: 8,
                channels: to,
            },
            Layer::Activation { function },
        ]);
        from = to;
    }
    encoder.extend([
        Layer::Flatten,
        Layer::Linear {
            inputs: 1024 * 4 * 4,
            outputs: latent,
        },
    ]);
    let mut decoder = vec![
        Layer::Unflatten {
            shape: [latent, 1, 1],
        },
        conv_transpose(latent, 1024, 8, 1, 0),
    ];
    let mut from = 1024;
    for to in [512, 256, 128] {
        decoder.extend([
            Layer::GroupNorm {
                groups: 8,
                channels: from,
            },
            Layer::Activation { function },
            conv_transpose(from, to, 4, 2, 1),
        ]);
        from = to;
    }
    decoder.extend([
        Layer::GroupNorm {
            groups: 8,
            channels: from,
        },
        Layer::Activation { function },
        conv(from, channels, 1, 1, 0),
    ]);
    (encoder, decoder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_fit_their_images_and_refuse_others() {
        for (preset, shape) in [
            (Preset::Conv28, [1, 28, 28]),
            (Preset::Conv32, [3, 32, 32]),
            (Preset::Conv64, [3, 64, 64]),
            (Preset::Nae28, [1, 28, 28]),
            (Preset::Rae64, [3, 64, 64]),
        ] {
            let network = preset
                .network(&shape, &[], 16, Activation::Relu, Activation::Sigmoid)
                .unwrap();
            assert_eq!(
                (network.latent(), network.output()),
                (16, Activation::Sigmoid),
                "{preset:?}"
            );
            assert_eq!(
                network.decoder_shapes().unwrap().pop().unwrap(),
                shape,
                "{preset:?}"
            );
            let message = preset
                .network(&[1, 30, 30], &[], 16, Activation::Relu, Activation::Linear)
                .unwrap_err()
                .to_string();
            assert!(message.contains("[1, 30, 30]"), "{message}");
        }
    }

    #[test]
    fn conv_gives_back_any_size() {
        let network = |shape: [usize; 3]| {
            Preset::Conv.network(&shape, &[], 2, Activation::Elu, Activation::Linear)
        };
        for (shape, convolutions) in [
            ([1, 30, 30], 2),
            ([5, 131, 2], 5),
            ([1, 28, 28], 2),
            ([3, 64, 64], 4),
            ([1, 105, 105], 4),
            ([12, 1, 1000], 7),
            ([2, 7, 7], 1),
            ([1, 1, 1], 1),
            ([4, 33, 17], 3),
        ] {
            let network = network(shape).unwrap();
            let shapes = network.decoder_shapes().unwrap();
            assert_eq!(shapes.last().unwrap(), &shape);
            let are = |layer: &&Layer| matches!(layer, Layer::Conv(_));
            assert_eq!(network.encoder.iter().filter(are).count(), convolutions);
        }
        let vectors = Preset::Conv.network(&[9], &[], 2, Activation::Elu, Activation::Linear);
        let message = vectors.unwrap_err().to_string();
        assert!(message.contains("vectors of 9 features"), "{message}");
        let told = network([12, 1, 1000]).unwrap().encoder[0].describe();
        assert_eq!(told, "conv 12 -> 32, 1x4, stride 2, padding (0, 1)");
    }

    #[test]
    fn conv28_is_that_of_the_benchmarks() {
        let network = Preset::Conv28
            .network(&[1, 28, 28], &[], 16, Activation::Relu, Activation::Sigmoid)
            .unwrap();
        let told: Vec<String> = network
            .encoder
            .iter()
            .chain(&network.decoder)
            .map(Layer::describe)
            .collect();
        assert_eq!(told[0], "conv 1 -> 32, 4x4, stride 2, padding 1");
        assert_eq!(
            told[5..8],
            ["linear 3136 -> 128", "relu", "linear 128 -> 16"]
        );
        assert_eq!(
            told[told.len() - 2..],
            [
                "transposed conv 32 -> 1, 4x4, stride 2, padding 1",
                "sigmoid"
            ]
        );
    }
}
