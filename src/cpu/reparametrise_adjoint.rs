//! The CPU kernel of `shaders/reparametrise_adjoint.wgsl`.

use super::{CpuKernel, Float, Memory, for_chunks};
use crate::engine::ops::ReparametriseAdjoint;

impl<T: Float> CpuKernel<T> for ReparametriseAdjoint {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.d_input, |memory, d_input| {
            let (input, noise, m) = (
                memory.reals(self.input),
                memory.reals(self.noise),
                self.features,
            );
            let d_output = memory.reals(self.d_output);
            for_chunks(d_input, self.group * 2 * m, |b, d_input| {
                let log_variance = &input[b * self.group * 2 * m + m..][..m];
                let a = &d_output[b * self.group * m..][..self.group * m];
                for (row, a) in d_input.chunks_mut(2 * m).zip(a.chunks(m)) {
                    row[..m].copy_from_slice(a);
                    row[m..].fill(T::default());
                }
                for i in 0..m {
                    let sum: T = a.iter().skip(i).step_by(m).copied().sum();
                    d_input[m + i] = T::of(0.5)
                        * Float::exp(T::of(0.5) * log_variance[i])
                        * noise[b * m + i]
                        * sum;
                }
            });
        });
    }
}
