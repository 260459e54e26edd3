//! Random numbers within a step, and corrupted samples.

use crate::engine::pass::{Grid, describe};
use crate::engine::recording::View;
use crate::random::Stream;

/// `output[i]` = random numbers of the step: standard normal, or uniform in [0, 1).
///
/// A pure function of (seed, stream, step, element), so neither blocks nor interruptions change it.
#[derive(Clone, Debug)]
pub struct Noise {
    /// Word 0: the step within the block; word 2: the block's first step.
    pub state: View,
    /// `[len]`.
    pub output: View,
    /// Numbers.
    pub len: usize,
    /// The run's seed.
    pub seed: u64,
    /// Which numbers of the seed.
    pub stream: Stream,
    /// Uniform rather than normal.
    pub uniform: bool,
}

/// A corrupted copy of samples: with `amount` times normal noise added, or with a share `amount` of
/// their pixels set to 0, the same ones in all channels.
#[derive(Clone, Debug)]
pub struct Corrupt {
    /// [rows, features].
    pub input: View,
    /// [rows, features] standard normal, or [rows, pixels] uniform.
    pub noise: View,
    /// [rows, features].
    pub output: View,
    /// Samples.
    pub rows: usize,
    /// Features of a sample.
    pub features: usize,
    /// Features of one channel.
    pub pixels: usize,
    /// Standard deviation, or share of the pixels.
    pub amount: f32,
    /// Pixels are set to 0 rather than moved.
    pub mask: bool,
}

describe!(|pass: Noise| {
    reads: [state],
    writes: [output],
    uniforms: [
        len,
        seed_low = (pass.seed & 0xffff_ffff) as usize,
        seed_high = (pass.seed >> 32) as usize,
        stream = pass.stream as usize,
    ],
    overrides: [UNIFORM = pass.uniform.into()],
    grid: Grid::Elements(pass.len.div_ceil(4)),
});

describe!(|pass: Corrupt| {
    reads: [input, noise],
    writes: [output],
    uniforms: [rows, features, pixels, amount],
    overrides: [MASK = pass.mask.into()],
    grid: Grid::Elements(pass.rows * pass.features),
});
