//! The CPU kernel of `shaders/interpolate.wgsl`.

use super::{CpuKernel, Float, Memory, step_weights};
use crate::engine::ops::Interpolate;

impl<T: Float> CpuKernel<T> for Interpolate {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let loss_weights = step_weights(memory, self.loss_weights, self.state, self.columns);
            let (codes, draws, m) = (
                memory.reals(self.codes),
                memory.reals(self.draws),
                self.features,
            );
            let (count, low, high) = (
                loss_weights[0].to_f64() as usize,
                T::of(self.low.into()),
                T::of(self.high.into()),
            );
            for b in 0..self.batch {
                let next = if b < count { (b + 1) % count } else { b };
                let a = low + (high - low) * draws[b];
                for i in 0..m {
                    let code = |b: usize| codes[b * self.group * m + i];
                    output[b * m + i] = a * code(b) + (T::of(1.0) - a) * code(next);
                }
            }
        });
    }
}
