//! Layers by the formulas of PyTorch's documentation.

use super::activation;

/// A layer with its parameters. Images are [channels, height, width].
#[derive(Clone, Debug)]
pub enum Layer {
    /// weight [outputs][inputs]
    Linear {
        weight: Vec<Vec<f64>>,
        bias: Vec<f64>,
    },
    Activation(String),
    /// `Conv2d`: weight [outputs][inputs][row][column]
    Conv {
        weight: Kernels,
        bias: Vec<f64>,
        stride: usize,
        padding: [usize; 2],
    },
    /// `ConvTranspose2d`: weight [inputs][outputs][row][column]
    ConvTranspose {
        weight: Kernels,
        bias: Vec<f64>,
        stride: usize,
        padding: [usize; 2],
        output_padding: [usize; 2],
    },
    MaxPool {
        kernel: usize,
        stride: usize,
    },
    AveragePool {
        kernel: usize,
        stride: usize,
    },
    /// `Upsample(scale_factor=2, mode="bilinear")`
    Upsample {
        align_corners: bool,
    },
    GroupNorm {
        groups: usize,
        scale: Vec<f64>,
        shift: Vec<f64>,
    },
    UnitNorm,
    Flatten,
    Unflatten([usize; 3]),
}

pub type Kernels = Vec<Vec<Vec<Vec<f64>>>>;

/// A sample between two layers.
#[derive(Clone, Debug)]
pub struct Sample {
    /// `[n]` or [channels, height, width].
    pub shape: Vec<usize>,
    /// In (channel, row, column) order.
    pub values: Vec<f64>,
}

impl Sample {
    fn sides(&self) -> (usize, usize, usize) {
        (self.shape[0], self.shape[1], self.shape[2])
    }

    fn pixel(&self, c: usize, y: usize, x: usize) -> f64 {
        self.values[(c * self.shape[1] + y) * self.shape[2] + x]
    }

    fn image(
        channels: usize,
        height: usize,
        width: usize,
        pixel: impl Fn(usize, usize, usize) -> f64,
    ) -> Self {
        let mut values = Vec::new();
        for c in 0..channels {
            for y in 0..height {
                for x in 0..width {
                    values.push(pixel(c, y, x));
                }
            }
        }
        Self {
            shape: vec![channels, height, width],
            values,
        }
    }

    fn vector(values: Vec<f64>) -> Self {
        Self {
            shape: vec![values.len()],
            values,
        }
    }
}

/// What a stack of layers makes of `x`, a sample of `shape`, and how near to a kink it comes on the
/// way.
pub fn apply(layers: &[Layer], shape: &[usize], x: &[f64]) -> (Vec<f64>, f64) {
    let mut sample = Sample {
        shape: shape.to_vec(),
        values: x.to_vec(),
    };
    let mut clearance = f64::INFINITY;
    for layer in layers {
        clearance = clearance.min(layer.clearance(&sample));
        sample = layer.apply(&sample);
    }
    (sample.values, clearance)
}

impl Layer {
    /// How far from a kink `x` is: from 0 in front of an activation that has one there, from the
    /// second largest value of a window.
    fn clearance(&self, x: &Sample) -> f64 {
        match self {
            Self::Activation(name)
                if ["relu", "leaky-relu", "elu", "selu"].contains(&name.as_str()) =>
            {
                x.values
                    .iter()
                    .fold(f64::INFINITY, |least, value| least.min(value.abs()))
            }
            Self::MaxPool { kernel, stride } => {
                let gaps = pool(x, *kernel, *stride, |window| {
                    let mut sorted = window.to_vec();
                    sorted.sort_by(|a, b| b.total_cmp(a));
                    if sorted.len() > 1 {
                        sorted[0] - sorted[1]
                    } else {
                        f64::INFINITY
                    }
                });
                gaps.values.iter().copied().fold(f64::INFINITY, f64::min)
            }
            _ => f64::INFINITY,
        }
    }

    pub fn apply(&self, x: &Sample) -> Sample {
        match self {
            Self::Linear { weight, bias } => Sample::vector(
                weight
                    .iter()
                    .zip(bias)
                    .map(|(row, bias)| super::dot(row, &x.values) + bias)
                    .collect(),
            ),
            Self::Activation(name) => Sample {
                shape: x.shape.clone(),
                values: x
                    .values
                    .iter()
                    .map(|x| activation::value(name, *x))
                    .collect(),
            },
            Self::Conv {
                weight,
                bias,
                stride,
                padding,
            } => conv(x, weight, bias, *stride, *padding),
            Self::ConvTranspose {
                weight,
                bias,
                stride,
                padding,
                output_padding,
            } => conv_transpose(x, weight, bias, *stride, *padding, *output_padding),
            Self::MaxPool { kernel, stride } => pool(x, *kernel, *stride, |window| {
                window.iter().copied().fold(f64::NEG_INFINITY, f64::max)
            }),
            Self::AveragePool { kernel, stride } => pool(x, *kernel, *stride, |window| {
                window.iter().sum::<f64>() / window.len() as f64
            }),
            Self::Upsample { align_corners } => upsample(x, *align_corners),
            Self::GroupNorm {
                groups,
                scale,
                shift,
            } => group_norm(x, *groups, scale, shift),
            Self::UnitNorm => {
                let norm = super::dot(&x.values, &x.values).sqrt();
                Sample::vector(x.values.iter().map(|value| value / norm).collect())
            }
            Self::Flatten => Sample::vector(x.values.clone()),
            Self::Unflatten(shape) => Sample {
                shape: shape.to_vec(),
                values: x.values.clone(),
            },
        }
    }
}

