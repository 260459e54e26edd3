//! From the engine's networks and graphs to plain ones, and numbers to test with.

use crate::plain::autoencoder::Autoencoder;
use crate::plain::layer::{Kernels, Layer as Plain};
use crate::plain::random::Words;
use nrae::cpu::CpuSession;
use nrae::engine::Recording;
use nrae::error::Result;
use nrae::executor::{Executor, Session};
use nrae::net::{Convolution, Layer, Network, Parameters};
use std::cell::Cell;

/// Steps of differences where nothing has a kink.
pub const SMOOTH: f64 = 5e-3;
/// Steps of differences between kinks.
pub const BETWEEN_KINKS: f64 = 1e-3;

/// `network` with the parameters in `arena`, in plain arrays.
pub fn autoencoder(network: &Network, arena: &[f64]) -> Autoencoder {
    let stack = |name: &str, layers: &[Layer]| -> Vec<Plain> {
        let of = |(index, layer): (usize, &Layer)| {
            plain_layer(layer, &|what| {
                parameter(network, arena, &format!("{name}.{index}.{what}"))
            })
        };
        layers.iter().enumerate().map(of).collect()
    };
    Autoencoder {
        encoder: stack("encoder", &network.encoder),
        decoder: stack("decoder", &network.decoder),
        shape: network.shape.clone(),
        clearance: Cell::new(f64::INFINITY),
    }
}

/// The values of the parameter that PyTorch calls `name`.
fn parameter(network: &Network, arena: &[f64], name: &str) -> Vec<f64> {
    let layout = Parameters::of(network);
    let entry = layout
        .entries
        .iter()
        .find(|entry| entry.name == name)
        .unwrap_or_else(|| panic!("no parameter {name}"));
    arena[entry.offset..][..entry.len()].to_vec()
}

fn plain_layer(layer: &Layer, parameter: &dyn Fn(&str) -> Vec<f64>) -> Plain {
    let kernels = |c: &Convolution, second: usize| -> Kernels {
        let rows = |values: &[f64]| {
            values
                .chunks(c.kernel.width)
                .map(<[f64]>::to_vec)
                .collect::<Vec<_>>()
        };
        let planes: Vec<_> = parameter("weight")
            .chunks(c.kernel.area())
            .map(rows)
            .collect();
        planes.chunks(second).map(<[_]>::to_vec).collect()
    };
    match layer {
        Layer::Linear { inputs, .. } => {
            let weight = parameter("weight")
                .chunks(*inputs)
                .map(<[f64]>::to_vec)
                .collect();
            Plain::Linear {
                weight,
                bias: parameter("bias"),
            }
        }
        Layer::Activation { function } => Plain::Activation(function.name().to_owned()),
        Layer::Conv(c) => Plain::Conv {
            weight: kernels(c, c.inputs),
            bias: parameter("bias"),
            stride: c.stride,
            padding: [c.padding.height, c.padding.width],
        },
        Layer::ConvTranspose(c) => Plain::ConvTranspose {
            weight: kernels(c, c.outputs),
            bias: parameter("bias"),
            stride: c.stride,
            padding: [c.padding.height, c.padding.width],
            output_padding: [c.output_padding.height, c.output_padding.width],
        },
        Layer::MaxPool(w) => Plain::MaxPool {
            kernel: w.kernel,
            stride: w.stride.unwrap_or(w.kernel),
        },
        Layer::AveragePool(w) => Plain::AveragePool {
            kernel: w.kernel,
            stride: w.stride.unwrap_or(w.kernel),
        },
        Layer::Upsample { align_corners } => Plain::Upsample {
            align_corners: *align_corners,
        },
        Layer::GroupNorm { groups, .. } => Plain::GroupNorm {
            groups: *groups,
            scale: parameter("weight"),
            shift: parameter("bias"),
        },
        Layer::UnitNorm => Plain::UnitNorm,
        Layer::Flatten => Plain::Flatten,
        Layer::Unflatten { shape } => Plain::Unflatten(*shape),
    }
}

/// Numbers in -1..1 that f32 holds exactly.
pub fn numbers(seed: u64, len: usize) -> Vec<f64> {
    let mut words = Words::new(seed, 0xFFFF, 0);
    (0..len)
        .map(|_| f64::from(words.word() >> 8) / f64::from(1 << 23) - 1.0)
        .collect()
}

/// Rows of such numbers.
pub fn rows(seed: u64, rows: usize, columns: usize) -> Vec<Vec<f64>> {
    let all = numbers(seed, rows * columns);
    (0..rows)
        .map(|row| all[row * columns..][..columns].to_vec())
        .collect()
}

/// Parameters of every entry away from 0, 1 and each other, larger than initial ones, so that
/// derivatives are far from trivial. The gaps are 0.
pub fn parameters(network: &Network, seed: u64) -> Vec<f64> {
    let layout = Parameters::of(network);
    let mut arena = vec![0.0; layout.len];
    for (at, entry) in layout.entries.iter().enumerate() {
        let terms: usize = entry.shape.iter().skip(1).product();
        let is_weight = entry.shape.len() > 1;
        let draws = numbers(1000 * seed + at as u64, entry.len());
        for (value, draw) in arena[entry.offset..].iter_mut().zip(draws) {
            // One-dimensional weights are those of norms.
            let shift = if !is_weight && entry.name.ends_with("weight") {
                1.0
            } else {
                0.0
            };
            *value = shift
                + if is_weight {
                    2.0 * draw / (terms as f64).sqrt()
                } else {
                    0.4 * draw
                };
        }
    }
    arena
}

/// f32 from f64 that holds one.
pub fn singles(values: &[f64]) -> Vec<f32> {
    values.iter().map(|value| *value as f32).collect()
}

/// f64 from f32.
pub fn doubles(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| f64::from(*value)).collect()
}

/// Whether two arrays agree to `tolerance` of their largest value, but to no less than of 1e-3.
#[track_caller]
pub fn assert_close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = found
        .iter()
        .chain(expected)
        .fold(1e-3_f64, |scale, value| scale.max(value.abs()));
    assert!(scale.is_finite(), "{what}: {found:?}");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (found - expected).abs() <= tolerance * scale,
            "{what}: element {i} is {found}, by its definition {expected}"
        );
    }
}

/// The CPU executor in f64; only what goes in and out is rounded to f32.
pub struct Twin;

impl Executor for Twin {
    fn name(&self) -> String {
        "f64 twin".into()
    }

    fn driver(&self) -> String {
        String::new()
    }

    fn data_limit(&self) -> usize {
        usize::MAX
    }

    fn prepare(&self, recording: &Recording) -> Result<Box<dyn Session>> {
        Ok(Box::new(CpuSession::<f64>::new(recording)))
    }
}
