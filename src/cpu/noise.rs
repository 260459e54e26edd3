//! The CPU kernel of `shaders/noise.wgsl`.

use super::{CpuKernel, Float, Memory, for_chunks};
use crate::engine::ops::Noise;
use crate::random::philox;

impl<T: Float> CpuKernel<T> for Noise {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let state = memory.words(self.state);
            let key = [self.seed as u32, (self.seed >> 32) as u32];
            let (low, carry) = state[2].overflowing_add(state[0]);
            let high = state[4].wrapping_add(carry.into());
            for_chunks(output, 4, |element, output| {
                let words = philox(key, [element as u32, self.stream as u32, low, high]);
                let draws = words.map(|word| f64::from(word >> 8) / f64::from(1 << 24));
                let pair = |v: f64, turn: f64| {
                    let (sin, cos) = (std::f64::consts::TAU * turn).sin_cos();
                    let radius = (-2.0 * (-v).ln_1p()).sqrt();
                    [radius * cos, radius * sin]
                };
                let values = if self.uniform {
                    draws
                } else {
                    let ([a, b], [c, d]) = (pair(draws[0], draws[1]), pair(draws[2], draws[3]));
                    [a, b, c, d]
                };
                output
                    .iter_mut()
                    .zip(values)
                    .for_each(|(to, value)| *to = T::of(value));
            });
        });
    }
}
