//! The CPU kernel of `shaders/kl_divergence.wgsl`.

use super::{CpuKernel, Float, Memory, mean_factor, step_weights};
use crate::engine::ops::KlDivergence;

impl<T: Float> CpuKernel<T> for KlDivergence {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_codes, |memory, d_codes| {
            memory.write(self.values, |memory, values| {
                let loss_weights =
                    step_weights(memory, self.loss_weights, self.state, self.columns);
                let (codes, m) = (memory.reals(self.codes), self.features);
                let (half, one) = (T::of(0.5), T::of(1.0));
                d_codes.fill(T::default());
                for b in 0..self.batch {
                    let (first, share) = (b * self.group * 2 * m, mean_factor(loss_weights, b));
                    for i in 0..m {
                        let (mean, log_variance) = (codes[first + i], codes[first + m + i]);
                        let variance = Float::exp(log_variance);
                        values[b * m + i] =
                            half * share * (mean * mean + variance - log_variance - one);
                        d_codes[first + i] = share * loss_weights[self.column] * mean;
                        d_codes[first + m + i] =
                            half * share * loss_weights[self.column] * (variance - one);
                    }
                }
            });
        });
    }
}