/// out[o, y, x] = bias[o] + sum over i, r, c of weight[o, i, r, c] in[i, stride y + r - above, stride x
/// + c - left], 0 outside.
fn conv(
    input: &Sample,
    weight: &Kernels,
    bias: &[f64],
    stride: usize,
    [above, left]: [usize; 2],
) -> Sample {
    let (inputs, height, width) = input.sides();
    let (rows, columns) = (weight[0][0].len(), weight[0][0][0].len());
    let high = (height + 2 * above - rows) / stride + 1;
    let wide = (width + 2 * left - columns) / stride + 1;
    Sample::image(weight.len(), high, wide, |o, y, x| {
        let mut sum = bias[o];
        for i in 0..inputs {
            for r in 0..rows {
                for c in 0..columns {
                    let (row, column) = (stride * y + r, stride * x + c);
                    let inside = row >= above
                        && row < height + above
                        && column >= left
                        && column < width + left;
                    if inside {
                        sum += weight[o][i][r][c] * input.pixel(i, row - above, column - left);
                    }
                }
            }
        }
        sum
    })
}

/// Every input pixel adds its kernel to out[o, stride y + r - above, stride x + c - left], as far as
/// that is inside.
fn conv_transpose(
    input: &Sample,
    weight: &Kernels,
    bias: &[f64],
    stride: usize,
    [above, left]: [usize; 2],
    more: [usize; 2],
) -> Sample {
    let (inputs, height, width) = input.sides();
    let kernel = &weight[0][0];
    let (outputs, rows, columns) = (weight[0].len(), kernel.len(), kernel[0].len());
    let high = (height - 1) * stride + rows + more[0] - 2 * above;
    let wide = (width - 1) * stride + columns + more[1] - 2 * left;
    let mut output = Sample::image(outputs, high, wide, |o, _, _| bias[o]);
    for i in 0..inputs {
        for y in 0..height {
            for x in 0..width {
                for o in 0..outputs {
                    for r in 0..rows {
                        for c in 0..columns {
                            let (row, column) = (stride * y + r, stride * x + c);
                            if row >= above
                                && row < high + above
                                && column >= left
                                && column < wide + left
                            {
                                let at = (o * high + row - above) * wide + column - left;
                                output.values[at] += weight[i][o][r][c] * input.pixel(i, y, x);
                            }
                        }
                    }
                }
            }
        }
    }
    output
}

fn pool(input: &Sample, kernel: usize, stride: usize, of_window: impl Fn(&[f64]) -> f64) -> Sample {
    let (channels, height, width) = input.sides();
    let side = |side: usize| (side - kernel) / stride + 1;
    Sample::image(channels, side(height), side(width), |channel, y, x| {
        let mut window = Vec::new();
        for r in 0..kernel {
            for c in 0..kernel {
                window.push(input.pixel(channel, stride * y + r, stride * x + c));
            }
        }
        of_window(&window)
    })
}

/// The output pixel i lies at the input's (i + 1/2) / 2 - 1/2, not below 0, or, with aligned
/// corners, at i (n - 1) / (2 n - 1).
fn upsample(input: &Sample, align_corners: bool) -> Sample {
    let (channels, height, width) = input.sides();
    let place = |i: usize, side: usize| -> (usize, usize, f64) {
        let at = if align_corners {
            i as f64 * (side - 1) as f64 / (2 * side - 1) as f64
        } else {
            ((i as f64 + 0.5) / 2.0 - 0.5).max(0.0)
        };
        let low = at.floor() as usize;
        (low, (low + 1).min(side - 1), at - at.floor())
    };
    Sample::image(channels, 2 * height, 2 * width, |c, y, x| {
        let ((y0, y1, v), (x0, x1, u)) = (place(y, height), place(x, width));
        let upper = (1.0 - u) * input.pixel(c, y0, x0) + u * input.pixel(c, y0, x1);
        let lower = (1.0 - u) * input.pixel(c, y1, x0) + u * input.pixel(c, y1, x1);
        (1.0 - v) * upper + v * lower
    })
}

/// (x - mean) / sqrt(variance + 1e-5) scale + shift, with the mean and the biased variance of all
/// channels of a group.
fn group_norm(input: &Sample, groups: usize, scale: &[f64], shift: &[f64]) -> Sample {
    let (channels, height, width) = input.sides();
    let of_group = channels / groups;
    let statistics: Vec<(f64, f64)> = (0..groups)
        .map(|group| {
            let mut values = Vec::new();
            for c in group * of_group..(group + 1) * of_group {
                for y in 0..height {
                    for x in 0..width {
                        values.push(input.pixel(c, y, x));
                    }
                }
            }
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            (
                mean,
                values
                    .iter()
                    .map(|value| (value - mean) * (value - mean))
                    .sum::<f64>()
                    / values.len() as f64,
            )
        })
        .collect();
    Sample::image(channels, height, width, |c, y, x| {
        let (mean, variance) = statistics[c / of_group];
        (input.pixel(c, y, x) - mean) / (variance + 1e-5).sqrt() * scale[c] + shift[c]
    })
}
