//! The CPU kernel of `shaders/interpolate_adjoint.wgsl`.

use super::{CpuKernel, Float, Memory, step_weights};
use crate::engine::ops::InterpolateAdjoint;

impl<T: Float> CpuKernel<T> for InterpolateAdjoint {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_codes, |memory, d_codes| {
            let loss_weights = step_weights(memory, self.loss_weights, self.state, self.columns);
            let (d_output, draws, m) = (
                memory.reals(self.d_output),
                memory.reals(self.draws),
                self.features,
            );
            let (count, low, high) = (
                loss_weights[0].to_f64() as usize,
                T::of(self.low.into()),
                T::of(self.high.into()),
            );
            d_codes.fill(T::default());
            for b in 0..count {
                let before = (b + count - 1) % count;
                let a = |b: usize| low + (high - low) * draws[b];
                for i in 0..m {
                    d_codes[b * self.group * m + i] = a(b) * d_output[b * m + i]
                        + (T::of(1.0) - a(before)) * d_output[before * m + i];
                }
            }
        });
    }
}
